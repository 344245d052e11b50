//! Which models there are.

use std::collections::HashMap;

use super::{OpenAi, PERSONA, no_model};
use crate::clock::Millis;
use crate::error::Outcome;
use crate::store::slots;

/// A model as clients see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// What a request names.
    pub id: String,
    /// Since when it is what it is; 0: nobody knows.
    pub created: Millis,
    /// Whose it is: a plugin's name with its version, or whatever the server behind says.
    pub owner: String,
}

/// What stands behind a model's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Behind {
    /// A persona, by id.
    Persona(String),
    /// The host's embedder.
    Embedder,
}

impl OpenAi {
    /// Every persona that is bound and loaded, then the embedder.
    ///
    /// # Errors
    /// The database is away.
    pub async fn models(&self) -> Outcome<Vec<Model>> {
        let mut models = self.personas().await?;
        let space = self.desk.space();
        models.push(Model { id: space.model.clone(), created: 0, owner: "mnemosyne".to_owned() });
        Ok(models)
    }

    /// One of [`OpenAi::models`].
    ///
    /// # Errors
    /// 404 when there is none of this name.
    pub async fn model(&self, id: &str) -> Outcome<Model> {
        self.models().await?.into_iter().find(|model| model.id == id).ok_or_else(|| no_model(id))
    }

    /// What a request that names this model is for.
    ///
    /// # Errors
    /// 404 when there is none of this name.
    pub fn behind(&self, id: &str) -> Outcome<Behind> {
        if let Some(persona) = id.strip_prefix(PERSONA) {
            let bound = self.voices.bound().into_iter().find(|bound| bound.id == persona).ok_or_else(|| no_model(id))?;
            return Ok(Behind::Persona(bound.id));
        }
        if id == self.desk.space().model { Ok(Behind::Embedder) } else { Err(no_model(id)) }
    }

    async fn personas(&self) -> Outcome<Vec<Model>> {
        let changed: HashMap<String, Millis> = slots::list(&self.db).await?.into_iter().map(|slot| (slot.slot, slot.updated_at)).collect();
        let model = |bound: crate::plugin::persona::BoundPersona| Model {
            created: changed.get(&format!("persona/{}", bound.id)).copied().unwrap_or_default(),
            owner: format!("{}@{}", bound.revision.plugin, bound.revision.version),
            id: format!("{PERSONA}{}", bound.id),
        };
        Ok(self.voices.bound().into_iter().map(model).collect())
    }
}
