//! The native tests of what `plug new` writes, run as they are. Whether it builds as a component: `sdk/cli/tests/new.rs`.
#![expect(unreachable_pub, reason = "the sources of crates of their own, here without their exports")]

#[path = "../cli/templates/auth-provider/lib.rs.in"]
mod auth_provider;
#[path = "../cli/templates/persona/lib.rs.in"]
mod persona;
#[path = "../cli/templates/task-intelligence/lib.rs.in"]
mod task_intelligence;
#[path = "../cli/templates/xp-rules/lib.rs.in"]
mod xp_rules;
