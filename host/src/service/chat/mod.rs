//! Conversations and the answers in them.
//!
//! ```text
//! conversations.rs  begin, read, rename, fork, delete
//! ```

mod conversations;

use std::sync::Arc;

use crate::clock::{Clock, IdSource};
use crate::plugin::persona::Personas as Voices;
use crate::store::Db;

pub use conversations::ConversationEdit;

/// The service.
#[derive(Clone)]
pub struct Chat {
    db: Db,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    voices: Arc<Voices>,
}

impl Chat {
    /// Over the platform's database and the personas that are bound.
    pub fn new(db: Db, clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>, voices: Arc<Voices>) -> Self {
        Self { db, clock, ids, voices }
    }
}
