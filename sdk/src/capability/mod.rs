//! What the host gives: one module a capability.
//!
//! On `wasm32` each function is a host call, refused unless the manifest asks for it and the operator granted it (`log` and
//! `config` need no asking). Natively each answers from memory of the current thread, filled through the module's `double`.
//!
//! A call may make so many host calls (`host-calls`, 256 for a persona), and what works more counts more:
//!
//! | counts as | functions |
//! |---|---|
//! | 1 | every function that is not named below; a pushed piece and a piece heard from a model cost nothing of the 256 |
//! | 2 | `vector::remove` |
//! | 4 | lists of keys, memories and tasks; `vector::search`; checks of passwords, keys and codes; `actions::perform` |
//! | 8 | `memories::search`, `vector::search_text`, `vector::upsert`, `vector::upsert_text`, asking a model, embedding, `http::send` |

pub mod actions;
pub mod auth;
pub mod config;
pub mod http;
pub mod llm;
pub mod log;
pub mod storage;
pub mod vector;
