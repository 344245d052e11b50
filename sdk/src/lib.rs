//! What a Rust author of Mnemosyne plugins imports.
//!
//! A plugin is one crate: a type, a trait of [`plugin`] implemented for it, one `export_…!` line, and a `plugin.toml`
//! beside it. `plug new xp-rules my-rules` writes such a crate, `plug build` turns it into a component.
//!
//! ```
//! use mnemosyne_sdk::plugin::xp_rules::{Card, Completion, Proposal, XpRules};
//! use mnemosyne_sdk::{Error, sample};
//!
//! struct Flat;
//!
//! impl XpRules for Flat {
//!     fn describe(_locale: &str) -> Card {
//!         Card::new("Flat", "Ten points for whatever you finish")
//!     }
//!
//!     fn award(_completion: &Completion) -> Result<Proposal, Error> {
//!         Ok(Proposal::base(10))
//!     }
//! }
//!
//! mnemosyne_sdk::export_xp_rules!(Flat);
//!
//! assert_eq!(Flat::award(&sample::completion()).unwrap().total(), 10);
//! ```
//!
//! The map, by the law of names (one word, one room; the reference of each is its WIT file):
//!
//! - [`plugin`]: what a plugin gives, one module a kind: `persona`, `task_intelligence`, `xp_rules`, `auth_provider`
//! - [`lifecycle`]: what any kind may give besides: a self-test, views of what it keeps about its caller
//! - [`capability`]: what the host gives, one module a capability: `log`, `config`, `storage`, `vector`, `llm`, `actions`,
//!   `auth`, `http`
//! - [`prompt`]: how foreign text goes into a prompt and stays data
//! - [`words`], [`date`], [`json`]: small tools for rules
//! - [`sample`]: facts to test with, natively
//! - `heap`: why an ordinary call never grows its memory
//!
//! Natively (`cargo test`) there is no host. The capabilities then answer from memory of this thread, which a test fills:
//! [`capability::config::double`], [`capability::auth::double`], [`capability::llm::double`] and so on.

pub mod capability;
pub mod date;
mod error;
#[cfg(target_arch = "wasm32")]
mod heap;
pub mod lifecycle;
mod message;
pub mod plugin;
pub mod prompt;
#[cfg(not(target_arch = "wasm32"))]
pub mod sample;
pub mod words;

#[doc(hidden)]
pub mod bindings;

pub use bindings::mnemosyne::types::errors::{Error, ErrorKind};
pub use bindings::mnemosyne::types::values::{Extra, Instant, Memory, Message, Moment, Task, Tool, ToolCall, VectorSpace};
/// JSON, for what a plugin keeps and for what a model answers.
pub use serde_json as json;
