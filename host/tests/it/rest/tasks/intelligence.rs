//! Help with tasks by the bundled task intelligence, without a model: rules answer and say so. What hostile ones do is in
//! `zoo/help.rs`.

use mnemosyne_host::clock::{IdSource as _, SystemIds};
use mnemosyne_host::model::conversation::{Message, Speaker};
use mnemosyne_host::model::task::{Status, Task};
use mnemosyne_host::service::principal::Permission;
use mnemosyne_host::store::{messages, tasks};
use serde_json::{Value, json};

use super::{TASKS, at, kinds, make, pointers, titles};
use crate::kit::{Actor, Script, ScriptedModel, TestHost, backends};

const SUGGESTIONS: &str = "/api/v1/tasks/suggestions";
const EXTRACT: &str = "/api/v1/tasks/extract";
const PRIORITIZE: &str = "/api/v1/tasks/prioritize";
const NOWHERE: &str = "0198d7a0-0000-7000-8000-000000000000";
const DAY: i64 = 86_400_000;

/// A task that this person finished so many days ago, in so many minutes.
async fn done_before(host: &TestHost, who: &Actor, title: &str, days: i64, minutes: Option<i64>) {
    let user = who.account["user"]["id"].as_str().unwrap().parse().unwrap();
    let made = make(who, json!({"title": title})).await;
    let task = tasks::get(&host.app.db, user, made["id"].as_str().unwrap().parse().unwrap()).await.unwrap();
    let then = task.created_at - days * DAY;
    let done = Task {
        id: SystemIds.id(),
        status: Status::Completed,
        completed_at: Some(then),
        actual_duration_minutes: minutes,
        created_at: then - DAY,
        updated_at: then,
        ..task
    };
    tasks::insert(&host.app.db, &done).await.unwrap();
    who.delete(&at(&made, "?hard_delete=true")).await.no_content();
}

/// Puts words into somebody's conversation.
async fn say(host: &TestHost, who: &Actor, conversation: &str, words: &[(Speaker, &str)]) {
    let user = who.account["user"]["id"].as_str().unwrap().parse().unwrap();
    let conversation = conversation.parse().unwrap();
    let message = |(place, (role, content)): (i64, &(Speaker, &str))| Message {
        id: SystemIds.id(),
        conversation_id: conversation,
        user_id: user,
        place,
        role: *role,
        content: (*content).to_owned(),
        persona: None,
        rules: None,
        memories_used: Vec::new(),
        model: None,
        prompt_tokens: 0,
        completion_tokens: 0,
        duration_ms: 0,
        degraded: false,
        context: None,
        created_at: 1_700_000_000_000 + place,
    };
    let said: Vec<Message> = (1..).zip(words).map(message).collect();
    let mut tx = host.app.db.begin().await.unwrap();
    messages::insert(&mut tx, &said).await.unwrap();
    tx.commit().await.unwrap();
}

/// By rules, because no model is configured.
fn by_rules(answer: &Value) {
    assert_eq!((&answer["source"], &answer["reason"]), (&json!("rules"), &Value::Null), "{answer}");
    assert_eq!(
        (&answer["plugin"]["name"], answer["plugin"]["digest"].as_str().map(str::len)),
        (&json!("task-intelligence-classic"), Some(64)),
        "{answer}"
    );
}

/// A word of its own for each number.
fn letters(number: u32) -> String {
    (0..4).map(|place| char::from(b'a' + u8::try_from(number / 10_u32.pow(place) % 10).unwrap())).collect()
}

fn of<'a>(list: &'a Value, key: &str) -> Vec<&'a str> {
    list.as_array().unwrap().iter().map(|one| one[key].as_str().unwrap()).collect()
}

