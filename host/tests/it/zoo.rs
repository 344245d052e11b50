//! The zoo: hostile components, let loose through the front door. Each is uploaded, approved, bound and met by a request;
//! each ends as documented, nobody else notices, and afterwards the house is as it was.
//!
//! ```text
//! zoo/build.rs       beasts are core text, put through the real encoder with the real contract
//! zoo/uploads.rs     those that do not get in
//! zoo/rules.rs       those that award
//! zoo/providers.rs   those that log people in
//! zoo/grants.rs      those that ask for more and are held
//! zoo/keys.rs        one that takes API keys for logins
//! zoo/full.rs        a full house of slow guests
//! zoo/voice.rs       a persona as core text; zoo/voices.rs those that speak; zoo/talk.rs how they are met
//! zoo/spy.rs         a persona that searches its own memory for somebody else's word
//! zoo/mind.rs        task intelligence as core text; zoo/minds.rs those that help; zoo/asked.rs how they are met
//! zoo/wall.rs        a persona that wants out
//! zoo/help.rs        those that help with tasks
//! zoo/still.rs       memory and descriptors of a host of its own, before and after
//! ```
//! Beside each stands its control: the same attack once its limit is lifted, or the same answer without its defect, works.

mod asked;
mod build;
mod full;
mod grants;
mod help;
mod keys;
mod mind;
mod minds;
mod providers;
mod rules;
mod spy;
mod still;
mod talk;
mod uploads;
mod voice;
mod voices;
mod wall;

use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use mnemosyne_host::model::call::{CallFilter, CallRecord};
use mnemosyne_host::model::page::Page;
use mnemosyne_host::store::calls;
use reqwest::Method;
use serde_json::{Value, json};

use crate::kit::{Actor, PASSWORD, TestHost, backends};
use build::{Rules, SPIN};
pub(crate) use grants::held;
use rules::Ends;
use uploads::Upload;

const PLUGINS: &str = "/api/v1/admin/plugins";
const SLOT: &str = "auth-provider/zoo";

/// Panics in code of the host, not of tests, in this process.
static PANICS: AtomicUsize = AtomicUsize::new(0);

/// Counts the host's panics from now on.
fn watch_panics() {
    static WATCH: Once = Once::new();
    WATCH.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if info.location().is_some_and(|place| !place.file().contains("tests/")) {
                PANICS.fetch_add(1, Relaxed);
            }
            before(info);
        }));
    });
}

/// Adds a component, accepts what it asks for, binds it.
async fn let_in(operator: &Actor, slot: &str, component: Vec<u8>) {
    let revision = operator.add_plugin(component).await;
    let name = revision["name"].as_str().unwrap();
    if revision["state"] == "held" {
        operator.post(&format!("{PLUGINS}/{name}/0.1.0/approve"), json!({})).await.ok();
    }
    operator.bind(slot, &format!("{name}@0.1.0")).await;
}

/// A new task, completed with the predecessor's verb.
async fn complete(person: &Actor) -> Value {
    let task = person.post("/api/v1/tasks", json!({"title": "again", "difficulty": 2, "quest_type": "solo"})).await.created();
    person.patch(&format!("/api/v1/tasks/{}/complete", task["id"].as_str().unwrap()), json!({})).await.ok()
}

async fn log_in(host: &TestHost, provider: &str) -> crate::kit::Answer {
    let body = json!({"username": "mallory", "password": PASSWORD, "provider": provider});
    host.anonymous().post("/api/v1/auth/login", body).await
}

