//! Search by nearness: one trait, one store today, one suite for every store.
//!
//! ```text
//! mod.rs          trait VectorStore: what every store promises
//! embedded.rs     the default: rows in the platform's database are the truth, an index of each shelf in memory on demand
//! index.rs        what a host knows of a shelf: a writer that follows the database, a view that searches read
//! slab.rs         one space of one shelf in memory: int8 rows, ids, parents
//! shortlist.rs    from scores of the integer pass to exact ones
//! kernel.rs       arithmetic: int8 and float dot products
//! conformance/    the suite: whoever joins runs it
//! ```
//! A vector never meets one of another space. Writes happen in the caller's transaction, so that a memory and its vectors
//! cannot part; a store that lives elsewhere keeps its own outbox in that transaction and delivers it in `settle`.

#[cfg(test)]
mod conformance;
pub mod embedded;
mod index;
mod kernel;
mod shortlist;
mod slab;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::HashSet;

use async_trait::async_trait;
use uuid::Uuid;

use crate::error::{Code, Failure};
use crate::model::vector::{Metadata, Shelf, Space, VectorItem};
use crate::store::{self, Tx};

/// Floats a vector may have.
pub const DIMENSIONS: std::ops::RangeInclusive<u32> = 1..=4096;

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A vector is not as long as its space says.
    #[error("a vector of {got} floats does not belong to the space `{space}`")]
    Dimension {
        /// The space.
        space: Space,
        /// Floats it had.
        got: usize,
    },
    /// NaN or infinity.
    #[error("a vector with a float that is not finite")]
    NotFinite,
    /// All zeros: it has no direction, so it is neither near nor far.
    #[error("a vector whose floats are all zero")]
    Zero,
    /// The database below.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// Another store is away.
    #[error("the vector store is away: {0}")]
    Away(String),
}

/// What a vector store returns.
pub type Result<T> = std::result::Result<T, Error>;

impl Failure for Error {
    fn code(&self) -> Code {
        match self {
            Self::Dimension { .. } | Self::NotFinite | Self::Zero => Code::Validation,
            Self::Store(error) => error.code(),
            Self::Away(_) => Code::VectorsUnavailable,
        }
    }

    fn public(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::Dimension { .. } | Self::NotFinite | Self::Zero => Some(Cow::Owned(self.to_string())),
            Self::Store(error) => error.public(),
            Self::Away(_) => None,
        }
    }
}

/// What is looked for. Filters hold before anything is scored: a search within few items finds the nearest of these.
#[derive(Clone, Copy, Debug)]
pub struct Search<'a> {
    /// The query's space.
    pub space: &'a Space,
    /// As long as the space says.
    pub query: &'a [f32],
    /// Results at most.
    pub limit: usize,
    /// Each parent once, with its best item, instead of each item; an item without a parent stands for itself.
    pub by_parent: bool,
    /// Only items of these parents.
    pub within: Option<&'a HashSet<Uuid>>,
    /// No item of this parent.
    pub without: Option<Uuid>,
    /// Only items that have every one of these pairs.
    pub where_equal: &'a [(String, String)],
}

impl<'a> Search<'a> {
    /// Nearest items, without a filter.
    pub const fn items(space: &'a Space, query: &'a [f32], limit: usize) -> Self {
        Self { space, query, limit, by_parent: false, within: None, without: None, where_equal: &[] }
    }

    /// Nearest parents, without a filter.
    pub const fn parents(space: &'a Space, query: &'a [f32], limit: usize) -> Self {
        Self { by_parent: true, ..Self::items(space, query, limit) }
    }

    /// Whether the filters let an item through.
    fn lets_through(&self, parent: Option<Uuid>, pairs: &[(String, String)]) -> bool {
        let within = self.within.is_none_or(|within| parent.is_some_and(|parent| within.contains(&parent)));
        let without = self.without.is_some() && self.without == parent;
        within && !without && self.where_equal.iter().all(|wanted| pairs.contains(wanted))
    }
}

/// A result.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// The item's id.
    pub item: String,
    /// What it is a part of.
    pub parent: Option<Uuid>,
    /// Cosine, −1…1, of the floats themselves.
    pub score: f32,
    /// The item's.
    pub metadata: Metadata,
}

/// What to remove of a shelf.
#[derive(Clone, Copy, Debug)]
pub enum Remove<'a> {
    /// Items by id.
    Items(&'a [&'a str]),
    /// Everything that is a part of these.
    Parents(&'a [Uuid]),
    /// Everything of other spaces than this one.
    OtherSpaces(&'a Space),
}

/// How much of a store is in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Shelves with an index.
    pub shelves: usize,
    /// Bytes of these indexes.
    pub bytes: usize,
}

/// Vectors by shelf and space.
#[async_trait]
pub trait VectorStore: Send + Sync + 'static {
    /// Writes items of one space within a transaction; one of the same id is replaced, whatever space it had, and of two of
    /// one id the last stands. Nothing is written when one of them does not fit the space: as long as it says, every float
    /// finite, not all of them zero.
    async fn upsert(&self, tx: &mut Tx, of: &Shelf, space: &Space, items: &[VectorItem]) -> Result<()>;

    /// Removes within a transaction; tells how many vectors there were. What does not exist is no error.
    async fn remove(&self, tx: &mut Tx, of: &Shelf, what: Remove<'_>) -> Result<u64>;

    /// Removes all shelves of a user, plugins' included, within a transaction.
    async fn forget_user(&self, tx: &mut Tx, user: Uuid) -> Result<()>;

    /// Delivers what committed transactions left to deliver. Stores that write rows have nothing to do.
    async fn settle(&self) -> Result<()> {
        Ok(())
    }

    /// Nearest first; equal scores by item id. A shelf that does not exist is empty. What a committed transaction removed
    /// is never found, by whichever host.
    async fn search(&self, of: &Shelf, search: Search<'_>) -> Result<Vec<Hit>>;

    /// How many vectors of each space a shelf has, most first.
    async fn spaces(&self, of: &Shelf) -> Result<Vec<(Space, u64)>>;

    /// The vectors of one parent, with their space.
    async fn of_parent(&self, of: &Shelf, parent: Uuid) -> Result<Vec<(Space, Vec<f32>)>>;

    /// What is held in memory.
    fn usage(&self) -> Usage;
}

/// What the first pass alone finds among these vectors, best first: for the figure of its recall.
#[doc(hidden)]
pub fn in_eight_bits(vectors: &[Vec<f32>], query: &[f32]) -> Vec<usize> {
    let query = kernel::Query::of(query);
    let mut scored: Vec<(f32, usize)> = Vec::with_capacity(vectors.len());
    for (at, vector) in vectors.iter().enumerate() {
        let mut row = Vec::with_capacity(vector.len());
        let factor = kernel::quantize(vector, &mut row);
        scored.push((query.near(&row, factor), at));
    }
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    scored.into_iter().map(|(_, at)| at).collect()
}

/// Refuses vectors that do not belong to a space.
fn fits(space: &Space, vector: &[f32]) -> Result<()> {
    if vector.len() != space.dimension as usize {
        return Err(Error::Dimension { space: space.clone(), got: vector.len() });
    }
    if vector.iter().any(|value| !value.is_finite()) {
        return Err(Error::NotFinite);
    }
    if vector.iter().all(|value| *value == 0.0) {
        return Err(Error::Zero);
    }
    Ok(())
}
