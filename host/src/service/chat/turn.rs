//! Somebody says something. It is saved, with the run that will answer it, before anybody is asked.

use std::sync::Arc;

use uuid::Uuid;

use super::Chat;
use super::conversations::title_of;
use super::live::{Live, OnDisconnect};
use crate::error::{Fault, Outcome};
use crate::model::conversation::{Conversation, Message, Run, RunState, Speaker};
use crate::plugin::persona::Wishes;
use crate::service::principal::Principal;
use crate::store::{conversations, messages, runs};

/// Bytes of a message at most.
const MESSAGE: usize = 256 << 10;

/// What somebody says, and how they want it answered.
#[derive(Clone, Debug)]
pub struct NewTurn {
    /// 1 byte to 256 KiB, no mere space.
    pub message: String,
    /// Where; `None` begins a conversation.
    pub conversation: Option<Uuid>,
    /// What a conversation that is begun starts with, oldest first.
    pub before: Vec<(Speaker, String)>,
    /// How they want it answered.
    pub manner: Manner,
}

/// How somebody wants something answered.
#[derive(Clone, Debug)]
pub struct Manner {
    /// By whom; `None`: by the conversation's persona, the person's own, or whoever suits best.
    pub persona: Option<String>,
    /// Whether memories may be looked at.
    pub include_memories: bool,
    /// 0…2.
    pub temperature: Option<f32>,
    /// A model's name.
    pub model: Option<String>,
    /// Operations may be performed, in so many rounds.
    pub rounds: Option<u32>,
    /// Whether visible reasoning is told.
    pub reasoning: bool,
}

impl Default for Manner {
    fn default() -> Self {
        Self { persona: None, include_memories: true, temperature: None, model: None, rounds: None, reasoning: true }
    }
}

/// Something that is to be answered.
pub(super) struct Asked {
    /// By whom.
    pub(super) who: Principal,
    /// What they said, as it is stored.
    pub(super) message: Message,
    /// Who must answer.
    pub(super) persona: Option<String>,
    /// Whether memories may be looked at.
    pub(super) include_memories: bool,
    /// What else they wish.
    pub(super) wishes: Wishes,
    /// Whether visible reasoning is told.
    pub(super) reasoning: bool,
    /// Answers that the new one takes the place of.
    pub(super) replaces: Vec<Uuid>,
}

impl Chat {
    /// Saves what somebody says. `run`: as a run that others can follow.
    ///
    /// # Errors
    /// 404 for a conversation that is not theirs; 422 for a blank message and an unknown persona. Nothing is changed then.
    pub(super) async fn say(&self, who: Principal, turn: NewTurn, run: Option<OnDisconnect>) -> Outcome<(Arc<Live>, Asked)> {
        let conversation = match turn.conversation {
            Some(id) => Some(self.get(&who, id).await?),
            None => None,
        };
        if turn.message.trim().is_empty() {
            return Err(Fault::field("/message", "must not be blank"));
        }
        if turn.message.len() > MESSAGE {
            return Err(Fault::field("/message", "must have at most 256 KiB"));
        }
        let title = title_of(&turn.message);
        let begun = conversation.is_none();
        let conversation = conversation.unwrap_or_else(|| self.fresh(who.user, title.clone(), None));
        let reasoning = turn.manner.reasoning;
        let (persona, include_memories, wishes) = self.wished(&conversation, turn.manner)?;
        let now = self.clock.now();
        let words = turn.before.into_iter().filter(|_| begun).chain([(Speaker::User, turn.message)]);
        let mut words: Vec<Message> = words.map(|(role, content)| self.words(&conversation, role, content)).collect();
        let live = self.live(&conversation, run);

        let mut tx = self.db.begin().await?;
        if begun {
            conversations::insert(&mut tx, &conversation).await?;
        }
        let places = i64::try_from(words.len()).unwrap_or(i64::MAX);
        let said = conversations::Said { title: Some(&title), persona: None, more: places, places };
        let first = conversations::take_place(&mut tx, who.user, conversation.id, said, now).await?;
        words.iter_mut().zip(first..).for_each(|(message, place)| message.place = place);
        messages::insert(&mut tx, &words).await?;
        if run.is_some() {
            let run = Run {
                id: live.id,
                user_id: who.user,
                conversation_id: conversation.id,
                message_id: live.message,
                host: self.desk.host,
                state: RunState::Running,
                cancel: false,
                started_at: now,
                ended_at: None,
            };
            runs::insert(&mut tx, &run).await?;
            self.lease(&mut tx, now).await?;
        }
        tx.commit().await?;
        let message = words.pop().ok_or_else(|| Fault::internal("what was said is gone"))?;
        Ok((live, Asked { who, message, persona, include_memories, wishes, reasoning, replaces: Vec::new() }))
    }

    /// The last thing that somebody said in a conversation, to be answered anew.
    ///
    /// # Errors
    /// 404; 409 when they said nothing there yet; 422 for an unknown persona.
    pub(super) async fn say_again(&self, who: Principal, id: Uuid, manner: Manner) -> Outcome<(Arc<Live>, Asked)> {
        let conversation = self.get(&who, id).await?;
        let reasoning = manner.reasoning;
        let (persona, include_memories, wishes) = self.wished(&conversation, manner)?;
        let message = messages::last_of_user(&self.db, who.user, id).await?;
        let message = message.ok_or_else(|| Fault::conflict("nothing was said in this conversation that could be answered"))?;
        let replaces = messages::answers_after(&self.db, id, message.place).await?;
        let live = self.live(&conversation, None);
        Ok((live, Asked { who, message, persona, include_memories, wishes, reasoning, replaces }))
    }

    fn wished(&self, conversation: &Conversation, manner: Manner) -> Outcome<(Option<String>, bool, Wishes)> {
        if let Some(persona) = &manner.persona {
            self.check_persona(persona)?;
        }
        // one that the conversation names may have been unbound since: then whoever suits best answers
        let own = || conversation.persona.clone().filter(|persona| self.check_persona(persona).is_ok());
        let persona = manner.persona.clone().or_else(own);
        let wishes = Wishes {
            temperature: manner.temperature,
            model: manner.model,
            agentic: manner.rounds.is_some(),
            max_iterations: manner.rounds.unwrap_or(1),
            ..Wishes::default()
        };
        Ok((persona, manner.include_memories, wishes))
    }

    fn live(&self, conversation: &Conversation, run: Option<OnDisconnect>) -> Arc<Live> {
        let (run_id, answer) = (self.ids.id(), self.ids.id());
        Arc::new(Live::new(run_id, conversation.user_id, conversation.id, answer, run.unwrap_or_default()))
    }

    /// What somebody says, not stored yet.
    fn words(&self, conversation: &Conversation, role: Speaker, content: String) -> Message {
        Message {
            id: self.ids.id(),
            conversation_id: conversation.id,
            user_id: conversation.user_id,
            place: 0,
            role,
            content,
            persona: None,
            rules: None,
            memories_used: Vec::new(),
            model: None,
            prompt_tokens: 0,
            completion_tokens: 0,
            duration_ms: 0,
            degraded: false,
            context: None,
            created_at: self.clock.now(),
        }
    }
}
