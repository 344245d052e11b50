//! A host of its own under the zoo: its memory and its open files are afterwards what they were, and it has not panicked.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::json;

use super::build::{GROW, Rules, SPIN};
use crate::kit::{Backend, PASSWORD};

/// What the beasts may leave behind in memory: allocator slack and warm pool slots, no leak per call (one leaked instance of
/// the memory bomb would be 8 MiB).
const SLACK: u64 = 48 << 20;
/// Connections that idle clients keep.
const SOME_FILES: usize = 8;

struct Host(Child, String);

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Host {
    fn files(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.0.id())).unwrap().count()
    }

    fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches("kB").trim().parse::<u64>().unwrap() << 10
    }
}

#[test]
#[cfg(target_os = "linux")]
fn memory_and_files_are_back_to_what_they_were() {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(still());
}

async fn still() {
    let Some(database) = Backend::Sqlite.database("still").await else { return };
    let errors = database.folder().with_extension("stderr");
    let mut child = Command::new(env!("CARGO_BIN_EXE_mnemosyne"))
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(database.folder())
        .env("MNEMOSYNE_DATABASE__URL", database.url())
        .env("MNEMOSYNE_TELEMETRY__LOG", "error")
        .env_remove("MNEMOSYNE_URL")
        .stdout(Stdio::piped())
        .stderr(std::fs::File::create(&errors).unwrap())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let address = lines.by_ref().find_map(|line| line.unwrap().strip_prefix("address").map(|rest| rest.trim().to_owned()));
    std::thread::spawn(move || lines.for_each(drop));
    let host = Host(child, address.expect("the host says where it is"));
    let key = std::fs::read_to_string(database.folder().join("operator.key")).unwrap().trim().to_owned();
    let client = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(1).build().unwrap();
    let send = async |request: reqwest::RequestBuilder, token: &str| {
        let answer = request.bearer_auth(token).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.status());
        answer.json::<serde_json::Value>().await.unwrap()
    };
    let account = json!({"email": "ada@example.org", "username": "ada", "password": PASSWORD});
    let token = send(client.post(format!("{}/api/v1/auth/register", host.1)).json(&account), "").await["access_token"].clone();
    let token = token.as_str().unwrap();
    let beasts = [("a-loop", SPIN), ("a-memory-bomb", GROW), ("a-trap", "(unreachable)"), ("a-bad-answer", "(i32.const -16)")];
    for (name, award) in beasts {
        let upload = client.post(format!("{}{}", host.1, super::PLUGINS)).header("content-type", "application/wasm");
        send(upload.body(Rules::awarding(award).build(name)), &key).await;
    }
    let bind = async |name: &str| {
        let body = json!({"plugin": name, "version": "0.1.0"});
        send(client.put(format!("{}/api/v1/admin/slots/xp-rules", host.1)).header("if-match", "*").json(&body), &key).await;
    };
    let complete = async || {
        let task = send(client.post(format!("{}/api/v1/tasks", host.1)).json(&json!({"title": "again", "difficulty": 2})), token).await;
        let path = format!("{}/api/v1/tasks/{}/complete", host.1, task["id"].as_str().unwrap());
        send(client.patch(path).json(&json!({})), token).await
    };
    let round = async || {
        for (name, _) in beasts {
            bind(name).await;
            for _ in 0..4 {
                assert_eq!(complete().await["pending"], true, "{name}");
            }
        }
        bind("xp-rules-classic").await;
        assert_eq!(complete().await["experience_gained"], 20);
    };
    round().await;
    let (memory, files) = (host.memory(), host.files());
    for _ in 0..5 {
        round().await;
    }
    let (memory_after, files_after) = (host.memory(), host.files());
    println!("memory {} → {} MiB, files {files} → {files_after}", memory >> 20, memory_after >> 20);
    assert!(memory_after <= memory + SLACK, "{memory} → {memory_after} bytes");
    assert!(files_after <= files + SOME_FILES, "{files} → {files_after} files");
    drop(host);
    let said = std::fs::read_to_string(&errors).unwrap();
    assert!(!said.contains("panicked"), "{said}");
    database.remove().await;
}
