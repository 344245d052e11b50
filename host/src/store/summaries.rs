//! `conversation_summaries`: what was written of the older part of a conversation, one row each.

use uuid::Uuid;

use super::db::Reader;
use super::error::{Error, Result};
use super::row::rows;
use super::tx::Tx;

/// What stands for the older part of a conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Messages before this place are in it.
    pub place: i64,
    /// The words.
    pub summary: String,
}

rows! { Summary { place, summary } }

/// A conversation's, if there is one.
pub async fn find<'a>(db: impl Reader<'a>, conversation: Uuid) -> Result<Option<Summary>> {
    db.reading("SELECT place, summary FROM conversation_summaries WHERE conversation_id = $1".into()).bind(conversation).optional().await
}

/// Writes it, if the stored one still ends at `before` (0: there is none). The conversation's row stays locked until the
/// transaction ends, so that none is left behind by a conversation that is deleted at the same time.
///
/// # Errors
/// [`Error::NotFound`] when the conversation is gone, [`Error::Stale`] when somebody else was first.
pub async fn put(tx: &mut Tx, user: Uuid, conversation: Uuid, summary: &Summary, before: i64) -> Result<()> {
    let there = tx
        .query("UPDATE conversations SET version = version WHERE id = $1 AND user_id = $2 AND deleted_at IS NULL")
        .bind(conversation)
        .bind(user)
        .execute()
        .await?;
    if there == 0 {
        return Err(Error::NotFound);
    }
    let written = tx
        .query(
            "INSERT INTO conversation_summaries (conversation_id, place, summary) VALUES ($1, $2, $3) \
             ON CONFLICT (conversation_id) DO UPDATE SET place = excluded.place, summary = excluded.summary \
             WHERE conversation_summaries.place = $4",
        )
        .bind(conversation)
        .bind(summary.place)
        .bind(&summary.summary)
        .bind(before)
        .execute()
        .await?;
    if written == 0 { Err(Error::Stale) } else { Ok(()) }
}

/// Removes a conversation's.
pub(super) async fn remove(tx: &mut Tx, conversation: Uuid) -> Result<()> {
    tx.query("DELETE FROM conversation_summaries WHERE conversation_id = $1").bind(conversation).execute().await.map(drop)
}
