//! The operator's command line: one subcommand a file.
//!
//! Commands about behaviour (`plugin`, `slot`, `secret`, `reembed`) are requests to the admin API: to `--url` with `--key` when they
//! are given, else to the same router in this very process over the database, so that both ways have one set of rules
//! (see [`transport`]). A running host notices within a second. Commands about the machine (`serve`, `migrate`, `doctor`,
//! `user`, `key`) work on the data folder. Each command that changes something ends with the command that undoes it.

mod compile;
mod doctor;
mod first_start;
mod key;
mod migrate;
mod openapi;
mod output;
mod plugin;
mod reembed;
mod secret;
mod serve;
mod slot;
mod transport;
mod user;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::parser::ValueSource;
use clap::{ArgMatches, Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::config::Config;
use output::Output;

/// Exit codes, shown by `--help`.
const EXIT_CODES: &str = "Exit codes: 0 done · 1 failed · 2 wrong usage or configuration · 3 refused (invalid, conflict, held) · 4 not found · 5 not permitted · 6 unavailable, try again\n\nConfiguration: `mnemosyne.toml` < environment `MNEMOSYNE_*` (`__` nests: MNEMOSYNE_DATABASE__URL) < flags. `.env.example` lists every setting.";

/// A self-hosted backend for memories, tasks and conversations whose behaviour is plugins.
#[derive(Parser)]
#[command(name = "mnemosyne", version, after_help = EXIT_CODES, arg_required_else_help = true, propagate_version = true)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Args, Clone)]
pub(crate) struct Global {
    /// Configuration file [default: mnemosyne.toml here, if it exists]
    #[arg(long, global = true, env = "MNEMOSYNE_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Folder of the database, keys and compiled plugins [default: data]
    #[arg(long, global = true, env = "MNEMOSYNE_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
    /// Print JSON instead of text
    #[arg(long, global = true)]
    json: bool,
    /// A running host to talk to, e.g. http://127.0.0.1:8080; without it the commands work on the data folder
    #[arg(long, global = true, env = "MNEMOSYNE_URL", value_name = "URL")]
    url: Option<String>,
    /// API key for `--url`
    #[arg(long, global = true, env = "MNEMOSYNE_KEY", value_name = "KEY", hide_env_values = true)]
    key: Option<String>,
    /// `--url` stands on the command line itself.
    #[arg(skip)]
    url_typed: bool,
}

impl Global {
    /// The configuration these flags lead to.
    fn load(&self) -> Result<Config, Stop> {
        Config::load(self.config.as_deref(), self.data.as_deref()).map_err(|refused| Stop::usage(refused.to_string()))
    }

    fn output(&self) -> Output {
        Output { json: self.json }
    }

    /// A command about the machine: somebody who means another host must not change this one.
    fn here(&self, command: &str) -> Result<(), Stop> {
        if self.url_typed {
            let message = format!("`{command}` works on the data folder of the host's own machine, not through `--url`");
            return Err(Stop::usage(message).hint("run it on that machine, without `--url`"));
        }
        if self.url.is_some() {
            eprintln!("note: `{command}` works on this machine's data folder; MNEMOSYNE_URL is not used");
        }
        Ok(())
    }
}

#[derive(Subcommand)]
enum Command {
    /// Serve the API; makes the data folder, keys and bundled plugins at first start
    Serve(serve::Serve),
    /// Bring the database to this binary's schema
    Migrate(migrate::Migrate),
    /// Check every dependency and say what to do
    Doctor,
    /// Accounts: add, list, passwd, lock, unlock, role, delete
    #[command(subcommand)]
    User(user::User),
    /// API keys and signing keys: create, list, remove, rotate
    #[command(subcommand)]
    Key(key::Key),
    /// Secrets that plugins name and only the host reads: set, list, remove
    #[command(subcommand)]
    Secret(secret::Secret),
    /// Plugins: add, list, show, diff, grant, approve, block, remove
    #[command(subcommand)]
    Plugin(plugin::Plugin),
    /// What is bound where: list, bind, rollback, history, config
    #[command(subcommand)]
    Slot(slot::Slot),
    /// Move every vector to the space of the configured embedder, while searches go on
    Reembed,
    /// Print the OpenAPI document
    Openapi,
    /// Compile one component under resource limits (used by the host itself)
    #[command(hide = true)]
    Compile(compile::Compile),
}

/// Why a command stops: an exit code and one sentence.
#[derive(Debug)]
pub(crate) struct Stop {
    code: u8,
    message: String,
    hint: Option<String>,
}

impl Stop {
    fn failed(message: impl Into<String>) -> Self {
        Self { code: 1, message: message.into(), hint: None }
    }
    fn usage(message: impl Into<String>) -> Self {
        Self { code: 2, message: message.into(), hint: None }
    }
    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl From<crate::error::Fault> for Stop {
    fn from(fault: crate::error::Fault) -> Self {
        use crate::error::ErrorKind;
        let code = match fault.code.kind() {
            ErrorKind::Malformed | ErrorKind::Invalid | ErrorKind::TooLarge | ErrorKind::Conflict | ErrorKind::Stale => 3,
            ErrorKind::NotFound => 4,
            ErrorKind::Unauthenticated | ErrorKind::Forbidden => 5,
            ErrorKind::RateLimited | ErrorKind::Upstream | ErrorKind::Unavailable | ErrorKind::TimedOut => 6,
            ErrorKind::Internal => 1,
        };
        let mut message = fault.public_message().to_owned();
        for part in fault.fields.iter().map(|field| format!("{} {}", field.pointer, field.message)).chain(fault.detail.clone()) {
            message.push_str("; ");
            message.push_str(&part);
        }
        // At the operator's own terminal the cause may be seen: it is their machine.
        if let (1, Some(cause)) = (code, &fault.cause) {
            message = format!("{message}: {cause}");
        }
        Self { code, message, hint: Some(fault.public_hint().to_owned()) }
    }
}

impl From<crate::app::StartError> for Stop {
    fn from(error: crate::app::StartError) -> Self {
        Self::usage(error.0)
    }
}

/// Reads the command line, does it, and gives the exit code.
pub fn main() -> ExitCode {
    let matches = Cli::command().get_matches();
    let mut cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    cli.global.url_typed = typed(&matches, "url");
    let output = cli.global.output();
    // The child compiles and nothing else: no runtime, no crypto provider, no configuration.
    if let Command::Compile(compile) = cli.command {
        return compile.run();
    }
    // Two TLS back ends are linked; without a choice the first TLS connection would panic.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().thread_name("mnemosyne").build() {
        Ok(runtime) => runtime,
        Err(error) => return output.stop(&Stop::failed(format!("no threads can be started: {error}"))),
    };
    let done = runtime.block_on(dispatch(cli));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(stop) => output.stop(&stop),
    }
}

