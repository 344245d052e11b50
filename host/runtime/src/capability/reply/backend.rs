//! The channel between a persona's call and whoever shows its answer.
//!
//! It is bounded: a slow reader makes the plugin wait, which counts to the call's deadline and not to its CPU time. The
//! reader ends it by dropping or closing its side: the plugin hears `unavailable` at its next push. Ending the call itself
//! is dropping the call's future, which also cancels every model it is listening to.

use tokio::sync::mpsc;

/// What a persona's call tells while it runs, in order.
#[derive(Clone, Debug, PartialEq)]
pub enum ReplyEvent {
    /// A piece of the answer: never empty, at most 16 KiB of whole UTF-8. All together at most the call's output limit.
    Piece(String),
    /// What is going on, at most 200 characters, without control characters. Not part of the answer.
    Status(String),
    /// A memory the answer rests on, as the plugin names it: whether the caller owns it is the reader's question. At most 32.
    Cite(String),
    /// Visible reasoning of the model that is being listened to.
    Reasoning(String),
    /// The host performed, proposed or refused an operation for the plugin.
    Action(ActionEvent),
}

/// One use of `actions`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionEvent {
    /// The tool's name.
    pub name: String,
    /// Its arguments: JSON, at most 64 KiB.
    pub arguments: String,
    /// The result's JSON, or the code of the error.
    pub result: Result<String, String>,
    /// True: the turn is not agentic, nothing was done.
    pub proposed: bool,
}

/// The plugin's side of the channel.
#[derive(Clone, Debug)]
pub struct ReplySink(mpsc::Sender<ReplyEvent>);

/// The reader's side. It ends when the call's store is gone.
pub type ReplyStream = mpsc::Receiver<ReplyEvent>;

/// A channel that holds `depth` events (at least 1) before the plugin waits.
pub fn channel(depth: usize) -> (ReplySink, ReplyStream) {
    let (sink, stream) = mpsc::channel(depth.max(1));
    (ReplySink(sink), stream)
}

impl ReplySink {
    /// Whether the reader has left.
    pub fn is_gone(&self) -> bool {
        self.0.is_closed()
    }

    /// Hands an event over; waits while the channel is full. `false`: the reader has left.
    pub(crate) async fn send(&self, event: ReplyEvent) -> bool {
        self.0.send(event).await.is_ok()
    }
}
