//! What goes in and out at this door, and how the contract spells it.

use std::time::Duration;

use mnemosyne_runtime::wit::persona as wit;
use mnemosyne_runtime::wit::types::values;
use mnemosyne_runtime::{CallRecord, ModelUse};
use uuid::Uuid;

use crate::clock::Millis;
use crate::error::{Code, Fault};
use crate::model::game::Rules;
use crate::plugin::xp_rules::call::moment;
use crate::plugin::xp_rules::facts::Moment;
use crate::plugin::xp_rules::proposal::clean;

/// A persona that is bound to a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoundPersona {
    /// The slot's last part: `mentor`.
    pub id: String,
    /// Which revision is live.
    pub revision: Rules,
    /// Its manifest's sentence, for when it does not describe itself.
    pub summary: String,
    /// It was granted operations, so agentic turns make sense.
    pub agentic: bool,
}

/// What a persona says about itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PersonaCard {
    /// At most 100 characters.
    pub name: String,
    /// At most 500 characters.
    pub purpose: String,
    /// At most 1 KiB.
    pub greeting: String,
    /// Its usual one, 0…2.
    pub temperature: f32,
    /// `low`, `medium`, `high`.
    pub reasoning: String,
}

/// How well a message suits a persona.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fit {
    /// 0…1; 0.5 and more means "mine".
    pub score: f32,
    /// What it was recognised by, at most 8.
    pub signals: Vec<String>,
}

/// Something that was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// `user`, `assistant`, `system`, `tool`.
    pub role: &'static str,
    /// At most 256 KiB.
    pub content: String,
    /// When.
    pub at: Millis,
}

/// How the person wishes to be spoken to; each text at most 200 characters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Worldview {
    /// A tradition.
    pub primary: String,
    /// At most 2.
    pub secondary: Vec<String>,
    /// `direct`, `poetic` …
    pub style: String,
    /// What matters most first, at most 16.
    pub values: Vec<String>,
    /// `virtue`, `care` …
    pub ethics: String,
    /// `ja` …
    pub culture: String,
}

/// How the client wants this one answered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wishes {
    /// 0…2; wins over the persona's, 0 included.
    pub temperature: Option<f32>,
    /// Tokens of the answer at most.
    pub max_tokens: Option<u32>,
    /// At most 4.
    pub stop: Vec<String>,
    /// A model's name.
    pub model: Option<String>,
    /// `actions` have effects.
    pub agentic: bool,
    /// Rounds of actions, 1…10.
    pub max_iterations: u32,
}

/// What is to be answered, and everything that the persona is told beside it.
#[derive(Clone, Debug)]
pub struct Turn {
    /// `None` for a one-off.
    pub conversation: Option<Uuid>,
    /// What is to be answered.
    pub message: Said,
    /// Oldest first, without `message`; at most 256 and 256 KiB.
    pub history: Vec<Said>,
    /// Of what was trimmed.
    pub summary: Option<String>,
    /// `None` = the person has not told.
    pub worldview: Option<Worldview>,
    /// 0…1.
    pub trust: f32,
    /// False = the person does not want memories used: the memories' door is closed then.
    pub use_memories: bool,
    /// The client's.
    pub wishes: Wishes,
    /// When, as the person lives it.
    pub moment: Moment,
}

/// Why a piece was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// The client has left or cancelled.
    Gone,
    /// The answer is full.
    Full,
}

/// A memory that a persona proposes to keep.
#[derive(Clone, Debug, PartialEq)]
pub struct MemoryDraft {
    /// At most 500 characters.
    pub title: String,
    /// 1 byte to 16 KiB.
    pub content: String,
    /// At most 50 of 64 characters.
    pub tags: Vec<String>,
    /// 0…1.
    pub importance: f32,
}

/// What came of a turn beside what was pushed.
#[derive(Clone, Debug)]
pub struct Answered {
    /// Who answered in the end.
    pub revision: Rules,
    /// The call.
    pub call: Uuid,
    /// What the person might say next, at most 4.
    pub suggestions: Vec<String>,
    /// Proposals, at most 8.
    pub memories: Vec<MemoryDraft>,
    /// Answered without what it needs, e.g. without a model or by an older revision.
    pub degraded: bool,
    /// The model that was asked; `None` = none was.
    pub model: Option<String>,
    /// Tokens that went there.
    pub prompt_tokens: u64,
    /// Tokens that came back.
    pub completion_tokens: u64,
    /// The model's last answer came to the end of its tokens.
    pub cut: bool,
}

/// A turn that nobody finished.
#[derive(Clone, Debug)]
pub struct Unanswered {
    /// The row of the code table that clients see; nothing else of it leaves the host.
    pub code: Code,
    /// For the log.
    pub detail: String,
    /// Who failed last.
    pub revision: Option<Rules>,
    /// Something was pushed before: it stands, marked degraded.
    pub said: bool,
    /// The revision is not asked for so long, after failures.
    pub suspended: Option<Duration>,
    /// What it used of models by then.
    pub models: ModelUse,
}

