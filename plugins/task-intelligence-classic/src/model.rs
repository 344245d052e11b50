//! The same five questions, asked to a language model. Foreign text goes in as data; what comes out is held against the
//! bounds of the contract, and nothing of it is believed that can be checked.

mod extract;
mod work;

use mnemosyne_sdk::capability::llm::{self, Options};
use mnemosyne_sdk::json::{self, Value};
use mnemosyne_sdk::plugin::task_intelligence::{Ranked, Suggestion};
use mnemosyne_sdk::prompt::{DATA_RULE, Data};
use mnemosyne_sdk::{Error, Message, Moment, Task, words};

pub(crate) use self::extract::extract;
pub(crate) use self::work::{break_down, estimate};

/// Not worth a model: the rules' answer is whole.
pub(crate) const NOTHING_TO_ASK: &str = "nothing-to-ask";
/// Tasks that a model can keep apart.
const MOST_RANKED: usize = 30;
/// Bytes of all that is quoted.
const QUOTED: usize = 16 << 10;

const ORDER: &str = r#"{"type":"object","required":["order"],"properties":{"order":{"type":"array","items":{"type":"object",
"required":["number","reason"],"properties":{"number":{"type":"integer"},"reason":{"type":"string"}}}}}}"#;

fn ask(what: &str, data: &Data, moment: &Moment, schema: &str) -> Result<Value, Error> {
    let now = format!("It is {}, {:02}:{:02}.", moment.date, moment.minute_of_day / 60, moment.minute_of_day % 60);
    let system = format!(
        "You help a person with their tasks. You answer with JSON and nothing else, in the language of the data.\n\n{DATA_RULE}\n\n{now}"
    );
    let answer = llm::complete(&[Message::system(system), Message::user(data.before(what))], &Options::json(schema))?;
    json::from_str(&answer.text).map_err(|_| Error::invalid("llm-schema", "the model's answer is no JSON"))
}

fn text(value: &Value, key: &str, most: usize) -> String {
    words::excerpt(value[key].as_str().unwrap_or_default(), most)
}

fn number(value: &Value, key: &str) -> Option<u32> {
    value[key].as_u64().and_then(|number| u32::try_from(number).ok()).filter(|number| *number <= 100_000)
}

fn difficulty(value: &Value, otherwise: u8) -> u8 {
    number(value, "difficulty").and_then(|number| u8::try_from(number).ok()).unwrap_or(otherwise).clamp(1, 5)
}

fn items<'v>(value: &'v Value, key: &str, most: usize) -> Result<Vec<&'v Value>, Error> {
    let items: Vec<&Value> = value[key].as_array().into_iter().flatten().take(most).collect();
    if items.is_empty() { Err(Error::invalid("llm-schema", "the model found nothing")) } else { Ok(items) }
}

/// Puts reasons and an order to what the rules found; it can add nothing and drop nothing.
pub(crate) fn suggest(rules: &[Suggestion], moment: &Moment) -> Result<Vec<Suggestion>, Error> {
    let lines: Vec<String> = rules.iter().map(|one| format!("{} ({})", one.draft.title, one.reason)).collect();
    let order =
        order("Which of these would help this person most now? Give each a reason of a few words, addressed to them.", &lines, moment)?;
    let take = |(at, reason): (usize, String)| Suggestion { reason, ..rules[at].clone() };
    Ok(order.into_iter().map(take).collect())
}

pub(crate) fn prioritize(tasks: &[Task], rules: &[Ranked], moment: &Moment) -> Result<Vec<Ranked>, Error> {
    if tasks.len() > MOST_RANKED {
        return Err(Error::invalid(NOTHING_TO_ASK, "too many tasks to weigh in one prompt"));
    }
    let title = |ranked: &Ranked| tasks.iter().find(|task| task.id == ranked.id).map(|task| task.title.clone()).unwrap_or_default();
    let lines: Vec<String> = rules.iter().map(|ranked| format!("{} ({})", title(ranked), ranked.reason)).collect();
    let order = order("In which order should this person do these, and why? Due dates weigh most.", &lines, moment)?;
    // The scores stay those of the rules, so that they compare with what was not asked.
    let ranked = order.into_iter().zip(rules).map(|((at, reason), place)| Ranked { id: rules[at].id.clone(), score: place.score, reason });
    Ok(ranked.collect())
}

/// A permutation of the lines, whatever the model says: what it forgets keeps its place at the end, what it doubles counts once.
fn order(what: &str, lines: &[String], moment: &Moment) -> Result<Vec<(usize, String)>, Error> {
    if lines.len() < 2 {
        return Err(Error::invalid(NOTHING_TO_ASK, "there is nothing to order"));
    }
    let mut data = Data::new(moment.seed);
    for (at, line) in lines.iter().enumerate() {
        data.add(&format!("number {}", at + 1), &words::excerpt(line, 300));
    }
    let answer = ask(what, &data, moment, ORDER)?;
    let mut order: Vec<(usize, String)> = Vec::new();
    for item in items(&answer, "order", lines.len())? {
        let at = number(item, "number").and_then(|number| (number as usize).checked_sub(1)).filter(|at| *at < lines.len());
        if let Some(at) = at.filter(|at| !order.iter().any(|(known, _)| known == at)) {
            order.push((at, text(item, "reason", 200)));
        }
    }
    let missing: Vec<usize> = (0..lines.len()).filter(|at| !order.iter().any(|(known, _)| known == at)).collect();
    order.extend(missing.into_iter().map(|at| (at, String::new())));
    Ok(order)
}
