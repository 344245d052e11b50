//! An answer is made, stopped, saved. It is saved before its end is told, and what was said of it is kept whatever happens.

use std::sync::Arc;
use std::time::Duration;

use mnemosyne_runtime::ModelUse;
use tracing::Instrument as _;
use uuid::Uuid;

use super::events::{self, Told};
use super::live::{Answering, Live, Stop};
use super::turn::Asked;
use super::voice::Voice;
use super::{Chat, Manner, NewTurn};
use crate::error::{Code, ErrorKind, Failure as _, Fault, Outcome};
use crate::model::conversation::{EventKind, Message, RunEvent, RunState, Speaker};
use crate::model::game::Rules;
use crate::plugin::persona::{Answered, MemoryDraft};
use crate::service::personas::Ask;
use crate::service::principal::Principal;
use crate::store::{self, conversations, messages, runs};
use crate::timings;

/// Between two looks at session and listeners: what ends a session bites within a second.
const WATCH: Duration = Duration::from_millis(500);
/// Pauses before an answer is saved once more.
const AGAIN: [Duration; 3] = [Duration::from_millis(200), Duration::from_secs(1), Duration::from_secs(3)];
/// The model of an answer that none was asked for.
pub(super) const OFFLINE: &str = "offline";

/// An answer that was not streamed.
#[derive(Debug)]
pub struct Answer {
    /// As it is stored.
    pub message: Message,
    /// What the person might say next.
    pub suggestions: Vec<String>,
    /// What the persona proposes to keep.
    pub drafts: Vec<MemoryDraft>,
    /// Why it is not whole.
    pub fault: Option<Fault>,
}

/// What became of an answer.
pub(super) struct Made {
    state: RunState,
    /// `None`: nothing of it was said, or it could not be kept.
    message: Option<Message>,
    suggestions: Vec<String>,
    drafts: Vec<MemoryDraft>,
    fault: Option<Fault>,
}

/// Why an answer is not whole.
struct Broken {
    fault: Fault,
    rules: Option<Rules>,
    models: ModelUse,
}

impl From<Fault> for Broken {
    fn from(fault: Fault) -> Self {
        Self { fault, rules: None, models: ModelUse::default() }
    }
}

impl Chat {
    /// Answers what somebody says. Dropped in the middle, it stops whoever answers; what was said by then is kept.
    ///
    /// # Errors
    /// As saying it; what went wrong when nothing was answered (what the person said is kept all the same).
    pub async fn message(&self, who: &Principal, turn: NewTurn) -> Outcome<Answer> {
        let (chat, who) = (self.clone(), who.clone());
        let (live, asked) = apart(async move { chat.say(who, turn, None).await }).await?;
        self.answer_now(live, asked).await
    }

    /// Answers the last thing that somebody said once more. The new answer takes the old one's place when it is whole.
    ///
    /// # Errors
    /// 404; 409 when nothing was said; else as [`Chat::message`].
    pub async fn regenerate(&self, who: &Principal, conversation: Uuid, manner: Manner) -> Outcome<Answer> {
        let (live, asked) = self.say_again(who.clone(), conversation, manner).await?;
        self.answer_now(live, asked).await
    }

    async fn answer_now(&self, live: Arc<Live>, asked: Asked) -> Outcome<Answer> {
        let asked = Arc::new(asked);
        let mut unfinished = Unfinished { chat: self.clone(), live: Arc::clone(&live), asked: Some(Arc::clone(&asked)) };
        let made = self.make(&live, &asked, None).await;
        // from here on it ends by itself, whether anybody waits or not
        unfinished.asked = None;
        let chat = self.clone();
        let kept = format!("what you said is kept in conversation {}", live.conversation);
        let made = apart(async move { Ok(chat.settle(&live, &asked, made, false).await) }).await?;
        match (made.message, made.fault) {
            (Some(message), fault) => Ok(Answer { message, suggestions: made.suggestions, drafts: made.drafts, fault }),
            (None, Some(fault)) => Err(fault.detail(kept)),
            (None, None) => Err(Fault::conflict("the conversation was deleted while it was answered")),
        }
    }

