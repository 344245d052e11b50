//! Vectors of texts for programs, from the same desk as memories'.

use super::{OpenAi, no_model, refused};
use crate::backend::embedding::Error;
use crate::backend::embedding::desk::BATCH;
use crate::error::{Code, Fault, Outcome};

/// Texts of one request.
const TEXTS: usize = 1_024;
/// Characters of one text: twice what the longest models of the trade take.
const CHARACTERS: usize = 65_536;

/// Vectors of some texts.
#[derive(Debug)]
pub struct Embedded {
    /// The model that made them.
    pub model: String,
    /// One a text, in order.
    pub vectors: Vec<Vec<f32>>,
    /// Of all texts together; estimated, a token for four characters, because embedders do not tell.
    pub tokens: u64,
}

impl OpenAi {
    /// Embeds texts in the host's own space.
    ///
    /// # Errors
    /// 404 for another model, 400 that names `input` or `dimensions`, 502 to 504 when the embedder fails.
    pub async fn embed(&self, model: &str, texts: &[String], dimensions: Option<u32>) -> Outcome<Embedded> {
        let space = self.desk.space();
        if model != space.model {
            return Err(no_model(model).detail(format!("this host embeds with `{}`", space.model)));
        }
        if dimensions.is_some_and(|dimensions| dimensions != space.dimension) {
            let has = space.dimension;
            return Err(refused("dimensions", format!("vectors of `{model}` have {has} dimensions"), "leave `dimensions` out"));
        }
        if texts.is_empty() || texts.len() > TEXTS {
            return Err(refused("input", format!("1 to {TEXTS} texts, not {}", texts.len()), "send longer lists in parts"));
        }
        if let Some(at) = texts.iter().position(String::is_empty) {
            return Err(refused("input", format!("text {at} is empty"), "leave empty texts out"));
        }
        if let Some(at) = texts.iter().position(|text| text.chars().count() > CHARACTERS) {
            return Err(refused("input", format!("text {at} has more than {CHARACTERS} characters"), "send long texts in parts"));
        }
        let mut vectors = Vec::with_capacity(texts.len());
        for part in texts.chunks(BATCH) {
            // an embedder wants at least a space
            let part: Vec<String> = part.iter().map(|text| if text.trim().is_empty() { " ".to_owned() } else { text.clone() }).collect();
            vectors.extend(self.desk.patient(&part).await.map_err(failed)?.vectors);
            // the built-in embedder works where others want to go on, too
            tokio::task::yield_now().await;
        }
        let tokens = texts.iter().map(|text| text.chars().count().div_ceil(4) as u64).sum();
        Ok(Embedded { model: space.model.clone(), vectors, tokens })
    }
}

fn failed(error: Error) -> Fault {
    let message = match error {
        Error::Refused(_) => "the embedder refuses these texts",
        Error::TimedOut => "the embedder did not answer in time",
        Error::Unavailable(_) | Error::BadAnswer(_) => "the embedder is unavailable",
    };
    Fault::new(Code::VectorsUnavailable)
        .message(message)
        .hint("try again in a moment; `mnemosyne doctor` tells an operator more")
        .cause(error)
}
