//! `mnemosyne:storage/kv` on a call's store.

use mnemosyne_bindings::capability::storage::kv;
use mnemosyne_bindings::capability::types::errors::Error;

use super::backend::KvEntry;
use super::core::{self, Listing, Scope, Write};
use crate::call::CallState;
use crate::capability::door::invalid;

type Answer<T> = wasmtime::Result<Result<T, Error>>;

impl kv::Host for CallState {
    async fn get(&mut self, scope: kv::Scope, key: String) -> Answer<Option<kv::Entry>> {
        let answer = core::get(&self.call, &core::GET, translate(scope), &key).await?;
        Ok(answer.map(|entry| entry.map(bytes_entry)))
    }

    async fn get_text(&mut self, scope: kv::Scope, key: String) -> Answer<Option<kv::TextEntry>> {
        let answer = core::get(&self.call, &core::GET_TEXT, translate(scope), &key).await?;
        Ok(answer.and_then(|entry| entry.map(text_entry).transpose()))
    }

    async fn put(&mut self, scope: kv::Scope, key: String, value: Vec<u8>, expect: Option<u64>, ttl_seconds: Option<u32>) -> Answer<u64> {
        let write = Write { key: &key, value: &value, expect, ttl_seconds };
        Ok(core::put(&self.call, &core::PUT, translate(scope), write).await?)
    }

    async fn put_text(
        &mut self,
        scope: kv::Scope,
        key: String,
        value: String,
        expect: Option<u64>,
        ttl_seconds: Option<u32>,
    ) -> Answer<u64> {
        let write = Write { key: &key, value: value.as_bytes(), expect, ttl_seconds };
        Ok(core::put(&self.call, &core::PUT_TEXT, translate(scope), write).await?)
    }

    async fn delete(&mut self, scope: kv::Scope, key: String, expect: Option<u64>) -> Answer<bool> {
        Ok(core::delete(&self.call, translate(scope), &key, expect).await?)
    }

    async fn list(
        &mut self,
        scope: kv::Scope,
        prefix: String,
        cursor: Option<String>,
        limit: u32,
        newest_key_first: bool,
    ) -> Answer<kv::Page> {
        let listing = Listing { prefix: &prefix, cursor: cursor.as_deref(), limit, newest_key_first };
        let answer = core::list(&self.call, translate(scope), listing).await?;
        Ok(answer.map(|(page, next)| kv::Page { entries: page.entries.into_iter().map(bytes_entry).collect(), next }))
    }

    async fn increment(&mut self, scope: kv::Scope, key: String, by: i64) -> Answer<i64> {
        Ok(core::increment(&self.call, translate(scope), &key, by).await?)
    }
}

fn translate(scope: kv::Scope) -> Scope {
    match scope {
        kv::Scope::Plugin => Scope::Plugin,
        kv::Scope::User => Scope::User,
    }
}

fn bytes_entry(entry: KvEntry) -> kv::Entry {
    kv::Entry { key: entry.key, value: entry.value, version: entry.version, expires: entry.expires }
}

fn text_entry(entry: KvEntry) -> Result<kv::TextEntry, Error> {
    let value = String::from_utf8(entry.value).map_err(|_| invalid("kv-not-text", "the value is not UTF-8 text"))?;
    Ok(kv::TextEntry { key: entry.key, value, version: entry.version, expires: entry.expires })
}
