//! Vectors: which space, whose shelf, what stands on it.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Where vectors live. Vectors of two spaces are never compared.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Space {
    /// Name of the embedding model, 1…256 bytes, e.g. `hashed-ngram-v1`.
    pub model: String,
    /// Floats in each vector, 1…4096.
    pub dimension: u32,
}

impl std::fmt::Display for Space {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.model, self.dimension)
    }
}

/// One collection of one owner: the unit of loading, of generations and of forgetting.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Shelf {
    /// A plugin's name; empty: the platform's own.
    pub plugin: String,
    /// The user; [`Uuid::nil`]: nobody's.
    pub user: Uuid,
    /// The collection's name.
    pub collection: String,
}

impl Shelf {
    /// The chunks of a user's memories; an item is a chunk, its parent the memory.
    pub fn memories(user: Uuid) -> Self {
        Self { plugin: String::new(), user, collection: "memories".into() }
    }

    /// A plugin's own collection; `user` = `None`: one for all its users.
    pub fn plugin(plugin: &str, user: Option<Uuid>, collection: &str) -> Self {
        Self { plugin: plugin.into(), user: user.unwrap_or(Uuid::nil()), collection: collection.into() }
    }
}

/// Pairs that a search can ask for.
pub type Metadata = Vec<(String, String)>;

/// Something with a vector.
#[derive(Clone, Debug, PartialEq)]
pub struct VectorItem {
    /// Unique on its shelf, 1…256 bytes.
    pub id: String,
    /// What it is a part of, such as the memory of a chunk.
    pub parent: Option<Uuid>,
    /// SHA-256 of the text it was made of, where the host made it.
    pub hash: Option<Vec<u8>>,
    /// As many finite floats as its space has dimensions.
    pub vector: Vec<f32>,
    /// Empty for memories.
    pub metadata: Metadata,
}

/// A piece of a memory's text, as long as an embedder takes at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk {
    /// The chunk's.
    pub id: Uuid,
    /// What is embedded.
    pub text: String,
}
