//! Which models there are.

use std::collections::HashMap;

use serde_json::Value;

use super::{OpenAi, PERSONA, no_model};
use crate::clock::Millis;
use crate::error::{Fault, Outcome};
use crate::service::personas::Shown;
use crate::service::principal::Principal;
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
    /// For people, where it has one.
    pub name: Option<String>,
    /// What it is for, where it says so.
    pub description: Option<String>,
}

/// What stands behind a model's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Behind {
    /// A persona, by id.
    Persona(String),
    /// The server behind.
    Server,
    /// The host's embedder.
    Embedder,
}

impl OpenAi {
    /// Every persona that is bound and loaded, then the models of the server behind, then the embedder. While the server
    /// behind cannot say, its models are missing.
    ///
    /// # Errors
    /// The database is away.
    pub async fn models(&self, who: &Principal) -> Outcome<Vec<Model>> {
        let (personas, served) = tokio::join!(self.personas_of(who), self.served());
        let mut models = personas?;
        match served {
            Ok(served) => models.extend(served),
            Err(fault) => tracing::warn!(fault = ?fault, "the server behind does not list its models"),
        }
        let space = self.desk.space();
        if models.iter().all(|model| model.id != space.model) {
            let owner = "mnemosyne".to_owned();
            models.push(Model { id: space.model.clone(), created: 0, owner, name: None, description: None });
        }
        Ok(models)
    }

    /// One of [`OpenAi::models`].
    ///
    /// # Errors
    /// 404 when there is none of this name.
    pub async fn model(&self, who: &Principal, id: &str) -> Outcome<Model> {
        self.models(who).await?.into_iter().find(|model| model.id == id).ok_or_else(|| no_model(id))
    }

    /// What a request that names this model is for.
    ///
    /// # Errors
    /// 404 when there is none of this name; 502 to 504 when the server behind cannot say.
    pub async fn behind(&self, id: &str) -> Outcome<Behind> {
        if let Some(persona) = id.strip_prefix(PERSONA) {
            let bound = self.voices.bound().into_iter().find(|bound| bound.id == persona).ok_or_else(|| no_model(id))?;
            return Ok(Behind::Persona(bound.id));
        }
        let served = self.served().await;
        if served.as_ref().is_ok_and(|served| served.iter().any(|model| model.id == id)) {
            return Ok(Behind::Server);
        }
        if id == self.desk.space().model {
            return Ok(Behind::Embedder);
        }
        Err(served.err().unwrap_or_else(|| no_model(id)))
    }

    async fn personas_of(&self, who: &Principal) -> Outcome<Vec<Model>> {
        let (shown, slots) = tokio::join!(self.personas.bound_with_cards(who), slots::list(&self.db));
        let changed: HashMap<String, Millis> = slots?.into_iter().map(|slot| (slot.slot, slot.updated_at)).collect();
        let model = |shown: Shown| Model {
            created: changed.get(&format!("persona/{}", shown.bound.id)).copied().unwrap_or_default(),
            owner: format!("{}@{}", shown.bound.revision.plugin, shown.bound.revision.version),
            id: format!("{PERSONA}{}", shown.bound.id),
            name: Some(shown.card.name.clone()),
            description: Some(shown.card.purpose.clone()),
        };
        Ok(shown.into_iter().map(model).collect())
    }

    /// None when no server is configured.
    async fn served(&self) -> Outcome<Vec<Model>> {
        if !self.server.configured() {
            return Ok(Vec::new());
        }
        let model = |value: Value| {
            let text = |key: &str| value[key].as_str().map(str::to_owned);
            Some(Model {
                id: text("id")?,
                created: value["created"].as_i64().unwrap_or_default().saturating_mul(1000),
                owner: text("owned_by").unwrap_or_else(|| "server".to_owned()),
                name: text("name"),
                description: text("description"),
            })
        };
        Ok(self.server.list().await.map_err(Fault::from)?.into_iter().filter_map(model).collect())
    }
}
