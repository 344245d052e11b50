//! By words, by meaning, both: one order on both databases.

use serde_json::{Value, json};

use super::{MEMORIES, at, contents, keep, pointers, search};
use crate::kit::{Actor, backends};

/// A small library: content, tags, importance.
const LIBRARY: [(&str, &[&str], f64); 14] = [
    ("The boiler in the cellar was serviced by Mr Okafor in March", &["home"], 0.5),
    ("Water the orchids in the kitchen every second Friday", &["home", "plants"], 0.5),
    ("The kitchen tap drips; the plumber comes on Friday", &["home"], 0.6),
    ("Ana's birthday is on the third of May, she loves orchids", &["people"], 0.9),
    ("Budget meeting moved to Friday at ten", &["work"], 0.4),
    ("The budget of the garden project is 4000 euros", &["work", "plants"], 0.5),
    ("Kitchen renovation budget: 12000, decided with the plumber and the plumber's brother", &["home"], 0.7),
    ("Read about mycorrhiza: fungi that live with the roots of plants", &["plants"], 0.3),
    ("The plumber's number is 555 1234", &["people", "home"], 0.5),
    ("Friday Friday Friday is the best day", &[], 0.1),
    ("東京都で会議がある", &["work"], 0.5),
    ("Größe der Küche: zwölf Quadratmeter", &["home"], 0.5),
    ("Meeting notes: the kitchen of the office is closed on Friday", &["work"], 0.5),
    ("Orchids need little water in winter", &["plants"], 0.5),
];

async fn library(who: &Actor) {
    for (content, tags, importance) in LIBRARY {
        keep(who, json!({"content": content, "tags": tags, "importance": importance})).await;
    }
}

/// Places in [`LIBRARY`].
fn places(found: &Value) -> Vec<usize> {
    contents(found).iter().map(|content| LIBRARY.iter().position(|(text, ..)| text == content).unwrap()).collect()
}

