//! `/api/v1/tasks`: one file a verb. Bodies in `body`, the enums in `words`, the predecessor's
//! write-only fields in `ignored`.

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

pub mod body;
pub mod change;
pub mod complete;
pub mod create;
pub mod ignored;
pub mod list;
pub mod logs;
pub mod read;
pub mod remove;
pub mod reopen;
pub mod search;
pub mod start;
pub mod stats;
pub mod subtasks;
pub mod words;

pub use create::CreateTask;

/// All of them. Fixed words win over `{id}`.
#[expect(deprecated, reason = "the predecessor's PATCH verbs are served and marked so in the document")]
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create::create, list::list))
        .routes(routes!(stats::stats))
        .routes(routes!(search::search))
        .routes(routes!(read::read, change::change, change::put, remove::remove))
        .routes(routes!(start::start, start::start_patch))
        .routes(routes!(complete::complete, complete::complete_patch))
        .routes(routes!(reopen::reopen, reopen::reopen_patch))
        .routes(routes!(subtasks::subtasks, subtasks::add_subtask))
        .routes(routes!(logs::logs, logs::add_log))
}
