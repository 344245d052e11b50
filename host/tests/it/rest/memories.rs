//! `/api/v1/memories`: each verb works, is repeated, is refused; what one person keeps no other ever meets.
//!
//! ```text
//! memories.rs          keeping, reading, changing, deleting, restoring, lists, figures
//! memories/search.rs   by words, by meaning, both: the same order on both databases
//! memories/many.rs     batch, export, import, consolidation, reflection
//! memories/embedder.rs an embedder that hangs delays nobody
//! ```

mod embedder;
mod many;
mod search;

use serde_json::{Value, json};
use sqlx::Connection as _;

use crate::kit::{Actor, Backend, TestHost, backends};

const MEMORIES: &str = "/api/v1/memories";

fn at(memory: &Value, verb: &str) -> String {
    format!("{MEMORIES}/{}{verb}", memory["id"].as_str().unwrap())
}

async fn keep(who: &Actor, body: Value) -> Value {
    who.post(MEMORIES, body).await.created()
}

async fn search(who: &Actor, body: Value) -> Value {
    who.post(&format!("{MEMORIES}/search"), body).await.ok()
}

fn pointers(error: &Value) -> Vec<&str> {
    error["errors"].as_array().unwrap().iter().map(|field| field["pointer"].as_str().unwrap()).collect()
}

/// `content` of each item or result.
fn contents(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().or_else(|| list["results"].as_array()).unwrap();
    items.iter().map(|memory| memory["content"].as_str().unwrap()).collect()
}

/// Rows in every table that knows memories.
async fn traces(host: &TestHost) -> i64 {
    let count = "SELECT (SELECT COUNT(*) FROM memories) + (SELECT COUNT(*) FROM memory_chunks) + (SELECT COUNT(*) FROM memory_words) \
        + (SELECT COUNT(*) FROM vectors) + (SELECT COUNT(*) FROM embedding_outbox) + (SELECT COUNT(*) FROM idempotency_keys)";
    let url = host.database_url();
    match host.backend() {
        Backend::Sqlite => {
            let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
            sqlx::query_scalar(count).fetch_one(&mut connection).await.unwrap()
        }
        Backend::Postgres => {
            let mut connection = sqlx::PgConnection::connect(&url).await.unwrap();
            sqlx::query_scalar(count).fetch_one(&mut connection).await.unwrap()
        }
    }
}

