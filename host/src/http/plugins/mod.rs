//! `/api/v1/plugins`: what plugins keep about the caller, for the caller. Operators change plugins below `/api/v1/admin`.

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

pub mod views;

/// All of them.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(views::list)).routes(routes!(views::show)).routes(routes!(views::reset))
}
