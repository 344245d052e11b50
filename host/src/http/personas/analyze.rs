//! `POST /api/v1/persona/mode/analyze`

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::error::Outcome;
use crate::http::{Body, Caller};
use crate::service::personas::Analysis;

/// What somebody might say.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnalyzeMessage {
    /// The first 16 KiB are judged.
    #[schema(min_length = 1, max_length = 262_144)]
    message: String,
}

/// How well it suits each persona.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ModeAnalysis)]
pub struct AnalysisBody {
    /// Whoever would answer if nobody was named or chosen.
    recommended_mode: String,
    /// Its score, 0…1.
    confidence: f32,
    /// What each persona recognised it by; only those that recognised something.
    signals: BTreeMap<String, Vec<String>>,
    /// 0…1 of each persona; 0.5 and more means "mine".
    scores: BTreeMap<String, f32>,
}

impl From<Analysis> for AnalysisBody {
    fn from(analysis: Analysis) -> Self {
        let (mut signals, mut scores) = (BTreeMap::new(), BTreeMap::new());
        for (id, fit) in analysis.fits {
            scores.insert(id.clone(), fit.score);
            if !fit.signals.is_empty() {
                signals.insert(id, fit.signals);
            }
        }
        Self { recommended_mode: analysis.recommended, confidence: analysis.confidence, signals, scores }
    }
}

/// Ask who suits a message
///
/// Nothing is stored and nothing chosen.
#[utoipa::path(
    post, path = "/api/v1/persona/mode/analyze", tag = "personas", operation_id = "persona_mode_analyze",
    request_body = AnalyzeMessage,
    responses((status = 200, body = AnalysisBody)),
    extensions(("x-permission" = json!("chat:use"))),
)]
pub async fn analyze(State(app): State<App>, caller: Caller, Body(body): Body<AnalyzeMessage>) -> Outcome<Json<AnalysisBody>> {
    Ok(Json(app.personas.analyze(&caller, &body.message).await?.into()))
}
