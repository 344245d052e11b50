//! Plugins' own collections (`vector/index`): text items, which the host embeds and embeds anew, and vectors of a named space.
//!
//! Scope and grant are decided by the runtime's door; here a collection is a shelf. A collection holds one sort: it has
//! texts or it has vectors of one space, and is refused the other.

use std::sync::Arc;

use super::{Desk, Error as EmbedError};
use crate::clock::IdSource;
use crate::model::vector::{Metadata, Shelf, Space, VectorItem};
use crate::store::vectors::{self, TextItem};
use crate::store::{self, Db, Tx};
use crate::vector::{self, Hit, Remove, Search, VectorStore};

/// Items a collection may hold, whatever was granted.
pub const ITEMS: u64 = 10_000;

/// Why a collection refuses.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Over what was granted, or over [`ITEMS`].
    #[error("the collection is full")]
    Full,
    /// The collection has another space than the one named, or texts where vectors were given.
    #[error("the collection is of the space `{0}`")]
    OtherSpace(Space),
    /// There are no vectors of texts now.
    #[error(transparent)]
    Embedding(#[from] EmbedError),
    /// A vector does not fit, or the store failed.
    #[error(transparent)]
    Vectors(#[from] vector::Error),
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        Self::Vectors(error.into())
    }
}

/// What a collection returns.
pub type Result<T> = std::result::Result<T, Error>;

/// See the module.
pub struct Collections {
    db: Db,
    ids: Arc<dyn IdSource>,
    vectors: Arc<dyn VectorStore>,
    desk: Arc<Desk>,
}

impl Collections {
    /// Over these.
    pub fn new(db: Db, ids: Arc<dyn IdSource>, vectors: Arc<dyn VectorStore>, desk: Arc<Desk>) -> Self {
        Self { db, ids, vectors, desk }
    }

    /// Writes vectors that the plugin made, into at most `most` items; tells how many are new.
    pub async fn upsert(&self, of: &Shelf, space: &Space, items: &[VectorItem], most: u64) -> Result<u32> {
        let mut tx = self.db.begin().await?;
        let touched = vectors::touch(&mut tx, of, self.ids.id()).await?;
        let sort = vectors::sort(&mut tx, touched).await?;
        if sort.texts || sort.space.as_ref().is_some_and(|own| own != space) {
            return Err(Error::OtherSpace(sort.space.unwrap_or_else(|| self.desk.space().clone())));
        }
        let ids: Vec<&str> = items.iter().map(|item| item.id.as_str()).collect();
        let new = self.room(&mut tx, of, touched, &ids, most).await?;
        self.vectors.upsert(&mut tx, of, space, items).await?;
        self.commit(tx).await?;
        Ok(new)
    }

    /// Writes texts, embedded first, into at most `most` items; tells how many are new.
    pub async fn upsert_text(&self, of: &Shelf, items: &[TextItem], most: u64) -> Result<u32> {
        let texts: Vec<String> = items.iter().map(|item| item.text.clone()).collect();
        let embedded = self.desk.patient(&texts).await?;
        let mut tx = self.db.begin().await?;
        let touched = vectors::touch(&mut tx, of, self.ids.id()).await?;
        let sort = vectors::sort(&mut tx, touched).await?;
        if let (false, Some(space)) = (sort.texts, sort.space) {
            return Err(Error::OtherSpace(space));
        }
        let ids: Vec<&str> = items.iter().map(|item| item.item.as_str()).collect();
        let new = self.room(&mut tx, of, touched, &ids, most).await?;
        let rows: Vec<VectorItem> = items
            .iter()
            .zip(embedded.vectors.into_iter().zip(embedded.hashes))
            .map(|(item, (vector, hash))| VectorItem { id: item.item.clone(), parent: None, hash, vector, metadata: item.metadata.clone() })
            .collect();
        vectors::put_texts(&mut tx, touched, items).await?;
        self.vectors.upsert(&mut tx, of, &embedded.space, &rows).await?;
        self.commit(tx).await?;
        Ok(new)
    }