backends! {
async fn a_memory_is_kept_read_and_is_only_its_owners(host: TestHost) {
    let (alice, bob) = (host.user("alice").await, host.user("bob").await);
    let answer = alice.post(MEMORIES, json!({"title": "Tea", "content": "Green tea at 70 °C", "tags": ["kitchen", "kitchen"], "importance": 0.75, "source_id": "x", "metadata": {"a": [1, null]}})).await;
    assert!(answer.header("location").starts_with("/api/v1/memories/"));
    assert_eq!(answer.header("etag"), "\"1\"");
    let memory = answer.created();
    assert_eq!((&memory["source_type"], &memory["tags"], &memory["importance"], &memory["is_active"]), (&json!("manual"), &json!(["kitchen"]), &json!(0.75), &json!(true)));
    assert_eq!((&memory["embedding_model"], &memory["embedding_dimension"], &memory["has_embedding"]), (&json!("hashed-ngram-v1"), &json!(1024), &json!(true)));
    let read = alice.get(&at(&memory, "")).await.ok();
    assert_eq!((&read["content"], &read["metadata"], &read["access_count"]), (&json!("Green tea at 70 °C"), &json!({"a": [1, null]}), &json!(1)));
    assert_eq!(alice.get(&at(&memory, "")).await.ok()["access_count"], 2);
    host.app.memories.write_accesses().await.unwrap();
    let listed = alice.get(MEMORIES).await.ok()["items"][0].clone();
    assert_eq!((&listed["access_count"], &listed["version"], listed["last_accessed_at"].is_string()), (&json!(2), &json!(1), true));
    for path in ["", "/chunks", "/related"] {
        bob.get(&at(&memory, path)).await.refused(404, "DB_001");
    }
    bob.patch(&at(&memory, ""), json!({"title": "his"})).await.refused(404, "DB_001");
    bob.delete(&at(&memory, "")).await.refused(404, "DB_001");
    bob.delete(&at(&memory, "?hard_delete=true")).await.refused(404, "DB_001");
    bob.post(&at(&memory, "/restore"), json!({})).await.refused(404, "DB_001");
    bob.post(&format!("{MEMORIES}/search/similar"), json!({"memory_id": memory["id"]})).await.refused(404, "DB_001");
    bob.post(&format!("{MEMORIES}/reflect"), json!({"memory_ids": [memory["id"]]})).await.refused(404, "DB_001");
    for mode in ["keyword", "semantic", "hybrid"] {
        assert_eq!(search(&bob, json!({"query": "green tea", "mode": mode})).await["total"], 0);
    }
    assert_eq!(bob.get(MEMORIES).await.ok()["total"], 0);
    assert_eq!(bob.get(&format!("{MEMORIES}/tags")).await.ok()["items"], json!([]));
    assert_eq!(bob.get(&format!("{MEMORIES}/export")).await.text, "");
    host.anonymous().get(MEMORIES).await.refused(401, "AUTH_003");
}

async fn every_bad_field_is_named_and_nothing_is_kept(host: TestHost) {
    let alice = host.user("alice").await;
    let bad = json!({"content": "", "importance": 1.5, "tagz": [], "source_type": "dream", "title": "x".repeat(501)});
    let error = alice.post(MEMORIES, bad).await.refused(422, "VAL_001");
    let mut found = pointers(&error);
    found.sort_unstable();
    assert_eq!(found, ["/content", "/importance", "/source_type", "/tagz", "/title"]);
    for (body, pointer) in [
        (json!({"content": " \n "}), "/content"),
        (json!({"content": "ä".repeat(131_073)}), "/content"),
        (json!({"content": "x", "tags": ["y".repeat(65)]}), "/tags/0"),
        (json!({"content": "x", "tags": ["a,b"]}), "/tags/0"),
        (json!({"content": "x", "tags": vec!["t"; 51]}), "/tags"),
        (json!({"content": "x", "metadata": {"a": "y".repeat(17_000)}}), "/metadata"),
        (json!({"content": "x", "metadata": {"a": 1}, "memory_metadata": {"a": 2}}), "/memory_metadata"),
        (json!({"content": "a\u{0}b"}), "/content"),
        (json!({}), "/content"),
    ] {
        assert_eq!(pointers(&alice.post(MEMORIES, body).await.refused(422, "VAL_001")), [pointer]);
    }
    alice.post(MEMORIES, json!({"content": "x", "user_id": "0198d7a0-0000-7000-8000-000000000000"})).await.refused(403, "AUTH_005");
    assert_eq!(alice.get(MEMORIES).await.ok()["total"], 0);
    let mine = alice.account["user"]["id"].clone();
    let answer = alice.post(MEMORIES, json!({"content": "x", "user_id": mine, "agent_id": 1, "memory_metadata": {"a": 1}})).await;
    assert_eq!(answer.header("warning"), "299 - \"ignored: agent_id\"");
    assert_eq!(answer.created()["metadata"], json!({"a": 1}));
    let full = keep(&alice, json!({"content": "ä".repeat(131_072), "title": "x".repeat(500), "tags": (0..50).map(|tag| format!("{tag:064}")).collect::<Vec<_>>()})).await;
    assert!(alice.get(&at(&full, "/chunks")).await.ok()["total"].as_i64().unwrap() > 1);
}

async fn the_same_content_is_kept_once_even_by_many_at_the_same_moment(host: TestHost) {
    let alice = host.user("alice").await;
    let first = keep(&alice, json!({"content": "The  gate code\nis 4711 "})).await;
    let again = alice.post(MEMORIES, json!({"content": "The gate code is 4711", "title": "other"})).await;
    assert_eq!(again.header("etag"), "\"1\"");
    let again = again.ok();
    assert_eq!((&again["id"], &again["title"]), (&first["id"], &json!("")));
    keep(&alice, json!({"content": "the gate code is 4711"})).await;
    keep(&host.user("bob").await, json!({"content": "The gate code is 4711"})).await;
    let body = || json!({"content": "once and only once"});
    let answers = futures::future::join_all((0..16).map(|_| alice.post(MEMORIES, body()))).await;
    let made = answers.iter().filter(|answer| answer.status == 201).count();
    let ids: std::collections::BTreeSet<&str> = answers.iter().map(|answer| answer.json["id"].as_str().unwrap()).collect();
    assert_eq!((made, ids.len()), (1, 1));
    assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 201)), "{answers:?}");
    // what is deleted does not count
    alice.delete(&at(&first, "")).await.no_content();
    let anew = keep(&alice, json!({"content": "The gate code is 4711"})).await;
    assert_ne!(anew["id"], first["id"]);
    let conflict = alice.post(&at(&first, "/restore"), json!({})).await.refused(409, "DB_002");
    assert!(conflict["detail"].as_str().unwrap().contains(anew["id"].as_str().unwrap()));
}

