//! Who answers: named, chosen, or whoever suits; beasts among them; revisions that fail.

use mnemosyne_host::error::{Code, Fault};
use mnemosyne_host::plugin::persona::Said;
use serde_json::{Value, json};

use super::{Ask, PERSONA, answer, ask, prepared, principal};
use crate::kit::{Actor, DONE, Heard, SPIN, TestHost, Voice, backends, let_in};

const CRISIS: &str = "I want to kill myself";

async fn analyzed(who: &Actor, message: &str) -> Value {
    who.post(&format!("{PERSONA}/mode/analyze"), json!({ "message": message })).await.ok()
}

/// Whom a message finds when nobody was named or chosen. On a machine that stood still an honest persona may be late: once more.
async fn found(host: &TestHost, who: &Actor, message: &str, expected: &str) {
    let mut last = String::new();
    for _ in 0..2 {
        last = prepared(host, who, ask(message)).await.persona;
        if last == expected {
            return;
        }
    }
    panic!("{message:?} found {last} and never {expected}");
}

fn refused(fault: &Fault, code: Code, pointer: &str) {
    assert_eq!((fault.code, fault.fields.first().map(|field| field.pointer.as_str())), (code, Some(pointer)), "{fault:?}");
}

backends! {
async fn crisis_comes_before_reflection_before_conflict_before_learning(host: TestHost) {
    let alice = host.user("alice").await;
    for (message, mode) in [
        (CRISIS, "guardian"),
        ("I keep wondering: what patterns do you see, and how do I learn from the argument with my sister?", "mirror"),
        ("My sister and I had a conflict about how to teach the children", "mediator"),
        ("help me learn", "mentor"),
        ("what a lovely tuesday", "confidant"),
    ] {
        let analysis = analyzed(&alice, message).await;
        assert_eq!(analysis["recommended_mode"], mode, "{message}: {analysis}");
        let scores = analysis["scores"].as_object().unwrap();
        assert_eq!(scores.len(), 5, "{analysis}");
        assert!(scores.values().all(|score| score.as_f64() <= analysis["confidence"].as_f64()), "{analysis}");
        found(&host, &alice, message, mode).await;
    }
    let crisis = analyzed(&alice, CRISIS).await;
    assert!(!crisis["signals"]["guardian"].as_array().unwrap().is_empty(), "{crisis}");
    let path = format!("{PERSONA}/mode/analyze");
    for (bad, pointer) in [(json!({}), "/message"), (json!({"message": ""}), "/message"), (json!({"message": 1}), "/message"), (json!({"message": "a", "persona": "b"}), "/persona")] {
        assert_eq!(alice.post(&path, bad).await.refused(422, "VAL_001")["errors"][0]["pointer"], pointer);
    }
    assert_eq!(alice.get(&format!("{PERSONA}/mode/history")).await.ok()["total"], 0, "asking chooses nobody");
}

async fn the_named_one_answers_then_the_chosen_one_then_whoever_suits(host: TestHost) {
    let alice = host.user("alice").await;
    found(&host, &alice, CRISIS, "guardian").await;
    alice.post(&format!("{PERSONA}/mode/switch"), json!({"mode": "mentor"})).await.ok();
    assert_eq!(prepared(&host, &alice, ask(CRISIS)).await.persona, "mentor");
    assert_eq!(prepared(&host, &alice, Ask { persona: Some("mirror".into()), ..ask(CRISIS) }).await.persona, "mirror");
    let who = principal(&alice);
    let unknown = host.app.personas.prepare(&who, Ask { persona: Some("nobody".into()), ..ask(CRISIS) }).await.unwrap_err();
    refused(&unknown, Code::Validation, "/persona");
    for empty in ["", " \n", &"x".repeat((256 << 10) + 1)] {
        refused(&host.app.personas.prepare(&who, ask(empty)).await.unwrap_err(), Code::Validation, "/message");
    }
    // Whom nobody binds any more cannot answer; the message finds somebody else.
    let_in(&host.operator(), "persona/echo", Voice::saying("hi").build("persona-echo", "0.1.0")).await;
    alice.post(&format!("{PERSONA}/mode/switch"), json!({"mode": "echo"})).await.ok();
    assert_eq!(prepared(&host, &alice, ask(CRISIS)).await.persona, "echo");
    let digest = host.operator().get("/api/v1/admin/plugins/persona-echo/0.1.0").await.ok()["digest"].clone();
    host.operator().post("/api/v1/admin/plugins/persona-echo/block", json!({"digest": digest, "reason": "test"})).await.ok();
    found(&host, &alice, CRISIS, "guardian").await;
    let state = alice.get(&format!("{PERSONA}/state")).await.ok();
    assert_eq!((&state["current_mode"], &state["active_persona"]), (&json!("confidant"), &json!("echo")));
}

async fn a_turn_knows_the_person_their_day_and_their_wishes(host: TestHost) {
    let alice = host.user("alice").await;
    alice.put("/api/v1/game/settings", json!({"day_start": 4, "timezone": "Pacific/Kiritimati"})).await.ok();
    alice.put(&format!("{PERSONA}/worldview"), json!({"primary_tradition": "sufi", "values_hierarchy": ["rest"]})).await.ok();
    let said = |number: usize| Said { role: "assistant", content: format!("number {number}"), at: 5 };
    let ask = Ask { history: (0..300).map(said).collect(), summary: Some("before".into()), persona: Some("mentor".into()), ..ask("And now?") };
    let turn = prepared(&host, &alice, ask.clone()).await.turn;
    assert_eq!((turn.message.role, turn.message.content.as_str(), turn.summary.as_deref()), ("user", "And now?", Some("before")));
    assert_eq!((turn.history.len(), turn.history[255].content.as_str()), (256, "number 299"));
    assert_eq!((turn.moment.timezone.as_str(), turn.moment.offset_minutes), ("Pacific/Kiritimati", 14 * 60));
    assert!((turn.moment.at - host.app.clock.now()).abs() < 60_000);
    let worldview = turn.worldview.unwrap();
    assert_eq!((worldview.primary.as_str(), worldview.values), ("sufi", vec!["rest".to_owned()]));
    assert!(turn.use_memories && (turn.trust - 0.3).abs() < 0.01);
    assert_ne!(prepared(&host, &alice, ask).await.turn.moment.seed, turn.moment.seed, "nobody foresees the seed");
    let bob = host.user("bob").await;
    assert_eq!(prepared(&host, &bob, super::ask("hello")).await.turn.worldview, None);
}

async fn beasts_neither_win_nor_break_nor_hold_up_the_choice(host: TestHost) {
    let (operator, alice) = (host.operator(), host.user("alice").await);
    let shouting = |score: &str| format!("(f32.store (i32.const 3076) (f32.const {score})) (i32.const 3072)");
    for (name, affinity) in [("loop", SPIN.to_owned()), ("trap", "(unreachable)".to_owned()), ("nan", shouting("nan")), ("loud", shouting("1e30")), ("error", "(i32.store8 (i32.const 3072) (i32.const 1)) (i32.const 3072)".to_owned())] {
        let voice = Voice { affinity, ..Voice::saying("me") };
        let_in(&operator, &format!("persona/{name}"), voice.build(&format!("persona-{name}"), "0.1.0")).await;
    }
    let analysis = analyzed(&alice, CRISIS).await;
    assert_eq!(analysis["recommended_mode"], "guardian", "{analysis}");
    for beast in ["loop", "trap", "nan", "loud", "error"] {
        assert_eq!(analysis["scores"][beast], 0.0, "{analysis}");
    }
    found(&host, &alice, CRISIS, "guardian").await;
    let since = std::time::Instant::now();
    for _ in 0..20 {
        prepared(&host, &alice, ask(CRISIS)).await;
    }
    println!("a turn prepared among ten personas, one of which never ends: {:?}", since.elapsed() / 20);
    let_in(&operator, "persona/eager", Voice::saying("mine").fitting(0.99).build("persona-eager", "0.1.0")).await;
    found(&host, &alice, CRISIS, "eager").await;
    assert_eq!(answer(&host, &alice, "loop").await.0, "me", "a beast of one export may be honest in another");
}

async fn before_its_first_word_an_earlier_revision_takes_over(host: TestHost) {
    let (operator, alice) = (host.operator(), host.user("alice").await);
    let trap = || Voice { respond: "(unreachable)".into(), ..Voice::saying("two") };
    let_in(&operator, "persona/echo", Voice::saying("one").build("persona-echo", "0.1.0")).await;
    assert_eq!(answer(&host, &alice, "echo").await, ("one".into(), "persona-echo@0.1.0".into(), false));
    let_in(&operator, "persona/echo", trap().build("persona-echo", "0.2.0")).await;
    assert_eq!(answer(&host, &alice, "echo").await, ("one".into(), "persona-echo@0.1.0".into(), true));

    // Two revisions that fail in a slot that came with the host: what came with it answers.
    let_in(&operator, "persona/mentor", trap().build("persona-broken", "0.1.0")).await;
    let_in(&operator, "persona/mentor", trap().build("persona-broken", "0.2.0")).await;
    let (text, revision, degraded) = answer(&host, &alice, "mentor").await;
    assert!(!text.is_empty() && degraded, "{text}");
    assert_eq!(revision, "persona-mentor@0.1.0");

    // And where nothing did, the turn ends with a code and without a word of the plugin.
    let_in(&operator, "persona/lost", trap().build("persona-lost", "0.1.0")).await;
    let turn = prepared(&host, &alice, Ask { persona: Some("lost".into()), ..ask("hello") }).await;
    let heard = Heard::default();
    let failed = host.app.personas.answer(&turn, &heard).await.unwrap_err();
    assert_eq!((failed.code, failed.said, heard.told().text.as_str()), (Code::PluginTrapped, false, ""));
}

async fn after_its_first_word_what_was_said_stands_and_nobody_tries_again(host: TestHost) {
    let (operator, alice) = (host.operator(), host.user("alice").await);
    let_in(&operator, "persona/echo", Voice::saying("from the start").build("persona-echo", "0.1.0")).await;
    let honest = Voice::saying("so far");
    let broken = Voice { respond: honest.respond.replace(DONE, "(unreachable)"), ..honest };
    let_in(&operator, "persona/echo", broken.build("persona-echo", "0.2.0")).await;
    let turn = prepared(&host, &alice, Ask { persona: Some("echo".into()), ..ask("hello") }).await;
    let heard = Heard::default();
    let failed = host.app.personas.answer(&turn, &heard).await.unwrap_err();
    assert_eq!((failed.code, failed.said, heard.told().text.as_str()), (Code::PluginTrapped, true, "so far"));
    assert_eq!(failed.revision.unwrap().version, "0.2.0");
}

async fn a_persona_swapped_between_two_turns_answers_the_next_one(host: TestHost) {
    let (operator, alice) = (host.operator(), host.user("alice").await);
    let_in(&operator, "persona/echo", Voice::saying("one").build("persona-echo", "0.1.0")).await;
    let begun = prepared(&host, &alice, Ask { persona: Some("echo".into()), ..ask("hello") }).await;
    assert_eq!(answer(&host, &alice, "echo").await.0, "one");
    let_in(&operator, "persona/echo", Voice::saying("two").build("persona-echo", "0.2.0")).await;
    assert_eq!(answer(&host, &alice, "echo").await, ("two".into(), "persona-echo@0.2.0".into(), false));
    let heard = Heard::default();
    host.app.personas.answer(&begun, &heard).await.unwrap();
    assert_eq!(heard.told().text, "two", "whom a turn is for is decided when it is prepared, which revision when it is answered");
    assert_eq!(alice.get("/api/v1/personas/echo").await.ok()["version"], "0.2.0");
    operator.post("/api/v1/admin/slots/persona/echo/rollback", json!({})).await.ok();
    assert_eq!(answer(&host, &alice, "echo").await.0, "one");
}
}
