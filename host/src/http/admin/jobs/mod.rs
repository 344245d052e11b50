//! `/api/v1/admin/jobs`: long work that outlives a request. One file a verb; `views.rs` is what is shown.

mod read;
mod reembed;
mod views;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(reembed::reembed)).routes(routes!(read::read))
}
