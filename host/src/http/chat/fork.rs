//! `POST /api/v1/chat/conversations/{id}/fork`

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::body::ConversationBody;
use super::conversations::created;
use crate::app::App;
use crate::error::{Fault, Outcome};
use crate::http::{Body, Caller, Created, Path, found_first};

/// Where the new conversation leaves the old one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Fork {
    /// The last message that both have; all of them when left out.
    message_id: Option<Uuid>,
    /// What the new one is about; as the old one when left out.
    #[schema(min_length = 1, max_length = 500)]
    title: Option<String>,
}

/// Fork a conversation
///
/// A new conversation that begins as this one did; from then on each goes its own way.
#[utoipa::path(
    post, path = "/api/v1/chat/conversations/{id}/fork", tag = "chat", operation_id = "chat_fork",
    request_body = Fork,
    responses((status = 201, body = ConversationBody)),
    extensions(("x-permission" = json!("chat:use"))),
)]
pub async fn fork(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    body: Result<Body<Fork>, Fault>,
) -> Outcome<Created<ConversationBody>> {
    let body = found_first(body, app.chat.get(&caller, id)).await?;
    Ok(created(app.chat.fork(&caller, id, body.message_id, body.title).await?))
}
