//! What is found without any model, on the labelled set of `host/benches/retrieval/`: a floor, not a figure. `make bench
//! ARGS=retrieval` tells the figures.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::kit::backends;

const MEMORIES: &str = include_str!("../../benches/retrieval/memories.ndjson");
const QUERIES: &str = include_str!("../../benches/retrieval/queries.ndjson");

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn the_set_is_whole() {
    let (memories, queries) = (lines(MEMORIES), lines(QUERIES));
    let known: HashMap<&str, &str> = memories.iter().map(|one| (one["id"].as_str().unwrap(), one["content"].as_str().unwrap())).collect();
    assert_eq!(known.len(), memories.len());
    assert!(queries.len() >= 200);
    for query in &queries {
        let evidence = query["evidence"].as_array().unwrap();
        assert!(!evidence.is_empty() && evidence.iter().all(|id| known.contains_key(id.as_str().unwrap())), "{query}");
        assert!(known.values().all(|content| *content != query["query"]), "{query}");
    }
}

backends! {
async fn searching_by_words_and_meaning_finds_more_than_by_words_alone(host: TestHost) {
    let alice = host.user("alice").await;
    let memories: HashMap<String, String> =
        lines(MEMORIES).iter().map(|one| (one["id"].as_str().unwrap().to_owned(), one["content"].as_str().unwrap().to_owned())).collect();
    let body: String = memories.values().map(|content| json!({"content": content}).to_string() + "\n").collect();
    let import = alice.ask(reqwest::Method::POST, "/api/v1/memories/import").bytes("application/x-ndjson", body).send().await.ok();
    assert_eq!(import["created"], memories.len(), "{import}");
    let mut found = HashMap::new();
    let queries = lines(QUERIES);
    for query in &queries {
        for mode in ["keyword", "hybrid"] {
            let ask = json!({"query": query["query"], "mode": mode, "limit": 10});
            let answer = alice.post("/api/v1/memories/search", ask).await.ok();
            assert_eq!(answer["degraded"], false);
            let evidence = &memories[query["evidence"][0].as_str().unwrap()];
            let hit = answer["results"].as_array().unwrap().iter().any(|result| result["content"] == **evidence);
            *found.entry(mode).or_insert(0) += usize::from(hit);
        }
    }
    let (keyword, hybrid) = (found["keyword"], found["hybrid"]);
    println!("of {} queries: keyword {keyword}, hybrid {hybrid}", queries.len());
    assert!(hybrid > keyword && hybrid * 100 >= queries.len() * 88, "{found:?}");
}
}
