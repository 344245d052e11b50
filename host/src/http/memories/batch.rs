//! `POST /api/v1/memories/batch`

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::body::MemoryBody;
use super::change::ChangeMemory;
use super::filter::FilterBody;
use crate::app::App;
use crate::error::{Fault, Outcome};
use crate::http::error::BadField;
use crate::http::{Body, Caller};
use crate::service::memories::{Done, Op};

/// Many changes at once.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// In their order.
    #[schema(min_items = 1, max_items = 100)]
    ops: Vec<OpBody>,
    /// All or none. False when left out: each that cannot be done says why, and the others are done.
    atomic: Option<bool>,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = BatchVerb)]
pub enum Verb {
    /// Keep a new memory; needs `memory` with `content`.
    Create,
    /// Change one; needs `id` and `memory`.
    Update,
    /// Delete one (`id`) or all that pass a `filter`.
    Delete,
    /// Bring one back; needs `id`.
    Restore,
}

/// One change.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BatchOperation)]
pub struct OpBody {
    /// What to do.
    op: Verb,
    /// To which memory.
    id: Option<Uuid>,
    /// Only if it is still at this version.
    #[schema(minimum = 1)]
    version: Option<i64>,
    /// What a new one is, or what changes.
    memory: Option<ChangeMemory>,
    /// Which ones to delete.
    filter: Option<FilterBody>,
    /// Delete without a trace.
    hard_delete: Option<bool>,
}

/// What came of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BatchAnswer)]
pub struct BatchBody {
    /// Of each, in their order.
    results: Vec<ResultBody>,
    /// How many were done.
    succeeded: usize,
    /// How many could not be.
    failed: usize,
}

/// What came of one change.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BatchResult)]
pub struct ResultBody {
    /// What was to be done.
    op: Verb,
    /// `created`, `existing`, `updated`, `deleted`, `restored` or `failed`.
    status: &'static str,
    /// The memory as it is now.
    #[serde(skip_serializing_if = "Option::is_none")]
    memory: Option<MemoryBody>,
    /// How many were deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted: Option<u64>,
    /// Why it could not be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<OpError>,
}

/// Why a change could not be made.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BatchError)]
pub struct OpError {
    /// One of the codes.
    code: &'static str,
    /// In words.
    message: String,
    /// Every bad field.
    errors: Vec<BadField>,
}

impl OpBody {
    fn op(self, at: usize) -> Outcome<Op> {
        let missing = |name: &str| Fault::field(format!("/ops/{at}/{name}"), "is required for this operation");
        let superfluous = |name: &str| Fault::field(format!("/ops/{at}/{name}"), "does not go with this operation");
        let below = |mut fault: Fault| {
            fault.fields.iter_mut().for_each(|field| field.pointer = format!("/ops/{at}/memory{}", field.pointer));
            fault.param = fault.fields.first().map(|field| field.pointer.clone());
            fault
        };
        let id = self.id;
        let wanted = [
            ("id", id.is_some(), self.op == Verb::Create),
            ("version", self.version.is_some(), self.op == Verb::Create || (self.op == Verb::Delete && self.filter.is_some())),
            ("memory", self.memory.is_some(), matches!(self.op, Verb::Delete | Verb::Restore)),
            ("filter", self.filter.is_some(), self.op != Verb::Delete || id.is_some()),
            ("hard_delete", self.hard_delete.is_some(), self.op != Verb::Delete),
        ];
        if let Some((name, ..)) = wanted.into_iter().find(|(_, given, unwanted)| *given && *unwanted) {
            return Err(superfluous(name));
        }
        let version = self.version;
        let hard = self.hard_delete.unwrap_or(false);
        Ok(match (self.op, self.filter) {
            (Verb::Create, _) => Op::Create(Box::new(self.memory.ok_or_else(|| missing("memory"))?.memory().map_err(below)?)),
            (Verb::Update, _) => {
                let id = id.ok_or_else(|| missing("id"))?;
                Op::Change { id, version, edit: Box::new(self.memory.ok_or_else(|| missing("memory"))?.edit().map_err(below)?) }
            }
            (Verb::Delete, Some(filter)) => Op::DeleteWhere { filter: Box::new(filter.filter(&format!("/ops/{at}/filter"))?), hard },
            (Verb::Delete, None) => Op::Delete { id: id.ok_or_else(|| missing("id"))?, version, hard },
            (Verb::Restore, _) => Op::Restore { id: id.ok_or_else(|| missing("id"))?, version },
        })
    }
}

fn result(op: Verb, done: Result<Done, Fault>) -> ResultBody {
    let empty = ResultBody { op, status: "failed", memory: None, deleted: None, error: None };
    match done {
        Ok(Done::Created(created)) => {
            let status = if created.fresh { "created" } else { "existing" };
            ResultBody { status, memory: Some(created.memory.into()), ..empty }
        }
        Ok(Done::Changed(memory)) => {
            let status = if op == Verb::Restore { "restored" } else { "updated" };
            ResultBody { status, memory: Some(memory.into()), ..empty }
        }
        Ok(Done::Deleted(count)) => ResultBody { status: "deleted", deleted: Some(count), ..empty },
        Err(fault) => {
            let message = fault.public_message().to_owned();
            let errors = fault.fields.into_iter().map(|field| BadField { pointer: field.pointer, message: field.message }).collect();
            ResultBody { error: Some(OpError { code: fault.code.text(), message, errors }), ..empty }
        }
    }
}

/// Change many memories
///
/// In one transaction. With `atomic` the first change that cannot be made refuses the whole batch and names its place
/// (`/ops/3/…`); otherwise each result says for itself.
#[utoipa::path(
    post, path = "/api/v1/memories/batch", tag = "memories", operation_id = "memories_batch",
    request_body = Batch,
    responses((status = 200, body = BatchBody)),
    extensions(("x-permission" = json!("memory:write"))),
)]
pub async fn batch(State(app): State<App>, caller: Caller, Body(body): Body<Batch>) -> Outcome<Json<BatchBody>> {
    let verbs: Vec<Verb> = body.ops.iter().map(|op| op.op).collect();
    let ops = body.ops.into_iter().enumerate().map(|(at, op)| op.op(at)).collect::<Outcome<Vec<Op>>>()?;
    let done = app.memories.batch(&caller, ops, body.atomic.unwrap_or(false)).await?;
    let failed = done.iter().filter(|one| one.is_err()).count();
    let results: Vec<ResultBody> = verbs.into_iter().zip(done).map(|(op, done)| result(op, done)).collect();
    Ok(Json(BatchBody { succeeded: results.len() - failed, failed, results }))
}
