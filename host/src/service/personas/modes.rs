//! Choosing a persona, and the history of it.

use uuid::Uuid;

use super::choice::unknown;
use super::{DEFAULT, Personas};
use crate::clock::Millis;
use crate::error::{Fault, Outcome};
use crate::model::page::{Page, Slice};
use crate::model::persona::{ModeSwitch, Worldview};
use crate::service::principal::Principal;
use crate::store;

/// Characters of a reason.
const REASON: usize = 500;

/// Where somebody stands with the personas.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// Who answers when nothing else decides: whom they chose, if that one is bound.
    pub current: String,
    /// Whom they chose; `None` = whoever suits each message.
    pub active: Option<String>,
    /// 0…1.
    pub trust: f32,
    /// Empty while they have not told.
    pub worldview: Worldview,
    /// How often they have chosen.
    pub switches: i64,
}

impl Personas {
    /// Where the caller stands.
    ///
    /// # Errors
    /// Only the database's.
    pub async fn state(&self, who: &Principal) -> Outcome<State> {
        let settings = store::personas::get(&self.db, who.user).await?;
        let switches = store::personas::count_switches(&self.db, who.user).await?;
        let current = settings.active_persona.clone().filter(|active| self.is_bound(active)).unwrap_or_else(|| DEFAULT.to_owned());
        let trust = self.trust(who.user).await?;
        Ok(State { current, active: settings.active_persona, trust, worldview: settings.worldview.unwrap_or_default(), switches })
    }

    /// Chooses who answers from now on; `None` = whoever suits each message. Choosing the same again changes nothing.
    ///
    /// # Errors
    /// 422 for one that is not bound, and for a reason of more than 500 characters.
    pub async fn switch(&self, who: &Principal, mode: Option<String>, reason: Option<String>) -> Outcome<State> {
        if let Some(mode) = &mode
            && !self.is_bound(mode)
        {
            return Err(unknown("/mode", mode, &self.door.bound()));
        }
        let reason = reason.map(|reason| reason.trim().to_owned()).filter(|reason| !reason.is_empty());
        if reason.as_ref().is_some_and(|reason| reason.chars().count() > REASON) {
            return Err(Fault::field("/reason", "must be at most 500 characters"));
        }
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        let settings = store::personas::hold(&mut tx, who.user, now).await?;
        if settings.active_persona == mode {
            tx.rollback().await?;
        } else {
            let switch =
                ModeSwitch { id: self.ids.id(), user_id: who.user, mode, previous_mode: settings.active_persona, reason, created_at: now };
            store::personas::switch(&mut tx, &switch).await?;
            tx.commit().await?;
        }
        self.state(who).await
    }

    /// What the caller has chosen after `after`, newest first.
    ///
    /// # Errors
    /// Only the database's.
    pub async fn switches(&self, who: &Principal, after: Option<Millis>, page: &Page) -> Outcome<Slice<ModeSwitch>> {
        let user: Uuid = who.user;
        Ok(store::personas::switches(&self.db, user, after, page).await?)
    }

    fn is_bound(&self, id: &str) -> bool {
        self.door.bound().iter().any(|bound| bound.id == id)
    }
}
