//! `/api/v1/admin/jobs`: vectors move to another space while everything else goes on.

use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::kit::{Actor, TestHost, backends};

const REEMBED: &str = "/api/v1/admin/jobs/reembed";
const NOTES: usize = 30;

async fn write_notes(who: &Actor) -> Vec<String> {
    let mut ids = Vec::new();
    for at in 0..NOTES {
        let content = format!("note {at}: the {} bird sits on roof number {at}", ["red", "blue", "green"][at % 3]);
        let note = who.post("/api/v1/memories", json!({"content": content})).await.created();
        ids.push(note["id"].as_str().unwrap().to_owned());
    }
    ids
}

/// Dimension of each memory's vectors.
async fn dimensions(who: &Actor) -> Vec<i64> {
    let list = who.get("/api/v1/memories?limit=100").await.ok();
    list["items"].as_array().unwrap().iter().map(|memory| memory["embedding_dimension"].as_i64().unwrap_or_default()).collect()
}

/// Whether searching by meaning alone finds what it is about.
async fn finds(who: &Actor, at: usize) {
    let ask = json!({"query": format!("roof number {at}"), "mode": "semantic", "limit": 5});
    let answer = who.post("/api/v1/memories/search", ask).await.ok();
    let wanted = format!("note {at}:");
    let found = answer["results"].as_array().unwrap().iter().any(|one| one["content"].as_str().unwrap().starts_with(&wanted));
    assert!(found && answer["degraded"] == false, "{at}: {answer}");
}

async fn ended(operator: &Actor, job: &Value) -> Value {
    let path = format!("/api/v1/admin/jobs/{}", job["id"].as_str().unwrap());
    for _ in 0..2_000 {
        let job = operator.get(&path).await.ok();
        if ["done", "failed"].contains(&job["state"].as_str().unwrap()) {
            return job;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("{path} does not end");
}

/// The command line in a process of its own, on the database of this host.
async fn mnemosyne(host: &TestHost, arguments: &[&str], settings: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mnemosyne"));
    command.args(arguments).envs(host.environment()).envs(settings.iter().copied()).env_remove("MNEMOSYNE_URL");
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

backends! {
async fn vectors_move_to_another_space_while_searches_go_on(mut host: TestHost) {
    let (alice, operator) = (host.user("alice").await, host.operator());
    write_notes(&alice).await;
    operator.post(REEMBED, json!({})).await.refused(409, "DB_002");
    host.restart_with(|config| config.embedding.dimension = 256).await;
    let alice = host.sign_in("alice").await;
    assert_eq!(dimensions(&alice).await, [1_024; NOTES]);
    finds(&alice, 7).await;
    let answer = operator.post(REEMBED, json!({})).await;
    assert_eq!(answer.header("location"), format!("/api/v1/admin/jobs/{}", answer.json["id"].as_str().unwrap()));
    let job = answer.created();
    assert_eq!((&job["kind"], &job["progress"]["total"], &job["progress"]["dimension"]), (&json!("reembed"), &json!(NOTES), &json!(256)));
    // asked for again it is the same, until it has ended
    let again = operator.post(REEMBED, json!({})).await;
    assert!(again.status == 409 || again.json["id"] == job["id"], "{}", again.text);
    for at in 0..NOTES {
        finds(&alice, at).await;
    }
    let job = ended(&operator, &job).await;
    let progress = json!({"model": "hashed-ngram-v1", "dimension": 256, "total": NOTES, "moved": NOTES, "skipped": 0, "waiting": null});
    assert_eq!((&job["state"], &job["error"], &job["progress"]), (&json!("done"), &json!(null), &progress));
    assert_eq!(dimensions(&alice).await, [256; NOTES]);
    for at in 0..NOTES {
        finds(&alice, at).await;
    }
    operator.post(REEMBED, json!({})).await.refused(409, "DB_002");
}

async fn a_job_is_an_operators(host: TestHost) {
    let alice = host.user("alice").await;
    alice.post(REEMBED, json!({})).await.refused(403, "AUTH_005");
    alice.get("/api/v1/admin/jobs/0198f3a0-0000-7000-8000-00000000dead").await.refused(403, "AUTH_005");
    host.operator().get("/api/v1/admin/jobs/0198f3a0-0000-7000-8000-00000000dead").await.refused(404, "DB_001");
    host.operator().get("/api/v1/admin/jobs/x").await.refused(404, "DB_001");
}

async fn the_command_line_moves_vectors_itself_or_asks_a_running_host(host: TestHost) {
    let alice = host.user("alice").await;
    write_notes(&alice).await;
    let other = [("MNEMOSYNE_EMBEDDING__DIMENSION", "128")];
    let done = mnemosyne(&host, &["reembed"], &other).await;
    let says = text(&done);
    assert!(done.status.success() && says.contains("30 of 30 moved to `hashed-ngram-v1/128`") && says.contains("undo: "), "{says}");
    assert!(String::from_utf8_lossy(&done.stderr).lines().any(|line| line == "30 of 30 moved"), "{says}");
    assert_eq!(dimensions(&alice).await, [128; NOTES]);
    // the host that runs beside it has another embedder: it asks each vector in its own space
    finds(&alice, 11).await;
    let again = mnemosyne(&host, &["reembed"], &other).await;
    assert!(again.status.code() == Some(3) && text(&again).contains("nothing to move"), "{}", text(&again));
    let key = host.operator().token.unwrap();
    let remote = mnemosyne(&host, &["reembed", "--json", "--url", &host.base, "--key", &key], &[]).await;
    let job: Value = serde_json::from_slice(&remote.stdout).unwrap_or_else(|_| panic!("{}", text(&remote)));
    assert_eq!((&job["state"], &job["progress"]["moved"], &job["progress"]["dimension"]), (&json!("done"), &json!(NOTES), &json!(1_024)));
    assert!(job["undo"].is_string() && remote.stderr.is_empty());
    assert_eq!(dimensions(&alice).await, [1_024; NOTES]);
}
}