    /// Makes the answer, until it is whole, breaks off or is stopped. `grace`: how long it goes on without a listener.
    pub(super) async fn make(&self, live: &Live, asked: &Asked, grace: Option<Duration>) -> Made {
        let ended = tokio::select! {
            biased;
            ended = self.ask(live, asked) => ended.map_err(|broken| (RunState::Failed, Some(broken))),
            () = live.stop.cancelled() => Err((RunState::Cancelled, None)),
            why = self.watch(live, &asked.who, grace) => {
                live.halt(why);
                Err((RunState::Cancelled, None))
            }
        };
        if live.last() == 0 {
            // nobody was chosen: the stream still begins as every stream
            live.tell(EventKind::Meta, &events::meta(live, asked.message.id, None, None, &live.answering().context));
        }
        match ended {
            Ok(answered) => self.whole(live, answered),
            Err((state, broken)) => {
                let stopped = || events::stopped(live.why().unwrap_or(Stop::Asked));
                let (fault, rules, models) = match broken {
                    Some(Broken { fault, rules, models }) => (Some(fault), rules, models),
                    None => (stopped(), None, ModelUse::default()),
                };
                let state = if live.why() == Some(Stop::Revoked) { RunState::Failed } else { state };
                Made { state, message: self.compose(live, rules, None, &models), suggestions: Vec::new(), drafts: Vec::new(), fault }
            }
        }
    }

    fn whole(&self, live: &Live, answered: Answered) -> Made {
        let message = self.compose(live, Some(answered.revision.clone()), Some(&answered), &ModelUse::default());
        let silent = message.is_none().then(|| Fault::new(Code::PluginBadOutput).message("the persona gave no answer"));
        let state = if silent.is_some() { RunState::Failed } else { RunState::Complete };
        Made { state, message, suggestions: answered.suggestions, drafts: answered.memories, fault: silent }
    }

    async fn ask(&self, live: &Live, asked: &Asked) -> Result<Answered, Broken> {
        let conversation = live.conversation;
        let shown = self.shown(conversation, asked.message.place, asked.include_memories).await?;
        let ask = Ask {
            conversation: Some(conversation),
            message: asked.message.content.clone(),
            history: shown.history,
            summary: shown.summary,
            persona: asked.persona.clone(),
            use_memories: asked.include_memories,
            wishes: asked.wishes.clone(),
        };
        let prepared = self.personas.prepare(&asked.who, ask).await?;
        let persona = prepared.persona.clone();
        let rules = self.voices.bound().into_iter().find(|bound| bound.id == persona).map(|bound| bound.revision);
        live.answered_by(Answering { persona: persona.clone(), rules: rules.clone(), context: shown.context.clone() });
        live.tell(EventKind::Meta, &events::meta(live, asked.message.id, Some(&persona), rules.as_ref(), &shown.context));
        let voice = Voice::new(live, &self.memories, asked.reasoning);
        let answered = self.personas.answer(&prepared, &voice).await;
        voice.settle_cites().await;
        answered.map_err(|failed| {
            tracing::warn!(
                code = failed.code.text(),
                detail = failed.detail,
                persona,
                said = failed.said,
                "a persona did not finish its answer"
            );
            Broken { fault: failed.fault(), rules: failed.revision, models: failed.models }
        })
    }

    /// Waits until nobody may, or wants to, hear the answer.
    async fn watch(&self, live: &Live, who: &Principal, grace: Option<Duration>) -> Stop {
        loop {
            tokio::time::sleep(WATCH).await;
            if self.revoked(who).await {
                return Stop::Revoked;
            }
            if grace.is_some_and(|grace| live.alone() >= grace) {
                return Stop::Alone;
            }
        }
    }

    /// Whether the session or the key was ended, or the account locked. When that cannot be told: no.
    pub(super) async fn revoked(&self, who: &Principal) -> bool {
        let holds = self.auth.still_in(who).await;
        holds.is_err_and(|fault| matches!(fault.code.kind(), ErrorKind::Unauthenticated | ErrorKind::Forbidden))
    }

    /// The answer as far as it was said; `None` when nothing was.
    /// `models`: what a broken one used by then.
    fn compose(&self, live: &Live, rules: Option<Rules>, answered: Option<&Answered>, models: &ModelUse) -> Option<Message> {
        let content = live.text();
        if content.is_empty() {
            return None;
        }
        let answering = live.answering();
        let memories = live.used();
        let tokens = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let mut shown = answering.context;
        shown.memories.clone_from(&memories);
        shown.actions = live.actions();
        Some(Message {
            id: live.message,
            conversation_id: live.conversation,
            user_id: live.user,
            place: 0,
            role: Speaker::Assistant,
            content,
            persona: Some(answering.persona),
            rules: rules.or(answering.rules),
            memories_used: memories,
            model: match answered {
                Some(answered) => Some(answered.model.clone().unwrap_or_else(|| OFFLINE.to_owned())),
                None => models.model.as_deref().map(str::to_owned),
            },
            prompt_tokens: tokens(answered.map_or(models.input_tokens.into(), |answered| answered.prompt_tokens)),
            completion_tokens: tokens(answered.map_or(models.output_tokens.into(), |answered| answered.completion_tokens)),
            duration_ms: i64::try_from(live.lasted().as_millis()).unwrap_or(i64::MAX),
            degraded: answered.is_none_or(|answered| answered.degraded),
            context: Some(shown),
            created_at: self.clock.now(),
        })
    }

