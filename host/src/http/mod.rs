//! The front door: parse, call one service function, render. No SQL, no wasmtime, no product rule.
//!
//! ```text
//! serve      accept loop: head time-out, connections at most, graceful end
//!  └ layer   every answer: request id, span, time-out, panic, the one error shape, Server-Timing, security headers, 304
//!     └ gate every request, in api.md's order: 401, 404 route, 405, 403, 429, 406, 415, 413, 400; idempotency keys
//!        └ a handler in its resource's folder: extractors (404 id, 422), one service call (404, 428, 412, 409), an answer
//! router     every route in one list by audience, and the OpenAPI document that they make
//! operation  what that document says, compiled: who may, body schema, parameters; the gate and the extractors obey it
//! ```
//!
//! # How a verb file looks
//! One file a verb, `http/<resource>/<verb>.rs`: types, then doc, then the handler of at most 40 lines. Its first doc line is
//! the summary in `/docs`. `x-permission` (a permission's text, `authenticated` or `public`) is both shown and enforced.
//!
//! ```ignore
//! //! `PATCH /api/v1/tasks/{id}`
//!
//! /// What to change; what is left out stays.
//! #[derive(Debug, Deserialize, ToSchema)]
//! #[serde(deny_unknown_fields)]                                  // → additionalProperties: false → did-you-mean
//! pub struct ChangeTask {
//!     /// A new title.
//!     #[schema(min_length = 1, max_length = 500, nullable = false)]   // cannot be cleared: null is 422
//!     title: Option<String>,
//!     /// A new description; `null` clears it.
//!     #[serde(default)]
//!     #[schema(required = false, max_length = 262144)]
//!     description: Patch<String>,
//!     /// When it is due; `null` clears it.
//!     #[serde(default)]
//!     #[schema(required = false)]
//!     due_date: Patch<Time>,
//! }
//!
//! /// Change a task
//! #[utoipa::path(
//!     patch, path = "/api/v1/tasks/{id}", tag = "tasks", operation_id = "tasks_change",
//!     request_body = ChangeTask,
//!     responses((status = 200, body = TaskBody)),                // 401, 403, 404, 422 … are added for all operations
//!     extensions(("x-permission" = json!("task:write"))),
//! )]
//! pub async fn change(
//!     State(app): State<App>,
//!     caller: Caller,                                            // the Principal
//!     Path(id): Path<Uuid>,                                      // malformed → 404
//!     if_match: IfMatch,
//!     body: Result<Body<ChangeTask>, Fault>,                     // `Body(new): Body<NewTask>` where there is no id
//! ) -> Outcome<Versioned<TaskBody>> {
//!     let changes = found_first(body, app.tasks.get(&caller, id)).await?;     // 404 of the id before 422
//!     let task = app.tasks.change(&caller, id, if_match.version(), changes.into()).await?;
//!     Ok(Versioned(task.version, task.into()))
//! }
//! ```
//! A list takes `Query(list): Query<ListQuery>` and `Query(filter): Query<TaskFilter>` with `params(ListQuery, TaskFilter)`, and
//! gives `Json<Page<TaskBody>>`; 201 is [`Created`], 204 [`NoContent`], an error any [`crate::error::Fault`] by `?`.
//! The resource's `mod.rs` has `pub(super) fn routes() -> OpenApiRouter<App>` with `.routes(routes!(change::change, read::read))`,
//! one call a path; `router.rs` has one line for the resource. Full paths stand in the attribute, so that they can be searched.

pub mod door;
pub mod error;

mod admin;
mod answer;
mod auth;
pub mod chat;
mod docs;
mod extract;
mod front;
pub mod game;
mod gate;
mod health;
mod idempotency;
mod json;
mod layer;
pub mod memories;
mod openai;
mod openapi;
mod operation;
mod page;
pub mod personas;
pub mod plugins;
mod rate;
mod router;
mod schema;
mod serve;
pub mod sse;
mod stall;
pub mod tasks;
mod wire;

#[cfg(test)]
mod tests;

pub use answer::{Created, NoContent, Versioned, etag};
pub use extract::{Body, Caller, ClientAddress, IfMatch, MaybeCaller, Path, Presented, Query, found_first, header};
pub use front::RequestId;
pub use page::{ListQuery, Page};
pub use router::{local, openapi, router};
pub use serve::serve;
pub use wire::{Patch, Time};
