//! `/api/v1/tasks`: one file a verb. Bodies in `body`, the enums in `words`, what answers of the task intelligence share in
//! `help`, the predecessor's write-only fields in `ignored`.

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

pub mod body;
pub mod breakdown;
pub mod change;
pub mod complete;
pub mod create;
pub mod daily_summary;
pub mod estimate;
pub mod extract;
pub mod help;
pub mod ignored;
pub mod list;
pub mod logs;
pub mod prioritize;
pub mod quick_add;
pub mod read;
pub mod reminders;
pub mod remove;
pub mod reopen;
pub mod search;
pub mod start;
pub mod stats;
pub mod subtasks;
pub mod suggestions;
pub mod words;

pub use create::CreateTask;

/// All of them. Fixed words win over `{id}`.
#[expect(deprecated, reason = "the predecessor's PATCH verbs are served and marked so in the document")]
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create::create, list::list))
        .routes(routes!(stats::stats))
        .routes(routes!(search::search))
        .routes(routes!(quick_add::quick_add))
        .routes(routes!(reminders::reminders))
        .routes(routes!(daily_summary::daily_summary))
        .routes(routes!(suggestions::suggestions))
        .routes(routes!(prioritize::prioritize))
        .routes(routes!(extract::extract))
        .routes(routes!(read::read, change::change, change::put, remove::remove))
        .routes(routes!(start::start, start::start_patch))
        .routes(routes!(complete::complete, complete::complete_patch))
        .routes(routes!(reopen::reopen, reopen::reopen_patch))
        .routes(routes!(subtasks::subtasks, subtasks::add_subtask))
        .routes(routes!(breakdown::breakdown))
        .routes(routes!(estimate::estimate))
        .routes(routes!(logs::logs, logs::add_log))
}
