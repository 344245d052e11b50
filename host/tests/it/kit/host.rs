//! The real host in this process: what `mnemosyne serve` does, on a free port.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use mnemosyne_host::app::App;
use mnemosyne_host::backend::http::{Resolve, SystemResolver};
use mnemosyne_host::config::Config;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::Actor;
use super::database::{Backend, Database};
use super::fixture::target;

/// The password of everybody whom the tests make.
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// One master key for all hosts, so that they share compiled plugins: a compiled plugin is sealed with it.
const MASTER_KEY: &str = "bW5lbW9zeW5lLXRlc3RzLW9ubHktbWFzdGVyLWtleSE=";

/// A running host. Dropping it ends it.
pub(crate) struct TestHost {
    /// The host's rooms, to look behind the front door.
    pub(crate) app: App,
    /// `http://127.0.0.1:port`, the same after a restart.
    pub(crate) base: String,
    backend: Backend,
    config: Config,
    resolver: Arc<dyn Resolve>,
    operator_key: String,
    client: reqwest::Client,
    running: Running,
}

/// What ends with one start.
struct Running {
    stop: CancellationToken,
    serving: JoinHandle<std::io::Result<()>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl TestHost {
    /// Starts a host on this database; `change` changes its configuration first.
    pub(crate) async fn start(database: &Database, change: impl FnOnce(&mut Config)) -> Self {
        Self::start_resolving(database, change, Arc::new(SystemResolver)).await
    }

    /// The same, with these addresses for the names that plugins reach outside.
    pub(crate) async fn start_resolving(database: &Database, change: impl FnOnce(&mut Config), resolver: Arc<dyn Resolve>) -> Self {
        let mut config = Config { data: database.folder(), secrets_key: Some(MASTER_KEY.into()), ..Config::default() };
        config.server.listen = SocketAddr::from(([127, 0, 0, 1], 0));
        config.database.url = Some(database.url.clone());
        config.database.max_connections = 4;
        config.plugins.compiled = Some(target().join("test-cache/compiled"));
        config.plugins.compiler = Some(env!("CARGO_BIN_EXE_mnemosyne").into());
        change(&mut config);
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_mins(1)).build().unwrap();
        let (app, running) = serve(&mut config, &resolver).await;
        let operator_key = app.auth.operator_key_for_first_start().await.unwrap();
        Self {
            app,
            operator_key: operator_key.unwrap_or_default(),
            base: format!("http://{}", config.server.listen),
            backend: database.backend,
            config,
            resolver,
            client,
            running,
        }
    }

    /// Ends the host in good order and starts it again on the same data and the same port.
    pub(crate) async fn restart(&mut self) {
        self.restart_with(|_| {}).await;
    }

    /// The same with another configuration.
    pub(crate) async fn restart_with(&mut self, change: impl FnOnce(&mut Config)) {
        change(&mut self.config);
        self.running.stop.cancel();
        (&mut self.running.serving).await.unwrap().unwrap();
        self.app.close().await;
        (self.app, self.running) = serve(&mut self.config, &self.resolver).await;
    }

    /// What a command in a process of its own needs to work on this host's data.
    pub(crate) fn environment(&self) -> Vec<(&'static str, std::ffi::OsString)> {
        vec![
            ("MNEMOSYNE_DATA", self.config.data.clone().into()),
            ("MNEMOSYNE_DATABASE__URL", self.config.database_url().into()),
            ("MNEMOSYNE_DATABASE__MAX_CONNECTIONS", "4".into()),
            ("MNEMOSYNE_PLUGINS__COMPILED", self.config.compiled().into()),
            ("MNEMOSYNE_SECRETS_KEY", MASTER_KEY.into()),
        ]
    }

    /// A second host on the same database and data; `None` on SQLite, where one host has the file.
    pub(crate) async fn beside(&self) -> Option<Self> {
        if self.backend == Backend::Sqlite {
            return None;
        }
        let mut config = self.config.clone();
        config.server.listen = SocketAddr::from(([127, 0, 0, 1], 0));
        // both issue the same tokens
        config.server.public_url = Some(self.base.clone());
        let (app, running) = serve(&mut config, &self.resolver).await;
        let base = format!("http://{}", config.server.listen);
        let (backend, client, operator_key) = (self.backend, self.client.clone(), self.operator_key.clone());
        Some(Self { app, base, backend, config, operator_key, client, running, resolver: self.resolver.clone() })
    }

    /// Which database this host stands on.
    pub(crate) fn backend(&self) -> Backend {
        self.backend
    }

    /// `database.url`, to look behind the front door.
    pub(crate) fn database_url(&self) -> String {
        self.config.database_url()
    }

    /// Nobody in particular.
    pub(crate) fn anonymous(&self) -> Actor {
        Actor { client: self.client.clone(), base: self.base.clone(), token: None, account: Value::Null }
    }

    /// The operator, with the key of the first start.
    pub(crate) fn operator(&self) -> Actor {
        Actor { token: Some(self.operator_key.clone()), ..self.anonymous() }
    }

    /// A new person, registered and signed in, `name@example.org` with [`PASSWORD`].
    pub(crate) async fn user(&self, name: &str) -> Actor {
        let body = json!({"email": format!("{name}@example.org"), "username": name, "password": PASSWORD});
        self.signed_in("/api/v1/auth/register", body).await
    }

    /// The same person once more, with a session of their own.
    pub(crate) async fn sign_in(&self, name: &str) -> Actor {
        self.signed_in("/api/v1/auth/login", json!({"username": name, "password": PASSWORD})).await
    }

    async fn signed_in(&self, path: &str, body: Value) -> Actor {
        let answer = self.anonymous().post(path, body).await;
        assert!(matches!(answer.status, 200 | 201), "{}", answer.text);
        let token = answer.json["access_token"].as_str().expect("signing in answers with a token").to_owned();
        Actor { token: Some(token), account: answer.json, ..self.anonymous() }
    }
}

/// The steps of `mnemosyne serve`. A port of 0 becomes the real one, which a restart takes again.
async fn serve(config: &mut Config, resolver: &Arc<dyn Resolve>) -> (App, Running) {
    let listener = TcpListener::bind(config.server.listen).await.unwrap();
    config.server.listen = listener.local_addr().unwrap();
    let app = App::open_resolving(config.clone(), Arc::clone(resolver)).await.unwrap();
    let stop = CancellationToken::new();
    app.start_jobs(&stop);
    let serving = tokio::spawn(mnemosyne_host::http::serve(app.clone(), listener, stop.clone()));
    (app, Running { stop, serving })
}
