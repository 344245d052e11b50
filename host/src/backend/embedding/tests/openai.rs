//! A server with `/embeddings` that answers every wrong way there is.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::backend::embedding::openai::OpenAi;
use crate::backend::embedding::{Embedder as _, Error, Result};
use crate::config::Embedding;

/// Answers every request with the same bytes; an empty answer closes, `None` never answers.
struct Server {
    base: String,
    seen: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Server {
    async fn start(answer: Option<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/v1/", listener.local_addr().unwrap());
        let seen: Arc<Mutex<Vec<(String, Value)>>> = Arc::default();
        let requests = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (answer, requests) = (answer.clone(), Arc::clone(&requests));
                tokio::spawn(async move {
                    let request = read(&mut stream).await;
                    requests.lock().unwrap().push(request);
                    match answer {
                        Some(answer) => drop(stream.write_all(&answer).await),
                        None => std::future::pending().await,
                    }
                });
            }
        });
        Self { base, seen }
    }

    /// Answers 200 with this body.
    async fn says(body: &str) -> Self {
        Self::start(Some(http("200 OK", body))).await
    }

    fn embedder(&self) -> OpenAi {
        OpenAi::open(&config(&self.base)).unwrap()
    }

    async fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>> {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        self.embedder().embed(&texts).await
    }
}

fn config(base: &str) -> Embedding {
    Embedding {
        model: Some("tiny".into()),
        base_url: Some(base.into()),
        api_key: Some("sk-hidden".into()),
        dimension: 2,
        ..Embedding::default()
    }
}

fn http(status: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
        .into_bytes()
}

/// Head and JSON body of a request.
async fn read(stream: &mut TcpStream) -> (String, Value) {
    let (mut bytes, mut part) = (Vec::new(), [0; 4_096]);
    loop {
        let taken = stream.read(&mut part).await.unwrap_or(0);
        bytes.extend_from_slice(&part[..taken]);
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            assert!(taken > 0, "half a request");
            continue;
        };
        if let Ok(body) = serde_json::from_str(body) {
            return (head.to_lowercase(), body);
        }
        assert!(taken > 0, "half a body: {text}");
    }
}

fn row(index: usize, embedding: &Value) -> Value {
    json!({"object": "embedding", "index": index, "embedding": embedding})
}

fn list(rows: &[Value]) -> String {
    json!({"object": "list", "data": rows, "model": "tiny", "usage": {"prompt_tokens": 1, "total_tokens": 1}}).to_string()
}