impl Unanswered {
    /// What a client hears. The detail is for the log.
    pub fn fault(&self) -> Fault {
        let fault = Fault::new(self.code);
        match self.suspended {
            Some(wait) => fault.message("the plugin is not asked for a while, after failures").retry_after(wait),
            None => fault,
        }
    }
}

/// A memory to reflect on.
#[derive(Clone, Debug, Default)]
pub struct MemorySeen {
    /// Its id.
    pub id: Uuid,
    /// At most 500 characters.
    pub title: String,
    /// At most 256 KiB.
    pub content: String,
    /// At most 50.
    pub tags: Vec<String>,
    /// 0…1.
    pub importance: f32,
    /// `manual`, `conversation` …
    pub source_type: String,
    /// When it was stored.
    pub created: Millis,
    /// When it changed last.
    pub updated: Millis,
}

/// What a set of memories says together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reflection {
    /// At most 16 KiB.
    pub summary: String,
    /// At most 16.
    pub themes: Vec<String>,
    /// At most 8.
    pub questions: Vec<String>,
    /// Without what it needs.
    pub degraded: bool,
}

pub(super) fn card(card: wit::Card) -> PersonaCard {
    PersonaCard {
        name: clean(&card.name, 100),
        purpose: clean(&card.purpose, 500),
        greeting: clean(&card.greeting, 1024),
        temperature: card.temperature,
        reasoning: card.reasoning,
    }
}

pub(in crate::plugin) fn message(said: &Said) -> values::Message {
    values::Message {
        role: said.role.to_owned(),
        content: said.content.clone(),
        at: Some(said.at),
        tool_calls: Vec::new(),
        tool_call_id: None,
        attachments: Vec::new(),
        extra: Vec::new(),
    }
}

pub(super) fn memory(seen: &MemorySeen) -> values::Memory {
    values::Memory {
        id: seen.id.to_string(),
        title: seen.title.clone(),
        content: seen.content.clone(),
        tags: seen.tags.clone(),
        importance: seen.importance,
        source_type: seen.source_type.clone(),
        source_id: None,
        created: seen.created,
        updated: seen.updated,
        metadata: "{}".to_owned(),
        extra: Vec::new(),
    }
}

pub(super) fn turn(turn: &Turn) -> wit::Turn {
    let worldview = |of: &Worldview| wit::Worldview {
        primary: of.primary.clone(),
        secondary: of.secondary.clone(),
        style: of.style.clone(),
        values: of.values.clone(),
        ethics: of.ethics.clone(),
        culture: of.culture.clone(),
    };
    wit::Turn {
        conversation: turn.conversation.map_or_else(String::new, |id| id.to_string()),
        moment: moment(&turn.moment),
        message: message(&turn.message),
        history: turn.history.iter().map(message).collect(),
        summary: turn.summary.clone(),
        worldview: turn.worldview.as_ref().map(worldview),
        trust: turn.trust,
        use_memories: turn.use_memories,
        wishes: wit::Wishes {
            temperature: turn.wishes.temperature,
            max_tokens: turn.wishes.max_tokens,
            stop: turn.wishes.stop.clone(),
            model: turn.wishes.model.clone(),
            tools: Vec::new(),
            agentic: turn.wishes.agentic,
            max_iterations: turn.wishes.max_iterations.clamp(1, 10),
        },
        extra: Vec::new(),
    }
}

pub(super) fn answered(outcome: wit::Outcome, revision: Rules, record: &CallRecord) -> Answered {
    let memory = |draft: wit::MemoryDraft| MemoryDraft {
        title: clean(&draft.title, 500),
        content: draft.content,
        tags: draft.tags,
        importance: draft.importance,
    };
    Answered {
        revision,
        call: record.id,
        suggestions: outcome.suggestions.iter().map(|text| clean(text, 200)).filter(|text| !text.is_empty()).collect(),
        memories: outcome.memories.into_iter().map(memory).collect(),
        degraded: outcome.degraded,
        model: record.models.model.as_deref().map(str::to_owned),
        prompt_tokens: record.models.input_tokens.into(),
        completion_tokens: record.models.output_tokens.into(),
        cut: record.models.cut,
    }
}

pub(super) fn reflection(reflection: wit::Reflection) -> Reflection {
    let lines = |lines: Vec<String>, most| lines.iter().map(|line| clean(line, most)).filter(|line| !line.is_empty()).collect();
    Reflection {
        summary: reflection.summary,
        themes: lines(reflection.themes, 200),
        questions: lines(reflection.questions, 500),
        degraded: reflection.degraded,
    }
}
