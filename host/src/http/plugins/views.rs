//! `GET /api/v1/plugins/{name}/views`, `GET …/views/{view}`, `POST …/views/{view}/reset`

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::app::App;
use crate::error::{Fault, Outcome};
use crate::http::{Caller, ListQuery, NoContent, Page, Path, Query};
use crate::plugin::views::View;

/// One thing that a plugin shows.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PluginView)]
pub struct ViewBody {
    /// Last part of its path.
    name: String,
    /// For people.
    title: String,
    /// Whether it can be reset.
    resettable: bool,
}

impl From<View> for ViewBody {
    fn from(view: View) -> Self {
        Self { name: view.name, title: view.title, resettable: view.resettable }
    }
}

/// List what a plugin shows of what it keeps about the caller
///
/// Only of plugins that serve a slot. Empty for one that shows nothing.
#[utoipa::path(
    get, path = "/api/v1/plugins/{name}/views", tag = "plugins", operation_id = "plugin_views",
    params(("name" = String, Path, description = "The plugin's name, as a persona or a task's rules tell it"), ListQuery),
    responses((status = 200, body = Page<ViewBody>)),
    extensions(("x-permission" = json!("chat:use"))),
)]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    query: Result<Query<ListQuery>, Fault>,
) -> Outcome<Json<Page<ViewBody>>> {
    let all = app.views.list(&caller, &name).await?;
    let Query(list) = query?;
    Ok(Json(Page::held(all.into_iter().map(Into::into).collect(), &list)?))
}

/// Read one view
#[utoipa::path(
    get, path = "/api/v1/plugins/{name}/views/{view}", tag = "plugins", operation_id = "plugin_view",
    params(("name" = String, Path, description = "The plugin's name"), ("view" = String, Path, description = "As the list names it")),
    responses((status = 200, body = Value, description = "The plugin's own JSON, at most 256 KiB")),
    extensions(("x-permission" = json!("chat:use"))),
)]
pub async fn show(State(app): State<App>, caller: Caller, Path((name, view)): Path<(String, String)>) -> Outcome<Json<Value>> {
    Ok(Json(app.views.show(&caller, &name, &view).await?))
}

/// Reset one view
///
/// The plugin forgets what it keeps about the caller behind this view; 409 when it does not do that.
#[utoipa::path(
    post, path = "/api/v1/plugins/{name}/views/{view}/reset", tag = "plugins", operation_id = "plugin_view_reset",
    params(("name" = String, Path, description = "The plugin's name"), ("view" = String, Path, description = "As the list names it")),
    responses((status = 204)),
    extensions(("x-permission" = json!("persona:write"))),
)]
pub async fn reset(State(app): State<App>, caller: Caller, Path((name, view)): Path<(String, String)>) -> Outcome<NoContent> {
    app.views.reset(&caller, &name, &view).await?;
    Ok(NoContent)
}
