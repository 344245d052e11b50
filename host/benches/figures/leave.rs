//! Clients that leave: with `cancel` the model server's call ends; without, whoever comes back reads on.

use std::time::{Duration, Instant};

use futures::StreamExt as _;

use crate::frames::{Frames, text};
use crate::people::{self, Person};
use crate::process::client;
use crate::random::Random;
use crate::sample::Sample;
use crate::stream::{ask, host};
use crate::table::{Table, millis};
use crate::upstream::{Upstream, word};

/// Cases of each.
const CASES: usize = 100;
const WORDS: usize = 60;

pub(crate) fn run(table: &mut Table) {
    let threads = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("threads");
    let count = |value: f64| format!("{value:.0} of {CASES}");
    threads.block_on(async {
        // slow enough that no answer is over before its client has left
        let upstream = Upstream::start(2_000, Duration::from_millis(20)).await;
        let data = tempfile::tempdir().expect("a folder");
        let host = host(data.path(), &upstream);
        let person = people::register(&host.base, 1).await.remove(0);
        let (ended, mut times) = cancelled(&host.base, &person, &upstream).await;
        let slowest = format!("p50 {}, slowest {}", millis(times.millis(50)), millis(times.millis(100)));
        table.at_least(
            "a client leaves with `cancel`: the model's call ended within a second",
            ended as f64,
            &slowest,
            CASES as f64,
            count,
        );
    });
    threads.block_on(async {
        let upstream = Upstream::start(WORDS, Duration::from_millis(3)).await;
        let data = tempfile::tempdir().expect("a folder");
        let host = host(data.path(), &upstream);
        let person = people::register(&host.base, 1).await.remove(0);
        let whole = resumed(&host.base, &person, &upstream).await;
        table.at_least("dropped at a random byte and resumed: the identical text, one call", whole as f64, "", CASES as f64, count);
    });
}

async fn cancelled(base: &str, person: &Person, upstream: &Upstream) -> (usize, Sample) {
    let (mut ended, mut times) = (0, Sample::default());
    for mark in 0..CASES {
        let client = client();
        let answer = ask(&client, base, person, mark, "cancel").await;
        let (mut bytes, mut frames, mut said) = (answer.bytes_stream(), Frames::default(), 0);
        while said < 1 + mark % 5 {
            let part = bytes.next().await.expect("the answer goes on").expect("bytes");
            said += frames.take(&part).iter().filter(|frame| !text(frame).is_empty()).count();
        }
        drop(bytes);
        let gone = Instant::now();
        if let Some(left) = upstream.left(mark, Duration::from_secs(1)).await {
            ended += 1;
            times.push(left.saturating_duration_since(gone));
        }
    }
    (ended, times)
}

async fn resumed(base: &str, person: &Person, upstream: &Upstream) -> usize {
    let (mut whole, mut random) = (0, Random(9));
    let wanted: String = (0..WORDS).map(word).collect();
    for mark in 0..CASES {
        let client = client();
        let answer = ask(&client, base, person, mark, "continue").await;
        let (mut bytes, mut frames, mut run, mut said) = (answer.bytes_stream(), Frames::default(), String::new(), String::new());
        let mut left = usize::try_from(random.next() % 8_000).expect("small");
        while run.is_empty() || left > 0 {
            let Some(part) = bytes.next().await else { break };
            let part = part.expect("bytes");
            // the meta frame is read whole; after it the connection may break anywhere, in the middle of a frame too
            let taken = if run.is_empty() { part.len() } else { part.len().min(left) };
            left -= taken.min(left);
            for frame in frames.take(&part[..taken]) {
                if frame["type"] == "meta" {
                    frame["run_id"].as_str().expect("an id").clone_into(&mut run);
                }
                said.push_str(text(&frame));
            }
        }
        drop(bytes);
        let request = client.get(format!("{base}/api/v1/chat/runs/{run}/events")).bearer_auth(&person.token);
        let request = request.header("last-event-id", frames.last.clone().expect("a frame arrived"));
        let mut rest = request.send().await.expect("an answer").error_for_status().expect("the run is kept").bytes_stream();
        let mut frames = Frames::default();
        while let Some(part) = rest.next().await {
            for frame in frames.take(&part.expect("bytes")) {
                said.push_str(text(&frame));
            }
        }
        whole += usize::from(said == wanted && upstream.call(mark).calls == 1);
    }
    whole
}
