//! Tasks in what somebody said, each with the words it was read from.

mod signals;

use mnemosyne_sdk::plugin::task_intelligence::Draft;
use mnemosyne_sdk::{Message, Moment, Task, words};

use self::signals::{BARE, ENDINGS, NO_DOING, OPENINGS, begin, heads_a_list, priority};
use crate::suggest::SAME;
use crate::{steps, when};

const MOST: usize = 20;
/// Titles are shown in lists.
const TITLE: usize = 120;

/// From what the person said; never from an assistant's or a tool's words.
pub(crate) fn by_rules(messages: &[Message], moment: &Moment) -> Vec<Draft> {
    let said = messages.iter().filter(|message| message.role == "user");
    let mut drafts: Vec<Draft> = Vec::new();
    for draft in said.flat_map(|message| from_text(&message.content, moment)) {
        if drafts.len() < MOST && !drafts.iter().any(|known| words::likeness(&known.title, &draft.title) >= SAME) {
            drafts.push(draft);
        }
    }
    drafts
}

/// Without those that are open already.
pub(crate) fn without_known(drafts: Vec<Draft>, known: &[Task]) -> Vec<Draft> {
    let fresh = |draft: &Draft| !known.iter().any(|task| words::likeness(&task.title, &draft.title) >= 0.8);
    drafts.into_iter().filter(fresh).collect()
}

/// One for each sentence that announces one, and for each item of a list that says what it is.
pub(crate) fn from_text(text: &str, moment: &Moment) -> Vec<Draft> {
    let (mut drafts, mut told, mut listed) = (Vec::new(), String::new(), false);
    for line in text.lines() {
        if let Some(item) = steps::item(line).filter(|_| listed) {
            drafts.extend(draft(item, line, 0.85, moment));
        } else {
            told.push_str(line);
            told.push('\n');
            // What is ticked off stands in the list too.
            let stays = line.trim().is_empty() || line.trim_start().starts_with(['-', '*', '•']);
            listed = if stays { listed } else { heads_a_list(line) };
        }
    }
    drafts.extend(words::sentences(&told).into_iter().filter_map(|sentence| from_sentence(sentence, moment)));
    drafts
}

fn from_sentence(sentence: &str, moment: &Moment) -> Option<Draft> {
    // Same bytes, so that what is found in `lower` can be cut from the sentence as it was written.
    let plain = sentence.replace('’', "'");
    let lower = plain.to_ascii_lowercase();
    let said = OPENINGS.iter().filter_map(|(opening, confidence)| Some((begin(&lower, opening)? + opening.len(), *confidence)));
    let bare = BARE.iter().filter(|(opening, _)| lower.starts_with(opening)).map(|(opening, confidence)| (opening.len(), *confidence));
    let (start, confidence) = said.chain(bare).max_by_key(|(start, _)| *start)?;
    // A question asks, only "can you remind me to …?" tells; and who says if does not say that.
    if sentence.ends_with('?') && !lower.contains("remind me") || lower.starts_with("if ") {
        return None;
    }
    let end = ENDINGS.iter().filter_map(|ending| lower[start..].find(ending)).min().map_or(plain.len(), |at| start + at);
    draft(&plain[start..end], sentence, confidence, moment)
}

/// What the clause asks for; its priority is read from all of the sentence.
fn draft(clause: &str, sentence: &str, confidence: f32, moment: &Moment) -> Option<Draft> {
    let clause = clause.trim().trim_end_matches(['.', '!', '?', '…', ',']);
    let found = when::read(clause, moment);
    let title = words::excerpt(found.rest.trim().trim_end_matches([',', ':']).trim(), TITLE);
    let said = words::of(&title);
    if said.len() < 2 && words::telling(&title).is_empty() || said.first().is_some_and(|word| NO_DOING.contains(&word.as_str())) {
        return None;
    }
    let mut first = title.chars();
    let title = first.next().map(|c| c.to_uppercase().chain(first).collect::<String>())?;
    let urgent_by_date = found.days.is_some_and(|days| days <= 1);
    Some(Draft {
        priority: priority(&words::of(sentence), urgent_by_date).to_owned(),
        due_local: found.due_local,
        recurrence: found.recurrence,
        evidence: words::excerpt(sentence, 500),
        ..Draft::new(&title, confidence)
    })
}
