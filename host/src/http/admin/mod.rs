//! `/api/v1/admin`: operators change behaviour while requests run.
//!
//! `plugins/` what is known here · `slots/` what is bound where · `secrets.rs` values plugins know by name only · `jobs/` long
//! work.
//! A slot is `{kind}` or `{kind}/{id}` in a path, so each of its operations has two routes and one handler body.

mod jobs;
mod plugins;
mod secrets;
mod slots;

use utoipa_axum::router::OpenApiRouter;

use crate::app::App;

/// Every operator's route.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().merge(plugins::routes()).merge(slots::routes()).merge(secrets::routes()).merge(jobs::routes())
}
