//! `mnemosyne:vector/index` on a call's store.

use mnemosyne_bindings::capability::types::errors::Error;
use mnemosyne_bindings::capability::types::values::VectorSpace;
use mnemosyne_bindings::capability::vector::index;

use super::backend::{VectorItem, VectorMatch, VectorQuery, VectorText};
use super::core::{self, Named};
use crate::call::CallState;
use crate::capability::storage::core::Scope;

type Answer<T> = wasmtime::Result<Result<T, Error>>;
type Pairs = Vec<(String, String)>;

impl index::Host for CallState {
    async fn upsert(&mut self, scope: index::Scope, collection: String, space: VectorSpace, items: Vec<index::Item>) -> Answer<u32> {
        let items = items.into_iter().map(|item| VectorItem { id: item.id, vector: item.vector, metadata: item.metadata });
        Ok(core::upsert(&self.call, named(scope, &collection), &space, items.collect()).await?)
    }

    async fn upsert_text(&mut self, scope: index::Scope, collection: String, items: Vec<index::TextItem>) -> Answer<u32> {
        let items = items.into_iter().map(|item| VectorText { id: item.id, text: item.text, metadata: item.metadata });
        Ok(core::upsert_text(&self.call, named(scope, &collection), items.collect()).await?)
    }

    async fn search(
        &mut self,
        scope: index::Scope,
        collection: String,
        space: VectorSpace,
        query: Vec<f32>,
        limit: u32,
        where_equal: Pairs,
    ) -> Answer<Vec<index::Match>> {
        let query = VectorQuery::Vector { space: &space, vector: &query };
        Ok(core::search(&self.call, named(scope, &collection), query, limit, &where_equal).await?.map(matches))
    }

    async fn search_text(
        &mut self,
        scope: index::Scope,
        collection: String,
        query: String,
        limit: u32,
        where_equal: Pairs,
    ) -> Answer<Vec<index::Match>> {
        let query = VectorQuery::Text(&query);
        Ok(core::search(&self.call, named(scope, &collection), query, limit, &where_equal).await?.map(matches))
    }

    async fn remove(&mut self, scope: index::Scope, collection: String, ids: Vec<String>) -> Answer<u32> {
        Ok(core::remove(&self.call, named(scope, &collection), &ids).await?)
    }
}

fn named(scope: index::Scope, collection: &str) -> Named<'_> {
    let scope = match scope {
        index::Scope::Plugin => Scope::Plugin,
        index::Scope::User => Scope::User,
    };
    Named { scope, collection }
}

fn matches(matches: Vec<VectorMatch>) -> Vec<index::Match> {
    matches.into_iter().map(|found| index::Match { id: found.id, score: found.score, metadata: found.metadata }).collect()
}
