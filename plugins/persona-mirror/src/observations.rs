//! What the mirror counts: ten dimensions, each between two poles, by the words a person uses. A running mean for how it is,
//! a faster one beside it for where it goes.

use mnemosyne_sdk::capability::storage::{Scope, delete, get_text, put_text};
use mnemosyne_sdk::json::{self, Value, json};
use mnemosyne_sdk::{Error, ErrorKind, words};

const KEY: &str = "observations";
/// Weight of the newest message in the fast mean.
const FAST: f64 = 0.3;
/// Up to this difference of the two means nothing has changed.
const STABLE: f64 = 0.1;
/// Messages with a word of a dimension before anything is said about it.
const ENOUGH: u64 = 5;

/// A dimension: 0 is its left pole, 1 its right.
struct Dimension {
    name: &'static str,
    poles: (&'static str, &'static str),
    left: &'static [&'static str],
    right: &'static [&'static str],
}

#[rustfmt::skip]
const DIMENSIONS: [Dimension; 10] = [
    Dimension { name: "energy", poles: ("tired", "lively"), left: &["tired", "exhausted", "drained", "weary", "sleepy", "slow"], right: &["energy", "energetic", "awake", "lively", "excited", "fresh"] },
    Dimension { name: "mood", poles: ("heavy", "light"), left: &["sad", "heavy", "dark", "hopeless", "lonely", "cry"], right: &["happy", "light", "glad", "joy", "hopeful", "laugh"] },
    Dimension { name: "certainty", poles: ("doubting", "sure"), left: &["maybe", "perhaps", "unsure", "doubt", "guess", "confused"], right: &["sure", "certain", "clearly", "definitely", "know", "obvious"] },
    Dimension { name: "agency", poles: ("having to", "choosing"), left: &["must", "have to", "should", "can't", "forced", "supposed to"], right: &["choose", "chose", "decided", "i can", "i will", "my choice"] },
    Dimension { name: "time", poles: ("past", "future"), left: &["yesterday", "used to", "back then", "remember", "was", "were"], right: &["tomorrow", "will", "plan", "soon", "going to", "next"] },
    Dimension { name: "company", poles: ("alone", "together"), left: &["alone", "myself", "nobody", "by myself", "lonely"], right: &["we", "us", "together", "friend", "friends", "family"] },
    Dimension { name: "pace", poles: ("slow", "fast"), left: &["slowly", "wait", "later", "patient", "rest", "pause"], right: &["quick", "quickly", "now", "urgent", "hurry", "rush"] },
    Dimension { name: "openness", poles: ("familiar", "new"), left: &["usual", "always", "routine", "same", "again"], right: &["new", "try", "curious", "different", "first time", "explore"] },
    Dimension { name: "self-regard", poles: ("harsh", "kind"), left: &["my fault", "stupid", "ashamed", "failure", "useless", "not enough"], right: &["proud", "good enough", "did well", "forgive myself", "managed"] },
    Dimension { name: "detail", poles: ("the whole", "the steps"), left: &["meaning", "why", "overall", "life", "big picture"], right: &["step", "steps", "list", "exactly", "details", "minutes"] },
];

/// What is kept: `{"messages": n, "<dimension>": {"count": n, "mean": 0…1, "recent": 0…1}}`.
pub(crate) struct Observations(Value);

impl Observations {
    /// What was observed so far, and the version to write it back with.
    pub(crate) fn read() -> Result<(Self, u64), Error> {
        let Some(entry) = get_text(Scope::User, KEY)? else { return Ok((Self(json!({ "messages": 0 })), 0)) };
        let kept = json::from_str(&entry.value).map_err(|_| Error::internal("observations-broken", "what is kept is no JSON"))?;
        Ok((Self(kept), entry.version))
    }

    /// Counts a message; answers whether any dimension had a word in it.
    fn count(&mut self, message: &str) -> bool {
        let said = words::of(message);
        let found = |list: &[&str]| f64::from(u32::try_from(list.iter().filter(|phrase| words::has(&said, phrase)).count()).unwrap_or(0));
        let mut any = false;
        for dimension in &DIMENSIONS {
            let (left, right) = (found(dimension.left), found(dimension.right));
            if left + right == 0.0 {
                continue;
            }
            any = true;
            let value = right / (left + right);
            let kept = &self.0[dimension.name];
            let count = kept["count"].as_u64().unwrap_or(0) + 1;
            let (mean, recent) = (kept["mean"].as_f64().unwrap_or(value), kept["recent"].as_f64().unwrap_or(value));
            #[expect(clippy::cast_precision_loss, reason = "messages, far below 2^52")]
            let mean = mean + (value - mean) / count as f64;
            self.0[dimension.name] = json!({ "count": count, "mean": mean, "recent": recent + FAST * (value - recent) });
        }
        self.0["messages"] = json!(self.0["messages"].as_u64().unwrap_or(0) + 1);
        any
    }

    /// In sentences, only what has been seen often enough.
    pub(crate) fn patterns(&self) -> Vec<String> {
        self.shown()["patterns_observed"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// For the view: every figure that is kept, and the sentences made of them.
    pub(crate) fn shown(&self) -> Value {
        let (mut reflections, mut patterns) = (Vec::new(), Vec::new());
        for Dimension { name, poles: (left, right), .. } in &DIMENSIONS {
            let kept = &self.0[*name];
            let (Some(count), Some(mean), Some(recent)) = (kept["count"].as_u64(), kept["mean"].as_f64(), kept["recent"].as_f64()) else {
                continue;
            };
            let trend = match recent - mean {
                change if change > STABLE => format!("towards “{right}”"),
                change if change < -STABLE => format!("towards “{left}”"),
                _ => "stable".to_owned(),
            };
            if count >= ENOUGH && ((mean - 0.5).abs() > 0.2 || trend != "stable") {
                let place = if mean < 0.4 {
                    format!("nearer to “{left}” than to “{right}”")
                } else if mean > 0.6 {
                    format!("nearer to “{right}” than to “{left}”")
                } else {
                    format!("between “{left}” and “{right}”")
                };
                patterns.push(format!("{name}: {place} in {count} messages; lately {trend}"));
            }
            reflections.push(json!({ "dimension": name, "left": left, "right": right, "value": mean, "recent": recent, "trend": trend, "observations": count }));
        }
        json!({ "observation_count": self.0["messages"], "reflections": reflections, "patterns_observed": patterns })
    }
}

/// Counts a message and keeps the result. Of two messages at once each is counted: whoever comes second reads again.
pub(crate) fn observe(message: &str) -> Result<(), Error> {
    for _ in 0..3 {
        let (mut seen, version) = Observations::read()?;
        if !seen.count(message) {
            return Ok(());
        }
        match put_text(Scope::User, KEY, &seen.0.to_string(), Some(version), None) {
            Err(error) if error.kind == ErrorKind::Conflict => {}
            done => return done.map(|_| ()),
        }
    }
    Err(Error::new(ErrorKind::Conflict, "observations-busy", "others wrote at the same time, three times"))
}

/// Forgets everything about the caller.
pub(crate) fn forget() -> Result<(), Error> {
    delete(Scope::User, KEY, None).map(|_| ())
}
