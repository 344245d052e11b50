//! `GET /api/v1/auth/methods`

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::Origin;
use crate::app::App;
use crate::plugin::auth_provider::Method;

/// The ways of logging in.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Methods {
    /// One for each bound provider, in the order of their ids.
    methods: Vec<MethodBody>,
}

/// One way of logging in.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MethodBody {
    /// What `provider` of POST `/login` names.
    id: String,
    /// The kind of plugin, always `auth-provider`.
    kind: &'static str,
    /// For a button.
    label: String,
    /// `credentials`: POST `/login`.
    flow: String,
    /// What to ask the person for.
    fields: Vec<FieldBody>,
}

/// One field to ask for.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FieldBody {
    /// Its name in the request.
    name: String,
    /// For people.
    label: String,
    /// `text`, `secret`, …; show an unknown one as text.
    kind: String,
    /// Must be given.
    required: bool,
}

impl From<Method> for MethodBody {
    fn from(method: Method) -> Self {
        let fields = method.fields.into_iter().map(|field| FieldBody {
            name: field.name,
            label: field.label,
            kind: field.kind,
            required: field.required,
        });
        Self { id: method.id, kind: "auth-provider", label: method.label, flow: method.flow, fields: fields.collect() }
    }
}

/// The ways of logging in
#[utoipa::path(
    get, path = "/api/v1/auth/methods", tag = "auth", operation_id = "auth_methods",
    responses((status = 200, body = Methods)),
    extensions(("x-permission" = json!("public"))),
)]
pub(super) async fn methods(State(app): State<App>, Origin(client): Origin) -> Json<Methods> {
    let methods = app.auth.methods(&client.locale).await;
    Json(Methods { methods: methods.into_iter().map(MethodBody::from).collect() })
}
