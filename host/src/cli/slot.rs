//! `mnemosyne slot`: what is bound where, and how to change it while requests run.

use std::path::PathBuf;

use clap::Subcommand;
use http::Method;
use serde_json::{Map, Value, json};

use super::output::{Output, short, text};
use super::transport::{Answer, Payload, Transport};
use super::{Global, Stop};

#[derive(Subcommand)]
pub(super) enum Slot {
    /// Every slot with its live revision
    List,
    /// Bind a revision: new calls take it at once, calls in flight end on the old one
    Bind {
        /// e.g. xp-rules, auth-provider/password
        slot: String,
        /// name@version
        revision: String,
        /// Skip the stages an operator's policy asks for (audited)
        #[arg(long)]
        force: bool,
    },
    /// Back to the revision that was live before
    Rollback {
        /// e.g. xp-rules
        slot: String,
    },
    /// Who bound what, and when
    History {
        /// e.g. xp-rules
        slot: String,
    },
    /// Show or change the settings that the plugin's manifest declares
    Config {
        /// e.g. xp-rules
        slot: String,
        /// Set a value: key=value (numbers, true, false and JSON are understood; all else is text)
        #[arg(long = "set", value_name = "KEY=VALUE")]
        set: Vec<String>,
        /// Back to the manifest's default
        #[arg(long = "unset", value_name = "KEY")]
        unset: Vec<String>,
        /// Replace all values by those of a JSON file
        #[arg(long, value_name = "FILE", conflicts_with_all = ["set", "unset"])]
        file: Option<PathBuf>,
        /// Let the plugin know of this secret by name
        #[arg(long = "secret", value_name = "NAME")]
        secrets: Vec<String>,
        /// Let the plugin know of no secret any more
        #[arg(long, conflicts_with = "secrets")]
        no_secrets: bool,
    },
}

/// Splits `name@version`.
pub(super) fn revision(text: &str) -> Result<(&str, &str), Stop> {
    text.split_once('@').filter(|(name, version)| !name.is_empty() && !version.is_empty()).ok_or_else(|| {
        Stop::usage(format!("`{text}` is not a revision"))
            .hint("write name@version, e.g. xp-rules-momentum@0.1.0; `mnemosyne plugin list` shows them")
    })
}

/// It becomes a part of a path: what is no slot must not lead to another one.
fn named(slot: &str) -> Result<(), Stop> {
    if slot.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/')) {
        return Ok(());
    }
    Err(Stop::usage(format!("`{slot}` is no slot"))
        .hint("slots are `xp-rules`, `task-intelligence`, `persona/<id>`, `auth-provider/<id>`; `mnemosyne slot list` shows them"))
}

fn live(slot: &Value) -> Option<String> {
    let binding = slot["bindings"].as_array()?.iter().find(|binding| binding["mode"] == "live")?;
    Some(format!("{}@{}", text(binding, "plugin"), text(binding, "version")))
}

fn show(slot: &Value) -> String {
    let mut lines = vec![format!("{} generation {} · {}", text(slot, "slot"), slot["generation"], text(slot, "health"))];
    for binding in slot["bindings"].as_array().into_iter().flatten() {
        lines.push(format!(
            "  {} {}@{} {}",
            text(binding, "mode"),
            text(binding, "plugin"),
            text(binding, "version"),
            short(text(binding, "digest"))
        ));
    }
    lines.join("\n")
}