async fn a_change_merges_and_only_another_content_is_cut_anew(host: TestHost) {
    let alice = host.user("alice").await;
    let memory = keep(&alice, json!({"title": "t", "content": "old words about rivers", "metadata": {"a": 1, "b": {"c": 2}}})).await;
    let chunks = alice.get(&at(&memory, "/chunks")).await.ok();
    let changed = alice.patch(&at(&memory, ""), json!({"title": null, "importance": 1, "tags": ["a"], "metadata": {"a": null, "b": {"d": 3}}})).await.ok();
    assert_eq!((&changed["title"], &changed["metadata"], &changed["importance"], &changed["version"]), (&json!(""), &json!({"b": {"c": 2, "d": 3}}), &json!(1.0), &json!(2)));
    assert_eq!(changed["has_embedding"], true);
    assert_eq!(alice.get(&at(&memory, "/chunks")).await.ok(), chunks, "the text is the same");
    assert_eq!(alice.put(&at(&memory, ""), json!({"importance": 1})).await.ok()["version"], 2, "nothing differs");
    let changed = alice.put(&at(&memory, ""), json!({"content": "new words about mountains"})).await.ok();
    assert_eq!((&changed["version"], &changed["tags"], &changed["has_embedding"]), (&json!(3), &json!(["a"]), &json!(true)));
    let anew = alice.get(&at(&memory, "/chunks")).await.ok();
    assert_eq!(anew["items"][0]["content"], "new words about mountains");
    assert_ne!(anew["items"][0]["id"], chunks["items"][0]["id"]);
    for mode in ["keyword", "hybrid"] {
        let details = search(&alice, json!({"query": "rivers", "mode": mode, "explain": true})).await;
        assert!(details["results"].as_array().unwrap().iter().all(|hit| hit["score_details"]["keyword"].is_null()), "{details}");
        assert_eq!(contents(&search(&alice, json!({"query": "mountains", "mode": mode})).await), ["new words about mountains"]);
    }
    let other = keep(&alice, json!({"content": "something else"})).await;
    alice.patch(&at(&other, ""), json!({"content": "new words  about mountains"})).await.refused(409, "DB_002");
    alice.patch(&at(&other, ""), json!({"content": null})).await.refused(422, "VAL_001");
    alice.patch(&at(&other, ""), json!({"metadata": {"a": "y".repeat(17_000)}})).await.refused(422, "VAL_001");
    assert_eq!(alice.get(&at(&other, "")).await.ok()["version"], 1);
}

