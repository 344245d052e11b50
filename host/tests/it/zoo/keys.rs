//! A provider that takes API keys: `verify-api-key` from a guest, and a session that may no more than its key.

use mnemosyne_host::service::principal::Permission;
use serde_json::json;

use super::{let_in, providers};
use crate::kit::{Answer, TestHost, backends};

async fn log_in(host: &TestHost, key: &str) -> Answer {
    let body = json!({"username": "alice", "password": key, "provider": "api-key"});
    host.anonymous().post("/api/v1/auth/login", body).await
}

backends! {
    async fn a_key_logs_its_owner_in_and_the_session_may_no_more_and_lives_no_longer_than_the_key(host: TestHost) {
        let_in(&host.operator(), "auth-provider/api-key", providers::by_key().build("zoo-by-key")).await;
        let alice = host.user("alice").await;
        let task = alice.post("/api/v1/tasks", json!({"title": "hers"})).await.created();
        let made = host.app.api_keys.create("robot", Some("alice"), &[Permission::TaskRead], Some(1)).await.unwrap();
        let signed = log_in(&host, &made.key).await.ok();
        assert_eq!(signed["user"]["id"], alice.account["user"]["id"]);
        assert!(signed["refresh_expires_in"].as_i64().unwrap() <= 86_400, "{signed}");
        let refreshed = host.anonymous().post("/api/v1/auth/refresh", json!({"refresh_token": signed["refresh_token"]})).await.ok();
        assert!(refreshed["refresh_expires_in"].as_i64().unwrap() <= 86_400, "{refreshed}");
        for signed in [&signed, &refreshed] {
            let robot = host.anonymous().with_token(signed["access_token"].as_str().unwrap());
            robot.get(&format!("/api/v1/tasks/{}", task["id"].as_str().unwrap())).await.ok();
            robot.post("/api/v1/tasks", json!({"title": "its own"})).await.refused(403, "AUTH_005");
        }
        host.app.api_keys.remove(made.id).await.unwrap();
        let robot = host.anonymous().with_token(refreshed["access_token"].as_str().unwrap());
        robot.get("/api/v1/tasks").await.refused(401, "AUTH_003");
        host.anonymous().post("/api/v1/auth/refresh", json!({"refresh_token": refreshed["refresh_token"]})).await.refused(401, "AUTH_003");
        log_in(&host, &made.key).await.refused(401, "AUTH_001");
        alice.get("/api/v1/tasks").await.ok();
    }

    async fn what_is_no_key_of_an_account_logs_nobody_in(host: TestHost) {
        let_in(&host.operator(), "auth-provider/api-key", providers::by_key().build("zoo-by-key")).await;
        host.user("alice").await;
        let operators = host.operator().token.unwrap();
        let made = host.app.api_keys.create("robot", Some("alice"), &[], None).await.unwrap();
        let cut = &made.key[..made.key.len() - 1];
        for wrong in [operators.as_str(), cut, "mn_", crate::kit::PASSWORD] {
            log_in(&host, wrong).await.refused(401, "AUTH_001");
        }
        // Positive control; and a key is no password.
        log_in(&host, &made.key).await.ok();
        let body = json!({"username": "alice", "password": made.key});
        host.anonymous().post("/api/v1/auth/login", body).await.refused(401, "AUTH_001");
    }
}
