//! `POST /api/v1/tasks/quick-add`

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::TaskBody;
use crate::app::App;
use crate::error::Outcome;
use crate::http::{Body, Caller, Created};
use crate::service::tasks::quick_add::{QuickAdded, Span, Token, TokenKind};

/// A line of text.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuickAdd {
    /// For example `Pay rent tomorrow 9am every month !high #home ~30m`. Further lines become the description. Words in double
    /// quotes or after a backslash are not read.
    #[schema(min_length = 1, max_length = 10_000)]
    text: String,
    /// Only show what it would be.
    #[serde(default)]
    #[schema(required = false, default = false)]
    dry_run: bool,
    /// Parts of the text not to be read: the spans of tokens that were understood wrongly.
    #[serde(default)]
    #[schema(required = false, max_items = 50)]
    ignore: Vec<TextSpan>,
}

/// A part of a text in UTF-16 code units (what JavaScript, Java, Swift and C# count), half open.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TextSpan {
    /// Where it begins.
    #[schema(minimum = 0, maximum = 20_000)]
    start: u32,
    /// Where it ends; after `start`.
    #[schema(minimum = 0, maximum = 20_000)]
    end: u32,
}

impl From<TextSpan> for Span {
    fn from(span: TextSpan) -> Self {
        (span.start as usize, span.end as usize)
    }
}

/// What was recognised.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = QuickAddToken)]
pub struct TokenBody {
    /// As what.
    kind: TokenKind,
    /// The words as they stand.
    text: String,
    /// Where they begin, in UTF-16 code units: `text.slice(start, end)` in JavaScript.
    start: usize,
    /// Where they end.
    end: usize,
    /// What they mean: `2026-03-01`, `09:00`, an RRULE, `high`, a tag, minutes.
    value: String,
}

impl From<Token> for TokenBody {
    fn from(token: Token) -> Self {
        Self { kind: token.kind, text: token.text, start: token.start, end: token.end, value: token.value }
    }
}

/// The line as it was understood.
#[derive(Debug, Serialize, ToSchema)]
pub struct QuickAddedTask {
    /// The task. With `dry_run` it is not stored: its `id` is nil and its `version` 0.
    task: TaskBody,
    /// In the order of the text. To un-link one, send its span in `ignore`.
    tokens: Vec<TokenBody>,
}

/// Make a task from a line of text
///
/// Understands, in English: days (`today`, `tomorrow`, `next friday`, `in 3 days`, `March 1st`, `2026-03-01`, `end of month`),
/// times (`9am`, `at 15:00`, `tonight`, `in 2 hours`), repetition (`every month`, `every mon and thu`, `every last friday`,
/// `daily`), `!high` or `p1`…`p4`, `#tag`, `~30m`. Of two dates, times, rules, priorities or estimates the last one counts.
/// Days and times are those of the caller's zone. A rule is kept with the task as `recurrence`. What is not recognised stays
/// in the title; a line that leaves none is 422.
#[utoipa::path(
    post, path = "/api/v1/tasks/quick-add", tag = "tasks", operation_id = "tasks_quick_add",
    request_body = QuickAdd,
    responses(
        (status = 201, body = QuickAddedTask, description = "Made"),
        (status = 200, body = QuickAddedTask, description = "With `dry_run`: nothing was made"),
    ),
    extensions(("x-permission" = json!("task:write"))),
)]
pub async fn quick_add(State(app): State<App>, caller: Caller, Body(body): Body<QuickAdd>) -> Outcome<Response> {
    let ignore: Vec<Span> = body.ignore.into_iter().map(Into::into).collect();
    let QuickAdded { task, tokens } = app.tasks.quick_add(&caller, &body.text, &ignore, body.dry_run).await?;
    let (location, version) = (format!("/api/v1/tasks/{}", task.id), Some(task.version));
    let added = QuickAddedTask { task: task.into(), tokens: tokens.into_iter().map(Into::into).collect() };
    if body.dry_run {
        return Ok(Json(added).into_response());
    }
    Ok(Created { location, version, body: added }.into_response())
}
