//! `POST /api/v1/admin/plugins`

use axum::body::Body as Bytes;
use axum::extract::State;

use super::views::RevisionBody;
use crate::app::App;
use crate::error::{Code, Fault, Outcome};
use crate::http::{Caller, Created, RequestId};
use crate::service::audit::Actor;

/// The largest component of any kind, bytes.
const LARGEST: usize = 64 << 20;

/// Check, compile and stage a component
///
/// The body is the component as `plug build` made it. Nothing is bound by this. Refused: 422 `PLG_007` with one sentence a
/// finding. The same bytes again answer with the revision that is there; the same version with other bytes is 409, but for
/// versions that end in `-dev`.
#[utoipa::path(post, path = "/api/v1/admin/plugins", tag = "admin", operation_id = "plugins_add",
    request_body(content = Vec<u8>, content_type = "application/wasm"),
    responses((status = 201, body = RevisionBody)), extensions(("x-permission" = json!("plugin:write"))))]
pub(super) async fn add(State(app): State<App>, caller: Caller, request: RequestId, body: Bytes) -> Outcome<Created<RevisionBody>> {
    let bytes =
        axum::body::to_bytes(body, LARGEST).await.map_err(|_| Fault::new(Code::TooLarge).message("a component has at most 64 MiB"))?;
    let view = app.plugins.add(&Actor::of(&caller, &request.0), bytes.to_vec()).await?;
    let location = format!("/api/v1/admin/plugins/{}/{}", view.revision.plugin, view.revision.version);
    Ok(Created { location, version: None, body: view.into() })
}
