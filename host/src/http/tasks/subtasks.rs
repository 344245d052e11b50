//! `GET`, `POST /api/v1/tasks/{id}/subtasks`

use axum::Json;
use axum::extract::State;
use uuid::Uuid;

use super::body::{ListedTask, TaskBody};
use super::create::CreateTask;
use super::ignored::Warned;
use crate::app::App;
use crate::error::{Fault, Outcome};
use crate::http::{Body, Caller, Created, ListQuery, Page, Path, Query, Time, found_first};
use crate::model::task::TaskFilter;
use crate::service::tasks::{Listing, NewTask};

/// List a task's parts
#[utoipa::path(
    get, path = "/api/v1/tasks/{id}/subtasks", tag = "tasks", operation_id = "tasks_subtasks",
    params(ListQuery),
    responses((status = 200, body = Page<ListedTask>)),
    extensions(("x-permission" = json!("task:read"))),
)]
pub async fn subtasks(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    query: Result<Query<ListQuery>, Fault>,
) -> Outcome<Json<Page<ListedTask>>> {
    app.tasks.get(&caller, id).await?;
    let Query(list) = query?;
    let filter = TaskFilter {
        parent_id: Some(id),
        updated_after: list.updated_after.map(Time::millis),
        include_deleted: list.include_deleted,
        ..TaskFilter::default()
    };
    let listing = Listing { filter, view: None, sort: None, tree: false, page: list.page()? };
    Ok(Json(Page::of(app.tasks.list(&caller, listing).await?, &list).map(Into::into)))
}

/// Add a part to a task
///
/// As making a task, with this one as its parent; 8 levels at most.
#[utoipa::path(
    post, path = "/api/v1/tasks/{id}/subtasks", tag = "tasks", operation_id = "tasks_add_subtask",
    request_body = CreateTask,
    responses((status = 201, body = TaskBody)),
    extensions(("x-permission" = json!("task:write"))),
)]
pub async fn add_subtask(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    body: Result<Body<CreateTask>, Fault>,
) -> Outcome<Warned<Created<TaskBody>>> {
    let body = found_first(body, app.tasks.get(&caller, id)).await?;
    let ignored = body.ignored();
    let mut new = NewTask::from(body);
    if new.parent_id.is_some_and(|parent| parent != id) {
        app.tasks.get(&caller, id).await?;
        return Err(Fault::field("/parent_id", "names another task than the path; leave it out"));
    }
    new.parent_id = Some(id);
    let task = app.tasks.create(&caller, new).await?;
    Ok(Warned(ignored, Created { location: format!("/api/v1/tasks/{}", task.id), version: Some(task.version), body: task.into() }))
}
