//! A static model from a folder (the format of model2vec): a vector a token, averaged. No server, no GPU, microseconds a text.
//!
//! The space is named after the folder and the bytes of the model, so that another model in a folder of the same name is
//! another space. A text none of whose tokens the model knows has the zero vector; the desk gives it a direction of its own.

use std::path::Path;

use async_trait::async_trait;
use model2vec_rs::model::StaticModel;
use sha2::{Digest as _, Sha256};

use super::{Embedder, Result};
use crate::model::vector::Space;

/// See the module.
pub struct Model2Vec {
    model: StaticModel,
    space: Space,
}

impl Model2Vec {
    /// Reads the folder.
    ///
    /// # Errors
    /// One sentence for the operator.
    pub fn open(folder: &Path) -> std::result::Result<Self, String> {
        let shown = folder.display();
        let read = |file: &str| {
            std::fs::read(folder.join(file)).map_err(|error| {
                format!(
                    "`embedding.folder` = `{shown}` has no readable `{file}` ({error}); a good value is a folder with `tokenizer.json`, `model.safetensors` and `config.json`"
                )
            })
        };
        let (tokenizer, weights, config) = (read("tokenizer.json")?, read("model.safetensors")?, read("config.json")?);
        // normalised by us: a model's own setting would make lengths, not meaning, differ
        let model = StaticModel::from_bytes(&tokenizer, &weights, &config, Some(true))
            .map_err(|error| format!("`embedding.folder` = `{shown}` is no model of model2vec: {error:#}"))?;
        let dimension = u32::try_from(model.dim()).ok().filter(|dimension| crate::vector::DIMENSIONS.contains(dimension));
        let dimension =
            dimension.ok_or_else(|| format!("`embedding.folder` = `{shown}` makes vectors of {} floats, at most 4096", model.dim()))?;
        let name = folder.canonicalize().ok().and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
        let name: String = name.unwrap_or_else(|| "model2vec".into()).chars().take(200).collect();
        let digest = Sha256::new().chain_update(&tokenizer).chain_update(&weights).finalize();
        Ok(Self { model, space: Space { model: format!("{name}@{}", hex::encode(&digest[..4])), dimension } })
    }
}

#[async_trait]
impl Embedder for Model2Vec {
    fn space(&self) -> &Space {
        &self.space
    }

    fn local(&self) -> bool {
        true
    }

    async fn embed(&self, texts: &[String]) -> Result<Vec<Vec<f32>>> {
        // one by one: the library's own batches spread over all cores, which are not this request's alone
        Ok(texts.iter().map(|text| self.model.encode_single(text)).collect())
    }
}
