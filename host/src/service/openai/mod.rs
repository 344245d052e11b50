//! What OpenAI's clients ask for: personas as models, models of the server behind, embeddings.
//!
//! ```text
//! mod.rs          OpenAi; refusals that name a parameter
//! models.rs       which models there are, and what stands behind a name
//! embeddings.rs   vectors of texts, in the host's own space
//! ```
//! Nothing that is said here is stored.

mod embeddings;
mod models;

use std::sync::Arc;

use crate::backend::embedding::Desk;
use crate::error::{Code, Fault};
use crate::plugin::persona::Personas;
use crate::store::Db;

pub use embeddings::Embedded;
pub use models::{Behind, Model};

/// What personas' models are called: `persona:mentor`.
pub const PERSONA: &str = "persona:";

/// The service.
pub struct OpenAi {
    db: Db,
    voices: Arc<Personas>,
    desk: Arc<Desk>,
}

impl OpenAi {
    /// Over these.
    pub fn new(db: Db, voices: Arc<Personas>, desk: Arc<Desk>) -> Self {
        Self { db, voices, desk }
    }
}

/// 400 that names the parameter, where a request is well-formed and cannot be done.
pub fn refused(param: &str, message: impl Into<String>, hint: &'static str) -> Fault {
    let mut fault = Fault::new(Code::Malformed).message(message.into()).hint(hint);
    fault.param = Some(param.to_owned());
    fault
}

/// 404 for a model that is not there, or not for the caller.
pub fn no_model(name: &str) -> Fault {
    let shown: String = name.chars().take(100).collect();
    let mut fault =
        Fault::not_found().message(format!("there is no model `{shown}`")).hint("`GET /v1/models` lists the models, personas among them");
    fault.param = Some("model".to_owned());
    fault
}
