//! Keeping a memory with the built-in embedder beside a bare insert of the same row and vector; what an embedder that hangs adds.

use std::time::Instant;

use mnemosyne_host::model::vector::{Metadata, Shelf, Space, VectorItem};
use mnemosyne_host::store::{ConnectOptions, Db, vectors};
use serde_json::json;
use uuid::Uuid;

use crate::people::{self, Person};
use crate::process::{Server, client, clients, own_cpu};
use crate::random::Random;
use crate::sample::{Sample, median};
use crate::table::{Table, millis};

/// Memories whose cost is measured: the kernel counts CPU in hundredths of a second.
const MEMORIES: usize = 1_000;
/// Words of each.
const WORDS: usize = 60;
/// Memories while the embedder hangs.
const HUNG: usize = 20;

pub(crate) fn run(table: &mut Table) {
    let data = tempfile::tempdir().expect("a folder");
    let (host, threads, mut random) = (Server::ours(data.path()), clients(), Random(5));
    let person = threads.block_on(people::register(&host.base, 1)).remove(0);
    keep(&threads, &host, &person, &mut random, 50);
    let before = host.cpu();
    let usual = keep(&threads, &host, &person, &mut random, MEMORIES);
    let cost = (host.cpu() - before) * 1e3 / MEMORIES as f64;
    host.stop();
    let bare = format!("bare insert of a row and its vector: {}", millis(threads.block_on(insert(&mut random))));
    table.at_most("keeping a memory with the built-in embedder, server CPU", cost, &bare, 3.0, millis);
    let usual = median(usual);
    // somebody listens and never answers
    let hanging = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/v1", hanging.local_addr().expect("an address"));
    let host = Server::with(data.path(), &[("MNEMOSYNE_EMBEDDING__MODEL", "hangs"), ("MNEMOSYNE_EMBEDDING__BASE_URL", &url)]);
    let person = threads.block_on(people::again(&host.base, &[person])).remove(0);
    let hung = keep(&threads, &host, &person, &mut random, HUNG);
    let first = hung[..2].iter().copied().fold(0.0, f64::max) - usual;
    table.at_most("added by an embedder that hangs, first two memories, wall", first, &format!("usual: {}", millis(usual)), 200.0, millis);
    let mut others = Sample::default();
    hung[2..].iter().for_each(|time| others.push(std::time::Duration::from_secs_f64(time / 1e3)));
    table.told(
        "added to those after them, wall, p50",
        millis(others.millis(50) - usual),
        &format!("p99 {}", millis(others.millis(99) - usual)),
    );
}

/// Keeps so many, one after the other; milliseconds of each.
fn keep(threads: &tokio::runtime::Runtime, host: &Server, person: &Person, random: &mut Random, count: usize) -> Vec<f64> {
    threads.block_on(async {
        let (client, mut times) = (client(), Vec::with_capacity(count));
        for _ in 0..count {
            let request = client.post(format!("{}/api/v1/memories", host.base)).bearer_auth(&person.token);
            let request = request.json(&json!({"title": random.text(4), "content": random.text(WORDS), "tags": ["bench"]}));
            let begun = Instant::now();
            let answer = request.send().await.expect("an answer");
            assert_eq!(answer.status(), 201, "{}", answer.text().await.unwrap_or_default());
            times.push(begun.elapsed().as_secs_f64() * 1e3);
        }
        times
    })
}

/// The other side: the row of a vector as long, in a transaction of its own. CPU, milliseconds.
async fn insert(random: &mut Random) -> f64 {
    let data = tempfile::tempdir().expect("a folder");
    let db = Db::connect(&people::database(data.path()), &ConnectOptions::default()).await.expect("the database opens");
    db.migrate(0).await.expect("it migrates");
    let (of, space) = (Shelf::memories(Uuid::now_v7()), Space { model: "bare".into(), dimension: 1_024 });
    let items: Vec<VectorItem> = (0..MEMORIES)
        .map(|_| VectorItem {
            id: Uuid::now_v7().to_string(),
            parent: Some(Uuid::now_v7()),
            hash: None,
            vector: random.vector(1_024),
            metadata: Metadata::from([("content".to_owned(), random.text(WORDS))]),
        })
        .collect();
    let before = own_cpu();
    for item in &items {
        let mut tx = db.begin().await.expect("a transaction");
        let touched = vectors::touch(&mut tx, &of, Uuid::now_v7()).await.expect("a shelf");
        vectors::put(&mut tx, touched, &space, std::slice::from_ref(item)).await.expect("a row");
        tx.commit().await.expect("a commit");
    }
    let cost = (own_cpu() - before) * 1e3 / MEMORIES as f64;
    db.close().await;
    cost
}