backends! {
async fn habits_and_follow_ups_are_suggested_and_not_what_is_open_already(host: TestHost) {
    let (alice, bob) = (host.user("alice").await, host.user("bob").await);
    for days in [7, 14, 21] {
        done_before(&host, &alice, "Water the plants", days, None).await;
    }
    done_before(&host, &alice, "Meeting with Ada", 1, None).await;
    let answer = alice.get(&format!("{SUGGESTIONS}?limit=20")).await.ok();
    by_rules(&answer);
    let found = &answer["suggestions"];
    let habit = found.as_array().unwrap().iter().find(|one| one["source"] == "habit").unwrap();
    assert_eq!((&habit["title"], &habit["recurrence"]["rrule"]), (&json!("Water the plants"), &json!("FREQ=WEEKLY")), "{habit}");
    assert!(habit["due_date"].as_str().unwrap().ends_with("T23:59:00.000Z"), "the end of the day in UTC: {habit}");
    assert!(habit["confidence"].as_f64().unwrap() > 0.5 && habit["reason"].as_str().unwrap().contains("3 times"), "{habit}");
    assert!(of(found, "source").contains(&"follow-up"), "{found}");
    assert_eq!(alice.get(&format!("{SUGGESTIONS}?limit=1")).await.ok()["suggestions"].as_array().unwrap().len(), 1);
    make(&alice, json!({"title": "water the plants"})).await;
    let again = alice.get(&format!("{SUGGESTIONS}?limit=20")).await.ok();
    assert!(!of(&again["suggestions"], "source").contains(&"habit"), "{again}");
    let his = bob.get(&format!("{SUGGESTIONS}?limit=20")).await.ok();
    assert!(!his.to_string().contains("Ada") && !his.to_string().contains("plants"), "{his}");
    assert_eq!(alice.get(TASKS).await.ok()["total"], 5, "nothing was made");
    for bad in ["limit=0", "limit=21", "limit=x", "include_context=true"] {
        alice.get(&format!("{SUGGESTIONS}?{bad}")).await.refused(422, "VAL_001");
    }
    host.anonymous().get(SUGGESTIONS).await.refused(401, "AUTH_003");
}

async fn what_memories_say_is_suggested_only_to_requests_that_may_read_them(host: TestHost) {
    let alice = host.user("alice").await;
    alice.post("/api/v1/memories", json!({"content": "A grey day. I want to repair the bicycle."})).await.created();
    let of_memory = |answer: &Value| answer["suggestions"].as_array().unwrap().iter().find(|one| one["source"] == "memory").cloned();
    let found = of_memory(&alice.get(&format!("{SUGGESTIONS}?limit=20")).await.ok()).expect("an intention");
    assert_eq!((&found["title"], &found["evidence"]), (&json!("Repair the bicycle"), &json!("I want to repair the bicycle.")));
    let key = host.app.api_keys.create("tasks", Some("alice"), &[Permission::TaskRead], None).await.unwrap();
    let narrow = alice.with_token(&key.key).get(&format!("{SUGGESTIONS}?limit=20")).await.ok();
    assert_eq!((of_memory(&narrow), narrow.to_string().contains("bicycle")), (None, false), "{narrow}");
}

async fn a_breakdown_is_a_proposal_and_on_request_all_or_nothing(host: TestHost) {
    let (alice, bob) = (host.user("alice").await, host.user("bob").await);
    let task = make(&alice, json!({"title": "Write the report", "priority": "high", "tags": ["work"], "estimated_duration_minutes": 100, "difficulty": 3})).await;
    let proposal = alice.post(&at(&task, "/breakdown"), json!({})).await.ok();
    by_rules(&proposal);
    assert_eq!(proposal["degraded"], true, "a model would have been asked");
    assert!(proposal["steps"].as_array().unwrap().len() >= 3);
    assert_eq!((&proposal["created"], &titles(&alice.get(&at(&task, "/subtasks")).await.ok()).len()), (&json!([]), &0));
    let applied = alice.post(&at(&task, "/breakdown"), json!({"apply": true})).await.ok();
    assert_eq!(applied["steps"], proposal["steps"]);
    assert_eq!(of(&applied["created"], "title"), of(&applied["steps"], "title"));
    let first = &applied["created"][0];
    assert_eq!((&first["parent_id"], &first["priority"], &first["tags"], &first["status"]), (&task["id"], &json!("high"), &json!(["work"]), &json!("pending")));
    let minutes: i64 = applied["created"].as_array().unwrap().iter().map(|one| one["estimated_duration_minutes"].as_i64().unwrap()).sum();
    assert_eq!(minutes, 100);
    assert!(first["experience_points"].as_i64().unwrap() > 0, "the rules were asked: {first}");
    assert_eq!(alice.get(&at(&task, "/subtasks")).await.ok()["total"], applied["created"].as_array().unwrap().len());
    assert_eq!((kinds(&alice, &task).await, kinds(&alice, first).await), (vec!["created".to_owned(), "divided".to_owned()], vec!["created".to_owned()]));
    let error = alice.post(&at(&task, "/breakdown"), json!({"apply": true})).await.refused(409, "DB_002");
    assert!(error["message"].as_str().unwrap().contains("parts already"), "{error}");
    alice.post(&at(&task, "/breakdown"), json!({})).await.ok();
    bob.post(&at(&task, "/breakdown"), json!({"apply": true})).await.refused(404, "DB_001");
    assert_eq!(pointers(&alice.post(&at(&task, "/breakdown"), json!({"apply": 1})).await.refused(422, "VAL_001")), ["/apply"]);
    alice.post(&format!("{TASKS}/{NOWHERE}/breakdown"), json!({"apply": 1})).await.refused(404, "DB_001");
}

async fn two_who_divide_one_task_at_once_make_its_parts_once(host: TestHost) {
    let alice = host.user("alice").await;
    let task = make(&alice, json!({"title": "Write the report"})).await;
    let path = at(&task, "/breakdown");
    let asked = (0..6).map(|_| {
        let (alice, path) = (alice.clone(), path.clone());
        tokio::spawn(async move { alice.post(&path, json!({"apply": true})).await.status })
    });
    let mut won = 0;
    for one in asked.collect::<Vec<_>>() {
        let status = one.await.unwrap();
        assert!(matches!(status, 200 | 409), "{status}");
        won += usize::from(status == 200);
    }
    assert_eq!(won, 1);
    assert_eq!(alice.get(&at(&task, "/subtasks")).await.ok()["total"], 5);
}

async fn what_is_over_or_lies_too_deep_is_not_divided(host: TestHost) {
    let alice = host.user("alice").await;
    let over = make(&alice, json!({"title": "Write the report"})).await;
    alice.post(&at(&over, "/complete"), json!({})).await.ok();
    alice.post(&at(&over, "/breakdown"), json!({"apply": true})).await.refused(409, "DB_002");
    let mut deep = make(&alice, json!({"title": "level 1"})).await;
    for level in 2..=8 {
        deep = make(&alice, json!({"title": format!("level {level}"), "parent_id": deep["id"]})).await;
    }
    alice.post(&at(&deep, "/breakdown"), json!({"apply": true})).await.refused(409, "DB_002");
    assert_eq!(alice.get(&format!("{TASKS}?limit=1")).await.ok()["total"], 9);
}

async fn an_estimate_rests_on_ones_own_history(host: TestHost) {
    let (alice, bob) = (host.user("alice").await, host.user("bob").await);
    for (days, minutes) in [(3, 40), (10, 60), (17, 80)] {
        done_before(&host, &alice, "Write weekly report", days, Some(minutes)).await;
    }
    let task = make(&alice, json!({"title": "Write the weekly report"})).await;
    let estimate = |who: &Actor, path: String| {
        let who = who.clone();
        async move { who.ask(reqwest::Method::POST, &path).send().await }
    };
    let effort = estimate(&alice, at(&task, "/estimate")).await.ok();
    by_rules(&effort);
    assert_eq!((&effort["minutes"], &effort["low"], &effort["high"], &effort["basis"]), (&json!(60), &json!(40), &json!(80), &json!("3 similar tasks")));
    let his = make(&bob, json!({"title": "Write the weekly report"})).await;
    let his = estimate(&bob, at(&his, "/estimate")).await.ok();
    assert_ne!(his["minutes"], 60, "hers is not his");
    assert_eq!(his["degraded"], true);
    estimate(&bob, at(&task, "/estimate")).await.refused(404, "DB_001");
    assert_eq!(alice.get(&at(&task, "")).await.ok()["estimated_duration_minutes"], Value::Null, "nothing was stored");
}

async fn what_presses_comes_first_and_everything_once(host: TestHost) {
    let (alice, bob) = (host.user("alice").await, host.user("bob").await);
    let plain = make(&alice, json!({"title": "plain"})).await;
    let urgent = make(&alice, json!({"title": "urgent", "priority": "urgent"})).await;
    let late = make(&alice, json!({"title": "late", "due_date": "2020-01-01T00:00:00Z"})).await;
    let his = make(&bob, json!({"title": "his"})).await;
    let order = |answer: &Value| answer["tasks"].as_array().unwrap().iter().map(|one| one["task"]["title"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    let all = alice.post(PRIORITIZE, json!({})).await.ok();
    by_rules(&all);
    assert_eq!(order(&all), ["late", "urgent", "plain"]);
    let scores: Vec<f64> = all["tasks"].as_array().unwrap().iter().map(|one| one["score"].as_f64().unwrap()).collect();
    assert!(scores.is_sorted_by(|one, other| one >= other) && scores.iter().all(|score| (0.0..=1.0).contains(score)), "{scores:?}");
    assert!(all["tasks"][0]["reason"].as_str().unwrap().starts_with("overdue by"), "{all}");
    let some = alice.post(PRIORITIZE, json!({"task_ids": [plain["id"], urgent["id"], plain["id"]]})).await.ok();
    assert_eq!(order(&some), ["urgent", "plain"]);
    let error = alice.post(PRIORITIZE, json!({"task_ids": [late["id"], his["id"], NOWHERE]})).await.refused(404, "DB_001");
    assert_eq!(pointers(&error), ["/task_ids/1", "/task_ids/2"]);
    assert_eq!(pointers(&alice.post(PRIORITIZE, json!({"task_ids": []})).await.refused(422, "VAL_001")), ["/task_ids"]);
    assert_eq!(pointers(&alice.post(PRIORITIZE, json!({"task_ids": ["x"]})).await.refused(422, "VAL_001")), ["/task_ids/0"]);
    assert_eq!(order(&host.user("carol").await.post(PRIORITIZE, json!({})).await.ok()), Vec::<String>::new());
}

async fn tasks_are_found_in_words_with_evidence_and_made_once(host: TestHost) {
    let alice = host.user("alice").await;
    let text = "What a day! I need to send the tax form by Friday, but I am tired. Remind me to call Ada at 9am tomorrow. You should rest.";
    let found = alice.post(EXTRACT, json!({"text": text})).await.ok();
    by_rules(&found);
    assert_eq!((of(&found["tasks"], "title"), &found["created"]), (vec!["Send the tax form", "Call Ada"], &json!([])));
    let first = &found["tasks"][0];
    assert_eq!(first["evidence"], "I need to send the tax form by Friday, but I am tired.");
    assert!(first["due_date"].as_str().unwrap().ends_with("T23:59:00.000Z"), "{first}");
    assert_eq!((&first["duplicate_of"], alice.get(TASKS).await.ok()["total"].as_i64()), (&Value::Null, Some(0)));
    let made = alice.post(EXTRACT, json!({"text": text, "auto_create": true})).await.ok();
    assert_eq!(of(&made["created"], "title"), ["Send the tax form", "Call Ada"]);
    assert_eq!(made["created"][0]["metadata"]["extracted"]["evidence"], first["evidence"]);
    assert_eq!(kinds(&alice, &made["created"][0]).await, ["created"]);
    let again = alice.post(EXTRACT, json!({"text": text, "auto_create": true})).await.ok();
    assert_eq!((&again["created"], alice.get(TASKS).await.ok()["total"].as_i64()), (&json!([]), Some(2)), "once");
    let nothing = alice.post(EXTRACT, json!({"text": "The sky is blue.", "auto_create": true})).await.ok();
    assert_eq!((&nothing["tasks"], &nothing["created"], &nothing["reason"]), (&json!([]), &json!([]), &Value::Null));
    for (body, pointer) in [
        (json!({}), "/text"),
        (json!({"text": ""}), "/text"),
        (json!({"text": "ä".repeat(200_000)}), "/text"),
        (json!({"text": "x", "conversation_id": NOWHERE}), "/conversation_id"),
        (json!({"conversation_id": "x"}), "/conversation_id"),
        (json!({"text": "x", "auto_create": null}), "/auto_create"),
        (json!({"txt": "x"}), "/txt"),
    ] {
        assert_eq!(pointers(&alice.post(EXTRACT, body).await.refused(422, "VAL_001")), [pointer]);
    }
    alice.post(EXTRACT, json!({"conversation_id": NOWHERE})).await.refused(404, "DB_001");
    host.anonymous().post(EXTRACT, json!({"text": "x"})).await.refused(401, "AUTH_003");
}

async fn tasks_are_found_in_ones_own_conversation_and_in_ones_own_words_only(host: TestHost) {
    let (alice, bob) = (host.user("alice").await, host.user("bob").await);
    let talk = alice.post("/api/v1/chat/conversations", json!({})).await.created();
    let id = talk["id"].as_str().unwrap();
    say(&host, &alice, id, &[(Speaker::User, "I must call Ada."), (Speaker::Assistant, "I will bake a cake for you.")]).await;
    let body = json!({"conversation_id": id, "auto_create": true});
    bob.post(EXTRACT, body.clone()).await.refused(404, "DB_001");
    let found = alice.post(EXTRACT, body.clone()).await.ok();
    assert_eq!(of(&found["created"], "title"), ["Call Ada"], "{found}");
    assert_eq!(found["created"][0]["metadata"]["extracted"]["conversation_id"], id);
    // A key that may not read conversations reads none through this either.
    let key = host.app.api_keys.create("tasks", Some("alice"), &[Permission::TaskRead, Permission::TaskWrite], None).await.unwrap();
    alice.with_token(&key.key).post(EXTRACT, body).await.refused(403, "AUTH_005");
}

async fn the_same_words_sent_at_once_make_each_task_once(host: TestHost) {
    let alice = host.user("alice").await;
    let sent = (0..6).map(|_| {
        let alice = alice.clone();
        tokio::spawn(async move { alice.post(EXTRACT, json!({"text": "Remind me to call Ada. I must pay the rent!", "auto_create": true})).await.ok() })
    });
    for one in sent.collect::<Vec<_>>() {
        one.await.unwrap();
    }
    assert_eq!(alice.get(TASKS).await.ok()["total"], 2);
}

async fn a_model_makes_it_better_and_what_it_makes_up_is_not_believed(host: TestHost) {
    let mut host = host;
    host.user("alice").await;
    let steps = r#"{"steps":[{"title":"Ask Ada","minutes":10,"difficulty":2},{"title":"Write it down"}]}"#;
    let model = ScriptedModel::start(Script::says(steps)).await;
    host.restart_with(|config| model.configure(config)).await;
    let alice = host.sign_in("alice").await;
    let task = make(&alice, json!({"title": "Write the report", "description": "for the board"})).await;
    let better = alice.post(&at(&task, "/breakdown"), json!({"apply": true})).await.ok();
    assert_eq!((&better["source"], &better["degraded"], of(&better["steps"], "title")), (&json!("model"), &json!(false), vec!["Ask Ada", "Write it down"]));
    assert_eq!((of(&better["created"], "title"), &better["created"][0]["estimated_duration_minutes"]), (vec!["Ask Ada", "Write it down"], &json!(10)));
    assert!(model.requests()[0].to_string().contains("for the board"), "{:?}", model.requests());
    model.then(Script::says(r#"{"tasks":[{"title":"Rob a bank","evidence":"rob the bank"}]}"#));
    let invented = alice.post(EXTRACT, json!({"text": "I must call Ada.", "auto_create": true})).await.ok();
    assert_eq!((of(&invented["created"], "title"), &invented["source"], &invented["degraded"]), (vec!["Call Ada"], &json!("rules"), &json!(true)), "{invented}");
    model.then(Script::says("{\"order\": \"whatever\"}"));
    let order = alice.post(PRIORITIZE, json!({})).await.ok();
    assert_eq!((&order["source"], order["tasks"].as_array().unwrap().len()), (&json!("rules"), 4), "{order}");
}

async fn a_long_text_is_read_within_the_limits(host: TestHost) {
    let alice = host.user("alice").await;
    let text: String = (0..4_000).map(|number| format!("I need to call Ada{} by Friday at 9am. ", letters(number))).collect();
    let found = alice.post(EXTRACT, json!({"text": text})).await.ok();
    assert_eq!((found["tasks"].as_array().unwrap().len(), &found["reason"]), (20, &Value::Null), "{}", text.len());
}

async fn without_help_everything_else_goes_on(host: TestHost) {
    let operator = host.operator();
    let bound = operator.get("/api/v1/admin/slots/task-intelligence").await.ok()["bindings"][0].clone();
    let block = json!({"digest": bound["digest"], "reason": "a test"});
    operator.post("/api/v1/admin/plugins/task-intelligence-classic/block", block).await.ok();
    let alice = host.user("alice").await;
    let task = make(&alice, json!({"title": "Write the report"})).await;
    for answer in [
        alice.get(SUGGESTIONS).await.ok(),
        alice.post(&at(&task, "/breakdown"), json!({"apply": true})).await.ok(),
        alice.ask(reqwest::Method::POST, &at(&task, "/estimate")).send().await.ok(),
        alice.post(PRIORITIZE, json!({})).await.ok(),
        alice.post(EXTRACT, json!({"text": "I must go home", "auto_create": true})).await.ok(),
    ] {
        assert_eq!((&answer["reason"], &answer["source"], &answer["degraded"], &answer["plugin"]), (&json!("PLG_005"), &Value::Null, &json!(true), &Value::Null), "{answer}");
    }
    alice.post("/api/v1/tasks/quick-add", json!({"text": "Pay rent tomorrow"})).await.created();
}
}
