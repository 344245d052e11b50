//! Tasks in what somebody said, as a model sees them: none without the person's own words.

use mnemosyne_sdk::date::Date;
use mnemosyne_sdk::json::Value;
use mnemosyne_sdk::plugin::task_intelligence::Draft;
use mnemosyne_sdk::prompt::{Data, shortened};
use mnemosyne_sdk::{Error, Message, Moment, words};

use super::{NOTHING_TO_ASK, QUOTED, ask, difficulty, items, text};

const DRAFTS: &str = r#"{"type":"object","required":["tasks"],"properties":{"tasks":{"type":"array","maxItems":20,"items":{"type":"object",
"required":["title","evidence"],"properties":{"title":{"type":"string"},"evidence":{"type":"string"},"due":{"type":"string"},
"priority":{"enum":["low","medium","high","urgent"]},"difficulty":{"type":"integer"},"reason":{"type":"string"}}}}}}"#;

pub(crate) fn extract(messages: &[Message], moment: &Moment) -> Result<Vec<Draft>, Error> {
    let said: String =
        messages.iter().filter(|message| message.role == "user").map(|message| message.content.as_str()).collect::<Vec<_>>().join("\n\n");
    if said.trim().is_empty() {
        return Err(Error::invalid(NOTHING_TO_ASK, "nothing was said"));
    }
    let said = shortened(&said, QUOTED);
    let mut data = Data::new(moment.seed);
    data.add("what the person said", &said);
    let answer = ask(
        "Which tasks does the person want to do? Only what they said they will, want or have to do themselves. `evidence`: their own words, copied exactly. `due`: YYYY-MM-DDTHH:MM, only if they named a time.",
        &data,
        moment,
        DRAFTS,
    )?;
    let draft = |item: &&Value| {
        let (title, evidence) = (text(item, "title", 200), text(item, "evidence", 500));
        // Invented evidence is no evidence, and no task.
        let quoted = words::of(&said).join(" ").contains(&words::of(evidence.trim_end_matches('…')).join(" "));
        let due = text(item, "due", 16);
        let fits = due.len() == 16 && due.get(..10).and_then(Date::parse).is_some() && is_time(&due[10..]);
        let priority = item["priority"].as_str().filter(|word| ["low", "medium", "high", "urgent"].contains(word)).unwrap_or("medium");
        (quoted && !title.is_empty() && !evidence.is_empty()).then(|| Draft {
            priority: priority.to_owned(),
            difficulty: difficulty(item, 1),
            due_local: fits.then_some(due),
            evidence,
            ..Draft::new(&title, 0.7)
        })
    };
    let drafts: Vec<Draft> = items(&answer, "tasks", 20)?.iter().filter_map(draft).collect();
    if drafts.is_empty() { Err(Error::invalid("llm-schema", "no task has evidence")) } else { Ok(drafts) }
}

/// `THH:MM`.
fn is_time(text: &str) -> bool {
    let Some((hour, minute)) = text.strip_prefix('T').and_then(|time| time.split_once(':')) else { return false };
    hour.parse::<u8>().is_ok_and(|hour| hour < 24) && minute.parse::<u8>().is_ok_and(|minute| minute < 60)
}
