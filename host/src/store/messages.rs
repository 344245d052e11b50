//! `messages`: what was said in conversations, in order of their places.

use sqlx::types::Json;
use uuid::Uuid;

use super::db::Reader;
use super::error::{Error, Result};
use super::page::{Counted, slice};
use super::query::Query;
use super::row::rows;
use super::tx::Tx;
use crate::clock::Millis;
use crate::model::conversation::{Message, Speaker};
use crate::model::page::{Cursor, Key, Page, Slice, Start};

/// Messages of one statement.
const BATCH: usize = 100;

macro_rules! columns {
    () => {
        "id, conversation_id, user_id, place, role, content, persona, plugin, plugin_version, digest, memories_used, model, prompt_tokens, \
         completion_tokens, duration_ms, degraded, context, created_at"
    };
}

rows! {
    Message {
        id, conversation_id, user_id, place, role: text, content, persona, rules: rules, memories_used: json, model, prompt_tokens,
        completion_tokens, duration_ms, degraded, context: maybe_json, created_at
    }
    Measured { place, bytes }
    Spoken { role: text, content, created_at }
    Begun { place, role: text, content, created_at }
}

struct Begun {
    place: i64,
    role: Speaker,
    content: String,
    created_at: Millis,
}

/// Where a message stands and how large it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measured {
    /// Its place.
    pub place: i64,
    /// Bytes of its content.
    pub bytes: i64,
}

/// What a later turn needs of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spoken {
    /// By whom.
    pub role: Speaker,
    /// The words.
    pub content: String,
    /// When.
    pub created_at: Millis,
}

/// Adds messages at the places they name.
pub async fn insert(tx: &mut Tx, messages: &[Message]) -> Result<()> {
    for batch in messages.chunks(BATCH) {
        let mut query = tx.query(concat!("INSERT INTO messages (", columns!(), ", search_text) VALUES "));
        for (number, message) in batch.iter().enumerate() {
            query.push(if number == 0 { "(" } else { ", (" });
            row(&mut query, message);
            query.push(")");
        }
        query.execute().await?;
    }
    Ok(())
}

fn row(query: &mut Query<'_>, message: &Message) {
    let rules = message.rules.as_ref();
    query.value(message.id).push(", ").value(message.conversation_id).push(", ").value(message.user_id).push(", ");
    query.value(message.place).push(", ").value(message.role.text()).push(", ").value(&message.content).push(", ");
    query.value(message.persona.as_deref()).push(", ").value(rules.map(|rules| rules.plugin.as_str())).push(", ");
    query.value(rules.map(|rules| rules.version.as_str())).push(", ").value(rules.map(|rules| rules.digest.as_str())).push(", ");
    query.value(Json(&message.memories_used)).push(", ").value(message.model.as_deref()).push(", ");
    query.value(message.prompt_tokens).push(", ").value(message.completion_tokens).push(", ");
    query.value(message.duration_ms).push(", ").value(message.degraded).push(", ");
    query.value(message.context.as_ref().map(Json)).push(", ").value(message.created_at).push(", ");
    query.value(message.content.to_lowercase());
}

/// A conversation's messages, oldest first. Of a conversation that is not the user's: none.
pub async fn of_conversation<'a>(
    db: impl Reader<'a>,
    user: Uuid,
    conversation: Uuid,
    after: Option<Millis>,
    page: &Page,
) -> Result<Slice<Message>> {
    let mut query = db.reading(concat!("SELECT ", columns!(), ", ").into());
    if matches!(page.start, Start::Skip(_)) {
        query.push("(SELECT COUNT(*) FROM messages WHERE ");
        narrowed(&mut query, user, conversation, after);
        query.push(") AS total");
    } else {
        query.push("CAST(NULL AS BIGINT) AS total");
    }
    query.push(" FROM messages WHERE ");
    narrowed(&mut query, user, conversation, after);
    let mut skip = 0;
    match &page.start {
        Start::Skip(rows) => skip = *rows,
        Start::After(Cursor { key: Key::Int(place), .. }) => {
            query.push(" AND place > ").value(*place);
        }
        Start::After(_) => return Err(Error::NotFound),
    }
    query.push(" ORDER BY place LIMIT ").value(page.limit + 1).push(" OFFSET ").value(skip);
    let rows: Vec<Counted<Message>> = query.all().await?;
    Ok(slice(rows, page, |message| Cursor { key: Key::Int(message.place), id: message.id }))
}

fn narrowed(query: &mut Query<'_>, user: Uuid, conversation: Uuid, after: Option<Millis>) {
    query.push("conversation_id = ").value(conversation).push(" AND user_id = ").value(user);
    if let Some(after) = after {
        query.push(" AND created_at > ").value(after);
    }
}

