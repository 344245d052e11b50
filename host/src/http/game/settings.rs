//! `PUT /api/v1/game/settings`

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::error::Outcome;
use crate::http::{Body, Caller};
use crate::service::game::Settings;

/// How a person's days are counted; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeSettings {
    /// Hour of the local clock at which the day begins.
    #[schema(minimum = 0, maximum = 23, nullable = false)]
    day_start: Option<i64>,
    /// IANA zone, e.g. `Europe/Lisbon`.
    #[schema(min_length = 1, max_length = 64, nullable = false)]
    timezone: Option<String>,
}

/// How a person's days are counted.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GameSettings)]
pub struct SettingsBody {
    /// Hour of the local clock at which the day begins.
    day_start: i64,
    /// IANA zone.
    timezone: String,
}

impl From<Settings> for SettingsBody {
    fn from(settings: Settings) -> Self {
        Self { day_start: settings.day_start, timezone: settings.timezone }
    }
}

/// Set how the caller's days are counted
///
/// Days that have been counted stay as they were.
#[utoipa::path(
    put, path = "/api/v1/game/settings", tag = "game", operation_id = "game_settings",
    request_body = ChangeSettings,
    responses((status = 200, body = SettingsBody)),
    extensions(("x-permission" = json!("task:write"))),
)]
pub async fn settings(State(app): State<App>, caller: Caller, Body(body): Body<ChangeSettings>) -> Outcome<Json<SettingsBody>> {
    Ok(Json(app.game.change_settings(&caller, body.day_start, body.timezone).await?.into()))
}
