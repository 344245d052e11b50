//! `GET /api/v1/game/rules`

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::body::RulesBody;
use crate::app::App;
use crate::error::Outcome;
use crate::http::Caller;
use crate::service::game::RulesInForce;

/// The rules in force.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GameRules)]
pub struct RulesInForceBody {
    /// Which revision is bound to the slot `xp-rules`.
    #[serde(flatten)]
    revision: RulesBody,
    /// What it calls itself.
    title: String,
    /// How points come about.
    summary: String,
    /// What can be earned.
    achievements: Vec<RuleAchievement>,
    /// Points of one completion at most.
    xp_per_task: i64,
    /// Points of one local day at most; 0 = no bound.
    xp_per_day: i64,
}

/// Something that can be earned.
#[derive(Debug, Serialize, ToSchema)]
pub struct RuleAchievement {
    /// Its id.
    id: String,
    /// Its name.
    title: String,
    /// What one has to do.
    summary: String,
    /// An emoji or a name; may be empty.
    icon: String,
}

impl From<RulesInForce> for RulesInForceBody {
    fn from(force: RulesInForce) -> Self {
        let each = |card: crate::plugin::xp_rules::AchievementCard| RuleAchievement {
            id: card.id,
            title: card.title,
            summary: card.summary,
            icon: card.icon,
        };
        Self {
            revision: force.rules.into(),
            title: force.card.title.clone(),
            summary: force.card.summary.clone(),
            achievements: force.card.achievements.iter().cloned().map(each).collect(),
            xp_per_task: force.xp_per_task,
            xp_per_day: force.xp_per_day,
        }
    }
}

/// Read the rules in force
#[utoipa::path(
    get, path = "/api/v1/game/rules", tag = "game", operation_id = "game_rules",
    responses((status = 200, body = RulesInForceBody)),
    extensions(("x-permission" = json!("task:read"))),
)]
pub async fn rules(State(app): State<App>, caller: Caller) -> Outcome<Json<RulesInForceBody>> {
    Ok(Json(app.game.rules(&caller).await?.into()))
}