/// One message of the user's conversation.
pub async fn find<'a>(db: impl Reader<'a>, user: Uuid, conversation: Uuid, id: Uuid) -> Result<Option<Message>> {
    db.reading(concat!("SELECT ", columns!(), " FROM messages WHERE id = $1 AND conversation_id = $2 AND user_id = $3").into())
        .bind(id)
        .bind(conversation)
        .bind(user)
        .optional()
        .await
}

/// The last thing that the person said in their conversation.
pub async fn last_of_user<'a>(db: impl Reader<'a>, user: Uuid, conversation: Uuid) -> Result<Option<Message>> {
    db.reading(
        concat!(
            "SELECT ",
            columns!(),
            " FROM messages WHERE conversation_id = $1 AND user_id = $2 AND role = 'user' ORDER BY place DESC LIMIT 1"
        )
        .into(),
    )
    .bind(conversation)
    .bind(user)
    .optional()
    .await
}

/// Places and sizes of the last `most` messages before a place, the last one first.
pub async fn measured<'a>(db: impl Reader<'a>, conversation: Uuid, before: i64, most: i64) -> Result<Vec<Measured>> {
    db.reading(
        "SELECT place, CAST(OCTET_LENGTH(content) AS BIGINT) AS bytes FROM messages WHERE conversation_id = $1 AND place < $2 \
         ORDER BY place DESC LIMIT $3"
            .into(),
    )
    .bind(conversation)
    .bind(before)
    .bind(most)
    .all()
    .await
}

/// What was said from one place up to before another, oldest first.
pub async fn spoken<'a>(db: impl Reader<'a>, conversation: Uuid, from: i64, before: i64) -> Result<Vec<Spoken>> {
    db.reading(
        "SELECT role, content, created_at FROM messages WHERE conversation_id = $1 AND place >= $2 AND place < $3 ORDER BY place".into(),
    )
    .bind(conversation)
    .bind(from)
    .bind(before)
    .all()
    .await
}

/// As [`spoken`], at most `most` of them and at most `letters` of each, with their places.
pub async fn begun<'a>(
    db: impl Reader<'a>,
    conversation: Uuid,
    from: i64,
    before: i64,
    letters: i64,
    most: i64,
) -> Result<Vec<(i64, Spoken)>> {
    let rows: Vec<Begun> = db
        .reading(
            "SELECT place, role, SUBSTR(content, 1, CAST($4 AS INTEGER)) AS content, created_at FROM messages \
             WHERE conversation_id = $1 AND place >= $2 AND place < $3 ORDER BY place LIMIT $5"
                .into(),
        )
        .bind(conversation)
        .bind(from)
        .bind(before)
        .bind(letters)
        .bind(most)
        .all()
        .await?;
    let told = |row: Begun| (row.place, Spoken { role: row.role, content: row.content, created_at: row.created_at });
    Ok(rows.into_iter().map(told).collect())
}

/// How many messages stand before a place.
pub async fn count_before<'a>(db: impl Reader<'a>, conversation: Uuid, before: i64) -> Result<i64> {
    let row: (i64,) = db
        .reading("SELECT COUNT(*) FROM messages WHERE conversation_id = $1 AND place < $2".into())
        .bind(conversation)
        .bind(before)
        .one()
        .await?;
    Ok(row.0)
}

/// How the person's last `most` messages from one place up to before another begin, at most `letters` each, oldest first.
pub async fn openings<'a>(db: impl Reader<'a>, conversation: Uuid, from: i64, before: i64, letters: i64, most: i64) -> Result<Vec<String>> {
    let mut rows: Vec<(String,)> = db
        .reading(
            "SELECT SUBSTR(content, 1, CAST($4 AS INTEGER)) FROM messages \
             WHERE conversation_id = $1 AND place >= $2 AND place < $3 AND role = 'user' ORDER BY place DESC LIMIT $5"
                .into(),
        )
        .bind(conversation)
        .bind(from)
        .bind(before)
        .bind(letters)
        .bind(most)
        .all()
        .await?;
    rows.reverse();
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// The answers that follow a place.
pub async fn answers_after<'a>(db: impl Reader<'a>, conversation: Uuid, place: i64) -> Result<Vec<Uuid>> {
    let rows: Vec<(Uuid,)> = db
        .reading("SELECT id FROM messages WHERE conversation_id = $1 AND place > $2 AND role = 'assistant' ORDER BY place".into())
        .bind(conversation)
        .bind(place)
        .all()
        .await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// Removes these messages of a conversation; tells how many were there.
pub async fn remove(tx: &mut Tx, conversation: Uuid, ids: &[Uuid]) -> Result<u64> {
    if ids.is_empty() {
        return Ok(0);
    }
    let mut query = tx.query("DELETE FROM messages WHERE conversation_id = $1").bind(conversation);
    query.and_in("id", ids.iter().copied());
    query.execute().await
}
