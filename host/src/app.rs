//! The composition root: [`Config`] → [`App`]. The only file that knows every room.

use std::ops::Deref;
use std::os::unix::fs::DirBuilderExt as _;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use async_trait::async_trait;
use mnemosyne_runtime::{Backends, NoRecorder, Registry, Runtime, Settings};

use crate::backend::auth::Credentials;
use crate::backend::auth::passwords::Passwords;
use crate::clock::{Clock, IdSource, SystemClock, SystemIds};
use crate::config::{Config, Migrate};
use crate::error::Fault;
use crate::plugin::auth_provider::{Answer, Attempt, AuthProviders, CallFailure, Field, Finished, Guests, Method};
use crate::plugin::xp_rules::XpRules;
use crate::service::auth::{ApiKeys, Auth, Common, People};
use crate::service::game::Game;
use crate::service::tasks::Tasks;
use crate::service::vault::Vault;
use crate::store::{ConnectOptions, Db};

/// The running host, cheap to clone: every handler holds one.
#[derive(Clone)]
pub struct App(Arc<Rooms>);

/// What an [`App`] is made of.
pub struct Rooms {
    /// Every setting.
    pub config: Config,
    /// The generation of bindings, as answers carry it in `X-Mnemosyne-Generation`.
    pub generation: AtomicU64,
    /// The platform's data.
    pub db: Db,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids and randomness.
    pub ids: Arc<dyn IdSource>,
    /// Sign-in and authentication.
    pub auth: Arc<Auth>,
    /// Accounts, as operators change them.
    pub accounts: People,
    /// Keys of programs.
    pub api_keys: ApiKeys,
    /// Tasks.
    pub tasks: Tasks,
    /// Points, levels, streaks, achievements.
    pub game: Game,
}

impl Deref for App {
    type Target = Rooms;
    fn deref(&self) -> &Rooms {
        &self.0
    }
}

/// Why the host did not start: one sentence that says what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StartError(pub String);

impl App {
    /// Opens everything the configuration names: data folder, database, keys, plugin runtime, services.
    ///
    /// # Errors
    /// [`StartError`] with one sentence for the operator.
    pub async fn open(config: Config) -> Result<Self, StartError> {
        let data = &config.data;
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(data).map_err(|error| StartError(format!("the data folder `{}` cannot be made: {error}", data.display())))?;
        let vault = Arc::new(Vault::open(config.secrets_key.as_ref(), data).map_err(|error| StartError(error.to_string()))?);
        let options = ConnectOptions { max_connections: config.database.max_connections, ..ConnectOptions::default() };
        let db = Db::connect(&config.database_url(), &options).await.map_err(|error| StartError(error.to_string()))?;
        let (clock, ids): (Arc<dyn Clock>, Arc<dyn IdSource>) = (Arc::new(SystemClock), Arc::new(SystemIds));
        if config.database.migrate == Migrate::Auto {
            db.migrate(clock.now()).await.map_err(|error| StartError(error.to_string()))?;
        }
        db.check_schema().await.map_err(|error| StartError(error.to_string()))?;
        let passwords = Arc::new(Passwords::start(config.auth.hash_threads).map_err(|error| StartError(format!("no threads for passwords: {error}")))?);
        let credentials = Credentials::new(db.clone(), Arc::clone(&ids), Arc::clone(&passwords));
        let common = Common::new(db.clone(), Arc::clone(&clock), Arc::clone(&ids), passwords);
        let providers = Arc::new(AuthProviders::new(Arc::new(Direct(credentials))));
        let auth = Auth::open(&config, Arc::clone(&common), vault, providers).await.map_err(|fault| StartError(format!("{fault:?}")))?;
        let (accounts, api_keys) = (People::new(Arc::clone(&common)), ApiKeys::new(common));
        let registry = Arc::new(Registry::new());
        let runtime = Runtime::start(Settings::default(), Backends::in_memory(), Arc::new(NoRecorder)).map_err(|error| StartError(error.to_string()))?;
        let game = Game::new(db.clone(), Arc::new(XpRules::new(runtime, registry)), &config.limits, Arc::clone(&clock), Arc::clone(&ids));
        let tasks = Tasks::new(game.clone());
        Ok(Self(Arc::new(Rooms { config, generation: AtomicU64::new(0), db, clock, ids, auth, accounts, api_keys, tasks, game })))
    }
}

/// The password provider without a guest, until the plugin runtime is wired here.
struct Direct(Credentials);

#[async_trait]
impl Guests for Direct {
    fn bound(&self) -> Vec<(String, String)> {
        vec![("password".into(), "direct".into())]
    }
    async fn describe(&self, provider: &str, _locale: &str) -> Result<Method, CallFailure> {
        let field = |name: &str, label: &str, kind: &str| Field { name: name.into(), label: label.into(), kind: kind.into(), required: true };
        let fields = vec![field("username", "Username or e-mail", "text"), field("password", "Password", "secret")];
        Ok(Method { id: provider.into(), label: "Password".into(), flow: "credentials".into(), fields })
    }
    async fn finish(&self, attempt: Attempt<'_>) -> Result<Finished, CallFailure> {
        let failed = |fault: Fault| CallFailure { busy: fault.retry_after.is_some(), reason: format!("{fault:?}") };
        let subject = self.0.verify_password(attempt.login, &attempt.password).await.map_err(failed)?.map(|id| id.to_string());
        Ok(Finished { answer: subject.clone().map_or(Answer::Denied, Answer::Subject), proved: subject.into_iter().collect(), reject: Box::new(|_| {}) })
    }
}
