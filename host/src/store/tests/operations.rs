//! Audit, call records, idempotency, leases, jobs.

use serde_json::json;

use crate::model::audit::AuditEvent;
use crate::model::call::{CallFilter, CallRecord};
use crate::model::page::Page;
use crate::store::audit::{self, Chain};
use crate::store::idempotency::{self, Answer, Begin, Keyed};
use crate::store::testing::{TestDb, id, on_all};
use crate::store::{Error, calls, jobs};

fn event(target: &str) -> AuditEvent {
    AuditEvent {
        at: 5,
        actor: "cli".into(),
        action: "slot.bind".into(),
        target: target.into(),
        detail: json!({"z": 1, "a": [0.7]}),
        request_id: None,
    }
}

async fn audited(db: &TestDb, target: &str) -> i64 {
    let mut tx = db.begin().await.unwrap();
    let seq = audit::append(&mut tx, &event(target)).await.unwrap();
    tx.commit().await.unwrap();
    seq
}

#[tokio::test]
async fn the_audit_log_has_no_gaps_and_shows_every_tampering() {
    on_all(async |db| {
        assert_eq!(audit::verify(&db.db).await.unwrap(), Chain::Intact { rows: 0 });
        let numbers = futures::future::join_all((0..12).map(|_| audited(db, "xp-rules"))).await;
        let mut numbers = numbers;
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=12).collect::<Vec<_>>());
        let mut tx = db.begin().await.unwrap();
        audit::append(&mut tx, &event("undone")).await.unwrap();
        tx.rollback().await.unwrap();
        assert_eq!(audit::verify(&db.db).await.unwrap(), Chain::Intact { rows: 12 });
        assert_eq!(audit::list(&db.db, Some("xp-rules"), Some(3), 10).await.unwrap().len(), 2);

        db.write("UPDATE audit SET actor = 'someone' WHERE seq = 7").execute().await.unwrap();
        assert_eq!(audit::verify(&db.db).await.unwrap(), Chain::Broken { at: 7 });
        db.write("UPDATE audit SET actor = 'cli' WHERE seq = 7").execute().await.unwrap();
        db.write("DELETE FROM audit WHERE seq = 12").execute().await.unwrap();
        assert_eq!(audit::verify(&db.db).await.unwrap(), Chain::Broken { at: 12 });
        db.write("DELETE FROM audit WHERE seq = 3").execute().await.unwrap();
        assert_eq!(audit::verify(&db.db).await.unwrap(), Chain::Broken { at: 3 });
    })
    .await;
}

fn record(slot: &str, at: i64) -> CallRecord {
    CallRecord {
        id: id(),
        slot: slot.into(),
        plugin: "classic".into(),
        plugin_version: "1.0.0".into(),
        digest: "aa".into(),
        generation: 3,
        export: "award".into(),
        outcome: "ok".into(),
        code: None,
        detail: None,
        cpu_us: 12,
        wall_us: 30,
        memory_bytes: 65_536,
        host_calls: 1,
        grant_hash: "g".into(),
        user_id: Some(id()),
        request_id: Some("r".into()),
        logs: Some(json!([{"level": "info"}])),
        recording: None,
        created_at: at,
    }
}

#[tokio::test]
async fn call_records_come_in_batches_and_are_trimmed() {
    on_all(async |db| {
        let records: Vec<CallRecord> = (0..137).map(|at| record(if at % 2 == 0 { "xp-rules" } else { "other" }, at)).collect();
        calls::insert(&db.db, &records).await.unwrap();
        calls::insert(&db.db, &[]).await.unwrap();
        let filter = CallFilter { slot: Some("xp-rules".into()), ..CallFilter::default() };
        assert_eq!(calls::count(&db.db, &filter).await.unwrap(), 69);
        let page = calls::list(&db.db, &filter, &Page::skip(0, 2)).await.unwrap();
        assert_eq!(page.items, [records[136].clone(), records[134].clone()]);
        let page = calls::list(&db.db, &filter, &Page::after(page.next.unwrap(), 2)).await.unwrap();
        assert_eq!(page.items[0], records[132]);
        assert_eq!(calls::find(&db.db, records[5].id).await.unwrap().as_ref(), Some(&records[5]));
        assert_eq!(calls::trim_slot(&db.db, "xp-rules", 9).await.unwrap(), 60);
        assert_eq!(calls::trim_slot(&db.db, "xp-rules", 9).await.unwrap(), 0);
        assert_eq!(calls::count(&db.db, &filter).await.unwrap(), 9);
        assert_eq!(calls::trim_old(&db.db, calls::KEPT_FOR + 100).await.unwrap(), 50);
    })
    .await;
}

