//! Kind `persona`: a voice that answers a person. Reference: `wit/deps/persona.wit`.
//!
//! A persona is complete with a voice and a card; the usual conduct comes with the trait:
//!
//! ```
//! use mnemosyne_sdk::plugin::persona::{Card, Persona};
//!
//! pub struct Gardener;
//!
//! mnemosyne_sdk::export_persona!(Gardener);
//!
//! impl Persona for Gardener {
//!     const VOICE: &'static str = "You are a gardener. You speak of patience in images of soil and season.";
//!     fn describe(_locale: &str) -> Card {
//!         Card::new("Gardener", "Patience, in images of the garden")
//!     }
//! }
//!
//! // natively: what would a person read?
//! use mnemosyne_sdk::capability::llm;
//! use mnemosyne_sdk::{plugin::persona::double, sample};
//! llm::double::say("Seeds do not hurry.");
//! assert_eq!(double::ask::<Gardener>(&sample::turn("When will it get better?")).text, "Seeds do not hurry.");
//! ```
//!
//! with a `plugin.toml` that asks for `[needs.storage] memories = "read"` and `[needs.llm] classes = ["chat"]`; a persona
//! that replaces [`Persona::recall`] or [`Persona::respond`] needs less.
//!
//! The life of a turn ([`respond`]): recall → prompt → stream → cite → learn; where no model answers, [`offline`] does.

pub mod affinity;
#[cfg(not(target_arch = "wasm32"))]
pub mod double;
pub mod ground;
mod offline;
mod reflect;
mod reply;
mod respond;
pub mod trust;
mod turn;
pub mod worldview;

use std::marker::PhantomData;

pub use self::affinity::Signal;
pub use self::reply::Reply;
use crate::bindings::mnemosyne::persona::reply as wit_reply;
use crate::bindings::persona::exports::mnemosyne::persona::persona as wit;
pub use crate::bindings::persona::exports::mnemosyne::persona::persona::{
    Card, Fit, MemoryDraft, Outcome, Reflection, Turn, Wishes, Worldview,
};
use crate::capability::llm::Options;
use crate::{Error, Memory, Message, Moment};

/// A voice. Only [`VOICE`](Persona::VOICE) and [`describe`](Persona::describe) must be said; all else is the usual conduct, to
/// be replaced piece by piece.
pub trait Persona {
    /// Who it is, told to the model before the [shared ground](ground): a few sentences in the second person.
    const VOICE: &'static str;

    /// What it recognises its messages by; none = it is only chosen by name.
    const SIGNALS: &'static [Signal] = &[];

    /// What it says last when it must answer without a model.
    const OFFLINE: &'static str = "Ask me again later and I will answer properly.";

    /// −2…2; `None` = the model's own.
    const PRESENCE_PENALTY: Option<f32> = None;

    /// −2…2; `None` = the model's own.
    const FREQUENCY_PENALTY: Option<f32> = None;

    /// Whether it uses the host's operations in agentic turns; then `plugin.toml` needs `[needs.actions]`.
    const AGENTIC: bool = false;

    /// Who it is, for people, in a language near `locale` (BCP 47).
    fn describe(locale: &str) -> Card;

    /// How well a message suits it. Must be quick.
    fn affinity(message: &str, _history: &[Message]) -> Result<Fit, Error> {
        Ok(affinity::by_words(message, Self::SIGNALS))
    }

    /// Answers a turn. The usual conduct: [the module's story](self).
    fn respond(turn: &Turn, reply: &Reply<'_>) -> Result<Outcome, Error> {
        respond::respond::<Self>(turn, reply)
    }

    /// What a set of memories says together: by the model, by rules where there is none.
    fn reflect(memories: &[Memory], moment: &Moment) -> Result<Reflection, Error> {
        Ok(reflect::reflect::<Self>(memories, moment))
    }

    /// The memories that bear on a turn, best first; none when the person does not want it. The usual number is at most
    /// [`RECALLED`].
    ///
    /// # Errors
    /// As the host's search. The turn goes on without memories.
    fn recall(turn: &Turn) -> Result<Vec<Memory>, Error> {
        turn::recall(turn)
    }

    /// What else the model may know in this turn, as (heading, text); it goes into the prompt as data. The heading must not
    /// hold foreign text.
    fn notes(_turn: &Turn) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// What the model is asked: one system message, the newest history, and the message with its data before it.
    fn prompt(turn: &Turn, memories: &[Memory]) -> Vec<Message> {
        turn::prompt::<Self>(turn, memories)
    }

    /// How the model is asked: the card's temperature and reasoning, the client's wishes before them.
    fn options(turn: &Turn) -> Options {
        turn::options::<Self>(turn)
    }

    /// The whole answer when the model fails with `why` before its first word: honest, readable, from memories.
    fn offline(turn: &Turn, memories: &[Memory], why: &Error) -> String {
        offline::answer(turn, memories, why, Self::OFFLINE)
    }

    /// What comes of a turn besides its answer. The usual conduct: a person who says "remember that …" gets a memory proposed.
    fn learn(turn: &Turn, outcome: &mut Outcome) {
        turn::learn(turn, outcome);
    }
}

/// How many memories a turn recalls at most.
pub const RECALLED: usize = 8;

/// Exports a type that implements [`Persona`] as the plugin of this crate. On other targets than `wasm32`: nothing.
///
/// An example is the [module's own](crate::plugin::persona).
#[macro_export]
macro_rules! export_persona {
    ($plugin:ty) => {
        #[cfg(target_arch = "wasm32")]
        type MnemosyneExport = $crate::plugin::persona::Export<$plugin>;
        #[cfg(target_arch = "wasm32")]
        $crate::bindings::persona::export!(MnemosyneExport with_types_in $crate::bindings::persona);
    };
}

#[doc(hidden)]
pub struct Export<T>(PhantomData<T>);

impl<T: Persona> wit::Guest for Export<T> {
    fn describe(locale: String) -> Card {
        T::describe(&locale)
    }

    fn affinity(message: String, history: Vec<Message>) -> Result<Fit, Error> {
        T::affinity(&message, &history)
    }

    fn respond(turn: Turn, reply: &wit_reply::Reply) -> Result<Outcome, Error> {
        T::respond(&turn, &Reply::from(reply))
    }

    fn reflect(memories: Vec<Memory>, moment: Moment) -> Result<Reflection, Error> {
        T::reflect(&memories, &moment)
    }
}

impl Card {
    /// A persona of temperature 0.7 and medium reasoning that greets with its purpose.
    ///
    /// ```
    /// assert_eq!(mnemosyne_sdk::plugin::persona::Card::new("Gardener", "Patience").reasoning, "medium");
    /// ```
    pub fn new(name: &str, purpose: &str) -> Self {
        Self {
            name: name.to_owned(),
            purpose: purpose.to_owned(),
            greeting: format!("{purpose}."),
            temperature: 0.7,
            reasoning: "medium".to_owned(),
            extra: Vec::new(),
        }
    }

    /// What it says first.
    #[must_use]
    pub fn greeting(self, greeting: &str) -> Self {
        Self { greeting: greeting.to_owned(), ..self }
    }

    /// Its usual temperature, 0…2, and reasoning: `low`, `medium`, `high`.
    #[must_use]
    pub fn tempered(self, temperature: f32, reasoning: &str) -> Self {
        Self { temperature, reasoning: reasoning.to_owned(), ..self }
    }
}

/// An answer and nothing else.
impl Default for Outcome {
    fn default() -> Self {
        Self { memories: Vec::new(), suggestions: Vec::new(), degraded: false, extra: Vec::new() }
    }
}
