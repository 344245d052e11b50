//! `/api/v1/chat`: conversations and the answers in them. Shapes in `body`, one file a verb.

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

pub mod agentic;
pub mod body;
pub mod conversations;
pub mod fork;
pub mod messages;
pub mod runs;
pub mod say;

/// All of them.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(conversations::list, conversations::create))
        .routes(routes!(conversations::read, conversations::change, conversations::remove))
        .routes(routes!(messages::list))
        .routes(routes!(fork::fork))
        .routes(routes!(say::message))
        .routes(routes!(say::stream))
        .routes(routes!(say::regenerate))
        .routes(routes!(agentic::stream))
        .routes(routes!(agentic::complete))
        .routes(routes!(runs::follow))
        .routes(routes!(runs::cancel))
}
