//! Every setting once: what it means, its default, its environment name. The only reader of the environment.
//!
//! Order: defaults < `mnemosyne.toml` < `MNEMOSYNE_*` (`__` nests: `MNEMOSYNE_DATABASE__URL`) < flags. A wrong or unsafe
//! value stops the start with one sentence that names the key, the problem and a good value. `MNEMOSYNE_CONFIG`,
//! `MNEMOSYNE_DATA`, `MNEMOSYNE_URL` and `MNEMOSYNE_KEY` belong to the command line.

mod chat;
mod embedding;
mod llm;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

pub use chat::Chat;
pub use embedding::{Embedding, EmbeddingProvider};
pub use llm::{Llm, ModelClass, Profile};

/// The whole configuration.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Folder for the database, keys and compiled plugins; created with mode 0700. Default `data`.
    pub data: PathBuf,
    /// Where and how to listen.
    pub server: Server,
    /// Where the platform's data lives.
    pub database: Database,
    /// Accounts, tokens and sign-in.
    pub auth: Auth,
    /// Bounds.
    pub limits: Limits,
    /// Answers under way.
    pub chat: Chat,
    /// Language models.
    pub llm: Llm,
    /// Vectors of texts.
    pub embedding: Embedding,
    /// Plugins.
    pub plugins: Plugins,
    /// Logs.
    pub telemetry: Telemetry,
    /// 32 bytes in base64 that encrypt keys and secrets in the database (`MNEMOSYNE_SECRETS_KEY`). Absent: `<data>/master.key`, made at first start.
    #[serde(skip)]
    pub secrets_key: Option<SecretString>,
}

/// `server.*`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Address and port; port 0 takes a free one. Default `127.0.0.1:8080`.
    pub listen: SocketAddr,
    /// How clients reach the host: issuer of tokens and base of links. Default `http://<listen>`.
    pub public_url: Option<String>,
    /// Addresses of proxies whose `X-Forwarded-For` is believed. Default none.
    pub trusted_proxies: Vec<std::net::IpAddr>,
    /// Exact origins that browsers may call from. Default: loopback origins when listening on loopback, else none.
    pub cors_origins: Option<Vec<String>>,
    /// Open connections at most. Default 2 000.
    pub max_connections: usize,
    /// Seconds in which the request head must arrive. Default 10.
    pub header_timeout_seconds: u64,
    /// Seconds a handler may take. Default 30.
    pub handler_timeout_seconds: u64,
}

/// `database.*`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// `sqlite://path` or `postgres://user:password@host/name`. Default: `<data>/mnemosyne.db`.
    pub url: Option<String>,
    /// `auto` migrates at start, `manual` waits for `mnemosyne migrate`. Default `auto`.
    pub migrate: Migrate,
    /// PostgreSQL connections, or SQLite readers, at most. Default 16.
    pub max_connections: u32,
}

/// When migrations run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Migrate {
    /// At start.
    Auto,
    /// Only by `mnemosyne migrate`.
    Manual,
}

/// `auth.*`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    /// Who may register. Default: open on loopback, closed elsewhere.
    pub registration: Option<Registration>,
    /// Seconds an access token lives, 60…900. Default 900.
    pub access_token_seconds: u32,
    /// Days a refresh token lives unused, 1…365. Default 30.
    pub refresh_token_days: u32,
    /// Threads that hash passwords, 1…16. Default 1: at 28 ms a hash that is 35 logins a second, and never another request's core.
    pub hash_threads: usize,
}

/// Who may register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Registration {
    /// Anyone who reaches the host.
    Open,
    /// Accounts are made by `mnemosyne user add`.
    Closed,
}

/// `limits.*`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Requests a minute for one principal; 0 = off. Default 0.
    pub requests_per_minute: u32,
    /// Failed logins a minute for one address and account. Default 10.
    pub failed_logins_per_ip_and_account: u32,
    /// Failed logins a minute for one account. Default 30.
    pub failed_logins_per_account: u32,
    /// Failed logins a minute for one address. Default 100.
    pub failed_logins_per_ip: u32,
    /// Answers that are streamed to one person at the same time; 0 = off. Default 3.
    pub streams_per_user: u32,
    /// Bytes of a JSON body. Default 1 MiB.
    pub body_bytes: usize,
    /// Nesting of a JSON body. Default 32.
    pub body_depth: usize,
    /// Experience points one completion may give, after clamping. Default 1000.
    pub xp_per_task: i64,
    /// Experience points of one local day; 0 = off. Default 0.
    pub xp_per_day: i64,
}

