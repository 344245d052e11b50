//! A persona's answer to a conversation that the client brings along whole; nothing of it is stored.

use async_trait::async_trait;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument as _;
use uuid::Uuid;

use super::{OpenAi, refused};
use crate::clock::Millis;
use crate::error::{Fault, Outcome};
use crate::plugin::persona::{Answered, Closed, Said, Sink, Unanswered, Wishes};
use crate::service::personas::Ask;
use crate::service::principal::{Permission, Principal};
use crate::timings;

/// Pieces that may wait for a slow client before the persona does.
const WAITING: usize = 8;
/// Bytes of the message that is answered.
const MESSAGE: usize = 256 << 10;

/// Who said a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaker {
    /// The program: a client's `system` or `developer` message.
    Program,
    /// The person.
    Person,
    /// The persona.
    Persona,
    /// A tool that the client ran.
    Tool,
}

/// A line of the conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Who said it.
    pub speaker: Speaker,
    /// What.
    pub text: String,
}

/// An answer on its way. Dropping it ends the persona and the model that it listens to.
#[derive(Debug)]
pub struct Talk {
    pieces: mpsc::Receiver<String>,
    answer: AbortOnDropHandle<Result<Answered, Unanswered>>,
}

impl Talk {
    /// The next piece; `None`: there are no more.
    pub async fn piece(&mut self) -> Option<String> {
        self.pieces.recv().await
    }

    /// What came of it, once there are no more pieces.
    ///
    /// # Errors
    /// Nobody finished it; what was said before stands.
    pub async fn end(self) -> Outcome<Answered> {
        match self.answer.await {
            Ok(Ok(answered)) => Ok(answered),
            Ok(Err(failed)) => Err(failed.fault().cause(failed.detail)),
            Err(panic) => Err(Fault::internal(panic)),
        }
    }
}

/// Where the pieces go.
struct Mouth(mpsc::Sender<String>);

#[async_trait]
impl Sink for Mouth {
    async fn push(&self, text: &str) -> Result<(), Closed> {
        self.0.send(text.to_owned()).await.map_err(|_| Closed::Gone)
    }
    // The dialect has no words for the rest.
    async fn status(&self, _: &str) {}
    async fn reasoning(&self, _: &str) {}
    async fn action(&self, _: serde_json::Value) {}
    async fn cite(&self, _: Uuid) {}
}

impl OpenAi {
    /// Lets a persona answer. It may use the person's memories if the credential may read them.
    ///
    /// # Errors
    /// 400 that names `messages` when there is nothing to answer.
    pub async fn talk(&self, who: &Principal, persona: String, lines: Vec<Line>, wishes: Wishes) -> Outcome<Talk> {
        let (history, message) = told(lines, self.clock.now())?;
        let use_memories = who.permissions.contains(Permission::MemoryRead);
        let ask = Ask { message, history, persona: Some(persona), use_memories, wishes, ..Ask::default() };
        let prepared = self.personas.prepare(who, ask).await?;
        let (to, pieces) = mpsc::channel(WAITING);
        let personas = self.personas.clone();
        let work = async move { personas.answer(&prepared, &Mouth(to)).await };
        // A task of its own: it goes on while the client reads, and ends at once when the client leaves.
        let answer = tokio::spawn(timings::scope(timings::current(), work).in_current_span());
        Ok(Talk { pieces, answer: AbortOnDropHandle::new(answer) })
    }
}

/// What was said before, and what is to be answered.
///
/// A program's instructions are no persona's: it is told them as what the program said, right before the message, where no
/// trimming of a long history loses them.
fn told(lines: Vec<Line>, at: Millis) -> Outcome<(Vec<Said>, String)> {
    let hint = "end `messages` with one of role `user`";
    let last = lines.iter().rposition(|line| line.speaker != Speaker::Program);
    let Some(last) = last.filter(|last| lines[*last].speaker == Speaker::Person) else {
        return Err(refused("messages", "a persona answers what a user says last", hint));
    };
    let (mut history, mut instructions, mut message) = (Vec::new(), Vec::new(), String::new());
    for (number, line) in lines.into_iter().enumerate() {
        let said = |role| Said { role, content: line.text.clone(), at };
        match line.speaker {
            _ if number == last => message = line.text,
            _ if line.text.trim().is_empty() => {}
            Speaker::Program => instructions.push(said("system")),
            Speaker::Person => history.push(said("user")),
            Speaker::Persona => history.push(said("assistant")),
            Speaker::Tool => history.push(said("tool")),
        }
    }
    if message.trim().is_empty() {
        return Err(refused("messages", "the last message says nothing", hint));
    }
    if message.len() > MESSAGE {
        return Err(refused("messages", "the last message has more than 256 KiB", "say it in parts"));
    }
    history.extend(instructions);
    Ok((history, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(of: &[(Speaker, &str)]) -> Vec<Line> {
        of.iter().map(|(speaker, text)| Line { speaker: *speaker, text: (*text).to_owned() }).collect()
    }

    #[test]
    fn the_last_word_of_the_person_is_answered_and_instructions_stand_right_before_it() {
        use Speaker::{Person, Persona, Program, Tool};
        let said = lines(&[
            (Program, "be brief"),
            (Person, "one"),
            (Persona, ""),
            (Persona, "two"),
            (Tool, "three"),
            (Person, "four"),
            (Program, "in French"),
        ]);
        let (history, message) = told(said, 7).unwrap();
        let history: Vec<_> = history.iter().map(|said| (said.role, said.content.as_str())).collect();
        assert_eq!(history, [("user", "one"), ("assistant", "two"), ("tool", "three"), ("system", "be brief"), ("system", "in French")]);
        assert_eq!(message, "four");
    }

    #[test]
    fn where_nobody_asks_nobody_answers() {
        use Speaker::{Person, Persona, Program};
        for said in [&[][..], &[(Program, "x")], &[(Person, "one"), (Persona, "two")], &[(Person, "  ")]] {
            assert_eq!(told(lines(said), 0).unwrap_err().param.as_deref(), Some("messages"));
        }
        assert!(told(lines(&[(Person, &"x".repeat(MESSAGE + 1))]), 0).is_err());
    }
}
