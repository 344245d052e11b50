//! `GET` and `PUT /api/v1/persona/worldview`, and the predecessor's `POST …/update`

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::WorldviewBody;
use crate::app::App;
use crate::error::Outcome;
use crate::http::{Body, Caller, IfMatch, Patch, Versioned};
use crate::service::personas::WorldviewChange;

/// What to change; what is left out stays, `null` clears.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeWorldview {
    /// A tradition of `GET /api/v1/persona/traditions`, or the person's own word.
    #[serde(default)]
    #[schema(required = false, max_length = 200, value_type = Option<String>)]
    primary_tradition: Patch<String>,
    /// More of them, each at most 200 characters and named once.
    #[serde(default)]
    #[schema(required = false, max_items = 2, value_type = Option<Vec<String>>)]
    secondary_traditions: Patch<Vec<String>>,
    /// `formal`, `casual`, `poetic`, `direct`, `academic`, `warm`, or the person's own word.
    #[serde(default)]
    #[schema(required = false, max_length = 200, value_type = Option<String>)]
    communication_style: Patch<String>,
    /// What matters most first, each at most 200 characters and named once.
    #[serde(default)]
    #[schema(required = false, max_items = 16, value_type = Option<Vec<String>>)]
    values_hierarchy: Patch<Vec<String>>,
    /// `deontological`, `consequentialist`, `virtue`, `care`, `pluralist`, or the person's own word.
    #[serde(default)]
    #[schema(required = false, max_length = 200, value_type = Option<String>)]
    ethical_framework: Patch<String>,
    /// In the person's own words.
    #[serde(default)]
    #[schema(required = false, max_length = 200, value_type = Option<String>)]
    cultural_context: Patch<String>,
}

impl From<ChangeWorldview> for WorldviewChange {
    fn from(body: ChangeWorldview) -> Self {
        Self {
            primary_tradition: body.primary_tradition.into_change(),
            secondary_traditions: body.secondary_traditions.into_change(),
            communication_style: body.communication_style.into_change(),
            values_hierarchy: body.values_hierarchy.into_change(),
            ethical_framework: body.ethical_framework.into_change(),
            cultural_context: body.cultural_context.into_change(),
        }
    }
}

/// Read how the caller wishes to be spoken to
#[utoipa::path(
    get, path = "/api/v1/persona/worldview", tag = "personas", operation_id = "persona_worldview",
    responses((status = 200, body = WorldviewBody)),
    extensions(("x-permission" = json!("chat:use"))),
)]
pub async fn read(State(app): State<App>, caller: Caller) -> Outcome<Versioned<WorldviewBody>> {
    let (worldview, version) = app.personas.worldview(&caller).await?;
    Ok(Versioned(version, worldview.into()))
}

/// Say how the caller wishes to be spoken to
///
/// Personas follow it from the next message on. It colours their words; it loosens none of their promises.
#[utoipa::path(
    put, path = "/api/v1/persona/worldview", tag = "personas", operation_id = "persona_worldview_change",
    params(IfMatch),
    request_body = ChangeWorldview,
    responses((status = 200, body = WorldviewBody)),
    extensions(("x-permission" = json!("persona:write"))),
)]
pub async fn change(
    State(app): State<App>,
    caller: Caller,
    if_match: IfMatch,
    Body(body): Body<ChangeWorldview>,
) -> Outcome<Versioned<WorldviewBody>> {
    let (worldview, version) = app.personas.change_worldview(&caller, body.into(), if_match.version()).await?;
    Ok(Versioned(version, worldview.into()))
}

/// Say how the caller wishes to be spoken to
///
/// The predecessor's path for `PUT /api/v1/persona/worldview`.
#[deprecated]
#[utoipa::path(
    post, path = "/api/v1/persona/worldview/update", tag = "personas", operation_id = "persona_worldview_update",
    params(IfMatch),
    request_body = ChangeWorldview,
    responses((status = 200, body = WorldviewBody)),
    extensions(("x-permission" = json!("persona:write"))),
)]
pub async fn update(
    state: State<App>,
    caller: Caller,
    if_match: IfMatch,
    body: Body<ChangeWorldview>,
) -> Outcome<Versioned<WorldviewBody>> {
    change(state, caller, if_match, body).await
}
