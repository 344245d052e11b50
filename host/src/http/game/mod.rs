//! `/api/v1/game`: one file a verb. What several of them show is in `body`.

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

pub mod achievements;
pub mod body;
pub mod ledger;
pub mod profile;
pub mod rules;
pub mod settings;
pub mod simulate;

/// All of them.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(profile::profile))
        .routes(routes!(ledger::ledger))
        .routes(routes!(achievements::achievements))
        .routes(routes!(rules::rules))
        .routes(routes!(simulate::simulate))
        .routes(routes!(settings::settings))
}
