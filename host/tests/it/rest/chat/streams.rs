//! Answers while they are made: the order of what is told, going on from anywhere, stopping.

use mnemosyne_host::config::Config;
use mnemosyne_host::model::conversation::{EventKind, Run, RunEvent, RunState};
use mnemosyne_host::store;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::answers::said;
use crate::kit::{Actor, Event, Events, Script, ScriptedModel, backends, full, in_order, text};

/// Pieces of a scripted answer.
const WORDS: [&str; 6] = ["The ", "wall ", "wants ", "röses", ", not ", "paint."];

fn pieces() -> Vec<String> {
    WORDS.iter().map(|word| (*word).to_owned()).collect()
}

fn field(event: &Event, name: &str) -> String {
    event.data[name].as_str().unwrap_or_else(|| panic!("no `{name}`: {event:?}")).to_owned()
}

/// Begins a stream whose model holds its words back; gives it with its first piece heard, and the `meta`.
async fn begun(who: &Actor, model: &ScriptedModel, body: Value) -> (Events, Event) {
    let mut events = who.stream(body).await;
    let meta = events.next().await.unwrap();
    model.release(1);
    events.until("delta").await;
    (events, meta)
}

async fn answer_of(who: &Actor, meta: &Event) -> Value {
    said(who, &meta.data["conversation_id"]).await.pop().unwrap()
}