/// The failed calls of a plugin, once they are written.
async fn failures(host: &TestHost, plugin: &str) -> Vec<CallRecord> {
    let filter = CallFilter { plugin: Some(plugin.to_owned()), outcome: Some("failed".to_owned()), ..CallFilter::default() };
    let written = async {
        loop {
            let found = calls::list(&host.app.db, &filter, &Page::skip(0, 100)).await.unwrap().items;
            if !found.is_empty() {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), written).await.unwrap_or_else(|_| panic!("no failed call of {plugin} was recorded"))
}

/// The code stands in the record of some call of each plugin, and no other code does.
async fn recorded(host: &TestHost, expected: Vec<(String, &str)>) {
    let mut wrong = Vec::new();
    for (plugin, code) in expected {
        let records = failures(host, &plugin).await.into_iter();
        let others = records.filter(|record| ![Some(code), Some("suspended")].contains(&record.code.as_deref()));
        wrong.extend(others.map(|record| format!("{plugin}: {code} expected, {record:?}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every instance has gone back to the pool.
async fn all_quiet(host: &TestHost) {
    let quiet = async {
        while host.app.runtime.live_instances() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), quiet).await.expect("an instance was lost");
    assert_eq!(PANICS.load(Relaxed), 0, "host code panicked");
}

/// Waits until a task's points are in the ledger.
async fn scored(person: &Actor, task: &str) -> Value {
    loop {
        let ledger = person.get("/api/v1/game/ledger?limit=100").await.ok();
        let entries = ledger["items"].as_array().unwrap().iter().filter(|entry| entry["task_id"] == task).cloned().collect::<Vec<_>>();
        assert!(entries.len() <= 1, "scored twice: {entries:?}");
        if let Some(entry) = entries.into_iter().next() {
            return entry;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

backends! {
    async fn beasts_do_not_get_in(host: TestHost) {
        watch_panics();
        let operator = host.operator();
        let before = operator.get(PLUGINS).await.ok();
        for Upload { name, beast, control } in uploads::beasts() {
            let answer = operator.ask(Method::POST, PLUGINS).bytes("application/wasm", beast).send().await;
            assert_eq!((answer.status, answer.json["error"]["code"].as_str()), (422, Some("PLG_007")), "{name}: {}", answer.text);
            let findings = answer.json["error"]["errors"].as_array().unwrap();
            assert!(!findings.is_empty() && findings.iter().all(|one| one["message"].as_str().is_some_and(|text| text.len() > 10)), "{name}: {findings:?}");
            assert_eq!(operator.get(PLUGINS).await.ok(), before, "{name}: nothing of it stays");
            let answer = operator.ask(Method::POST, PLUGINS).bytes("application/wasm", control).send().await;
            assert_eq!(answer.status, 201, "{name} without its defect: {}", answer.text);
            if answer.json["bound_to"] == json!([]) {
                let revision = format!("{PLUGINS}/{}/0.1.0", answer.json["name"].as_str().unwrap());
                operator.delete(&revision).await.no_content();
            }
        }
        operator.add_plugin(Rules::default().build("twin")).await;
        let other = Rules::awarding(SPIN).build("twin");
        operator.ask(Method::POST, PLUGINS).bytes("application/wasm", other).send().await.refused(409, "DB_002");
        all_quiet(&host).await;
    }

    async fn beasts_that_award_leave_completions_pending_and_nobody_else_harmed(host: TestHost) {
        watch_panics();
        let (operator, mallory) = (host.operator(), host.user("mallory").await);
        host.user("alice").await;
        let mut expected = Vec::new();
        for (name, rules, ends) in rules::beasts() {
            let plugin = format!("zoo-{name}");
            let_in(&operator, "xp-rules", rules.build(&plugin)).await;
            let (done, alice) = tokio::join!(complete(&mallory), host.sign_in("alice"));
            alice.get("/api/v1/auth/me").await.ok();
            match ends {
                Ends::Pending(code) => {
                    assert_eq!((&done["pending"], &done["experience_gained"], &done["rules"]), (&json!(true), &json!(0), &Value::Null), "{name}: {done}");
                    expected.push((plugin, code));
                }
                Ends::Points(points) => {
                    assert_eq!((&done["pending"], &done["experience_gained"]), (&json!(false), &json!(points)), "{name}: {done}");
                    let sum: i64 = done["xp_breakdown"].as_array().unwrap().iter().map(|one| one["points"].as_i64().unwrap()).sum();
                    assert_eq!(sum, points, "{name}: {done}");
                }
            }
            let (control, points) = rules::control(name);
            let_in(&operator, "xp-rules", control.build(&format!("tame-{name}"))).await;
            let done = complete(&mallory).await;
            assert_eq!((&done["pending"], &done["experience_gained"]), (&json!(false), &json!(points)), "the control of {name}: {done}");
        }
        operator.bind("xp-rules", "xp-rules-classic@0.1.0").await;
        assert_eq!(complete(&mallory).await["experience_gained"], 20);
        recorded(&host, expected).await;
        all_quiet(&host).await;
    }

    async fn beasts_that_log_in_are_503_and_nobody_else_is_harmed(host: TestHost) {
        watch_panics();
        let (operator, alice) = (host.operator(), host.user("alice").await);
        host.user("mallory").await;
        let_in(&operator, SLOT, providers::honest().build("zoo-honest")).await;
        log_in(&host, "zoo").await.ok();
        let victim = alice.account["user"]["id"].as_str().unwrap();
        let mut expected = Vec::new();
        for (name, provider, code) in providers::beasts(victim) {
            let plugin = format!("zoo-{name}");
            let_in(&operator, SLOT, provider.build(&plugin)).await;
            let (beast, password, done) = tokio::join!(log_in(&host, "zoo"), log_in(&host, "password"), complete(&alice));
            assert_eq!((beast.status, beast.json["error"]["code"].as_str()), (503, Some("AUTH_006")), "{name}: {}", beast.text);
            assert!(!beast.text.contains("unreachable") && !beast.text.contains("zoo-"), "{name}: {}", beast.text);
            password.ok();
            assert_eq!(done["experience_gained"], 20, "{name}");
            expected.push((plugin, code));
            let_in(&operator, SLOT, providers::control(name).build(&format!("tame-{name}"))).await;
            log_in(&host, "zoo").await.ok();
        }
        let_in(&operator, SLOT, providers::claims_roles().build("zoo-claims-roles")).await;
        let claimed = log_in(&host, "zoo").await.ok();
        let claimed = host.anonymous().with_token(claimed["access_token"].as_str().unwrap());
        assert_eq!(claimed.get("/api/v1/auth/me").await.ok()["roles"], json!(["user"]));
        claimed.get(PLUGINS).await.refused(403, "AUTH_005");
        operator.bind(SLOT, "zoo-honest@0.1.0").await;
        log_in(&host, "zoo").await.ok();
        recorded(&host, expected).await;
        all_quiet(&host).await;
    }

    async fn what_a_beast_left_pending_is_scored_later_exactly_once(host: TestHost) {
        let (operator, mallory) = (host.operator(), host.user("mallory").await);
        let mut pending = Vec::new();
        let bad = "(i32.store (i32.const 20) (i32.const 2000000)) (i32.const 16)";
        for (name, award) in [("later-trap", "(unreachable)"), ("later-timeout", SPIN), ("later-bad-output", bad)] {
            let_in(&operator, "xp-rules", Rules::awarding(award).build(name)).await;
            let done = complete(&mallory).await;
            assert_eq!(done["pending"], true);
            pending.push(done["task"]["id"].as_str().unwrap().to_owned());
        }
        // Five bad answers in a row: from then on the beast is not even asked.
        for _ in 0..6 {
            let done = complete(&mallory).await;
            assert_eq!(done["pending"], true);
            pending.push(done["task"]["id"].as_str().unwrap().to_owned());
        }
        let codes = async {
            loop {
                let codes: Vec<_> = failures(&host, "later-bad-output").await.into_iter().filter_map(|record| record.code).collect();
                if codes.iter().any(|code| code == "suspended") {
                    return codes;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let codes = tokio::time::timeout(Duration::from_secs(10), codes).await.expect("five bad answers open the breaker");
        assert!(codes.iter().filter(|code| *code == "bad-output").count() >= 5, "{codes:?}");
        operator.bind("xp-rules", "xp-rules-classic@0.1.0").await;
        for task in &pending {
            let entry = tokio::time::timeout(Duration::from_mins(1), scored(&mallory, task)).await.expect("scored in the end");
            assert_eq!((&entry["points"], &entry["rules"]["plugin"]), (&json!(20), &json!("xp-rules-classic")));
        }
        host.app.game.score_pending(100).await.unwrap();
        assert_eq!(mallory.get("/api/v1/game/profile").await.ok()["total_xp"], 20 * pending.len());
        assert_eq!(mallory.get("/api/v1/game/ledger").await.ok()["total"], pending.len());
    }
}
