//! `mnemosyne plugin`: what is known here, what it may do, and what differs between two revisions.

use std::path::PathBuf;

use clap::Subcommand;
use http::Method;
use serde_json::{Value, json};

use super::output::{Output, short, text};
use super::slot::revision;
use super::transport::{Payload, Transport};
use super::{Global, Stop};

#[derive(Subcommand)]
pub(super) enum Plugin {
    /// Check, compile and stage a component; nothing is bound by this
    Add {
        /// A component made by `plug build`
        file: PathBuf,
    },
    /// Every plugin with its revisions and where they are bound
    List,
    /// One plugin, or one revision (name@version) with its powers in words
    Show {
        /// name or name@version
        plugin: String,
    },
    /// What differs between two revisions: imports, needs, limits, settings
    Diff {
        /// name@version
        old: String,
        /// name@version
        new: String,
    },
    /// Show or narrow what a plugin may do
    Grant {
        /// name
        plugin: String,
        /// A JSON file with the policy to set; without it the grant is shown
        #[arg(long, value_name = "FILE")]
        policy: Option<PathBuf>,
    },
    /// Accept what a held revision asks for
    Approve {
        /// name@version
        revision: String,
        /// The hash that `plugin add` or `plugin show` printed: you accept exactly this difference
        #[arg(long, value_name = "HASH")]
        accept: Option<String>,
    },
    /// Refuse and unbind a revision's bytes everywhere, for good
    // `--version` names a plugin's version here, not the program's.
    #[command(disable_version_flag = true)]
    Block {
        /// name
        plugin: String,
        /// The digest to block
        #[arg(long, required_unless_present = "version")]
        digest: Option<String>,
        /// Or the version whose digest is blocked
        #[arg(long)]
        version: Option<String>,
        /// Why; stands in the audit log
        #[arg(long)]
        reason: String,
    },
    /// Remove a revision that is not bound
    Remove {
        /// name@version
        revision: String,
    },
}

impl Plugin {
    pub(super) async fn run(self, global: &Global) -> Result<(), Stop> {
        let host = Transport::open(global).await?;
        let output = global.output();
        match self {
            Self::Add { file } => add(&host, output, &file).await,
            Self::List => {
                output.show(&host.all("/plugins").await?, list);
                Ok(())
            }
            Self::Show { plugin } => {
                let path = plugin.replacen('@', "/", 1);
                output.show(&host.get(&format!("/plugins/{path}")).await?.body, show);
                Ok(())
            }
            Self::Diff { old, new } => diff(&host, output, &old, &new).await,
            Self::Grant { plugin, policy } => grant(&host, output, &plugin, policy).await,
            Self::Approve { revision: wanted, accept } => {
                let (name, version) = revision(&wanted)?;
                let body = accept.map_or_else(|| json!({}), |hash| json!({"accept_difference": hash}));
                let answer = host.call(Method::POST, &format!("/plugins/{name}/{version}/approve"), None, Payload::Json(body)).await?;
                output.changed(&answer.body, &format!("mnemosyne plugin block {name} --version {version} --reason \"…\""), show);
                Ok(())
            }
            Self::Block { plugin, digest, version, reason } => {
                let digest = match (digest, version) {
                    (Some(digest), _) => digest,
                    (None, Some(version)) => text(&host.get(&format!("/plugins/{plugin}/{version}")).await?.body, "digest").to_owned(),
                    (None, None) => return Err(Stop::usage("give `--digest` or `--version`")),
                };
                let answer = host
                    .call(
                        Method::POST,
                        &format!("/plugins/{plugin}/block"),
                        None,
                        Payload::Json(json!({"digest": digest, "reason": reason})),
                    )
                    .await?;
                output.changed(&answer.body, "none: a blocked digest stays refused; publish a new version", |_| {
                    format!("{plugin} {} is blocked", short(&digest))
                });
                Ok(())
            }
            Self::Remove { revision: wanted } => {
                let (name, version) = revision(&wanted)?;
                let before = host.get(&format!("/plugins/{name}/{version}")).await?.body;
                host.call(Method::DELETE, &format!("/plugins/{name}/{version}"), None, Payload::None).await?;
                let blocked = text(&before, "state") == "blocked";
                let undo = if blocked { "none: a blocked digest stays refused" } else { "mnemosyne plugin add <the same file>" };
                output.changed(&json!({"plugin": name, "version": version}), undo, |_| format!("{wanted} is removed"));
                Ok(())
            }
        }
    }
}

async fn add(host: &Transport, output: Output, file: &PathBuf) -> Result<(), Stop> {
    let bytes = std::fs::read(file).map_err(|error| Stop::usage(format!("`{}` cannot be read: {error}", file.display())))?;
    let answer = host.call(Method::POST, "/plugins", None, Payload::Component(bytes)).await?;
    let undo = format!("mnemosyne plugin remove {}@{}", text(&answer.body, "name"), text(&answer.body, "version"));
    output.changed(&answer.body, &undo, show);
    Ok(())
}

