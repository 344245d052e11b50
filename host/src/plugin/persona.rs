//! The typed door to the kind `persona`: one slot `persona/<id>` a voice.
//!
//! An answer goes to a [`Sink`] while it is made. Whatever the plugin does, what was pushed is the person's: before the first
//! piece the slot's previous revision takes over, else the bundled one, and the answer is marked degraded; after it nobody
//! tries again. The future of an answer may be dropped at any time: the guest and every model it listens to end with it.

mod attempt;
mod shapes;

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use async_trait::async_trait;
use mnemosyne_runtime::{Binding, CallRecord, Failure, ModelUse, Registry, Runtime};
use uuid::Uuid;

pub(in crate::plugin) use self::shapes::message;
pub use self::shapes::{
    Answered, BoundPersona, Closed, Fit, MemoryDraft, MemorySeen, PersonaCard, Reflection, Said, Turn, Unanswered, Wishes, Worldview,
};
use super::Caller;
use super::loader::Loaded;
use super::xp_rules::call::{code as code_of, moment};
use super::xp_rules::facts::Moment;
use crate::error::Code;
use crate::model::game::Rules;

/// What the slots of this kind begin with.
const PREFIX: &str = "persona/";
/// Cards kept at most: revisions × languages.
const CARDS: u64 = 256;

/// Where an answer goes while it is made.
#[async_trait]
pub trait Sink: Send + Sync {
    /// A piece of the answer: never empty, at most 16 KiB, 256 KiB in all. Waits while the client is slow.
    ///
    /// # Errors
    /// Whoever answers is told to stop.
    async fn push(&self, text: &str) -> Result<(), Closed>;
    /// What is going on, at most 200 characters; not part of the answer.
    async fn status(&self, text: &str);
    /// Visible reasoning of the model; not part of the answer.
    async fn reasoning(&self, text: &str);
    /// The host performed, proposed or refused an operation: `{name, arguments, result or error, proposed}`.
    async fn action(&self, action: serde_json::Value);
    /// Names a memory that the answer rests on; whether the caller owns it is for the receiver to ask. At most 32.
    async fn cite(&self, memory: Uuid);
}

/// Where the bundled revision of a slot comes from when nothing else answers.
#[async_trait]
pub trait Spare: Send + Sync {
    /// Compiled and linked to its grant; `None`: there is none.
    async fn bundled(&self, slot: &str) -> Option<Loaded>;
}

/// A revision's description in one language.
type Described = (String, u64, String);

/// The door.
pub struct Personas {
    runtime: Arc<Runtime>,
    registry: Arc<Registry>,
    cards: moka::sync::Cache<Described, Arc<PersonaCard>>,
    spare: OnceLock<Arc<dyn Spare>>,
}

fn rules(binding: &Binding) -> Rules {
    let id = binding.revision.id();
    Rules { plugin: id.plugin.clone(), version: id.version.clone(), digest: id.digest.clone() }
}

/// The request's timings hear of every call.
fn timed(record: &CallRecord) {
    crate::timings::plugin(&record.revision.plugin, &record.revision.version, record.waited + record.wall);
}

fn unanswered(failure: &Failure, revision: Rules) -> Unanswered {
    // what a model did is not the plugin's fault: it passes on what the host told it
    let code = match failure {
        Failure::GuestError { code, .. } => match code.as_str() {
            "llm-broken" | "llm-bad-answer" | "llm-too-large" | "llm-unavailable" => Code::ModelFailed,
            "llm-timeout" => Code::ModelTimedOut,
            "llm-budget" => Code::TooMany,
            _ => code_of(failure),
        },
        _ => code_of(failure),
    };
    let suspended = if let Failure::Suspended(wait) = failure { Some(*wait) } else { None };
    Unanswered { code, detail: failure.to_string(), revision: Some(revision), said: false, suspended, models: ModelUse::default() }
}

impl Personas {
    /// Over the runtime and what it serves.
    pub fn new(runtime: Arc<Runtime>, registry: Arc<Registry>) -> Self {
        Self { runtime, registry, cards: moka::sync::Cache::new(CARDS), spare: OnceLock::new() }
    }

    /// Names where bundled revisions come from. Once.
    pub fn with_spare(&self, spare: Arc<dyn Spare>) {
        let _ = self.spare.set(spare);
    }

    /// All that are bound and loaded, by id.
    pub fn bound(&self) -> Vec<BoundPersona> {
        let routing = self.registry.load();
        let mut bound: Vec<BoundPersona> = routing
            .slots()
            .filter_map(|(slot, entry)| {
                let live = entry.live.as_ref()?;
                let agentic = live.revision.grant().powers().actions.as_ref().is_some_and(|actions| !actions.operations.is_empty());
                let summary = live.revision.manifest().summary.clone();
                Some(BoundPersona { id: slot.strip_prefix(PREFIX)?.to_owned(), revision: rules(live), summary, agentic })
            })
            .collect();
        bound.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        bound
    }

