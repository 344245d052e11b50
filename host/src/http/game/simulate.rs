//! `POST /api/v1/game/simulate`

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::{Points, RulesBody};
use crate::app::App;
use crate::error::Outcome;
use crate::http::tasks::CreateTask;
use crate::http::{Body, Caller};
use crate::model::task::QuestType;
use crate::service::game::{Simulated, Simulation};

/// Tasks to try.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Simulate {
    /// As for making them; nothing is stored.
    #[schema(min_items = 1, max_items = 20)]
    tasks: Vec<CreateTask>,
}

/// What completing the tasks now would give, each by itself.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Simulation)]
pub struct SimulationBody {
    /// In the order given.
    results: Vec<SimulatedTask>,
    /// Sum of all.
    total: i64,
    /// By which revision.
    rules: RulesBody,
}

/// What one task would give.
#[derive(Debug, Serialize, ToSchema)]
pub struct SimulatedTask {
    /// As given.
    title: String,
    /// As given, or as it would be decided.
    quest_type: QuestType,
    /// Clamped as a completion would be.
    experience_points: i64,
    /// Why.
    xp_breakdown: Vec<Points>,
    /// Ids that it would unlock.
    achievements: Vec<String>,
}

impl From<Simulated> for SimulatedTask {
    fn from(one: Simulated) -> Self {
        Self {
            title: one.title,
            quest_type: one.quest_type,
            experience_points: one.points.total,
            xp_breakdown: one.points.breakdown.into_iter().map(Into::into).collect(),
            achievements: one.points.achievements,
        }
    }
}

impl From<Simulation> for SimulationBody {
    fn from(simulation: Simulation) -> Self {
        Self {
            total: simulation.results.iter().map(|one| one.points.total).sum(),
            results: simulation.results.into_iter().map(Into::into).collect(),
            rules: simulation.rules.into(),
        }
    }
}

/// Try what tasks would give
///
/// Pure: nothing is stored, and the same question gives the same answer while the rules and the caller's history stand.
#[utoipa::path(
    post, path = "/api/v1/game/simulate", tag = "game", operation_id = "game_simulate",
    request_body = Simulate,
    responses((status = 200, body = SimulationBody)),
    extensions(("x-permission" = json!("task:read"))),
)]
pub async fn simulate(State(app): State<App>, caller: Caller, Body(body): Body<Simulate>) -> Outcome<Json<SimulationBody>> {
    let tasks = body.tasks.into_iter().map(Into::into).collect();
    Ok(Json(app.game.simulate(&caller, tasks).await?.into()))
}
