//! `llm.*`: the server with OpenAI's API that answers, its models, and what people may spend there.

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::Refused;

/// `llm.*`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Llm {
    /// The server, `/v1` included. Absent: no model, personas answer from memories.
    pub base_url: Option<String>,
    /// Sent as `Authorization: Bearer`. Never shown, never logged.
    #[serde(skip_serializing, default)]
    pub api_key: Option<SecretString>,
    /// The model that answers. Absent: the only one that the server lists.
    pub model: Option<String>,
    /// How that model is talked to. Default `standard`.
    pub profile: Profile,
    /// Answers when `model` cannot: before the first byte only. Default none.
    pub fallback_model: Option<String>,
    /// The model of class `reasoning`, with profile `reasoning`; `llm.classes` says it in full. Default: `model`.
    pub reasoning_model: Option<String>,
    /// The model of class `small`. Default: `model`.
    pub small_model: Option<String>,
    /// Classes that plugins may be granted, by name. `chat`, `reasoning` and `small` are there without it.
    pub classes: BTreeMap<String, ModelClass>,
    /// The model for vectors on the same server, if `embedding.model` names none. Default none.
    pub embedding_model: Option<String>,
    /// Models that clients may name. Absent: every one that the server lists; empty: none but those that are configured.
    pub allowed_models: Option<Vec<String>>,
    /// Tokens that fit into the model, prompt and answer together, 1 024…4 194 304. Default 32 768.
    pub context_tokens: u32,
    /// Most tokens of an answer for which nobody said how many, 16…131 072. Default 4 096.
    pub answer_tokens: u32,
    /// Tokens that all people together may spend on one day (UTC); 0 = off. Default 0.
    pub tokens_per_day: u64,
    /// Tokens that one person may spend on one day (UTC); 0 = off. Default 0.
    pub user_tokens_per_day: u64,
    /// Tries before the first byte, the first one included, 1…10. Default 3.
    pub attempts: u32,
    /// Seconds to connect, 1…60. Default 5.
    pub connect_seconds: u64,
    /// Seconds until a streamed answer begins, 1…600. Default 60.
    pub first_byte_seconds: u64,
    /// Seconds between two pieces of a streamed answer, 1…600. Default 30.
    pub idle_seconds: u64,
    /// Seconds for one whole answer, 1…3600. Default 900.
    pub answer_seconds: u64,
}

/// What a class of models means here.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelClass {
    /// Its model. Default: `llm.model`.
    #[serde(default)]
    pub model: Option<String>,
    /// How it is talked to. Default: `llm.profile`.
    #[serde(default)]
    pub profile: Option<Profile>,
    /// Tokens that fit into it. Default: `llm.context_tokens`.
    #[serde(default)]
    pub context_tokens: Option<u32>,
}

/// How a model is talked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// Roles `system`, `user`, `assistant`, `tool`; temperature, penalties, `max_tokens`.
    Standard,
    /// Models that think first: `reasoning_effort` and `max_completion_tokens`; they refuse temperature and penalties.
    Reasoning,
    /// Models without a system role: its text stands at the head of the first user message.
    EmbeddedSystem,
}

impl Default for Llm {
    fn default() -> Self {
        Self {
            base_url: None,
            api_key: None,
            model: None,
            profile: Profile::Standard,
            fallback_model: None,
            reasoning_model: None,
            small_model: None,
            classes: BTreeMap::new(),
            embedding_model: None,
            allowed_models: None,
            context_tokens: 32_768,
            answer_tokens: 4_096,
            tokens_per_day: 0,
            user_tokens_per_day: 0,
            attempts: 3,
            connect_seconds: 5,
            first_byte_seconds: 60,
            idle_seconds: 30,
            answer_seconds: 900,
        }
    }
}