    fn live(&self, id: &str) -> Result<Arc<Binding>, Unanswered> {
        let routing = self.registry.load();
        let bound = routing.live(&format!("{PREFIX}{id}")).cloned();
        bound.ok_or_else(|| Unanswered {
            code: Code::NothingBound,
            detail: format!("nothing that loads is bound to `{PREFIX}{id}`"),
            revision: None,
            said: false,
            suspended: None,
            models: ModelUse::default(),
        })
    }

    /// What one says about itself, in a language near the caller's. A guest call once for each revision, configuration and
    /// locale.
    ///
    /// # Errors
    /// Nothing is bound, or whatever the plugin did wrong.
    pub async fn card(&self, caller: &Caller, id: &str) -> Result<Arc<PersonaCard>, Unanswered> {
        let bound = self.live(id)?;
        let key = (bound.revision.id().digest.clone(), bound.generation, caller.locale.clone());
        if let Some(known) = self.cards.get(&key) {
            return Ok(known);
        }
        // Nobody's call: the same words for everybody.
        let of = Caller { user: None, ..caller.clone() }.through(&bound);
        let ended = self.runtime.persona(&bound.revision, of).describe(caller.locale.clone()).await;
        let card = match ended {
            Ok(ended) => {
                timed(&ended.record);
                Arc::new(shapes::card(ended.value))
            }
            Err(error) => {
                timed(&error.record);
                return Err(unanswered(&error.failure, rules(&bound)));
            }
        };
        self.cards.insert(key, Arc::clone(&card));
        Ok(card)
    }

    /// How well a message suits one. The caller bounds how long it waits and counts an error as 0.
    ///
    /// # Errors
    /// Nothing is bound, or whatever the plugin did wrong.
    pub async fn affinity(&self, caller: &Caller, id: &str, message: &str, history: &[Said]) -> Result<Fit, Unanswered> {
        let bound = self.live(id)?;
        let history = history.iter().map(shapes::message).collect();
        let ended = self.runtime.persona(&bound.revision, caller.through(&bound)).affinity(message.to_owned(), history).await;
        match ended {
            Ok(ended) => {
                timed(&ended.record);
                Ok(Fit { score: ended.value.score, signals: ended.value.signals })
            }
            Err(error) => {
                timed(&error.record);
                Err(unanswered(&error.failure, rules(&bound)))
            }
        }
    }

    /// Answers a turn through `sink`, by the failure policy of the kind.
    ///
    /// # Errors
    /// Nobody finished it. [`Unanswered::said`]: what was pushed stands, marked degraded.
    pub async fn respond(&self, caller: &Caller, id: &str, turn: &Turn, sink: &dyn Sink) -> Result<Answered, Unanswered> {
        let live = self.live(id)?;
        let begun = Instant::now();
        let mut failed = match self.attempt(caller, &live, turn, sink).await {
            Ok(answered) => return Ok(answered),
            // A full house is as full for the revision before.
            Err(failed) if failed.said || failed.code == Code::Overloaded => return Err(failed),
            Err(failed) => failed,
        };
        let previous = self.registry.load().slot(&live.slot).and_then(|entry| entry.previous.clone());
        let mut tried = vec![live.revision.id().clone()];
        for place in 0..2 {
            let next = if place == 0 { previous.clone() } else { self.bundled(&live).await };
            let Some(next) = next.filter(|next| !tried.contains(next.revision.id())) else { continue };
            tracing::warn!(
                slot = %live.slot, code = failed.code.text(), detail = failed.detail, next = next.revision.id().version,
                waited = ?begun.elapsed(), "a persona failed before its first word; an earlier revision answers"
            );
            tried.push(next.revision.id().clone());
            match self.attempt(caller, &next, turn, sink).await {
                Ok(answered) => return Ok(Answered { degraded: true, ..answered }),
                Err(again) if again.said => return Err(again),
                Err(again) => failed = again,
            }
        }
        Err(failed)
    }

    /// The bundled revision of a slot, through a binding that nobody made.
    async fn bundled(&self, live: &Arc<Binding>) -> Option<Arc<Binding>> {
        let loaded = self.spare.get()?.bundled(&live.slot).await?;
        Some(Arc::new(Binding { revision: loaded.revision().clone(), ..(**live).clone() }))
    }

    /// Reflects on at most 100 of the caller's memories. On an error the host answers by rules.
    ///
    /// # Errors
    /// Nothing is bound, or whatever the plugin did wrong.
    pub async fn reflect(&self, caller: &Caller, id: &str, memories: &[MemorySeen], at: &Moment) -> Result<Reflection, Unanswered> {
        let bound = self.live(id)?;
        let memories = memories.iter().map(shapes::memory).collect();
        match self.runtime.persona(&bound.revision, caller.through(&bound)).reflect(memories, moment(at)).await {
            Ok(ended) => {
                timed(&ended.record);
                Ok(shapes::reflection(ended.value))
            }
            Err(error) => {
                timed(&error.record);
                Err(unanswered(&error.failure, rules(&bound)))
            }
        }
    }
}
