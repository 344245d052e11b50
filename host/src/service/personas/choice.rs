//! Who answers.
//!
//! Crisis comes before reflection, reflection before conflict, conflict before learning: that order is the plugins' own, in
//! the scores they give. Here only the highest wins, the confidant between equals, then the alphabet.
//!
//! Somebody in a crisis is not to be answered by whoever was asked first on a busy machine: an honest persona is waited for. One
//! revision that gave no answer the last time is not: it has [`Patience::again`], until it answers in it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::{DEFAULT, Personas};
use crate::error::{Code, Fault, Outcome};
use crate::model::game::Rules;
use crate::plugin::Caller;
use crate::plugin::persona::{BoundPersona, Fit, Said};
use crate::service::principal::Principal;

/// What all personas together may take to say how well a message suits them.
#[derive(Clone, Copy)]
struct Patience {
    /// Whoever answered the last time, or was never asked.
    usual: Duration,
    /// Whoever did not.
    again: Duration,
}

/// A message of a conversation. Usually all have answered within a few milliseconds.
const CHOICE: Patience = Patience { usual: Duration::from_millis(250), again: Duration::from_millis(20) };
/// Somebody asks for nothing else.
const ANALYSIS: Patience = Patience { usual: Duration::from_secs(1), again: Duration::from_secs(1) };
/// Bytes of the message that are judged.
const JUDGED: usize = 16 << 10;
/// Messages before it that are told, and their bytes together.
const TOLD: (usize, usize) = (8, 16 << 10);

/// The revisions, by slot, that gave no answer when they were last asked.
#[derive(Clone, Debug, Default)]
pub(super) struct Unanswering(Arc<Mutex<HashMap<String, Rules>>>);

impl Unanswering {
    fn has(&self, bound: &BoundPersona) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&bound.id) == Some(&bound.revision)
    }

    fn note(&self, bound: &BoundPersona, answered: bool) {
        let mut list = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if answered {
            list.remove(&bound.id);
        } else {
            list.insert(bound.id.clone(), bound.revision.clone());
        }
    }
}

/// How well a message suits each persona.
#[derive(Clone, Debug, PartialEq)]
pub struct Analysis {
    /// Who would be chosen.
    pub recommended: String,
    /// Its score, 0…1.
    pub confidence: f32,
    /// All of them by id. One that failed or was late has 0 and recognised nothing.
    pub fits: Vec<(String, Fit)>,
}

impl Personas {
    /// How well a message suits each persona that is bound.
    ///
    /// # Errors
    /// 503 `PLG_005` when none is bound.
    pub async fn analyze(&self, who: &Principal, message: &str) -> Outcome<Analysis> {
        let fits = self.fits(&who.into(), message, &[], ANALYSIS).await;
        let (recommended, fit) = best(&fits).ok_or_else(nobody)?;
        Ok(Analysis { recommended: recommended.clone(), confidence: fit.score, fits: fits.clone() })
    }

    /// Named in the request, else chosen by the person and still there, else whoever suits the message.
    pub(super) async fn choose(
        &self,
        caller: &Caller,
        named: Option<&str>,
        active: Option<&str>,
        message: &str,
        history: &[Said],
    ) -> Outcome<String> {
        let bound = self.door.bound();
        let there = |id: &str| bound.iter().any(|bound| bound.id == id);
        match (named, active) {
            (Some(named), _) if there(named) => Ok(named.to_owned()),
            (Some(named), _) => Err(unknown("/persona", named, &bound)),
            (None, Some(active)) if there(active) => Ok(active.to_owned()),
            (None, _) => {
                let fits = self.fits(caller, message, history, CHOICE).await;
                best(&fits).map(|(id, _)| id.clone()).ok_or_else(nobody)
            }
        }
    }

    /// Asks all of them at once. Whoever fails or is late has no score, and nobody waits for it.
    async fn fits(&self, caller: &Caller, message: &str, history: &[Said], patience: Patience) -> Vec<(String, Fit)> {
        let (message, history) = (beginning(message), newest(history, TOLD));
        let asked = self.door.bound().into_iter().map(async |bound| {
            let patience = if self.unanswering.has(&bound) { patience.again } else { patience.usual };
            let fit = tokio::time::timeout(patience, self.door.affinity(caller, &bound.id, message, history)).await;
            self.unanswering.note(&bound, matches!(fit, Ok(Ok(_))));
            match fit {
                Ok(Ok(fit)) => (bound.id, fit),
                Ok(Err(failed)) => {
                    tracing::debug!(persona = bound.id, code = failed.code.text(), detail = failed.detail, "no affinity");
                    (bound.id, Fit::default())
                }
                Err(_) => (bound.id, Fit::default()),
            }
        });
        futures::future::join_all(asked).await
    }
}