impl Llm {
    pub(super) fn check(&self) -> Result<(), Refused> {
        let refuse = |key: &str, problem: String, good: &str| Err(Refused(format!("`{key}` {problem}; a good value is `{good}`")));
        if self.base_url.as_ref().is_some_and(|url| !is_server(url)) {
            return refuse("llm.base_url", "is not the address of a server".into(), "http://127.0.0.1:11434/v1");
        }
        if self.base_url.is_none() && (self.model.is_some() || self.api_key.is_some()) {
            return refuse("llm.base_url", "is missing, but a model or a key is set".into(), "https://api.openai.com/v1");
        }
        let named = [
            ("llm.model", &self.model),
            ("llm.fallback_model", &self.fallback_model),
            ("llm.reasoning_model", &self.reasoning_model),
            ("llm.small_model", &self.small_model),
            ("llm.embedding_model", &self.embedding_model),
        ];
        let classes = self.classes.values().map(|class| ("llm.classes", &class.model));
        for (key, model) in named.into_iter().chain(classes) {
            if model.as_ref().is_some_and(|model| model.trim().is_empty() || model.len() > 256) {
                return refuse(key, "is no model's name".into(), "gpt-4o-mini");
            }
        }
        if let Some(name) = self.classes.keys().find(|name| !is_class(name)) {
            return refuse("llm.classes", format!("has `{name}`, which is no class's name: a to z, 0 to 9 and `-`, at most 32"), "poet");
        }
        let windows = self.classes.values().filter_map(|class| class.context_tokens).chain([self.context_tokens]);
        for window in windows {
            if !(1_024..=4_194_304).contains(&window) {
                return refuse("llm.context_tokens", format!("= {window} is not within 1024…4194304"), "32768");
            }
        }
        if !(16..=131_072).contains(&self.answer_tokens) {
            return refuse("llm.answer_tokens", format!("= {} is not within 16…131072", self.answer_tokens), "4096");
        }
        if !(1..=10).contains(&self.attempts) {
            return refuse("llm.attempts", format!("= {} is not within 1…10", self.attempts), "3");
        }
        let spans = [
            ("llm.connect_seconds", self.connect_seconds, 60, "5"),
            ("llm.first_byte_seconds", self.first_byte_seconds, 600, "60"),
            ("llm.idle_seconds", self.idle_seconds, 600, "30"),
            ("llm.answer_seconds", self.answer_seconds, 3_600, "900"),
        ];
        for (key, seconds, most, good) in spans {
            if !(1..=most).contains(&seconds) {
                return refuse(key, format!("= {seconds} is not within 1…{most}"), good);
            }
        }
        Ok(())
    }
}

fn is_server(url: &str) -> bool {
    let authority = url.split_once("://").map_or("", |(_, rest)| rest.split('/').next().unwrap_or_default());
    let plain = url.starts_with("http://") || url.starts_with("https://");
    plain && !authority.is_empty() && !authority.contains('@') && !url.contains(['?', '#', ' '])
}

fn is_class(name: &str) -> bool {
    (1..=32).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(change: impl FnOnce(&mut Llm)) -> String {
        let mut llm = Llm::default();
        change(&mut llm);
        llm.check().expect_err("it is wrong").to_string()
    }

    #[test]
    fn a_wrong_value_names_the_key_and_a_good_one() {
        assert!(Llm::default().check().is_ok());
        assert!(refused(|llm| llm.base_url = Some("localhost:11434".into())).contains("http://127.0.0.1:11434/v1"));
        assert!(refused(|llm| llm.base_url = Some("https://key@host/v1".into())).contains("llm.base_url"));
        assert!(refused(|llm| llm.model = Some("m".into())).contains("`llm.base_url` is missing"));
        assert!(refused(|llm| llm.answer_seconds = 0).contains("llm.answer_seconds"));
        assert!(refused(|llm| llm.context_tokens = 12).contains("llm.context_tokens"));
        assert!(refused(|llm| llm.attempts = 11).contains("llm.attempts"));
        let class = ModelClass { model: None, profile: None, context_tokens: None };
        assert!(refused(|llm| drop(llm.classes.insert("My Class".into(), class))).contains("llm.classes"));
    }
}
