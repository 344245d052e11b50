//! The composition root: [`Config`] → [`App`]. The only file that knows every room.

use std::ops::Deref;
use std::os::unix::fs::DirBuilderExt as _;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use mnemosyne_runtime::artifact::Artifacts;
use mnemosyne_runtime::compile::Compiler;
use mnemosyne_runtime::{Backends, CallRecord, Compile, Registry, Runtime, Settings};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::backend::actions::{Actions, Performer};
use crate::backend::auth::Credentials;
use crate::backend::auth::passwords::Passwords;
use crate::backend::embedding::capability::PluginEmbeddings;
use crate::backend::embedding::collections::Collections;
use crate::backend::embedding::{self, Desk};
use crate::backend::http::{Outside, Resolve, SystemResolver};
use crate::backend::llm::Models;
use crate::backend::log::PluginLog;
use crate::backend::storage::PluginStorage;
use crate::backend::storage::memories::{PluginMemories, Searcher};
use crate::backend::storage::tasks::PluginTasks;
use crate::backend::vector::PluginVectors;
use crate::clock::{Clock, IdSource, SystemClock, SystemIds};
use crate::config::{Config, Migrate};
use crate::error::Outcome;
use crate::job;
use crate::job::record_calls::Queue;
use crate::plugin::auth_provider::{AuthProviders, Sandboxed};
use crate::plugin::loader::Loader;
use crate::plugin::persona::Personas as Voices;
use crate::plugin::task_intelligence::TaskIntelligence;
use crate::plugin::views::Views as Shown;
use crate::plugin::xp_rules::XpRules;
use crate::service::actions::Acting;
use crate::service::audit::LOCAL_KEY;
use crate::service::auth::{ApiKeys, Auth, Common, People};
use crate::service::bundled;
use crate::service::chat::Chat;
use crate::service::embedding::Embeddings;
use crate::service::game::Game;
use crate::service::jobs::Jobs;
use crate::service::memories::Memories;
use crate::service::openai::OpenAi;
use crate::service::personas::Personas;
use crate::service::plugins::Plugins;
use crate::service::plugins::views::Views;
use crate::service::principal::{Principal, Role};
use crate::service::secrets::Secrets;
use crate::service::slots::Slots;
use crate::service::streams::Streams;
use crate::service::tasks::Tasks;
use crate::service::vault::Vault;
use crate::store::{ConnectOptions, Db};
use crate::vector::VectorStore;
use crate::vector::embedded::EmbeddedVectors;

/// The running host, cheap to clone: every handler holds one.
#[derive(Clone)]
pub struct App(Arc<Rooms>);

