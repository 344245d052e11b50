//! `POST /api/v1/memories/consolidate`

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::error::Outcome;
use crate::http::{Body, Caller};
use crate::service::memories::{Consolidation, Proposal, Reason};

/// How to consolidate.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Consolidate {
    /// Only propose. True when left out.
    dry_run: Option<bool>,
    /// From how alike on two memories are near-duplicates; 0.8 when left out.
    #[schema(minimum = 0, maximum = 1)]
    threshold: Option<f64>,
    /// Proposals at most; 50 when left out.
    #[schema(minimum = 1, maximum = 100)]
    limit: Option<u32>,
}

/// What belongs together.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Consolidated)]
pub struct ConsolidatedBody {
    /// Whether it is only proposed.
    dry_run: bool,
    /// Most alike first; a memory is in one at most.
    proposals: Vec<ProposalBody>,
    /// Memories that were merged into others.
    merged: usize,
}

/// Memories that may become one.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConsolidationProposal)]
pub struct ProposalBody {
    /// The one that stays.
    keep: Uuid,
    /// Those that it takes the place of: they become inactive, `superseded_by` names it, and each can be restored.
    merge: Vec<Uuid>,
    /// The least likeness among them, 0…1.
    similarity: f64,
    /// `near-duplicate`: they say nearly the same; `superseded`: a newer one of the same title says it otherwise.
    reason: &'static str,
}

impl From<Proposal> for ProposalBody {
    fn from(proposal: Proposal) -> Self {
        let reason = match proposal.reason {
            Reason::NearDuplicate => "near-duplicate",
            Reason::Superseded => "superseded",
        };
        Self { keep: proposal.keep, merge: proposal.merge, similarity: proposal.similarity, reason }
    }
}

/// Find memories that belong together, and merge them
///
/// Compares the newest 2 000 of at most 1 000 different words each. Nothing is destroyed: merged memories are kept, hidden behind the one that stays, which takes
/// over tags and importance of near-duplicates.
#[utoipa::path(
    post, path = "/api/v1/memories/consolidate", tag = "memories", operation_id = "memories_consolidate",
    request_body = Consolidate,
    responses((status = 200, body = ConsolidatedBody)),
    extensions(("x-permission" = json!("memory:write"))),
)]
pub async fn consolidate(State(app): State<App>, caller: Caller, Body(body): Body<Consolidate>) -> Outcome<Json<ConsolidatedBody>> {
    let dry_run = body.dry_run.unwrap_or(true);
    let how = Consolidation { dry_run, threshold: body.threshold.unwrap_or(0.8).max(0.5), limit: body.limit.unwrap_or(50) as usize };
    let consolidated = app.memories.consolidate(&caller, how).await?;
    let proposals = consolidated.proposals.into_iter().map(Into::into).collect();
    Ok(Json(ConsolidatedBody { dry_run, proposals, merged: consolidated.merged }))
}
