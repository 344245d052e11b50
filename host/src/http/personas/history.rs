//! `GET /api/v1/persona/mode/history`

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::error::Outcome;
use crate::http::{Caller, ListQuery, Page, Query, Time};
use crate::model::persona::ModeSwitch;

/// A choice of the person's.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ModeSwitch)]
pub struct SwitchBody {
    /// Its id.
    id: Uuid,
    /// Whom they chose; `null` = whoever suits each message.
    #[schema(required)]
    mode: Option<String>,
    /// Whom they had chosen before.
    #[schema(required)]
    previous_mode: Option<String>,
    /// Why.
    #[schema(required)]
    reason: Option<String>,
    /// When.
    created_at: Time,
}

impl From<ModeSwitch> for SwitchBody {
    fn from(switch: ModeSwitch) -> Self {
        Self {
            id: switch.id,
            mode: switch.mode,
            previous_mode: switch.previous_mode,
            reason: switch.reason,
            created_at: Time(switch.created_at),
        }
    }
}

/// List the caller's choices
///
/// Newest first. Nothing in it is ever deleted.
#[utoipa::path(
    get, path = "/api/v1/persona/mode/history", tag = "personas", operation_id = "persona_mode_history",
    params(ListQuery),
    responses((status = 200, body = Page<SwitchBody>)),
    extensions(("x-permission" = json!("chat:use"))),
)]
pub async fn history(State(app): State<App>, caller: Caller, Query(list): Query<ListQuery>) -> Outcome<Json<Page<SwitchBody>>> {
    let slice = app.personas.switches(&caller, list.updated_after.map(Time::millis), &list.page()?).await?;
    Ok(Json(Page::of(slice, &list).map(Into::into)))
}