/// What an [`App`] is made of.
pub struct Rooms {
    /// Every setting.
    pub config: Config,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids and random bytes.
    pub ids: Arc<dyn IdSource>,
    /// The platform's database, for health and for jobs.
    pub db: Db,
    /// The plugin runtime, for its gauges; calls go through the typed doors of `plugin`.
    pub runtime: Arc<Runtime>,
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
    /// Who answers, how, and what they are told.
    pub personas: Personas,
    /// Conversations and the answers in them.
    pub chat: Chat,
    /// What people keep.
    pub memories: Memories,
    /// Vectors of memories.
    pub embeddings: Arc<Embeddings>,
    /// Long work that outlives a request.
    pub jobs: Jobs,
    /// Plugins' own collections of vectors.
    pub collections: Arc<Collections>,
    /// How many answers one person may be listening to.
    pub streams: Streams,
    /// What OpenAI's clients ask for.
    pub openai: OpenAi,
    /// Language models.
    pub models: Arc<Models>,
    /// Known plugins.
    pub plugins: Arc<Plugins>,
    /// What plugins show of what they keep about the caller.
    pub views: Views,
    /// What is bound where.
    pub slots: Arc<Slots>,
    /// Operators' secrets.
    pub secrets: Arc<Secrets>,
    _acting: Arc<dyn Performer>,
    _searching: Arc<dyn Searcher>,
    records: Arc<Queue>,
    waiting_records: Mutex<Option<mpsc::Receiver<Arc<CallRecord>>>>,
    working: Mutex<JoinSet<()>>,
    local_key: OnceLock<SecretString>,
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

impl StartError {
    fn because(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }
    fn fault(fault: &crate::error::Fault) -> Self {
        Self(format!("{fault:?}"))
    }
}

/// Opens the database of a configuration without changing it: for `migrate` and `doctor`.
///
/// # Errors
/// [`StartError`] that names the address without its password.
pub async fn connect(config: &Config) -> Result<Db, StartError> {
    let data = &config.data;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(data);
    made.map_err(|error| {
        StartError(format!("the data folder `{}` cannot be made: {error}; name another one with `--data`", data.display()))
    })?;
    let options = ConnectOptions { max_connections: config.database.max_connections, ..ConnectOptions::default() };
    Db::connect(&config.database_url(), &options).await.map_err(|error| {
        let url = config.database_url();
        let shown = url.split_once('@').map_or(url.clone(), |(_, rest)| format!("postgres://…@{rest}"));
        StartError(format!("`database.url` = `{shown}` cannot be opened: {error}"))
    })
}

impl App {
    /// Opens everything the configuration names: data folder, database, keys, plugin runtime, services; adds the bundled
    /// plugins and loads what is bound.
    ///
    /// # Errors
    /// [`StartError`] with one sentence for the operator.
    pub async fn open(config: Config) -> Result<Self, StartError> {
        Self::open_resolving(config, Arc::new(SystemResolver)).await
    }

