//! `GET /api/v1/memories/export`

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::stream;

use super::body::MemoryBody;
use super::filter::FilterQuery;
use crate::app::App;
use crate::error::{Fault, Outcome};
use crate::http::{Caller, Query};

/// Export memories
///
/// NDJSON: a memory a line, oldest first, read page by page while the client takes it. `POST …/import` takes it as it is,
/// ids and times included. The filters are those of the list; `include_inactive` brings deleted and superseded ones too.
#[utoipa::path(
    get, path = "/api/v1/memories/export", tag = "memories", operation_id = "memories_export",
    params(FilterQuery),
    responses((status = 200, body = String, content_type = "application/x-ndjson", description = "A memory a line")),
    extensions(("x-permission" = json!("memory:read"))),
)]
pub async fn export(State(app): State<App>, caller: Caller, Query(filter): Query<FilterQuery>) -> Outcome<Response> {
    let filter = filter.filter()?;
    // The first page before the head is sent: a database that is away is an error and no empty file.
    let first = app.memories.export(&caller, &filter, 0).await?;
    let lines = stream::try_unfold(Some(first), move |page| {
        let (app, caller, filter) = (app.clone(), caller.clone(), filter.clone());
        async move {
            let Some(page) = page else { return Ok(None) };
            let Some(last) = page.last().map(|(number, _)| *number) else { return Ok(None) };
            let mut text = Vec::new();
            for (_, memory) in page {
                serde_json::to_writer(&mut text, &MemoryBody::from(memory)).map_err(Fault::internal)?;
                text.push(b'\n');
            }
            let next = app.memories.export(&caller, &filter, last).await?;
            Ok::<_, Fault>(Some((Bytes::from(text), Some(next))))
        }
    });
    let head = [(CONTENT_TYPE, "application/x-ndjson"), (CONTENT_DISPOSITION, "attachment; filename=\"memories.ndjson\"")];
    Ok((head, Body::from_stream(lines)).into_response())
}
