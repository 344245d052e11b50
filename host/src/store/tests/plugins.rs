//! Plugins, slots, their history, plugins' own data.

use serde_json::json;
use uuid::Uuid;

use crate::model::plugin::{BlockedDigest, Revision, RevisionState};
use crate::model::slot::{Binding, Mode};
use crate::store::kv::{self, Put, Space};
use crate::store::slots::{self, SlotChange};
use crate::store::testing::{TestDb, id, on_all};
use crate::store::{Error, plugins, settings};

fn revision(plugin: &str, version: &str, digest: &str) -> Revision {
    Revision {
        id: id(),
        plugin: plugin.into(),
        version: version.into(),
        digest: digest.into(),
        kind: "xp-rules".into(),
        size: 3,
        manifest: json!({"name": plugin}),
        imports: vec!["mnemosyne:log/log@0.1.0".into()],
        needs: json!({"log": true}),
        needs_hash: "n1".into(),
        verdicts: vec![json!({"stage": "staged"})],
        state: RevisionState::Staged,
        approved_hash: None,
        approved_by: None,
        approved_at: None,
        bundled: false,
        created_at: 10,
        created_by: "cli".into(),
    }
}

async fn add(db: &TestDb, revision: &Revision) -> crate::store::Result<()> {
    let mut tx = db.begin().await?;
    plugins::insert(&mut tx, revision, "gives points", &[1, 2, 3]).await?;
    tx.commit().await
}

async fn bind(db: &TestDb, expected: i64, bindings: &[Binding]) -> crate::store::Result<(i64, i64)> {
    let config = json!({"factor": 2});
    let change = SlotChange {
        slot: "xp-rules",
        kind: "xp-rules",
        expected,
        bindings,
        config: &config,
        secrets: &["smtp".to_owned()],
        action: "bind",
        actor: "cli",
        now: 50,
    };
    let mut tx = db.begin().await?;
    let moved = slots::change(&mut tx, &change).await?;
    tx.commit().await?;
    Ok(moved)
}

#[tokio::test]
async fn a_version_is_one_digest_unless_it_is_in_development() {
    on_all(async |db| {
        let first = revision("classic", "1.0.0", "aa");
        add(db, &first).await.unwrap();
        assert!(add(db, &revision("classic", "1.0.0", "bb")).await.unwrap_err().is_conflict("revisions_plugin_version_key"));
        let mut other_kind = revision("classic", "2.0.0", "cc");
        other_kind.kind = "persona".into();
        assert!(add(db, &other_kind).await.unwrap_err().is_conflict("plugins_kind"));
        add(db, &revision("classic", "2.0.0-dev", "dd")).await.unwrap();
        let newer = revision("classic", "2.0.0-dev", "ee");
        add(db, &newer).await.unwrap();
        assert!(add(db, &revision("classic", "2.0.0-dev", "ee")).await.unwrap_err().is_conflict("revisions_plugin_version_digest_key"));

        assert_eq!(plugins::find(&db.db, "classic", "1.0.0").await.unwrap(), Some(first.clone()));
        assert_eq!(plugins::find(&db.db, "classic", "2.0.0-dev").await.unwrap(), Some(newer));
        assert_eq!(plugins::bytes(&db.db, "aa").await.unwrap(), Some(vec![1, 2, 3]));
        assert_eq!(plugins::bytes(&db.db, "bb").await.unwrap(), None, "a refused upload leaves no bytes");
        assert_eq!((plugins::revisions(&db.db, None).await.unwrap().len(), plugins::list(&db.db).await.unwrap().len()), (3, 1));
        plugins::set_state(&db.db, first.id, RevisionState::Checked, &[json!({"stage": "checked", "ms": 1.5})]).await.unwrap();
        assert!(matches!(plugins::approve(&db.db, first.id, "n2", "op", 60).await, Err(Error::Stale)));
        plugins::approve(&db.db, first.id, "n1", "op", 60).await.unwrap();
        let after = plugins::revision(&db.db, first.id).await.unwrap().unwrap();
        assert_eq!((after.state, after.approved_hash.as_deref()), (RevisionState::Checked, Some("n1")));
    })
    .await;
}

