//! What `mnemosyne doctor` and the first start tell about the model server.

use std::time::Duration;

use super::error::ModelError;
use super::{configured_models, connect};
use crate::config::Llm;

/// How long the server is waited for.
const TIME: Duration = Duration::from_secs(10);

/// One sentence about what is configured, without asking anybody.
pub fn configured(config: &Llm) -> String {
    match (&config.base_url, &config.model) {
        (None, _) => "none: personas answer from memories; `llm.base_url` and `llm.model` name a server with OpenAI's API".to_owned(),
        (Some(_), Some(model)) => format!("`{model}` on the server of `llm.base_url`"),
        (Some(_), None) => "the only one that the server of `llm.base_url` lists".to_owned(),
    }
}

/// Asks the server for its models: a sentence, or what to do.
///
/// # Errors
/// One sentence for the operator.
pub async fn probe(config: &Llm) -> Result<String, String> {
    let Some(openai) = connect(config)? else { return Ok(configured(config)) };
    let base = config.base_url.as_deref().unwrap_or_default();
    let asked = tokio::time::timeout(TIME, openai.models()).await;
    let models = asked.map_err(|_| format!("{base} does not answer within {} s; is it running?", TIME.as_secs()))?;
    let models = match models {
        Ok(models) => models,
        Err(ModelError::Refused { status: 404, .. }) => {
            return Err(format!("{base} has no /models; a good `llm.base_url` ends with /v1"));
        }
        Err(ModelError::Unavailable { why, .. }) => return Err(format!("{base}: {why}; start it, or unset `llm.base_url`")),
        Err(error) => return Err(format!("{base}: {error}")),
    };
    let known: Vec<&str> = models.iter().filter_map(|model| model["id"].as_str()).collect();
    let wanted: Vec<&str> = configured_models(config).chain(config.embedding_model.as_deref()).collect();
    if let Some(missing) = wanted.iter().find(|wanted| !known.contains(wanted)) {
        let some: Vec<&str> = known.iter().take(5).copied().collect();
        return Err(format!("{base} answers, but does not list `{missing}`; it has {} models: {} …", known.len(), some.join(", ")));
    }
    match (&config.model, known.as_slice()) {
        (Some(model), _) => Ok(format!("`{model}` answers at {base}")),
        (None, [only]) => Ok(format!("`{only}` answers at {base}")),
        (None, []) => Err(format!("{base} answers, but lists no model")),
        (None, several) => {
            Err(format!("{base} lists {} models; say which in `llm.model`: {}", several.len(), several[..several.len().min(5)].join(", ")))
        }
    }
}
