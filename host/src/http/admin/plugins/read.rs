//! `GET /api/v1/admin/plugins`, `/{name}`, `/{name}/{version}`

use axum::Json;
use axum::extract::State;

use super::views::{PluginBody, RevisionBody};
use crate::app::App;
use crate::error::Outcome;
use crate::http::{ListQuery, Page, Path, Query};

/// Every plugin with its revisions and where they are bound
#[utoipa::path(get, path = "/api/v1/admin/plugins", tag = "admin", operation_id = "plugins_list",
    params(ListQuery), responses((status = 200, body = Page<PluginBody>)), extensions(("x-permission" = json!("plugin:read"))))]
pub(super) async fn list(State(app): State<App>, Query(list): Query<ListQuery>) -> Outcome<Json<Page<PluginBody>>> {
    Ok(Json(Page::held(app.plugins.list().await?.into_iter().map(PluginBody::from).collect(), &list)?))
}

/// One plugin
#[utoipa::path(get, path = "/api/v1/admin/plugins/{name}", tag = "admin", operation_id = "plugins_read",
    params(("name" = String, Path)), responses((status = 200, body = PluginBody)), extensions(("x-permission" = json!("plugin:read"))))]
pub(super) async fn plugin(State(app): State<App>, Path(name): Path<String>) -> Outcome<Json<PluginBody>> {
    Ok(Json(app.plugins.get(&name).await?.into()))
}

/// One revision: imports, needs, powers in words, verdicts
#[utoipa::path(get, path = "/api/v1/admin/plugins/{name}/{version}", tag = "admin", operation_id = "plugins_read_revision",
    params(("name" = String, Path), ("version" = String, Path)), responses((status = 200, body = RevisionBody)),
    extensions(("x-permission" = json!("plugin:read"))))]
pub(super) async fn revision(State(app): State<App>, Path((name, version)): Path<(String, String)>) -> Outcome<Json<RevisionBody>> {
    Ok(Json(app.plugins.revision(&name, &version).await?.into()))
}