/// `plugins.*`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plugins {
    /// Bind the bundled plugins to unbound slots at start. Default true.
    pub bundled: bool,
    /// Worker threads of the guests' own runtime; 0 = one a core. Default 0.
    pub workers: usize,
    /// Guest calls at the same time over all kinds, 8…4096: two thirds are for personas, the rest for rules, logins and task
    /// intelligence, each with places of its own. Default 336.
    pub max_calls: u32,
    /// Folder of compiled components. Default `<data>/compiled`.
    pub compiled: Option<PathBuf>,
    /// The binary that compiles components in a child process. Default: this one.
    pub compiler: Option<PathBuf>,
    /// Origins that plugins may reach although an address of theirs is private, as `https://crm.intranet.example`; each
    /// plugin still needs its own grant. Default none.
    pub allowed_origins: Vec<String>,
}

/// `telemetry.*`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Telemetry {
    /// A filter such as `info` or `mnemosyne_host=debug,info`. Default `info`.
    pub log: String,
    /// `auto` (text on a terminal, JSON otherwise), `text` or `json`.
    pub format: LogFormat,
}

/// How a log line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Text on a terminal, JSON otherwise.
    Auto,
    /// For people.
    Text,
    /// For machines.
    Json,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: PathBuf::from("data"),
            server: Server {
                listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
                public_url: None,
                trusted_proxies: Vec::new(),
                cors_origins: None,
                max_connections: 2_000,
                header_timeout_seconds: 10,
                handler_timeout_seconds: 30,
            },
            database: Database { url: None, migrate: Migrate::Auto, max_connections: 16 },
            auth: Auth { registration: None, access_token_seconds: 900, refresh_token_days: 30, hash_threads: 1 },
            limits: Limits {
                requests_per_minute: 0,
                streams_per_user: 3,
                failed_logins_per_ip_and_account: 10,
                failed_logins_per_account: 30,
                failed_logins_per_ip: 100,
                body_bytes: 1 << 20,
                body_depth: 32,
                xp_per_task: 1_000,
                xp_per_day: 0,
            },
            chat: Chat::default(),
            llm: Llm::default(),
            embedding: Embedding::default(),
            plugins: Plugins { bundled: true, workers: 0, max_calls: 336, compiled: None, compiler: None, allowed_origins: Vec::new() },
            telemetry: Telemetry { log: "info".into(), format: LogFormat::Auto },
            secrets_key: None,
        }
    }
}

/// Why the configuration was not accepted, as one sentence for the operator.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub String);

/// The environment names that belong to the command line and are no settings.
const COMMAND_LINE_NAMES: [&str; 4] = ["config", "url", "key", "secrets_key"];

impl Config {
    /// Reads file, environment and the data folder from the flags.
    ///
    /// # Errors
    /// [`Refused`] with one sentence that names key, problem and a good value.
    pub fn load(file: Option<&Path>, data: Option<&Path>) -> Result<Self, Refused> {
        let mut figment = Figment::from(Serialized::defaults(Self::default()));
        if let Some(path) = file {
            if !path.is_file() {
                return Err(Refused(format!(
                    "the configuration file `{}` does not exist; give an existing one to `--config`",
                    path.display()
                )));
            }
            figment = figment.merge(Toml::file_exact(path));
        } else {
            figment = figment.merge(Toml::file("mnemosyne.toml"));
        }
        figment = figment.merge(
            Env::prefixed("MNEMOSYNE_")
                .filter(|name| !COMMAND_LINE_NAMES.iter().any(|own| name == *own) && !name.starts_with("test_"))
                .split("__"),
        );
        if let Some(path) = data {
            figment = figment.merge(Serialized::default("data", path));
        }
        let mut config: Self = figment.extract().map_err(|error| Refused(explain(&error)))?;
        config.secrets_key = std::env::var("MNEMOSYNE_SECRETS_KEY").ok().map(SecretString::from);
        config.check()?;
        Ok(config)
    }

    /// `database.url`, or the SQLite file in the data folder.
    pub fn database_url(&self) -> String {
        self.database.url.clone().unwrap_or_else(|| format!("sqlite://{}", self.data.join("mnemosyne.db").display()))
    }

    /// Whether the host can only be reached from this machine.
    pub fn on_loopback(&self) -> bool {
        self.server.listen.ip().is_loopback()
    }