    /// As [`App::open`], with another source of addresses for what plugins reach outside.
    ///
    /// # Errors
    /// As [`App::open`].
    pub async fn open_resolving(config: Config, resolver: Arc<dyn Resolve>) -> Result<Self, StartError> {
        let (clock, ids): (Arc<dyn Clock>, Arc<dyn IdSource>) = (Arc::new(SystemClock), Arc::new(SystemIds));
        let (db, vault, passwords) = ground(&config, clock.as_ref()).await?;
        let Recall { desk, collections, embeddings, memories, searching } = recall(&config, &db, &clock, &ids)?;
        let (records, waiting_records) = Queue::new();
        let secrets = Arc::new(Secrets::new(db.clone(), Arc::clone(&clock), Arc::clone(&vault)));
        let actions = Arc::new(Actions::default());
        let outside = Outside::new(resolver, Arc::clone(&secrets) as _, config.plugins.allowed_origins.clone());
        let models = Arc::new(Models::open(&config.llm, db.clone(), Arc::clone(&clock), Arc::clone(&ids)).map_err(StartError)?);
        let backends = Backends {
            log: Arc::new(PluginLog),
            kv: Arc::new(PluginStorage::new(db.clone())),
            memories: Arc::new(PluginMemories::new(db.clone(), &searching)),
            tasks: Arc::new(PluginTasks::new(db.clone())),
            vectors: Arc::new(PluginVectors::new(Arc::clone(&collections))),
            models: Arc::clone(&models) as _,
            embeddings: Arc::new(PluginEmbeddings::new(Arc::clone(&desk))),
            actions: Arc::clone(&actions) as _,
            http: Arc::new(outside),
            credentials: Arc::new(Credentials::new(db.clone(), Arc::clone(&clock), Arc::clone(&ids), Arc::clone(&passwords))),
            ..Backends::in_memory()
        };
        let runtime = Runtime::start(settings(&config, &vault)?, backends, Arc::clone(&records) as _).map_err(StartError::because)?;
        let registry = Arc::new(Registry::new());
        let loader = Arc::new(Loader::new(Arc::clone(&runtime), Arc::clone(&registry)));
        let plugins = Arc::new(Plugins::new(db.clone(), Arc::clone(&clock), Arc::clone(&ids), Arc::clone(&loader)));
        let slots = Arc::new(Slots::new(db.clone(), Arc::clone(&clock), loader, Arc::clone(&plugins)));

        let common = Common::new(db.clone(), Arc::clone(&clock), Arc::clone(&ids), passwords);
        let origin = config.server.public_url.clone().unwrap_or_else(|| format!("http://{}", config.server.listen));
        let guests = Sandboxed::new(Arc::clone(&runtime), Arc::clone(&registry), Arc::clone(&clock), Arc::clone(&ids), origin);
        let providers = Arc::new(AuthProviders::new(Arc::new(guests)));
        let auth =
            Auth::open(&config, Arc::clone(&common), Arc::clone(&vault), providers).await.map_err(|fault| StartError::fault(&fault))?;
        let voices = Arc::new(Voices::new(Arc::clone(&runtime), Arc::clone(&registry)));
        memories.with_personas(Arc::clone(&voices));
        let rules = Arc::new(XpRules::new(Arc::clone(&runtime), Arc::clone(&registry)));
        let game = Game::new(db.clone(), rules, &config.limits, Arc::clone(&clock), Arc::clone(&ids));

        voices.with_spare(Arc::clone(&plugins) as _);
        let shown = Arc::new(Shown::new(Arc::clone(&runtime), Arc::clone(&registry)));
        let personas = Personas::new(game.clone(), Arc::clone(&voices), Arc::clone(&shown));
        let openai = OpenAi::new(db.clone(), Arc::clone(&clock), Arc::clone(&voices), personas.clone(), Arc::clone(&models), desk);
        let chat = Chat::new(&game, voices, personas.clone(), memories.clone(), Arc::clone(&auth), Arc::clone(&models), &config);

        let tasks = Tasks::new(game.clone(), Arc::new(TaskIntelligence::new(Arc::clone(&runtime), registry)));
        let acting: Arc<dyn Performer> =
            Arc::new(Acting::new(db.clone(), tasks.clone(), memories.clone(), Arc::clone(&clock), Arc::clone(&ids)));
        actions.with(&acting);

        load(&config, &plugins, &slots).await.map_err(|fault| StartError::fault(&fault))?;
        Ok(Self(Arc::new(Rooms {
            auth,
            accounts: People::new(Arc::clone(&common)),
            api_keys: ApiKeys::new(common),
            tasks,
            game,
            personas,
            chat,
            memories,
            jobs: Jobs::new(db.clone(), Arc::clone(&clock), Arc::clone(&ids), embeddings.space().clone()),
            embeddings,
            collections,
            streams: Streams::new(config.limits.streams_per_user),
            openai,
            models,
            plugins,
            views: Views::new(shown),
            slots,
            secrets,
            config,
            clock,
            ids,
            db,
            runtime,
            _acting: acting,
            _searching: searching,
            records,
            waiting_records: Mutex::new(Some(waiting_records)),
            working: Mutex::new(JoinSet::new()),
            local_key: OnceLock::new(),
        })))
    }

    /// Starts the background jobs; they end with `stop`. A second call starts nothing.
    pub fn start_jobs(&self, stop: &CancellationToken) {
        let Some(waiting) = self.waiting_records.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
        let mut jobs = self.working.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.spawn(job::record_calls::run(self.db.clone(), Arc::clone(&self.clock), Arc::clone(&self.records), waiting, stop.clone()));
        jobs.spawn(job::run(self.clone(), stop.clone()));
    }

    /// Waits for the jobs (their `stop` must be cancelled) and closes the database.
    pub async fn close(&self) {
        let mut jobs = std::mem::take(&mut *self.working.lock().unwrap_or_else(PoisonError::into_inner));
        while jobs.join_next().await.is_some() {}
        self.models.close().await;
        self.db.close().await;
    }

    /// A credential that only this process knows, for the command line's requests to its own router.
    pub fn local_credential(&self) -> &SecretString {
        self.local_key.get_or_init(|| {
            let mut bytes = [0; 32];
            self.ids.fill(&mut bytes);
            SecretString::from(format!("mn_local_{}", hex::encode(bytes)))
        })
    }