#[tokio::test]
async fn a_key_runs_one_request_and_replays_its_answer() {
    on_all(async |db| {
        let request = Keyed { principal: "u", key: "k", request_hash: &[1] };
        let begins = futures::future::join_all((0..8).map(|_| idempotency::begin(&db.db, request, 100, 50, 1_000))).await;
        assert_eq!(begins.iter().filter(|begin| matches!(begin, Ok(Begin::Fresh))).count(), 1);
        assert_eq!(begins.iter().filter(|begin| matches!(begin, Ok(Begin::Running))).count(), 7);
        let other = Keyed { request_hash: &[2], ..request };
        assert_eq!(idempotency::begin(&db.db, other, 100, 50, 1_000).await.unwrap(), Begin::Different);

        let answer = Answer { status: 201, headers: vec![("etag".into(), "\"1\"".into())], body: b"{}".to_vec() };
        idempotency::finish(&db.db, request, &answer).await.unwrap();
        assert_eq!(idempotency::begin(&db.db, request, 900, 50, 1_000).await.unwrap(), Begin::Replay(answer));
        assert_eq!(idempotency::begin(&db.db, request, 1_100, 50, 1_000).await.unwrap(), Begin::Fresh, "after a day it is free");
        assert_eq!(idempotency::begin(&db.db, request, 1_150, 50, 1_000).await.unwrap(), Begin::Fresh, "its host died");
        idempotency::abandon(&db.db, request).await.unwrap();
        assert_eq!(idempotency::begin(&db.db, request, 1_151, 50, 1_000).await.unwrap(), Begin::Fresh);
        assert_eq!(idempotency::purge(&db.db, 9_999).await.unwrap(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_lease_has_one_holder_and_a_job_one_worker() {
    on_all(async |db| {
        assert!(jobs::lease(&db.db, "score", "a", 100, 50).await.unwrap());
        assert!(!jobs::lease(&db.db, "score", "b", 149, 50).await.unwrap());
        assert!(jobs::lease(&db.db, "score", "a", 149, 50).await.unwrap());
        assert!(jobs::lease(&db.db, "score", "b", 199, 50).await.unwrap());
        jobs::release(&db.db, "score", "b").await.unwrap();
        assert!(jobs::lease(&db.db, "score", "a", 199, 50).await.unwrap());

        let job = id();
        jobs::enqueue(&db.db, job, "recompute", Some("all"), &json!({}), 10, 5).await.unwrap();
        let twin = jobs::enqueue(&db.db, id(), "recompute", Some("all"), &json!({}), 10, 5).await;
        assert!(twin.unwrap_err().is_conflict("jobs_kind_dedup_key"));
        assert_eq!(jobs::claim(&db.db, &["recompute"], "a", 9, 50).await.unwrap(), None);
        assert_eq!(jobs::claim(&db.db, &["other"], "a", 10, 50).await.unwrap(), None);
        let claims = futures::future::join_all((0..6).map(|_| jobs::claim(&db.db, &["recompute"], "a", 10, 50))).await;
        assert_eq!(claims.into_iter().filter(|claim| matches!(claim, Ok(Some(_)))).count(), 1);
        assert!(matches!(jobs::finish(&db.db, job, "b", Ok(&json!(1)), 20).await, Err(Error::Stale)));
        jobs::finish(&db.db, job, "a", Ok(&json!({"users": 3})), 20).await.unwrap();
        assert_eq!(jobs::find(&db.db, job).await.unwrap().unwrap().result, Some(json!({"users": 3})));
        jobs::enqueue(&db.db, id(), "recompute", Some("all"), &json!({}), 10, 5).await.unwrap();

        let replica = id();
        jobs::report(&db.db, replica, 4, 100).await.unwrap();
        jobs::report(&db.db, replica, 5, 110).await.unwrap();
        assert_eq!(jobs::replicas(&db.db, 105).await.unwrap(), [(replica, 5)]);
        jobs::forget(&db.db, Some(replica), 0).await.unwrap();
        assert_eq!(jobs::replicas(&db.db, 0).await.unwrap(), []);
    })
    .await;
}