    /// Nearest first, among items that have every pair. A collection that does not exist is empty.
    pub async fn search(&self, of: &Shelf, space: &Space, query: &[f32], limit: usize, pairs: &Metadata) -> Result<Vec<Hit>> {
        let search = Search { where_equal: pairs, ..Search::items(space, query, limit) };
        Ok(self.vectors.search(of, search).await?)
    }

    /// As [`Collections::search`], of texts by text. While items are on their way to a new space, both are asked.
    pub async fn search_text(&self, of: &Shelf, query: &str, limit: usize, pairs: &Metadata) -> Result<Vec<Hit>> {
        let (mut hits, mut away, mut asked) = (Vec::new(), None, false);
        for round in 0..2 {
            // as with memories: ours last, so that what moves is met at least once
            let mut spaces = self.vectors.spaces(of).await?;
            spaces.sort_by_key(|(space, _)| space == self.desk.space());
            for (space, _) in spaces.iter().filter(|(space, _)| round == 0 || space == self.desk.space()) {
                asked |= space == self.desk.space();
                match self.desk.query(space, query).await {
                    Ok(vector) => hits.push(self.search(of, space, &vector, limit, pairs).await?),
                    Err(error) => away = Some(error),
                }
            }
            if asked || spaces.is_empty() {
                break;
            }
        }
        if let (true, Some(error)) = (hits.is_empty(), away) {
            return Err(error.into());
        }
        Ok(merged(hits, limit))
    }

    /// Removes items; tells how many there were.
    pub async fn remove(&self, of: &Shelf, items: &[&str]) -> Result<u32> {
        let mut tx = self.db.begin().await?;
        if vectors::state(&mut tx, of).await?.is_none() {
            return Ok(0);
        }
        let touched = vectors::touch(&mut tx, of, self.ids.id()).await?;
        let known = vectors::known(&mut tx, touched, items).await?;
        vectors::remove_texts(&mut tx, touched, items).await?;
        self.vectors.remove(&mut tx, of, Remove::Items(items)).await?;
        self.commit(tx).await?;
        Ok(known)
    }

    /// Refuses what would pass the bound; tells how many are new. The shelf's row is held, so two writers cannot pass it together.
    async fn room(&self, tx: &mut Tx, of: &Shelf, touched: vectors::Touched, items: &[&str], most: u64) -> Result<u32> {
        let mut distinct = items.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        let known = vectors::known(tx, touched, &distinct).await?;
        let new = u32::try_from(distinct.len()).unwrap_or(u32::MAX) - known;
        if new > 0 {
            // the bound of a collection, and the grant's bound of all collections of this plugin and user together
            let (here, together) = vectors::count(tx, touched, of).await?;
            if here + u64::from(new) > ITEMS || together + u64::from(new) > most {
                return Err(Error::Full);
            }
        }
        Ok(new)
    }

    async fn commit(&self, tx: Tx) -> Result<()> {
        tx.commit().await?;
        Ok(self.vectors.settle().await?)
    }
}

/// Results of several spaces as one list: by rank, since cosines of two spaces do not compare.
pub fn merged(mut lists: Vec<Vec<Hit>>, limit: usize) -> Vec<Hit> {
    if lists.len() < 2 {
        return lists.pop().unwrap_or_default();
    }
    let mut ranked: Vec<(usize, Hit)> = lists.into_iter().flat_map(|list| list.into_iter().enumerate()).collect();
    ranked.sort_by(|(a, left), (b, right)| {
        a.cmp(b).then_with(|| right.score.total_cmp(&left.score)).then_with(|| left.item.cmp(&right.item))
    });
    let mut seen = std::collections::HashSet::new();
    ranked.retain(|(_, hit)| seen.insert((hit.parent, hit.parent.is_none().then(|| hit.item.clone()))));
    ranked.into_iter().map(|(_, hit)| hit).take(limit).collect()
}
