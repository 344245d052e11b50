//! Typed settings: declared in the manifest, given by an operator (and, where `per-user`, by a user), validated here
//! before any guest sees them. A wrong value never reaches a plugin.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::reader::did_you_mean;

/// Largest text, JSON text or list of texts of one setting, in bytes.
pub(super) const MAX_VALUE_BYTES: usize = 16 << 10;

/// Type of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConfigType {
    /// UTF-8 text.
    Text,
    /// A finite 64-bit float.
    Number,
    /// A signed 64-bit integer.
    Integer,
    /// True or false.
    Flag,
    /// A list of texts.
    Texts,
    /// Any JSON, handed to the guest as JSON text.
    Json,
    /// The name of a secret: the operator stores its value apart, the guest only learns that it is set.
    Secret,
}

impl ConfigType {
    /// Every type, as a manifest spells it.
    pub const NAMES: [(&'static str, Self); 7] = [
        ("text", Self::Text),
        ("number", Self::Number),
        ("integer", Self::Integer),
        ("flag", Self::Flag),
        ("texts", Self::Texts),
        ("json", Self::Json),
        ("secret", Self::Secret),
    ];

    /// A value of this type, for messages.
    pub const fn example(self) -> &'static str {
        match self {
            Self::Text => "\"warm\"",
            Self::Number => "0.5",
            Self::Integer => "10",
            Self::Flag => "true",
            Self::Texts => "[\"one\", \"two\"]",
            Self::Json => "\"{}\"",
            Self::Secret => "none: a secret has no default",
        }
    }

    /// With its article, for messages.
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Number => "a number",
            Self::Integer => "an integer",
            Self::Flag => "true or false",
            Self::Texts => "a list of texts",
            Self::Json => "JSON",
            Self::Secret => "a secret",
        }
    }
}

/// A value as the guest gets it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum ConfigValue {
    /// Text.
    Text(String),
    /// A finite float.
    Number(f64),
    /// An integer.
    Integer(i64),
    /// A flag.
    Flag(bool),
    /// Texts.
    Texts(Vec<String>),
    /// JSON text.
    Json(String),
}

/// One declared setting.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ConfigField {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: ConfigType,
    /// What it is when nobody sets it; `None` only for secrets.
    pub default: Option<ConfigValue>,
    /// For the operator.
    pub doc: String,
    /// Whether each user may set their own value.
    pub per_user: bool,
    /// Smallest number or integer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// Largest number or integer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// The only texts allowed; empty = any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub one_of: Vec<String>,
}

/// One thing wrong with given settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConfigProblem {
    /// JSON pointer below the values, for example `/tone`.
    pub pointer: String,
    /// One sentence.
    pub message: String,
}

/// The declared settings of a plugin, by name.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Settings {
    /// Declarations.
    pub fields: BTreeMap<String, ConfigField>,
}

impl Settings {
    /// Everything wrong with an operator's values (a JSON object by setting). Empty: they are good.
    pub fn validate(&self, values: &Map<String, Value>) -> Vec<ConfigProblem> {
        self.convert(values, false).1
    }

    /// Everything wrong with one user's own values: as [`Self::validate`], and each must be `per-user`.
    pub fn validate_for_user(&self, values: &Map<String, Value>) -> Vec<ConfigProblem> {
        self.convert(values, true).1
    }

    /// What the guest sees: each declared setting with the given value, else its default. Secrets are not in it.
    ///
    /// # Errors
    /// As [`Self::validate`].
    pub fn effective(&self, values: &Map<String, Value>) -> Result<BTreeMap<String, ConfigValue>, Vec<ConfigProblem>> {
        let (mut given, problems) = self.convert(values, false);
        if !problems.is_empty() {
            return Err(problems);
        }
        for (name, field) in &self.fields {
            if let (false, Some(default)) = (given.contains_key(name), &field.default) {
                given.insert(name.clone(), default.clone());
            }
        }
        Ok(given)
    }

