//! `POST /api/v1/memories/reflect`

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::body::MemoryBody;
use super::search::said;
use crate::app::App;
use crate::error::{Fault, Outcome};
use crate::http::{Body, Caller};
use crate::service::memories::{About, Reflected};

/// On what to reflect: some memories, or what is found for a query.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reflect {
    /// These memories.
    #[schema(min_items = 1, max_items = 100)]
    memory_ids: Option<Vec<Uuid>>,
    /// The best twenty for this.
    #[schema(min_length = 1, max_length = 4_096)]
    query: Option<String>,
    /// Which persona reflects; the mirror when left out.
    #[schema(min_length = 1, max_length = 48)]
    persona: Option<String>,
}

/// A reflection and what it is about.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReflectedBody {
    /// What they say together.
    reflection: ReflectionBody,
    /// The memories.
    memories: Vec<MemoryBody>,
    /// Made without what it needs: by rules instead of a persona, or by a persona without a model.
    degraded: bool,
    /// Which persona reflected; null when rules did.
    #[schema(required)]
    persona: Option<String>,
}

/// What memories say together.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Reflection)]
pub struct ReflectionBody {
    /// In a few sentences.
    summary: String,
    /// What they share.
    themes: Vec<String>,
    /// What they leave open, contradictions included.
    questions: Vec<String>,
}

impl From<Reflected> for ReflectedBody {
    fn from(reflected: Reflected) -> Self {
        let reflection = reflected.reflection;
        Self {
            degraded: reflection.degraded,
            reflection: ReflectionBody { summary: reflection.summary, themes: reflection.themes, questions: reflection.questions },
            memories: reflected.memories.into_iter().map(Into::into).collect(),
            persona: reflected.persona,
        }
    }
}

/// Reflect on memories
///
/// Themes, contradictions and open questions, by a persona and its model; by rules when there is none (`degraded`).
#[utoipa::path(
    post, path = "/api/v1/memories/reflect", tag = "memories", operation_id = "memories_reflect",
    request_body = Reflect,
    responses((status = 200, body = ReflectedBody)),
    extensions(("x-permission" = json!("memory:read")), ("x-deadline-seconds" = json!(150))),
)]
pub async fn reflect(State(app): State<App>, caller: Caller, Body(body): Body<Reflect>) -> Outcome<Json<ReflectedBody>> {
    let about = match (body.memory_ids, body.query) {
        (Some(ids), None) => About::Memories(ids),
        (None, Some(query)) => {
            said(&query)?;
            About::Query(query)
        }
        (None, None) => return Err(Fault::field("/memory_ids", "is required, or `query` instead")),
        (Some(_), Some(_)) => return Err(Fault::field("/query", "does not go with `memory_ids`: give one of them")),
    };
    Ok(Json(app.memories.reflect(&caller, about, body.persona).await?.into()))
}
