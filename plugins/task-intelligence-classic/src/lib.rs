//! Help with tasks, by rules that can be read, and better with a model.
//!
//! Each file answers one question by rules: [`suggest`] what to do next, [`steps`] how to split a task, [`effort`] how long
//! it takes, [`extract`] what was said that is a task ([`when`] reads its dates), [`rank`] what comes first. [`model`] asks a
//! language model the same; what it says is held against the same bounds, and where it is missing the rules stand.

mod effort;
mod extract;
mod model;
mod rank;
mod steps;
mod suggest;
mod when;

use mnemosyne_sdk::capability::{config, log};
use mnemosyne_sdk::plugin::task_intelligence::{Draft, Effort, Origin, Ranked, Step, Suggestion, TaskIntelligence};
use mnemosyne_sdk::{Error, ErrorKind, Message, Moment, Task};

/// See the crate.
pub struct Classic;

mnemosyne_sdk::export_task_intelligence!(Classic);

impl TaskIntelligence for Classic {
    fn suggest(moment: &Moment, limit: u32) -> Result<(Vec<Suggestion>, Origin), Error> {
        let rules = suggest::by_rules(moment, limit.clamp(1, 20) as usize);
        Ok(better(rules, |rules| model::suggest(rules, moment)))
    }

    fn break_down(task: &Task, moment: &Moment) -> Result<(Vec<Step>, Origin), Error> {
        let minutes = effort::by_rules(task, moment).0.minutes;
        // Who has written the steps down does not want others.
        if let Some(own) = steps::written(task, minutes) {
            return Ok((own, Origin::rules()));
        }
        Ok(better(steps::by_rules(task, minutes), |_| model::break_down(task, minutes, moment)))
    }

    fn estimate(task: &Task, moment: &Moment) -> Result<(Effort, Origin), Error> {
        let (effort, from_history) = effort::by_rules(task, moment);
        // What they took in the past says more than a model that has never met them.
        if from_history {
            return Ok((effort, Origin::rules()));
        }
        Ok(better(effort, |_| model::estimate(task, moment)))
    }

    fn extract(messages: &[Message], moment: &Moment) -> Result<(Vec<Draft>, Origin), Error> {
        let known = suggest::open_tasks();
        let rules = extract::without_known(extract::by_rules(messages, moment), &known);
        Ok(better(rules, |_| model::extract(messages, moment).map(|drafts| extract::without_known(drafts, &known))))
    }

    fn prioritize(tasks: &[Task], moment: &Moment) -> Result<(Vec<Ranked>, Origin), Error> {
        let rules = rank::by_rules(tasks, moment);
        Ok(better(rules, |rules| model::prioritize(tasks, rules, moment)))
    }
}

/// What the model makes of it, else the rules, with where it came from.
fn better<T>(rules: T, model: impl FnOnce(&T) -> Result<T, Error>) -> (T, Origin) {
    if config::flag("model") == Some(false) {
        return (rules, Origin::rules());
    }
    match model(&rules) {
        Ok(answer) => (answer, Origin::model()),
        Err(error) if error.code == model::NOTHING_TO_ASK => (rules, Origin::rules()),
        Err(error) => {
            log::write(log::Level::Info, "answering by rules", &[("code", &error.code)]);
            let note = match error.kind {
                ErrorKind::Quota => "the allowance for the language model is used up, so rules answered",
                ErrorKind::Invalid => "the language model made nothing of it, so rules answered",
                _ => "no language model is there, so rules answered",
            };
            (rules, Origin::degraded(note))
        }
    }
}
