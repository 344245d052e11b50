//! `/v1`: what OpenAI's clients speak. One file a verb; bodies are read kindly (unknown fields are passed over), and errors tell
//! a client whether another try is worth it.
//!
//! ```text
//! models.rs       personas, models of the server behind, the embedder
//! chat.rs         one conversation, continued by whoever stands behind the model's name
//!  ├ persona.rs   by a persona
//!  └ upstream.rs  by a model of the server behind; tidy.rs puts its stream in order
//! answer.rs       what an answer looks like, whole or in chunks
//! embeddings.rs   vectors of texts
//! ```

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

mod answer;
mod chat;
mod embeddings;
mod models;
mod persona;
mod tidy;
mod upstream;

/// All of them.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(models::list))
        .routes(routes!(models::read))
        .routes(routes!(chat::complete))
        .routes(routes!(embeddings::embed))
}
