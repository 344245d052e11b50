//! What the operator meets on the first day: the key, three commands that work as they stand, and what is not configured.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::Stop;
use crate::app::App;
use crate::backend::llm::probe;
use crate::config::Registration;

/// What is printed when the host is ready.
pub(super) struct Greeting {
    address: String,
    key_file: Option<PathBuf>,
    database: &'static str,
    registration: Registration,
    model: String,
    plugins: Vec<String>,
}

/// Writes the one-time operator key if nobody could administer this host yet.
pub(super) async fn prepare(app: &App) -> Result<Greeting, Stop> {
    let path = app.config.data.join("operator.key");
    if let Some(key) = app.api_keys.for_first_start().await? {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)
            .map_err(|error| Stop::failed(format!("`{}` cannot be written: {error}", path.display())))?;
        writeln!(file, "{key}").map_err(|error| Stop::failed(format!("`{}` cannot be written: {error}", path.display())))?;
    }
    let plugins = app.slots.summary();
    Ok(Greeting {
        address: format!("http://{}", app.config.server.listen),
        key_file: path.exists().then_some(path),
        database: if app.config.database_url().starts_with("sqlite") { "SQLite in the data folder" } else { "PostgreSQL" },
        registration: app.config.registration(),
        model: probe::configured(&app.config.llm),
        plugins,
    })
}

impl Greeting {
    pub(super) fn json(&self) -> Value {
        json!({"address": self.address, "docs": format!("{}/docs", self.address), "operator_key_file": self.key_file, "database": self.database, "language_model": self.model, "slots": self.plugins})
    }

    pub(super) fn text(&self) -> String {
        let Self { address, .. } = self;
        let key = match &self.key_file {
            Some(path) => format!("operator key   {}", path.display()),
            None => "operator key   none here: `mnemosyne key create` makes one".to_owned(),
        };
        let register = match self.registration {
            Registration::Open => String::new(),
            Registration::Closed => "   # registration is closed: `mnemosyne user add` makes accounts".to_owned(),
        };
        let slots = self.plugins.join("\n               ");
        format!(
            "Mnemosyne is ready\n\
             address        {address}\n\
             docs           {address}/docs\n\
             {key}\n\
             database       {}\n\
             language model {}\n\
             plugins        {slots}\n\
             \n\
             Try it:\n\
             TOKEN=$(curl -s {address}/api/v1/auth/register -H 'content-type: application/json' -d '{{\"email\":\"ada@example.org\",\"username\":\"ada\",\"password\":\"correct horse battery\"}}' | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/'){register}\n\
             curl -s {address}/api/v1/tasks -H \"authorization: Bearer $TOKEN\" -H 'content-type: application/json' -d '{{\"title\":\"Water the plants\",\"difficulty\":2}}'\n\
             curl -sN {address}/api/v1/chat/stream -H \"authorization: Bearer $TOKEN\" -H 'content-type: application/json' -d '{{\"message\":\"Help me plan my week\"}}'\n",
            self.database, self.model
        )
    }
}
