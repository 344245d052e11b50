//! `refresh_families`, `refresh_tokens`: rotation by compare-and-set.
//!
//! A family knows its current generation; every token ever issued is kept as its SHA-256 with the generation it had. A token
//! of the current generation may rotate; one of the generation before is the other half of a concurrent request while the
//! rotation is young (30 s, decided by the service, which can form the same successor again); anything older was stolen.

use uuid::Uuid;

use super::db::{Db, Reader, Writes};
use super::error::{Error, Result};
use super::row::rows;
use super::tx::Tx;
use crate::clock::Millis;
use crate::model::session::{PresentedToken, RefreshFamily};

rows! {
    RefreshFamily { id, session_id, user_id, generation, token_hash, previous_hash, created_at, rotated_at, expires_at, revoked_at }
}

struct Presented {
    family: RefreshFamily,
    presented: i64,
}
rows! { Presented { family: whole, presented } }

/// Begins a family with its first token.
pub async fn insert(tx: &mut Tx, family: &RefreshFamily) -> Result<()> {
    tx.query(
        "INSERT INTO refresh_families (id, session_id, user_id, generation, token_hash, previous_hash, created_at, rotated_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(family.id)
    .bind(family.session_id)
    .bind(family.user_id)
    .bind(family.generation)
    .bind(family.token_hash.as_slice())
    .bind(family.previous_hash.as_deref())
    .bind(family.created_at)
    .bind(family.rotated_at)
    .bind(family.expires_at)
    .execute()
    .await?;
    remember(tx, family.id, family.generation, &family.token_hash, family.created_at).await
}

async fn remember(tx: &mut Tx, family: Uuid, generation: i64, hash: &[u8], now: Millis) -> Result<()> {
    tx.query("INSERT INTO refresh_tokens (token_hash, family_id, generation, created_at) VALUES ($1, $2, $3, $4)")
        .bind(hash)
        .bind(family)
        .bind(generation)
        .bind(now)
        .execute()
        .await
        .map(drop)
}

/// The family of a presented token, whatever the token's age.
pub async fn find<'a>(db: impl Reader<'a>, token_hash: &[u8]) -> Result<Option<PresentedToken>> {
    let row: Option<Presented> = db
        .reading(
            "SELECT f.id, f.session_id, f.user_id, f.generation, f.token_hash, f.previous_hash, f.created_at, f.rotated_at, f.expires_at, \
             f.revoked_at, t.generation AS presented FROM refresh_tokens t JOIN refresh_families f ON f.id = t.family_id WHERE t.token_hash = $1"
                .into(),
        )
        .bind(token_hash)
        .optional()
        .await?;
    Ok(row.map(|row| PresentedToken { generation: row.presented, family: row.family }))
}

/// A rotation from one token to the next.
#[derive(Clone, Debug)]
pub struct Rotation<'a> {
    /// The family.
    pub family: Uuid,
    /// Generation of the presented token.
    pub from: i64,
    /// SHA-256 of the successor.
    pub successor: &'a [u8],
    /// When.
    pub now: Millis,
    /// Until when the successor is good; the session lives as long.
    pub expires_at: Millis,
}

/// Rotates if the family is still at `from` and not revoked; [`Error::Stale`] otherwise: read again and decide.
pub async fn rotate(db: &Db, rotation: &Rotation<'_>) -> Result<()> {
    let mut tx = db.begin().await?;
    let session: Option<(Uuid,)> = tx
        .query(
            "UPDATE refresh_families SET generation = generation + 1, previous_hash = token_hash, token_hash = $3, rotated_at = $4, expires_at = $5 \
             WHERE id = $1 AND generation = $2 AND revoked_at IS NULL AND expires_at > $4 RETURNING session_id",
        )
        .bind(rotation.family)
        .bind(rotation.from)
        .bind(rotation.successor)
        .bind(rotation.now)
        .bind(rotation.expires_at)
        .optional()
        .await?;
    let Some((session,)) = session else { return Err(Error::Stale) };
    remember(&mut tx, rotation.family, rotation.from + 1, rotation.successor, rotation.now).await?;
    tx.query("UPDATE sessions SET expires_at = $2, last_seen_at = $3 WHERE id = $1")
        .bind(session)
        .bind(rotation.expires_at)
        .bind(rotation.now)
        .execute()
        .await?;
    tx.commit().await
}

/// Ends a family. Its session is ended by [`super::sessions::revoke`].
pub async fn revoke<'a>(db: impl Writes<'a>, family: Uuid, now: Millis) -> Result<()> {
    db.writing("UPDATE refresh_families SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL".into())
        .bind(family)
        .bind(now)
        .execute()
        .await
        .map(drop)
}
