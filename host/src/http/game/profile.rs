//! `GET /api/v1/game/profile`

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::body::{AchievementBody, LevelProgress};
use crate::app::App;
use crate::error::Outcome;
use crate::http::Caller;
use crate::service::game::Profile;

/// Where a person stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GameProfile)]
pub struct ProfileBody {
    /// Sum of the ledger.
    total_xp: i64,
    /// 1…; `null` while the rules do not answer.
    #[schema(required)]
    level: Option<u32>,
    /// The level's name.
    #[schema(required)]
    title: Option<String>,
    /// The total, as `next_level_xp` counts it.
    current_xp: i64,
    /// The total at which the next level begins; `null` on the last one.
    #[schema(required)]
    next_level_xp: Option<i64>,
    /// Days in a row with a completion, up to today or yesterday.
    current_streak: u32,
    /// Ever.
    longest_streak: u32,
    /// What the person has unlocked.
    achievements: Vec<AchievementBody>,
    /// Hour at which the person's day begins.
    day_start: i64,
    /// The zone that the person's days are counted in.
    timezone: String,
}

impl From<Profile> for ProfileBody {
    fn from(profile: Profile) -> Self {
        let progress = LevelProgress::new(profile.total, profile.level);
        Self {
            total_xp: profile.total,
            level: progress.current_level,
            title: progress.title,
            current_xp: progress.current_xp,
            next_level_xp: progress.next_level_xp,
            current_streak: profile.streak.current,
            longest_streak: profile.streak.longest,
            achievements: profile.achievements.into_iter().map(Into::into).collect(),
            day_start: profile.settings.day_start,
            timezone: profile.settings.timezone,
        }
    }
}

/// Read the caller's profile
#[utoipa::path(
    get, path = "/api/v1/game/profile", tag = "game", operation_id = "game_profile",
    responses((status = 200, body = ProfileBody)),
    extensions(("x-permission" = json!("task:read"))),
)]
pub async fn profile(State(app): State<App>, caller: Caller) -> Outcome<Json<ProfileBody>> {
    Ok(Json(app.game.profile(&caller).await?.into()))
}
