//! Facts to test with, natively: neutral values that a test changes where it matters.
//!
//! ```
//! use mnemosyne_sdk::sample;
//! let mut completion = sample::completion();
//! completion.task.difficulty = 3;
//! ```

use crate::plugin::auth_provider::Input;
use crate::plugin::persona::{Turn, Wishes};
use crate::plugin::xp_rules::{Completion, Facts, History, Tally};
use crate::{Instant, Memory, Message, Moment, Task};

/// Noon of Wednesday, 2025-01-15, in UTC: when everything here happens.
pub const NOW: Instant = 1_736_942_400_000;
/// One day, in milliseconds.
pub const DAY: Instant = 86_400_000;

/// [`NOW`], as a user in UTC lives it.
///
/// ```
/// assert_eq!(mnemosyne_sdk::sample::moment().weekday, 3);
/// ```
pub fn moment() -> Moment {
    Moment {
        at: NOW,
        seed: 7,
        timezone: "UTC".to_owned(),
        offset_minutes: 0,
        date: "2025-01-15".to_owned(),
        minute_of_day: 720,
        day: "2025-01-15".to_owned(),
        weekday: 3,
        locale: "en".to_owned(),
    }
}

/// A one-off of difficulty 1, made yesterday, without a due date, done [`NOW`].
///
/// ```
/// assert_eq!(mnemosyne_sdk::sample::task().difficulty, 1);
/// ```
pub fn task() -> Task {
    Task {
        id: "019463e6-5800-7000-8000-000000000001".to_owned(),
        title: "Water the plants".to_owned(),
        description: String::new(),
        status: "completed".to_owned(),
        priority: "medium".to_owned(),
        quest_type: Some("solo".to_owned()),
        difficulty: 1,
        created: NOW - DAY,
        started: None,
        due: None,
        completed: Some(NOW),
        estimate_minutes: None,
        actual_minutes: None,
        parent: None,
        series: None,
        tags: Vec::new(),
        assignees: 0,
        shared: false,
        recurring: false,
        value_impact: Vec::new(),
        extra: Vec::new(),
    }
}

/// A user who has done 20 quests, the last one the day before yesterday.
///
/// ```
/// assert_eq!(mnemosyne_sdk::sample::facts().completions("all"), 20);
/// ```
pub fn facts() -> Facts {
    Facts {
        moment: moment(),
        streak_days: 1,
        tallies: vec![Tally { window: "all".to_owned(), points: 300, completions: 20 }],
        achievements: vec!["first-quest".to_owned(), "ten-quests".to_owned()],
        extra: vec![("tasks-created".to_owned(), "25".to_owned())],
    }
}

/// [`task`] done by the user of [`facts`].
///
/// ```
/// assert_eq!(mnemosyne_sdk::sample::completion().history.completed, 0);
/// ```
pub fn completion() -> Completion {
    Completion {
        task: task(),
        occurrence: "019463e6-5800-7000-8000-000000000002".to_owned(),
        history: History { completed: 0, missed: 0, streak: 0, last: None },
        facts: facts(),
    }
}

/// What a client sends who filled in these fields; each name ending in `password`, `secret` or `code` becomes a handle.
///
/// ```
/// let input = mnemosyne_sdk::sample::input(&[("login", "ada"), ("password", "engine")]);
/// assert_eq!(input.field("login"), Some("ada"));
/// assert!(input.secret("password").is_some());
/// ```
pub fn input(filled: &[(&str, &str)]) -> Input {
    let is_secret = |name: &str| ["password", "secret", "code"].iter().any(|end| name.ends_with(end));
    let (secrets, fields): (Vec<_>, Vec<_>) = filled.iter().partition(|(name, _)| is_secret(name));
    Input {
        fields: fields.into_iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        secrets: secrets.into_iter().map(|(name, value)| ((*name).to_owned(), crate::capability::auth::double::secret(value))).collect(),
        now: NOW,
        nonce: "bm9uY2Utb2YtdGVzdHM".to_owned(),
        origin: "https://mind.example.org".to_owned(),
        locale: "en".to_owned(),
    }
}

/// Somebody with a little trust says this [`NOW`], in no conversation, with memories wanted and no wishes.
///
/// ```
/// assert_eq!(mnemosyne_sdk::sample::turn("hello").message.content, "hello");
/// ```
pub fn turn(message: &str) -> Turn {
    Turn {
        conversation: String::new(),
        moment: moment(),
        message: Message::user(message),
        history: Vec::new(),
        summary: None,
        worldview: None,
        trust: 0.5,
        use_memories: true,
        wishes: Wishes {
            temperature: None,
            max_tokens: None,
            stop: Vec::new(),
            model: None,
            tools: Vec::new(),
            agentic: false,
            max_iterations: 3,
        },
        extra: Vec::new(),
    }
}

/// A memory written by hand yesterday; its id is made of its title.
///
/// ```
/// assert_eq!(mnemosyne_sdk::sample::memory("Rain", "I like it").id, "memory-Rain");
/// ```
pub fn memory(title: &str, content: &str) -> Memory {
    Memory {
        id: format!("memory-{title}"),
        title: title.to_owned(),
        content: content.to_owned(),
        tags: Vec::new(),
        importance: 0.5,
        source_type: "manual".to_owned(),
        source_id: None,
        created: NOW - DAY,
        updated: NOW - DAY,
        metadata: "{}".to_owned(),
        extra: Vec::new(),
    }
}
