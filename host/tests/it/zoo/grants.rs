//! What asks for more waits: held until an operator accepts exactly that difference, named by its hash.

use reqwest::Method;
use serde_json::{Value, json};

use super::PLUGINS;
use super::build::{Rules, TEN, component, manifest};
use crate::kit::{Answer, TestHost, backends};

/// Rules `asking@version` with these lines of `[limits]`.
fn asking(version: &str, limits: &str) -> Vec<u8> {
    let manifest = manifest("asking", "xp-rules", limits).replace("'0.1.0'", &format!("'{version}'"));
    component("xp-rules", &Rules::awarding(TEN).text(), &manifest)
}

/// A component that a host holds until somebody approves it: `asking@0.2.0`.
pub(crate) fn held() -> Vec<u8> {
    asking("0.2.0", "[limits]\nmemory = '16MiB'\n")
}

async fn bind(host: &TestHost, version: &str) -> Answer {
    let body = json!({"plugin": "asking", "version": version});
    host.operator().ask(Method::PUT, "/api/v1/admin/slots/xp-rules").header("if-match", "*").json(body).send().await
}

backends! {
    async fn an_upgrade_that_asks_for_more_is_held_until_exactly_that_is_accepted(host: TestHost) {
        let operator = host.operator();
        let approve = async |version: &str, body: Value| operator.post(&format!("{PLUGINS}/asking/{version}/approve"), body).await;
        assert_eq!(operator.add_plugin(asking("0.1.0", "")).await["state"], "checked", "harmless: nothing to accept");
        bind(&host, "0.1.0").await.ok();

        let wider = operator.add_plugin(held()).await;
        let difference = &wider["difference"];
        assert_eq!(wider["state"], "held");
        assert!(difference["lines"].to_string().contains("16 MiB"), "{difference}");
        let error = bind(&host, "0.2.0").await.refused(409, "PLG_009");
        assert!(error["hint"].as_str().unwrap().contains("mnemosyne plugin approve asking@0.2.0"), "{error}");
        approve("0.2.0", json!({"accept_difference": "0".repeat(64)})).await.refused(409, "DB_002");
        approve("0.2.0", json!({"accept_difference": 7})).await.refused(422, "VAL_001");
        approve("9.9.9", json!({})).await.refused(404, "DB_001");
        bind(&host, "0.2.0").await.refused(409, "PLG_009");
        assert_eq!(operator.get("/api/v1/admin/slots/xp-rules").await.ok()["bindings"][0]["version"], "0.1.0", "the running one is untouched");
        let accepted = approve("0.2.0", json!({"accept_difference": difference["hash"]})).await.ok();
        assert_eq!((&accepted["state"], accepted.get("difference").is_none_or(Value::is_null)), (&json!("checked"), true));
        bind(&host, "0.2.0").await.ok();

        // No wider than what runs: accepted with it. Wider again: held again, by its own difference.
        assert_eq!(operator.add_plugin(asking("0.3.0", "[limits]\nmemory = '12MiB'\n")).await["state"], "checked");
        let again = operator.add_plugin(asking("0.4.0", "[limits]\nmemory = '32MiB'\n")).await;
        assert_eq!(again["state"], "held");
        assert_ne!(again["difference"]["hash"], difference["hash"]);
        approve("0.4.0", json!({"accept_difference": difference["hash"]})).await.refused(409, "DB_002");
    }
}
