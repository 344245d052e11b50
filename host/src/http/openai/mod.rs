//! `/v1`: what OpenAI's clients speak. One file a verb; bodies are read kindly (unknown fields are passed over), and errors tell
//! a client whether another try is worth it.

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

mod embeddings;
mod models;

/// All of them.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(models::list)).routes(routes!(models::read)).routes(routes!(embeddings::embed))
}
