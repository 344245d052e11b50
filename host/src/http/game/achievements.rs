//! `GET /api/v1/game/achievements`

use axum::Json;
use axum::extract::State;

use super::body::AchievementBody;
use crate::app::App;
use crate::error::Outcome;
use crate::http::{Caller, ListQuery, Page, Query};

/// List achievements
///
/// All that the bound rules announce, and those the caller has from any rules.
#[utoipa::path(
    get, path = "/api/v1/game/achievements", tag = "game", operation_id = "game_achievements",
    params(ListQuery),
    responses((status = 200, body = Page<AchievementBody>)),
    extensions(("x-permission" = json!("task:read"))),
)]
pub async fn achievements(State(app): State<App>, caller: Caller, Query(list): Query<ListQuery>) -> Outcome<Json<Page<AchievementBody>>> {
    let all = app.game.achievements(&caller).await?;
    Ok(Json(Page::held(all.into_iter().map(Into::into).collect(), &list)?))
}
