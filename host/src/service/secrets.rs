//! Operators' secrets: sealed in the database, known to plugins by name only, never shown.

use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::audit::Actor;
use super::vault::Vault;
use crate::backend::http::SecretSource;
use crate::clock::{Clock, Millis};
use crate::error::{Fault, Outcome};
use crate::store::{self, Db};

/// The service.
pub struct Secrets {
    db: Db,
    clock: Arc<dyn Clock>,
    vault: Arc<Vault>,
}

/// `^[A-Z][A-Z0-9_]{0,63}$`: the shape of an environment name, so that nobody types a value where a name belongs.
fn is_name(name: &str) -> bool {
    let mut letters = name.bytes();
    name.len() <= 64
        && letters.next().is_some_and(|first| first.is_ascii_uppercase())
        && letters.all(|rest| rest.is_ascii_uppercase() || rest.is_ascii_digit() || rest == b'_')
}

impl Secrets {
    /// Over this database, sealed with this vault.
    pub fn new(db: Db, clock: Arc<dyn Clock>, vault: Arc<Vault>) -> Self {
        Self { db, clock, vault }
    }

    /// Names and when each was set.
    ///
    /// # Errors
    /// The database is away.
    pub async fn list(&self) -> Outcome<Vec<(String, Millis)>> {
        Ok(store::keys::secret_names(&self.db).await?)
    }

    /// Sets or replaces a value; audited by name.
    ///
    /// # Errors
    /// 422 for a name that is none.
    pub async fn set(&self, actor: &Actor, name: &str, value: &SecretString) -> Outcome<()> {
        if !is_name(name) {
            return Err(Fault::field(
                "name",
                format!("`{name}` is no name of a secret; names are capital letters, digits and `_`, e.g. `CRM_TOKEN`"),
            ));
        }
        let now = self.clock.now();
        let sealed = self.vault.seal(&format!("secrets/{name}"), value.expose_secret().as_bytes())?;
        let mut tx = self.db.begin().await?;
        store::keys::put_secret(&mut tx, name, &sealed, now).await?;
        store::audit::append(&mut tx, &actor.event(now, "secret.set", name, json!({}))).await?;
        store::settings::move_generation(&mut tx).await?;
        Ok(tx.commit().await?)
    }

    /// Removes a value; audited.
    ///
    /// # Errors
    /// 404 for an unknown name.
    pub async fn remove(&self, actor: &Actor, name: &str) -> Outcome<()> {
        let mut tx = self.db.begin().await?;
        store::keys::delete_secret(&mut tx, name).await?;
        store::audit::append(&mut tx, &actor.event(self.clock.now(), "secret.remove", name, json!({}))).await?;
        store::settings::move_generation(&mut tx).await?;
        Ok(tx.commit().await?)
    }
}

#[async_trait::async_trait]
impl SecretSource for Secrets {
    async fn secret(&self, name: &str) -> Option<SecretString> {
        let opened = async {
            let Some(sealed) = store::keys::secret(&self.db, name).await? else { return Ok::<_, Fault>(None) };
            let plain = self.vault.unseal(&format!("secrets/{name}"), &sealed)?;
            let text = std::str::from_utf8(&plain).map_err(Fault::internal)?;
            Ok(Some(SecretString::from(text.to_owned())))
        };
        opened.await.unwrap_or_else(|fault| {
            tracing::error!(name, ?fault, "a secret cannot be read");
            None
        })
    }
}

#[cfg(test)]
mod tests {
    use super::is_name;

    #[test]
    fn names_of_secrets_are_capital() {
        assert!(is_name("CRM_TOKEN") && is_name("A1"));
        for bad in ["", "crm", "1A", "A-B", "A B", "Ä", &"A".repeat(65)] {
            assert!(!is_name(bad), "{bad}");
        }
    }
}
