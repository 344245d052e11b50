//! What the host fills in: collections by (plugin, user or none, name). A collection has one vector space, that of its first
//! item; text items are embedded by the host, and anew whenever its own space changes.

use async_trait::async_trait;
use uuid::Uuid;

use crate::capability::BackendError;
use crate::wit::types::values::VectorSpace;

/// One collection. Made by the door from the call, never by a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Collection<'a> {
    /// Name of the plugin; revisions share their collections.
    pub plugin: &'a str,
    /// Whose; `None`: the plugin's own.
    pub user: Option<Uuid>,
    /// `[a-z0-9-]{1,64}`.
    pub name: &'a str,
    /// Most items that all collections of this (plugin, user) may hold after a write, else [`BackendError::Quota`].
    pub max_items: u64,
}

/// Pairs that stand beside an item: at most 16.
pub type Metadata = Vec<(String, String)>;

/// An item whose vector the plugin made.
#[derive(Clone, Debug, PartialEq)]
pub struct VectorItem {
    /// 1…256 bytes without control characters; an item of the same id is replaced.
    pub id: String,
    /// Finite floats, as many as the space has dimensions.
    pub vector: Vec<f32>,
    /// Beside it.
    pub metadata: Metadata,
}

/// An item of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VectorText {
    /// As in [`VectorItem`].
    pub id: String,
    /// 1 byte to 16 KiB.
    pub text: String,
    /// As in [`VectorItem`].
    pub metadata: Metadata,
}

/// What to look for.
#[derive(Clone, Copy, Debug)]
pub enum VectorQuery<'a> {
    /// Items of a space, by a vector of it.
    Vector {
        /// Where the vector lives; items of other spaces are not met.
        space: &'a VectorSpace,
        /// Finite floats, as many as dimensions.
        vector: &'a [f32],
    },
    /// Text items, by text of 1 byte to 4 KiB.
    Text(&'a str),
}

/// One result.
#[derive(Clone, Debug, PartialEq)]
pub struct VectorMatch {
    /// The item's.
    pub id: String,
    /// Cosine, −1…1.
    pub score: f32,
    /// The item's.
    pub metadata: Metadata,
}

/// Collections of vectors. A write is one atomic step.
#[async_trait]
pub trait VectorBackend: Send + Sync {
    /// Stores items and gives how many were new. `invalid` / `vector-space` when the collection has another space.
    async fn upsert(&self, of: Collection<'_>, space: &VectorSpace, items: Vec<VectorItem>) -> Result<u32, BackendError>;
    /// As [`Self::upsert`], of text; unavailable while there is no embedder.
    async fn upsert_text(&self, of: Collection<'_>, items: Vec<VectorText>) -> Result<u32, BackendError>;
    /// Nearest first; only items that have every pair of `equal`. A collection that does not exist is empty.
    async fn search(
        &self,
        of: Collection<'_>,
        query: VectorQuery<'_>,
        limit: u32,
        equal: &[(String, String)],
    ) -> Result<Vec<VectorMatch>, BackendError>;
    /// How many of the ids were there.
    async fn remove(&self, of: Collection<'_>, ids: &[String]) -> Result<u32, BackendError>;
}
