//! Vectors from the same server: each answer that is none leaves no vector behind.

use std::time::Duration;

use mnemosyne_host::backend::embedding::openai::OpenAi;
use mnemosyne_host::backend::embedding::{Embedder as _, Error};
use mnemosyne_host::config::Config;

use crate::kit::{KEY, Script, ScriptedModel, backends};

backends! {
async fn vectors_are_what_they_should_be_or_none_at_all(_host: TestHost) {
    let server = ScriptedModel::start(Script::Echo).await;
    let mut config = Config::default();
    server.configure(&mut config);
    config.llm.embedding_model = Some("vectors".into());
    let embedder = OpenAi::open(&config.embedding()).unwrap();
    let texts = ["one".to_owned(), "two".to_owned()];
    let vectors = embedder.embed(&texts).await.unwrap();
    assert_eq!((vectors.len(), vectors[0].len()), (2, 1_024));
    let calls = server.calls();
    assert_eq!((&*calls[0].path, calls[0].header("authorization")), ("/v1/embeddings", Some(&*format!("Bearer {KEY}"))));

    for (script, told) in [
        (Script::Dimension(7), "embedding.dimension"),
        (Script::InvalidJson(Vec::new()), "JSON"),
        (Script::BrokenCharacter(Vec::new()), "JSON"),
        (Script::Sends("text/html", "<html>".into()), "JSON"),
        (Script::ZeroChunks, "JSON"),
        (Script::CutInMidChunk(Vec::new()), "broke"),
        (Script::error(500, "oops"), "500"),
        (Script::busy("1"), "429"),
        (Script::error(401, "who"), "llm.api_key"),
    ] {
        server.then(script);
        let error = embedder.embed(&texts).await.unwrap_err();
        assert!(error.to_string().contains(told), "{error}");
    }
    server.then(Script::Silent);
    let waiting = tokio::time::timeout(Duration::from_millis(200), embedder.embed(&texts)).await;
    assert!(waiting.is_err());
    server.left(1).await;

    let elsewhere = Config { embedding: mnemosyne_host::config::Embedding { base_url: Some("http://127.0.0.1:9/v1".into()), ..config.embedding.clone() }, ..config.clone() };
    assert!(elsewhere.embedding().api_key.is_none(), "the key goes to its own server only");
    assert!(matches!(OpenAi::open(&elsewhere.embedding()).unwrap().embed(&texts).await, Err(Error::Unavailable(_))));
}
}
