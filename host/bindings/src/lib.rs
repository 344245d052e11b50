//! Host side of `wit/`, generated. Nothing is written by hand here: slow to expand, changes only when `wit/` does.
//!
//! | module | what |
//! |---|---|
//! | [`capability`] | every interface the host gives (one `Host` trait and one `add_to_linker` each), and the shared types |
//! | [`persona`] | the exports of kind `persona` |
//! | [`task_intelligence`] | the exports of kind `task-intelligence` |
//! | [`xp_rules`] | the exports of kind `xp-rules` |
//! | [`auth_provider`] | the exports of kind `auth-provider` |
//! | [`lifecycle`] | the optional exports of every kind |
//!
//! Imports live in one synthetic world of their own, so that all kinds share one Rust type for one WIT type. What is
//! answered from memory is a synchronous host function (63 ns against 74 ns); what waits for a backend is async.
#![allow(missing_docs, unreachable_pub, clippy::all, clippy::pedantic, reason = "generated code; its documentation is the WIT")]

/// What the host gives: log, config, storage, vector, llm, actions, http, auth/{identity,secrets,credentials}, the handle
/// that a persona answers through, and the types they use.
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
                import mnemosyne:storage/memories@0.1.0;
                import mnemosyne:storage/tasks@0.1.0;
                import mnemosyne:vector/index@0.1.0;
                import mnemosyne:llm/chat@0.1.0;
                import mnemosyne:llm/embeddings@0.1.0;
                import mnemosyne:actions/actions@0.1.0;
                import mnemosyne:http/http@0.1.0;
                import mnemosyne:persona/reply@0.1.0;
                import mnemosyne:auth/identity@0.1.0;
                import mnemosyne:auth/secrets@0.1.0;
                import mnemosyne:auth/credentials@0.1.0;
            }
        ",
        world: "mnemosyne:host/capabilities",
        imports: {
            // Dropping a handle and reading what has already arrived never wait.
            "mnemosyne:llm/chat.[drop]chat-stream": trappable,
            "mnemosyne:llm/chat.[method]chat-stream.usage": trappable,
            "mnemosyne:persona/reply.[drop]reply": trappable,
            "mnemosyne:actions/actions.offered": trappable,
            "mnemosyne:storage": async | trappable,
            "mnemosyne:vector": async | trappable,
            "mnemosyne:llm": async | trappable,
            "mnemosyne:actions": async | trappable,
            "mnemosyne:http": async | trappable,
            "mnemosyne:persona": async | trappable,
            "mnemosyne:auth/credentials": async | trappable,
            default: trappable,
        },
    });
    pub use self::mnemosyne::{actions, auth, config, http, llm, log, persona, storage, types, vector};
}

/// Exports of kind `persona`.
pub mod persona {
    wasmtime::component::bindgen!({
        path: "../../wit",
        inline: "
            package mnemosyne:host;
            world exports { export mnemosyne:persona/persona@0.1.0; }
        ",
        world: "mnemosyne:host/exports",
        exports: { default: async },
        with: {
            "mnemosyne:types": crate::capability::types,
            "mnemosyne:persona/reply": crate::capability::persona::reply,
        },
    });
}

/// Exports of kind `task-intelligence`.
pub mod task_intelligence {
    wasmtime::component::bindgen!({
        path: "../../wit",
        inline: "
            package mnemosyne:host;
            world exports { export mnemosyne:task-intelligence/intelligence@0.1.0; }
        ",
        world: "mnemosyne:host/exports",
        exports: { default: async },
        with: { "mnemosyne:types": crate::capability::types },
    });
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