/// Waits until the answer is among the messages.
async fn settled(who: &Actor, meta: &Event) -> Value {
    for _ in 0..400 {
        let last = answer_of(who, meta).await;
        if last["role"] == "assistant" {
            return last;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("the answer was not saved");
}

async fn cancel(who: &Actor, run: &str) {
    who.post(&format!("/api/v1/chat/runs/{run}/cancel"), Value::Null).await.no_content();
}

backends! {
async fn a_stream_tells_everything_in_order_and_the_answer_is_kept_before_its_end(mut host: TestHost) {
    let model = ScriptedModel::start(Script::Says(pieces())).await;
    host.restart_with(|config| model.configure(config)).await;
    let alice = host.user("alice").await;
    let mut events = alice.stream(json!({"message": "What does the wall want?", "persona": "mentor", "temperature": 0.0})).await;
    let mut heard = Vec::new();
    while let Some(event) = events.next().await {
        if event.name == "done" {
            assert_eq!(answer_of(&alice, &heard[0]).await["id"], event.data["message_id"]);
        }
        heard.push(event);
    }
    in_order(&heard, 0);
    assert_eq!(text(&heard), WORDS.concat());
    let (meta, done) = (&heard[0], heard.last().unwrap());
    assert_eq!((&meta.data["persona"], &meta.data["plugin"]["name"]), (&json!("mentor"), &json!("persona-mentor")));
    assert_eq!((&done.data["finish"], &done.data["degraded"], &done.data["message_id"]), (&json!("complete"), &json!(false), &meta.data["message_id"]));
    let usage = heard.iter().find(|event| event.name == "usage").unwrap();
    assert_eq!(usage.data["model"], "scripted");
    let kept = answer_of(&alice, meta).await;
    assert_eq!((&kept["content"], &kept["degraded"], &kept["usage"]["model"]), (&json!(WORDS.concat()), &json!(false), &json!("scripted")));
    assert_eq!((model.requests().len(), model.requests()[0]["temperature"].as_f64()), (1, Some(0.0)));
}

async fn who_comes_back_hears_the_identical_text_from_one_question(mut host: TestHost) {
    let model = ScriptedModel::start(Script::Held(pieces())).await;
    host.restart_with(|config| model.configure(config)).await;
    let alice = host.user("alice").await;
    let times = if full() { 100 } else { 10 };
    for time in 0..times {
        let mut first = alice.stream(json!({"message": "again", "persona": "mentor"})).await;
        let run = field(&first.next().await.unwrap(), "run_id");
        model.release(3);
        // somewhere within what is told by then: three pieces have more than 150 bytes
        let heard = first.leave_after((time * 37) % 150).await;
        let after = heard.last().and_then(|event| event.id).unwrap_or(1);
        let again = alice.resume(&run, after).await;
        model.release(WORDS.len() - 3);
        let rest = again.rest().await;
        in_order(&rest, after);
        assert_eq!(text(&heard) + &text(&rest), WORDS.concat(), "left after {after}");
    }
    assert_eq!((model.requests().len(), model.cancelled()), (times, 0));
}

async fn an_answer_that_is_over_is_heard_again_from_any_event_on(host: TestHost) {
    let alice = host.user("alice").await;
    let all = alice.stream(json!({"message": "hello"})).await.rest().await;
    in_order(&all, 0);
    assert_eq!(all.last().unwrap().data["degraded"], true);
    let (run, last) = (field(&all[0], "run_id"), all.len());
    let events = format!("/api/v1/chat/runs/{run}/events");
    for after in 0..last {
        let number = i64::try_from(after).unwrap();
        assert_eq!(alice.resume(&run, number).await.rest().await, all[after..]);
        let by_header = alice.ask(Method::GET, &events).header("last-event-id", &number.to_string());
        assert_eq!(Events::of(by_header).await.rest().await, all[after..]);
    }
    // what makes a browser stop asking
    alice.get(&format!("{events}?after={last}")).await.no_content();
    for bad in ["-1", "x", "1.5"] {
        alice.get(&format!("{events}?after={bad}")).await.refused(422, "VAL_001");
        let error = alice.ask(Method::GET, &events).header("last-event-id", bad).send().await.refused(422, "VAL_001");
        assert_eq!(error["errors"][0]["pointer"], "Last-Event-ID");
    }
    let bob = host.user("bob").await;
    bob.get(&events).await.refused(404, "DB_001");
    bob.get(&format!("{events}?after=x")).await.refused(404, "DB_001");
    bob.post(&format!("/api/v1/chat/runs/{run}/cancel"), Value::Null).await.refused(404, "DB_001");
    cancel(&alice, &run).await;
    cancel(&alice, &run).await;
}

async fn events_are_gone_after_their_time_and_the_answer_is_not(mut host: TestHost) {
    host.restart_with(|config: &mut Config| config.chat.kept_seconds = 0).await;
    let alice = host.user("alice").await;
    let all = alice.stream(json!({"message": "hello"})).await.rest().await;
    let events = format!("/api/v1/chat/runs/{}/events", field(&all[0], "run_id"));
    alice.get(&events).await.refused(410, "DB_004");
    assert_eq!(answer_of(&alice, &all[0]).await["content"], text(&all));
}

async fn who_cancels_ends_the_question_to_the_model_and_keeps_what_was_said(mut host: TestHost) {
    let model = ScriptedModel::start(Script::Held(pieces())).await;
    host.restart_with(|config| model.configure(config)).await;
    let alice = host.user("alice").await;
    let times = if full() { 100 } else { 10 };
    let mut slowest = std::time::Duration::ZERO;
    for time in 1..=times {
        let (events, meta) = begun(&alice, &model, json!({"message": "stop", "persona": "mentor"})).await;
        let asked = tokio::time::Instant::now();
        cancel(&alice, &field(&meta, "run_id")).await;
        slowest = slowest.max(model.left(time).await.saturating_duration_since(asked));
        let rest = events.rest().await;
        let done = rest.last().unwrap();
        assert_eq!((&done.data["finish"], &done.data["degraded"]), (&json!("cancelled"), &json!(true)));
        assert!(rest.iter().all(|event| event.name != "error"), "{rest:?}");
        let kept = answer_of(&alice, &meta).await;
        assert_eq!((&kept["content"], &kept["degraded"], &kept["id"]), (&json!(WORDS[0]), &json!(true), &done.data["message_id"]));
    }
    println!("{times} cancelled: the model server saw its client leave {slowest:?} later at most");
    assert!(slowest < std::time::Duration::from_secs(1), "{slowest:?}");
}

async fn who_wishes_so_ends_the_question_by_leaving(mut host: TestHost) {
    let model = ScriptedModel::start(Script::Held(pieces())).await;
    host.restart_with(|config| model.configure(config)).await;
    let alice = host.user("alice").await;
    let times = if full() { 100 } else { 5 };
    let mut slowest = std::time::Duration::ZERO;
    for time in 1..=times {
        let (events, meta) = begun(&alice, &model, json!({"message": "go", "persona": "mentor", "on_disconnect": "cancel"})).await;
        let left = tokio::time::Instant::now();
        drop(events);
        slowest = slowest.max(model.left(time).await.saturating_duration_since(left));
        let kept = settled(&alice, &meta).await;
        assert_eq!((&kept["content"], &kept["degraded"]), (&json!(WORDS[0]), &json!(true)));
    }
    println!("{times} left: the model server saw its client leave {slowest:?} later at most");
    assert!(slowest < std::time::Duration::from_secs(1), "{slowest:?}");
}

async fn an_answer_that_nobody_hears_goes_on_for_its_grace_and_no_longer(mut host: TestHost) {
    let model = ScriptedModel::start(Script::Held(pieces())).await;
    host.restart_with(|config| {
        model.configure(config);
        config.chat.grace_seconds = 2;
    })
    .await;
    let alice = host.user("alice").await;
    let (events, meta) = begun(&alice, &model, json!({"message": "wait", "persona": "mentor"})).await;
    drop(events);
    model.left(1).await;
    assert_eq!(settled(&alice, &meta).await["content"], WORDS[0]);

    let (events, meta) = begun(&alice, &model, json!({"message": "wait", "persona": "mentor"})).await;
    drop(events);
    model.release(WORDS.len() - 1);
    let kept = settled(&alice, &meta).await;
    assert_eq!((&kept["content"], &kept["degraded"]), (&json!(WORDS.concat()), &json!(false)));
}

async fn who_leaves_a_message_ends_its_question_and_keeps_what_was_said(mut host: TestHost) {
    let model = ScriptedModel::start(Script::Held(pieces())).await;
    host.restart_with(|config| model.configure(config)).await;
    let alice = host.user("alice").await;
    let asking = tokio::spawn({
        let alice = alice.clone();
        async move { alice.say(json!({"message": "never mind", "persona": "mentor"})).await }
    });
    while model.requests().is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    model.release(2);
    // it has spoken when what it said can be kept; a model that is listened to has sent its pieces by then
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let left = tokio::time::Instant::now();
    asking.abort();
    let lasted = model.left(1).await.saturating_duration_since(left);
    assert!(lasted < std::time::Duration::from_secs(1), "{lasted:?}");
    let conversation = alice.get("/api/v1/chat/conversations").await.ok()["items"][0].clone();
    let meta = Event { id: None, name: "meta".into(), data: json!({"conversation_id": conversation["id"]}) };
    let kept = settled(&alice, &meta).await;
    assert_eq!((&kept["content"], &kept["degraded"]), (&json!(WORDS[..2].concat()), &json!(true)));
}

async fn logging_out_ends_what_is_being_told(mut host: TestHost) {
    let model = ScriptedModel::start(Script::Held(pieces())).await;
    host.restart_with(|config| model.configure(config)).await;
    let (alice, other) = (host.user("alice").await, host.sign_in("alice").await);
    let (events, meta) = begun(&alice, &model, json!({"message": "secret", "persona": "mentor"})).await;
    alice.post("/api/v1/auth/logout", json!({})).await.no_content();
    let rest = events.rest().await;
    let names: Vec<&str> = rest.iter().map(|event| event.name.as_str()).filter(|name| *name != "usage").collect();
    assert_eq!(names, ["error", "done"], "{rest:?}");
    assert_eq!(rest.iter().find(|event| event.name == "error").unwrap().data["error"]["code"], "AUTH_003");
    model.left(1).await;
    assert_eq!(settled(&other, &meta).await["content"], WORDS[0]);
}

async fn a_fourth_answer_at_once_waits_for_one_to_end(mut host: TestHost) {
    let model = ScriptedModel::start(Script::Held(pieces())).await;
    host.restart_with(|config| model.configure(config)).await;
    let (alice, bob) = (host.user("alice").await, host.user("bob").await);
    let ask = || json!({"message": "more", "persona": "mentor"});
    let mut open = Vec::new();
    for _ in 0..3 {
        let mut events = alice.stream(ask()).await;
        let meta = events.next().await.unwrap();
        open.push((events, meta));
    }
    let before = alice.get("/api/v1/chat/conversations").await.ok()["total"].clone();
    alice.post("/api/v1/chat/stream", ask()).await.refused(429, "RATE_001");
    assert_eq!(alice.get("/api/v1/chat/conversations").await.ok()["total"], before);
    let _bobs = bob.stream(ask()).await;
    let (events, meta) = open.pop().unwrap();
    cancel(&alice, &field(&meta, "run_id")).await;
    events.rest().await;
    let _another = alice.stream(ask()).await;
}

async fn a_turn_ends_on_the_revision_it_began_with_and_the_next_begins_on_the_new_one(mut host: TestHost) {
    let model = ScriptedModel::start(Script::Held(pieces())).await;
    host.restart_with(|config| model.configure(config)).await;
    let alice = host.user("alice").await;
    let (events, meta) = begun(&alice, &model, json!({"message": "slowly", "persona": "mentor"})).await;
    host.operator().bind("persona/mentor", "persona-guardian@0.1.0").await;
    model.release(WORDS.len() - 1);
    let rest = events.rest().await;
    assert_eq!(text(&rest), WORDS[1..].concat());
    assert_eq!(rest.last().unwrap().data["plugin"]["name"], "persona-mentor");
    model.release(WORDS.len());
    let next = alice.say(json!({"message": "again", "persona": "mentor", "conversation_id": meta.data["conversation_id"]})).await.ok();
    assert_eq!((&next["plugin"]["name"], &next["response"]), (&json!("persona-guardian"), &json!(WORDS.concat())));
}

async fn a_host_that_stops_keeps_what_was_said_and_says_so(mut host: TestHost) {
    let model = ScriptedModel::start(Script::Held(pieces())).await;
    host.restart_with(|config| model.configure(config)).await;
    let alice = host.user("alice").await;
    let (events, meta) = begun(&alice, &model, json!({"message": "stay", "persona": "mentor"})).await;
    let listening = tokio::spawn(events.rest());
    host.restart().await;
    let rest = listening.await.unwrap();
    let names: Vec<&str> = rest.iter().map(|event| event.name.as_str()).collect();
    assert!(names.ends_with(&["error", "done"]), "{names:?}");
    let kept = settled(&alice, &meta).await;
    assert_eq!((&kept["content"], &kept["degraded"]), (&json!(WORDS[0]), &json!(true)));
    assert_eq!(alice.resume(&field(&meta, "run_id"), 0).await.rest().await.last().unwrap().name, "done");
}

async fn deleting_a_conversation_ends_the_answer_in_it(mut host: TestHost) {
    let model = ScriptedModel::start(Script::Held(pieces())).await;
    host.restart_with(|config| model.configure(config)).await;
    let alice = host.user("alice").await;
    let (events, meta) = begun(&alice, &model, json!({"message": "forget", "persona": "mentor"})).await;
    alice.delete(&format!("/api/v1/chat/conversations/{}", field(&meta, "conversation_id"))).await.no_content();
    let rest = events.rest().await;
    assert_eq!((&rest.last().unwrap().name, &rest.last().unwrap().data["message_id"]), (&"done".to_owned(), &Value::Null));
    model.left(1).await;
    alice.get(&format!("/api/v1/chat/runs/{}/events", field(&meta, "run_id"))).await.refused(404, "DB_001");
}

async fn a_model_that_breaks_off_leaves_what_it_said_and_an_error(mut host: TestHost) {
    let model = ScriptedModel::start(Script::Held(pieces())).await;
    host.restart_with(|config| model.configure(config)).await;
    let alice = host.user("alice").await;
    model.then(Script::CutInMidChunk(pieces()[..2].to_vec()));
    let all = alice.stream(json!({"message": "break", "persona": "mentor"})).await.rest().await;
    in_order(&all, 0);
    let said = text(&all);
    assert!(said.starts_with(&WORDS[..2].concat()), "{said}");
    let kept = answer_of(&alice, &all[0]).await;
    assert_eq!((&kept["content"], &kept["degraded"]), (&json!(said), &json!(true)));
}

async fn an_answer_whose_host_was_killed_is_ended_and_what_it_said_is_kept(mut host: TestHost) {
    let alice = host.user("alice").await;
    let conversation = alice.say(json!({"message": "hello"})).await.ok()["conversation_id"].clone();
    let id = |value: &Value| value.as_str().unwrap().parse::<Uuid>().unwrap();
    let (run, app) = (host.app.ids.id(), &host.app);
    let left = Run {
        id: run,
        user_id: id(&alice.account["user"]["id"]),
        conversation_id: id(&conversation),
        message_id: app.ids.id(),
        host: app.ids.id(),
        state: RunState::Running,
        cancel: false,
        started_at: app.clock.now(),
        ended_at: None,
    };
    store::runs::insert(&app.db, &left).await.unwrap();
    let told = [
        (EventKind::Meta, json!({"type": "meta", "run_id": run, "conversation_id": conversation, "persona": "mentor"})),
        (EventKind::Delta, json!({"type": "delta", "text": "half an "})),
        (EventKind::Delta, json!({"type": "delta", "text": "answer"})),
    ];
    let events = (1..).zip(told).map(|(number, (kind, data))| RunEvent { number, kind, data: data.to_string() }).collect();
    store::runs::write(&app.db, &[store::runs::Block { run, events }]).await.unwrap();

    host.restart().await;
    let all = alice.resume(&run.to_string(), 0).await.rest().await;
    in_order(&all, 0);
    assert_eq!((text(&all).as_str(), all[3].name.as_str()), ("half an answer", "error"));
    let kept = answer_of(&alice, &all[0]).await;
    assert_eq!((&kept["content"], &kept["degraded"], &kept["persona"]), (&json!("half an answer"), &json!(true), &json!("mentor")));
    assert_eq!(kept["id"], all.last().unwrap().data["message_id"]);
}

async fn another_host_goes_on_telling_and_can_stop_an_answer(mut host: TestHost) {
    let model = ScriptedModel::start(Script::Held(pieces())).await;
    host.restart_with(|config| model.configure(config)).await;
    // a SQLite file has one host
    let Some(other) = host.beside().await else { return };
    let alice = host.user("alice").await;
    let there = alice.at(&other);
    let (events, meta) = begun(&alice, &model, json!({"message": "both", "persona": "mentor"})).await;
    let run = field(&meta, "run_id");
    let mut again = there.resume(&run, 0).await;
    assert_eq!(again.next().await.unwrap(), meta);
    drop(events);
    model.release(WORDS.len() - 1);
    let rest = again.rest().await;
    in_order(&rest, 1);
    assert_eq!(text(&rest), WORDS.concat());

    let (events, meta) = begun(&alice, &model, json!({"message": "stop", "persona": "mentor"})).await;
    let asked = tokio::time::Instant::now();
    cancel(&there, &field(&meta, "run_id")).await;
    let lasted = model.left(1).await.saturating_duration_since(asked);
    assert!(lasted < std::time::Duration::from_secs(1), "{lasted:?}");
    assert_eq!(events.rest().await.last().unwrap().data["finish"], "cancelled");
}
}