    /// Whether strangers may register.
    pub fn registration(&self) -> Registration {
        self.auth.registration.unwrap_or(if self.on_loopback() { Registration::Open } else { Registration::Closed })
    }

    /// The folder of compiled components.
    pub fn compiled(&self) -> PathBuf {
        self.plugins.compiled.clone().unwrap_or_else(|| self.data.join("compiled"))
    }

    /// `embedding.*`, with what it does not name taken from `llm.*`. The key goes to the server of `llm.base_url` only.
    pub fn embedding(&self) -> Embedding {
        let mut embedding = self.embedding.clone();
        embedding.model = embedding.model.or_else(|| self.llm.embedding_model.clone());
        if embedding.base_url.is_none() || embedding.base_url == self.llm.base_url {
            embedding.api_key = embedding.api_key.or_else(|| self.llm.api_key.clone());
        }
        embedding.base_url = embedding.base_url.or_else(|| self.llm.base_url.clone());
        embedding
    }

    fn check(&self) -> Result<(), Refused> {
        let refuse = |key: &str, problem: String, good: &str| Err(Refused(format!("`{key}` {problem}; a good value is `{good}`")));
        let url = self.database_url();
        if !(url.starts_with("sqlite:") || url.starts_with("postgres://") || url.starts_with("postgresql://")) {
            return refuse("database.url", "is neither a SQLite nor a PostgreSQL address".into(), "sqlite://data/mnemosyne.db");
        }
        if let Some(public) = &self.server.public_url {
            let plain = public.starts_with("http://");
            if !(plain || public.starts_with("https://")) || public.ends_with('/') {
                return refuse(
                    "server.public_url",
                    format!("= `{public}` is not an origin without a trailing slash"),
                    "https://mnemosyne.example.org",
                );
            }
        }
        for origin in self.server.cors_origins.iter().flatten() {
            if origin == "*"
                || origin == "null"
                || !(origin.starts_with("http://") || origin.starts_with("https://"))
                || origin.ends_with('/')
            {
                return refuse(
                    "server.cors_origins",
                    format!("has `{origin}`, which is not one exact origin"),
                    "[\"https://app.example.org\"]",
                );
            }
        }
        if !(60..=900).contains(&self.auth.access_token_seconds) {
            return refuse("auth.access_token_seconds", format!("= {} is not within 60…900", self.auth.access_token_seconds), "900");
        }
        if !(1..=365).contains(&self.auth.refresh_token_days) {
            return refuse("auth.refresh_token_days", format!("= {} is not within 1…365", self.auth.refresh_token_days), "30");
        }
        if !(1..=16).contains(&self.auth.hash_threads) {
            return refuse("auth.hash_threads", format!("= {} is not within 1…16", self.auth.hash_threads), "1");
        }
        if !(8..=4096).contains(&self.plugins.max_calls) {
            return refuse("plugins.max_calls", format!("= {} is not within 8…4096", self.plugins.max_calls), "336");
        }
        self.chat.check()?;
        self.llm.check()?;
        self.embedding.check()?;
        if self.limits.xp_per_task < 0 || self.limits.xp_per_day < 0 {
            return refuse("limits.xp_per_task", "and `limits.xp_per_day` must not be negative".into(), "1000");
        }
        if let Some(key) = &self.secrets_key {
            use base64::Engine as _;
            let bytes = base64::engine::general_purpose::STANDARD.decode(key.expose_secret().trim());
            if bytes.map(|bytes| bytes.len()) != Ok(32) {
                return Err(Refused("`MNEMOSYNE_SECRETS_KEY` is not 32 bytes in base64; make one with `openssl rand -base64 32`".into()));
            }
        }
        Ok(())
    }
}

/// One sentence out of figment's first error, with a "did you mean" for unknown keys.
fn explain(error: &figment::Error) -> String {
    use figment::error::Kind;
    let key = if error.path.is_empty() { String::new() } else { format!("`{}` ", error.path.join(".")) };
    match &error.kind {
        Kind::UnknownField(name, expected) => {
            let near = expected.iter().min_by_key(|known| strsim::damerau_levenshtein(known, name));
            let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            format!("the configuration has an unknown key `{name}`{near}")
        }
        kind => {
            let source = error.metadata.as_ref().map(|metadata| format!(" (from {})", metadata.name)).unwrap_or_default();
            format!("{key}is not right: {kind}{source}; `.env.example` shows a good value of every setting")
        }
    }
}
