//! Conversations and the answers in them.
//!
//! ```text
//! conversations.rs  begin, read, rename, fork, delete
//! turn.rs           somebody says something: it is saved before anybody is asked
//! context.rs        what a persona is shown of a conversation, and the manifest of it;   summary.rs  what stands for the rest
//! answer.rs         an answer is made, stopped, saved;   voice.rs  where the persona speaks into
//! live.rs           the log of an answer under way and who listens to it;   desk.rs  all that this host is making
//! runs.rs           answers as streams: begun, followed from anywhere, cancelled;   follow.rs  one who follows
//! keep.rs           what the job does: events to the database, leases, runs whose host is gone
//! events.rs         the dialect of the stream
//! ```
//! Life of an answer: the person's words and the run are one transaction → a task of its own, which no connection owns →
//! the persona speaks into the log, at the pace of who listens → the answer, the end of the run and the events that were not
//! written yet are one transaction → `done` is told.

mod answer;
mod context;
mod conversations;
mod desk;
mod events;
mod follow;
mod keep;
mod live;
mod runs;
mod summary;
mod turn;
mod voice;

use std::sync::Arc;

use crate::backend::llm::Models;
use crate::clock::{Clock, IdSource};
use crate::config::Config;
use crate::plugin::persona::Personas as Voices;
use crate::service::auth::Auth;
use crate::service::game::Game;
use crate::service::memories::Memories;
use crate::service::personas::Personas;
use crate::store::Db;

use desk::Desk;

pub use answer::Answer;
pub use conversations::ConversationEdit;
pub use follow::Follow;
pub use live::OnDisconnect;
pub use turn::{Manner, NewTurn};

/// The service, cheap to clone.
#[derive(Clone)]
pub struct Chat {
    db: Db,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    /// Which personas are bound.
    voices: Arc<Voices>,
    personas: Personas,
    memories: Memories,
    auth: Arc<Auth>,
    models: Arc<Models>,
    /// Whether conversations are summed up.
    summaries: bool,
    desk: Arc<Desk>,
}

impl Chat {
    /// Over the same database, clock and ids as the game; this host's answers are told apart by an id of its own.
    pub fn new(
        game: &Game,
        voices: Arc<Voices>,
        personas: Personas,
        memories: Memories,
        auth: Arc<Auth>,
        models: Arc<Models>,
        config: &Config,
    ) -> Self {
        let (db, clock, ids) = (game.db.clone(), Arc::clone(&game.clock), Arc::clone(&game.ids));
        let desk = Arc::new(Desk::new(ids.id(), &config.chat, config.limits.streams_per_user));
        Self { db, clock, ids, voices, personas, memories, auth, models, summaries: config.chat.summaries, desk }
    }
}
