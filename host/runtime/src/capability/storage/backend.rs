//! What the host fills in: one drawer per (plugin, user or none). Keys are bytes of UTF-8 and never become a path or part
//! of a query. Versions grow by one with each write of a key, from 1; expired entries are as good as absent.

use async_trait::async_trait;
use uuid::Uuid;

use crate::capability::BackendError;

/// One drawer. Made by the door from the call, never by a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KvSpace<'a> {
    /// Name of the plugin; revisions share their drawer.
    pub plugin: &'a str,
    /// Whose; `None`: the plugin's own.
    pub user: Option<Uuid>,
    /// The `[data] version` that this revision writes; stored with each write.
    pub data_version: u32,
}

/// A stored value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KvEntry {
    /// Its key.
    pub key: String,
    /// Its bytes, at most 64 KiB.
    pub value: Vec<u8>,
    /// Its version, from 1.
    pub version: u64,
    /// When it vanishes, in milliseconds since 1970.
    pub expires: Option<i64>,
}

/// A write.
#[derive(Clone, Copy, Debug)]
pub struct KvPut<'a> {
    /// Its key.
    pub key: &'a str,
    /// Its bytes.
    pub value: &'a [u8],
    /// The version it must have now; 0: it must not exist; `None`: whatever.
    pub expect: Option<u64>,
    /// When it vanishes, in milliseconds since 1970.
    pub expires: Option<i64>,
    /// Most bytes (keys and values) that the drawer may hold after the write, else [`BackendError::Quota`].
    pub quota_bytes: u64,
}

/// Which entries to list.
#[derive(Clone, Copy, Debug)]
pub struct KvList<'a> {
    /// Their keys begin with this.
    pub prefix: &'a str,
    /// Only keys beyond this one, in the direction of the listing.
    pub after: Option<&'a str>,
    /// 1…100.
    pub limit: u32,
    /// Backwards.
    pub newest_key_first: bool,
    /// Most bytes of keys and values of a page; one entry is always given.
    pub max_bytes: usize,
}

/// A part of a listing, in bytewise order of keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KvPage {
    /// At most `limit`.
    pub entries: Vec<KvEntry>,
    /// Whether more follow after the last entry.
    pub more: bool,
}

/// Keys and values. Every write is one atomic step. `now`: milliseconds since 1970.
#[async_trait]
pub trait KvBackend: Send + Sync {
    /// The entry, if it exists and has not expired.
    async fn get(&self, space: KvSpace<'_>, key: &str, now: i64) -> Result<Option<KvEntry>, BackendError>;
    /// Writes and gives the new version.
    async fn put(&self, space: KvSpace<'_>, put: KvPut<'_>, now: i64) -> Result<u64, BackendError>;
    /// Whether it was there. `expect` as in [`KvPut`].
    async fn delete(&self, space: KvSpace<'_>, key: &str, expect: Option<u64>, now: i64) -> Result<bool, BackendError>;
    /// A part of the drawer.
    async fn list(&self, space: KvSpace<'_>, list: KvList<'_>, now: i64) -> Result<KvPage, BackendError>;
    /// Adds to a decimal number; a missing key counts as 0.
    async fn increment(&self, space: KvSpace<'_>, key: &str, by: i64, quota_bytes: u64, now: i64) -> Result<i64, BackendError>;
}
