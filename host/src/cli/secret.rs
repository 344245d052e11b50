//! `mnemosyne secret`: values that plugins know by name only. They go in and never come out.

use std::io::Read as _;

use clap::Subcommand;
use http::Method;
use serde_json::json;

use super::output::{Output, text};
use super::transport::{Payload, Transport};
use super::{Global, Stop};

#[derive(Subcommand)]
pub(super) enum Secret {
    /// Set a secret; the value is read from standard input so that it never stands in a process list
    Set {
        /// Name as plugins ask for it, e.g. CRM_TOKEN
        name: String,
        /// Read the value from standard input (the only way)
        #[arg(long, required = true)]
        stdin: bool,
    },
    /// Names and dates; values are never shown
    List,
    /// Remove a secret
    Remove {
        /// Its name
        name: String,
    },
}

impl Secret {
    pub(super) async fn run(self, global: &Global) -> Result<(), Stop> {
        let host = Transport::open(global).await?;
        let output = global.output();
        match self {
            Self::Set { name, .. } => {
                let mut value = String::new();
                std::io::stdin()
                    .read_to_string(&mut value)
                    .map_err(|error| Stop::failed(format!("standard input cannot be read: {error}")))?;
                let value = value.trim_end_matches(['\n', '\r']);
                if value.is_empty() {
                    return Err(
                        Stop::usage("standard input is empty").hint(format!("printf %s \"$VALUE\" | mnemosyne secret set {name} --stdin"))
                    );
                }
                host.call(Method::PUT, &format!("/secrets/{name}"), None, Payload::Json(json!({"value": value}))).await?;
                output.changed(&json!({"name": name}), &format!("mnemosyne secret remove {name}"), |_| format!("secret `{name}` is set"));
            }
            Self::List => {
                output.show(&host.all("/secrets").await?, |body| {
                    let rows = body["items"]
                        .as_array()
                        .into_iter()
                        .flatten()
                        .map(|item| vec![text(item, "name").to_owned(), text(item, "updated_at").to_owned()])
                        .collect();
                    Output::table(&["NAME", "SET"], rows)
                });
            }
            Self::Remove { name } => {
                host.call(Method::DELETE, &format!("/secrets/{name}"), None, Payload::None).await?;
                output.changed(
                    &json!({"name": name}),
                    &format!("mnemosyne secret set {name} --stdin   # the value itself is gone"),
                    |_| format!("secret `{name}` is removed"),
                );
            }
        }
        Ok(())
    }
}
