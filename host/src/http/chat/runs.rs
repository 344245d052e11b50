//! `GET /api/v1/chat/runs/{id}/events`, `POST /api/v1/chat/runs/{id}/cancel`

use std::pin::Pin;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName};
use axum::response::{IntoResponse, Response};
use futures::Stream;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::app::App;
use crate::error::{Fault, Outcome};
use crate::http::sse::{Frame, Sse};
use crate::http::{Caller, NoContent, Path, Query, header};
use crate::service::chat::Follow;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// A stream of events.
pub(super) type Events = Sse<Pin<Box<dyn Stream<Item = Frame> + Send>>>;

/// What somebody follows, as frames.
pub(super) fn events(follow: Follow) -> Events {
    Sse(Box::pin(futures::stream::unfold(follow, |mut follow| async move {
        let event = follow.next().await?;
        let id = Some(event.number).filter(|number| *number > 0);
        Some((Frame { id, event: Some(event.kind.text()), data: event.data.clone() }, follow))
    })))
}

/// From where on.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AfterQuery {
    /// The number of the last event that is known; from the beginning when left out. `Last-Event-ID` says the same.
    #[serde(default)]
    #[param(required = false, minimum = 0, maximum = 1_000_000_000, default = 0)]
    after: i64,
}

/// Follow an answer
///
/// What was told after an event, then what is told, until `done`: on any host, whoever made it. 204: it has ended and nothing
/// follows. 10 minutes after the end the events are gone (410 `DB_004`); the answer stays among the messages.
#[utoipa::path(
    get, path = "/api/v1/chat/runs/{id}/events", tag = "chat", operation_id = "chat_run_events",
    params(AfterQuery, ("Last-Event-ID" = Option<String>, Header, description = "As a browser's `EventSource` sends it; the larger of both counts.")),
    responses(
        (status = 200, content_type = "text/event-stream", body = String),
        (status = 204, description = "It has ended and nothing follows"),
        (status = 410, description = "No longer kept (DB_004)"),
    ),
    extensions(("x-permission" = json!("chat:use"))),
)]
pub async fn follow(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
    query: Result<Query<AfterQuery>, Fault>,
) -> Outcome<Response> {
    let after = query.and_then(|Query(query)| Ok(query.after.max(last_event(&headers)?)));
    let after = match after {
        Ok(after) => after,
        Err(fault) => {
            app.chat.run(&caller, id).await?;
            return Err(fault);
        }
    };
    Ok(match app.chat.follow(&caller, id, after).await? {
        Some(follow) => events(follow).into_response(),
        None => NoContent.into_response(),
    })
}

/// What the client heard last; 0 when it does not say.
fn last_event(headers: &HeaderMap) -> Outcome<i64> {
    if !headers.contains_key(LAST_EVENT_ID) {
        return Ok(0);
    }
    let text = header(headers, &LAST_EVENT_ID).map(str::trim);
    let number = match text {
        Some("") => Some(0),
        Some(text) => text.parse().ok().filter(|number| *number >= 0),
        None => None,
    };
    number.ok_or_else(|| Fault::field("Last-Event-ID", "must be the `id` of an event of this run"))
}

/// Stop an answer
///
/// Within a second, on whichever host it is made. What was said by then is kept, marked degraded. One that has ended stays as it is.
#[utoipa::path(
    post, path = "/api/v1/chat/runs/{id}/cancel", tag = "chat", operation_id = "chat_run_cancel",
    responses((status = 204)),
    extensions(("x-permission" = json!("chat:use"))),
)]
pub async fn cancel(State(app): State<App>, caller: Caller, Path(id): Path<Uuid>) -> Outcome<NoContent> {
    app.chat.cancel(&caller, id).await?;
    Ok(NoContent)
}
