//! Personas: who there is, who answers whom, and everything that a persona is told beside the message.
//!
//! ```text
//! choice.rs      who answers: named in the request, else chosen by the person, else whoever suits the message
//! turn.rs        what is asked, and the turn made of it: the moment, the trust, the worldview, the history that fits
//! modes.rs       choosing a persona, and the history of it
//! worldview.rs   how somebody wishes to be spoken to; traditions.rs the ten that personas have words for
//! mirror.rs      what the mirror keeps, through its own views
//! ```
//! A turn goes `prepare` → `answer`. In between the caller stores what was said: nothing is held while a guest runs.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Clock, IdSource};
use crate::error::{Fault, Outcome};
use crate::model::game::Rules;
use crate::plugin::Caller;
use crate::plugin::persona::{self as door, Answered, BoundPersona, PersonaCard, Sink, Unanswered};
use crate::plugin::views::Views;
use crate::store::Db;

use super::game::Game;
use super::principal::Principal;

mod choice;
mod mirror;
mod modes;
pub mod traditions;
mod turn;
mod worldview;

pub use choice::Analysis;
pub use modes::State;
pub use turn::{Ask, Prepared, trust_of};
pub use worldview::WorldviewChange;

/// The persona that nobody has to choose.
pub const DEFAULT: &str = "confidant";
/// How long a list waits for descriptions that are not known yet.
const DESCRIBING: Duration = Duration::from_secs(1);

/// The service, cheap to clone.
#[derive(Clone)]
pub struct Personas {
    db: Db,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    door: Arc<door::Personas>,
    views: Arc<Views>,
    game: Game,
    unanswering: choice::Unanswering,
}

/// A persona as it is shown.
#[derive(Clone, Debug)]
pub struct Shown {
    /// What is bound.
    pub bound: BoundPersona,
    /// What it says about itself; what its manifest says while it does not.
    pub card: Arc<PersonaCard>,
}

impl Shown {
    /// Which revision.
    pub fn revision(&self) -> &Rules {
        &self.bound.revision
    }
}

impl Personas {
    /// Over the doors and the game's database; the game knows how a person's days are counted.
    pub fn new(game: Game, door: Arc<door::Personas>, views: Arc<Views>) -> Self {
        Self {
            db: game.db.clone(),
            clock: Arc::clone(&game.clock),
            ids: Arc::clone(&game.ids),
            door,
            views,
            game,
            unanswering: choice::Unanswering::default(),
        }
    }

    /// All that are bound, by id. One that does not describe itself, or not at once, is shown by its manifest.
    pub async fn bound_with_cards(&self, who: &Principal) -> Vec<Shown> {
        let caller = Caller::from(who);
        futures::future::join_all(self.door.bound().into_iter().map(|bound| self.shown(&caller, bound))).await
    }

    /// One that is bound.
    ///
    /// # Errors
    /// 404.
    pub async fn get(&self, who: &Principal, id: &str) -> Outcome<Shown> {
        let bound = self.door.bound().into_iter().find(|bound| bound.id == id).ok_or_else(Fault::not_found)?;
        Ok(self.shown(&Caller::from(who), bound).await)
    }

    async fn shown(&self, caller: &Caller, bound: BoundPersona) -> Shown {
        let card = match tokio::time::timeout(DESCRIBING, self.door.card(caller, &bound.id)).await {
            Ok(Ok(card)) => card,
            failed => {
                let why = failed
                    .map_or_else(|_| "it takes too long".to_owned(), |failed| failed.err().map(|failed| failed.detail).unwrap_or_default());
                tracing::warn!(persona = bound.id, why, "a persona does not describe itself");
                Arc::new(PersonaCard { name: bound.id.clone(), purpose: bound.summary.clone(), ..PersonaCard::default() })
            }
        };
        Shown { bound, card }
    }

    /// Lets the persona of a prepared turn answer through `sink`, by the failure policy of the kind. The future may be
    /// dropped at any time: the guest and every model it listens to end with it.
    ///
    /// # Errors
    /// Nobody finished it; [`Unanswered::said`]: what was pushed stands, marked degraded.
    pub async fn answer(&self, turn: &Prepared, sink: &dyn Sink) -> Result<Answered, Unanswered> {
        self.door.respond(&turn.caller, &turn.persona, &turn.turn, sink).await
    }
}
