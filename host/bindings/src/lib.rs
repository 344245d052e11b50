//! Host side of `wit/`, generated. Nothing is written by hand here: slow to expand, changes only when `wit/` does.
//!
//! | module | what |
//! |---|---|
//! | [`capability`] | every interface the host gives (one `Host` trait and one `add_to_linker` each), and the shared types |
//! | [`xp_rules`] | the exports of kind `xp-rules` |
//! | [`auth_provider`] | the exports of kind `auth-provider` |
//! | [`lifecycle`] | the optional exports of every kind |
//!
//! Imports live in one synthetic world of their own, so that all kinds share one Rust type for one WIT type. What is
//! answered from memory is a synchronous host function (63 ns against 74 ns); what waits for a backend is async.
#![allow(missing_docs, unreachable_pub, clippy::all, clippy::pedantic, reason = "generated code; its documentation is the WIT")]

/// What the host gives: log, config, storage/kv, auth/{identity,secrets,credentials}, and the types they use.
pub mod capability {
    wasmtime::component::bindgen!({
        path: "../../wit",
        inline: "
            package mnemosyne:host;
            world capabilities {
                import mnemosyne:types/errors@0.1.0;
                import mnemosyne:types/values@0.1.0;
                import mnemosyne:log/log@0.1.0;
                import mnemosyne:config/config@0.1.0;
                import mnemosyne:storage/kv@0.1.0;
                import mnemosyne:auth/identity@0.1.0;
                import mnemosyne:auth/secrets@0.1.0;
                import mnemosyne:auth/credentials@0.1.0;
            }
        ",
        world: "mnemosyne:host/capabilities",
        imports: {
            "mnemosyne:storage/kv": async | trappable,
            "mnemosyne:auth/credentials": async | trappable,
            default: trappable,
        },
    });
    pub use self::mnemosyne::{auth, config, log, storage, types};
}

/// Exports of kind `xp-rules`.
pub mod xp_rules {
    wasmtime::component::bindgen!({
        path: "../../wit",
        inline: "
            package mnemosyne:host;
            world exports { export mnemosyne:xp-rules/rules@0.1.0; }
        ",
        world: "mnemosyne:host/exports",
        exports: { default: async },
        with: { "mnemosyne:types": crate::capability::types },
    });
}

/// Exports of kind `auth-provider`.
pub mod auth_provider {
    wasmtime::component::bindgen!({
        path: "../../wit",
        inline: "
            package mnemosyne:host;
            world exports { export mnemosyne:auth-provider/provider@0.1.0; }
        ",
        world: "mnemosyne:host/exports",
        exports: { default: async },
        with: {
            "mnemosyne:types": crate::capability::types,
            "mnemosyne:auth": crate::capability::auth,
        },
    });
}

/// Optional exports of every kind: probed, never required.
pub mod lifecycle {
    wasmtime::component::bindgen!({
        path: "../../wit",
        inline: "
            package mnemosyne:host;
            world exports { export mnemosyne:lifecycle/self-test@0.1.0; export mnemosyne:lifecycle/views@0.1.0; }
        ",
        world: "mnemosyne:host/exports",
        exports: { default: async },
        with: { "mnemosyne:types": crate::capability::types },
    });
}