async fn a_stale_version_is_refused_and_an_unknown_id_comes_before_a_bad_body(host: TestHost) {
    let alice = host.user("alice").await;
    let memory = keep(&alice, json!({"content": "x"})).await;
    let patch = |version: &str| alice.ask(reqwest::Method::PATCH, &at(&memory, "")).header("if-match", version).json(json!({"importance": 0.4}));
    assert_eq!(patch("\"1\"").send().await.ok()["version"], 2);
    patch("\"1\"").send().await.refused(412, "PRE_001");
    alice.ask(reqwest::Method::DELETE, &at(&memory, "")).header("if-match", "\"1\"").send().await.refused(412, "PRE_001");
    alice.ask(reqwest::Method::DELETE, &at(&memory, "?hard_delete=true")).header("if-match", "\"1\"").send().await.refused(412, "PRE_001");
    alice.ask(reqwest::Method::GET, &at(&memory, "")).header("if-none-match", "\"2\"").send().await.is(304);
    alice.patch(&format!("{MEMORIES}/0198d7a0-0000-7000-8000-000000000000"), json!({"nope": 1})).await.refused(404, "DB_001");
    alice.get(&format!("{MEMORIES}/not-an-id")).await.refused(404, "DB_001");
    alice.ask(reqwest::Method::DELETE, &at(&memory, "")).header("if-match", "\"2\"").send().await.no_content();
}

async fn deleted_softly_it_is_found_by_nobody_and_can_be_brought_back(host: TestHost) {
    let alice = host.user("alice").await;
    let memory = keep(&alice, json!({"content": "the lighthouse keeper's song", "tags": ["sea"]})).await;
    alice.delete(&at(&memory, "")).await.no_content();
    alice.delete(&at(&memory, "")).await.refused(404, "DB_001");
    alice.get(&at(&memory, "")).await.refused(404, "DB_001");
    alice.get(&at(&memory, "/chunks")).await.refused(404, "DB_001");
    for mode in ["keyword", "semantic", "hybrid"] {
        assert_eq!(search(&alice, json!({"query": "lighthouse", "mode": mode})).await["total"], 0);
    }
    assert_eq!(alice.get(MEMORIES).await.ok()["total"], 0);
    assert_eq!(alice.get(&format!("{MEMORIES}/tag/sea")).await.ok()["total"], 0);
    for flag in ["include_inactive", "include_deleted"] {
        let listed = alice.get(&format!("{MEMORIES}?{flag}=true")).await.ok();
        assert_eq!((&listed["items"][0]["is_active"], listed["items"][0]["deleted_at"].is_string()), (&json!(false), true));
    }
    let figures = alice.get(&format!("{MEMORIES}/statistics")).await.ok();
    assert_eq!((&figures["total_memories"], &figures["active_memories"], &figures["inactive_memories"]), (&json!(1), &json!(0), &json!(1)));
    let restored = alice.post(&at(&memory, "/restore"), json!({})).await.ok();
    assert_eq!((&restored["is_active"], &restored["has_embedding"], &restored["version"]), (&json!(true), &json!(true), &json!(3)));
    assert_eq!(alice.post(&at(&memory, "/restore"), json!({})).await.ok()["version"], 3);
    for mode in ["keyword", "semantic", "hybrid"] {
        assert_eq!(search(&alice, json!({"query": "lighthouse", "mode": mode})).await["total"], 1);
    }
}

async fn deleted_hard_it_leaves_no_trace(host: TestHost) {
    let alice = host.user("alice").await;
    let body = json!({"content": "a secret that must go", "title": "canary"});
    let made = alice.ask(reqwest::Method::POST, MEMORIES).header("idempotency-key", "k").json(body.clone()).send().await.created();
    assert!(traces(&host).await >= 5);
    alice.delete(&at(&made, "?hard_delete=true")).await.no_content();
    assert_eq!(traces(&host).await, 0);
    alice.delete(&at(&made, "?hard_delete=true")).await.refused(404, "DB_001");
    alice.post(&at(&made, "/restore"), json!({})).await.refused(404, "DB_001");
    assert_eq!(alice.get(&format!("{MEMORIES}?include_deleted=true")).await.ok()["total"], 0);
    // a softly deleted one is erased too
    let made = keep(&alice, body).await;
    alice.delete(&at(&made, "")).await.no_content();
    alice.delete(&at(&made, "?hard_delete=true")).await.no_content();
    assert_eq!(traces(&host).await, 0);
    let figures = alice.get(&format!("{MEMORIES}/statistics")).await.ok();
    assert_eq!((&figures["total_memories"], &figures["total_chunks"]), (&json!(0), &json!(0)));
}