/// Whether a flag stands on the command line, before or after the subcommand.
fn typed(matches: &ArgMatches, flag: &str) -> bool {
    let here = matches.value_source(flag) == Some(ValueSource::CommandLine);
    here || matches.subcommand().is_some_and(|(_, matches)| typed(matches, flag))
}

async fn dispatch(cli: Cli) -> Result<(), Stop> {
    let global = cli.global;
    match &cli.command {
        Command::Serve(_) if global.url_typed => global.here("serve")?,
        Command::Migrate(_) => global.here("migrate")?,
        Command::Doctor => global.here("doctor")?,
        Command::User(_) => global.here("user")?,
        Command::Key(_) => global.here("key")?,
        _ => {}
    }
    match cli.command {
        Command::Serve(serve) => serve.run(&global).await,
        Command::Migrate(migrate) => migrate.run(&global).await,
        Command::Doctor => doctor::run(&global).await,
        Command::User(user) => user.run(&global).await,
        Command::Key(key) => key.run(&global).await,
        Command::Secret(secret) => secret.run(&global).await,
        Command::Plugin(plugin) => plugin.run(&global).await,
        Command::Slot(slot) => slot.run(&global).await,
        Command::Reembed => reembed::run(&global).await,
        Command::Openapi => openapi::run(),
        Command::Compile(_) => Ok(()),
    }
}
