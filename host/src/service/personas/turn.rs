//! What is asked, and the turn made of it.

use uuid::Uuid;

use super::Personas;
use super::choice::newest;
use crate::error::{Code, Fault, Outcome};
use crate::model::persona::Worldview;
use crate::plugin::Caller;
use crate::plugin::persona::{self as door, Said, Turn, Wishes};
use crate::plugin::xp_rules::facts::Moment;
use crate::service::moment::Calendar;
use crate::service::principal::Principal;
use crate::store;

/// Earlier messages that a persona is told, and their bytes together (`wit/deps/persona.wit`).
const HISTORY: (usize, usize) = (256, 256 << 10);
/// Bytes of the message.
const MESSAGE: usize = 256 << 10;

/// What somebody says to a persona.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    /// `None` for a one-off.
    pub conversation: Option<Uuid>,
    /// What is to be answered: 1 byte to 256 KiB.
    pub message: String,
    /// What was said before, oldest first. The newest 256 and 256 KiB are told.
    pub history: Vec<Said>,
    /// Of what is not in `history` any more.
    pub summary: Option<String>,
    /// Who is to answer; `None` = whom the person has chosen, else whoever suits the message.
    pub persona: Option<String>,
    /// Whether the person wants memories used.
    pub use_memories: bool,
    /// How the client wants it answered.
    pub wishes: Wishes,
}

/// A turn that can be answered.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// Who answers.
    pub persona: String,
    /// On whose behalf.
    pub caller: Caller,
    /// What it is told.
    pub turn: Turn,
}

/// How far somebody and the personas have come, by the memories they share: 0…1.
pub const fn trust_of(memories: i64) -> f32 {
    match memories {
        ..5 => 0.3,
        5..20 => 0.5,
        20..50 => 0.7,
        50.. => 0.9,
    }
}

impl Personas {
    /// Chooses who answers and gathers what they are told. Asks plugins only when nobody was named or chosen.
    ///
    /// # Errors
    /// 422 `/persona` for one that is not bound, `/message` for an empty or overlong one; 503 `PLG_005` when none is bound.
    pub async fn prepare(&self, who: &Principal, ask: Ask) -> Outcome<Prepared> {
        if ask.message.trim().is_empty() || ask.message.len() > MESSAGE {
            return Err(Fault::field("/message", "must be a text of at most 256 KiB"));
        }
        let caller = Caller::from(who);
        let settings = store::personas::get(&self.db, who.user).await?;
        let history = fitting(ask.history);
        let active = settings.active_persona.as_deref();
        let persona = self.choose(&caller, ask.persona.as_deref(), active, &ask.message, &history).await?;
        let moment = self.moment(who).await?;
        let turn = Turn {
            conversation: ask.conversation,
            message: Said { role: "user", content: ask.message, at: moment.at },
            history,
            summary: ask.summary,
            worldview: settings.worldview.map(told),
            trust: self.trust(who.user).await?,
            use_memories: ask.use_memories,
            wishes: ask.wishes,
            moment,
        };
        Ok(Prepared { persona, caller, turn })
    }

    /// How far somebody and the personas have come.
    pub(super) async fn trust(&self, user: Uuid) -> Outcome<f32> {
        Ok(trust_of(store::memories::count_active(&self.db, user).await?))
    }

    /// Now, as this person lives it. Its seed is unforeseeable: prompts fence what others wrote with it.
    async fn moment(&self, who: &Principal) -> Outcome<Moment> {
        let calendar = match self.game.settings_of(who.user).await {
            Ok(settings) => settings.calendar(),
            // A key of the operator's own belongs to no account.
            Err(fault) if fault.code == Code::NotFound => Calendar::new(&who.timezone, 0),
            Err(fault) => return Err(fault),
        };
        let mut seed = [0; 4];
        self.ids.fill(&mut seed);
        Ok(calendar.moment(self.clock.now(), u32::from_be_bytes(seed), &who.locale))
    }
}

/// The newest messages that fit.
fn fitting(mut history: Vec<Said>) -> Vec<Said> {
    let kept = newest(&history, HISTORY).len();
    history.split_off(history.len() - kept)
}

fn told(own: Worldview) -> door::Worldview {
    door::Worldview {
        primary: own.primary_tradition,
        secondary: own.secondary_traditions,
        style: own.communication_style,
        values: own.values_hierarchy,
        ethics: own.ethical_framework,
        culture: own.cultural_context,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trust_grows_in_four_steps() {
        let steps = [(0, 0.3), (4, 0.3), (5, 0.5), (19, 0.5), (20, 0.7), (49, 0.7), (50, 0.9), (100_000, 0.9)];
        for (memories, trust) in steps {
            assert!((trust_of(memories) - trust).abs() < f32::EPSILON, "{memories}");
        }
    }

    #[test]
    fn the_newest_of_a_long_history_are_told_whole_and_in_order() {
        let said = |number: usize, length: usize| Said { role: "user", content: format!("{number:08}").repeat(length / 8), at: 0 };
        let kept = fitting((0..300).map(|number| said(number, 8)).collect());
        assert_eq!((kept.len(), kept[0].content.as_str(), kept[255].content.as_str()), (256, "00000044", "00000299"));
        let kept = fitting((0..10).map(|number| said(number, 100 << 10)).collect());
        assert_eq!(kept.len(), 2);
        assert!(fitting(vec![said(1, 300 << 10)]).is_empty());
    }
}
