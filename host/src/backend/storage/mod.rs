//! `storage/kv` for plugins, over the table `plugin_kv`. Scope and quota are decided by the runtime's door; here a drawer is
//! two columns and a key is opaque bytes.

pub mod memories;
pub mod tasks;

use async_trait::async_trait;
use mnemosyne_runtime::BackendError;
use mnemosyne_runtime::capability::storage::backend::{KvBackend, KvEntry, KvList, KvPage, KvPut, KvSpace};
use uuid::Uuid;

use crate::model::plugin::KvEntry as Row;
use crate::store::kv::{self, Put, Space};
use crate::store::{self, Db};

/// Keys and values in the platform's database.
pub struct PluginStorage(Db);

impl PluginStorage {
    /// Over this database.
    pub fn new(db: Db) -> Self {
        Self(db)
    }
}

fn space(of: KvSpace<'_>) -> Space<'_> {
    Space { plugin: of.plugin, user: of.user.unwrap_or(Uuid::nil()) }
}

fn failed(error: store::Error) -> BackendError {
    match error {
        store::Error::Stale => BackendError::Conflict,
        store::Error::Full => BackendError::Quota,
        store::Error::Corrupt(_) => BackendError::NotANumber,
        other => {
            tracing::warn!(error = %other, "the storage of plugins failed");
            BackendError::Unavailable { retry_after_ms: Some(1_000) }
        }
    }
}

fn entry(row: Row) -> KvEntry {
    // Keys come from WIT strings, so they are UTF-8; a row that was bent by hand shows a replacement character.
    KvEntry {
        key: String::from_utf8_lossy(&row.key).into_owned(),
        value: row.value,
        version: u64::try_from(row.version).unwrap_or_default(),
        expires: row.expires_at,
    }
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

#[async_trait]
impl KvBackend for PluginStorage {
    async fn get(&self, of: KvSpace<'_>, key: &str, now: i64) -> Result<Option<KvEntry>, BackendError> {
        Ok(kv::get(&self.0, space(of), key.as_bytes(), now).await.map_err(failed)?.map(entry))
    }

    async fn put(&self, of: KvSpace<'_>, put: KvPut<'_>, now: i64) -> Result<u64, BackendError> {
        let put = Put {
            key: put.key.as_bytes(),
            value: put.value,
            expect: put.expect.map(signed),
            expires_at: put.expires,
            quota: signed(put.quota_bytes),
            now,
        };
        let version = kv::put(&self.0, space(of), put).await.map_err(failed)?;
        Ok(u64::try_from(version).unwrap_or_default())
    }

    async fn delete(&self, of: KvSpace<'_>, key: &str, expect: Option<u64>, now: i64) -> Result<bool, BackendError> {
        kv::delete(&self.0, space(of), key.as_bytes(), expect.map(signed), now).await.map_err(failed)
    }

    async fn list(&self, of: KvSpace<'_>, list: KvList<'_>, now: i64) -> Result<KvPage, BackendError> {
        // One more than asked tells whether more follow, without a second query.
        let limit = i64::from(list.limit) + 1;
        let rows = kv::list(&self.0, space(of), list.prefix.as_bytes(), list.after.map(str::as_bytes), limit, list.newest_key_first, now)
            .await
            .map_err(failed)?;
        let (mut page, mut bytes) = (KvPage::default(), 0);
        for row in rows {
            bytes += row.key.len() + row.value.len();
            if page.entries.len() == list.limit as usize || (!page.entries.is_empty() && bytes > list.max_bytes) {
                page.more = true;
                break;
            }
            page.entries.push(entry(row));
        }
        Ok(page)
    }

    async fn increment(&self, of: KvSpace<'_>, key: &str, by: i64, quota_bytes: u64, now: i64) -> Result<i64, BackendError> {
        kv::increment(&self.0, space(of), key.as_bytes(), by, signed(quota_bytes), now).await.map_err(failed)
    }
}

#[cfg(test)]
mod tests;
