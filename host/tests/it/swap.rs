//! Rules are replaced while people complete tasks: no request fails, and each answer names the one revision whose rules
//! produced exactly those points.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use crate::kit::{backends, full};

backends! {
    async fn swaps_under_load_fail_nobody_and_mix_nothing(host: TestHost) {
        let (swaps, clients) = if full() { (1_000, 32) } else { (40, 8) };
        let stop = Arc::new(AtomicBool::new(false));
        let mut people = Vec::new();
        for number in 0..clients {
            let (person, stop) = (host.user(&format!("person-{number}")).await, Arc::clone(&stop));
            people.push(tokio::spawn(async move {
                let mut done = 0_u32;
                while !stop.load(Ordering::Relaxed) {
                    let task = person.post("/api/v1/tasks", json!({"title": "again", "difficulty": 2, "quest_type": "solo"})).await.created();
                    let answer = person.post(&format!("/api/v1/tasks/{}/complete", task["id"].as_str().unwrap()), json!({})).await.ok();
                    let expected: &[i64] = match answer["rules"]["plugin"].as_str() {
                        Some("xp-rules-classic") => &[20],
                        // A point for each day in a row comes on top.
                        Some("xp-rules-momentum") => &[6, 7],
                        other => panic!("rules of {other:?}: {answer}"),
                    };
                    assert!(answer["pending"] == false && expected.contains(&answer["experience_gained"].as_i64().unwrap()), "{answer}");
                    done += 1;
                }
                done
            }));
        }
        let operator = host.operator();
        for swap in 0..swaps {
            let plugin = if swap % 2 == 0 { "xp-rules-momentum@0.1.0" } else { "xp-rules-classic@0.1.0" };
            operator.bind("xp-rules", plugin).await;
        }
        stop.store(true, Ordering::Relaxed);
        let mut completed = 0;
        for person in people {
            completed += person.await.unwrap();
        }
        assert!(completed >= clients, "only {completed} completions met {swaps} swaps");
        println!("{swaps} swaps under {completed} completions by {clients} clients: 0 failed");
    }
}
