//! The kit itself: hosts do not share anything that they should not, and the claims fail when they should.

use super::{Answer, Backend, backends, fixture, logged, watch_logs_for};

backends! {
async fn a_host_answers_before_and_after_a_restart(mut host: TestHost) {
    let nobody = host.anonymous();
    nobody.get("/health/live").await.ok();
    host.restart().await;
    nobody.get("/health/live").await.ok();
    assert!(matches!(host.backend(), Backend::Sqlite | Backend::Postgres));
}

async fn people_and_operators_are_who_they_are_after_a_restart_too(mut host: TestHost) {
    let alice = host.user("alice").await;
    let again = host.sign_in("alice").await;
    assert_ne!(alice.token, again.token);
    for _ in 0..2 {
        for who in [&alice, &again] {
            assert_eq!(who.get("/api/v1/auth/me").await.ok()["username"], "alice");
        }
        host.restart().await;
    }
    host.operator().get("/api/v1/admin/slots").await.ok();
    alice.get("/api/v1/admin/slots").await.refused(403, "AUTH_005");
}

async fn a_refusal_has_the_one_error_shape(host: TestHost) {
    host.anonymous().get("/api/v1/tasks").await.refused(401, "AUTH_003");
}
}

#[test]
#[should_panic(expected = "no component `unicorn`")]
fn an_unknown_fixture_says_where_it_looked() {
    fixture("unicorn");
}

#[test]
#[should_panic(expected = "AUTH_001")]
fn a_claim_shows_the_answer_that_it_did_not_expect() {
    let text = r#"{"error":{"code":"AUTH_001","request_id":"r"}}"#;
    let answer =
        Answer { status: 401, headers: reqwest::header::HeaderMap::new(), json: serde_json::from_str(text).unwrap(), text: text.into() };
    answer.refused(401, "AUTH_003");
}

#[test]
fn a_watched_word_is_found_in_the_logs() {
    watch_logs_for("kit-canary-one");
    watch_logs_for("kit-canary-two");
    tracing::info!(target: "mnemosyne_host", said = "kit-canary-one", "a line");
    assert_eq!((logged("kit-canary-one").len(), logged("kit-canary-two").len()), (1, 0));
}
