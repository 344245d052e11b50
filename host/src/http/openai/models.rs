//! `GET /v1/models`, `GET /v1/models/{model}`

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::error::Outcome;
use crate::http::{Caller, Path};
use crate::service::openai::Model;

/// Every model that a request may name.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ModelList {
    /// `list`.
    object: &'static str,
    /// Personas first, then the models of the server behind and the embedder.
    data: Vec<ModelBody>,
}

/// A model.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Model)]
pub(super) struct ModelBody {
    /// What a request names: `persona:mentor`, or as the server behind calls it.
    id: String,
    /// `model`.
    object: &'static str,
    /// Seconds since 1970: since when it is what it is; 0 when nobody knows.
    created: i64,
    /// The plugin that speaks, or whatever the server behind says.
    owned_by: String,
    /// For people, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// What it is for, where it says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
}

impl From<Model> for ModelBody {
    fn from(model: Model) -> Self {
        Self {
            id: model.id,
            object: "model",
            created: model.created / 1000,
            owned_by: model.owner,
            name: model.name,
            description: model.description,
        }
    }
}

/// List models
///
/// Each bound persona is a model, `persona:<id>`; then come the models of the server behind and the host's embedder.
#[utoipa::path(
    get, path = "/v1/models", tag = "openai", operation_id = "openai_models",
    responses((status = 200, body = ModelList)),
    extensions(("x-permission" = json!("chat:use"))),
)]
pub(super) async fn list(State(app): State<App>, caller: Caller) -> Outcome<Json<ModelList>> {
    let data = app.openai.models(&caller).await?.into_iter().map(Into::into).collect();
    Ok(Json(ModelList { object: "list", data }))
}

/// Read a model
#[utoipa::path(
    get, path = "/v1/models/{*model}", tag = "openai", operation_id = "openai_model",
    params(("model" = String, Path, description = "Its id; slashes and colons may be escaped or not.")),
    responses((status = 200, body = ModelBody)),
    extensions(("x-permission" = json!("chat:use"))),
)]
pub(super) async fn read(State(app): State<App>, caller: Caller, Path(model): Path<String>) -> Outcome<Json<ModelBody>> {
    Ok(Json(app.openai.model(&caller, &model).await?.into()))
}