impl Slot {
    pub(super) async fn run(self, global: &Global) -> Result<(), Stop> {
        if let Self::Bind { slot, .. } | Self::Rollback { slot } | Self::History { slot } | Self::Config { slot, .. } = &self {
            named(slot)?;
        }
        let host = Transport::open(global).await?;
        let output = global.output();
        match self {
            Self::List => {
                output.show(&host.all("/slots").await?, |body| {
                    let rows = body["items"].as_array().into_iter().flatten();
                    Output::table(
                        &["SLOT", "LIVE", "GENERATION", "HEALTH"],
                        rows.map(|slot| {
                            vec![
                                text(slot, "slot").to_owned(),
                                live(slot).unwrap_or_else(|| "-".into()),
                                slot["generation"].to_string(),
                                text(slot, "health").to_owned(),
                            ]
                        })
                        .collect(),
                    )
                });
            }
            Self::Bind { slot, revision: wanted, force } => {
                let (plugin, version) = revision(&wanted)?;
                let before = host.get(&format!("/slots/{slot}")).await?;
                let body = json!({"plugin": plugin, "version": version, "force": force});
                let answer = host.call(Method::PUT, &format!("/slots/{slot}"), before.etag.as_deref(), Payload::Json(body)).await?;
                let undo = match live(&before.body) {
                    Some(previous) => format!("mnemosyne slot bind {slot} {previous}"),
                    None => format!("mnemosyne plugin block {plugin} --version {version} --reason \"…\"   # nothing was bound before"),
                };
                output.changed(&answer.body, &undo, show);
            }
            Self::Rollback { slot } => {
                let before = host.get(&format!("/slots/{slot}")).await?;
                let answer = host.call(Method::POST, &format!("/slots/{slot}/rollback"), before.etag.as_deref(), Payload::None).await?;
                let undo = live(&before.body)
                    .map_or_else(|| "mnemosyne slot bind …".into(), |previous| format!("mnemosyne slot bind {slot} {previous}"));
                output.changed(&answer.body, &undo, show);
            }
            Self::History { slot } => {
                output.show(&host.all(&format!("/slots/{slot}/history")).await?, |body| {
                    let rows = body["items"].as_array().into_iter().flatten();
                    Output::table(
                        &["GENERATION", "AT", "ACTION", "REVISION", "BY"],
                        rows.map(|row| {
                            vec![
                                row["generation"].to_string(),
                                text(row, "created_at").to_owned(),
                                text(row, "action").to_owned(),
                                if text(row, "plugin").is_empty() {
                                    "-".into()
                                } else {
                                    format!("{}@{}", text(row, "plugin"), text(row, "version"))
                                },
                                text(row, "actor").to_owned(),
                            ]
                        })
                        .collect(),
                    )
                });
            }
            Self::Config { slot, set, unset, file, secrets, no_secrets } => {
                config(&host, output, &slot, &Change { set, unset, file, secrets, no_secrets }).await?;
            }
        }
        Ok(())
    }
}

struct Change {
    set: Vec<String>,
    unset: Vec<String>,
    file: Option<PathBuf>,
    secrets: Vec<String>,
    no_secrets: bool,
}

async fn config(host: &Transport, output: Output, slot: &str, change: &Change) -> Result<(), Stop> {
    let before = host.get(&format!("/slots/{slot}/config")).await?;
    if change.set.is_empty() && change.unset.is_empty() && change.file.is_none() && change.secrets.is_empty() && !change.no_secrets {
        output.show(&before.body, settings);
        return Ok(());
    }
    let answer = put_config(host, slot, &before, change).await?;
    let old = json!({"values": before.body["values"], "secrets": before.body["secrets"]});
    let names: Vec<&str> = old["secrets"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let secrets = match (change.secrets.is_empty() && !change.no_secrets, names.as_slice()) {
        (true, _) => String::new(),
        (false, []) => " --no-secrets".to_owned(),
        (false, names) => format!(" --secret {}", names.join(" --secret ")),
    };
    output.changed(&answer.body, &format!("mnemosyne slot config {slot} --file <(echo '{}'){secrets}", old["values"]), settings);
    Ok(())
}

async fn put_config(host: &Transport, slot: &str, before: &Answer, change: &Change) -> Result<Answer, Stop> {
    let mut values = before.body["values"].as_object().cloned().unwrap_or_default();
    if let Some(file) = &change.file {
        let bytes = std::fs::read(file).map_err(|error| Stop::usage(format!("`{}` cannot be read: {error}", file.display())))?;
        values = serde_json::from_slice::<Map<String, Value>>(&bytes)
            .map_err(|error| Stop::usage(format!("`{}` is not a JSON object: {error}", file.display())))?;
    }
    for pair in &change.set {
        let (key, value) = pair.split_once('=').ok_or_else(|| Stop::usage(format!("`{pair}` is not key=value")))?;
        values.insert(key.to_owned(), serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned())));
    }
    for key in &change.unset {
        values.remove(key);
    }
    let secrets = match (change.no_secrets, change.secrets.is_empty()) {
        (true, _) => json!([]),
        (false, true) => before.body["secrets"].clone(),
        (false, false) => json!(change.secrets),
    };
    host.call(
        Method::PUT,
        &format!("/slots/{slot}/config"),
        before.etag.as_deref(),
        Payload::Json(json!({"values": values, "secrets": secrets})),
    )
    .await
}

fn settings(body: &Value) -> String {
    let declared = body["schema"].as_object();
    let mut rows: Vec<Vec<String>> = Vec::new();
    for (key, field) in declared.into_iter().flatten() {
        let value = body["values"].get(key).map_or_else(|| format!("{} (default)", field["default"]), Value::to_string);
        rows.push(vec![key.clone(), value, text(field, "type").to_owned(), text(field, "doc").to_owned()]);
    }
    let table = if rows.is_empty() {
        "the bound plugin declares no settings".into()
    } else {
        Output::table(&["KEY", "VALUE", "TYPE", "MEANING"], rows)
    };
    let names: Vec<&str> = body["secrets"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if names.is_empty() { table } else { format!("{table}\nsecrets: {}", names.join(", ")) }
}
