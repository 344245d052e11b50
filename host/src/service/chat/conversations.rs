//! Conversations: begin, read, rename, fork, delete.

use uuid::Uuid;

use super::Chat;
use super::live::Stop;
use crate::clock::Millis;
use crate::error::{Code, Fault, Outcome};
use crate::model::conversation::{Conversation, Message};
use crate::model::page::{Page, Slice, Start};
use crate::service::principal::Principal;
use crate::store::summaries::{self, Summary};
use crate::store::{self, conversations, messages};

/// Characters of a title at most.
const TITLE: usize = 500;
/// Characters of a title that the first message gives.
const OWN_TITLE: usize = 80;
/// Messages that are copied at a time.
const COPIED: i64 = 100;
/// How often a change is made again when something was said meanwhile.
const TRIES: usize = 5;

/// What to change of a conversation; `None` leaves as it is, an inner `None` clears.
#[derive(Clone, Debug, Default)]
pub struct ConversationEdit {
    /// 1…500 characters.
    pub title: Option<String>,
    /// A persona that is bound.
    pub persona: Option<Option<String>>,
}

impl Chat {
    /// One of the caller's conversations.
    ///
    /// # Errors
    /// 404 when it is not there, deleted, or somebody else's.
    pub async fn get(&self, caller: &Principal, id: Uuid) -> Outcome<Conversation> {
        conversations::find(&self.db, caller.user, id).await?.ok_or_else(Fault::not_found)
    }

    /// A page of the caller's conversations, the one that changed last first.
    ///
    /// # Errors
    /// Only the database's.
    pub async fn list(&self, caller: &Principal, filter: &conversations::Filter, page: &Page) -> Outcome<Slice<Conversation>> {
        Ok(conversations::list(&self.db, caller.user, filter, page).await?)
    }

    /// Begins a conversation in which nothing was said yet.
    ///
    /// # Errors
    /// 422 for a blank or long title and for a persona that is not bound.
    pub async fn create(&self, caller: &Principal, title: Option<String>, persona: Option<String>) -> Outcome<Conversation> {
        title.as_deref().map_or(Ok(()), check_title)?;
        persona.as_deref().map_or(Ok(()), |persona| self.check_persona(persona))?;
        let conversation = self.fresh(caller.user, title.unwrap_or_default(), persona);
        conversations::insert(&self.db, &conversation).await?;
        Ok(conversation)
    }

    /// A conversation of this moment, not stored yet.
    pub(super) fn fresh(&self, user: Uuid, title: String, persona: Option<String>) -> Conversation {
        let now = self.clock.now();
        Conversation {
            id: self.ids.id(),
            user_id: user,
            title,
            persona,
            last_persona: None,
            message_count: 0,
            created_at: now,
            updated_at: now,
            deleted_at: None,
            version: 1,
        }
    }

    /// Changes title or persona. Something that is said meanwhile does not undo it.
    ///
    /// # Errors
    /// 404; 422 as [`Chat::create`]; 412 for another version than `if_version`.
    pub async fn change(&self, caller: &Principal, id: Uuid, edit: ConversationEdit, if_version: Option<i64>) -> Outcome<Conversation> {
        for tries in (1..=TRIES).rev() {
            let mut conversation = self.get(caller, id).await?;
            edit.title.as_deref().map_or(Ok(()), check_title)?;
            edit.persona.iter().flatten().try_for_each(|persona| self.check_persona(persona))?;
            expect(&conversation, if_version)?;
            let before = conversation.clone();
            if let Some(title) = &edit.title {
                conversation.title.clone_from(title);
            }
            if let Some(persona) = &edit.persona {
                conversation.persona.clone_from(persona);
            }
            if conversation == before {
                return Ok(conversation);
            }
            conversation.updated_at = self.clock.now().max(conversation.updated_at);
            match conversations::update(&self.db, conversation).await {
                Err(store::Error::Stale) if if_version.is_none() && tries > 1 => {}
                other => return Ok(other?),
            }
        }
        Err(Fault::conflict("the conversation is being changed by others at the same time"))
    }

    /// Deletes a conversation, what was said in it, and the answers under way. A tombstone without words stays.
    ///
    /// # Errors
    /// 404; 412 for another version than `if_version`.
    pub async fn delete(&self, caller: &Principal, id: Uuid, if_version: Option<i64>) -> Outcome<()> {
        let conversation = self.get(caller, id).await?;
        expect(&conversation, if_version)?;
        let mut tx = self.db.begin().await?;
        conversations::delete(&mut tx, caller.user, id, if_version, self.clock.now().max(conversation.updated_at)).await?;
        tx.commit().await?;
        // other hosts find out by themselves, within a second
        self.desk.all().iter().filter(|live| live.conversation == id).for_each(|live| live.halt(Stop::Asked));
        Ok(())
    }

