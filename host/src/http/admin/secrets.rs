//! `/api/v1/admin/secrets`: values go in and never come out; plugins know the names.

use axum::Json;
use axum::extract::State;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::error::Outcome;
use crate::http::{Body, Caller, ListQuery, NoContent, Page, Path, Query, RequestId, Time};
use crate::service::audit::Actor;

/// A new value.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct SetSecret {
    /// 1…8192 bytes; never shown again.
    #[schema(min_length = 1, max_length = 8192)]
    value: String,
}

/// A secret's name and age.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct SecretBody {
    /// As plugins ask for it.
    pub name: String,
    /// When it was last set.
    pub updated_at: Time,
}

/// List the names of secrets
#[utoipa::path(get, path = "/api/v1/admin/secrets", tag = "admin", operation_id = "secrets_list",
    params(ListQuery), responses((status = 200, body = Page<SecretBody>)), extensions(("x-permission" = json!("plugin:read"))))]
async fn list(State(app): State<App>, Query(list): Query<ListQuery>) -> Outcome<Json<Page<SecretBody>>> {
    let all = app.secrets.list().await?.into_iter().map(|(name, at)| SecretBody { name, updated_at: Time(at) }).collect();
    Ok(Json(Page::held(all, &list)?))
}

/// Set a secret
#[utoipa::path(put, path = "/api/v1/admin/secrets/{name}", tag = "admin", operation_id = "secrets_set", request_body = SetSecret,
    params(("name" = String, Path, description = "`^[A-Z][A-Z0-9_]{0,63}$`")),
    responses((status = 204)), extensions(("x-permission" = json!("plugin:write"))))]
async fn set(
    State(app): State<App>,
    caller: Caller,
    request: RequestId,
    Path(name): Path<String>,
    Body(secret): Body<SetSecret>,
) -> Outcome<NoContent> {
    app.secrets.set(&Actor::of(&caller, &request.0), &name, &SecretString::from(secret.value)).await?;
    Ok(NoContent)
}

/// Remove a secret
#[utoipa::path(delete, path = "/api/v1/admin/secrets/{name}", tag = "admin", operation_id = "secrets_remove",
    params(("name" = String, Path)), responses((status = 204)), extensions(("x-permission" = json!("plugin:write"))))]
async fn remove(State(app): State<App>, caller: Caller, request: RequestId, Path(name): Path<String>) -> Outcome<NoContent> {
    app.secrets.remove(&Actor::of(&caller, &request.0), &name).await?;
    Ok(NoContent)
}

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(set, remove))
}
