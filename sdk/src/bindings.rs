//! Generated from `wit/`; nothing is written by hand here.
//!
//! Imports are generated once, for all kinds, so that a `Task` is one type; each kind adds its exports. The world that
//! counts is not one of these: `plug build` trims the kind's world to the manifest and puts that into the component.
#![expect(clippy::same_length_and_capacity, reason = "the generator's output: lists cross the boundary in exact allocations")]

wit_bindgen::generate!({
    inline: "
        package mnemosyne:sdk;
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
            import mnemosyne:auth/identity@0.1.0;
            import mnemosyne:auth/secrets@0.1.0;
            import mnemosyne:auth/credentials@0.1.0;
            import mnemosyne:persona/reply@0.1.0;
        }
    ",
    path: "wit",
    generate_all,
    generate_unused_types: true,
    additional_derives: [PartialEq],
});

pub mod xp_rules {
    wit_bindgen::generate!({
        path: "wit",
        world: "mnemosyne:plugin/xp-rules",
        with: {
            "mnemosyne:types/errors@0.1.0": crate::bindings::mnemosyne::types::errors,
            "mnemosyne:types/values@0.1.0": crate::bindings::mnemosyne::types::values,
            "mnemosyne:log/log@0.1.0": crate::bindings::mnemosyne::log::log,
            "mnemosyne:config/config@0.1.0": crate::bindings::mnemosyne::config::config,
        },
        generate_unused_types: true,
        additional_derives: [PartialEq],
        pub_export_macro: true,
        default_bindings_module: "mnemosyne_sdk::bindings::xp_rules",
    });
}

pub mod auth_provider {
    wit_bindgen::generate!({
        inline: "
            package mnemosyne:sdk;
            world auth-provider-exports {
                export mnemosyne:auth-provider/provider@0.1.0;
            }
        ",
        path: "wit",
        with: {
            "mnemosyne:types/errors@0.1.0": crate::bindings::mnemosyne::types::errors,
            "mnemosyne:types/values@0.1.0": crate::bindings::mnemosyne::types::values,
            "mnemosyne:auth/secrets@0.1.0": crate::bindings::mnemosyne::auth::secrets,
        },
        generate_unused_types: true,
        additional_derives: [PartialEq],
        additional_derives_ignore: ["input"],
        pub_export_macro: true,
        default_bindings_module: "mnemosyne_sdk::bindings::auth_provider",
    });
}

pub mod persona {
    wit_bindgen::generate!({
        inline: "
            package mnemosyne:sdk;
            world persona-exports {
                export mnemosyne:persona/persona@0.1.0;
            }
        ",
        path: "wit",
        with: {
            "mnemosyne:types/errors@0.1.0": crate::bindings::mnemosyne::types::errors,
            "mnemosyne:types/values@0.1.0": crate::bindings::mnemosyne::types::values,
            "mnemosyne:persona/reply@0.1.0": crate::bindings::mnemosyne::persona::reply,
        },
        generate_unused_types: true,
        additional_derives: [PartialEq],
        pub_export_macro: true,
        default_bindings_module: "mnemosyne_sdk::bindings::persona",
    });
}

pub mod task_intelligence {
    wit_bindgen::generate!({
        inline: "
            package mnemosyne:sdk;
            world task-intelligence-exports {
                export mnemosyne:task-intelligence/intelligence@0.1.0;
            }
        ",
        path: "wit",
        with: {
            "mnemosyne:types/errors@0.1.0": crate::bindings::mnemosyne::types::errors,
            "mnemosyne:types/values@0.1.0": crate::bindings::mnemosyne::types::values,
        },
        generate_unused_types: true,
        additional_derives: [PartialEq],
        pub_export_macro: true,
        default_bindings_module: "mnemosyne_sdk::bindings::task_intelligence",
    });
}

pub mod views {
    wit_bindgen::generate!({
        inline: "
            package mnemosyne:sdk;
            world views-exports {
                export mnemosyne:lifecycle/views@0.1.0;
            }
        ",
        path: "wit",
        with: {
            "mnemosyne:types/errors@0.1.0": crate::bindings::mnemosyne::types::errors,
        },
        generate_unused_types: true,
        additional_derives: [PartialEq],
        pub_export_macro: true,
        default_bindings_module: "mnemosyne_sdk::bindings::views",
    });
}

pub mod self_test {
    wit_bindgen::generate!({
        inline: "
            package mnemosyne:sdk;
            world self-test-exports {
                export mnemosyne:lifecycle/self-test@0.1.0;
            }
        ",
        path: "wit",
        generate_unused_types: true,
        additional_derives: [PartialEq],
        pub_export_macro: true,
        default_bindings_module: "mnemosyne_sdk::bindings::self_test",
    });
}