fn best(fits: &[(String, Fit)]) -> Option<&(String, Fit)> {
    fits.iter().max_by(|(one, its), (other, others)| {
        let usual = |id: &str| id == DEFAULT;
        its.score.total_cmp(&others.score).then_with(|| usual(one).cmp(&usual(other))).then_with(|| other.cmp(one))
    })
}

/// 422 that names those who are there.
pub(super) fn unknown(pointer: &str, named: &str, bound: &[BoundPersona]) -> Fault {
    let ids: Vec<String> = bound.iter().map(|bound| format!("`{}`", bound.id)).collect();
    let near = bound.iter().max_by(|one, other| strsim::jaro(&one.id, named).total_cmp(&strsim::jaro(&other.id, named)));
    let near = near.filter(|near| strsim::jaro(&near.id, named) > 0.8);
    let hint = near.map_or_else(String::new, |near| format!("; did you mean `{}`?", near.id));
    Fault::field(pointer, format!("is no persona that is bound here; there are {}{hint}", ids.join(", ")))
}

fn nobody() -> Fault {
    Fault::new(Code::NothingBound).message("no persona is bound")
}

fn beginning(message: &str) -> &str {
    &message[..message.floor_char_boundary(JUDGED)]
}

/// The newest messages, so many and so many bytes together.
pub(super) fn newest(history: &[Said], (most, mut bytes): (usize, usize)) -> &[Said] {
    let fits = history.iter().rev().take(most).take_while(|said| {
        let rest = bytes.checked_sub(said.content.len());
        bytes = rest.unwrap_or(0);
        rest.is_some()
    });
    &history[history.len() - fits.count()..]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(list: &[(&str, f32)]) -> Vec<(String, Fit)> {
        list.iter().map(|(id, score)| ((*id).to_owned(), Fit { score: *score, signals: Vec::new() })).collect()
    }

    #[test]
    fn whoever_gave_no_answer_is_remembered_until_it_does_or_is_another() {
        let bound = |version: &str| BoundPersona {
            id: "guardian".into(),
            revision: Rules { plugin: "persona-guardian".into(), version: version.into(), digest: version.into() },
            summary: String::new(),
            agentic: false,
        };
        let list = Unanswering::default();
        list.note(&bound("1"), true);
        assert!(!list.has(&bound("1")));
        list.note(&bound("1"), false);
        assert!(list.has(&bound("1")) && !list.has(&bound("2")), "a swapped one begins anew");
        list.note(&bound("1"), true);
        assert!(!list.has(&bound("1")));
    }

    #[test]
    fn the_highest_score_wins_then_the_confidant_then_the_alphabet() {
        let chosen = |list: &[(&str, f32)]| best(&fits(list)).map(|(id, _)| id.clone());
        assert_eq!(chosen(&[("confidant", 0.3), ("guardian", 0.95), ("mirror", 0.85)]).as_deref(), Some("guardian"));
        assert_eq!(chosen(&[("ada", 0.3), ("confidant", 0.3), ("zoe", 0.3)]).as_deref(), Some("confidant"));
        assert_eq!(chosen(&[("zoe", 0.0), ("bea", 0.0), ("ada", 0.0)]).as_deref(), Some("ada"));
        assert_eq!(chosen(&[]), None);
    }

    #[test]
    fn affinity_is_told_the_newest_that_fit() {
        let said = |length: usize| Said { role: "user", content: "x".repeat(length), at: 0 };
        let history: Vec<Said> = std::iter::repeat_with(|| said(100)).take(20).collect();
        assert_eq!(newest(&history, TOLD).len(), 8);
        assert_eq!(newest(&[said(10), said(20_000), said(5)], TOLD).len(), 1);
        assert!(newest(&[], TOLD).is_empty());
        assert_eq!(beginning(&"ä".repeat(20_000)).len(), 16 << 10);
    }
}
