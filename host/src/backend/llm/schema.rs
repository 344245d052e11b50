//! Whether an answer keeps to the schema that was asked for.

use serde_json::Value;

use super::error::ModelError;
use super::prompt::not_a_schema;

/// Bytes of what is said about a breach.
const SAID: usize = 300;

/// A schema that answers are checked against.
pub(super) struct Schema(jsonschema::Validator);

impl Schema {
    /// Reads it. References to other documents are refused.
    pub(super) fn read(text: &str) -> Result<Self, ModelError> {
        let schema: Value = serde_json::from_str(text).map_err(|_| not_a_schema())?;
        jsonschema::validator_for(&schema).map(Self).map_err(|_| not_a_schema())
    }

    /// The JSON of an answer, without a fence around it; or what is wrong with it, for the model to hear.
    pub(super) fn check<'a>(&self, answer: &'a str) -> Result<&'a str, String> {
        let bare = unfenced(answer);
        let value: Value = serde_json::from_str(bare).map_err(|error| format!("it is no JSON ({error})"))?;
        match self.0.validate(&value) {
            Ok(()) => Ok(bare),
            Err(error) => Err(crate::backend::llm::error::shown(&format!("at `{}`: {error}", error.instance_path()), None)
                .chars()
                .take(SAID)
                .collect()),
        }
    }
}

/// Models like to put JSON into a code block.
fn unfenced(answer: &str) -> &str {
    let answer = answer.trim();
    let Some(inner) = answer.strip_prefix("```").and_then(|rest| rest.strip_suffix("```")) else { return answer };
    inner.strip_prefix("json").unwrap_or(inner).trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_json_that_keeps_to_the_schema() {
        let schema = Schema::read(r#"{"type":"object","required":["a"],"properties":{"a":{"type":"integer"}}}"#).unwrap();
        assert_eq!(schema.check(" {\"a\":1} "), Ok("{\"a\":1}"));
        assert_eq!(schema.check("```json\n{\"a\":1}\n```"), Ok("{\"a\":1}"));
        assert!(schema.check("{\"a\":\"x\"}").unwrap_err().contains("/a"));
        assert!(schema.check("Sure: {}").unwrap_err().contains("no JSON"));
        assert!(Schema::read("{").is_err() && Schema::read(r#"{"type":"nothing"}"#).is_err());
        assert!(Schema::read(r#"{"$ref":"http://127.0.0.1/schema.json"}"#).is_err(), "nothing is fetched");
    }
}