    /// The operator at this machine, if that credential was presented. Nobody is, unless the command line asked for it.
    pub(crate) fn local_operator(&self, key: &SecretString) -> Option<Principal> {
        let own = self.local_key.get()?;
        let same = aws_lc_rs::constant_time::verify_slices_are_equal(own.expose_secret().as_bytes(), key.expose_secret().as_bytes());
        same.ok()?;
        Some(Principal {
            user: LOCAL_KEY,
            display_name: "command line".into(),
            roles: vec![Role::Admin],
            permissions: Role::Admin.permissions(),
            session: None,
            authenticated_at: self.clock.now(),
            api_key: Some(LOCAL_KEY),
            timezone: "UTC".into(),
            locale: "en".into(),
        })
    }
}

/// What everything stands on: the database in today's schema, the keys, the threads for passwords.
async fn ground(config: &Config, clock: &dyn Clock) -> Result<(Db, Arc<Vault>, Arc<Passwords>), StartError> {
    let db = connect(config).await?;
    let vault = Vault::open(config.secrets_key.as_ref(), &config.data).map_err(StartError::because)?;
    if config.database.migrate == Migrate::Auto {
        db.migrate(clock.now()).await.map_err(StartError::because)?;
    }
    db.check_schema().await.map_err(StartError::because)?;
    let passwords = Passwords::start(config.auth.hash_threads).map_err(|error| StartError(format!("no threads for passwords: {error}")))?;
    Ok((db, Arc::new(vault), Arc::new(passwords)))
}

/// Loads what is bound, and binds the bundled plugins where nothing is.
async fn load(config: &Config, plugins: &Plugins, slots: &Slots) -> Outcome<()> {
    slots.load().await?;
    if config.plugins.bundled { bundled::install(plugins, slots).await } else { Ok(()) }
}

/// What finds things by meaning or by words.
struct Recall {
    desk: Arc<Desk>,
    collections: Arc<Collections>,
    embeddings: Arc<Embeddings>,
    memories: Memories,
    searching: Arc<dyn Searcher>,
}

fn recall(config: &Config, db: &Db, clock: &Arc<dyn Clock>, ids: &Arc<dyn IdSource>) -> Result<Recall, StartError> {
    let (clock, ids) = (|| Arc::clone(clock), || Arc::clone(ids));
    let budget = config.embedding.memory_mib << 20;
    let vectors: Arc<dyn VectorStore> = Arc::new(EmbeddedVectors::new(db.clone(), ids(), budget));
    let desk = Arc::new(Desk::new(embedding::open(config).map_err(StartError)?, db.clone(), clock()));
    let collections = Arc::new(Collections::new(db.clone(), ids(), Arc::clone(&vectors), Arc::clone(&desk)));
    let embeddings = Arc::new(Embeddings::new(db.clone(), clock(), ids(), vectors, Arc::clone(&desk)));
    let memories = Memories::new(db.clone(), clock(), ids(), Arc::clone(&embeddings));
    let searching = Arc::new(memories.clone());
    Ok(Recall { desk, collections, embeddings, memories, searching })
}

/// Compiled components together, bytes on disk.
const COMPILED_BYTES: u64 = 1 << 30;

/// The runtime's settings: components are compiled in a child of this very binary and kept under a key of this host.
fn settings(config: &Config, vault: &Vault) -> Result<Settings, StartError> {
    let program = match &config.plugins.compiler {
        Some(program) => program.clone(),
        None => std::env::current_exe()
            .map_err(|error| StartError(format!("`plugins.compiler` is not set and this binary's own path is unknown: {error}")))?,
    };
    let key = *vault.derive("compiled-components");
    let artifacts = Artifacts::open(config.compiled(), key, COMPILED_BYTES, Compiler::new(program)).map_err(|error| {
        StartError(format!("the folder of compiled components `{}` cannot be made: {error}", config.compiled().display()))
    })?;
    let mut settings = Settings { compile: Compile::Child(Arc::new(artifacts)), ..Settings::default() }.for_calls(config.plugins.max_calls);
    if config.plugins.workers > 0 {
        settings.workers = config.plugins.workers;
    }
    Ok(settings)
}
