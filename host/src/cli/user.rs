//! `mnemosyne user`: accounts are made and changed here, on the host's machine. There are no default accounts.

use std::io::Read as _;

use clap::{Args, Subcommand};
use secrecy::SecretString;
use serde_json::json;

use super::output::{Output, text};
use super::{Global, Stop};
use crate::app::App;
use crate::service::auth::NewAccount;
use crate::service::principal::Role;

#[derive(Subcommand)]
pub(super) enum User {
    /// Make an account
    Add(Add),
    /// Everybody with roles and state
    List,
    /// Set a password; every session of the account ends
    Passwd {
        /// Username or e-mail
        login: String,
        /// Read the password from standard input
        #[arg(long, required = true)]
        password_stdin: bool,
    },
    /// Lock an account: its sessions end within a second
    Lock {
        /// Username or e-mail
        login: String,
    },
    /// Unlock an account
    Unlock {
        /// Username or e-mail
        login: String,
    },
    /// Set the roles of an account
    Role {
        /// Username or e-mail
        login: String,
        /// user, operator, admin (repeatable)
        #[arg(long = "role", required = true, value_parser = role)]
        roles: Vec<Role>,
    },
    /// Delete an account and everything it owns, for good
    Delete {
        /// Username or e-mail
        login: String,
        /// Yes, everything
        #[arg(long, required = true)]
        yes: bool,
    },
}

#[derive(Args)]
pub(super) struct Add {
    #[arg(long)]
    email: String,
    #[arg(long)]
    username: String,
    /// user, operator, admin (repeatable)
    #[arg(long = "role", default_value = "user", value_parser = role)]
    roles: Vec<Role>,
    #[arg(long)]
    display_name: Option<String>,
    /// IANA time zone
    #[arg(long, default_value = "UTC")]
    timezone: String,
    /// Read the password from standard input
    #[arg(long, required = true)]
    password_stdin: bool,
}

fn role(text: &str) -> Result<Role, String> {
    text.parse().map_err(|()| format!("`{text}` is not a role; roles are user, operator, admin"))
}

fn password() -> Result<SecretString, Stop> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(|error| Stop::failed(format!("standard input cannot be read: {error}")))?;
    let text = text.trim_end_matches(['\n', '\r']);
    if text.is_empty() {
        return Err(Stop::usage("standard input is empty").hint("printf %s \"$PASSWORD\" | mnemosyne user … --password-stdin"));
    }
    Ok(SecretString::from(text.to_owned()))
}

impl User {
    pub(super) async fn run(self, global: &Global) -> Result<(), Stop> {
        let config = global.load()?;
        crate::telemetry::install_quiet(&config.telemetry).map_err(Stop::usage)?;
        let app = App::open(config).await?;
        let (output, accounts) = (global.output(), &app.accounts);
        match self {
            Self::Add(add) => {
                let undo = format!("mnemosyne user delete {} --yes", add.username);
                let account = NewAccount {
                    email: add.email,
                    username: add.username,
                    display_name: add.display_name,
                    timezone: add.timezone,
                    roles: add.roles,
                    password: password()?,
                };
                let id = accounts.add(account).await?;
                output.changed(&json!({"id": id}), &undo, |value| format!("account {} is made", text(value, "id")));
            }
            Self::List => {
                let users = serde_json::to_value(accounts.list().await?).map_err(|error| Stop::failed(error.to_string()))?;
                output.show(&users, |users| {
                    let rows = users.as_array().into_iter().flatten();
                    Output::table(
                        &["USERNAME", "EMAIL", "ROLES", "STATE", "MADE"],
                        rows.map(|user| {
                            let roles: Vec<&str> =
                                user["roles"].as_array().into_iter().flatten().filter_map(serde_json::Value::as_str).collect();
                            let state = if user["is_active"] == false { "locked" } else { "active" };
                            vec![
                                text(user, "username").to_owned(),
                                text(user, "email").to_owned(),
                                roles.join(" "),
                                state.to_owned(),
                                text(user, "created_at").to_owned(),
                            ]
                        })
                        .collect(),
                    )
                });
            }
            Self::Passwd { login, .. } => {
                accounts.set_password(&login, password()?).await?;
                output.changed(&json!({"login": login}), &format!("mnemosyne user passwd {login} --password-stdin"), |_| {
                    format!("the password of {login} is set; all sessions have ended")
                });
            }
            Self::Lock { login } => {
                accounts.set_active(&login, false).await?;
                output.changed(&json!({"login": login, "is_active": false}), &format!("mnemosyne user unlock {login}"), |_| {
                    format!("{login} is locked")
                });
            }
            Self::Unlock { login } => {
                accounts.set_active(&login, true).await?;
                output.changed(&json!({"login": login, "is_active": true}), &format!("mnemosyne user lock {login}"), |_| {
                    format!("{login} is unlocked")
                });
            }
            Self::Role { login, roles } => {
                let before = accounts.set_roles(&login, &roles).await?;
                let undo: Vec<String> = before.iter().map(|role| format!("--role {}", role.text())).collect();
                let now: Vec<&str> = roles.iter().map(|role| role.text()).collect();
                output.changed(&json!({"login": login, "roles": now}), &format!("mnemosyne user role {login} {}", undo.join(" ")), |_| {
                    format!("{login} is now {}", now.join(", "))
                });
            }
            Self::Delete { login, .. } => {
                accounts.delete(&login).await?;
                output.changed(&json!({"login": login}), "none: everything of the account is gone", |_| format!("{login} is deleted"));
            }
        }
        app.close().await;
        Ok(())
    }
}