async fn an_account_that_is_deleted_takes_its_memories_along(host: TestHost) {
    let (alice, bob) = (host.user("alice").await, host.user("bob").await);
    for number in 0..5 {
        keep(&alice, json!({"content": format!("alice's {number}")})).await;
    }
    host.app.accounts.delete("alice").await.unwrap();
    assert_eq!(traces(&host).await, 0);
    keep(&bob, json!({"content": "bob's"})).await;
    assert_eq!(search(&bob, json!({"query": "bob alice"})).await["total"], 1);
}

async fn lists_filter_sort_and_walk(host: TestHost) {
    let alice = host.user("alice").await;
    for (number, (importance, tags, source)) in [(0.1, json!(["a"]), "manual"), (0.9, json!(["a", "b"]), "task"), (0.5, json!(["b"]), "manual"), (0.5, json!([]), "import")].into_iter().enumerate() {
        keep(&alice, json!({"content": format!("Memory {number} 50%_done"), "title": format!("T{}", 9 - number), "importance": importance, "tags": tags, "source_type": source, "metadata": {"n": number, "odd": number % 2 == 1, "text": "x", "half": 0.5, "none": null}})).await;
    }
    let numbers = |page: &Value| -> Vec<u32> { contents(page).iter().map(|text| text.split(' ').nth(1).unwrap().parse().unwrap()).collect() };
    for (query, expected) in [
        ("", vec![3, 2, 1, 0]),
        ("?sort=created_at", vec![0, 1, 2, 3]),
        ("?sort=title", vec![3, 2, 1, 0]),
        ("?sort=importance", vec![0, 2, 3, 1]),
        ("?tags=a,b", vec![1]),
        ("?tags_any=a,b", vec![2, 1, 0]),
        ("?source_type=manual,task", vec![2, 1, 0]),
        ("?min_importance=0.5", vec![3, 2, 1]),
        ("?search=MEMORY%202", vec![2]),
        ("?search=50%25_", vec![3, 2, 1, 0]),
        ("?search=50%25x", vec![]),
        ("?metadata=%7B%22n%22%3A2%7D", vec![2]),
        ("?metadata=%7B%22odd%22%3Atrue%2C%22text%22%3A%22x%22%2C%22half%22%3A0.5%2C%22none%22%3Anull%7D", vec![3, 1]),
        ("?metadata=%7B%22missing%22%3Anull%7D", vec![]),
        ("?created_before=2020-01-01T00:00:00Z", vec![]),
        ("?skip=1&limit=2", vec![2, 1]),
    ] {
        assert_eq!(numbers(&alice.get(&format!("{MEMORIES}{query}")).await.ok()), expected, "{query}");
    }
    for sort in ["created_at", "-created_at", "-updated_at", "importance", "-importance", "title", "-title", "access_count"] {
        let whole = alice.get(&format!("{MEMORIES}?sort={sort}")).await.ok();
        let (mut walked, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = alice.get(&format!("{MEMORIES}?sort={sort}&limit=1&cursor={cursor}")).await.ok();
            walked.extend(numbers(&page));
            match page["next_cursor"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => break,
            }
        }
        assert_eq!(walked, numbers(&whole), "{sort}");
    }
    for (query, pointer) in [("?metadata=x", "?metadata"), ("?metadata=%7B%22a%22%3A%5B%5D%7D", "?metadata"), ("?sort=size", "?sort"), ("?min_importance=2", "?min_importance"), ("?cursor=x", "?cursor")] {
        assert_eq!(pointers(&alice.get(&format!("{MEMORIES}{query}")).await.refused(422, "VAL_001")), [pointer]);
    }
}

