//! Walks one TOML table: typed reads by key, unknown keys with a did-you-mean, and every problem as one sentence that
//! names the key, what is wrong and a good value. Reading goes on after a problem, so an author sees all of them.

use toml::{Table, Value};

use super::ManifestProblem;
use crate::limits::parse_bytes;

/// Problems found so far.
#[derive(Debug, Default)]
pub(super) struct Problems(pub(super) Vec<ManifestProblem>);

impl Problems {
    /// Notes one problem. `problem` continues the sentence after the key, `fix` is a line to paste or an advice.
    pub(super) fn add(&mut self, key: &str, problem: impl AsRef<str>, fix: impl Into<String>) {
        let sentence = format!("`{key}` {}", problem.as_ref());
        self.0.push(ManifestProblem { key: key.to_owned(), sentence, fix: fix.into() });
    }
}

/// One table and its dotted path.
pub(super) struct Section<'t> {
    path: String,
    table: &'t Table,
}

impl<'t> Section<'t> {
    /// The whole text.
    pub(super) fn root(table: &'t Table) -> Self {
        Self { path: String::new(), table }
    }

    /// The dotted path of a key in here.
    pub(super) fn key(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// Notes every key that is not in `known`.
    pub(super) fn only(&self, known: &[&str], problems: &mut Problems) {
        for key in self.table.keys().filter(|key| !known.contains(&key.as_str())) {
            let hint = did_you_mean(key, known);
            problems.add(
                &self.key(key),
                format!("is not a field of the manifest{hint}"),
                format!("remove it, or use one of: {}", known.join(", ")),
            );
        }
    }

    /// The keys in here.
    pub(super) fn keys(&self) -> impl Iterator<Item = &'t String> + use<'t> {
        self.table.keys()
    }

    /// A raw value.
    pub(super) fn get(&self, key: &str) -> Option<&'t Value> {
        self.table.get(key)
    }

    /// A table below this one.
    pub(super) fn section(&self, key: &str, problems: &mut Problems) -> Option<Section<'t>> {
        match self.table.get(key)? {
            Value::Table(table) => Some(Section { path: self.key(key), table }),
            other => {
                self.wrong(key, other, "a table", "{ }", problems);
                None
            }
        }
    }

    /// A text.
    pub(super) fn text(&self, key: &str, good: &str, problems: &mut Problems) -> Option<&'t str> {
        match self.table.get(key)? {
            Value::String(text) => Some(text),
            other => {
                self.wrong(key, other, "a text", &format!("\"{good}\""), problems);
                None
            }
        }
    }

    /// A text that must be there.
    pub(super) fn required(&self, key: &str, good: &str, problems: &mut Problems) -> Option<&'t str> {
        if self.table.contains_key(key) {
            return self.text(key, good, problems);
        }
        problems.add(&self.key(key), format!("is missing; a good value is \"{good}\""), format!("{key} = \"{good}\""));
        None
    }

    /// A flag; `false` when absent.
    pub(super) fn flag(&self, key: &str, problems: &mut Problems) -> bool {
        match self.table.get(key) {
            None => false,
            Some(Value::Boolean(flag)) => *flag,
            Some(other) => {
                self.wrong(key, other, "true or false", "true", problems);
                false
            }
        }
    }

    /// A whole number, 0 or more.
    pub(super) fn count(&self, key: &str, good: u64, problems: &mut Problems) -> Option<u64> {
        let value = self.table.get(key)?;
        let count = value.as_integer().and_then(|integer| u64::try_from(integer).ok());
        if count.is_none() {
            self.wrong(key, value, "a whole number of 0 or more", &good.to_string(), problems);
        }
        count
    }

    /// A size: a whole number of bytes, or text as `8MiB`.
    pub(super) fn bytes(&self, key: &str, good: &str, problems: &mut Problems) -> Option<u64> {
        let value = self.table.get(key)?;
        let bytes = match value {
            Value::String(text) => parse_bytes(text),
            Value::Integer(integer) => u64::try_from(*integer).ok(),
            _ => None,
        };
        if bytes.is_none() {
            self.wrong(key, value, "a size in bytes, KiB, MiB or GiB", &format!("\"{good}\""), problems);
        }
        bytes
    }

    /// A list of texts; empty when absent.
    pub(super) fn texts(&self, key: &str, good: &str, problems: &mut Problems) -> Vec<String> {
        let Some(value) = self.table.get(key) else { return Vec::new() };
        let texts =
            value.as_array().and_then(|items| items.iter().map(|item| item.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>());
        if texts.is_none() {
            self.wrong(key, value, "a list of texts", &format!("[\"{good}\"]"), problems);
        }
        texts.unwrap_or_default()
    }

    /// Notes a value of the wrong type.
    pub(super) fn wrong(&self, key: &str, value: &Value, wanted: &str, good: &str, problems: &mut Problems) {
        problems.add(&self.key(key), format!("must be {wanted}, not {}; a good value is {good}", shown(value)), format!("{key} = {good}"));
    }
}

/// A value as a message shows it: at most 40 characters, on one line.
fn shown(value: &Value) -> String {
    let text = value.to_string();
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(40).collect();
    if line.len() < text.len() { format!("`{line}…`") } else { format!("`{line}`") }
}

/// `; did you mean \`x\`?` when a known word is close enough, else nothing.
pub(crate) fn did_you_mean(word: &str, known: &[&str]) -> String {
    closest(word, known).map(|best| format!("; did you mean `{best}`?")).unwrap_or_default()
}

/// The known word nearest to `word`, if it is near. Very long words are not compared: the distance is quadratic.
pub(crate) fn closest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    if word.len() > 200 {
        return None;
    }
    known
        .iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), *candidate))
        .min()
        .filter(|(distance, candidate)| *distance <= (candidate.len() / 3).max(1))
        .map(|(_, candidate)| candidate)
}
