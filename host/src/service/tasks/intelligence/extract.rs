//! Tasks in what somebody wrote or said. Each comes with the words it was read from.

use uuid::Uuid;

use super::{Drafted, Tasks, draft};
use crate::error::{Code, Fault, Outcome};
use crate::model::conversation::Message;
use crate::model::page::Page;
use crate::model::task::Task;
use crate::plugin::persona::Said;
use crate::plugin::task_intelligence::{Helped, MOST_MESSAGES};
use crate::service::principal::{Permission, Principal};
use crate::store::{conversations, messages, tasks};

/// Bytes of a text, as of a message.
const TEXT_BYTES: usize = 256 << 10;
/// What is less sure than this is shown and not made.
const SURE: f64 = 0.5;

/// Where tasks are looked for.
#[derive(Clone, Debug)]
pub enum Source {
    /// The caller's own words.
    Text(String),
    /// What the caller said in one of their conversations.
    Conversation(Uuid),
}

/// What was found, and what was made of it.
#[derive(Clone, Debug)]
pub struct Extracted {
    /// Everything found.
    pub drafts: Helped<Vec<Drafted>>,
    /// The tasks made; none unless asked for.
    pub created: Vec<Task>,
}

impl Tasks {
    /// Tasks found in a text or a conversation. With `create` those are made, in one transaction, that are sure enough (0.5)
    /// and not open already under the same title; so the same text twice makes nothing twice.
    ///
    /// # Errors
    /// 404 for a conversation that is not the caller's; 403 without `chat:use`; 422 for a text over 256 KiB.
    pub async fn extract(&self, caller: &Principal, source: Source, create: bool) -> Outcome<Extracted> {
        let here = self.here(caller).await?;
        let (said, conversation) = match source {
            Source::Text(text) if text.len() > TEXT_BYTES => return Err(Fault::field("/text", "must have at most 256 KiB")),
            Source::Text(text) => (vec![Said { role: "user", content: text, at: here.now }], None),
            Source::Conversation(id) => (self.said(caller, id).await?, Some(id)),
        };
        let helped = self.intelligence.extract(&caller.into(), &said, &here.moment).await;
        let mut drafts = helped.map(|all| all.into_iter().filter_map(|one| draft::read(one, &here)).collect::<Vec<Drafted>>());
        self.mark_known(caller, &mut drafts.value).await?;
        let created = if create { self.make(caller, &mut drafts.value, conversation).await? } else { Vec::new() };
        Ok(Extracted { drafts, created })
    }

    /// The newest messages of one of the caller's conversations that together are no longer than a text may be, oldest first.
    async fn said(&self, caller: &Principal, id: Uuid) -> Outcome<Vec<Said>> {
        if !caller.permissions.contains(Permission::ChatUse) {
            return Err(Fault::new(Code::NotPermitted).detail("reading a conversation needs `chat:use` too"));
        }
        let conversation = conversations::find(&self.db, caller.user, id).await?.ok_or_else(Fault::not_found)?;
        let most = i64::try_from(MOST_MESSAGES).unwrap_or(i64::MAX);
        let newest = Page::skip((conversation.message_count - most).max(0), most);
        let page = messages::of_conversation(&self.db, caller.user, id, None, &newest).await?;
        Ok(newest_that_fit(page.items))
    }

    /// Marks what is open already.
    async fn mark_known(&self, caller: &Principal, drafts: &mut [Drafted]) -> Outcome<()> {
        let titles: Vec<String> = drafts.iter().map(|draft| draft.title.clone()).collect();
        let known = tasks::titled(&self.db, caller.user, &titles).await?;
        for draft in drafts {
            let title = draft.title.to_lowercase();
            draft.duplicate_of = known.iter().find(|(_, open)| *open == title).map(|(id, _)| *id);
        }
        Ok(())
    }

    async fn make(&self, caller: &Principal, drafts: &mut [Drafted], conversation: Option<Uuid>) -> Outcome<Vec<Task>> {
        let mut titles = Vec::new();
        let wanted = |draft: &&Drafted| {
            let title = draft.title.to_lowercase();
            let fresh = draft.duplicate_of.is_none() && draft.confidence >= SURE && !titles.contains(&title);
            titles.push(title);
            fresh
        };
        let new: Vec<_> = drafts.iter().filter(wanted).map(|draft| draft.task(conversation)).collect();
        if new.is_empty() {
            return Ok(Vec::new());
        }
        let (made, logs): (Vec<Task>, Vec<_>) = self.prepare(caller, new).await?.into_iter().unzip();
        let mut tx = self.db.begin().await?;
        // One at a time a person: the same text sent twice at once makes nothing twice.
        tasks::lock_tree(&mut tx, caller.user).await?;
        let titles: Vec<String> = made.iter().map(|task| task.title.clone()).collect();
        let known = tasks::titled(&mut tx, caller.user, &titles).await?;
        let fresh = |task: &Task| !known.iter().any(|(_, open)| *open == task.title.to_lowercase());
        let (made, logs): (Vec<Task>, Vec<_>) = made.into_iter().zip(logs).filter(|(task, _)| fresh(task)).unzip();
        tasks::insert_all(&mut tx, &made).await?;
        tasks::log_all(&mut tx, &logs).await?;
        tx.commit().await?;
        Ok(made)
    }
}

/// The last ones, together at most [`TEXT_BYTES`].
fn newest_that_fit(messages: Vec<Message>) -> Vec<Said> {
    let mut bytes = 0;
    let fits = |message: &Message| {
        bytes += message.content.len();
        bytes <= TEXT_BYTES
    };
    let said = |message: Message| Said { role: message.role.text(), content: message.content, at: message.created_at };
    let mut newest: Vec<Said> = messages.into_iter().rev().take_while(fits).map(said).collect();
    newest.reverse();
    newest
}