    /// What was said in a conversation, oldest first.
    ///
    /// # Errors
    /// 404.
    pub async fn messages(&self, caller: &Principal, id: Uuid, after: Option<Millis>, page: &Page) -> Outcome<Slice<Message>> {
        self.get(caller, id).await?;
        Ok(messages::of_conversation(&self.db, caller.user, id, after, page).await?)
    }

    /// A new conversation that begins as this one did, up to and with a message (all of it when `None`). The copy lives by
    /// itself: what is said in one is not heard in the other.
    ///
    /// # Errors
    /// 404; 422 for a message that is not one of its, and for a title as [`Chat::create`].
    pub async fn fork(&self, caller: &Principal, id: Uuid, until: Option<Uuid>, title: Option<String>) -> Outcome<Conversation> {
        let from = self.get(caller, id).await?;
        title.as_deref().map_or(Ok(()), check_title)?;
        let last = match until {
            None => i64::MAX,
            Some(message) => {
                let found = messages::find(&self.db, caller.user, id, message).await?;
                found.ok_or_else(|| Fault::field("/message_id", "is not a message of this conversation"))?.place
            }
        };
        let mut fork = self.fresh(caller.user, title.unwrap_or_else(|| from.title.clone()), from.persona.clone());
        let mut tx = self.db.begin().await?;
        conversations::insert(&mut tx, &fork).await?;
        let (mut page, mut place, mut persona) = (Page::skip(0, COPIED), 0, None);
        let summed_up = summaries::find(&mut tx, id).await?.filter(|known| known.place <= last).unwrap_or_default();
        let mut covered = 0;
        loop {
            let slice = messages::of_conversation(&mut tx, caller.user, id, None, &page).await?;
            let mut copies = slice.items;
            copies.retain(|message| message.place <= last);
            for copy in &mut copies {
                covered += i64::from(copy.place < summed_up.place);
                (copy.id, copy.conversation_id, copy.place) = (self.ids.id(), fork.id, place);
                place += 1;
                persona = copy.persona.clone().or(persona);
            }
            messages::insert(&mut tx, &copies).await?;
            match slice.next {
                Some(next) if !copies.is_empty() => page = Page { start: Start::After(next), limit: COPIED },
                _ => break,
            }
        }
        if place > 0 {
            let said = conversations::Said { title: None, persona: persona.as_deref(), more: place, places: place };
            conversations::take_place(&mut tx, caller.user, fork.id, said, fork.updated_at).await?;
            (fork.message_count, fork.last_persona, fork.version) = (place, persona, fork.version + 1);
        }
        if covered > 0 {
            let summary = Summary { place: covered, ..summed_up };
            summaries::put(&mut tx, caller.user, fork.id, &summary, 0).await?;
        }
        tx.commit().await?;
        Ok(fork)
    }

    /// 422 for a persona that nothing is bound to.
    pub(super) fn check_persona(&self, persona: &str) -> Outcome<()> {
        let bound = self.voices.bound();
        if bound.iter().any(|one| one.id == persona) {
            return Ok(());
        }
        let near = bound.iter().map(|one| (strsim::jaro_winkler(&one.id, persona), &one.id)).max_by(|a, b| a.0.total_cmp(&b.0));
        let near = near.filter(|(score, _)| *score > 0.8).map(|(_, id)| format!("; did you mean `{id}`?")).unwrap_or_default();
        Err(Fault::field("/persona", format!("is no persona of this host{near}")).hint("GET /api/v1/personas lists them"))
    }
}

fn check_title(title: &str) -> Outcome<()> {
    if title.trim().is_empty() {
        return Err(Fault::field("/title", "must not be blank"));
    }
    if title.chars().count() > TITLE {
        return Err(Fault::field("/title", format!("must have at most {TITLE} characters")));
    }
    Ok(())
}

/// What `If-Match` demands.
fn expect(conversation: &Conversation, if_version: Option<i64>) -> Outcome<()> {
    match if_version {
        Some(version) if version != conversation.version => Err(Fault::new(Code::VersionMismatch)),
        _ => Ok(()),
    }
}

/// The title that the first message gives: its first line, cut at a word.
pub(super) fn title_of(message: &str) -> String {
    let line = message.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let clean: String = line.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    if clean.chars().count() <= OWN_TITLE {
        return clean;
    }
    let cut: String = clean.chars().take(OWN_TITLE).collect();
    let whole = cut.rsplit_once(' ').map_or(cut.as_str(), |(whole, _)| whole);
    let enough = whole.chars().count() * 2 > OWN_TITLE;
    format!("{}…", if enough { whole.trim_end() } else { cut.trim_end() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_message_names_the_conversation() {
        assert_eq!(title_of("\n  Plan the garden  \nwith roses"), "Plan the garden");
        assert_eq!(title_of("tab\there"), "tab here");
        let long = title_of(&"word ".repeat(40));
        assert!(long.chars().count() <= 81 && long.ends_with("word…"), "{long}");
        let unbroken = title_of(&"あ".repeat(200));
        assert_eq!(unbroken.chars().count(), 81);
        assert_eq!(title_of("   \n  "), "");
    }
}
