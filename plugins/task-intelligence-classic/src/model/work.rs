//! The parts of a task and how long it takes, as a model sees them.

use mnemosyne_sdk::json::Value;
use mnemosyne_sdk::plugin::task_intelligence::{Effort, Step};
use mnemosyne_sdk::prompt::{Data, shortened};
use mnemosyne_sdk::{Error, Moment, Task};

use super::{QUOTED, ask, difficulty, items, number, text};

const STEPS: &str = r#"{"type":"object","required":["steps"],"properties":{"steps":{"type":"array","maxItems":20,"items":{"type":"object",
"required":["title"],"properties":{"title":{"type":"string"},"minutes":{"type":"integer"},"difficulty":{"type":"integer"}}}}}}"#;
const EFFORT: &str = r#"{"type":"object","required":["minutes","low","high"],"properties":{"minutes":{"type":"integer"},
"low":{"type":"integer"},"high":{"type":"integer"},"difficulty":{"type":"integer"}}}"#;

pub(crate) fn break_down(task: &Task, minutes: u32, moment: &Moment) -> Result<Vec<Step>, Error> {
    let data = about(task, moment);
    let what = format!(
        "Split this task into 3 to 8 steps in order, each something one can begin right away. All of it takes about {minutes} minutes."
    );
    let answer = ask(&what, &data, moment, STEPS)?;
    let step = |item: &&Value| Step {
        difficulty: difficulty(item, 1),
        ..Step::new(&text(item, "title", 500), number(item, "minutes").unwrap_or(0))
    };
    let steps: Vec<Step> = items(&answer, "steps", 20)?.iter().map(step).filter(|step| !step.title.is_empty()).collect();
    if steps.len() < 2 { Err(Error::invalid("llm-schema", "one step is no breakdown")) } else { Ok(steps) }
}

pub(crate) fn estimate(task: &Task, moment: &Moment) -> Result<Effort, Error> {
    let answer = ask(
        "How many minutes of work is this task: most likely, at best (one in ten), at worst (one in ten)? And how difficult is it, 1 to 5?",
        &about(task, moment),
        moment,
        EFFORT,
    )?;
    let minutes = number(&answer, "minutes").filter(|minutes| *minutes > 0).ok_or_else(|| Error::invalid("llm-schema", "no minutes"))?;
    Ok(Effort {
        minutes,
        low: number(&answer, "low").unwrap_or(minutes).min(minutes),
        high: number(&answer, "high").unwrap_or(minutes).max(minutes),
        difficulty: difficulty(&answer, task.difficulty),
        basis: "a language model's guess".to_owned(),
    })
}

fn about(task: &Task, moment: &Moment) -> Data {
    let mut data = Data::new(moment.seed);
    data.add("task", &format!("{}\n{}", task.title, shortened(&task.description, QUOTED / 2)));
    data
}
