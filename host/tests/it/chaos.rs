//! kill −9 at random moments of a load of completions and swaps: nothing acknowledged is lost, nothing counts twice, no half
//! swap, and the host is ready again within two seconds.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::kit::{Backend, Database, full};

/// A host as a child process; we are its direct parent, so that a killed one leaves no zombie.
struct Killable {
    child: Child,
    base: String,
}

impl Killable {
    fn start(database: &Database) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_mnemosyne"))
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(database.folder())
            .env("MNEMOSYNE_DATABASE__URL", database.url())
            .env("MNEMOSYNE_DATABASE__MAX_CONNECTIONS", "4")
            .env("MNEMOSYNE_TELEMETRY__LOG", "error")
            .env_remove("MNEMOSYNE_URL")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = lines.by_ref().find_map(|line| line.unwrap().strip_prefix("address").map(|rest| rest.trim().to_owned()));
        // What follows is read too: a full or closed pipe is not what this is about.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, base: address.expect("the host says where it is") }
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Killable {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn send(request: reqwest::RequestBuilder) -> Option<Value> {
    let answer = request.send().await.ok()?;
    let good = answer.status().is_success();
    let body = answer.json::<Value>().await.ok()?;
    assert!(good, "{body}");
    Some(body)
}

/// Completes tasks until the host dies; what was acknowledged goes into `done`.
async fn complete(client: reqwest::Client, base: String, token: String, done: Arc<Mutex<Vec<(String, i64)>>>) {
    loop {
        let new = client.post(format!("{base}/api/v1/tasks")).bearer_auth(&token).json(&json!({"title": "again", "difficulty": 2}));
        let Some(task) = send(new).await else { return };
        let id = task["id"].as_str().unwrap().to_owned();
        let Some(answer) = send(client.post(format!("{base}/api/v1/tasks/{id}/complete")).bearer_auth(&token)).await else { return };
        done.lock().unwrap().push((id, answer["experience_gained"].as_i64().unwrap()));
    }
}

/// Swaps the rules until the host dies; tells the last generation that was acknowledged.
async fn swap(client: reqwest::Client, base: String, key: String) -> i64 {
    let path = format!("{base}/api/v1/admin/slots/xp-rules");
    let mut last = 0;
    for plugin in ["xp-rules-momentum", "xp-rules-classic"].iter().cycle() {
        let body = json!({"plugin": plugin, "version": "0.1.0"});
        match send(client.put(&path).bearer_auth(&key).header("if-match", "*").json(&body)).await {
            Some(slot) => last = slot["generation"].as_i64().unwrap(),
            None => break,
        }
    }
    last
}

async fn survives_kills(backend: Backend) {
    let Some(database) = backend.database("kills").await else { return };
    let rounds = if full() { 20 } else { 3 };
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(20)).build().unwrap();
    let mut host = Killable::start(&database);
    let key = std::fs::read_to_string(database.folder().join("operator.key")).unwrap().trim().to_owned();
    let account = json!({"email": "ada@example.org", "username": "ada", "password": "correct horse battery staple"});
    let signed = send(client.post(format!("{}/api/v1/auth/register", host.base)).json(&account)).await.unwrap();
    // The issuer names the port of that start, so each start signs in anew.
    let mut token = signed["access_token"].as_str().unwrap().to_owned();
    let done = Arc::new(Mutex::new(Vec::new()));
    let mut slowest = Duration::ZERO;
    for round in 0..rounds {
        let people: Vec<_> =
            (0..4).map(|_| tokio::spawn(complete(client.clone(), host.base.clone(), token.clone(), Arc::clone(&done)))).collect();
        let operator = tokio::spawn(swap(client.clone(), host.base.clone(), key.clone()));
        // Another moment each round and run, without a clock deciding what is right.
        let moment = rand::random_range(300..1_300);
        tokio::time::sleep(Duration::from_millis(moment)).await;
        host.kill();
        for person in people {
            person.await.unwrap();
        }
        let acknowledged = operator.await.unwrap();
        let begun = Instant::now();
        host = Killable::start(&database);
        slowest = slowest.max(begun.elapsed());
        let login = json!({"username": "ada", "password": "correct horse battery staple"});
        let signed = send(client.post(format!("{}/api/v1/auth/login", host.base)).json(&login)).await.unwrap();
        signed["access_token"].as_str().unwrap().clone_into(&mut token);
        let known = done.lock().unwrap().clone();
        whole(&client, &host.base, &token, &key, &known, acknowledged).await;
        println!("round {round}: {} completions acknowledged so far, slot at {acknowledged}", done.lock().unwrap().len());
    }
    println!("{backend:?}: {rounds} kills, slowest start to ready {} ms", slowest.as_millis());
    drop(host);
    database.remove().await;
}

/// The books: every acknowledged completion is there once, the total is the ledger's sum, the slot is one of its own history.
async fn whole(client: &reqwest::Client, base: &str, token: &str, key: &str, done: &[(String, i64)], acknowledged: i64) {
    let get = async |path: &str, bearer: &str| send(client.get(format!("{base}{path}")).bearer_auth(bearer)).await.unwrap();
    let (mut sum, mut entries, mut cursor) = (0, Vec::new(), String::new());
    loop {
        let page = get(&format!("/api/v1/game/ledger?limit=100&cursor={cursor}"), token).await;
        for entry in page["items"].as_array().unwrap() {
            sum += entry["points"].as_i64().unwrap();
            entries.push((entry["task_id"].as_str().unwrap().to_owned(), entry["points"].as_i64().unwrap()));
        }
        match page["next_cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    for (task, points) in done {
        let found: Vec<_> = entries.iter().filter(|(of, _)| of == task).collect();
        assert_eq!(found.len(), 1, "task {task} stands {} times in the ledger", found.len());
        assert_eq!(found[0].1, *points);
        assert_eq!(get(&format!("/api/v1/tasks/{task}"), token).await["status"], "completed");
    }
    let mut tasks: Vec<_> = entries.iter().map(|(task, _)| task).collect();
    tasks.sort_unstable();
    tasks.dedup();
    assert_eq!(tasks.len(), entries.len(), "a completion counts twice");
    assert_eq!(get("/api/v1/game/profile", token).await["total_xp"], sum);
    let slot = get("/api/v1/admin/slots/xp-rules", key).await;
    let history = get("/api/v1/admin/slots/xp-rules/history", key).await;
    assert!(slot["generation"].as_i64().unwrap() >= acknowledged, "an acknowledged swap is lost: {slot}");
    assert_eq!(slot["health"], "serving");
    assert_eq!((&history["items"][0]["generation"], &history["items"][0]["plugin"]), (&slot["generation"], &slot["bindings"][0]["plugin"]));
}

mod sqlite {
    use super::{Backend, survives_kills};

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn nothing_acknowledged_is_lost_when_the_host_is_killed() {
        survives_kills(Backend::Sqlite).await;
    }
}

mod postgres {
    use super::{Backend, survives_kills};

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn nothing_acknowledged_is_lost_when_the_host_is_killed() {
        survives_kills(Backend::Postgres).await;
    }
}
