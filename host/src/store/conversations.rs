//! `conversations`: one a row; a deleted one is a tombstone without its words.

use uuid::Uuid;

use super::db::{Reader, Writes};
use super::error::{Error, Result};
use super::page::{Counted, like, slice};
use super::query::Query;
use super::row::rows;
use super::tx::Tx;
use crate::clock::Millis;
use crate::model::conversation::Conversation;
use crate::model::page::{Cursor, Key, Page, Slice, Start};

macro_rules! columns {
    () => {
        "id, user_id, title, persona, last_persona, message_count, created_at, updated_at, deleted_at, version"
    };
}

rows! {
    Conversation { id, user_id, title, persona, last_persona, message_count, created_at, updated_at, deleted_at, version }
}

/// Which of somebody's conversations.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// This text in the title or in a message, whatever its case.
    pub search: Option<String>,
    /// Changed after this time.
    pub updated_after: Option<Millis>,
    /// Tombstones too.
    pub include_deleted: bool,
}

/// Adds a conversation in which nothing was said yet.
pub async fn insert<'a>(db: impl Writes<'a>, conversation: &Conversation) -> Result<()> {
    db.writing(
        "INSERT INTO conversations (id, user_id, title, search_text, persona, created_at, updated_at, version) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
            .into(),
    )
    .bind(conversation.id)
    .bind(conversation.user_id)
    .bind(&conversation.title)
    .bind(conversation.title.to_lowercase())
    .bind(conversation.persona.as_deref())
    .bind(conversation.created_at)
    .bind(conversation.updated_at)
    .bind(conversation.version)
    .execute()
    .await
    .map(drop)
}

/// The user's conversation, unless it is deleted.
pub async fn find<'a>(db: impl Reader<'a>, user: Uuid, id: Uuid) -> Result<Option<Conversation>> {
    db.reading(concat!("SELECT ", columns!(), " FROM conversations WHERE id = $1 AND user_id = $2 AND deleted_at IS NULL").into())
        .bind(id)
        .bind(user)
        .optional()
        .await
}

/// The user's conversations, the one that changed last first.
pub async fn list<'a>(db: impl Reader<'a>, user: Uuid, filter: &Filter, page: &Page) -> Result<Slice<Conversation>> {
    let mut query = db.reading(concat!("SELECT ", columns!(), ", ").into());
    // placeholders are numbered as they are bound, so the user comes again where it is needed again
    if matches!(page.start, Start::Skip(_)) {
        query.push("(SELECT COUNT(*) FROM conversations WHERE user_id = ").value(user);
        narrowed(&mut query, filter);
        query.push(") AS total");
    } else {
        query.push("CAST(NULL AS BIGINT) AS total");
    }
    query.push(" FROM conversations WHERE user_id = ").value(user);
    narrowed(&mut query, filter);
    let mut skip = 0;
    match &page.start {
        Start::Skip(rows) => skip = *rows,
        Start::After(Cursor { key: Key::Int(key), id }) => {
            query.push(" AND (updated_at, id) < (").value(*key).push(", ").value(*id).push(")");
        }
        Start::After(_) => return Err(Error::NotFound),
    }
    query.push(" ORDER BY updated_at DESC, id DESC LIMIT ").value(page.limit + 1).push(" OFFSET ").value(skip);
    let rows: Vec<Counted<Conversation>> = query.all().await?;
    Ok(slice(rows, page, |one| Cursor { key: Key::Int(one.updated_at), id: one.id }))
}

fn narrowed(query: &mut Query<'_>, filter: &Filter) {
    if !filter.include_deleted {
        query.push(" AND deleted_at IS NULL");
    }
    if let Some(after) = filter.updated_after {
        query.push(" AND updated_at > ").value(after);
    }
    if let Some(search) = filter.search.as_deref().filter(|text| !text.trim().is_empty()) {
        let pattern = like(search);
        query.push(" AND (search_text LIKE ").value(pattern.clone());
        query.push(" ESCAPE '!' OR EXISTS (SELECT 1 FROM messages m WHERE m.conversation_id = conversations.id AND m.search_text LIKE ");
        query.value(pattern).push(" ESCAPE '!'))");
    }
}

