//! Embedders and the desk before them.
//!
//! ```text
//! mod.rs            which embedder a configuration means
//! hashed_ngram.rs   the built-in one: the same everywhere, and of some use
//! model2vec.rs      a folder, made here
//! openai.rs         a server that answers every wrong way there is
//! desk.rs           cache, time limits, breakers
//! collections.rs    plugins' collections
//! ```

mod collections;
mod desk;
mod hashed_ngram;
mod model2vec;
mod openai;

use crate::config::{Config, EmbeddingProvider};

#[test]
fn the_configuration_means_one_embedder() {
    let mut config = Config::default();
    let space = |config: &Config| super::open(config).map(|embedder| embedder.space().to_string());
    assert_eq!(space(&config).unwrap(), "hashed-ngram-v1/1024");
    config.embedding.dimension = 256;
    assert_eq!(space(&config).unwrap(), "hashed-ngram-v1/256");
    let folder = tempfile::tempdir().unwrap();
    model2vec::write(folder.path(), 8, 1.0);
    config.embedding.folder = Some(folder.path().into());
    assert!(space(&config).unwrap().ends_with("/8"), "a folder tells its own dimension");
    config.embedding.model = Some("text-embedding-3-small".into());
    config.embedding.base_url = Some("http://127.0.0.1:9/v1".into());
    assert_eq!(space(&config).unwrap(), "text-embedding-3-small/256");
    config.embedding.provider = EmbeddingProvider::Hashed;
    assert_eq!(space(&config).unwrap(), "hashed-ngram-v1/256");
    config.embedding.provider = EmbeddingProvider::Model2vec;
    config.embedding.folder = None;
    assert!(space(&config).unwrap_err().contains("`embedding.folder`"));
    config.embedding.provider = EmbeddingProvider::Openai;
    config.embedding.base_url = None;
    assert!(space(&config).unwrap_err().contains("/v1"));
    config.embedding.model = None;
    assert!(space(&config).unwrap_err().contains("a good value is"));
}
