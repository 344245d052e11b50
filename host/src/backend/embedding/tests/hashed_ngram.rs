//! The built-in embedder: the same everywhere and for ever, and of some use.

use crate::backend::embedding::{Embedder as _, HashedNgram};

fn cosine(left: &str, right: &str) -> f32 {
    let embedder = HashedNgram::new(1_024);
    embedder.vector(left).iter().zip(embedder.vector(right)).map(|(a, b)| a * b).sum()
}

/// `left` is nearer to the text than `right`.
#[track_caller]
fn assert_nearer(text: &str, left: &str, right: &str) {
    let (near, far) = (cosine(text, left), cosine(text, right));
    assert!(near > far + 0.05, "{text}: {left} {near}, {right} {far}");
}

/// Vectors are stored for years: another one for the same text needs another name in `embedding_model`.
#[test]
fn a_vector_never_changes() {
    let vector = HashedNgram::new(64).vector("Ada met Grace in Zürich; they met again. 日本語 🙂");
    let told: Vec<String> = vector.iter().step_by(8).map(|value| format!("{value:.6}")).collect();
    assert_eq!(told, ["-0.015095", "0.000000", "0.061538", "-0.242607", "0.000000", "-0.099088", "-0.063556", "0.000000"]);
}

#[test]
fn every_text_has_a_vector_of_length_one() {
    for dimension in [64, 1_024, 4_096] {
        for text in ["", " ", "a", "!!!", "🙂", "日本語のテキスト", "the of and", &"word ".repeat(5_000), "\0", "İstanbul"] {
            let vector = HashedNgram::new(dimension).vector(text);
            let length: f32 = vector.iter().map(|value| value * value).sum();
            assert!((length - 1.0).abs() < 1e-4 && vector.len() == dimension as usize, "{text:.20}: {length}");
        }
    }
}

#[test]
fn case_and_punctuation_do_not_matter() {
    assert!((cosine("Dentist, Tuesday!", "dentist tuesday") - 1.0).abs() < 1e-6);
}

#[test]
fn inflection_and_typos_are_near_to_what_was_meant() {
    assert_nearer("memories", "memory", "mountain");
    assert_nearer("running in the park", "I ran and run through parks", "baking bread at home");
    assert_nearer("dentist apointment tommorow", "dentist appointment tomorrow", "the train to Hamburg is late");
    assert_nearer("Geburtstagsgeschenk für Oma", "Geschenk zum Geburtstag der Oma", "Reifen wechseln beim Auto");
}

#[test]
fn words_of_grammar_count_little() {
    assert_nearer("what is the name of my dentist", "my dentist: Dr. Okafor", "what is the time of my train");
}

#[tokio::test]
async fn texts_are_embedded_in_their_order() {
    let embedder = HashedNgram::new(128);
    let texts: Vec<String> = (0..20).map(|at| format!("text number {at}")).collect();
    let vectors = embedder.embed(&texts).await.unwrap();
    assert!(texts.iter().zip(&vectors).all(|(text, vector)| embedder.vector(text) == *vector));
}
