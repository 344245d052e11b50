//! What OpenAI's clients ask for: personas as models, models of the server behind, embeddings.
//!
//! ```text
//! mod.rs          OpenAi; refusals that name a parameter
//! models.rs       which models there are, and what stands behind a name
//! talk.rs         a persona's answer to a conversation
//! pass.rs         a model's answer, passed through
//! embeddings.rs   vectors of texts, in the host's own space
//! ```
//! Nothing that is said here is stored.

mod embeddings;
mod models;
mod pass;
mod talk;

use std::sync::Arc;

use crate::backend::embedding::Desk;
use crate::backend::llm::Models;
use crate::clock::Clock;
use crate::error::{Code, Fault};
use crate::plugin;
use crate::service::personas::Personas;
use crate::store::Db;

pub use embeddings::Embedded;
pub use models::{Behind, Model};
pub use pass::Passing;
pub use talk::{Line, Speaker, Talk};

/// What personas' models are called: `persona:mentor`.
pub const PERSONA: &str = "persona:";

/// The service.
pub struct OpenAi {
    db: Db,
    clock: Arc<dyn Clock>,
    voices: Arc<plugin::persona::Personas>,
    personas: Personas,
    server: Arc<Models>,
    desk: Arc<Desk>,
}

impl OpenAi {
    /// Over these; `server` has the models behind, `desk` the embedder.
    pub fn new(
        db: Db,
        clock: Arc<dyn Clock>,
        voices: Arc<plugin::persona::Personas>,
        personas: Personas,
        server: Arc<Models>,
        desk: Arc<Desk>,
    ) -> Self {
        Self { db, clock, voices, personas, server, desk }
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
