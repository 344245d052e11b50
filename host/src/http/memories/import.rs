//! `POST /api/v1/memories/import`

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use futures::TryStreamExt as _;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::line;
use crate::app::App;
use crate::error::{Code, Fault, FieldError, Outcome};
use crate::http::{Caller, Query};
use crate::service::memories::{Import, Report};

/// Bytes of a line at most.
const LONGEST_LINE: usize = 1 << 20;

/// How to import.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ImportQuery {
    /// Check everything and keep nothing.
    #[serde(default)]
    #[param(required = false, default = false)]
    dry_run: bool,
}

/// What came of an import.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MemoryImport)]
pub struct ImportBody {
    /// Whether nothing was kept.
    dry_run: bool,
    /// Lines that were not empty.
    lines: u64,
    /// Memories that are new.
    created: u64,
    /// Lines whose id is there already: those memories stay as they are.
    existing: u64,
    /// Lines whose content an active memory has already.
    duplicates: u64,
    /// Lines that were refused; the others are kept.
    failed: u64,
    /// Why, of the first hundred.
    errors: Vec<LineError>,
}

/// What is wrong with a line.
#[derive(Debug, Serialize, ToSchema)]
pub struct LineError {
    /// Counts from 1.
    line: u64,
    /// RFC 6901 pointer into the line; empty: the line itself.
    pointer: String,
    /// What is wrong and what would be right.
    message: String,
}

impl ImportBody {
    fn of(report: Report, dry_run: bool) -> Self {
        let error =
            |fault: crate::service::memories::LineFault| LineError { line: fault.line, pointer: fault.pointer, message: fault.message };
        Self {
            dry_run,
            lines: report.lines,
            created: report.created,
            existing: report.existing,
            duplicates: report.duplicates,
            failed: report.failed,
            errors: report.faults.into_iter().map(error).collect(),
        }
    }
}

/// Lines out of pieces of a body.
struct Lines<'a> {
    import: Import<'a>,
    depth: usize,
    number: u64,
    line: Vec<u8>,
    /// The line is too long; the rest of it is passed over.
    too_long: bool,
}

impl Lines<'_> {
    async fn piece(&mut self, mut piece: &[u8]) -> Outcome<()> {
        while let Some(end) = piece.iter().position(|byte| *byte == b'\n') {
            self.extend(&piece[..end]);
            piece = &piece[end + 1..];
            self.end().await?;
        }
        self.extend(piece);
        Ok(())
    }

    fn extend(&mut self, bytes: &[u8]) {
        if self.too_long || self.line.len() + bytes.len() > LONGEST_LINE {
            self.too_long = true;
            self.line.clear();
        } else {
            self.line.extend_from_slice(bytes);
        }
    }

    async fn end(&mut self) -> Outcome<()> {
        self.number += 1;
        let line = std::mem::take(&mut self.line);
        if std::mem::take(&mut self.too_long) {
            let fault = FieldError::new("", "a line has at most 1 MiB");
            return self.import.take(self.number, Err(vec![fault])).await;
        }
        if line.trim_ascii().is_empty() {
            return Ok(());
        }
        self.import.take(self.number, line::read(&line, self.depth)).await
    }
}

/// Import memories
///
/// NDJSON, a memory a line as the export writes it; only `content` is needed. Ids and times are kept, an id that is there
/// already stays as it is, the same content is not kept twice, and a line that breaks a rule is reported while the others are
/// kept. Lines are written as they arrive, in batches.
#[utoipa::path(
    post, path = "/api/v1/memories/import", tag = "memories", operation_id = "memories_import",
    params(ImportQuery),
    request_body(content = String, content_type = "application/x-ndjson"),
    responses((status = 200, body = ImportBody)),
    extensions(("x-permission" = json!("memory:write")), ("x-deadline-seconds" = json!(150))),
)]
pub async fn import(State(app): State<App>, caller: Caller, Query(query): Query<ImportQuery>, body: Body) -> Outcome<Json<ImportBody>> {
    let import = app.memories.import(&caller, query.dry_run);
    let mut lines = Lines { import, depth: app.config.limits.body_depth, number: 0, line: Vec::new(), too_long: false };
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.try_next().await.map_err(|_| Fault::new(Code::Malformed).detail("the body broke off"))? {
        lines.piece(&piece).await?;
    }
    if !lines.line.is_empty() || lines.too_long {
        lines.end().await?;
    }
    Ok(Json(ImportBody::of(lines.import.finish().await?, query.dry_run)))
}
