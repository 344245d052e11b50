//! `/api/v1/memories`: one file a verb.
//!
//! ```text
//! body.rs     a memory, a result of a search, a chunk as they look on the wire
//! filter.rs   which memories: one list of conditions for lists, searches, exports and deleting many
//! words.rs    enums and orders in the document
//! line.rs     a line of NDJSON
//! ```

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

pub mod batch;
pub mod body;
pub mod change;
pub mod chunks;
pub mod consolidate;
pub mod create;
pub mod export;
pub mod filter;
pub mod import;
mod line;
pub mod list;
pub mod read;
pub mod reflect;
pub mod related;
pub mod remove;
pub mod restore;
pub mod search;
pub mod similar;
pub mod statistics;
pub mod tags;
pub mod words;

/// All of them. Fixed words win over `{id}`.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create::create, list::list))
        .routes(routes!(search::search))
        .routes(routes!(similar::similar))
        .routes(routes!(statistics::statistics))
        .routes(routes!(tags::tags))
        .routes(routes!(tags::tagged))
        .routes(routes!(reflect::reflect))
        .routes(routes!(consolidate::consolidate))
        .routes(routes!(batch::batch))
        .routes(routes!(export::export))
        .routes(routes!(import::import))
        .routes(routes!(read::read, change::change, change::put, remove::remove))
        .routes(routes!(restore::restore))
        .routes(routes!(chunks::chunks))
        .routes(routes!(related::related))
}