#[tokio::test]
async fn a_slot_moves_by_generation_with_history() {
    on_all(async |db| {
        let (one, two) = (revision("classic", "1.0.0", "aa"), revision("momentum", "1.0.0", "bb"));
        add(db, &one).await.unwrap();
        add(db, &two).await.unwrap();
        let live = |id| vec![Binding { mode: Mode::Live, revision_id: id, percent: None }];
        let before = settings::generation(&db.db).await.unwrap();
        assert_eq!(bind(db, 0, &live(one.id)).await.unwrap(), (1, before + 1));
        assert!(matches!(bind(db, 0, &live(two.id)).await, Err(Error::Stale)));
        assert!(matches!(bind(db, 7, &live(two.id)).await, Err(Error::Stale)));
        assert!(bind(db, 1, &live(id())).await.unwrap_err().is_conflict("foreign_key"));
        assert_eq!(bind(db, 1, &live(two.id)).await.unwrap(), (2, before + 2));

        let slot = slots::find(&db.db, "xp-rules").await.unwrap().unwrap();
        assert_eq!((slot.generation, slot.bindings.clone(), slot.config.clone()), (2, live(two.id), json!({"factor": 2})));
        assert_eq!(slots::list(&db.db).await.unwrap(), [slot]);
        let history = slots::history(&db.db, "xp-rules", None, 10).await.unwrap();
        assert_eq!(
            history.iter().map(|row| (row.generation, row.bindings.clone())).collect::<Vec<_>>(),
            [(2, live(two.id)), (1, live(one.id))]
        );
        assert_eq!(slots::with_digest(&db.db, "bb").await.unwrap().len(), 1);

        let mut tx = db.begin().await.unwrap();
        assert!(plugins::delete(&mut tx, two.id).await.unwrap_err().is_conflict("foreign_key"));
        tx.rollback().await.unwrap();
        let mut tx = db.begin().await.unwrap();
        plugins::delete(&mut tx, one.id).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(plugins::bytes(&db.db, "aa").await.unwrap(), None);
        assert_eq!(bind(db, 2, &[]).await.unwrap().0, 3);
        assert_eq!(slots::find(&db.db, "xp-rules").await.unwrap().unwrap().bindings, []);
    })
    .await;
}

#[tokio::test]
async fn of_many_swaps_at_once_each_generation_is_made_once() {
    on_all(async |db| {
        let one = revision("classic", "1.0.0", "aa");
        add(db, &one).await.unwrap();
        let live = [Binding { mode: Mode::Live, revision_id: one.id, percent: None }];
        bind(db, 0, &live).await.unwrap();
        let results = futures::future::join_all((0..16).map(|_| bind(db, 1, &live))).await;
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
        assert!(results.iter().all(|result| matches!(result, Ok(_) | Err(Error::Stale))), "{results:?}");
        assert_eq!(slots::history(&db.db, "xp-rules", None, 100).await.unwrap().len(), 2);
    })
    .await;
}

#[tokio::test]
async fn grants_and_blocks_are_kept() {
    on_all(async |db| {
        assert_eq!(plugins::set_grant(&db.db, "classic", &json!({"log": false}), Some(0), "op", 1).await.unwrap(), 1);
        assert!(matches!(plugins::set_grant(&db.db, "classic", &json!({}), Some(0), "op", 1).await, Err(Error::Stale)));
        assert_eq!(plugins::set_grant(&db.db, "classic", &json!({}), None, "op", 2).await.unwrap(), 2);
        assert_eq!(plugins::grant(&db.db, "classic").await.unwrap().unwrap().version, 2);
        let blocked =
            BlockedDigest { digest: "aa".into(), plugin: "classic".into(), reason: "bad".into(), blocked_at: 1, blocked_by: "op".into() };
        plugins::block(&db.db, &blocked).await.unwrap();
        plugins::block(&db.db, &BlockedDigest { reason: "other".into(), ..blocked.clone() }).await.unwrap();
        assert_eq!(plugins::find_blocked(&db.db, "aa").await.unwrap(), Some(blocked));
    })
    .await;
}

