//! The one error shape, whoever refused.

use super::*;

#[tokio::test]
async fn an_error_has_every_part_of_the_shape() {
    let (house, _) = house(|_| {});
    let answer = call(&house, "GET", "/api/v1/things/nope", &[USER, ("x-request-id", "abc-1")], "").await;
    let expected = json!({"error": {
        "code": "DB_001", "message": "not found", "detail": null, "type": "not_found_error", "param": null, "request_id": "abc-1",
        "hint": "check the path and the id; what belongs to someone else is not found either", "docs": "/docs/errors#DB_001", "errors": []
    }});
    assert_eq!(answer.json(), expected);
    assert_eq!((answer.header("content-type"), answer.header("x-request-id")), ("application/json", "abc-1"));
}

#[tokio::test]
async fn problem_json_is_given_to_those_who_ask_but_not_on_v1() {
    let (house, _) = house(|_| {});
    let answer = call(&house, "GET", "/api/v1/things/nope", &[USER, ("accept", "application/problem+json")], "").await;
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!((&answer.json()["type"], &answer.json()["status"]), (&json!("/docs/errors#DB_001"), &json!(404)));
    let openai = call(&house, "GET", "/v1/models", &[("accept", "application/problem+json")], "").await;
    assert_eq!((openai.header("content-type"), openai.said().as_str()), ("application/json", "401 AUTH_003"));
}

#[tokio::test]
async fn a_panic_is_an_internal_error_that_tells_nothing() {
    let (house, _) = house(|_| {});
    let answer = post(&house, &json!({"title": "panic"})).await;
    assert_eq!(answer.said(), "500 SRV_001");
    assert!(!answer.text.contains("secret"), "{}", answer.text);
    let broken = post(&house, &json!({"title": "broken"})).await;
    assert_eq!(broken.said(), "500 SRV_001");
    assert!(!broken.text.contains("db.internal"), "{}", broken.text);
}

#[tokio::test]
async fn a_handler_that_takes_too_long_is_given_up() {
    let (house, _) = house(|config| config.server.handler_timeout_seconds = 1);
    assert_eq!(post(&house, &json!({"title": "slow"})).await.said(), "408 REQ_005");
}

#[tokio::test]
async fn a_401_says_how_to_prove_oneself() {
    let (house, _) = house(|_| {});
    let none = call(&house, "GET", "/api/v1/things", &[], "").await;
    assert_eq!(none.header("www-authenticate"), "Bearer realm=\"mnemosyne\", error=\"invalid_token\"");
    let expired = call(&house, "GET", "/api/v1/things", &[("authorization", "Bearer expired")], "").await;
    assert!(expired.header("www-authenticate").contains("expired"));
}

#[tokio::test]
async fn headers_beyond_their_bound_are_refused_in_words() {
    let (house, _) = house(|_| {});
    let long = "x".repeat(17 << 10);
    assert_eq!(call(&house, "GET", "/api/v1/things", &[USER, ("x-junk", &long)], "").await.said(), "413 SIZE_001");
}

#[tokio::test]
async fn the_page_of_codes_has_an_anchor_for_each() {
    let (house, _) = house(|_| {});
    let page = call(&house, "GET", "/docs/errors", &[], "").await;
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    for code in Code::ALL {
        assert!(page.text.contains(&format!("id=\"{}\"", code.text())), "{}", code.text());
    }
    assert!(!page.text.contains("http://") && !page.text.contains("https://"));
}

#[tokio::test]
async fn on_v1_an_error_says_whether_another_try_is_worth_it() {
    use crate::http::error::{Style, render};
    let said = |code: Code, style: Style| {
        let response = render(&Fault::new(code), "r-1", style, None);
        response.headers().get("x-should-retry").map(|value| value.to_str().unwrap().to_owned())
    };
    for code in [Code::TokenInvalid, Code::Validation, Code::Conflict, Code::NothingBound, Code::PluginTrapped, Code::StorageFull] {
        assert_eq!(said(code, Style::OpenAi).as_deref(), Some("false"), "{}", code.text());
        assert_eq!(said(code, Style::Plain), None);
    }
    for code in [Code::TooMany, Code::Overloaded, Code::DatabaseUnavailable, Code::RequestTimeout] {
        assert_eq!(said(code, Style::OpenAi), None, "{}", code.text());
    }
}
