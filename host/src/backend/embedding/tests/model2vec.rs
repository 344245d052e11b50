//! A folder with a static model, made here: a lexicon of six words.

use std::path::Path;

use serde_json::json;

use crate::backend::embedding::Embedder as _;
use crate::backend::embedding::model2vec::Model2Vec;

/// `[PAD]`, `[UNK]` and four words; the vector of a word is one float at the word's place, the others zero.
const WORDS: [&str; 6] = ["[PAD]", "[UNK]", "hello", "plugin", "host", "wasm"];

/// Writes `tokenizer.json`, `config.json` and `model.safetensors` (8 bytes of length, a header in JSON, little-endian floats).
pub(super) fn write(folder: &Path, dimension: usize, scale: f32) {
    let vocabulary: serde_json::Map<String, serde_json::Value> =
        WORDS.iter().enumerate().map(|(at, word)| ((*word).to_owned(), at.into())).collect();
    let special =
        json!({"id": 1, "content": "[UNK]", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true});
    let tokenizer = json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": [special], "normalizer": {"type": "Lowercase"},
        "pre_tokenizer": {"type": "Whitespace"}, "post_processor": null, "decoder": null,
        "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "[UNK]"},
    });
    std::fs::write(folder.join("tokenizer.json"), tokenizer.to_string()).unwrap();
    std::fs::write(folder.join("config.json"), r#"{"normalize":true}"#).unwrap();
    let floats = (0..WORDS.len()).flat_map(|word| (0..dimension).map(move |at| if word > 1 && at == word { scale } else { 0.0 }));
    let raw: Vec<u8> = floats.flat_map(f32::to_le_bytes).collect();
    let mut header = json!({"embeddings": {"dtype": "F32", "shape": [WORDS.len(), dimension], "data_offsets": [0, raw.len()]}}).to_string();
    header.push_str(&" ".repeat(header.len().next_multiple_of(8) - header.len()));
    let bytes = [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &raw].concat();
    std::fs::write(folder.join("model.safetensors"), bytes).unwrap();
}

fn near(vector: &[f32], at: usize, value: f32) -> bool {
    (vector[at] - value).abs() < 1e-3
}

#[tokio::test]
async fn a_text_is_the_mean_of_its_words() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), 8, 3.0);
    let model = Model2Vec::open(folder.path()).unwrap();
    assert!(model.local() && model.space().dimension == 8);
    let texts = ["Hello", "hello plugin", "nobody knows this"].map(str::to_owned);
    let vectors = model.embed(&texts).await.unwrap();
    assert!(near(&vectors[0], 2, 1.0) && near(&vectors[1], 2, 0.707) && near(&vectors[1], 3, 0.707), "{vectors:?}");
    assert!(vectors[2].iter().all(|value| *value == 0.0), "it knows none of these words: {vectors:?}");
}

#[test]
fn a_folders_space_is_its_name_and_its_bytes() {
    let folders = tempfile::tempdir().unwrap();
    let open = |name: &str, scale| {
        let folder = folders.path().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        write(&folder, 8, scale);
        Model2Vec::open(&folder).unwrap().space().model.clone()
    };
    let first = open("words", 1.0);
    assert!(first.starts_with("words@"), "{first}");
    assert_eq!(open("words", 1.0), first);
    assert_ne!(open("words", 2.0), first, "other weights are another space");
    assert!(open("letters", 1.0).starts_with("letters@"));
}

#[test]
fn a_folder_that_is_none_is_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let refused = || Model2Vec::open(folder.path()).err().unwrap();
    assert!(refused().contains("`tokenizer.json`"), "{}", refused());
    write(folder.path(), 8, 1.0);
    std::fs::remove_file(folder.path().join("model.safetensors")).unwrap();
    assert!(refused().contains("`model.safetensors`"), "{}", refused());
    for bytes in [&b""[..], b"not a model", &[0xff; 64]] {
        std::fs::write(folder.path().join("model.safetensors"), bytes).unwrap();
        assert!(refused().contains("is no model of model2vec"), "{}", refused());
    }
    write(folder.path(), 5_000, 1.0);
    assert!(refused().contains("at most 4096"), "{}", refused());
}
