//! The typed door to the kind `xp-rules`.
//!
//! A service asks for the rules [`XpRules::bound`] to the slot once in a request and keeps what it gets: everything that one
//! answer says comes from that one revision, whatever is bound meanwhile. What comes back from a guest is checked, cleaned
//! and clamped here; a failure is a [`Failed`] with the code that the log shows, never a guest's own text.
//!
//! Per revision and configuration two things are remembered, because both are pure: the card in each locale, and the bands
//! of levels. So a completion costs one guest call: `award`.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use mnemosyne_runtime::{Registry, Runtime};

use crate::error::{Code, Failure};
use crate::model::game::Rules;
use crate::model::task::QuestType;
use crate::plugin::Caller;

pub(super) mod call;
pub mod card;
pub mod facts;
pub mod levels;
pub mod proposal;

pub use card::{AchievementCard, Card};
pub use levels::Level;
pub use proposal::{Bounds, CLAMPED, Points, Proposal};

use call::Revision;
use facts::{Completion, Facts, TaskFacts};
use levels::Levels;
use proposal::Broken;

/// The slot.
pub const SLOT: &str = "xp-rules";
/// Revisions whose card and levels are remembered: the live one, the one before, a canary, and some.
const REVISIONS: u64 = 16;
/// Locales of a card that are remembered.
const LOCALES: u64 = 32;
/// The locale whose card says which achievements exist.
const PLAIN_LOCALE: &str = "en";

/// Why the rules gave no answer that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {detail}", code = self.code.text())]
pub struct Failed {
    code: Code,
    detail: Cow<'static, str>,
}

impl Failed {
    pub(crate) fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { code, detail: detail.into() }
    }

    /// Nothing is bound to the slot.
    pub(crate) fn unbound() -> Self {
        Self::new(Code::NothingBound, "no rules are bound to the slot `xp-rules`")
    }
}

impl Failure for Failed {
    fn code(&self) -> Code {
        self.code
    }
}

/// The door.
pub struct XpRules {
    runtime: Arc<Runtime>,
    registry: Arc<Registry>,
    memories: moka::sync::Cache<Key, Arc<Memory>>,
}

/// A revision with one grant and one configuration: the digest alone does not tell, because rules may read their settings.
type Key = (String, u64);

/// What is remembered of one revision with one configuration.
struct Memory {
    cards: moka::sync::Cache<String, Arc<Card>>,
    announced: tokio::sync::OnceCell<BTreeSet<String>>,
    levels: Levels,
}

impl Default for Memory {
    fn default() -> Self {
        Self { cards: moka::sync::Cache::new(LOCALES), announced: tokio::sync::OnceCell::new(), levels: Levels::default() }
    }
}

/// The rules of one request: one revision, from beginning to end.
pub struct Bound {
    revision: Revision,
    rules: Rules,
    memory: Arc<Memory>,
}

impl XpRules {
    /// Over the runtime and what it serves.
    pub fn new(runtime: Arc<Runtime>, registry: Arc<Registry>) -> Self {
        Self { runtime, registry, memories: moka::sync::Cache::new(REVISIONS) }
    }

    /// The rules for `caller`, as they are bound now.
    ///
    /// # Errors
    /// [`Code::NothingBound`].
    pub fn bound(&self, caller: &Caller) -> Result<Bound, Failed> {
        let routing = self.registry.load();
        let binding = routing.live(SLOT).ok_or_else(Failed::unbound)?;
        let id = binding.revision.id();
        let rules = Rules { plugin: id.plugin.clone(), version: id.version.clone(), digest: id.digest.clone() };
        let memory = self.memories.get_with((rules.digest.clone(), binding.generation), Arc::default);
        Ok(Bound { revision: Revision::new(self.runtime.clone(), binding.clone(), caller), rules, memory })
    }
}

impl Bound {
    /// Which revision.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// What a completion is worth, clamped. One guest call.
    ///
    /// # Errors
    /// Whatever the plugin did wrong: the completion stays pending.
    pub async fn award(&self, completion: &Completion, bounds: Bounds) -> Result<Points, Failed> {
        let announced = self.memory.announced.get_or_try_init(|| async { self.card(PLAIN_LOCALE).await.map(|card| card.ids()) }).await?;
        self.revision.award(completion, |proposal| proposal.settle(bounds, announced)).await
    }

    /// What sort of quest a new task is. One guest call.
    ///
    /// # Errors
    /// Whatever the plugin did wrong, a word that is no quest type included.
    pub async fn classify(&self, task: &TaskFacts, facts: &Facts) -> Result<QuestType, Failed> {
        let judge = |word: String| word.parse().map_err(|_| Broken("`classify` gave a word that is no quest type".to_owned()));
        self.revision.classify(task, facts, judge).await
    }

    /// The level of a total; `None` while the rules do not answer. A guest call only for a band that is not known yet.
    pub async fn level(&self, total: i64) -> Option<Level> {
        let total = u64::try_from(total).unwrap_or(0);
        if let Some(known) = self.memory.levels.find(total) {
            return Some(known);
        }
        match self.revision.level_at(total).await {
            Ok(level) => {
                self.memory.levels.remember(level.clone());
                Some(level)
            }
            Err(failed) => {
                tracing::warn!(code = failed.code.text(), detail = %failed.detail, "the rules did not tell a level");
                None
            }
        }
    }

    /// What the rules say about themselves in a language near `locale`. A guest call once a revision and locale.
    ///
    /// # Errors
    /// Whatever the plugin did wrong.
    pub async fn card(&self, locale: &str) -> Result<Arc<Card>, Failed> {
        if let Some(known) = self.memory.cards.get(locale) {
            return Ok(known);
        }
        let card = Arc::new(self.revision.describe(locale).await?);
        self.memory.cards.insert(locale.to_owned(), card.clone());
        Ok(card)
    }
}

impl Level {
    /// The total at which the next level begins; `None` on the last one.
    pub fn next_total(&self) -> Option<i64> {
        i64::try_from(self.next).ok()
    }
}
