//! Hybrid search over 10 000 memories of one person, warm, beside a bare scan of as many floats; what the eight-bit pass finds
//! before and after its shortlist is scored by floats; a hundred people within the memory's bound.

use std::collections::HashSet;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use mnemosyne_host::clock::SystemIds;
use mnemosyne_host::model::vector::{Metadata, Shelf, Space, VectorItem};
use mnemosyne_host::store::{ConnectOptions, Db};
use mnemosyne_host::vector::embedded::EmbeddedVectors;
use mnemosyne_host::vector::{Search, VectorStore, in_eight_bits};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::people;
use crate::process::{Server, client, clients, own_memory};
use crate::random::Random;
use crate::table::{Table, mebibytes, millis};

const MEMORIES: usize = 10_000;
const DIMENSION: usize = 1_024;
/// Queries whose cost is measured: the kernel counts CPU in hundredths of a second.
const QUERIES: usize = 400;
const PEOPLE: usize = 100;
const EACH: usize = 1_000;
/// Vectors and queries of the recall.
const RECALLED: usize = 100;

pub(crate) fn run(table: &mut Table) {
    let cost = hybrid();
    let mut random = Random(7);
    let vectors: Vec<Vec<f32>> = (0..MEMORIES).map(|_| random.vector(DIMENSION)).collect();
    let bare = scan(&vectors, &mut random);
    let both = format!("bare scan of {MEMORIES} × {DIMENSION} floats: {}", millis(bare));
    table.at_most(&format!("hybrid search, {MEMORIES} memories, server CPU a query"), cost, &both, 6.0, millis);
    let data = tempfile::tempdir().expect("a folder");
    let threads = clients();
    let (before, after) = threads.block_on(recall(data.path(), &vectors, &mut random));
    let share = |value: f64| format!("{value:.4}");
    let first = format!("the eight-bit pass alone: {}", share(before));
    table.at_least("recall@10 of the embedded store, floats in all directions", after, &first, 0.99, share);
    drop(vectors);
    let (bytes, resident, shelves) = threads.block_on(many(&mut random));
    let kept = format!("{shelves} of {PEOPLE} people stay in memory; the process grew by {}", mebibytes(resident));
    table.at_most(&format!("vectors of {PEOPLE} people with {EACH} memories each"), bytes, &kept, 256.0, mebibytes);
}

/// CPU of the server for a query, milliseconds.
fn hybrid() -> f64 {
    let data = tempfile::tempdir().expect("a folder");
    let (host, clients) = (Server::ours(data.path()), clients());
    let person = clients.block_on(people::register(&host.base, 1)).remove(0);
    let mut random = Random(3);
    let text: String = (0..MEMORIES).map(|_| json!({"content": random.text(40)}).to_string() + "\n").collect();
    let queries: Vec<String> = (0..QUERIES).map(|_| random.text(5)).collect();
    clients.block_on(async {
        let client = client();
        let imports = client.post(format!("{}/api/v1/memories/import", host.base)).bearer_auth(&person.token);
        let kept = imports.header("content-type", "application/x-ndjson").body(text).send().await.expect("an answer");
        let kept: Value = kept.json().await.expect("JSON");
        assert_eq!(kept["created"], MEMORIES, "{kept}");
        let ask = async |query: &str| {
            let request = client.post(format!("{}/api/v1/memories/search", host.base)).bearer_auth(&person.token);
            let answer: Value = request.json(&json!({"query": query})).send().await.expect("an answer").json().await.expect("JSON");
            assert_eq!((&answer["degraded"], answer["results"].as_array().map(Vec::len)), (&json!(false), Some(10)), "{answer}");
        };
        for query in &queries[..20] {
            ask(query).await;
        }
        let before = host.cpu();
        for query in &queries {
            ask(query).await;
        }
        (host.cpu() - before) * 1e3 / QUERIES as f64
    })
}

/// The other side: every row of floats, one product each, the best ten kept. Milliseconds.
fn scan(vectors: &[Vec<f32>], random: &mut Random) -> f64 {
    let flat: Vec<f32> = vectors.concat();
    let queries: Vec<Vec<f32>> = (0..50).map(|_| random.vector(DIMENSION)).collect();
    let begun = Instant::now();
    for query in &queries {
        black_box(best(flat.chunks_exact(DIMENSION), query));
    }
    begun.elapsed().as_secs_f64() * 1e3 / queries.len() as f64
}

