//! `/api/v1/admin/slots`: what is bound where. A slot's ETag is its generation; every write needs `If-Match`.

mod bind;
mod config;
mod history;
mod read;
mod rollback;
mod views;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

/// Fixed words (`config`, `history`, `rollback`) win over an id, so no id may be one of them; `service::slots` refuses them.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(read::list))
        .routes(routes!(read::of_kind, bind::of_kind))
        .routes(routes!(history::of_kind))
        .routes(routes!(rollback::of_kind))
        .routes(routes!(config::read_of_kind, config::write_of_kind))
        .routes(routes!(read::of_id, bind::of_id))
        .routes(routes!(history::of_id))
        .routes(routes!(rollback::of_id))
        .routes(routes!(config::read_of_id, config::write_of_id))
}
