//! What depends on a content alone, made ready before a transaction begins.

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::Memories;
use super::chunk::{self, Piece};
use super::words::Words;
use crate::model::memory::{Memory, StoredChunk};
use crate::model::vector::Chunk;
use crate::service::embedding::Ahead;
use crate::store::memories::Indexed;

/// A content, ready to be written.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) hash: [u8; 32],
    pieces: Vec<Piece>,
    pub(super) chunks: Vec<Chunk>,
    pub(super) ahead: Ahead,
}

/// The hash by which contents are the same: spaces count once, those around not at all. Letters count as they are.
pub(super) fn hash(content: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    for (at, word) in content.split_whitespace().enumerate() {
        if at > 0 {
            hash.update(b" ");
        }
        hash.update(word);
    }
    hash.finalize().into()
}

impl Text {
    /// What is written of `memory`, whose content this is.
    pub(super) fn indexed(&self, memory: &Memory) -> Indexed {
        let words = Words::of(memory.user_id, &memory.title, &memory.content);
        let chunks = self.pieces.iter().zip(&self.chunks).zip(0..).map(|((piece, chunk), position)| StoredChunk {
            id: chunk.id,
            memory_id: memory.id,
            position,
            begins: whole(piece.at.start),
            ends: whole(piece.at.end),
            tokens: whole(piece.tokens),
        });
        Indexed { hash: self.hash.to_vec(), chunks: chunks.collect(), length: words.length, bag: words.bag, words: words.keys }
    }
}

fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

impl Memories {
    /// Cuts a content; its vectors are not asked for.
    pub(super) fn cut(&self, content: &str) -> Text {
        let pieces = chunk::cut(content);
        let chunk = |piece: &Piece| Chunk { id: self.0.ids.id(), text: content[piece.at.clone()].to_owned() };
        Text { hash: hash(content), chunks: pieces.iter().map(chunk).collect(), pieces, ahead: Ahead::later() }
    }

    /// Cuts a content and asks for its vectors, for as long as a write waits.
    pub(super) async fn ready(&self, content: &str) -> Text {
        let mut text = self.cut(content);
        text.ahead = self.0.embeddings.ahead(&text.chunks).await;
        text
    }

    /// As [`Memories::ready`] of several, by one question. `many`: nobody waits for vectors from another process.
    pub(super) async fn ready_all(&self, contents: impl IntoIterator<Item = &str>, many: bool) -> Vec<Text> {
        let mut texts: Vec<Text> = contents.into_iter().map(|content| self.cut(content)).collect();
        let chunks: Vec<Vec<Chunk>> = texts.iter().map(|text| text.chunks.clone()).collect();
        let ahead = self.0.embeddings.ahead_all(&chunks, many).await;
        texts.iter_mut().zip(ahead).for_each(|(text, ahead)| text.ahead = ahead);
        texts
    }

    /// A new id.
    pub(super) fn id(&self) -> Uuid {
        self.0.ids.id()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_do_not_make_another_text_and_letters_do() {
        assert_eq!(hash(" one\n two  three "), hash("one two three"));
        assert_ne!(hash("one two three"), hash("onetwo three"));
        assert_ne!(hash("Polish"), hash("polish"));
    }
}
