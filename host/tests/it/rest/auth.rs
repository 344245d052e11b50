//! `/api/v1/auth`: each verb works, is repeated, is refused.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Method;
use serde_json::{Value, json};

use crate::kit::{Actor, TestHost, backends};

const PASSWORD: &str = "correct horse battery staple";
const ANOTHER: &str = "kitchen violin raft";

fn newcomer(name: &str) -> Value {
    json!({"email": format!("{name}@example.org"), "username": name, "password": PASSWORD})
}

fn pointers(error: &Value) -> Vec<&str> {
    error["errors"].as_array().unwrap().iter().map(|field| field["pointer"].as_str().unwrap()).collect()
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

async fn login(host: &TestHost, name: &str, password: &str) -> crate::kit::Answer {
    host.anonymous().post("/api/v1/auth/login", json!({"username": name, "password": password})).await
}

async fn refresh(host: &TestHost, token: &Value) -> crate::kit::Answer {
    host.anonymous().post("/api/v1/auth/refresh", json!({"refresh_token": token})).await
}

/// Waits until an access token no longer works; it must not take longer than a second.
async fn ends(actor: &Actor, code: &str) {
    let since = Instant::now();
    loop {
        let answer = actor.get("/api/v1/auth/me").await;
        if answer.status != 200 {
            assert_eq!(answer.json["error"]["code"], code);
            return;
        }
        assert!(since.elapsed() < Duration::from_secs(1), "it still works");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

backends! {
async fn registering_signs_in_and_answers_as_login_does(host: TestHost) {
    let answer = host.anonymous().post("/api/v1/auth/register", newcomer("ada")).await;
    assert_eq!(answer.header("location"), "/api/v1/auth/me");
    assert_eq!(answer.header("cache-control"), "no-store");
    let registered = answer.created();
    let logged_in = login(&host, "ada", PASSWORD).await.ok();
    assert_eq!(keys(&registered), keys(&logged_in));
    assert_eq!((&registered["token_type"], &registered["expires_in"], &registered["refresh_expires_in"]), (&json!("bearer"), &json!(900), &json!(2_592_000)));
    let user = &registered["user"];
    assert_eq!((&user["username"], &user["display_name"], &user["timezone"], &user["roles"]), (&json!("ada"), &json!("ada"), &json!("UTC"), &json!(["user"])));
    assert!(user["permissions"].as_array().unwrap().contains(&json!("task:write")));
    let me = host.anonymous().with_token(registered["access_token"].as_str().unwrap()).get("/api/v1/auth/me").await.ok();
    assert_eq!(&me, user);
}

async fn registering_is_refused_for_what_is_taken_bad_or_unknown(host: TestHost) {
    host.user("ada").await;
    let anyone = host.anonymous();
    let taken = anyone.post("/api/v1/auth/register", json!({"email": "ADA@Example.ORG", "username": "grace", "password": PASSWORD})).await.refused(409, "DB_002");
    assert_eq!(taken["param"], "/email");
    let taken = anyone.post("/api/v1/auth/register", json!({"email": "grace@example.org", "username": "Ada", "password": PASSWORD})).await.refused(409, "DB_002");
    assert_eq!(taken["param"], "/username");
    let bad = json!({"email": "ada", "username": "a b", "password": "short", "timezone": "Mars/Base", "display_name": ""});
    let bad = anyone.post("/api/v1/auth/register", bad).await.refused(422, "VAL_001");
    assert_eq!(pointers(&bad), ["/email", "/username", "/display_name", "/timezone", "/password"]);
    for common in ["password1234", "123456789012", "grace-grace-grace", "P@ssw0rd!2026"] {
        let body = json!({"email": "grace@example.org", "username": "grace", "password": common});
        assert_eq!(pointers(&anyone.post("/api/v1/auth/register", body).await.refused(422, "VAL_001")), ["/password"], "{common}");
    }
    let mut unknown = newcomer("grace");
    unknown["pasword"] = json!("x");
    assert_eq!(pointers(&anyone.post("/api/v1/auth/register", unknown).await.refused(422, "VAL_001")), ["/pasword"]);
    anyone.ask(Method::POST, "/api/v1/auth/register").bytes("application/json", "{").send().await.refused(400, "REQ_001");
}

async fn sixteen_people_who_want_one_name_make_one_account(host: TestHost) {
    let anyone = host.anonymous();
    let all = futures::future::join_all((0..16).map(|number| {
        let body = json!({"email": format!("{number}@example.org"), "username": "ada", "password": PASSWORD});
        anyone.post("/api/v1/auth/register", body)
    })).await;
    let made = all.iter().filter(|answer| answer.status == 201).count();
    assert_eq!((made, all.iter().filter(|answer| answer.status == 409).count()), (1, 15));
}

async fn one_logs_in_by_name_or_address_whatever_their_case(host: TestHost) {
    host.user("ada").await;
    login(&host, "ADA", PASSWORD).await.ok();
    login(&host, "Ada@Example.org", PASSWORD).await.ok();
    host.anonymous().post("/api/v1/auth/login", json!({"email": "ada@example.org", "password": PASSWORD, "provider": "password"})).await.ok();
}

async fn a_login_tells_a_stranger_nothing_and_a_bad_request_everything(host: TestHost) {
    host.user("ada").await;
    let wrong = login(&host, "ada", ANOTHER).await;
    assert!(wrong.header("www-authenticate").starts_with("Bearer"));
    let unknown = login(&host, "nobody", ANOTHER).await.refused(401, "AUTH_001");
    let wrong = wrong.refused(401, "AUTH_001");
    assert_eq!((&wrong["message"], &wrong["detail"], &wrong["hint"]), (&unknown["message"], &unknown["detail"], &unknown["hint"]));
    let anyone = host.anonymous();
    let post = async |body: Value| anyone.post("/api/v1/auth/login", body).await.refused(422, "VAL_001");
    assert_eq!(pointers(&post(json!({"password": PASSWORD})).await), ["/username"]);
    assert_eq!(pointers(&post(json!({"username": "ada", "email": "ada@example.org", "password": PASSWORD})).await), ["/email"]);
    assert_eq!(pointers(&post(json!({"username": "ada", "password": PASSWORD, "provider": "google"})).await), ["/provider"]);
    assert_eq!(pointers(&post(json!({"username": 7, "password": null})).await).len(), 2);
    post(json!({"username": "ada", "password": "x".repeat(1_025)})).await;
}

async fn ten_failures_a_minute_and_not_one_more_however_many_try_at_once(host: TestHost) {
    host.user("ada").await;
    let all = futures::future::join_all((0..24).map(|_| login(&host, "ada", ANOTHER))).await;
    let count = |status: u16| all.iter().filter(|answer| answer.status == status).count();
    // on a machine that is busy with other things one may be told to come again: that is no failure of its own
    assert!((1..=10).contains(&count(401)) && count(401) + count(429) + count(503) == 24, "{all:?}");
    for _ in count(401)..10 {
        login(&host, "ada", ANOTHER).await.refused(401, "AUTH_001");
    }
    let refused = login(&host, "ada", PASSWORD).await;
    assert!((1..=60).contains(&refused.header("retry-after").parse::<u32>().unwrap()));
    refused.refused(429, "RATE_001");
    host.user("grace").await;
    login(&host, "grace", PASSWORD).await.ok();
}

async fn a_refresh_token_is_good_once(host: TestHost) {
    let ada = host.user("ada").await;
    let first = &ada.account["refresh_token"];
    let second = refresh(&host, first).await.ok();
    assert_eq!(keys(&second), keys(&ada.account));
    let again = refresh(&host, first).await.ok();
    assert_eq!(again["refresh_token"], second["refresh_token"], "a second use within 30 s gets the same successor");
    let third = refresh(&host, &second["refresh_token"]).await.ok();
    host.anonymous().with_token(third["access_token"].as_str().unwrap()).get("/api/v1/auth/me").await.ok();
    refresh(&host, first).await.refused(401, "AUTH_004");
    refresh(&host, &third["refresh_token"]).await.refused(401, "AUTH_003");
    ends(&ada, "AUTH_003").await;
}

async fn thirty_two_refreshes_at_once_get_one_successor(host: TestHost) {
    let ada = host.user("ada").await;
    let all = futures::future::join_all((0..32).map(|_| refresh(&host, &ada.account["refresh_token"]))).await;
    let mut successors: Vec<Value> = all.into_iter().map(|answer| answer.ok()["refresh_token"].clone()).collect();
    successors.dedup();
    assert_eq!(successors.len(), 1);
}

async fn what_is_no_refresh_token_is_refused(host: TestHost) {
    let ada = host.user("ada").await;
    for token in [json!(""), json!("nonsense"), json!("A".repeat(43)), ada.account["access_token"].clone()] {
        let answer = refresh(&host, &token).await;
        assert!(answer.status == 401 && answer.json["error"]["code"] == "AUTH_003", "{}", answer.text);
    }
    refresh(&host, &json!(7)).await.refused(422, "VAL_001");
}

async fn logging_out_ends_this_session_and_logging_out_everywhere_ends_all(host: TestHost) {
    let (here, there) = (host.user("ada").await, host.sign_in("ada").await);
    here.ask(Method::POST, "/api/v1/auth/logout").send().await.no_content();
    ends(&here, "AUTH_003").await;
    here.ask(Method::POST, "/api/v1/auth/logout").send().await.refused(401, "AUTH_003");
    refresh(&host, &here.account["refresh_token"]).await.refused(401, "AUTH_003");
    there.get("/api/v1/auth/me").await.ok();
    let third = host.sign_in("ada").await;
    there.ask(Method::POST, "/api/v1/auth/logout-all").send().await.no_content();
    ends(&there, "AUTH_003").await;
    ends(&third, "AUTH_003").await;
    host.anonymous().ask(Method::POST, "/api/v1/auth/logout-all").send().await.refused(401, "AUTH_003");
}

async fn one_changes_ones_own_account(host: TestHost) {
    let ada = host.user("ada").await;
    let etag = ada.get("/api/v1/auth/me").await.header("etag").to_owned();
    ada.ask(Method::GET, "/api/v1/auth/me").header("if-none-match", &etag).send().await.is(304);
    let changed = ada.ask(Method::PATCH, "/api/v1/auth/me").header("if-match", &etag).json(json!({"display_name": "Ada L.", "timezone": "Europe/London"})).send().await.ok();
    assert_eq!((&changed["display_name"], &changed["timezone"]), (&json!("Ada L."), &json!("Europe/London")));
    ada.ask(Method::PATCH, "/api/v1/auth/me").header("if-match", &etag).json(json!({"locale": "de"})).send().await.refused(412, "PRE_001");
    let cleared = ada.patch("/api/v1/auth/me", json!({"display_name": null, "timezone": null})).await.ok();
    assert_eq!((&cleared["display_name"], &cleared["timezone"]), (&json!("ada"), &json!("UTC")));
    assert_eq!(pointers(&ada.patch("/api/v1/auth/me", json!({"timezone": "Europe/Atlantis", "display_name": " ", "locale": "?"})).await.refused(422, "VAL_001")).len(), 3);
    assert_eq!(pointers(&ada.patch("/api/v1/auth/me", json!({"roles": ["admin"]})).await.refused(422, "VAL_001")), ["/roles"]);
    host.anonymous().patch("/api/v1/auth/me", json!({})).await.refused(401, "AUTH_003");
}

async fn a_new_password_ends_the_other_sessions(host: TestHost) {
    let (here, there) = (host.user("ada").await, host.sign_in("ada").await);
    let change = async |current: &str, new: &str| here.post("/api/v1/auth/password", json!({"current": current, "new": new})).await;
    change(ANOTHER, "mountain teapot seven").await.refused(401, "AUTH_001");
    assert_eq!(pointers(&change(PASSWORD, "password1234").await.refused(422, "VAL_001")), ["/new"]);
    change(PASSWORD, ANOTHER).await.no_content();
    ends(&there, "AUTH_003").await;
    here.get("/api/v1/auth/me").await.ok();
    change(PASSWORD, "mountain teapot seven").await.refused(401, "AUTH_001");
    login(&host, "ada", PASSWORD).await.refused(401, "AUTH_001");
    login(&host, "ada", ANOTHER).await.ok();
}

async fn verify_is_never_401(host: TestHost) {
    let ada = host.user("ada").await;
    assert_eq!(ada.get("/api/v1/auth/verify").await.ok()["user"]["username"], "ada");
    for nobody in [host.anonymous(), ada.with_token("nonsense"), ada.with_token("mn_00_00")] {
        assert_eq!(nobody.get("/api/v1/auth/verify").await.ok(), json!({"authenticated": false}));
    }
}

async fn the_methods_name_the_password_provider_and_what_it_asks_for(host: TestHost) {
    let methods = host.anonymous().get("/api/v1/auth/methods").await.ok();
    let password = &methods["methods"][0];
    assert_eq!((&password["id"], &password["flow"]), (&json!("password"), &json!("credentials")));
    assert!(password["fields"].as_array().unwrap().iter().any(|field| field["kind"] == "secret"));
}

async fn sessions_are_ones_own(host: TestHost) {
    let (here, there, eve) = (host.user("ada").await, host.sign_in("ada").await, host.user("eve").await);
    let sessions = here.get("/api/v1/auth/sessions").await.ok();
    assert_eq!((&sessions["total"], &sessions["items"][1]["current"], &sessions["items"][0]["current"]), (&json!(2), &json!(true), &json!(false)));
    let other = format!("/api/v1/auth/sessions/{}", sessions["items"][0]["id"].as_str().unwrap());
    eve.delete(&other).await.refused(404, "DB_001");
    here.delete("/api/v1/auth/sessions/nonsense").await.refused(404, "DB_001");
    here.delete(&other).await.no_content();
    here.delete(&other).await.refused(404, "DB_001");
    ends(&there, "AUTH_003").await;
    host.sign_in("ada").await;
    let first = here.get("/api/v1/auth/sessions?limit=1&cursor=").await.ok();
    let next = first["next_cursor"].as_str().unwrap();
    let rest = here.get(&format!("/api/v1/auth/sessions?limit=1&cursor={next}")).await.ok();
    assert_eq!((&rest["items"][0]["current"], &rest["has_more"]), (&json!(true), &json!(false)));
    here.get("/api/v1/auth/sessions?limit=0").await.refused(422, "VAL_001");
}

async fn no_forged_token_is_accepted(host: TestHost) {
    let ada = host.user("ada").await;
    let jwks = host.anonymous().get("/.well-known/jwks.json").await.ok();
    let x = URL_SAFE_NO_PAD.decode(jwks["keys"][0]["x"].as_str().unwrap()).unwrap();
    let parts: Vec<&str> = ada.token.as_deref().unwrap().split('.').collect();
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[0]).unwrap()).unwrap();
    assert_eq!((&header["alg"], &header["typ"], &header["kid"]), (&json!("EdDSA"), &json!("at+jwt"), &jwks["keys"][0]["kid"]));
    let with = |changes: Value| {
        let mut header = header.clone();
        changes.as_object().unwrap().iter().for_each(|(name, value)| header[name] = value.clone());
        format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), parts[1])
    };
    let hs256 = with(json!({"alg": "HS256"}));
    let mac = jsonwebtoken::crypto::sign(hs256.as_bytes(), &jsonwebtoken::EncodingKey::from_secret(&x), jsonwebtoken::Algorithm::HS256).unwrap();
    let forged = [
        format!("{}.", with(json!({"alg": "none"}))),
        format!("{}.{}", with(json!({"alg": "none"})), parts[2]),
        format!("{hs256}.{mac}"),
        format!("{}.{}", with(json!({"typ": "JWT"})), parts[2]),
        format!("{}.{}", with(json!({"kid": "other"})), parts[2]),
        format!("{}.{}.{}", parts[0], parts[1], URL_SAFE_NO_PAD.encode([0; 64])),
        ada.account["refresh_token"].as_str().unwrap().to_owned(),
    ];
    for token in forged {
        ada.with_token(&token).get("/api/v1/auth/me").await.refused(401, "AUTH_003");
    }
    ada.get("/api/v1/auth/me").await.ok();
}

