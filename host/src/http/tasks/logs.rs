//! `GET`, `POST /api/v1/tasks/{id}/logs`

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::body::LogBody;
use crate::app::App;
use crate::error::{Fault, Outcome};
use crate::http::{Body, Caller, Created, ListQuery, Page, Path, Query, found_first};
use crate::model::Object;

/// A line for a task's history.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddLog {
    /// What happened, for people's eyes.
    #[schema(min_length = 1, max_length = 10_000)]
    message: String,
    /// `note` when left out; the other words are the host's own.
    #[schema(inline)]
    kind: Option<LogKind>,
    /// The client's own object, at most 16 KiB of JSON.
    #[schema(value_type = Option<std::collections::HashMap<String, serde_json::Value>>)]
    metadata: Option<Object>,
}

/// What a client may say a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogKind {
    /// Something noted.
    Note,
    /// How it goes.
    Progress,
}

/// Read a task's history
///
/// Newest first.
#[utoipa::path(
    get, path = "/api/v1/tasks/{id}/logs", tag = "tasks", operation_id = "tasks_logs",
    params(ListQuery),
    responses((status = 200, body = Page<LogBody>)),
    extensions(("x-permission" = json!("task:read"))),
)]
pub async fn logs(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    query: Result<Query<ListQuery>, Fault>,
) -> Outcome<Json<Page<LogBody>>> {
    app.tasks.get(&caller, id).await?;
    let Query(list) = query?;
    let slice = app.tasks.logs(&caller, id, &list.page()?).await?;
    Ok(Json(Page::of(slice, &list).map(Into::into)))
}

/// Add a line to a task's history
#[utoipa::path(
    post, path = "/api/v1/tasks/{id}/logs", tag = "tasks", operation_id = "tasks_add_log",
    request_body = AddLog,
    responses((status = 201, body = LogBody)),
    extensions(("x-permission" = json!("task:write"))),
)]
pub async fn add_log(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    body: Result<Body<AddLog>, Fault>,
) -> Outcome<Created<LogBody>> {
    let body = found_first(body, app.tasks.get(&caller, id)).await?;
    let kind = match body.kind {
        Some(LogKind::Progress) => "progress",
        Some(LogKind::Note) | None => "note",
    };
    let log = app.tasks.add_log(&caller, id, kind, body.message, body.metadata.unwrap_or_default()).await?;
    Ok(Created { location: format!("/api/v1/tasks/{id}/logs"), version: None, body: log.into() })
}
