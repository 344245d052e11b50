//! JSON bodies: every bad field at once, merge patches, times, numbers, what JSON itself leaves open.

use super::*;

#[tokio::test]
async fn one_answer_names_every_bad_field() {
    let (house, runs) = house(|_| {});
    let answer = post(&house, &json!({"titel": "x", "difficulty": 9, "due": "2026-01-31T09:00:00", "kind": "sol"})).await;
    assert_eq!(answer.said(), "422 VAL_001");
    let mut fields = answer.fields();
    fields.sort();
    let expected = [
        ("/difficulty", "must be at most 5"),
        ("/due", "must be an RFC 3339 time with an offset, such as `2026-01-31T09:00:00Z`"),
        ("/kind", "must be one of `daily`, `solo`; did you mean `solo`?"),
        ("/titel", "is not known here; did you mean `title`?"),
        ("/title", "is required"),
    ];
    assert_eq!(fields, expected.map(|(pointer, message)| (pointer.to_owned(), message.to_owned())));
    assert_eq!(runs.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_good_body_arrives_typed_and_its_times_leave_in_utc() {
    let (house, _) = house(|_| {});
    let answer = post(
        &house,
        &json!({"title": "x", "difficulty": 3.0, "due": "2026-01-31T09:00:00+02:00", "kind": "daily", "metadata": {"a": [1.5]}}),
    )
    .await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    assert_eq!(answer.json(), json!({"text": "x/3/Some(Daily)/1/1", "due": "2026-01-31T07:00:00.000Z"}));
    assert_eq!((answer.header("location"), answer.header("etag")), (&*format!("/api/v1/things/{KNOWN}"), "\"1\""));
}

#[tokio::test]
async fn wrong_types_and_bounds_are_never_a_server_error() {
    let (house, _) = house(|_| {});
    let bodies = [
        json!([]),
        json!(null),
        json!("x"),
        json!({"title": null}),
        json!({"title": ""}),
        json!({"title": "12345678901"}),
        json!({"title": "x", "difficulty": "3"}),
        json!({"title": "x", "difficulty": 3.5}),
        json!({"title": "x", "difficulty": 1e18}),
        json!({"title": "x", "difficulty": -1}),
        json!({"title": "x", "due": 5}),
        json!({"title": "x", "due": "2026-13-01T00:00:00Z"}),
        json!({"title": "x", "metadata": []}),
        json!({"title": "x\0"}),
        json!({"title": "x", "metadata": {"a\0": 1}}),
    ];
    for body in bodies {
        let answer = post(&house, &body).await;
        assert_eq!(answer.said(), "422 VAL_001", "{body}");
        assert_eq!(answer.fields().len(), 1, "{body}: {:?}", answer.fields());
    }
}

#[tokio::test]
async fn what_is_not_json_is_malformed_and_duplicates_are_named() {
    let (house, _) = house(|_| {});
    let deep = format!("{{\"title\":\"x\",\"metadata\":{}1{}}}", "[".repeat(40), "]".repeat(40));
    for body in ["{", "{}{}", "{\"title\":\"\\ud800\"}", deep.as_str()] {
        assert_eq!(call(&house, "POST", "/api/v1/things", &[USER, JSON], body.to_owned()).await.said(), "400 REQ_001", "{body}");
    }
    assert_eq!(call(&house, "POST", "/api/v1/things", &[USER, JSON], vec![b'"', 0xff, b'"']).await.said(), "400 REQ_001");
    let twice = call(&house, "POST", "/api/v1/things", &[USER, JSON], r#"{"title":"x","title":"y"}"#).await;
    assert_eq!(twice.fields(), [("/title".to_owned(), "is given more than once".to_owned())]);
}

#[tokio::test]
async fn only_json_in_utf8_is_taken() {
    let (house, _) = house(|_| {});
    let rows = [
        ("application/json; charset=utf-8", 201),
        ("APPLICATION/JSON", 201),
        ("application/merge-patch+json", 201),
        ("application/json; charset=latin1", 415),
        ("text/json", 415),
        ("application/x-www-form-urlencoded", 415),
        ("nonsense", 415),
    ];
    for (media, status) in rows {
        let answer = call(&house, "POST", "/api/v1/things", &[USER, ("content-type", media)], r#"{"title":"x"}"#).await;
        assert_eq!(answer.status.as_u16(), status, "{media}");
    }
    assert_eq!(call(&house, "POST", "/api/v1/things", &[USER], r#"{"title":"x"}"#).await.said(), "415 REQ_003");
}

#[tokio::test]
async fn a_body_without_length_is_bounded_too() {
    let (house, _) = house(|config| config.limits.body_bytes = 64);
    let endless = axum::body::Body::from_stream(futures::stream::iter((0..100).map(|_| Ok::<_, std::io::Error>("          "))));
    assert_eq!(call(&house, "POST", "/api/v1/things", &[USER, JSON], endless).await.said(), "413 SIZE_001");
}

#[tokio::test]
async fn a_missing_body_is_an_empty_object() {
    let (house, _) = house(|_| {});
    let target = format!("/api/v1/things/{KNOWN}");
    let answer = call(&house, "PATCH", &target, &[USER, ("if-match", "\"3\"")], "").await;
    assert_eq!(answer.json()["text"], "None None None");
    let required = call(&house, "POST", "/api/v1/things", &[USER], "").await;
    assert_eq!(required.fields(), [("/title".to_owned(), "is required".to_owned())]);
}

#[tokio::test]
async fn a_patch_sets_clears_and_leaves() {
    let (house, _) = house(|_| {});
    let target = format!("/api/v1/things/{KNOWN}");
    let patch = async |body: &str| call(&house, "PATCH", &target, &[USER, JSON, ("if-match", "\"3\"")], body.to_owned()).await;
    assert_eq!(patch(r#"{"title":"x","note":null}"#).await.json()["text"], r#"Some("x") Some(None) None"#);
    assert_eq!(patch(r#"{"note":"y","due":"1970-01-01T00:00:01Z"}"#).await.json()["text"], r#"None Some(Some("y")) Some(Some(1000))"#);
    assert_eq!(patch(r#"{"title":null}"#).await.fields(), [("/title".to_owned(), "must be a string".to_owned())]);
    assert_eq!(patch(r#"{"due":"later"}"#).await.fields().len(), 1);
}
