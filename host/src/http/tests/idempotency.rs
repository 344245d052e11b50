//! Sent twice, done once.

use super::*;

async fn send(house: &Router, who: (&str, &str), key: &str, body: &str) -> Answer {
    call(house, "POST", "/api/v1/things", &[who, JSON, ("idempotency-key", key)], body.to_owned()).await
}

#[tokio::test]
async fn the_first_answer_is_replayed() {
    let (house, runs) = house(|_| {});
    let first = send(&house, USER, "k1", r#"{"title":"x"}"#).await;
    let second = send(&house, USER, "k1", r#"{"title":"x"}"#).await;
    assert_eq!((first.status.as_u16(), first.header("idempotent-replayed")), (201, ""));
    assert_eq!((second.status.as_u16(), second.header("idempotent-replayed")), (201, "true"));
    assert_eq!(first.text, second.text);
    for name in ["location", "etag", "content-type"] {
        assert_eq!(first.header(name), second.header(name));
        assert_ne!(first.header(name), "");
    }
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn another_request_under_the_same_key_is_refused() {
    let (house, _) = house(|_| {});
    send(&house, USER, "k1", r#"{"title":"x"}"#).await;
    assert_eq!(send(&house, USER, "k1", r#"{"title":"y"}"#).await.said(), "422 IDEM_002");
}

#[tokio::test]
async fn a_key_in_flight_is_a_conflict() {
    let (house, runs) = house(|_| {});
    let running = tokio::spawn({
        let house = house.clone();
        async move { send(&house, USER, "k1", r#"{"title":"slow"}"#).await }
    });
    while runs.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(send(&house, USER, "k1", r#"{"title":"slow"}"#).await.said(), "409 IDEM_001");
    running.abort();
}

#[tokio::test]
async fn a_refused_request_gives_its_key_back() {
    let (house, runs) = house(|_| {});
    for (title, status) in [("taken", 409), ("broken", 500), ("panic", 500), ("fine", 201)] {
        assert_eq!(send(&house, USER, "k1", &json!({"title": title}).to_string()).await.status.as_u16(), status, "{title}");
    }
    assert_eq!(runs.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn a_key_that_is_none_is_named() {
    let (house, _) = house(|_| {});
    let long = "k".repeat(256);
    for key in ["", "a b", long.as_str()] {
        assert_eq!(send(&house, USER, key, r#"{"title":"x"}"#).await.fields()[0].0, "Idempotency-Key", "{key}");
    }
}

#[tokio::test]
async fn a_client_that_hangs_up_still_has_its_answer_kept() {
    let (house, runs) = house(|_| {});
    let (slow, door) = (house.clone(), house.clone());
    drop(tokio::time::timeout(Duration::from_millis(1), send(&slow, USER, "k1", r#"{"title":"x"}"#)).await);
    while send(&door, USER, "k1", r#"{"title":"x"}"#).await.header("idempotent-replayed") != "true" {
        tokio::task::yield_now().await;
    }
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}
