//! Capability `llm`: language models, behind the operator's key, budget and choice. Reference: `wit/deps/llm.wit`; manifest:
//! `[needs.llm] classes = ["chat"]`.
//!
//! No model may be there at all: every caller has an answer to `unavailable`. Natively there is none until a test gives one
//! its lines, see [`double`].

#[cfg(not(target_arch = "wasm32"))]
pub mod double;

#[cfg(target_arch = "wasm32")]
use crate::bindings::mnemosyne::llm::chat as wit;
pub use crate::bindings::mnemosyne::llm::chat::{Completion, Delta, Options, Usage};
use crate::{Error, Message, VectorSpace};

/// Asks and waits.
///
/// # Errors
/// `unavailable` = no model configured or reachable: answer without one; `quota` = a budget is used up; `denied` = the class
/// is not granted; `invalid` / `llm-schema` = it did not keep to `json_schema`, asked twice.
///
/// ```
/// use mnemosyne_sdk::Message;
/// use mnemosyne_sdk::capability::llm::{Options, complete, double};
/// let ask = || complete(&[Message::user("hello")], &Options::default());
/// assert!(ask().is_err());
/// double::say("Hello.");
/// assert_eq!(ask().unwrap().text, "Hello.");
/// ```
pub fn complete(messages: &[Message], options: &Options) -> Result<Completion, Error> {
    #[cfg(target_arch = "wasm32")]
    return wit::complete(messages, options);
    #[cfg(not(target_arch = "wasm32"))]
    double::complete(messages, options)
}

/// Asks and streams; at most 2 open at a time.
///
/// # Errors
/// As [`complete`].
///
/// ```
/// use mnemosyne_sdk::Message;
/// use mnemosyne_sdk::capability::llm::{Options, double, open};
/// double::say("Hello there.");
/// let mut stream = open(&[Message::user("hello")], &Options::default()).unwrap();
/// let mut text = String::new();
/// while let Some(piece) = stream.next_piece().unwrap() {
///     text += &piece.text;
/// }
/// assert_eq!(text, "Hello there.");
/// ```
pub fn open(messages: &[Message], options: &Options) -> Result<Stream, Error> {
    #[cfg(target_arch = "wasm32")]
    return wit::open(messages, options).map(Stream);
    #[cfg(not(target_arch = "wasm32"))]
    double::open(messages, options).map(Stream)
}

/// An answer on its way. Dropping it cancels the model.
#[cfg(target_arch = "wasm32")]
pub struct Stream(wit::ChatStream);

/// An answer on its way. Dropping it cancels the model.
#[cfg(not(target_arch = "wasm32"))]
pub struct Stream(double::Lines);

impl Stream {
    /// Everything that came since the last; waits for it. `None` when the model has finished.
    ///
    /// # Errors
    /// As [`complete`]; after one the stream is over.
    pub fn next_piece(&mut self) -> Result<Option<Delta>, Error> {
        self.0.next()
    }

    /// Absent until the model has finished, or when it does not tell.
    pub fn usage(&self) -> Option<Usage> {
        self.0.usage()
    }
}

/// The space that [`embed`] answers in now; it may change between calls, so keep it beside each vector.
///
/// # Errors
/// `denied` without `[needs.llm] embeddings = true`.
///
/// ```
/// assert!(mnemosyne_sdk::capability::llm::space().unwrap().dimensions > 0);
/// ```
pub fn space() -> Result<VectorSpace, Error> {
    #[cfg(target_arch = "wasm32")]
    return crate::bindings::mnemosyne::llm::embeddings::space();
    #[cfg(not(target_arch = "wasm32"))]
    Ok(double::space())
}

/// One vector a text, in order, not normalised; at most 100 texts of 16 KiB.
///
/// # Errors
/// `unavailable` while the embedder is away, `denied` without the grant.
///
/// ```
/// let vectors = mnemosyne_sdk::capability::llm::embed(&["rain".to_owned(), "rain".to_owned()]).unwrap();
/// assert_eq!(vectors[0], vectors[1]);
/// ```
pub fn embed(texts: &[String]) -> Result<Vec<Vec<f32>>, Error> {
    #[cfg(target_arch = "wasm32")]
    return crate::bindings::mnemosyne::llm::embeddings::embed(texts);
    #[cfg(not(target_arch = "wasm32"))]
    Ok(double::embed(texts))
}

/// Everything as the model's profile says.
impl Default for Options {
    fn default() -> Self {
        Self {
            model_class: None,
            temperature: None,
            top_p: None,
            presence_penalty: None,
            frequency_penalty: None,
            reasoning: None,
            max_tokens: None,
            stop: Vec::new(),
            json_schema: None,
            tools: Vec::new(),
            tool_choice: None,
            extra: Vec::new(),
        }
    }
}

impl Options {
    /// For an answer that a program reads: cool, and held by the host against a JSON Schema.
    ///
    /// ```
    /// assert!(mnemosyne_sdk::capability::llm::Options::json("{\"type\":\"object\"}").json_schema.is_some());
    /// ```
    pub fn json(schema: &str) -> Self {
        Self { json_schema: Some(schema.to_owned()), temperature: Some(0.2), ..Self::default() }
    }
}
