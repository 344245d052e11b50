//! What plugins get through `storage/memories`, on both databases: the order of the contract, page by page, and nobody else's.

use std::sync::Arc;

use mnemosyne_runtime::capability::storage::memories::{MemoriesBackend, MemoryFilter, MemoryList};
use uuid::Uuid;

use super::{Memories, NewMemory};
use crate::backend::embedding::{Desk, HashedNgram};
use crate::backend::storage::memories::{PluginMemories, Searcher};
use crate::clock::{FixedClock, SystemIds};
use crate::model::memory::SourceType;
use crate::service::embedding::Embeddings;
use crate::service::principal::{Principal, Role};
use crate::store::testing::{TestDb, on_all, user};
use crate::vector::embedded::EmbeddedVectors;

struct Host {
    clock: Arc<FixedClock>,
    memories: Memories,
    _searcher: Arc<dyn Searcher>,
    plugin: PluginMemories,
}

fn host(db: &TestDb) -> Host {
    let clock = Arc::new(FixedClock::at(1_000));
    let vectors = Arc::new(EmbeddedVectors::new(db.db.clone(), Arc::new(SystemIds), 1 << 24));
    let desk = Arc::new(Desk::new(Arc::new(HashedNgram::new(128)), db.db.clone(), Arc::clone(&clock) as _));
    let embeddings = Arc::new(Embeddings::new(db.db.clone(), Arc::clone(&clock) as _, Arc::new(SystemIds), vectors, desk));
    let memories = Memories::new(db.db.clone(), Arc::clone(&clock) as _, Arc::new(SystemIds), embeddings);
    let searcher: Arc<dyn Searcher> = Arc::new(memories.clone());
    Host { clock, memories, plugin: PluginMemories::new(db.db.clone(), &searcher), _searcher: searcher }
}

fn who(user: Uuid) -> Principal {
    Principal {
        user,
        display_name: String::new(),
        roles: vec![Role::User],
        permissions: Role::User.permissions(),
        session: None,
        authenticated_at: 0,
        api_key: None,
        timezone: "UTC".into(),
        locale: "en".into(),
    }
}

impl Host {
    async fn keep(&self, who: &Principal, content: &str, tags: &[&str], source_type: SourceType) -> Uuid {
        self.clock.advance(10);
        let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
        let new = NewMemory { content: content.into(), tags, source_type, importance: 0.25, ..NewMemory::default() };
        self.memories.create(who, new).await.unwrap().memory.id
    }

    async fn page(
        &self,
        user: Uuid,
        filter: &MemoryFilter,
        cursor: Option<&str>,
        limit: u32,
        max_bytes: usize,
    ) -> (Vec<String>, Option<String>) {
        let page = self.plugin.list(user, MemoryList { filter, cursor, limit, max_bytes }).await.unwrap();
        (page.items.into_iter().map(|memory| memory.content).collect(), page.next)
    }
}

#[tokio::test]
async fn a_plugin_walks_its_callers_memories_newest_first_whatever_the_page() {
    on_all(async |db| {
        let (host, ada, bob) = (host(db), who(user(db, "ada").await.id), who(user(db, "bob").await.id));
        for number in 0..5 {
            host.keep(&ada, &format!("number {number}"), &["x"], SourceType::Manual).await;
        }
        let foreign = host.keep(&bob, "number 9", &["x"], SourceType::Manual).await;
        let gone = host.keep(&ada, "number 6", &["x"], SourceType::Manual).await;
        host.memories.delete(&ada, gone, None, false).await.unwrap();
        let all = MemoryFilter::default();
        for (limit, max_bytes) in [(1, 1 << 20), (2, 1 << 20), (5, 1 << 20), (100, 1 << 20), (100, 1)] {
            let (mut seen, mut cursor) = (Vec::new(), None);
            loop {
                let (items, next) = host.page(ada.user, &all, cursor.as_deref(), limit, max_bytes).await;
                seen.extend(items);
                cursor = next;
                if cursor.is_none() {
                    break;
                }
            }
            assert_eq!(seen, ["number 4", "number 3", "number 2", "number 1", "number 0"], "{limit} a page, {max_bytes} bytes");
        }
        assert!(host.plugin.get(ada.user, foreign).await.unwrap().is_none() && host.plugin.get(ada.user, gone).await.unwrap().is_none());
        assert_eq!(host.plugin.get(bob.user, foreign).await.unwrap().unwrap().content, "number 9");
        assert!(host.plugin.list(ada.user, MemoryList { filter: &all, cursor: Some("1.x"), limit: 5, max_bytes: 1 }).await.is_err());
    })
    .await;
}

#[tokio::test]
async fn a_plugins_filters_hold_for_lists_and_searches_and_unknown_sources_fit_nothing() {
    on_all(async |db| {
        let (host, ada) = (host(db), who(user(db, "ada").await.id));
        host.keep(&ada, "herons by the river", &["birds", "walk"], SourceType::Manual).await;
        host.keep(&ada, "otters by the river", &["walk"], SourceType::Task).await;
        host.keep(&who(user(db, "bob").await.id), "the river of bob", &["walk"], SourceType::Manual).await;
        let all = MemoryFilter::default;
        for (filter, expected) in [
            (all(), vec!["otters by the river", "herons by the river"]),
            (MemoryFilter { tags: vec!["birds".into(), "walk".into()], ..all() }, vec!["herons by the river"]),
            (MemoryFilter { source_types: vec!["task".into(), "dream".into()], ..all() }, vec!["otters by the river"]),
            (MemoryFilter { source_types: vec!["dream".into()], ..all() }, vec![]),
            (MemoryFilter { since: Some(1_020), ..all() }, vec!["otters by the river"]),
            (MemoryFilter { until: Some(1_020), ..all() }, vec!["herons by the river"]),
            (MemoryFilter { min_importance: Some(0.5), ..all() }, vec![]),
        ] {
            assert_eq!(host.page(ada.user, &filter, None, 10, 1 << 20).await.0, expected);
            let mut found: Vec<String> =
                host.plugin.search(ada.user, "river", &filter, 10).await.unwrap().into_iter().map(|hit| hit.memory.content).collect();
            found.sort();
            found.reverse();
            assert_eq!(found, expected, "{filter:?}");
        }
        let best = &host.plugin.search(ada.user, "otters", &all(), 1).await.unwrap()[0];
        assert!(best.memory.content.starts_with("otters") && (0.0..=1.0).contains(&best.score));
    })
    .await;
}
