//! `/api/v1/admin/plugins`: what is known here, what it may do, what is refused for good.

mod add;
mod approve;
mod block;
mod grant;
mod read;
mod remove;
mod views;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(read::list, add::add))
        .routes(routes!(read::plugin))
        .routes(routes!(grant::read, grant::narrow))
        .routes(routes!(block::block))
        .routes(routes!(read::revision, remove::remove))
        .routes(routes!(approve::approve))
}
