//! The order of checks: 401, 404 route, 405, 403, 415, 413, 400, 404 id, 422, 428, 412.

use super::*;

const OPERATOR: (&str, &str) = ("authorization", "Bearer operator");
const NOBODY: (&str, &str) = ("authorization", "Bearer nobody");

/// Expected status and code, method, path, headers, body.
type Row<'a> = (&'a str, &'a str, &'a str, &'a [(&'a str, &'a str)], &'a str);

/// Each request breaks the rule it is named after and every later one that it can.
#[tokio::test]
async fn the_first_broken_rule_is_the_one_that_is_told() {
    let (house, _) = house(|config| config.limits.body_bytes = 64);
    let unknown = format!("/api/v1/things/{}", Uuid::from_u128(9));
    let known = format!("/api/v1/things/{KNOWN}");
    let large = "x".repeat(65);
    let rows: &[Row] = &[
        ("401 AUTH_003", "GET", "/api/v1/nothing", &[], ""),
        ("401 AUTH_003", "PUT", "/api/v1/things", &[NOBODY], ""),
        ("401 AUTH_002", "GET", "/api/v1/nothing", &[("authorization", "Bearer expired")], ""),
        ("404 DB_001", "PUT", "/api/v1/nothing", &[USER], ""),
        ("405 REQ_002", "PUT", "/api/v1/things", &[OPERATOR], &large),
        ("403 AUTH_005", "POST", "/api/v1/things", &[OPERATOR, ("content-type", "text/plain")], &large),
        ("415 REQ_003", "POST", "/api/v1/things", &[USER, ("content-type", "text/plain")], &large),
        ("413 SIZE_001", "POST", "/api/v1/things", &[USER, JSON], &large),
        ("400 REQ_001", "PATCH", "/api/v1/things/not-an-id", &[USER, JSON], "{"),
        ("404 DB_001", "PATCH", "/api/v1/things/not-an-id", &[USER, JSON], r#"{"titel":1}"#),
        ("404 DB_001", "PATCH", &unknown, &[USER, JSON], r#"{"titel":1}"#),
        ("422 VAL_001", "PATCH", &known, &[USER, JSON], r#"{"titel":1}"#),
        ("428 PRE_002", "PATCH", &known, &[USER, JSON], "{}"),
        ("412 PRE_001", "PATCH", &known, &[USER, JSON, ("if-match", "\"2\"")], "{}"),
    ];
    for (said, method, target, headers, body) in rows {
        let answer = call(&house, method, target, headers, (*body).to_owned()).await;
        assert_eq!(answer.said(), *said, "{method} {target}: {}", answer.text);
    }
}

#[tokio::test]
async fn outside_the_api_an_unknown_path_is_simply_not_found() {
    let (house, _) = house(|_| {});
    assert_eq!(call(&house, "GET", "/nothing", &[], "").await.said(), "404 DB_001");
}

#[tokio::test]
async fn a_wrong_method_learns_the_right_ones() {
    let (house, _) = house(|_| {});
    let answer = call(&house, "DELETE", "/api/v1/things", &[USER], "").await;
    assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, "GET, POST, HEAD, OPTIONS"));
}

#[tokio::test]
async fn options_and_head_are_answered_everywhere() {
    let (house, _) = house(|_| {});
    let options = call(&house, "OPTIONS", "/api/v1/things", &[], "").await;
    assert_eq!((options.status.as_u16(), options.header("allow")), (204, "GET, POST, HEAD, OPTIONS"));
    let head = call(&house, "HEAD", &format!("/api/v1/things/{KNOWN}"), &[USER], "").await;
    assert_eq!((head.status.as_u16(), head.header("etag"), head.text.as_str()), (200, "\"3\"", ""));
}

#[tokio::test]
async fn a_route_that_forgot_its_permission_is_closed() {
    let (house, _) = house(|_| {});
    assert_eq!(call(&house, "GET", "/api/v1/forgotten", &[USER], "").await.said(), "403 AUTH_005");
}

#[tokio::test]
async fn one_extractor_takes_a_token_and_an_api_key() {
    let (house, _) = house(|_| {});
    for header in [USER, ("authorization", "bearer mn_user"), ("x-api-key", "mn_user")] {
        assert_eq!(call(&house, "GET", "/api/v1/things", &[header], "").await.status, 200, "{header:?}");
    }
    for headers in [&[("authorization", "Basic dXNlcg==")][..], &[("authorization", "Bearer")], &[USER, ("x-api-key", "mn_other")]] {
        assert_eq!(call(&house, "GET", "/api/v1/things", headers, "").await.said(), "401 AUTH_003", "{headers:?}");
    }
}

#[tokio::test]
async fn a_public_operation_ignores_a_bad_credential() {
    let (house, _) = house(|_| {});
    assert_eq!(call(&house, "GET", "/api/v1/who", &[NOBODY], "").await.json()["text"], "None 127.0.0.1");
    assert_eq!(call(&house, "GET", "/api/v1/who", &[USER], "").await.json()["text"], "Some(1) 127.0.0.1");
}

#[tokio::test]
async fn a_client_that_wants_nothing_we_have_is_told_so() {
    let (house, _) = house(|_| {});
    for (accept, status) in [
        ("text/html", 406),
        ("application/json;q=0", 406),
        ("text/html, */*;q=0.1", 200),
        ("application/*", 200),
        ("application/problem+json", 200),
    ] {
        let answer = call(&house, "GET", "/api/v1/things", &[USER, ("accept", accept)], "").await;
        assert_eq!(answer.status.as_u16(), status, "{accept}");
    }
}

#[tokio::test]
async fn a_collection_answers_with_and_without_its_slash() {
    let (house, _) = house(|_| {});
    assert_eq!(call(&house, "GET", "/api/v1/things/?limit=5", &[USER], "").await.json()["limit"], 5);
    assert_eq!(call(&house, "POST", "/api/v1/things/", &[USER, JSON], r#"{"title":"x"}"#).await.status, 201);
    assert_eq!(call(&house, "GET", "/api/v1/things//", &[USER], "").await.said(), "404 DB_001");
}

#[tokio::test]
async fn the_rate_is_per_principal_and_says_what_is_left() {
    let (house, _) = house(|config| config.limits.requests_per_minute = 2);
    let first = call(&house, "GET", "/api/v1/things", &[USER], "").await;
    assert_eq!((first.header("ratelimit-limit"), first.header("ratelimit-remaining")), ("2", "1"));
    call(&house, "GET", "/api/v1/things", &[USER], "").await;
    let refused = call(&house, "GET", "/api/v1/things", &[USER], "").await;
    assert_eq!((refused.said().as_str(), refused.header("retry-after")), ("429 RATE_001", "30"));
    assert_eq!((refused.header("ratelimit-limit"), refused.header("ratelimit-remaining")), ("2", "0"));
    assert_eq!(call(&house, "GET", "/api/v1/things", &[OPERATOR], "").await.said(), "403 AUTH_005");
}
