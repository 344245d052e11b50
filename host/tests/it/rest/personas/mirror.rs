//! The mirror counts what people say, shows each their own, and forgets.

use serde_json::{Value, json};

use super::{Ask, PERSONA, ask, prepared};
use crate::kit::{Actor, Heard, TestHost, Voice, backends, let_in};

const REFLECTIONS: &str = "/api/v1/persona/mirror/reflections";
const RESET: &str = "/api/v1/persona/mirror/reset";
const VIEWS: &str = "/api/v1/plugins/persona-mirror/views";

async fn say(host: &TestHost, who: &Actor, message: &str, use_memories: bool) {
    let turn = prepared(host, who, Ask { persona: Some("mirror".into()), use_memories, ..ask(message) }).await;
    host.app.personas.answer(&turn, &Heard::default()).await.unwrap();
}

fn dimensions(shown: &Value) -> Vec<&str> {
    shown["reflections"].as_array().unwrap().iter().map(|one| one["dimension"].as_str().unwrap()).collect()
}

backends! {
async fn the_mirror_shows_what_it_observed_and_forgets_it(host: TestHost) {
    let (alice, bob) = (host.user("alice").await, host.user("bob").await);
    assert_eq!(alice.get(REFLECTIONS).await.ok()["observation_count"], 0);
    say(&host, &alice, "I am tired, so tired, and alone", true).await;
    say(&host, &bob, "We went out together, friends and family", true).await;
    say(&host, &alice, "I am tired of being careful", false).await;

    let shown = alice.get(REFLECTIONS).await.ok();
    assert_eq!((&shown["observation_count"], dimensions(&shown)), (&json!(1), vec!["energy", "company"]), "{shown}");
    assert!(shown["reflections"][0]["value"].as_f64() == Some(0.0) && shown["reflections"][0]["trend"] == "stable", "{shown}");
    assert_eq!(dimensions(&bob.get(REFLECTIONS).await.ok()), ["company"]);

    let views = alice.get(VIEWS).await.ok();
    assert_eq!(views["items"], json!([{"name": "reflections", "title": "What the mirror has observed", "resettable": true}]));
    assert_eq!(alice.get(&format!("{VIEWS}/reflections")).await.ok(), shown);

    alice.post(RESET, json!({})).await.no_content();
    alice.post(RESET, json!({})).await.no_content();
    assert_eq!(alice.get(REFLECTIONS).await.ok(), json!({"observation_count": 0, "reflections": [], "patterns_observed": []}));
    assert_eq!(bob.get(REFLECTIONS).await.ok()["observation_count"], 1, "nobody forgets for somebody else");
    bob.post(&format!("{VIEWS}/reflections/reset"), json!({})).await.no_content();
    assert_eq!(bob.get(REFLECTIONS).await.ok()["observation_count"], 0);
    for path in [REFLECTIONS, VIEWS] {
        host.anonymous().get(path).await.refused(401, "AUTH_003");
        host.operator().get(path).await.refused(403, "AUTH_005");
    }
}

async fn another_mirror_shows_its_own_and_one_that_shows_nothing_is_not_found(host: TestHost) {
    let (operator, alice) = (host.operator(), host.user("alice").await);
    let_in(&operator, "persona/mirror", Voice::saying("hi").showing(r#"{"seen": [1, 2.5, "ü"]}"#).build("persona-pond", "0.1.0")).await;
    assert_eq!(alice.get(REFLECTIONS).await.ok(), json!({"seen": [1, 2.5, "ü"]}));
    alice.get(VIEWS).await.refused(404, "DB_001");
    let_in(&operator, "persona/mirror", Voice::saying("hi").build("persona-blind", "0.1.0")).await;
    alice.get(REFLECTIONS).await.refused(404, "DB_001");
    alice.post(RESET, json!({})).await.refused(404, "DB_001");
    assert_eq!(alice.get(&format!("{PERSONA}/state")).await.status, 200);
}
}