#[tokio::test]
async fn a_plugins_data_has_versions_a_quota_and_an_end() {
    on_all(async |db| {
        let space = Space { plugin: "p", user: Uuid::nil() };
        let put = |key: &'static [u8], value: &'static [u8], expect| Put { key, value, expect, expires_at: None, quota: 20, now: 100 };
        assert_eq!(kv::put(&db.db, space, put(b"a", b"1234", Some(0))).await.unwrap(), 1);
        assert!(matches!(kv::put(&db.db, space, put(b"a", b"x", Some(0))).await, Err(Error::Stale)));
        assert_eq!(kv::put(&db.db, space, put(b"a", b"12345678", Some(1))).await.unwrap(), 2);
        assert!(matches!(kv::put(&db.db, space, put(b"b", b"123456789012", None)).await, Err(Error::Full)));
        assert_eq!(kv::put(&db.db, space, put(b"b", b"1234567890", None)).await.unwrap(), 1, "exactly full");
        assert_eq!(kv::usage(&db.db, space, 100).await.unwrap(), 20);
        assert_eq!(kv::get(&db.db, Space { plugin: "q", ..space }, b"a", 100).await.unwrap(), None);
        assert_eq!(kv::get(&db.db, Space { user: id(), ..space }, b"a", 100).await.unwrap(), None);

        assert!(matches!(kv::delete(&db.db, space, b"a", Some(1), 100).await, Err(Error::Stale)));
        assert!(kv::delete(&db.db, space, b"a", Some(2), 100).await.unwrap());
        assert!(!kv::delete(&db.db, space, b"a", None, 100).await.unwrap());
        kv::put(&db.db, space, Put { expires_at: Some(150), ..put(b"t", b"x", None) }).await.unwrap();
        assert!(kv::get(&db.db, space, b"t", 149).await.unwrap().is_some());
        assert!(kv::get(&db.db, space, b"t", 150).await.unwrap().is_none());
        assert_eq!(kv::purge(&db.db, 150).await.unwrap(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_plugins_keys_list_by_prefix_and_numbers_add_up() {
    on_all(async |db| {
        let space = Space { plugin: "p", user: id() };
        for key in [b"a/1".as_slice(), b"a/2", b"a/3", b"b", b"a\xff"] {
            kv::put(&db.db, space, Put { key, value: b"v", expect: None, expires_at: None, quota: 1_000, now: 1 }).await.unwrap();
        }
        let keys = async |prefix: &[u8], after: Option<&[u8]>, descending| -> Vec<Vec<u8>> {
            kv::list(&db.db, space, prefix, after, 2, descending, 1).await.unwrap().into_iter().map(|entry| entry.key).collect()
        };
        assert_eq!(keys(b"a/", None, false).await, [b"a/1", b"a/2"]);
        assert_eq!(keys(b"a/", Some(b"a/2"), false).await, [b"a/3"]);
        assert_eq!(keys(b"a/", None, true).await, [b"a/3", b"a/2"]);
        assert_eq!(keys(b"a\xff", None, false).await, [b"a\xff"]);
        assert_eq!(keys(b"", Some(b"a\xff"), false).await, [b"b"]);

        let sums = futures::future::join_all((0..10).map(|_| kv::increment(&db.db, space, b"n", 2, 1_000, 1))).await;
        let mut sums: Vec<i64> = sums.into_iter().map(Result::unwrap).collect();
        sums.sort_unstable();
        assert_eq!(sums, (1..=10).map(|step| step * 2).collect::<Vec<_>>());
        assert!(matches!(kv::increment(&db.db, space, b"b", 1, 1_000, 1).await, Err(Error::Corrupt(_))));
        assert_eq!(kv::increment(&db.db, space, b"most", i64::MAX, 1_000, 1).await.unwrap(), i64::MAX);
        assert!(
            matches!(kv::increment(&db.db, space, b"most", 1, 1_000, 1).await, Err(Error::Corrupt(_))),
            "it neither wraps nor saturates"
        );
    })
    .await;
}
