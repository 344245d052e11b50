//! `memory_chunks`.

use uuid::Uuid;

use crate::model::memory::StoredChunk;
use crate::model::vector::Chunk;
use crate::store::db::Reader;
use crate::store::error::Result;
use crate::store::row::rows;
use crate::store::tx::Tx;

rows! { StoredChunk { id, memory_id, position, begins, ends, tokens } }

/// Chunks of one INSERT: six values each.
const ROWS: usize = 500;

/// Writes the chunks of one memory in place of those that were there.
pub async fn put_chunks(tx: &mut Tx, chunks: &[StoredChunk]) -> Result<()> {
    for part in chunks.chunks(ROWS) {
        let mut query = tx.query("INSERT INTO memory_chunks (id, memory_id, position, begins, ends, tokens) VALUES ");
        for (at, chunk) in part.iter().enumerate() {
            query.push(if at == 0 { "(" } else { ", (" }).value(chunk.id).push(", ").value(chunk.memory_id);
            query.push(", ").value(chunk.position).push(", ").value(chunk.begins).push(", ").value(chunk.ends);
            query.push(", ").value(chunk.tokens).push(")");
        }
        query.execute().await?;
    }
    Ok(())
}

/// Removes the chunks of a memory.
pub async fn drop_chunks(tx: &mut Tx, memory: Uuid) -> Result<()> {
    tx.query("DELETE FROM memory_chunks WHERE memory_id = $1").bind(memory).execute().await.map(drop)
}

/// The chunks of a memory, in order.
pub async fn chunks<'a>(db: impl Reader<'a>, memory: Uuid) -> Result<Vec<StoredChunk>> {
    db.reading("SELECT id, memory_id, position, begins, ends, tokens FROM memory_chunks WHERE memory_id = $1 ORDER BY position".into())
        .bind(memory)
        .all()
        .await
}

/// What is embedded of these of the user's active memories: each chunk with its memory and text, in order.
pub async fn chunks_of<'a>(db: impl Reader<'a>, user: Uuid, memories: &[Uuid]) -> Result<Vec<(Uuid, Chunk)>> {
    if memories.is_empty() {
        return Ok(Vec::new());
    }
    let mut query = db
        .reading(
            "SELECT c.id, c.memory_id, c.position, c.begins, c.ends, c.tokens, CASE WHEN c.position = 0 THEN m.content END AS content \
             FROM memory_chunks c JOIN memories m ON m.id = c.memory_id WHERE (m.user_id = $1) IS TRUE AND m.is_active"
                .into(),
        )
        .bind(user);
    query.and_in("c.memory_id", memories.iter().copied());
    query.push(" ORDER BY c.memory_id, c.position");
    let rows: Vec<Cut> = query.all().await?;
    let (mut content, mut cut) = (String::new(), Vec::with_capacity(rows.len()));
    for row in rows {
        // the content comes once, with its first chunk
        if let Some(text) = row.content {
            content = text;
        }
        cut.push((row.chunk.memory_id, Chunk { id: row.chunk.id, text: row.chunk.of(&content).to_owned() }));
    }
    Ok(cut)
}

/// A chunk; the first one of a memory with its content.
struct Cut {
    chunk: StoredChunk,
    content: Option<String>,
}

rows! { Cut { chunk: whole, content } }
