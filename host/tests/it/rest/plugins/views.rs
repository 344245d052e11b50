//! `/api/v1/plugins/{name}/views`: what plugins show of what they keep about the caller.

use serde_json::{Value, json};

use crate::kit::{SPIN, TestHost, Views, Voice, backends, let_in};

const PLUGINS: &str = "/api/v1/plugins";

/// A plugin whose view goes like this.
async fn shows(host: &TestHost, name: &str, show: &str) {
    let views = Some(Views { show: show.to_owned(), reset: show.to_owned() });
    let_in(&host.operator(), &format!("persona/{name}"), Voice { views, ..Voice::saying("hi") }.build(&format!("persona-{name}"), "0.1.0"))
        .await;
}

/// `error(kind)` of the contract, without code and message.
fn error(kind: u8) -> String {
    format!("(i32.store8 (i32.const 3072) (i32.const 1)) (i32.store8 (i32.const 3076) (i32.const {kind})) (i32.const 3072)")
}

backends! {
async fn what_a_plugin_shows_is_shown_and_reset(host: TestHost) {
    let alice = host.user("alice").await;
    let_in(&host.operator(), "persona/note", Voice::saying("hi").showing(r#"[{"kept": true}]"#).build("persona-note", "0.1.0")).await;
    let views = alice.get(&format!("{PLUGINS}/persona-note/views")).await.ok();
    assert_eq!(views["items"], json!([{"name": "notes", "title": "notes", "resettable": true}]));
    assert_eq!(alice.get(&format!("{PLUGINS}/persona-note/views/notes")).await.ok(), json!([{"kept": true}]));
    for _ in 0..2 {
        alice.post(&format!("{PLUGINS}/persona-note/views/notes/reset"), json!({})).await.no_content();
    }
    host.anonymous().get(&format!("{PLUGINS}/persona-note/views/notes")).await.refused(401, "AUTH_003");
    host.operator().get(&format!("{PLUGINS}/persona-note/views/notes")).await.refused(403, "AUTH_005");
}

async fn a_plugin_that_serves_nothing_or_shows_nothing_has_no_views(host: TestHost) {
    let alice = host.user("alice").await;
    // Known and bound to nothing; unknown; no plugin's name at all.
    for nobody in ["xp-rules-momentum", "nobody", "..%2f..", "%20"] {
        alice.get(&format!("{PLUGINS}/{nobody}/views")).await.refused(404, "DB_001");
        alice.get(&format!("{PLUGINS}/{nobody}/views/notes")).await.refused(404, "DB_001");
        alice.post(&format!("{PLUGINS}/{nobody}/views/notes/reset"), json!({})).await.refused(404, "DB_001");
    }
    let silent = alice.get(&format!("{PLUGINS}/xp-rules-classic/views")).await.ok();
    assert_eq!((&silent["items"], &silent["total"]), (&json!([]), &json!(0)));
    alice.get(&format!("{PLUGINS}/xp-rules-classic/views/notes")).await.refused(404, "DB_001");
    let long = "x".repeat(65);
    for view in ["diary", "Reflections", "a%20b", "%00", long.as_str()] {
        alice.get(&format!("{PLUGINS}/persona-mirror/views/{view}")).await.refused(404, "DB_001");
    }
}

async fn a_plugin_that_fails_is_the_plugins_fault_and_has_a_code(host: TestHost) {
    let alice = host.user("alice").await;
    let text = |address: u32, length: u32| format!("(i32.store (i32.const 3076) (i32.const {address})) (i32.store (i32.const 3080) (i32.const {length})) (i32.const 3072)");
    let cases = [
        ("trap", "(unreachable)".to_owned(), (502, "PLG_001")),
        ("loop", SPIN.to_owned(), (502, "PLG_002")),
        ("prose", text(288, 5), (502, "PLG_004")),
        ("nothing", text(0, 0), (502, "PLG_004")),
        ("outside", text(0, 2_000_000), (502, "PLG_004")),
        ("large", format!("(drop (memory.grow (i32.const 8))) {}", text(4096, (256 << 10) + 1)), (502, "PLG_002")),
        ("missing", error(2), (404, "DB_001")),
        ("broken", error(7), (502, "PLG_004")),
    ];
    for (name, show, (status, code)) in cases {
        shows(&host, name, &show).await;
        let answer = alice.get(&format!("{PLUGINS}/persona-{name}/views/notes")).await;
        let said = answer.text.clone();
        answer.refused(status, code);
        assert!(!said.contains("unreachable") && !said.contains("persona-"), "{name}: {said}");
    }
    shows(&host, "stubborn", &error(0)).await;
    alice.post(&format!("{PLUGINS}/persona-stubborn/views/notes/reset"), json!({})).await.refused(409, "DB_002");
    // Five in a row suspend it for her; its neighbours go on.
    for _ in 0..5 {
        alice.get(&format!("{PLUGINS}/persona-trap/views/notes")).await;
    }
    let suspended = alice.get(&format!("{PLUGINS}/persona-trap/views/notes")).await;
    assert!(suspended.header("retry-after").parse::<u64>().is_ok());
    suspended.refused(503, "PLG_008");
    let shown: Value = alice.get(&format!("{PLUGINS}/persona-mirror/views/reflections")).await.ok();
    assert_eq!(shown["observation_count"], 0);
}
}
