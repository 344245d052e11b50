//! Many at once: batch, export, import, consolidation, reflection.

use reqwest::Method;
use serde_json::{Value, json};

use super::{MEMORIES, at, contents, keep, pointers, search};
use crate::kit::{Actor, Answer, backends};

async fn batch(who: &Actor, body: Value) -> Answer {
    who.post(&format!("{MEMORIES}/batch"), body).await
}

async fn import(who: &Actor, query: &str, lines: impl Into<reqwest::Body>) -> Answer {
    who.ask(Method::POST, &format!("{MEMORIES}/import{query}")).bytes("application/x-ndjson", lines).send().await
}

async fn export(who: &Actor, query: &str) -> Vec<Value> {
    let answer = who.get(&format!("{MEMORIES}/export{query}")).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/x-ndjson"));
    answer.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Without what differs between two accounts and two moments of embedding.
fn portable(mut memories: Vec<Value>) -> Vec<Value> {
    for memory in &mut memories {
        for key in ["user_id", "embedding_model", "embedding_dimension", "has_embedding"] {
            memory.as_object_mut().unwrap().remove(key);
        }
    }
    memories
}

backends! {
async fn a_batch_does_each_or_says_why_not(host: TestHost) {
    let alice = host.user("alice").await;
    let (old, gone) = (keep(&alice, json!({"content": "old"})).await, keep(&alice, json!({"content": "gone"})).await);
    alice.delete(&at(&gone, "")).await.no_content();
    let ops = json!([
        {"op": "create", "memory": {"content": "new", "tags": ["x"]}},
        {"op": "create", "memory": {"content": "new"}},
        {"op": "update", "id": old["id"], "memory": {"content": "newer", "importance": 1}},
        {"op": "update", "id": old["id"], "version": 1, "memory": {"title": "stale"}},
        {"op": "update", "id": "0198d7a0-0000-7000-8000-000000000000", "memory": {"title": "nobody's"}},
        {"op": "restore", "id": gone["id"]},
        {"op": "create", "memory": {"content": "x", "tags": ["a,b"]}},
        {"op": "delete", "filter": {"tags": ["x"]}},
    ]);
    let done = batch(&alice, json!({"ops": ops})).await.ok();
    let statuses: Vec<&str> = done["results"].as_array().unwrap().iter().map(|one| one["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["created", "existing", "updated", "failed", "failed", "restored", "failed", "deleted"]);
    assert_eq!((&done["succeeded"], &done["failed"]), (&json!(5), &json!(3)));
    let codes: Vec<&str> = [3, 4, 6].iter().map(|at| done["results"][at]["error"]["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["PRE_001", "DB_001", "VAL_001"]);
    assert_eq!(done["results"][6]["error"]["errors"][0]["pointer"], "/ops/6/memory/tags/0");
    assert_eq!(done["results"][7]["deleted"], 1);
    let mut left = contents(&alice.get(MEMORIES).await.ok()).iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    left.sort_unstable();
    assert_eq!(left, ["gone", "newer"]);
    assert_eq!(search(&alice, json!({"query": "new", "mode": "semantic"})).await["results"].as_array().unwrap().iter().filter(|hit| hit["content"] == "new").count(), 0);
    assert_eq!(contents(&search(&alice, json!({"query": "newer", "mode": "keyword"})).await), ["newer"]);
}

async fn an_atomic_batch_does_all_or_nothing(host: TestHost) {
    let (alice, bob) = (host.user("alice").await, host.user("bob").await);
    let (mine, hers) = (keep(&bob, json!({"content": "bob's"})).await, keep(&alice, json!({"content": "alice's"})).await);
    let ops = |last: Value| json!({"atomic": true, "ops": [
        {"op": "create", "memory": {"content": "first"}},
        {"op": "delete", "id": hers["id"], "hard_delete": true},
        last,
    ]});
    let foreign = batch(&alice, ops(json!({"op": "update", "id": mine["id"], "memory": {"title": "hers"}}))).await.refused(404, "DB_001");
    assert_eq!(foreign["param"], "/ops/2");
    let bad = batch(&alice, ops(json!({"op": "create", "memory": {"content": " "}}))).await.refused(422, "VAL_001");
    assert_eq!(pointers(&bad), ["/ops/2/memory/content"]);
    for (op, pointer) in [
        (json!({"op": "create"}), "/ops/2/memory"),
        (json!({"op": "create", "memory": {}}), "/ops/2/memory/content"),
        (json!({"op": "update", "memory": {}}), "/ops/2/id"),
        (json!({"op": "restore", "id": hers["id"], "memory": {}}), "/ops/2/memory"),
        (json!({"op": "delete", "id": hers["id"], "filter": {}}), "/ops/2/filter"),
        (json!({"op": "burn"}), "/ops/2/op"),
    ] {
        assert_eq!(pointers(&batch(&alice, ops(op)).await.refused(422, "VAL_001")), [pointer]);
    }
    assert_eq!(contents(&alice.get(MEMORIES).await.ok()), ["alice's"]);
    assert_eq!(batch(&alice, ops(json!({"op": "create", "memory": {"content": "last"}}))).await.ok()["succeeded"], 3);
    assert_eq!(contents(&alice.get(&format!("{MEMORIES}?sort=created_at&include_inactive=true")).await.ok()), ["first", "last"]);
    batch(&alice, json!({"ops": []})).await.refused(422, "VAL_001");
}

async fn what_was_exported_comes_back_as_it_was(host: TestHost) {
    let (alice, bob) = (host.user("alice").await, host.user("bob").await);
    for number in 0..230 {
        keep(&alice, json!({"content": format!("memory {number}\nwith \"lines\" and ünïcode 🦉"), "title": format!("t{number}"), "tags": ["x", format!("n{number}")], "importance": f64::from(number) / 300.0, "metadata": {"n": number, "f": 0.1}})).await;
    }
    let first = alice.get(&format!("{MEMORIES}?sort=created_at&limit=1")).await.ok()["items"][0].clone();
    alice.patch(&at(&first, ""), json!({"title": "changed"})).await.ok();
    alice.delete(&at(&first, "")).await.no_content();
    let all = export(&alice, "?include_inactive=true").await;
    assert_eq!((all.len(), export(&alice, "").await.len(), export(&alice, "?tags=n7").await.len()), (230, 229, 1));
    let text: String = all.iter().map(|line| format!("{line}\n")).collect();
    let dry = import(&bob, "?dry_run=true", text.clone()).await.ok();
    assert_eq!((&dry["created"], &dry["dry_run"], &dry["failed"]), (&json!(230), &json!(true), &json!(0)));
    assert_eq!(bob.get(&format!("{MEMORIES}?include_inactive=true")).await.ok()["total"], 0);
    // the ids are alice's: bob's copies get their own
    let copied = import(&bob, "", text.clone()).await.ok();
    assert_eq!((&copied["lines"], &copied["created"], &copied["failed"]), (&json!(230), &json!(230), &json!(0)));
    let twice = import(&bob, "", text.clone()).await.ok();
    assert_eq!((&twice["existing"], &twice["created"]), (&json!(230), &json!(0)), "deleted ones too");
    let again = import(&alice, "", text.clone()).await.ok();
    assert_eq!((&again["existing"], &again["created"]), (&json!(230), &json!(0)));
    for memory in &all {
        alice.delete(&at(memory, "?hard_delete=true")).await.no_content();
    }
    assert_eq!(import(&alice, "", text.clone()).await.ok()["created"], 230);
    assert_eq!(portable(export(&alice, "?include_inactive=true").await), portable(all));
    assert_eq!(contents(&search(&alice, json!({"query": "memory 117", "mode": "keyword", "limit": 1})).await), ["memory 117\nwith \"lines\" and ünïcode 🦉"]);
    let ids = |lines: &[Value]| lines.iter().map(|line| line["id"].to_string()).collect::<std::collections::BTreeSet<_>>();
    assert!(ids(&export(&bob, "").await).is_disjoint(&ids(&export(&alice, "").await)));
}

async fn each_bad_line_of_an_import_is_named_and_the_others_are_kept(host: TestHost) {
    let alice = host.user("alice").await;
    keep(&alice, json!({"content": "there already"})).await;
    let long = format!("{{\"content\":\"{}\"}}", "x".repeat(1 << 20));
    let lines = [
        r#"{"content":"good"}"#, "", "nonsense", r#"{"title":"no content"}"#, r#"{"content":"x","importance":7}"#, r#"{"content":"x","contnet":1}"#,
        r#"{"content":"there already"}"#, &long, r#"{"content":"x","created_at":"yesterday"}"#, r#"{"content":"a\u0000b"}"#, "[]",
        r#"{"content":"last","created_at":"2020-02-02T02:02:02+02:00","is_active":true,"version":4}"#,
    ];
    for query in ["?dry_run=true", ""] {
        let done = import(&alice, query, lines.join("\n")).await.ok();
        let named: Vec<(u64, &str)> = done["errors"].as_array().unwrap().iter().map(|error| (error["line"].as_u64().unwrap(), error["pointer"].as_str().unwrap())).collect();
        assert_eq!(named, [(3, ""), (4, "/content"), (5, "/importance"), (6, "/contnet"), (8, ""), (9, "/created_at"), (10, "/content"), (11, "")]);
        let counts = ["lines", "created", "duplicates", "failed"].map(|key| done[key].as_u64().unwrap());
        // a dry run reads what is there without keeping: the duplicate is told by the database
        assert_eq!(counts, [11, 2, 1, 8], "{done}");
    }
    let last = alice.get(&format!("{MEMORIES}?sort=created_at")).await.ok()["items"][0].clone();
    assert_eq!((&last["content"], &last["created_at"], &last["version"], &last["source_type"]), (&json!("last"), &json!("2020-02-02T00:02:02.000Z"), &json!(4), &json!("import")));
    import(&alice, "?dry_run=maybe", "x").await.refused(422, "VAL_001");
    alice.post(&format!("{MEMORIES}/import"), json!({})).await.refused(415, "REQ_003");
}

async fn near_duplicates_are_proposed_and_merged_softly(host: TestHost) {
    let alice = host.user("alice").await;
    let twin = keep(&alice, json!({"content": "The boiler in the cellar was serviced by Mr Okafor in March", "tags": ["home"], "importance": 0.4})).await;
    let kept = keep(&alice, json!({"content": "The boiler in the cellar was serviced by Mr Okafor in March!!", "tags": ["boiler"], "importance": 0.6})).await;
    keep(&alice, json!({"content": "Something about gardens and birds"})).await;
    let (old, new) = (keep(&alice, json!({"title": "Phone of Ana", "content": "Ana can be reached at 555 1234"})).await, keep(&alice, json!({"title": "phone of ana", "content": "Ana can be reached at 555 9876 now"})).await);
    let path = format!("{MEMORIES}/consolidate");
    let proposed = alice.post(&path, json!({})).await.ok();
    assert_eq!((&proposed["dry_run"], &proposed["merged"]), (&json!(true), &json!(0)));
    let pair = |reason: &str| proposed["proposals"].as_array().unwrap().iter().find(|one| one["reason"] == reason).map(|one| (one["keep"].clone(), one["merge"].clone()));
    assert_eq!(pair("near-duplicate"), Some((kept["id"].clone(), json!([twin["id"]]))), "{proposed}");
    assert_eq!(pair("superseded"), Some((new["id"].clone(), json!([old["id"]]))), "{proposed}");
    assert_eq!(alice.get(MEMORIES).await.ok()["total"], 5);
    assert_eq!(alice.post(&path, json!({"dry_run": false})).await.ok()["merged"], 2);
    assert_eq!(alice.get(MEMORIES).await.ok()["total"], 3);
    let merged = alice.get(&at(&twin, "")).await.ok();
    assert_eq!((&merged["is_active"], &merged["superseded_by"]), (&json!(false), &kept["id"]));
    let stays = alice.get(&at(&kept, "")).await.ok();
    assert_eq!((&stays["tags"], &stays["importance"]), (&json!(["boiler", "home"]), &json!(0.6)));
    assert_eq!(search(&alice, json!({"query": "boiler", "mode": "keyword"})).await["total"], 1);
    assert_eq!(alice.post(&path, json!({"dry_run": false})).await.ok()["proposals"], json!([]));
    let back = alice.post(&at(&twin, "/restore"), json!({})).await.ok();
    assert_eq!((&back["is_active"], &back["superseded_by"]), (&json!(true), &Value::Null));
    // what took its place goes for good: nothing points at it
    alice.post(&path, json!({"dry_run": false})).await.ok();
    alice.delete(&at(&kept, "?hard_delete=true")).await.no_content();
    assert_eq!(alice.get(&at(&twin, "")).await.ok()["superseded_by"], Value::Null);
    alice.post(&path, json!({"threshold": 2})).await.refused(422, "VAL_001");
}

async fn a_reflection_names_themes_and_open_questions(host: TestHost) {
    let alice = host.user("alice").await;
    let path = format!("{MEMORIES}/reflect");
    let mut ids = Vec::new();
    for content in ["I drink coffee every morning before running.", "I do not drink coffee every morning.", "Running along the river clears my head. Should I sign up for the marathon?"] {
        ids.push(keep(&alice, json!({"content": content, "tags": ["habits"]})).await["id"].clone());
    }
    let reflected = alice.post(&path, json!({"memory_ids": ids})).await.ok();
    assert!(reflected["reflection"]["summary"].as_str().is_some_and(|text| !text.is_empty()), "{reflected}");
    assert_eq!(reflected["memories"].as_array().unwrap().len(), 3);
    assert_eq!(reflected["degraded"], true, "there is no model here");
    let found = alice.post(&path, json!({"query": "coffee"})).await.ok();
    assert!(!found["memories"].as_array().unwrap().is_empty());
    assert_eq!(pointers(&alice.post(&path, json!({})).await.refused(422, "VAL_001")), ["/memory_ids"]);
    assert_eq!(pointers(&alice.post(&path, json!({"query": "x", "memory_ids": ids})).await.refused(422, "VAL_001")), ["/query"]);
    assert_eq!(pointers(&alice.post(&path, json!({"query": "coffee", "persona": "nobody"})).await.refused(422, "VAL_001")), ["/persona"]);
    alice.post(&path, json!({"memory_ids": ["0198d7a0-0000-7000-8000-000000000000"]})).await.refused(404, "DB_001");
}
}
