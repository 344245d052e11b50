//! What a persona is shown of a conversation: the newest messages that fit, and a summary of the rest.

use uuid::Uuid;

use super::Chat;
use crate::error::Outcome;
use crate::model::conversation::Context;
use crate::plugin::persona::Said;
use crate::store::{messages, summaries};

/// Messages and bytes that are shown at most (`wit/deps/persona.wit`).
const MESSAGES: i64 = 256;
const BYTES: i64 = 256 << 10;
/// A summary names so many of the person's earlier messages, each by so many letters.
const OPENINGS: i64 = 40;
const LETTERS: i64 = 120;

/// What is shown.
#[derive(Debug, Default)]
pub(super) struct Shown {
    /// Oldest first.
    pub(super) history: Vec<Said>,
    /// Of what is left out.
    pub(super) summary: Option<String>,
    /// The manifest, without what the answer adds.
    pub(super) context: Context,
}

impl Chat {
    /// What is shown of what stands before a place.
    pub(super) async fn shown(&self, conversation: Uuid, before: i64, memories_allowed: bool) -> Outcome<Shown> {
        let summed_up = summaries::find(&self.db, conversation).await?.filter(|known| known.place <= before).unwrap_or_default();
        let mut newest = messages::measured(&self.db, conversation, before, MESSAGES).await?;
        newest.retain(|one| one.place >= summed_up.place);
        let fits = fitting(&newest);
        let from = newest.get(..fits).and_then(<[_]>::last).map_or(before, |oldest| oldest.place);
        // fewer than were asked for: there are no older ones
        let all = fits == newest.len() && fits < usize::try_from(MESSAGES).unwrap_or_default() && summed_up.place == 0;
        let dropped = if all { 0 } else { messages::count_before(&self.db, conversation, from).await? };
        let spoken = if fits == 0 { Vec::new() } else { messages::spoken(&self.db, conversation, from, before).await? };
        let openings = if dropped == 0 || from <= summed_up.place {
            Vec::new()
        } else {
            messages::openings(&self.db, conversation, summed_up.place, from, LETTERS, OPENINGS).await?
        };
        let summary = [Some(summed_up.summary).filter(|notes| !notes.is_empty()), begun(&openings)];
        let summary = summary.into_iter().flatten().reduce(|notes, begun| format!("{notes}\n{begun}"));
        let bytes: i64 = newest[..fits].iter().map(|one| one.bytes).sum();
        let context = Context {
            messages: i64::try_from(fits).unwrap_or(i64::MAX),
            bytes,
            estimated_tokens: (bytes + 3) / 4,
            dropped,
            summarised: summary.is_some(),
            memories_allowed,
            memories: Vec::new(),
            actions: Vec::new(),
        };
        let said = |one: messages::Spoken| Said { role: one.role.text(), content: one.content, at: one.created_at };
        Ok(Shown { history: spoken.into_iter().map(said).collect(), summary, context })
    }
}

/// How many of these, newest first, fit together.
fn fitting(newest: &[messages::Measured]) -> usize {
    let mut left = BYTES;
    newest
        .iter()
        .take_while(|one| {
            left -= one.bytes;
            left >= 0
        })
        .count()
}

/// What the person spoke about before, in their own first words, where no model has summed it up (see `summary.rs`).
fn begun(openings: &[String]) -> Option<String> {
    let lines: Vec<String> = openings
        .iter()
        .map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "))
        .filter(|line| !line.is_empty())
        .map(|line| format!("- {line}"))
        .collect();
    if lines.is_empty() { None } else { Some(format!("Earlier the person wrote messages that began:\n{}", lines.join("\n"))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_that_fit_are_shown_and_none_in_between_is_left_out() {
        let sizes = |sizes: &[i64]| sizes.iter().map(|bytes| messages::Measured { place: 0, bytes: *bytes }).collect::<Vec<_>>();
        assert_eq!(fitting(&sizes(&[10, 20, 30])), 3);
        assert_eq!(fitting(&sizes(&[10, BYTES, 30])), 1);
        assert_eq!(fitting(&sizes(&[BYTES, 0, 1])), 2);
        assert_eq!(fitting(&sizes(&[BYTES + 1])), 0);
    }

    #[test]
    fn without_a_models_notes_it_is_the_persons_own_words() {
        assert_eq!(begun(&[]), None);
        assert_eq!(begun(&[" \n ".into()]), None);
        let text = begun(&["plan\nthe garden".into(), "and roses".into()]).unwrap();
        assert!(text.ends_with(":\n- plan the garden\n- and roses"), "{text}");
    }
}
