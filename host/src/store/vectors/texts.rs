//! `vector_texts`: what plugins' text items were made of, so that the host can embed them anew.

use std::collections::HashMap;

use sqlx::types::Json;
use uuid::Uuid;

use super::{IDS, ROWS, Touched, last_of_each};
use crate::model::vector::{Metadata, Space};
use crate::store::db::Reader;
use crate::store::error::Result;
use crate::store::row::rows;
use crate::store::tx::Tx;

/// A plugin's text.
#[derive(Clone, Debug, PartialEq)]
pub struct TextItem {
    /// Unique on its shelf.
    pub item: String,
    /// What is embedded.
    pub text: String,
    /// Pairs.
    pub metadata: Metadata,
}

rows! { TextItem { item, text, metadata: json } }

/// Writes plugins' texts; one of the same id is replaced, and of two of one id the last is written.
pub async fn put_texts(tx: &mut Tx, shelf: Touched, texts: &[TextItem]) -> Result<()> {
    for part in last_of_each(texts, |text| &text.item).chunks(ROWS) {
        let mut query = tx.query("INSERT INTO vector_texts (shelf, item, text, metadata) VALUES ");
        for (at, text) in part.iter().enumerate() {
            query.push(if at == 0 { "(" } else { ", (" }).value(shelf.id).push(", ").value(text.item.as_str());
            query.push(", ").value(text.text.as_str()).push(", ").value(Json(&text.metadata)).push(")");
        }
        query.push(" ON CONFLICT (shelf, item) DO UPDATE SET text = excluded.text, metadata = excluded.metadata");
        query.execute().await?;
    }
    Ok(())
}

/// Removes plugins' texts by id.
pub async fn remove_texts(tx: &mut Tx, shelf: Touched, items: &[&str]) -> Result<()> {
    for part in items.chunks(IDS) {
        let mut query = tx.query("DELETE FROM vector_texts WHERE shelf = $1").bind(shelf.id);
        query.and_in("item", part.iter().copied());
        query.execute().await?;
    }
    Ok(())
}

/// Texts of a shelf whose vector is not of this space yet, by item beyond `after`.
pub async fn texts_outside<'a>(db: impl Reader<'a>, shelf: Uuid, space: &Space, after: &str, limit: i64) -> Result<Vec<TextItem>> {
    db.reading(
        "SELECT t.item, t.text, t.metadata FROM vector_texts t WHERE t.shelf = $1 AND t.item > $4 AND NOT EXISTS (SELECT 1 FROM vectors v \
         WHERE v.shelf = t.shelf AND v.item = t.item AND v.model = $2 AND v.dimension = $3) ORDER BY t.item LIMIT $5"
            .into(),
    )
    .bind(shelf)
    .bind(space.model.as_str())
    .bind(i64::from(space.dimension))
    .bind(after)
    .bind(limit)
    .all()
    .await
}

/// Which of these texts still stand as they are and have no vector of this space.
pub async fn still_texts(tx: &mut Tx, shelf: Touched, space: &Space, texts: &[TextItem]) -> Result<Vec<String>> {
    let mut still = Vec::with_capacity(texts.len());
    for part in texts.chunks(IDS) {
        let mut query = tx
            .query(
                "SELECT t.item, t.text, t.metadata FROM vector_texts t WHERE t.shelf = $1 AND NOT EXISTS (SELECT 1 FROM vectors v \
                 WHERE v.shelf = t.shelf AND v.item = t.item AND v.model = $2 AND v.dimension = $3)",
            )
            .bind(shelf.id)
            .bind(space.model.as_str())
            .bind(i64::from(space.dimension));
        query.and_in("t.item", part.iter().map(|text| text.item.as_str()));
        let now: Vec<TextItem> = query.all().await?;
        let now: HashMap<&str, &TextItem> = now.iter().map(|text| (text.item.as_str(), text)).collect();
        still.extend(part.iter().filter(|text| now.get(text.item.as_str()) == Some(text)).map(|text| text.item.clone()));
    }
    Ok(still)
}