    /// Saves what became of an answer and tells the end, in this order. `run`: it is one that others follow.
    pub(super) async fn settle(&self, live: &Live, asked: &Asked, mut made: Made, run: bool) -> Made {
        if !asked.replaces.is_empty() && made.state != RunState::Complete {
            // the answer that is there is better than a part of a new one
            made.message = None;
            made.fault.get_or_insert_with(events::leaving);
        }
        let mut written = live.written.lock().await;
        let mut pauses = AGAIN.iter();
        loop {
            let told = last(&made);
            match self.save(live, asked, &mut made, run.then_some((*written, told.as_slice()))).await {
                Ok(()) => {
                    *written = live.last() + i64::try_from(told.len()).unwrap_or_default();
                    live.end(told);
                    if made.state == RunState::Complete {
                        self.sum_up(live.user, live.conversation);
                    }
                    return made;
                }
                Err(error) => {
                    let pause = pauses.next().filter(|_| !matches!(error, store::Error::NotFound | store::Error::Stale));
                    tracing::warn!(%error, again = ?pause, "an answer could not be saved");
                    if let Some(pause) = pause {
                        tokio::time::sleep(*pause).await;
                        continue;
                    }
                    // the conversation was deleted, or somebody else ended the run, or the database is away
                    let gone = matches!(error, store::Error::NotFound | store::Error::Stale);
                    made.fault = if gone { None } else { Some(error.fault()) };
                    made.state = if gone { RunState::Cancelled } else { RunState::Failed };
                    made.message = None;
                    live.end(last(&made));
                    return made;
                }
            }
        }
    }

    /// One transaction: the answer, the end of its run, the events that were not written yet.
    async fn save(&self, live: &Live, asked: &Asked, made: &mut Made, run: Option<(i64, &[Told])>) -> store::Result<()> {
        if run.is_none() && made.message.is_none() {
            return Ok(());
        }
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        if let Some((written, told)) = run {
            runs::end(&mut tx, live.id, made.state, now).await?;
            let mut events = live.after(written);
            let first = live.last() + 1;
            events.extend((first..).zip(told).map(|(number, (kind, data))| RunEvent { number, kind: *kind, data: data.clone() }));
            runs::write(&mut tx, &[runs::Block { run: live.id, events }]).await?;
        }
        if let Some(message) = &mut made.message {
            let removed = messages::remove(&mut tx, live.conversation, &asked.replaces).await?;
            let more = 1 - i64::try_from(removed).unwrap_or_default();
            let said = conversations::Said { title: None, persona: message.persona.as_deref(), more, places: 1 };
            message.place = conversations::take_place(&mut tx, live.user, live.conversation, said, now).await?;
            messages::insert(&mut tx, std::slice::from_ref(message)).await?;
        }
        tx.commit().await
    }
}

/// What a stream tells last.
fn last(made: &Made) -> Vec<Told> {
    let mut told: Vec<Told> = events::suggestions(&made.suggestions, &made.drafts).into_iter().collect();
    told.extend(made.message.as_ref().map(events::usage));
    told.extend(made.fault.as_ref().map(events::error));
    told.push(events::done(made.state, made.message.as_ref()));
    told
}

/// Runs on a task of its own: a client that leaves does not stop it in the middle.
pub(super) async fn apart<T: Send + 'static>(work: impl Future<Output = Outcome<T>> + Send + 'static) -> Outcome<T> {
    let work = timings::scope(timings::current(), work);
    tokio::spawn(work.in_current_span()).await.map_err(Fault::internal)?
}

/// An answer that somebody waits for. Dropped before its end: they left, and what was said by then is kept.
struct Unfinished {
    chat: Chat,
    live: Arc<Live>,
    /// `None` once it ends by itself.
    asked: Option<Arc<Asked>>,
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let (Some(asked), Ok(runtime)) = (self.asked.take(), tokio::runtime::Handle::try_current()) else { return };
        let (chat, live) = (self.chat.clone(), Arc::clone(&self.live));
        runtime.spawn(async move {
            let message = chat.compose(&live, None, None, &ModelUse::default());
            let made = Made { state: RunState::Cancelled, message, suggestions: Vec::new(), drafts: Vec::new(), fault: None };
            chat.settle(&live, &asked, made, false).await;
        });
    }
}
