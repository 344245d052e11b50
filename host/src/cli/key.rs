//! `mnemosyne key`: API keys for people and machines, and the keys that sign access tokens.

use clap::Subcommand;
use serde_json::json;

use super::output::{Output, text};
use super::{Global, Stop};
use crate::app::App;
use crate::service::principal::Permission;

#[derive(Subcommand)]
pub(super) enum Key {
    /// Make an API key; it is shown once
    Create {
        /// What it is for
        #[arg(long, default_value = "operator")]
        name: String,
        /// The account it acts for; without one it is an operator's key
        #[arg(long, value_name = "LOGIN")]
        user: Option<String>,
        /// What it may do (repeatable) [default: all that its owner may]
        #[arg(long = "scope", value_parser = scope)]
        scopes: Vec<Permission>,
        /// Days until it expires [default: never]
        #[arg(long)]
        days: Option<u32>,
    },
    /// Names, prefixes and dates; keys are never shown again
    List,
    /// Remove an API key: it stops working within a second
    Remove {
        /// The id that `key list` shows
        id: uuid::Uuid,
    },
    /// Make a new signing key: it is published before use, the old one is kept past the longest token
    Rotate,
}

fn scope(text: &str) -> Result<Permission, String> {
    text.parse().map_err(|()| {
        format!(
            "`{text}` is not a permission; permissions are {}",
            Permission::ALL.iter().map(|permission| permission.text()).collect::<Vec<_>>().join(", ")
        )
    })
}

impl Key {
    pub(super) async fn run(self, global: &Global) -> Result<(), Stop> {
        let config = global.load()?;
        crate::telemetry::install_quiet(&config.telemetry).map_err(Stop::usage)?;
        let app = App::open(config).await?;
        let output = global.output();
        match self {
            Self::Create { name, user, scopes, days } => {
                let made = app.api_keys.create(&name, user.as_deref(), &scopes, days).await?;
                let undo = format!("mnemosyne key remove {}", made.id);
                output.changed(&json!({"id": made.id, "name": name, "key": made.key}), &undo, |value| {
                    format!("{}\nkeep it: it is not shown again", text(value, "key"))
                });
            }
            Self::List => {
                let keys = serde_json::to_value(app.api_keys.list().await?).map_err(|error| Stop::failed(error.to_string()))?;
                output.show(&keys, |keys| {
                    let rows = keys.as_array().into_iter().flatten();
                    Output::table(
                        &["ID", "NAME", "PREFIX", "EXPIRES"],
                        rows.map(|key| {
                            vec![
                                text(key, "id").to_owned(),
                                text(key, "name").to_owned(),
                                text(key, "prefix").to_owned(),
                                text(key, "expires_at").to_owned(),
                            ]
                        })
                        .collect(),
                    )
                });
            }
            Self::Remove { id } => {
                app.api_keys.remove(id).await?;
                output.changed(&json!({"id": id}), "mnemosyne key create", |_| format!("key {id} is removed"));
            }
            Self::Rotate => {
                let kid = app.auth.rotate_signing_key().await?;
                output.changed(&json!({"kid": kid}), "none needed: tokens of the old key stay valid until they expire", |_| {
                    format!("new signing key {kid} is published; it signs from the next start or within a minute")
                });
            }
        }
        app.close().await;
        Ok(())
    }
}