async fn diff(host: &Transport, output: Output, old: &str, new: &str) -> Result<(), Stop> {
    let ((old_name, old_version), (new_name, new_version)) = (revision(old)?, revision(new)?);
    let before = host.get(&format!("/plugins/{old_name}/{old_version}")).await?.body;
    let after = host.get(&format!("/plugins/{new_name}/{new_version}")).await?.body;
    let mut lines = Vec::new();
    for key in ["imports", "needs", "limits", "config", "data"] {
        differences(key, &before[key], &after[key], &mut lines);
    }
    output.show(&json!({"old": old, "new": new, "differences": lines}), |_| {
        if lines.is_empty() { format!("{old} and {new} ask for the same") } else { lines.join("\n") }
    });
    Ok(())
}

/// Leaves that stand on one side only, or differ, as `+`, `-` and `~` lines.
fn differences(path: &str, old: &Value, new: &Value, lines: &mut Vec<String>) {
    match (old, new) {
        (Value::Object(a), Value::Object(b)) => {
            for (key, value) in a {
                differences(&format!("{path}.{key}"), value, b.get(key).unwrap_or(&Value::Null), lines);
            }
            for (key, value) in b.iter().filter(|(key, _)| !a.contains_key(*key)) {
                differences(&format!("{path}.{key}"), &Value::Null, value, lines);
            }
        }
        (Value::Array(a), Value::Array(b)) => {
            lines.extend(a.iter().filter(|item| !b.contains(item)).map(|item| format!("- {path} {item}")));
            lines.extend(b.iter().filter(|item| !a.contains(item)).map(|item| format!("+ {path} {item}")));
        }
        (a, b) if a == b => {}
        (Value::Null, b) => lines.push(format!("+ {path} {b}")),
        (a, Value::Null) => lines.push(format!("- {path} {a}")),
        (a, b) => lines.push(format!("~ {path} {a} → {b}")),
    }
}

async fn grant(host: &Transport, output: Output, plugin: &str, policy: Option<PathBuf>) -> Result<(), Stop> {
    let before = host.get(&format!("/plugins/{plugin}/grant")).await?;
    let pretty = |body: &Value| format!("{body:#}");
    let Some(file) = policy else {
        output.show(&before.body, pretty);
        return Ok(());
    };
    let bytes = std::fs::read(&file).map_err(|error| Stop::usage(format!("`{}` cannot be read: {error}", file.display())))?;
    let policy: Value =
        serde_json::from_slice(&bytes).map_err(|error| Stop::usage(format!("`{}` is not JSON: {error}", file.display())))?;
    let answer = host
        .call(Method::PUT, &format!("/plugins/{plugin}/grant"), before.etag.as_deref(), Payload::Json(json!({"policy": policy})))
        .await?;
    output.changed(&answer.body, &format!("mnemosyne plugin grant {plugin} --policy <(echo '{}')", before.body["policy"]), pretty);
    Ok(())
}

fn list(body: &Value) -> String {
    let mut rows = Vec::new();
    for plugin in body["items"].as_array().into_iter().flatten() {
        for version in plugin["versions"].as_array().into_iter().flatten() {
            let bound: Vec<&str> = version["bound_to"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            rows.push(vec![
                format!("{}@{}", text(plugin, "name"), text(version, "version")),
                text(plugin, "kind").to_owned(),
                text(version, "state").to_owned(),
                short(text(version, "digest")).to_owned(),
                if bound.is_empty() { "-".into() } else { bound.join(" ") },
            ]);
        }
    }
    Output::table(&["REVISION", "KIND", "STATE", "DIGEST", "BOUND TO"], rows)
}

/// One plugin or revision in words.
fn show(body: &Value) -> String {
    if body["versions"].is_array() {
        return format!("{} · {} · {}\n{}", text(body, "name"), text(body, "kind"), text(body, "summary"), list(&json!({"items": [body]})));
    }
    let mut lines = vec![format!(
        "{}@{} · {} · {} · {} bytes · {}",
        text(body, "name"),
        text(body, "version"),
        text(body, "kind"),
        text(body, "state"),
        body["size"],
        short(text(body, "digest"))
    )];
    let words = |key: &str| body[key].as_array().into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>();
    lines.push(format!("imports: {}", words("imports").join(", ")));
    for power in words("powers") {
        lines.push(format!("may: {power}"));
    }
    if let Some(difference) = body.get("difference").filter(|difference| !difference.is_null()) {
        for line in difference["lines"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            lines.push(format!("asks for: {line}"));
        }
        if let Some(warning) = difference["acknowledgement"].as_str() {
            lines.push(format!("WARNING: {warning}; `--accept` acknowledges it"));
        }
        lines.push(format!(
            "approve with: mnemosyne plugin approve {}@{} --accept {}",
            text(body, "name"),
            text(body, "version"),
            text(difference, "hash")
        ));
    }
    for verdict in body["verdicts"].as_array().into_iter().flatten() {
        lines.push(format!("{}: {}", text(verdict, "stage"), text(verdict, "text")));
    }
    lines.join("\n")
}
