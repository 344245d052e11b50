//! The same source gives the same answers natively and as a component: hundreds of generated completions, each judged by the
//! crate `xp-rules-classic` in this process and by its component through the runtime.

use mnemosyne_sdk::plugin::xp_rules as native;
use mnemosyne_sdk::plugin::xp_rules::XpRules as _;
use xp_rules_classic::Classic;

use super::bundled::bundled;
use crate::kit::{House, completion, nobody};
use crate::wit::xp_rules::{Completion, Facts, Proposal, Tally};

const CASES: u64 = 300;

/// xorshift64*: the same cases on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) % sides
    }

    fn small(&mut self, sides: u64) -> u32 {
        u32::try_from(self.roll(sides)).unwrap()
    }

    fn one<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        texts[usize::try_from(self.roll(texts.len() as u64)).unwrap()]
    }
}

/// Edges included: nothing due, due to the millisecond, fractions that truncation cuts.
fn generated(dice: &mut Dice) -> Completion {
    let mut made = completion();
    let now = 1_700_000_000_000 + i64::from(dice.small(1_000_000));
    made.task.difficulty = u8::try_from(1 + dice.roll(5)).unwrap();
    made.task.completed = (dice.roll(4) > 0).then_some(now);
    made.task.due = [None, Some(now), Some(now - 1), Some(now + 86_400_000)][usize::try_from(dice.roll(4)).unwrap()];
    made.task.shared = dice.roll(2) == 0;
    made.task.recurring = dice.roll(4) == 0;
    made.task.assignees = dice.small(9);
    made.task.parent = (dice.roll(3) == 0).then(|| "parent".to_owned());
    made.task.quest_type = (dice.roll(5) > 0).then(|| dice.one(&["solo", "raid", "party", "epic", "daily"]).to_owned());
    let impact = |dice: &mut Dice| {
        (
            format!("v{}", dice.roll(99)),
            (f64::from(dice.small(20_001)) - 10_000.0) / [7.0, 100.0, 1000.0][usize::try_from(dice.roll(3)).unwrap()],
        )
    };
    made.task.value_impact = (0..dice.roll(5)).map(|_| impact(dice)).map(|(key, value)| (key, value.clamp(-100.0, 100.0))).collect();
    made.history.completed = dice.small(400);
    made.history.missed = dice.small(50);
    made.facts.moment.at = now;
    made.facts.moment.minute_of_day = u16::try_from(dice.roll(1440)).unwrap();
    made.facts.streak_days = dice.small(120);
    made.facts.tallies = vec![Tally { window: "all".to_owned(), points: i64::from(dice.small(50_000)), completions: dice.small(120) }];
    made.facts.achievements =
        ["first-quest", "ten-quests", "streak-7", "night-owl"].iter().filter(|_| dice.roll(2) == 0).map(|&id| id.to_owned()).collect();
    made.facts.extra = vec![("tasks-created".to_owned(), dice.roll(3).to_string())];
    made
}

/// Both sides are made of the same WIT, so field by field is all there is to it.
fn natively(made: &Completion) -> native::Completion {
    let task = &made.task;
    let task = mnemosyne_sdk::Task {
        id: task.id.clone(),
        title: task.title.clone(),
        description: task.description.clone(),
        status: task.status.clone(),
        priority: task.priority.clone(),
        quest_type: task.quest_type.clone(),
        difficulty: task.difficulty,
        created: task.created,
        started: task.started,
        due: task.due,
        completed: task.completed,
        estimate_minutes: task.estimate_minutes,
        actual_minutes: task.actual_minutes,
        parent: task.parent.clone(),
        series: task.series.clone(),
        tags: task.tags.clone(),
        assignees: task.assignees,
        shared: task.shared,
        recurring: task.recurring,
        value_impact: task.value_impact.clone(),
        extra: task.extra.clone(),
    };
    let history = &made.history;
    let history = native::History { completed: history.completed, missed: history.missed, streak: history.streak, last: history.last };
    native::Completion { task, occurrence: made.occurrence.clone(), history, facts: facts(&made.facts) }
}

fn facts(made: &Facts) -> native::Facts {
    let moment = &made.moment;
    let moment = mnemosyne_sdk::Moment {
        at: moment.at,
        seed: moment.seed,
        timezone: moment.timezone.clone(),
        offset_minutes: moment.offset_minutes,
        date: moment.date.clone(),
        minute_of_day: moment.minute_of_day,
        day: moment.day.clone(),
        weekday: moment.weekday,
        locale: moment.locale.clone(),
    };
    let tally = |tally: &Tally| native::Tally { window: tally.window.clone(), points: tally.points, completions: tally.completions };
    native::Facts {
        moment,
        streak_days: made.streak_days,
        tallies: made.tallies.iter().map(tally).collect(),
        achievements: made.achievements.clone(),
        extra: made.extra.clone(),
    }
}

/// What an award says, comparable.
type Said = (i32, Vec<(String, String, i32)>, Vec<String>);

fn of_component(proposal: Proposal) -> Said {
    let bonuses = proposal.bonuses.into_iter().map(|bonus| (bonus.code, bonus.reason, bonus.points)).collect();
    (proposal.base, bonuses, proposal.achievements)
}

fn of_native(proposal: native::Proposal) -> Said {
    let bonuses = proposal.bonuses.into_iter().map(|bonus| (bonus.code, bonus.reason, bonus.points)).collect();
    (proposal.base, bonuses, proposal.achievements)
}

#[tokio::test]
async fn the_classic_rules_say_the_same_natively_and_as_a_component() {
    let Some(component) = bundled("xp-rules-classic") else { return };
    let house = House::new();
    let revision = house.revision(component).await;
    let rules = || house.runtime.xp_rules(&revision, nobody());
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    let mut seen = std::collections::BTreeSet::new();
    for case in 0..CASES {
        let made = generated(&mut dice);
        let expected = natively(&made);
        let said = of_component(rules().award(made.clone()).await.unwrap().value);
        assert_eq!(said, of_native(Classic::award(&expected).unwrap()), "award, case {case}: {made:?}");
        let quest = rules().classify(made.task.clone(), made.facts.clone()).await.unwrap().value;
        assert_eq!(quest, Classic::classify(&expected.task, &expected.facts).unwrap(), "classify, case {case}: {made:?}");
        let points = {
            let bits = dice.roll(63);
            dice.roll(1 << bits)
        };
        let (level, own) = (rules().level_at(points).await.unwrap().value, Classic::level_at(points).unwrap());
        assert_eq!((level.number, level.title, level.floor, level.next), (own.number, own.title, own.floor, own.next), "{points} points");
        seen.insert(format!("{said:?}"));
    }
    assert!(seen.len() > 150, "the cases are too alike: {}", seen.len());
}
