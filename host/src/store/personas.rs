//! `persona_settings`, `persona_switches`.

use sqlx::types::Json;
use uuid::Uuid;

use super::db::{Reader, Writes};
use super::error::Result;
use super::row::rows;
use super::tx::Tx;
use crate::clock::Millis;
use crate::model::page::{Cursor, Key, Page, Slice, Start};
use crate::model::persona::{ModeSwitch, PersonaSettings, Worldview};

rows! {
    PersonaSettings { active_persona, worldview: maybe_json, version }
    ModeSwitch { id, user_id, mode, previous_mode, reason, created_at }
}

/// What somebody has set; the defaults when they have set nothing.
pub async fn get<'a>(db: impl Reader<'a>, user: Uuid) -> Result<PersonaSettings> {
    let row = db
        .reading("SELECT active_persona, worldview, version FROM persona_settings WHERE user_id = $1".into())
        .bind(user)
        .optional()
        .await?;
    Ok(row.unwrap_or_default())
}

/// The same, and nobody else changes it before the transaction ends. Conflict `foreign_key`: nobody's account.
pub async fn hold(tx: &mut Tx, user: Uuid, now: Millis) -> Result<PersonaSettings> {
    tx.query(
        "INSERT INTO persona_settings (user_id, updated_at) VALUES ($1, $2) \
         ON CONFLICT (user_id) DO UPDATE SET updated_at = excluded.updated_at RETURNING active_persona, worldview, version",
    )
    .bind(user)
    .bind(now)
    .one()
    .await
}

/// Sets the worldview of somebody whose settings are held; gives its version.
pub async fn set_worldview(tx: &mut Tx, user: Uuid, worldview: Option<&Worldview>) -> Result<i64> {
    let row: (i64,) = tx
        .query("UPDATE persona_settings SET worldview = $2, version = version + 1 WHERE user_id = $1 RETURNING version")
        .bind(user)
        .bind(worldview.map(Json))
        .one()
        .await?;
    Ok(row.0)
}

/// Sets whom somebody has chosen, whose settings are held, and notes the change.
pub async fn switch(tx: &mut Tx, switch: &ModeSwitch) -> Result<()> {
    tx.query("UPDATE persona_settings SET active_persona = $2 WHERE user_id = $1")
        .bind(switch.user_id)
        .bind(switch.mode.as_deref())
        .execute()
        .await?;
    note(tx, switch).await
}

async fn note<'a>(db: impl Writes<'a>, switch: &ModeSwitch) -> Result<()> {
    db.writing("INSERT INTO persona_switches (id, user_id, mode, previous_mode, reason, created_at) VALUES ($1, $2, $3, $4, $5, $6)".into())
        .bind(switch.id)
        .bind(switch.user_id)
        .bind(switch.mode.as_deref())
        .bind(switch.previous_mode.as_deref())
        .bind(switch.reason.as_deref())
        .bind(switch.created_at)
        .execute()
        .await
        .map(drop)
}

/// How often somebody has chosen.
pub async fn count_switches<'a>(db: impl Reader<'a>, user: Uuid) -> Result<i64> {
    let row: (i64,) = db.reading("SELECT COUNT(*) FROM persona_switches WHERE user_id = $1".into()).bind(user).one().await?;
    Ok(row.0)
}

/// Choices made after `after`, newest first.
pub async fn switches<'a>(db: impl Reader<'a>, user: Uuid, after: Option<Millis>, page: &Page) -> Result<Slice<ModeSwitch>> {
    let mut query = db
        .reading(
            "SELECT id, user_id, mode, previous_mode, reason, created_at, \
             CASE WHEN $3 THEN (SELECT COUNT(*) FROM persona_switches c WHERE c.user_id = $1 AND c.created_at > $2) END AS total \
             FROM persona_switches WHERE user_id = $1 AND created_at > $2"
                .into(),
        )
        .bind(user)
        .bind(after.unwrap_or(Millis::MIN))
        .bind(matches!(page.start, Start::Skip(_)));
    let mut skip = 0;
    match &page.start {
        Start::Skip(rows) => skip = *rows,
        Start::After(Cursor { key, id }) => {
            let key = if let Key::Int(key) = key { *key } else { Millis::MAX };
            query.push(" AND (created_at, id) < (").value(key).push(", ").value(*id).push(")");
        }
    }
    query.push(" ORDER BY created_at DESC, id DESC LIMIT ").value(page.limit + 1).push(" OFFSET ").value(skip);
    let rows: Vec<super::page::Counted<ModeSwitch>> = query.all().await?;
    Ok(super::page::slice(rows, page, |switch| Cursor { key: Key::Int(switch.created_at), id: switch.id }))
}