    /// Names of the settings of type `secret`.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().filter(|(_, field)| field.kind == ConfigType::Secret).map(|(name, _)| name.as_str())
    }

    fn convert(&self, values: &Map<String, Value>, user: bool) -> (BTreeMap<String, ConfigValue>, Vec<ConfigProblem>) {
        let mut good = BTreeMap::new();
        let mut problems = Vec::new();
        for (name, value) in values {
            let verdict = match self.fields.get(name) {
                None => Err(self.unknown(name)),
                Some(field) if user && !field.per_user => Err(format!("`{name}` is set by the operator, not per user")),
                Some(field) => field.accept(name, value),
            };
            match verdict {
                Ok(value) => drop(good.insert(name.clone(), value)),
                Err(message) => problems.push(ConfigProblem { pointer: pointer(name), message }),
            }
        }
        (good, problems)
    }

    fn unknown(&self, name: &str) -> String {
        let names: Vec<&str> = self.fields.keys().map(String::as_str).collect();
        if names.is_empty() {
            return format!("the plugin declares no settings, so `{name}` cannot be set");
        }
        format!("the plugin declares no setting `{name}`{}", did_you_mean(name, &names))
    }
}

impl ConfigField {
    /// The value in its declared type, or one sentence that says what is wrong and what would do.
    pub(super) fn accept(&self, name: &str, value: &Value) -> Result<ConfigValue, String> {
        let wrong = || format!("`{name}` must be {}, for example {}", self.kind.noun(), self.kind.example());
        let converted = match (self.kind, value) {
            (ConfigType::Text, Value::String(text)) => ConfigValue::Text(text.clone()),
            (ConfigType::Number, Value::Number(n)) => ConfigValue::Number(n.as_f64().ok_or_else(wrong)?),
            (ConfigType::Integer, Value::Number(n)) => ConfigValue::Integer(n.as_i64().ok_or_else(wrong)?),
            (ConfigType::Flag, Value::Bool(flag)) => ConfigValue::Flag(*flag),
            (ConfigType::Texts, Value::Array(items)) => {
                ConfigValue::Texts(items.iter().map(|item| item.as_str().map(str::to_owned)).collect::<Option<_>>().ok_or_else(wrong)?)
            }
            (ConfigType::Json, any) => ConfigValue::Json(any.to_string()),
            (ConfigType::Secret, _) => {
                return Err(format!("`{name}` is a secret: store its value with `mnemosyne secret set`, not here"));
            }
            _ => return Err(wrong()),
        };
        self.bounds(name, &converted)?;
        Ok(converted)
    }

    fn bounds(&self, name: &str, value: &ConfigValue) -> Result<(), String> {
        let (number, bytes) = match value {
            #[expect(clippy::cast_precision_loss, reason = "bounds are floats; off by one ulp beyond 2^53 is harmless")]
            ConfigValue::Integer(n) => (Some(*n as f64), 0),
            ConfigValue::Number(n) => (Some(*n), 0),
            ConfigValue::Text(text) | ConfigValue::Json(text) => (None, text.len()),
            ConfigValue::Texts(items) => (None, items.iter().map(|item| item.len() + 1).sum()),
            ConfigValue::Flag(_) => (None, 0),
        };
        if bytes > MAX_VALUE_BYTES {
            return Err(format!("`{name}` has {bytes} bytes, more than the {MAX_VALUE_BYTES} of a setting"));
        }
        if let (Some(n), Some(min)) = (number, self.min)
            && n < min
        {
            return Err(format!("`{name}` is {n}, below its smallest value {min}"));
        }
        if let (Some(n), Some(max)) = (number, self.max)
            && n > max
        {
            return Err(format!("`{name}` is {n}, above its largest value {max}"));
        }
        let texts: &[String] = match value {
            ConfigValue::Text(text) => std::slice::from_ref(text),
            ConfigValue::Texts(texts) => texts,
            _ => &[],
        };
        match texts.iter().find(|text| !self.one_of.is_empty() && !self.one_of.contains(text)) {
            Some(text) => Err(format!("`{name}` cannot be `{text}`: it is one of {}", self.one_of.join(", "))),
            None => Ok(()),
        }
    }
}

fn pointer(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}
