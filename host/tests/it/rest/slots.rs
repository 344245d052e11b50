//! What is bound where: bind, roll back, configure, and every way it is refused.

use mnemosyne_host::model::call::CallFilter;
use mnemosyne_host::model::page::Page;
use mnemosyne_host::store::calls;
use reqwest::Method;
use serde_json::json;

use crate::kit::{TestHost, backends};

const SLOT: &str = "/api/v1/admin/slots/xp-rules";

/// The generations that served the awards so far, oldest first, once so many records are written.
async fn awards(host: &TestHost, count: usize) -> Vec<i64> {
    let filter = CallFilter { slot: Some("xp-rules".into()), ..CallFilter::default() };
    loop {
        let records = calls::list(&host.app.db, &filter, &Page::skip(0, 100)).await.unwrap().items;
        let awards: Vec<i64> = records.iter().rev().filter(|call| call.export == "xp-rules.award").map(|call| call.generation).collect();
        if awards.len() >= count {
            return awards;
        }
        tokio::task::yield_now().await;
    }
}

backends! {
    async fn a_swap_shows_in_the_next_completion_and_a_rollback_undoes_it(host: TestHost) {
        let (operator, alice) = (host.operator(), host.user("alice").await);
        let points = async || {
            let task = alice.post("/api/v1/tasks", json!({"title": "Water the plants", "difficulty": 2})).await.created();
            let done = alice.post(&format!("/api/v1/tasks/{}/complete", task["id"].as_str().unwrap()), json!({})).await.ok();
            (done["rules"]["plugin"].as_str().unwrap().to_owned(), done["experience_gained"].as_i64().unwrap())
        };
        assert_eq!(points().await, ("xp-rules-classic".to_owned(), 20));
        let slot = operator.bind("xp-rules", "xp-rules-momentum@0.1.0").await;
        assert_eq!((slot["generation"].as_i64(), slot["bindings"][0]["plugin"].as_str()), (Some(2), Some("xp-rules-momentum")));
        assert_eq!(points().await, ("xp-rules-momentum".to_owned(), 7));
        let slot = operator.post(&format!("{SLOT}/rollback"), json!({})).await.ok();
        assert_eq!((slot["generation"].as_i64(), slot["bindings"][0]["plugin"].as_str()), (Some(3), Some("xp-rules-classic")));
        assert_eq!(points().await, ("xp-rules-classic".to_owned(), 20));
        let history = operator.get(&format!("{SLOT}/history")).await.ok();
        let actions: Vec<&str> = history["items"].as_array().unwrap().iter().map(|row| row["action"].as_str().unwrap()).collect();
        assert_eq!(actions, ["rollback", "bind", "bind"]);
        // The preview of a new task's points, and the completion.
        assert_eq!(awards(&host, 6).await, [1, 1, 2, 2, 3, 3], "each call record names the generation that served it");
    }

    async fn a_bind_that_does_not_fit_changes_nothing(host: TestHost) {
        let operator = host.operator();
        let before = operator.get(SLOT).await;
        let etag = before.header("etag").to_owned();
        let bind = async |etag: Option<&str>, body: serde_json::Value| {
            let asking = operator.ask(Method::PUT, SLOT).json(body);
            match etag {
                Some(etag) => asking.header("if-match", etag).send().await,
                None => asking.send().await,
            }
        };
        let momentum = json!({"plugin": "xp-rules-momentum", "version": "0.1.0"});
        bind(None, momentum.clone()).await.refused(428, "PRE_002");
        bind(Some("\"99\""), momentum).await.refused(412, "PRE_001");
        let error = bind(Some(&etag), json!({"plugin": "xp-rules-momentum", "version": "9.9.9"})).await.refused(422, "VAL_001");
        assert_eq!(error["errors"][0]["pointer"], "/version");
        let error = bind(Some(&etag), json!({"plugin": "auth-provider-password", "version": "0.1.0"})).await.refused(422, "VAL_001");
        assert_eq!(error["errors"][0]["pointer"], "/plugin");
        bind(Some(&etag), json!({"plugin": "xp-rules-momentum", "version": "0.1.0", "mode": "canary"})).await.refused(422, "VAL_001");
        operator.get("/api/v1/admin/slots/persona").await.refused(404, "DB_001");
        operator.get("/api/v1/admin/slots/auth-provider/config").await.refused(404, "DB_001");
        host.user("alice").await.get(SLOT).await.refused(403, "AUTH_005");
        host.anonymous().get(SLOT).await.refused(401, "AUTH_003");
        assert_eq!(operator.get(SLOT).await.json, before.json);
    }

    async fn a_slot_that_nothing_is_bound_to_exists_and_answers_empty(host: TestHost) {
        let slot = host.operator().get("/api/v1/admin/slots/auth-provider/elsewhere").await;
        assert_eq!((slot.header("etag"), slot.json["bindings"].as_array().map(Vec::len)), ("\"0\"", Some(0)));
        host.operator().post("/api/v1/admin/slots/auth-provider/elsewhere/rollback", json!({})).await.refused(409, "DB_002");
    }

    async fn settings_are_held_against_the_manifest(host: TestHost) {
        let operator = host.operator();
        let path = "/api/v1/admin/slots/auth-provider/password/config";
        let etag = operator.get(path).await.header("etag").to_owned();
        let put = async |values: serde_json::Value| operator.ask(Method::PUT, path).header("if-match", &etag).json(json!({"values": values})).send().await;
        let error = put(json!({"domains": 7})).await.refused(422, "VAL_001");
        assert_eq!(error["errors"][0]["pointer"], "/values/domains");
        put(json!({"domians": []})).await.refused(422, "VAL_001");
        let set = put(json!({"domains": ["elsewhere.org"]})).await.ok();
        assert_eq!(set["values"], json!({"domains": ["elsewhere.org"]}));
        put(json!({"domains": []})).await.refused(412, "PRE_001");
        // The settings reach the guest: alice registers, and her domain is no longer welcome at the door.
        host.user("alice").await;
        let login = json!({"username": "alice@example.org", "password": "correct horse battery staple"});
        host.anonymous().post("/api/v1/auth/login", login).await.refused(401, "AUTH_001");
    }
}