/// The ten rows with the largest product.
fn best<'a>(rows: impl Iterator<Item = &'a [f32]>, query: &[f32]) -> Vec<usize> {
    let mut scored: Vec<(f32, usize)> = rows.map(|row| dot(row, query)).enumerate().map(|(at, score)| (score, at)).collect();
    scored.select_nth_unstable_by(10, |a, b| b.0.total_cmp(&a.0));
    scored.truncate(10);
    scored.into_iter().map(|(_, at)| at).collect()
}

fn dot(left: &[f32], right: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; 8];
    for (left, right) in left.as_chunks::<8>().0.iter().zip(right.as_chunks::<8>().0) {
        (0..8).for_each(|lane| lanes[lane] += left[lane] * right[lane]);
    }
    lanes.iter().sum()
}

async fn store(folder: &Path, budget: usize) -> (Db, EmbeddedVectors) {
    let db = Db::connect(&people::database(folder), &ConnectOptions::default()).await.expect("the database opens");
    db.migrate(0).await.expect("it migrates");
    (db.clone(), EmbeddedVectors::new(db, Arc::new(SystemIds), budget))
}

async fn fill(db: &Db, store: &EmbeddedVectors, of: &Shelf, vectors: &[Vec<f32>]) {
    for (part, vectors) in vectors.chunks(500).enumerate() {
        let item = |(at, vector): (usize, &Vec<f32>)| VectorItem {
            id: format!("{:05}", part * 500 + at),
            parent: Some(Uuid::now_v7()),
            hash: None,
            vector: vector.clone(),
            metadata: Metadata::new(),
        };
        let items: Vec<VectorItem> = vectors.iter().enumerate().map(item).collect();
        let mut tx = db.begin().await.expect("a transaction");
        store.upsert(&mut tx, of, &space(), &items).await.expect("they are written");
        tx.commit().await.expect("a commit");
    }
}

fn space() -> Space {
    Space { model: "random".into(), dimension: u32::try_from(DIMENSION).expect("a few thousand at most") }
}

/// Recall@10 of the integer pass alone and of the store.
async fn recall(folder: &Path, vectors: &[Vec<f32>], random: &mut Random) -> (f64, f64) {
    let (db, store) = store(folder, 64 << 20).await;
    let of = Shelf::memories(Uuid::now_v7());
    // a product is a cosine where lengths are one
    let vectors: Vec<Vec<f32>> = vectors.iter().map(|vector| unit(vector)).collect();
    fill(&db, &store, &of, &vectors).await;
    let (mut before, mut after) = (0, 0);
    for _ in 0..RECALLED {
        let query = unit(&random.vector(DIMENSION));
        let exact: HashSet<usize> = best(vectors.iter().map(Vec::as_slice), &query).into_iter().collect();
        before += in_eight_bits(&vectors, &query).into_iter().take(10).filter(|at| exact.contains(at)).count();
        let hits = store.search(&of, Search::items(&space(), &query, 10)).await.expect("hits");
        after += hits.iter().filter(|hit| exact.contains(&hit.item.parse().expect("a number"))).count();
    }
    let wanted = (RECALLED * 10) as f64;
    (before as f64 / wanted, after as f64 / wanted)
}

fn unit(vector: &[f32]) -> Vec<f32> {
    let length = dot(vector, vector).sqrt();
    vector.iter().map(|value| value / length).collect()
}

/// MiB that the store counts, MiB that the process grew by, people whose vectors are in memory.
async fn many(random: &mut Random) -> (f64, f64, usize) {
    let data = tempfile::tempdir().expect("a folder");
    let (db, store) = store(data.path(), 256 << 20).await;
    let people: Vec<Shelf> = (0..PEOPLE).map(|_| Shelf::memories(Uuid::now_v7())).collect();
    for of in &people {
        let vectors: Vec<Vec<f32>> = (0..EACH).map(|_| random.vector(DIMENSION)).collect();
        fill(&db, &store, of, &vectors).await;
    }
    let (before, query) = (own_memory(), random.vector(DIMENSION));
    for of in &people {
        store.search(of, Search::parents(&space(), &query, 10)).await.expect("hits");
    }
    let usage = store.usage();
    db.close().await;
    (usage.bytes as f64 / f64::from(1 << 20), own_memory() - before, usage.shelves)
}