#[tokio::test]
async fn vectors_come_in_the_order_of_the_texts() {
    let server = Server::says(&list(&[row(1, &json!([0.0, 1.0])), row(0, &json!([1.0, 0]))])).await;
    assert_eq!(server.embed(&["first", "second"]).await.unwrap(), [[1.0, 0.0], [0.0, 1.0]]);
    let (head, body) = server.seen.lock().unwrap()[0].clone();
    assert!(head.starts_with("post /v1/embeddings ") && head.contains("authorization: bearer sk-hidden"), "{head}");
    assert_eq!(body, json!({"model": "tiny", "input": ["first", "second"], "encoding_format": "float"}));
    // a server that numbers nothing means the order it was asked in
    let server = Server::says(r#"{"data":[{"embedding":[1,0]},{"embedding":[0,1]}]}"#).await;
    assert_eq!(server.embed(&["first", "second"]).await.unwrap(), [[1.0, 0.0], [0.0, 1.0]]);
}

#[tokio::test]
async fn floats_in_base64_are_floats() {
    let encoded = |floats: &[f32]| json!(STANDARD.encode(floats.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>()));
    let server = Server::says(&list(&[row(0, &encoded(&[0.5, -2.0]))])).await;
    assert_eq!(server.embed(&["x"]).await.unwrap(), [[0.5, -2.0]]);
    for broken in [json!("AAA"), json!("%%%%"), json!(STANDARD.encode([1, 2, 3, 4, 5])), encoded(&[1.0; 3])] {
        let server = Server::says(&list(&[row(0, &broken)])).await;
        assert!(matches!(server.embed(&["x"]).await, Err(Error::BadAnswer(_))), "{broken}");
    }
}

#[tokio::test]
async fn an_answer_that_is_no_set_of_vectors_is_refused() {
    let good = json!([1.0, 0.0]);
    for (body, why) in [
        (list(&[]), "0 vectors for 2 texts"),
        (list(&[row(0, &good)]), "1 vectors for 2 texts"),
        (list(&[row(0, &good), row(1, &good), row(2, &good)]), "3 vectors for 2 texts"),
        (list(&[row(0, &good), row(0, &good)]), "two vectors with one index"),
        (list(&[row(0, &good), row(7, &good)]), "an index beyond the texts"),
        (list(&[row(0, &good), row(1, &json!([1.0]))]), "set `embedding.dimension` = 1"),
        (list(&[row(0, &json!([1.0, 2.0, 3.0])), row(1, &good)]), "set `embedding.dimension` = 3"),
        (list(&[row(0, &json!(["1", "2"])), row(1, &good)]), "no JSON with"),
        (list(&[row(0, &json!([null, 1.0])), row(1, &good)]), "no JSON with"),
        (list(&[row(0, &json!({})), row(1, &good)]), "no JSON with"),
        (r#"{"error":{"message":"no"}}"#.into(), "no JSON with"),
        ("<html>".into(), "no JSON with"),
        (String::new(), "no JSON with"),
        (list(&[row(0, &good), row(1, &good)])[..60].into(), "no JSON with"),
    ] {
        match Server::says(&body).await.embed(&["a", "b"]).await {
            Err(Error::BadAnswer(says)) => assert!(says.contains(why), "{body}: {says}"),
            other => panic!("{body}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_body_without_end_is_cut() {
    let endless = [&b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"data\":["[..], &vec![b' '; 300_000]].concat();
    let cut = Server::start(Some(endless)).await.embed(&["a"]).await;
    assert!(matches!(&cut, Err(Error::BadAnswer(says)) if says.contains("bytes for 1 texts")), "{cut:?}");
}

#[tokio::test]
async fn what_may_pass_is_told_from_what_will_fail_again() {
    for (status, refused) in [
        ("429 Too Many Requests", false),
        ("408 Request Timeout", false),
        ("500 Internal Server Error", false),
        ("503 Service Unavailable", false),
        ("400 Bad Request", true),
        ("401 Unauthorized", true),
        ("403 Forbidden", true),
        ("404 Not Found", true),
        ("302 Found", true),
    ] {
        let answer = Server::start(Some(http(status, r#"{"error":{"message":"the prompt was: secret"}}"#))).await.embed(&["a"]).await;
        let error = answer.unwrap_err();
        assert_eq!(matches!(error, Error::Refused(_)), refused, "{status}: {error}");
        assert_eq!(matches!(error, Error::Unavailable(_)), !refused, "{status}: {error}");
        let says = error.to_string();
        assert!(says.contains(&status[..3]) && !says.contains("secret") && !says.contains("127.0.0.1"), "{says}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_or_breaks_off_is_away() {
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let nobody = OpenAi::open(&config(&format!("http://{port}/v1"))).unwrap();
    assert_eq!(nobody.embed(&["a".into()]).await, Err(Error::Unavailable("it cannot be reached".into())));
    for broken in ["", "HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{", "garbage\r\n\r\n"] {
        let answer = Server::start(Some(broken.into())).await.embed(&["a"]).await;
        assert_eq!(answer, Err(Error::Unavailable("the connection broke".into())), "{broken:?}");
    }
}

#[tokio::test]
async fn a_server_that_hangs_is_left_when_the_caller_leaves() {
    let server = Server::start(None).await;
    let waited = tokio::time::timeout(Duration::from_millis(100), server.embed(&["a"])).await;
    assert!(waited.is_err());
    assert_eq!(server.seen.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn the_family_that_can_shorten_its_vectors_is_asked_to() {
    let server = Server::says(&list(&[row(0, &json!([1.0, 0.0]))])).await;
    let config = Embedding { model: Some("text-embedding-3-large".into()), api_key: None, ..config(&server.base) };
    OpenAi::open(&config).unwrap().embed(&["a".into()]).await.unwrap();
    let (head, body) = server.seen.lock().unwrap()[0].clone();
    assert_eq!(body["dimensions"], 2);
    assert!(!head.contains("authorization"), "{head}");
}