backends! {
async fn a_fixed_corpus_has_one_order_on_both_databases(host: TestHost) {
    let alice = host.user("alice").await;
    library(&alice).await;
    // the same library of somebody else must not move a single score
    library(&host.user("bob").await).await;
    // worked out by another implementation of the formula, in another language
    for (mode, query, expected) in [
        ("keyword", "friday", vec![9, 4, 2, 1, 12]),
        ("keyword", "plumber", vec![6, 8, 2]),
        ("keyword", "kitchen plumber friday", vec![2, 6, 1, 12, 9]),
        ("keyword", "the budget of the meeting", vec![4, 12, 5, 6, 7]),
        ("keyword", "orchids winter", vec![13, 1, 3]),
        ("keyword", "東京", vec![10]),
        ("keyword", "KÜCHE", vec![11]),
        ("keyword", "nobody has this", vec![]),
        ("keyword", "…", vec![]),
    ] {
        let found = search(&alice, json!({"query": query, "mode": mode, "limit": 5})).await;
        println!("{mode} {query}: {:?}", places(&found));
        assert_eq!(places(&found), expected, "{mode} {query}");
        assert_eq!((&found["mode"], &found["degraded"], &found["query"]), (&json!(mode), &json!(false), &json!(query)));
    }
    for (query, first) in [("plumber kitchen", 6), ("orchids", 13), ("birthday of ana", 3), ("boilers", 0)] {
        for mode in ["semantic", "hybrid"] {
            let found = search(&alice, json!({"query": query, "mode": mode, "limit": 5})).await;
            println!("{mode} {query}: {:?}", places(&found));
            assert!(places(&found)[..2].contains(&first), "{mode} {query}: {found}");
            let scores: Vec<f64> = found["results"].as_array().unwrap().iter().map(|hit| hit["score"].as_f64().unwrap()).collect();
            assert!(scores.is_sorted_by(|a, b| a >= b) && scores.iter().all(|score| (0.0..=1.0).contains(score)), "{scores:?}");
        }
    }
}

async fn scores_are_told_in_their_parts(host: TestHost) {
    let alice = host.user("alice").await;
    library(&alice).await;
    let found = search(&alice, json!({"query": "plumber kitchen", "explain": true, "limit": 3})).await;
    let best = &found["results"][0];
    let details = &best["score_details"];
    let (word, meaning) = (&details["keyword"], &details["semantic"]);
    let sum: f64 = word["words"].as_array().unwrap().iter().map(|part| part["score"].as_f64().unwrap()).sum();
    assert!((sum - word["bm25"].as_f64().unwrap()).abs() < 1e-9, "{best}");
    let rank = |part: &Value| 1.0 / (60.0 + part["rank"].as_f64().unwrap());
    let fused = rank(word) + rank(meaning);
    assert!((details["reciprocal_rank"].as_f64().unwrap() - fused).abs() < 1e-12);
    assert!((best["score"].as_f64().unwrap() - fused * 61.0 / 2.0).abs() < 1e-12);
    let chunks = alice.get(&at(best, "/chunks")).await.ok();
    assert_eq!(chunks["items"][0]["id"], meaning["chunk_id"]);
    let plumber = word["words"].as_array().unwrap().iter().find(|part| part["word"] == "plumber").unwrap();
    assert_eq!((&plumber["count"], &plumber["memories"]), (&json!(2), &json!(3)));
    assert!(search(&alice, json!({"query": "plumber"})).await["results"][0]["score_details"].is_null());
}

async fn every_filter_holds_in_every_mode(host: TestHost) {
    let alice = host.user("alice").await;
    library(&alice).await;
    keep(&alice, json!({"content": "orchids of a task", "source_type": "task", "metadata": {"room": "attic", "n": 7}})).await;
    for mode in ["keyword", "semantic", "hybrid"] {
        let ask = |filter: Value| {
            let mut body = json!({"query": "orchids kitchen friday plumber budget plants", "mode": mode, "limit": 50});
            body.as_object_mut().unwrap().extend(filter.as_object().unwrap().clone());
            let alice = alice.clone();
            async move { search(&alice, body).await }
        };
        let tags = |found: &Value, tag: &str| found["results"].as_array().unwrap().iter().all(|hit| hit["tags"].as_array().unwrap().contains(&json!(tag)));
        let both = ask(json!({"tags": ["home", "plants"]})).await;
        assert_eq!(places(&both), [1], "{mode}");
        assert!(tags(&ask(json!({"tags": ["home"]})).await, "home"));
        let any = ask(json!({"tags_any": ["people", "work"]})).await;
        assert!(!contents(&any).is_empty() && any["results"].as_array().unwrap().iter().all(|hit| hit["tags"].to_string().contains("people") || hit["tags"].to_string().contains("work")));
        assert_eq!(contents(&ask(json!({"source_types": ["task"]})).await), ["orchids of a task"]);
        assert_eq!(contents(&ask(json!({"metadata": {"room": "attic", "n": 7}})).await), ["orchids of a task"]);
        assert_eq!(ask(json!({"metadata": {"room": "cellar"}})).await["total"], 0);
        let important = ask(json!({"min_importance": 0.6})).await;
        assert!(important["results"].as_array().unwrap().iter().all(|hit| hit["importance"].as_f64().unwrap() >= 0.6) && important["total"].as_i64().unwrap() >= 2);
        assert_eq!(ask(json!({"created_before": "2020-01-01T00:00:00Z"})).await["total"], 0);
        assert_eq!(ask(json!({"created_after": "2020-01-01T00:00:00Z", "limit": 2})).await["total"], 2);
        assert_eq!(ask(json!({"threshold": 1, "tags": ["home"]})).await["results"].as_array().unwrap().iter().filter(|hit| hit["score"].as_f64().unwrap() < 1.0).count(), 0);
    }
}

async fn common_words_do_not_hide_rare_ones(host: TestHost) {
    let alice = host.user("alice").await;
    let lines: String = (0..700).map(|number| format!("{{\"content\":\"note {number} about the weekly routine of the house\"}}\n")).collect();
    let imported = alice.ask(reqwest::Method::POST, &format!("{MEMORIES}/import")).bytes("application/x-ndjson", lines).send().await.ok();
    assert_eq!((&imported["created"], &imported["failed"]), (&json!(700), &json!(0)));
    keep(&alice, json!({"content": "an axolotl lives in the house"})).await;
    let more: String = (700..1_300).map(|number| format!("{{\"content\":\"note {number} about the weekly routine of the house\"}}\n")).collect();
    alice.ask(reqwest::Method::POST, &format!("{MEMORIES}/import")).bytes("application/x-ndjson", more).send().await.ok();
    let found = search(&alice, json!({"query": "what about the axolotl of the house", "mode": "keyword", "limit": 3})).await;
    assert_eq!(contents(&found)[0], "an axolotl lives in the house");
    let found = search(&alice, json!({"query": "routine 612", "mode": "keyword", "limit": 1})).await;
    assert_eq!(contents(&found), ["note 612 about the weekly routine of the house"]);
    // every word is common: those that have all of them
    let found = search(&alice, json!({"query": "weekly routine", "mode": "keyword", "limit": 100})).await;
    assert_eq!(found["total"], 100);
}

async fn similar_and_related_memories(host: TestHost) {
    let alice = host.user("alice").await;
    library(&alice).await;
    let like = |body: Value| { let alice = alice.clone(); async move { alice.post(&format!("{MEMORIES}/search/similar"), body).await } };
    let tap = alice.get(&format!("{MEMORIES}?search=drips")).await.ok()["items"][0].clone();
    let found = like(json!({"memory_id": tap["id"], "limit": 5})).await.ok();
    assert_eq!((&found["query"], &found["mode"], &found["degraded"]), (&Value::Null, &json!("semantic"), &json!(false)));
    assert!(!contents(&found).contains(&"The kitchen tap drips; the plumber comes on Friday") && !contents(&found).is_empty());
    assert_eq!(contents(&like(json!({"query": "orchids need water in winter", "limit": 1})).await.ok()), ["Orchids need little water in winter"]);
    assert_eq!(like(json!({"query": "orchids", "threshold": 1})).await.ok()["total"], 0);
    assert_eq!(pointers(&like(json!({})).await.refused(422, "VAL_001")), ["/query"]);
    assert_eq!(pointers(&like(json!({"query": "x", "memory_id": tap["id"]})).await.refused(422, "VAL_001")), ["/memory_id"]);
    like(json!({"memory_id": "0198d7a0-0000-7000-8000-000000000000"})).await.refused(404, "DB_001");
    let (one, two) = (json!({"content": "zyx", "source_type": "conversation", "source_id": "c1"}), json!({"content": "qwv", "source_type": "conversation", "source_id": "c1"}));
    let (one, _) = (keep(&alice, one).await, keep(&alice, two).await);
    assert!(contents(&alice.get(&at(&one, "/related?limit=50")).await.ok()).contains(&"qwv"));
    assert_eq!(pointers(&alice.get(&at(&one, "/related?limit=0")).await.refused(422, "VAL_001")), ["?limit"]);
    for bad in [json!({"query": " "}), json!({"query": "x", "limit": 0}), json!({"query": "x", "mode": "psychic"}), json!({"query": "x", "threshold": 2}), json!({"query": "x", "metadata": {"a": {}}})] {
        alice.post(&format!("{MEMORIES}/search"), bad).await.refused(422, "VAL_001");
    }
}
}
