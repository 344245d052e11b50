//! What tests stand on: the real host, in this process, on a real database, met through its front door.
//!
//! ```text
//! kit/host.rs       TestHost: starts, restarts and ends the host; its actors
//! kit/actor.rs      Actor: a person, an operator or nobody, who asks; Answer: what came back, and how one claims something of it
//! kit/events.rs     Events: somebody who listens to a stream; what every stream keeps
//! kit/database.rs   a database of one's own on SQLite or PostgreSQL
//! kit/logs.rs       what is logged, held against words that must not be
//! kit/fixture.rs    components: the bundled ones by name, and a manifest packed into any
//! kit/voice.rs      Voice: a persona by its parts; Heard: a client that keeps what it says
//! kit/model.rs      ScriptedModel: a model server that does what a test told it to; model_answers.rs: all that it can do
//! ```
//! A file of tests has one block:
//!
//! ```ignore
//! backends! {    // once on SQLite, once on PostgreSQL
//! async fn a_task_is_only_its_owners(host: TestHost) {
//!     let (alice, bob) = (host.user("alice").await, host.user("bob").await);
//!     let task = alice.post("/api/v1/tasks", json!({"title": "hers"})).await.created();
//!     bob.get(&format!("/api/v1/tasks/{}", task["id"].as_str().unwrap())).await.refused(404, "DB_001");
//! }
//! }
//! ```

mod actor;
mod database;
mod events;
mod fixture;
mod host;
mod logs;
mod model;
mod model_answers;
mod tests;
mod voice;

pub(crate) use actor::{Actor, Answer};
pub(crate) use database::{Backend, Database};
pub(crate) use events::{Event, Events, in_order, text};
pub(crate) use fixture::{fixture, pack};
pub(crate) use host::{PASSWORD, TestHost};
pub(crate) use logs::{logged, watch_logs_for};
pub(crate) use model::{KEY, MODEL, ScriptedModel};
pub(crate) use model_answers::{Script, pieces};
pub(crate) use voice::{DONE, Heard, SPIN, Views, Voice, let_in};

/// Whether the long figures run in full (`make soak`) or in their small form (`make test`).
pub(crate) fn full() -> bool {
    std::env::var_os("MNEMOSYNE_TEST_FULL").is_some()
}

/// Turns each `async fn claim(host: TestHost)` into two tests, `sqlite::claim` and `postgres::claim`. One block a file.
macro_rules! backends {
    ($($(#[$attribute:meta])* async fn $name:ident($($host:ident)+: TestHost) $body:block)+) => {
        $(async fn $name($($host)+: $crate::kit::TestHost) $body)+
        mod sqlite {
            $(#[test] $(#[$attribute])* fn $name() { $crate::kit::run($crate::kit::Backend::Sqlite, stringify!($name), super::$name); })+
        }
        mod postgres {
            $(#[test] $(#[$attribute])* fn $name() { $crate::kit::run($crate::kit::Backend::Postgres, stringify!($name), super::$name); })+
        }
    };
}
pub(crate) use backends;

/// Runs one claim on one backend, on a runtime of its own, as the server would have.
pub(crate) fn run<F: Future<Output = ()>>(backend: Backend, name: &str, claim: impl FnOnce(TestHost) -> F) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let Some(database) = backend.database(name).await else { return };
        claim(TestHost::start(&database, |_| {}).await).await;
        database.remove().await;
    });
    // A claim that leaves a stream open does not hold up the next one.
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
}
