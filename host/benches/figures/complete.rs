//! CPU of a completion on SQLite over 32 connections, beside a bare axum handler with the same SQL.

use std::path::Path;
use std::sync::Arc;

use uuid::Uuid;

use crate::people::{self, Person};
use crate::process::{Server, client, clients};
use crate::sample::median;
use crate::table::{Table, micros};

const CONNECTIONS: usize = 32;
/// Each side works this often, in turn, so that whatever else the machine does meets both.
const ROUNDS: usize = 4;
/// Completions of one connection in one round.
const EACH: usize = 16;

pub(crate) fn run(table: &mut Table) {
    let (ours, bare) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let clients = clients();
    // Round 0 warms up and does not count.
    let (people, tasks) = clients.block_on(prepare(ours.path(), bare.path(), EACH * (ROUNDS + 1)));
    let (ours, bare) = (Server::ours(ours.path()), Server::bare(bare.path()));
    let people = clients.block_on(people::again(&ours.base, &people));
    let (mut our_cost, mut bare_cost) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let part = |all: &Vec<Uuid>| all[round * EACH..(round + 1) * EACH].to_vec();
        let work: Vec<(Person, Vec<Uuid>)> = people.iter().cloned().zip(tasks.iter().map(part)).collect();
        let path = |_: &Person, task: Uuid| format!("/api/v1/tasks/{task}/complete");
        let our_side = measured(&clients, &ours, work.clone(), path);
        let bare_side = measured(&clients, &bare, work, |person: &Person, task| format!("/users/{}/tasks/{task}/complete", person.id));
        if round > 0 {
            our_cost.push(our_side);
            bare_cost.push(bare_side);
        }
    }
    let (our_cost, bare_cost) = (median(our_cost), median(bare_cost));
    table.ratio("complete a task: server CPU, SQLite, 32 connections (bare axum, same SQL)", our_cost, bare_cost, 2.0, micros);
}

/// Two data folders alike: accounts, and tasks enough.
async fn prepare(ours: &Path, bare: &Path, each: usize) -> (Vec<Person>, Vec<Vec<Uuid>>) {
    let host = Server::ours(ours);
    let people = people::register(&host.base, CONNECTIONS).await;
    host.stop();
    let tasks = people::give_tasks(ours, &people, each).await;
    for file in std::fs::read_dir(ours).expect("the folder").flatten().filter(|file| file.path().is_file()) {
        std::fs::copy(file.path(), bare.join(file.file_name())).expect("a copy");
    }
    (people, tasks)
}

/// CPU of the server for one completion, microseconds.
fn measured(
    clients: &tokio::runtime::Runtime,
    server: &Server,
    work: Vec<(Person, Vec<Uuid>)>,
    path: impl Fn(&Person, Uuid) -> String + Copy + Send + Sync + 'static,
) -> f64 {
    let count: usize = work.iter().map(|(_, tasks)| tasks.len()).sum();
    let (client, base) = (client(), Arc::<str>::from(server.base.as_str()));
    let before = server.cpu();
    clients.block_on(async {
        let mut people = tokio::task::JoinSet::new();
        for (person, tasks) in work {
            let (client, base) = (client.clone(), Arc::clone(&base));
            people.spawn(async move {
                for task in tasks {
                    let request = client.patch(format!("{base}{}", path(&person, task))).bearer_auth(&person.token);
                    let answer = request.send().await.expect("an answer");
                    let status = answer.status();
                    let text = answer.text().await.expect("a body");
                    assert!(status.is_success() && !text.contains("\"pending\":true"), "{status} {text}");
                }
            });
        }
        while let Some(done) = people.join_next().await {
            done.expect("a client");
        }
        // The last batch of call rows belongs to it.
        tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    });
    (server.cpu() - before) * 1e6 / count as f64
}
