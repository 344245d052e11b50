//! What is found without any model: a small labelled set of notes and dialogues (`host/benches/retrieval/`), asked by REST, by
//! keywords alone, by the built-in embedder alone, and by both. A query's evidence is one of 214 memories; many words of the
//! query are paraphrased, inflected or misspelt. The set came first and nothing was tuned to it.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::people;
use crate::process::{Server, client, clients};
use crate::table::Table;

const MEMORIES: &str = include_str!("../retrieval/memories.ndjson");
const QUERIES: &str = include_str!("../retrieval/queries.ndjson");

pub(crate) fn run(table: &mut Table) {
    let data = tempfile::tempdir().expect("a folder");
    let host = Server::ours(data.path());
    let [keyword, semantic, hybrid] = clients().block_on(ask(&host.base));
    let queries = lines(QUERIES).count();
    let share = |value: f64| format!("{:.1} %", value * 100.0);
    let others = format!("keywords alone: {}, vectors alone: {}", share(keyword), share(semantic));
    table.at_least(&format!("recall@10 of hybrid search without a model, {queries} queries"), hybrid, &others, keyword, share);
}

fn lines(text: &str) -> impl Iterator<Item = Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON"))
}

/// Recall of each mode.
async fn ask(base: &str) -> [f64; 3] {
    let (client, person) = (client(), people::register(base, 1).await.remove(0));
    let post = async |path: &str, body: Value| -> Value {
        let request = client.post(format!("{base}/api/v1/memories{path}")).bearer_auth(&person.token).json(&body);
        request.send().await.expect("an answer").error_for_status().expect("a good answer").json().await.expect("JSON")
    };
    let mut ids: HashMap<String, Value> = HashMap::new();
    for memory in lines(MEMORIES) {
        let kept = post("", json!({"content": memory["content"]})).await;
        ids.insert(memory["id"].as_str().expect("an id").to_owned(), kept["id"].clone());
    }
    let mut recalls = [0.0; 3];
    for (recall, mode) in recalls.iter_mut().zip(["keyword", "semantic", "hybrid"]) {
        let (mut found, mut wanted) = (0.0, 0.0);
        for query in lines(QUERIES) {
            let answer = post("/search", json!({"query": query["query"], "mode": mode, "limit": 10})).await;
            let results: Vec<&Value> = answer["results"].as_array().expect("results").iter().map(|result| &result["id"]).collect();
            for evidence in query["evidence"].as_array().expect("evidence") {
                wanted += 1.0;
                found += f64::from(u8::from(results.contains(&&ids[evidence.as_str().expect("an id")])));
            }
        }
        *recall = found / wanted;
    }
    recalls
}
