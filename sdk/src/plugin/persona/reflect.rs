//! What a set of memories says together: by the model, or by counting when there is none.

use super::{Persona, Reflection, ground};
use crate::capability::{llm, log};
use crate::date::Date;
use crate::json::{self, Value};
use crate::prompt::{DATA_RULE, Data, shortened};
use crate::{Error, Memory, Message, Moment, words};

const THEMES: usize = 16;
const QUESTIONS: usize = 8;
/// Bytes of memories that a model reads: within the call's 16 000 tokens.
const READ: usize = 28 << 10;

const SCHEMA: &str = r#"{"type":"object","additionalProperties":false,"required":["summary","themes","questions"],"properties":{
"summary":{"type":"string"},"themes":{"type":"array","maxItems":16,"items":{"type":"string"}},
"questions":{"type":"array","maxItems":8,"items":{"type":"string"}}}}"#;

const TASK: &str = "Read the memories and reflect on them together, in your own voice and addressed to the person: a summary of a few \
    sentences; the themes, each in a few words; open questions, among them each contradiction between memories, worded as a question.";

pub(super) fn reflect<P: Persona + ?Sized>(memories: &[Memory], moment: &Moment) -> Reflection {
    if memories.is_empty() {
        return Reflection {
            summary: "There are no memories to reflect on yet.".to_owned(),
            themes: Vec::new(),
            questions: Vec::new(),
            degraded: false,
        };
    }
    by_model::<P>(memories, moment).unwrap_or_else(|error| {
        log::write(log::Level::Warn, "reflecting by rules", &[("code", &error.code)]);
        by_rules(memories, moment)
    })
}

fn by_model<P: Persona + ?Sized>(memories: &[Memory], moment: &Moment) -> Result<Reflection, Error> {
    let mut data = Data::new(moment.seed);
    let share = READ / memories.len();
    for (number, memory) in memories.iter().enumerate() {
        let heading = format!("memory {} of {}", number + 1, Date::at(memory.created, moment));
        data.add(&heading, &shortened(&format!("{}\n{}", memory.title, memory.content), share.max(200)));
    }
    let system = format!("{}\n\n{}\n\n{DATA_RULE}", P::VOICE, ground::text());
    let options = llm::Options { reasoning: Some(P::describe(&moment.locale).reasoning), ..llm::Options::json(SCHEMA) };
    let answer = llm::complete(&[Message::system(system), Message::user(data.before(TASK))], &options)?;
    let value: Value = json::from_str(&answer.text).map_err(|_| Error::invalid("llm-schema", "the model's answer is no JSON"))?;
    let texts = |key: &str, most: usize, length: usize| -> Vec<String> {
        let items = value[key].as_array().into_iter().flatten().filter_map(Value::as_str);
        items.map(|text| words::excerpt(text, length)).filter(|text| !text.is_empty()).take(most).collect()
    };
    let summary = value["summary"].as_str().unwrap_or_default();
    if summary.trim().is_empty() {
        return Err(Error::invalid("llm-schema", "the model's answer has no summary"));
    }
    Ok(Reflection {
        summary: shortened(summary, 16 << 10).into_owned(),
        themes: texts("themes", THEMES, 200),
        questions: texts("questions", QUESTIONS, 500),
        degraded: false,
    })
}

/// Themes by frequency, questions as they were asked, contradictions by opposite words about one theme.
fn by_rules(memories: &[Memory], moment: &Moment) -> Reflection {
    let themes = themes(memories);
    let days = memories.iter().map(|memory| Date::at(memory.created, moment));
    let (first, last) = (days.clone().min(), days.max());
    let span = match (first, last) {
        (Some(first), Some(last)) if first != last => format!("from {first} to {last}"),
        (Some(day), _) => format!("of {day}"),
        _ => String::new(),
    };
    let about = match themes.as_slice() {
        [] => "They have no word in common that stands out".to_owned(),
        themes => format!("They come back to {}", themes.iter().take(3).map(|theme| format!("“{theme}”")).collect::<Vec<_>>().join(", ")),
    };
    let noun = if memories.len() == 1 { "memory" } else { "memories" };
    let summary =
        format!("{} {noun} {span}. {about}. This was counted, not understood: no language model was there to read them.", memories.len());
    let mut questions = contradictions(memories, &themes, moment);
    let asked = memories.iter().flat_map(|memory| words::sentences(&memory.content)).filter(|sentence| sentence.ends_with('?'));
    questions.extend(asked.map(|sentence| words::excerpt(sentence, 300)));
    questions.dedup();
    questions.truncate(QUESTIONS);
    Reflection { summary, themes, questions, degraded: true }
}

/// Tags and telling words that stand in more than one memory (in one, when there is only one), most frequent first.
fn themes(memories: &[Memory]) -> Vec<String> {
    let mut counts: Vec<(usize, String)> = Vec::new();
    for memory in memories {
        let mut own = words::telling(&format!("{} {}", memory.title, memory.content));
        own.extend(memory.tags.iter().map(|tag| tag.to_lowercase()));
        own.sort_unstable();
        own.dedup();
        for word in own {
            match counts.iter_mut().find(|(_, known)| *known == word) {
                Some((count, _)) => *count += 1,
                None => counts.push((1, word)),
            }
        }
    }
    let least = if memories.len() == 1 { 1 } else { 2 };
    counts.retain(|(count, word)| *count >= least && word.chars().count() <= 60);
    counts.sort_by(|one, other| other.0.cmp(&one.0).then_with(|| one.1.cmp(&other.1)));
    counts.into_iter().map(|(_, word)| word).take(8).collect()
}

/// Pairs of sentences about one theme, one for it and one against.
fn contradictions(memories: &[Memory], themes: &[String], moment: &Moment) -> Vec<String> {
    const FOR: [&str; 8] = ["love", "like", "enjoy", "want", "always", "happy", "trust", "can"];
    const AGAINST: [&str; 10] = ["hate", "dislike", "don't", "never", "can't", "afraid", "tired", "stop", "quit", "no"];
    let leaning = |sentence: &str| {
        let said = words::of(sentence);
        let any = |list: &[&str]| said.iter().any(|word| list.contains(&word.as_str()));
        i8::from(any(&FOR) && !any(&AGAINST)) - i8::from(any(&AGAINST))
    };
    let mut found = Vec::new();
    for theme in themes {
        let about =
            memories.iter().flat_map(|memory| words::sentences(&memory.content).into_iter().map(move |sentence| (memory, sentence)));
        let about: Vec<_> = about.filter(|(_, sentence)| words::of(sentence).contains(theme)).collect();
        let side = |wanted: i8| about.iter().find(|(_, sentence)| leaning(sentence) == wanted);
        if let (Some((one, for_it)), Some((other, against))) = (side(1), side(-1)) {
            let (first, second) = (Date::at(one.created, moment), Date::at(other.created, moment));
            let (for_it, against) = (words::excerpt(for_it, 140), words::excerpt(against, 140));
            found.push(format!("On {first} you wrote “{for_it}”, on {second} “{against}”: does one of them still hold?"));
        }
    }
    found.dedup();
    found.truncate(QUESTIONS / 2);
    found
}
