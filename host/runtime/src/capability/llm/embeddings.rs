//! The door of `llm/embeddings`: granted? → number and size of texts → embedder.

use mnemosyne_bindings::capability::types::errors::{Error, ErrorKind};

use super::core::{EMBED, MAX_TEXT, MAX_TEXTS, SPACE};
use crate::call::Call;
use crate::capability::Asking;
use crate::capability::door::{Answer, denied, error, from_backend, invalid, waiting};
use crate::wit::types::values::VectorSpace;

fn granted(call: &Call) -> Result<(), Error> {
    if call.revision.powers().embeddings { Ok(()) } else { Err(denied("embeddings-not-granted", "llm.embeddings is not granted")) }
}

/// The space that is answered in now.
pub(crate) async fn space(call: &Call) -> Answer<VectorSpace> {
    waiting(call, &SPACE, 0, granted(call), async {
        call.backends().embeddings.space().await.map_err(|problem| from_backend(&problem, "embeddings"))
    })
    .await
}

/// One vector a text.
pub(crate) async fn embed(call: &Call, texts: Vec<String>) -> Answer<Vec<Vec<f32>>> {
    let check = granted(call).and_then(|()| {
        let good = texts.len() <= MAX_TEXTS && texts.iter().all(|text| text.len() <= MAX_TEXT);
        if good { Ok(()) } else { Err(invalid("embeddings-texts", "at most 100 texts of 16 KiB")) }
    });
    let (count, bytes) = (texts.len(), texts.iter().map(String::len).sum());
    waiting(call, &EMBED, bytes, check, async {
        if count == 0 {
            return Ok(Vec::new());
        }
        let vectors = call.backends().embeddings.embed(Asking::of(call), texts).await;
        let vectors = vectors.map_err(|problem| from_backend(&problem, "embeddings"))?;
        let finite = vectors.iter().all(|vector| vector.len() <= 4096 && vector.iter().all(|float| float.is_finite()));
        if vectors.len() == count && finite {
            return Ok(vectors);
        }
        Err(error(ErrorKind::Unavailable, "embeddings-answer", "the embedder's answer does not fit the texts", true))
    })
    .await
}
