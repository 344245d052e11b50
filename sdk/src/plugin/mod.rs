//! What a plugin gives: one module a kind, each a trait and a macro that exports it.
//!
//! The exports exist on `wasm32` only, so a plugin's logic compiles and is tested natively.

pub mod auth_provider;
pub mod persona;
pub mod task_intelligence;
pub mod xp_rules;
