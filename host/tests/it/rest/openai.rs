//! `/v1`, as OpenAI's clients see it: models, embeddings, errors.
//!
//! ```text
//! openai/chat.rs      conversations: personas and models of the server behind, whole and in chunks
//! openai/chunks.rs    a stream as it came, and the rules that every one keeps
//! openai/limits.rs    who may go on listening, and to how many at once
//! openai/clients.rs   the official Python and JavaScript clients, as child processes
//! ```

mod chat;
mod chunks;
mod clients;
mod limits;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mnemosyne_host::service::principal::Permission;
use reqwest::Method;
use serde_json::{Value, json};

use crate::kit::{Actor, backends};

/// The embedder of a host for which nothing is configured.
const EMBEDDER: &str = "hashed-ngram-v1";

async fn embed(who: &Actor, body: Value) -> Value {
    who.post("/v1/embeddings", body).await.ok()
}

fn floats(vector: &Value) -> Vec<f32> {
    let numbers = vector.as_array().unwrap().iter().map(|value| value.as_f64().unwrap());
    #[expect(clippy::cast_possible_truncation, reason = "written by widening 32 bits")]
    numbers.map(|value| value as f32).collect()
}

backends! {
async fn personas_and_the_embedder_are_models(host: TestHost) {
    let alice = host.user("alice").await;
    let list = alice.get("/v1/models").await.ok();
    assert_eq!(list["object"], "list");
    let ids: Vec<&str> = list["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap()).collect();
    let personas = ["persona:confidant", "persona:guardian", "persona:mediator", "persona:mentor", "persona:mirror"];
    assert_eq!(ids, [&personas[..], &[EMBEDDER]].concat());
    let mentor = &list["data"][3];
    assert_eq!(mentor["object"], "model");
    assert!(mentor["owned_by"].as_str().unwrap().starts_with("persona-mentor@"), "{mentor}");
    assert!(mentor["created"].as_i64().unwrap() > 1_700_000_000, "{mentor}");
    assert_eq!(alice.get("/v1/models/").await.ok(), list);
}

async fn a_model_is_found_by_its_id_escaped_or_not(host: TestHost) {
    let alice = host.user("alice").await;
    for id in ["persona:mentor", "persona%3Amentor"] {
        assert_eq!(alice.get(&format!("/v1/models/{id}")).await.ok()["id"], "persona:mentor");
    }
    for id in ["persona:nobody", "mentor", "some/model:of/others", "some%2Fmodel%3Aof%2Fothers", "persona:mentor/", "%F0%9F%8C%B1"] {
        let answer = alice.get(&format!("/v1/models/{id}")).await;
        if id == "persona:mentor/" {
            answer.ok();
            continue;
        }
        assert_eq!(answer.header("x-should-retry"), "false");
        let error = answer.refused(404, "DB_001");
        assert_eq!((&error["param"], &error["type"]), (&json!("model"), &json!("not_found_error")));
    }
    let slashed = alice.get("/v1/models/some/model:of/others").await.refused(404, "DB_001");
    assert_eq!(slashed["message"], "there is no model `some/model:of/others`");
}

async fn a_persona_that_is_let_go_is_no_model_any_more(host: TestHost) {
    let alice = host.user("alice").await;
    let digest = alice.get("/v1/models/persona:mirror").await.ok();
    assert_eq!(digest["id"], "persona:mirror");
    let slot = host.operator().get("/api/v1/admin/slots/persona/mirror").await.ok();
    let block = json!({"digest": slot["bindings"][0]["digest"], "reason": "a test"});
    host.operator().post("/api/v1/admin/plugins/persona-mirror/block", block).await;
    alice.get("/v1/models/persona:mirror").await.refused(404, "DB_001");
}

async fn vectors_are_the_same_as_floats_and_as_base64(host: TestHost) {
    let alice = host.user("alice").await;
    let texts = json!(["the garden in spring", "ein Garten im Frühling", " "]);
    let plain = embed(&alice, json!({"model": EMBEDDER, "input": texts})).await;
    let packed = embed(&alice, json!({"model": EMBEDDER, "input": texts, "encoding_format": "base64"})).await;
    assert_eq!((&plain["object"], &plain["model"]), (&json!("list"), &json!(EMBEDDER)));
    for index in 0..3 {
        let (plain, packed) = (&plain["data"][index], &packed["data"][index]);
        assert_eq!((&plain["object"], &plain["index"]), (&json!("embedding"), &json!(index)));
        let bytes = STANDARD.decode(packed["embedding"].as_str().unwrap()).unwrap();
        let unpacked: Vec<f32> = bytes.chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect();
        assert_eq!(unpacked.len(), 1024);
        assert_eq!(floats(&plain["embedding"]), unpacked);
    }
    assert_eq!(plain["usage"], json!({"prompt_tokens": 12, "total_tokens": 12}));
    let one = embed(&alice, json!({"model": EMBEDDER, "input": "the garden in spring", "dimensions": 1024})).await;
    assert_eq!(one["data"], json!([plain["data"][0]]));
}

async fn many_texts_come_back_in_their_order(host: TestHost) {
    let alice = host.user("alice").await;
    let texts: Vec<String> = (0..200).map(|number| format!("note number {number}")).collect();
    let all = embed(&alice, json!({"model": EMBEDDER, "input": texts, "encoding_format": "base64"})).await;
    assert_eq!(all["data"].as_array().unwrap().len(), 200);
    for at in [0, 63, 64, 199] {
        let one = embed(&alice, json!({"model": EMBEDDER, "input": texts[at], "encoding_format": "base64"})).await;
        assert_eq!(one["data"][0]["embedding"], all["data"][at]["embedding"], "{at}");
    }
}

async fn what_cannot_be_embedded_is_refused_by_name(host: TestHost) {
    let alice = host.user("alice").await;
    let with = |field: &str, value: Value| {
        let mut body = json!({"model": EMBEDDER, "input": "x"});
        body[field] = value;
        body
    };
    let long = "x".repeat(65_537);
    let unable = [
        ("input", json!([1, 2, 3])),
        ("input", json!([[1, 2], [3]])),
        ("input", json!(["text", 7])),
        ("input", json!([])),
        ("input", json!("")),
        ("input", json!(["x", ""])),
        ("input", json!(long)),
        ("input", json!(vec!["x"; 1_025])),
        ("dimensions", json!(512)),
    ];
    for (param, value) in unable {
        let answer = alice.post("/v1/embeddings", with(param, value)).await;
        assert_eq!(answer.header("x-should-retry"), "false");
        assert_eq!(answer.refused(400, "REQ_001")["param"], param);
    }
    let wrong = [("input", json!(7)), ("input", json!([1.5])), ("encoding_format", json!("int8")), ("dimensions", json!(0)), ("model", json!(""))];
    for (param, value) in wrong {
        assert_eq!(alice.post("/v1/embeddings", with(param, value)).await.refused(422, "VAL_001")["param"].as_str().map(|path| path.split('.').next().unwrap().to_owned()), Some(param.to_owned()));
    }
    for model in ["text-embedding-3-small", "persona:mentor"] {
        let error = alice.post("/v1/embeddings", with("model", json!(model))).await.refused(404, "DB_001");
        assert_eq!((&error["param"], &error["detail"]), (&json!("model"), &json!("this host embeds with `hashed-ngram-v1`")));
    }
}

async fn fields_and_parameters_that_nobody_knows_are_passed_over(host: TestHost) {
    let alice = host.user("alice").await;
    let body = json!({"model": EMBEDDER, "input": "x", "user": "u-1", "metadata": {"a": [1]}, "new_next_month": null, "encoding_format": null, "dimensions": null});
    alice.post("/v1/embeddings?api-version=2026-01-01", body).await.ok();
    alice.get("/v1/models?limit=3").await.ok();
}

async fn keys_and_tokens_open_the_door_and_chat_use_is_what_they_need(host: TestHost) {
    host.user("alice").await;
    let nobody = host.anonymous();
    let key = |scopes: &'static [Permission]| {
        let (app, nobody) = (host.app.clone(), nobody.clone());
        async move { nobody.with_token(&app.api_keys.create("a key", Some("alice"), scopes, None).await.unwrap().key) }
    };
    let (able, unable) = (key(&[Permission::ChatUse]).await, key(&[Permission::TaskRead]).await);
    able.get("/v1/models").await.ok();
    let header = able.token.clone().unwrap();
    nobody.ask(Method::GET, "/v1/models").header("x-api-key", &header).send().await.ok();
    for path in ["/v1/models", "/v1/models/persona:mentor"] {
        unable.get(path).await.refused(403, "AUTH_005");
    }
    unable.post("/v1/embeddings", json!({"model": EMBEDDER, "input": "x"})).await.refused(403, "AUTH_005");
    for token in ["mn_nobody", "sk-of-somebody-else"] {
        let answer = nobody.with_token(token).get("/v1/models").await;
        assert_eq!(answer.header("x-should-retry"), "false");
        assert_eq!(answer.refused(401, "AUTH_003")["type"], "authentication_error");
    }
}

async fn the_javascript_client_may_call_from_a_page(host: TestHost) {
    let sent = "authorization,content-type,x-stainless-arch,x-stainless-lang,x-stainless-retry-count,x-stainless-runtime-version";
    let preflight = host.anonymous().ask(Method::OPTIONS, "/v1/chat/completions").header("origin", "http://localhost:3000");
    let preflight = preflight.header("access-control-request-method", "POST").header("access-control-request-headers", sent).send().await;
    let allowed = preflight.header("access-control-allow-headers");
    assert!(sent.split(',').all(|name| allowed.split(',').any(|own| own.trim() == name)), "{allowed}");
}

async fn an_error_has_the_one_shape_whatever_was_asked_for(host: TestHost) {
    let alice = host.user("alice").await;
    let problem = |method: Method, path: &str| alice.ask(method, path).header("accept", "application/problem+json");
    for (method, path, status, code) in [
        (Method::GET, "/v1/no/such/path", 404, "DB_001"),
        (Method::GET, "/v1/engines", 404, "DB_001"),
        (Method::GET, "/v1/models/nothing", 404, "DB_001"),
        (Method::DELETE, "/v1/models", 405, "REQ_002"),
        (Method::POST, "/v1/embeddings", 422, "VAL_001"),
    ] {
        let answer = problem(method, path).send().await;
        assert_eq!((answer.header("content-type"), answer.header("x-should-retry")), ("application/json", "false"));
        answer.refused(status, code);
    }
    // OpenAI's clients name the field as a path with dots.
    let error = alice.post("/v1/embeddings", json!({"model": EMBEDDER, "input": ["x", null]})).await.refused(422, "VAL_001");
    assert!(error["param"].as_str().unwrap().starts_with("input"), "{error}");
}
}
