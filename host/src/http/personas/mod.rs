//! `/api/v1/personas`, who there is, and `/api/v1/persona`, how the caller stands with them: one file a verb. What several of
//! them show is in `body`.

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

pub mod analyze;
pub mod body;
pub mod history;
pub mod list;
pub mod mirror;
pub mod modes;
pub mod read;
pub mod state;
pub mod switch;
pub mod traditions;
pub mod worldview;

/// All of them.
#[expect(deprecated, reason = "the predecessor's paths are served and marked so in the document")]
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list::list))
        .routes(routes!(read::read))
        .routes(routes!(state::state))
        .routes(routes!(modes::modes))
        .routes(routes!(modes::modes_of_chat))
        .routes(routes!(switch::switch))
        .routes(routes!(analyze::analyze))
        .routes(routes!(history::history))
        .routes(routes!(traditions::traditions))
        .routes(routes!(worldview::read, worldview::change))
        .routes(routes!(worldview::update))
        .routes(routes!(mirror::reflections))
        .routes(routes!(mirror::reset))
}