async fn a_lock_a_role_and_a_deletion_bite_within_a_second(host: TestHost) {
    use mnemosyne_host::service::principal::Role;
    let ada = host.user("ada").await;
    host.app.accounts.set_roles("ada", &[Role::Admin]).await.unwrap();
    assert_eq!(ada.get("/api/v1/auth/me").await.ok()["permissions"], json!(["*"]));
    host.app.accounts.set_active("ada", false).await.unwrap();
    ends(&ada, "AUTH_007").await;
    login(&host, "ada", PASSWORD).await.refused(403, "AUTH_007");
    login(&host, "ada", ANOTHER).await.refused(401, "AUTH_001");
    host.app.accounts.set_active("ada", true).await.unwrap();
    let again = host.sign_in("ada").await;
    host.app.accounts.delete("ada").await.unwrap();
    ends(&again, "AUTH_003").await;
    login(&host, "ada", PASSWORD).await.refused(401, "AUTH_001");
}

async fn an_api_key_works_in_both_headers_and_never_changes_a_password(host: TestHost) {
    use mnemosyne_host::service::principal::Permission;
    host.user("ada").await;
    let made = host.app.api_keys.create("phone", Some("ada"), &[Permission::TaskRead], None).await.unwrap();
    let key = host.anonymous().with_token(&made.key);
    assert_eq!(key.get("/api/v1/auth/me").await.ok()["username"], "ada");
    host.anonymous().ask(Method::GET, "/api/v1/auth/me").header("x-api-key", &made.key).send().await.ok();
    key.post("/api/v1/auth/password", json!({"current": PASSWORD, "new": ANOTHER})).await.refused(403, "AUTH_005");
    key.ask(Method::POST, "/api/v1/auth/logout").send().await.refused(403, "AUTH_005");
    key.patch("/api/v1/auth/me", json!({"display_name": "Mallory"})).await.refused(403, "AUTH_005");
    let session = host.sign_in("ada").await.get("/api/v1/auth/sessions").await.ok()["items"][0]["id"].clone();
    key.delete(&format!("/api/v1/auth/sessions/{}", session.as_str().unwrap())).await.refused(403, "AUTH_005");
    host.app.api_keys.remove(made.id).await.unwrap();
    ends(&key, "AUTH_003").await;
}

async fn what_is_not_offered_yet_is_absent(host: TestHost) {
    let ada = host.user("ada").await;
    ada.get("/api/v1/auth/api-keys").await.refused(404, "DB_001");
    ada.get("/api/v1/auth/identities").await.refused(404, "DB_001");
    ada.post("/api/v1/auth/providers/password/begin", json!({})).await.refused(404, "DB_001");
}

async fn a_restart_keeps_sessions_and_keys(host: TestHost) {
    let mut host = host;
    let ada = host.user("ada").await;
    host.restart().await;
    ada.get("/api/v1/auth/me").await.ok();
    refresh(&host, &ada.account["refresh_token"]).await.ok();
}
}
