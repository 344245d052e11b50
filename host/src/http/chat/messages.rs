//! `GET /api/v1/chat/conversations/{id}/messages`

use axum::Json;
use axum::extract::State;
use uuid::Uuid;

use super::body::MessageBody;
use crate::app::App;
use crate::error::{Fault, Outcome};
use crate::http::{Caller, ListQuery, Page, Path, Query, Time};

/// Read what was said
///
/// Oldest first. `updated_after` gives what was said after that time.
#[utoipa::path(
    get, path = "/api/v1/chat/conversations/{id}/messages", tag = "chat", operation_id = "chat_messages",
    params(ListQuery),
    responses((status = 200, body = Page<MessageBody>)),
    extensions(("x-permission" = json!("chat:use"))),
)]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    query: Result<Query<ListQuery>, Fault>,
) -> Outcome<Json<Page<MessageBody>>> {
    app.chat.get(&caller, id).await?;
    let Query(list) = query?;
    let slice = app.chat.messages(&caller, id, list.updated_after.map(Time::millis), &list.page()?).await?;
    Ok(Json(Page::of(slice, &list).map(Into::into)))
}