async fn a_client_that_syncs_hears_of_every_change(host: TestHost) {
    let alice = host.user("alice").await;
    let (kept, gone) = (keep(&alice, json!({"content": "kept"})).await, keep(&alice, json!({"content": "gone"})).await);
    let until = gone["updated_at"].as_str().unwrap().to_owned();
    while alice.get(&format!("{MEMORIES}?updated_after={until}")).await.ok()["total"] == 0 {
        alice.delete(&at(&gone, "")).await;
        alice.patch(&at(&kept, ""), json!({"title": format!("{:?}", std::time::Instant::now())})).await.ok();
    }
    let changed = alice.get(&format!("{MEMORIES}?updated_after={until}&include_deleted=true&cursor=&sort=updated_at")).await.ok();
    assert!(contents(&changed).contains(&"kept"), "{changed}");
    assert!(changed["items"].as_array().unwrap().iter().filter(|item| item["content"] == "gone").all(|item| item["deleted_at"].is_string()));
}

async fn tags_and_figures_count_what_is_active(host: TestHost) {
    let alice = host.user("alice").await;
    keep(&alice, json!({"content": "one", "tags": ["b", "a"], "importance": 0.25})).await;
    keep(&alice, json!({"content": "two", "tags": ["b"], "importance": 0.75, "source_type": "task"})).await;
    let gone = keep(&alice, json!({"content": "three", "tags": ["c"]})).await;
    alice.delete(&at(&gone, "")).await.no_content();
    let tags = alice.get(&format!("{MEMORIES}/tags")).await.ok();
    assert_eq!(tags["items"], json!([{"tag": "a", "count": 1}, {"tag": "b", "count": 2}]));
    let walk = alice.get(&format!("{MEMORIES}/tags?limit=1&cursor=")).await.ok();
    let next = walk["next_cursor"].as_str().unwrap().to_owned();
    assert_eq!(alice.get(&format!("{MEMORIES}/tags?limit=1&cursor={next}")).await.ok()["items"][0]["tag"], "b");
    assert_eq!(contents(&alice.get(&format!("{MEMORIES}/tag/b?sort=created_at")).await.ok()), ["one", "two"]);
    let figures = alice.get(&format!("{MEMORIES}/statistics")).await.ok();
    assert_eq!(figures, json!({
        "total_memories": 3, "active_memories": 2, "inactive_memories": 1, "total_chunks": 2, "average_importance": 0.5,
        "by_source_type": {"manual": 1, "conversation": 0, "task": 1, "import": 0, "plugin": 0}, "by_tag": {"a": 1, "b": 2}, "most_used_tags": ["b", "a"],
    }));
}

async fn metadata_comes_back_as_it_was_given(host: TestHost) {
    let alice = host.user("alice").await;
    let metadata = json!({
        "tenth": 0.1, "sum": 0.1 + 0.2, "tiny": 5e-324, "huge": 1.797_693_134_862_315_7e308, "exp": 1e300, "neg": -1.5e-7, "big": u64::MAX, "least": i64::MIN,
        "nested": {"list": [1, "two", null, {"deep": [[[]]]}], "empty": {}}, "ünïcode": "🦉 ﷽ \u{202e}", "": "an empty name", "a/b~c": true,
    });
    let made = keep(&alice, json!({"content": "numbers", "metadata": metadata})).await;
    assert_eq!(made["metadata"], metadata);
    assert_eq!(alice.get(&at(&made, "")).await.ok()["metadata"], metadata);
    let line: Value = serde_json::from_str(&alice.get(&format!("{MEMORIES}/export")).await.text).unwrap();
    assert_eq!(line["metadata"], metadata);
}
}
