//! What host and guest add to each word of a streamed answer, beside talking to the same model server directly; two hundred
//! streams at once.

use std::time::{Duration, Instant};

use futures::StreamExt as _;
use serde_json::json;

use crate::frames::{Frames, text};
use crate::people::{self, Person};
use crate::process::{Server, client};
use crate::sample::Sample;
use crate::table::{Table, mebibytes, micros};
use crate::upstream::{Upstream, word};

/// Words of the stream whose latency is measured, and how far apart.
const WORDS: usize = 600;
const APART: Duration = Duration::from_millis(5);
/// Streams at once, of so many words at twenty a second.
const STREAMS: usize = 200;
const EACH: usize = 100;

pub(crate) fn run(table: &mut Table) {
    let threads = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("threads");
    threads.block_on(latency(table));
    threads.block_on(many(table));
}

/// A host whose model server is this one.
pub(crate) fn host(data: &std::path::Path, upstream: &Upstream) -> Server {
    let settings =
        [("MNEMOSYNE_LLM__BASE_URL", &*upstream.base), ("MNEMOSYNE_LLM__MODEL", "bench"), ("MNEMOSYNE_LIMITS__STREAMS_PER_USER", "0")];
    Server::with(data, &settings)
}

/// Asks a persona; the stream of its answer.
pub(crate) async fn ask(client: &reqwest::Client, base: &str, person: &Person, mark: usize, on_disconnect: &str) -> reqwest::Response {
    let body = json!({"message": format!("please answer stream-{mark}"), "persona": "confidant", "include_memories": false, "on_disconnect": on_disconnect});
    let request = client.post(format!("{base}/api/v1/chat/stream")).bearer_auth(&person.token).json(&body);
    request.send().await.expect("an answer").error_for_status().expect("a stream")
}

/// Reads a stream to its end: its text, and when each word of it was whole.
async fn read(answer: reqwest::Response) -> (String, Vec<Instant>) {
    let (mut bytes, mut frames, mut said, mut heard) = (answer.bytes_stream(), Frames::default(), String::new(), Vec::new());
    while let Some(part) = bytes.next().await {
        for frame in frames.take(&part.expect("bytes")) {
            said.push_str(text(&frame));
        }
        let now = Instant::now();
        heard.resize(said.matches(' ').count(), now);
    }
    (said, heard)
}

fn latencies(upstream: &Upstream, mark: usize, heard: &[Instant]) -> Sample {
    let mut sample = Sample::default();
    upstream.call(mark).sent.iter().zip(heard).for_each(|(sent, heard)| sample.push(heard.saturating_duration_since(*sent)));
    sample
}

async fn latency(table: &mut Table) {
    let upstream = Upstream::start(WORDS, APART).await;
    let data = tempfile::tempdir().expect("a folder");
    let (host, client) = (host(data.path(), &upstream), client());
    let person = people::register(&host.base, 1).await.remove(0);
    let relay = Server::relay(&upstream.base);
    let [mut ours, mut direct, mut relayed] = std::array::from_fn(|_| Sample::default());
    for round in 0..3 {
        let (_, heard) = read(ask(&client, &host.base, &person, round * 3, "cancel").await).await;
        assert_eq!(heard.len(), WORDS, "every word arrives");
        ours.extend(latencies(&upstream, round * 3, &heard));
        for (base, mark, sample) in [(&upstream.base, round * 3 + 1, &mut direct), (&relay.base, round * 3 + 2, &mut relayed)] {
            let ask = json!({"model": "bench", "stream": true, "messages": [{"role": "user", "content": format!("stream-{mark}")}]});
            let answer = client.post(format!("{base}/chat/completions")).json(&ask).send().await.expect("an answer");
            let (_, heard) = read(answer).await;
            sample.extend(latencies(&upstream, mark, &heard));
        }
    }
    let (through, straight, bare) = (ours.micros(50), direct.micros(50), relayed.micros(50));
    let p99 = [&mut ours, &mut direct, &mut relayed].map(|sample| micros(sample.micros(99)));
    let other = format!(
        "through the host {}, directly {}, through a bare relay {}; p99 {}",
        micros(through),
        micros(straight),
        micros(bare),
        p99.join(", ")
    );
    table.at_most("added to each streamed word by host and guest, p50", through - straight, &other, 100.0, micros);
    table.told("of it beyond a bare relay", micros(through - bare), "a second socket on the way, and nothing done");
}

async fn many(table: &mut Table) {
    let upstream = Upstream::start(EACH, Duration::from_millis(50)).await;
    let data = tempfile::tempdir().expect("a folder");
    let (host, client) = (host(data.path(), &upstream), client());
    let person = people::register(&host.base, 1).await.remove(0);
    // what the first answers load stays
    for mark in 0..5 {
        drop(read(ask(&client, &host.base, &person, STREAMS + mark, "cancel").await).await);
    }
    let before = host.memory();
    let mut streams = tokio::task::JoinSet::new();
    for mark in 0..STREAMS {
        let (client, base, person) = (client.clone(), host.base.clone(), person.clone());
        streams.spawn(async move { read(ask(&client, &base, &person, mark, "cancel").await).await.0 });
    }
    let (whole, mut peak, mut wrong): (String, f64, usize) = ((0..EACH).map(word).collect(), 0.0, 0);
    while !streams.is_empty() {
        match tokio::time::timeout(Duration::from_millis(250), streams.join_next()).await {
            Ok(Some(said)) => wrong += usize::from(said.expect("it ends") != whole),
            _ => peak = peak.max(host.memory()),
        }
    }
    table.at_most(&format!("{STREAMS} streams at 20 words a second: not whole or out of order"), wrong as f64, "", 0.0, |value| {
        format!("{value:.0}")
    });
    let grown = (peak - before) / STREAMS as f64;
    table.at_most(
        "memory of the host (RSS) for each of them",
        grown,
        &format!("before {}, at most {}", mebibytes(before), mebibytes(peak)),
        1.5,
        |value| format!("{value:.2} MiB"),
    );
}