/// Writes title and persona if the stored version is still `conversation.version`; gives it as it is then.
///
/// [`Error::Stale`] when someone else was first or it is gone.
pub async fn update<'a>(db: impl Writes<'a>, conversation: Conversation) -> Result<Conversation> {
    let changed = db
        .writing(
            "UPDATE conversations SET title = $3, search_text = $4, persona = $5, updated_at = $6, version = version + 1 \
             WHERE id = $1 AND user_id = $2 AND version = $7 AND deleted_at IS NULL"
                .into(),
        )
        .bind(conversation.id)
        .bind(conversation.user_id)
        .bind(&conversation.title)
        .bind(conversation.title.to_lowercase())
        .bind(conversation.persona.as_deref())
        .bind(conversation.updated_at)
        .bind(conversation.version)
        .execute()
        .await?;
    if changed == 0 { Err(Error::Stale) } else { Ok(Conversation { version: conversation.version + 1, ..conversation }) }
}

/// What saying something changes of its conversation.
#[derive(Clone, Copy, Debug, Default)]
pub struct Said<'s> {
    /// The title, if there is none yet.
    pub title: Option<&'s str>,
    /// Who answered.
    pub persona: Option<&'s str>,
    /// How many messages more there are than before.
    pub more: i64,
    /// How many places they take.
    pub places: i64,
}

/// Takes places for messages: the row stays locked until the transaction ends, so that two turns never meet at one place.
///
/// # Errors
/// [`Error::NotFound`] when it is gone.
pub async fn take_place(tx: &mut Tx, user: Uuid, id: Uuid, said: Said<'_>, now: Millis) -> Result<i64> {
    let title = said.title.unwrap_or_default();
    let row: (i64,) = tx
        .query(
            "UPDATE conversations SET next_place = next_place + $3, message_count = message_count + $4, updated_at = $5, \
             title = CASE WHEN title = '' THEN $6 ELSE title END, search_text = CASE WHEN title = '' THEN $7 ELSE search_text END, \
             last_persona = COALESCE($8, last_persona), version = version + 1 \
             WHERE id = $1 AND user_id = $2 AND deleted_at IS NULL RETURNING next_place - $3",
        )
        .bind(id)
        .bind(user)
        .bind(said.places)
        .bind(said.more)
        .bind(now)
        .bind(title)
        .bind(title.to_lowercase())
        .bind(said.persona)
        .one()
        .await?;
    Ok(row.0)
}

/// Deletes it: its messages and runs go, a tombstone stays. `if_version`: only if it still has that version.
///
/// # Errors
/// [`Error::Stale`] when it has another version, or is gone.
pub async fn delete(tx: &mut Tx, user: Uuid, id: Uuid, if_version: Option<i64>, now: Millis) -> Result<()> {
    let mut query = tx
        .query(
            "UPDATE conversations SET title = '', search_text = '', persona = NULL, last_persona = NULL, message_count = 0, \
             deleted_at = $3, updated_at = $3, version = version + 1 WHERE id = $1 AND user_id = $2 AND deleted_at IS NULL",
        )
        .bind(id)
        .bind(user)
        .bind(now);
    if let Some(version) = if_version {
        query.push(" AND version = ").value(version);
    }
    if query.execute().await? == 0 {
        return Err(Error::Stale);
    }
    tx.query("DELETE FROM messages WHERE conversation_id = $1").bind(id).execute().await?;
    super::summaries::remove(tx, id).await?;
    tx.query("DELETE FROM runs WHERE conversation_id = $1").bind(id).execute().await.map(drop)
}

/// Removes tombstones older than `before`; tells how many.
pub async fn purge<'a>(db: impl Writes<'a>, before: Millis) -> Result<u64> {
    db.writing("DELETE FROM conversations WHERE deleted_at < $1".into()).bind(before).execute().await
}
