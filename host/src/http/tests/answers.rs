//! What every answer carries, and the pages beside the API.

use super::*;

#[tokio::test]
async fn every_answer_has_an_id_a_timing_a_generation_and_security_headers() {
    let (house, _) = house(|_| {});
    for (target, headers) in [("/api/v1/who", &[][..]), ("/nothing", &[]), ("/docs/errors", &[]), ("/openapi.json", &[])] {
        let answer = call(&house, "GET", target, headers, "").await;
        assert!(Uuid::parse_str(answer.header("x-request-id")).is_ok(), "{target}");
        assert!(answer.header("server-timing").contains("total;dur="), "{target}");
        assert_eq!(answer.header("x-mnemosyne-generation"), "7", "{target}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{target}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{target}");
        assert!(answer.header("content-security-policy").contains("default-src 'none'"), "{target}");
        assert!(["no-store", "no-cache"].contains(&answer.header("cache-control")), "{target}");
    }
}

#[tokio::test]
async fn a_fitting_request_id_is_echoed_and_any_other_replaced() {
    let (house, _) = house(|_| {});
    let longest = "a".repeat(64);
    for id in ["A-z09", longest.as_str()] {
        assert_eq!(call(&house, "GET", "/api/v1/who", &[("x-request-id", id)], "").await.header("x-request-id"), id);
    }
    let too_long = "a".repeat(65);
    for id in ["", "a b", "a_b", "é", too_long.as_str()] {
        assert!(
            Uuid::parse_str(call(&house, "GET", "/api/v1/who", &[("x-request-id", id)], "").await.header("x-request-id")).is_ok(),
            "{id}"
        );
    }
}

#[tokio::test]
async fn a_known_version_is_not_sent_again() {
    let (house, _) = house(|_| {});
    let target = format!("/api/v1/things/{KNOWN}");
    for (tag, status) in [("\"3\"", 304), ("W/\"3\"", 304), ("\"1\", \"3\"", 304), ("*", 304), ("\"2\"", 200)] {
        let answer = call(&house, "GET", &target, &[USER, ("if-none-match", tag)], "").await;
        assert_eq!((answer.status.as_u16(), answer.header("etag")), (status, "\"3\""), "{tag}");
        assert_eq!(answer.text.is_empty(), status == 304);
    }
}

#[tokio::test]
async fn if_match_guards_a_change() {
    let (house, _) = house(|_| {});
    let target = format!("/api/v1/things/{KNOWN}");
    for (tag, status) in [("\"3\"", 200), ("*", 200), ("\"1\", \"3\"", 200), ("\"2\"", 412), ("W/\"3\"", 412), ("junk", 412)] {
        let answer = call(&house, "PATCH", &target, &[USER, JSON, ("if-match", tag)], "{}").await;
        assert_eq!(answer.status.as_u16(), status, "{tag}");
    }
}

#[tokio::test]
async fn browsers_may_call_from_the_configured_origins_only() {
    let (house, _) = house(|config| config.server.cors_origins = Some(vec!["https://app.example.org".into()]));
    let preflight = async |origin: &'static str| {
        let headers = [("origin", origin), ("access-control-request-method", "PATCH"), ("access-control-request-headers", "authorization")];
        call(&house, "OPTIONS", "/api/v1/things", &headers, "").await
    };
    let allowed = preflight("https://app.example.org").await;
    assert_eq!((allowed.status.as_u16(), allowed.header("access-control-allow-origin")), (200, "https://app.example.org"));
    assert!(allowed.header("access-control-allow-methods").contains("PATCH"));
    assert_eq!(preflight("https://evil.example").await.header("access-control-allow-origin"), "");
    let refused = call(&house, "GET", "/api/v1/things", &[("origin", "https://app.example.org")], "").await;
    assert_eq!((refused.status.as_u16(), refused.header("access-control-allow-origin")), (401, "https://app.example.org"));
    assert!(refused.header("access-control-expose-headers").contains("x-request-id"));
}

#[tokio::test]
async fn on_loopback_pages_of_this_machine_may_call() {
    let (house, _) = house(|_| {});
    for (origin, fits) in [
        ("http://localhost:5173", true),
        ("http://127.0.0.1", true),
        ("http://localhost.evil.example", false),
        ("http://localhost:1x", false),
        ("null", false),
    ] {
        let answer = call(&house, "GET", "/api/v1/who", &[("origin", origin)], "").await;
        assert_eq!(answer.header("access-control-allow-origin") == origin, fits, "{origin}");
    }
}

#[tokio::test]
async fn the_documentation_works_without_a_network() {
    let (house, _) = house(|_| {});
    let redirect = call(&house, "GET", "/docs", &[], "").await;
    assert_eq!((redirect.status.as_u16(), redirect.header("location")), (308, "/docs/"));
    let page = call(&house, "GET", "/docs/", &[], "").await;
    assert_eq!(page.status, 200);
    assert!(!page.text.contains("https://"), "{}", page.text);
    assert!(page.header("content-security-policy").contains("script-src 'self'"));
    for file in ["swagger-ui-bundle.js", "swagger-ui.css", "swagger-initializer.js"] {
        assert_eq!(call(&house, "GET", &format!("/docs/{file}"), &[], "").await.status, 200, "{file}");
    }
    assert!(call(&house, "GET", "/docs/swagger-initializer.js", &[], "").await.text.contains("/openapi.json"));
    assert_eq!(call(&house, "GET", "/docs/nothing.js", &[], "").await.said(), "404 DB_001");
    assert_eq!(call(&house, "GET", "/redoc", &[], "").await.status, 308);
    assert_eq!(call(&house, "POST", "/openapi.json", &[], "").await.said(), "405 REQ_002");
}

#[tokio::test]
async fn the_document_shows_permissions_security_and_errors() {
    let (house, _) = house(|_| {});
    let document = call(&house, "GET", "/openapi.json", &[], "").await.json();
    assert_eq!(document["openapi"], "3.1.0");
    let create = &document["paths"]["/api/v1/things"]["post"];
    assert_eq!(create["x-permission"], "task:write");
    assert_eq!(create["security"], json!([{"access_token": []}, {"api_key": []}]));
    for status in ["201", "400", "401", "403", "413", "415", "422", "default"] {
        assert!(create["responses"][status].is_object(), "{status}");
    }
    let read = &document["paths"]["/api/v1/things/{id}"]["get"];
    let ids = read["parameters"].as_array().unwrap().iter().filter(|parameter| parameter["name"] == "id").count();
    assert_eq!(ids, 1, "{read:#}");
    assert_eq!(document["paths"]["/api/v1/who"]["get"]["security"], json!([]));
    let names: Vec<_> = document["paths"]["/api/v1/things"]["get"]["parameters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["skip", "limit", "cursor", "updated_after", "include_deleted", "tags", "kind", "importance"]);
}
