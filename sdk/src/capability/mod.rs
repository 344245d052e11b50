//! What the host gives: one module a capability.
//!
//! On `wasm32` each function is a host call, refused unless the manifest asks for it and the operator granted it (`log` and
//! `config` need no asking). Natively each answers from memory of the current thread, filled through the module's `double`.

pub mod actions;
pub mod auth;
pub mod config;
pub mod http;
pub mod llm;
pub mod log;
pub mod storage;
pub mod vector;
