//! What is known here: adding, showing, blocking, removing, and every way a component is refused. `plugins/views.rs`: what
//! plugins show of what they keep about a person.

mod views;

use serde_json::json;

use crate::kit::{backends, fixture};

const PLUGINS: &str = "/api/v1/admin/plugins";

backends! {
    async fn the_bundled_plugins_are_known_with_what_they_may_do(host: TestHost) {
        let plugins = host.operator().get(PLUGINS).await.ok();
        let names: Vec<&str> = plugins["items"].as_array().unwrap().iter().map(|plugin| plugin["name"].as_str().unwrap()).collect();
        let personas = ["persona-confidant", "persona-guardian", "persona-mediator", "persona-mentor", "persona-mirror"];
        let others = ["task-intelligence-classic", "xp-rules-classic", "xp-rules-momentum"];
        assert_eq!(names, [&["auth-provider-password"][..], &personas, &others].concat());
        let revision = host.operator().get(&format!("{PLUGINS}/xp-rules-classic/0.1.0")).await.ok();
        assert_eq!((revision["state"].as_str(), revision["bound_to"][0].as_str()), (Some("live"), Some("xp-rules")));
        assert_eq!(revision["digest"].as_str().map(str::len), Some(64));
        host.operator().get(&format!("{PLUGINS}/nobody")).await.refused(404, "DB_001");
        host.operator().get(&format!("{PLUGINS}/xp-rules-classic/9.9.9")).await.refused(404, "DB_001");
    }

    async fn the_same_bytes_again_are_the_same_revision(host: TestHost) {
        let operator = host.operator();
        let before = operator.get(PLUGINS).await.ok();
        let again = operator.add_plugin(fixture("xp-rules-momentum")).await;
        assert_eq!((again["name"].as_str(), again["version"].as_str()), (Some("xp-rules-momentum"), Some("0.1.0")));
        assert_eq!(operator.get(PLUGINS).await.ok(), before);
    }

    async fn a_component_that_fails_a_check_is_refused_in_words(host: TestHost) {
        let operator = host.operator();
        let before = operator.get(PLUGINS).await.ok();
        let whole = fixture("xp-rules-classic");
        let core = wat::parse_str("(module)").unwrap();
        let bare = wat::parse_str("(component)").unwrap();
        for bytes in [Vec::new(), b"garbage".to_vec(), b"\x7fELF".to_vec(), core, bare, whole[..whole.len() / 2].to_vec()] {
            let answer = operator.ask(reqwest::Method::POST, PLUGINS).bytes("application/wasm", bytes).send().await;
            let error = answer.refused(422, "PLG_007");
            assert!(!error["errors"].as_array().unwrap().is_empty(), "{error}");
        }
        operator.post(PLUGINS, json!({})).await.refused(415, "REQ_003");
        assert_eq!(operator.get(PLUGINS).await.ok(), before);
    }

    async fn a_blocked_digest_leaves_every_slot_for_good(host: TestHost) {
        let operator = host.operator();
        operator.bind("xp-rules", "xp-rules-momentum@0.1.0").await;
        let digest = operator.get(&format!("{PLUGINS}/xp-rules-momentum/0.1.0")).await.ok()["digest"].clone();
        let wrong = json!({"digest": "0".repeat(64), "reason": "test"});
        operator.post(&format!("{PLUGINS}/xp-rules-momentum/block"), wrong).await.refused(422, "VAL_001");
        let blocked = operator.post(&format!("{PLUGINS}/xp-rules-momentum/block"), json!({"digest": digest, "reason": "test"})).await.ok();
        assert_eq!(blocked["slots"], json!(["xp-rules"]));
        let slot = operator.get("/api/v1/admin/slots/xp-rules").await;
        assert_eq!(slot.json["bindings"][0]["plugin"], "xp-rules-classic");
        let answer = operator.ask(reqwest::Method::POST, PLUGINS).bytes("application/wasm", fixture("xp-rules-momentum")).send().await;
        answer.refused(422, "PLG_007");
        let bind = json!({"plugin": "xp-rules-momentum", "version": "0.1.0"});
        let etag = slot.header("etag").to_owned();
        operator.ask(reqwest::Method::PUT, "/api/v1/admin/slots/xp-rules").header("if-match", &etag).json(bind).send().await.refused(422, "PLG_007");
    }

    async fn whoever_blocks_the_last_way_of_logging_in_hears_of_it(host: TestHost) {
        let (operator, alice) = (host.operator(), host.user("alice").await);
        let block = async |plugin: &str| {
            let digest = operator.get(&format!("{PLUGINS}/{plugin}/0.1.0")).await.ok()["digest"].clone();
            operator.post(&format!("{PLUGINS}/{plugin}/block"), json!({"digest": digest, "reason": "test"})).await.ok()
        };
        assert_eq!(block("xp-rules-momentum").await["warnings"], json!([]), "nothing was bound to it");
        let blocked = block("auth-provider-password").await;
        assert_eq!(blocked["slots"], json!(["auth-provider/password"]));
        let warning = blocked["warnings"][0].as_str().unwrap();
        assert!(warning.contains("nobody can log in") && warning.contains("mnemosyne slot bind auth-provider/"), "{warning}");
        let login = json!({"username": "alice", "password": crate::kit::PASSWORD});
        host.anonymous().post("/api/v1/auth/login", login).await.refused(422, "VAL_001");
        alice.get("/api/v1/auth/me").await.ok();
        operator.get(PLUGINS).await.ok();
    }

    async fn only_what_is_not_bound_can_be_removed(host: TestHost) {
        let operator = host.operator();
        operator.delete(&format!("{PLUGINS}/xp-rules-classic/0.1.0")).await.refused(409, "DB_002");
        operator.delete(&format!("{PLUGINS}/xp-rules-momentum/0.1.0")).await.no_content();
        operator.delete(&format!("{PLUGINS}/xp-rules-momentum/0.1.0")).await.refused(404, "DB_001");
    }

    async fn a_grant_can_be_narrowed_only_from_what_was_read(host: TestHost) {
        let operator = host.operator();
        let path = format!("{PLUGINS}/xp-rules-classic/grant");
        let etag = operator.get(&path).await.header("etag").to_owned();
        let put = async |policy: serde_json::Value| operator.ask(reqwest::Method::PUT, &path).header("if-match", &etag).json(json!({"policy": policy})).send().await;
        put(json!({"forbid": []})).await.refused(422, "VAL_001");
        let granted = put(json!({"limits": {"cpu-ms": 5}})).await.ok();
        assert_eq!(granted["effective"][0]["grant"]["limits"]["cpu_ms"], 5);
        put(json!({})).await.refused(412, "PRE_001");
        let auth = format!("{PLUGINS}/auth-provider-password/grant");
        let etag = operator.get(&auth).await.header("etag").to_owned();
        // What a bound component imports cannot be taken away under it.
        let denied = json!({"policy": {"deny": ["auth"]}});
        operator.ask(reqwest::Method::PUT, &auth).header("if-match", &etag).json(denied).send().await.refused(422, "PLG_007");
        host.sign_in(host.user("alice").await.account["user"]["username"].as_str().unwrap()).await;
    }
}
