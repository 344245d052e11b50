//! Keys and values in memory, for tests and tools; the reference for what the host's store must do.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use uuid::Uuid;

use super::backend::{KvBackend, KvEntry, KvList, KvPage, KvPut, KvSpace};
use crate::capability::BackendError;

type Drawer = BTreeMap<String, KvEntry>;

/// Drawers by (plugin, user).
#[derive(Debug, Default)]
pub struct InMemoryKv(Mutex<BTreeMap<(String, Option<Uuid>), Drawer>>);

impl InMemoryKv {
    fn with<T>(&self, space: KvSpace<'_>, now: i64, work: impl FnOnce(&mut Drawer) -> T) -> T {
        let mut drawers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let drawer = drawers.entry((space.plugin.to_owned(), space.user)).or_default();
        drawer.retain(|_, entry| entry.expires.is_none_or(|expires| expires > now));
        work(drawer)
    }
}

fn expected(drawer: &Drawer, key: &str, expect: Option<u64>) -> Result<(), BackendError> {
    let version = drawer.get(key).map_or(0, |entry| entry.version);
    if expect.is_none_or(|expect| expect == version) { Ok(()) } else { Err(BackendError::Conflict) }
}

fn write(drawer: &mut Drawer, put: KvPut<'_>) -> Result<u64, BackendError> {
    let others: usize = drawer.values().filter(|entry| entry.key != put.key).map(|entry| entry.key.len() + entry.value.len()).sum();
    if (others + put.key.len() + put.value.len()) as u64 > put.quota_bytes {
        return Err(BackendError::Quota);
    }
    let version = drawer.get(put.key).map_or(0, |entry| entry.version) + 1;
    let entry = KvEntry { key: put.key.to_owned(), value: put.value.to_vec(), version, expires: put.expires };
    drawer.insert(put.key.to_owned(), entry);
    Ok(version)
}

#[async_trait]
impl KvBackend for InMemoryKv {
    async fn get(&self, space: KvSpace<'_>, key: &str, now: i64) -> Result<Option<KvEntry>, BackendError> {
        Ok(self.with(space, now, |drawer| drawer.get(key).cloned()))
    }

    async fn put(&self, space: KvSpace<'_>, put: KvPut<'_>, now: i64) -> Result<u64, BackendError> {
        self.with(space, now, |drawer| {
            expected(drawer, put.key, put.expect)?;
            write(drawer, put)
        })
    }

    async fn delete(&self, space: KvSpace<'_>, key: &str, expect: Option<u64>, now: i64) -> Result<bool, BackendError> {
        self.with(space, now, |drawer| {
            expected(drawer, key, expect)?;
            Ok(drawer.remove(key).is_some())
        })
    }

    async fn list(&self, space: KvSpace<'_>, list: KvList<'_>, now: i64) -> Result<KvPage, BackendError> {
        Ok(self.with(space, now, |drawer| {
            let matching = drawer.values().filter(|entry| entry.key.starts_with(list.prefix));
            let mut matching: Vec<&KvEntry> = matching.collect();
            if list.newest_key_first {
                matching.reverse();
            }
            let beyond = |key: &str| match list.after {
                None => true,
                Some(after) if list.newest_key_first => key < after,
                Some(after) => key > after,
            };
            let mut page = KvPage::default();
            let mut bytes = 0;
            for entry in matching.into_iter().filter(|entry| beyond(&entry.key)) {
                bytes += entry.key.len() + entry.value.len();
                let full = page.entries.len() >= list.limit as usize || (bytes > list.max_bytes && !page.entries.is_empty());
                if full {
                    page.more = true;
                    break;
                }
                page.entries.push(entry.clone());
            }
            page
        }))
    }

    async fn increment(&self, space: KvSpace<'_>, key: &str, by: i64, quota_bytes: u64, now: i64) -> Result<i64, BackendError> {
        self.with(space, now, |drawer| {
            let old = drawer.get(key);
            let number = match old {
                None => 0,
                Some(entry) => {
                    std::str::from_utf8(&entry.value).ok().and_then(|text| text.parse::<i64>().ok()).ok_or(BackendError::NotANumber)?
                }
            };
            let expires = old.and_then(|entry| entry.expires);
            let sum = number.checked_add(by).ok_or(BackendError::NotANumber)?;
            let text = sum.to_string();
            write(drawer, KvPut { key, value: text.as_bytes(), expect: None, expires, quota_bytes })?;
            Ok(sum)
        })
    }
}
