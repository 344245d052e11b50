//! An embedder that hangs: text is kept and found by its words at once, vectors follow when it is back.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Json;
use axum::extract::State;
use axum::routing::post;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::{MEMORIES, at, contents, keep, search};
use crate::kit::{Backend, TestHost};

/// A server with `/embeddings` that answers only when it is let.
struct Embedder {
    base: String,
    asked: Arc<AtomicUsize>,
    gate: Arc<Semaphore>,
}

impl Embedder {
    async fn start() -> Self {
        let (asked, gate) = (Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(0)));
        let state = (Arc::clone(&asked), Arc::clone(&gate));
        let app = axum::Router::new().route("/v1/embeddings", post(embeddings)).with_state(state);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/v1", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { base, asked, gate }
    }
}

async fn embeddings(State((asked, gate)): State<(Arc<AtomicUsize>, Arc<Semaphore>)>, Json(body): Json<Value>) -> Json<Value> {
    asked.fetch_add(1, Ordering::SeqCst);
    drop(gate.acquire().await);
    let texts = body["input"].as_array().cloned().unwrap_or_else(|| vec![body["input"].clone()]);
    let data: Vec<Value> = texts
        .iter()
        .enumerate()
        .map(|(index, text)| json!({"object": "embedding", "index": index, "embedding": vector(text.as_str().unwrap())}))
        .collect();
    Json(json!({"object": "list", "model": "scripted", "data": data, "usage": {"prompt_tokens": 1, "total_tokens": 1}}))
}

/// One direction a letter.
fn vector(text: &str) -> Vec<f32> {
    let mut vector = vec![0.0; 64];
    text.bytes().for_each(|byte| vector[usize::from(byte) % 64] += 1.0);
    vector
}

fn on_both(name: &str, claim: impl AsyncFn(TestHost, Embedder)) {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            let Some(database) = backend.database(name).await else { return };
            let embedder = Embedder::start().await;
            let host = TestHost::start(&database, |config| {
                config.embedding.base_url = Some(embedder.base.clone());
                config.embedding.model = Some("scripted".into());
                config.embedding.dimension = 64;
            });
            claim(host.await, embedder).await;
            database.remove().await;
        });
        runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    }
}

#[test]
fn a_hanging_embedder_delays_nobody_and_vectors_follow() {
    on_both("hanging_embedder", async |host, embedder| {
        let alice = host.user("alice").await;
        let mut kept = Vec::new();
        for number in 0..6 {
            let memory = keep(&alice, json!({"content": format!("note {number} about herons")})).await;
            assert_eq!((&memory["has_embedding"], &memory["embedding_model"]), (&json!(false), &Value::Null));
            kept.push(memory);
        }
        // two misses, then writers do not ask; the outbox goes on asking on its own
        assert!(embedder.asked.load(Ordering::SeqCst) >= 2);
        for mode in ["keyword", "semantic", "hybrid"] {
            let found = search(&alice, json!({"query": "herons", "mode": mode, "limit": 10})).await;
            assert_eq!(found["total"], 6, "{mode}: the words decide");
            assert_eq!(found["degraded"], mode != "keyword", "{mode}");
        }
        let like = alice.post(&format!("{MEMORIES}/search/similar"), json!({"memory_id": kept[0]["id"]})).await.ok();
        assert_eq!((&like["degraded"], &like["total"]), (&json!(true), &json!(5)));
        // changed and deleted while its vectors are awaited: no vector of the old text ever comes
        alice.patch(&at(&kept[0], ""), json!({"content": "a text about otters"})).await.ok();
        alice.delete(&at(&kept[1], "")).await.no_content();
        embedder.gate.add_permits(10_000);
        while alice.get(MEMORIES).await.ok()["items"].as_array().unwrap().iter().any(|memory| memory["has_embedding"] == false) {
            tokio::task::yield_now().await;
            host.app.embeddings.drain("test").await.unwrap();
        }
        let found = search(&alice, json!({"query": "a text about otters", "mode": "semantic", "limit": 10})).await;
        assert_eq!(
            (found["degraded"].as_bool(), contents(&found)[0], found["total"].as_i64()),
            (Some(false), "a text about otters", Some(5))
        );
        assert_eq!(found["results"][0]["embedding_dimension"], 64);
    });
}
