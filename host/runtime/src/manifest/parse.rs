//! The sections of a manifest, one function each.

use toml::{Table, Value};

use super::config::{ConfigField, ConfigType, Settings};
use super::reader::{Problems, Section, did_you_mean};
use super::{Data, Kind, Manifest, ManifestProblem, needs};
use crate::limits::{LimitRequest, Limits, ROWS, Unit};

const MAX_SUMMARY_CHARS: usize = 200;
const MAX_LICENSE_CHARS: usize = 100;
const MAX_SETTINGS: usize = 64;
const MAX_DOC_CHARS: usize = 500;

/// Reads the whole text.
pub(super) fn manifest(text: &str) -> Result<Manifest, Vec<ManifestProblem>> {
    let table: Table = text.parse().map_err(|error: toml::de::Error| vec![not_toml(text, &error)])?;
    let mut problems = Problems::default();
    let root = Section::root(&table);
    root.only(&["plugin", "needs", "limits", "config", "data"], &mut problems);
    let read = sections(&root, &mut problems);
    match read {
        Some(manifest) if problems.0.is_empty() => Ok(manifest),
        _ => Err(problems.0),
    }
}

fn not_toml(text: &str, error: &toml::de::Error) -> ManifestProblem {
    let line = error.span().map_or(1, |span| text.get(..span.start).unwrap_or(text).lines().count().max(1));
    let message = error.message().lines().collect::<Vec<_>>().join(", ");
    ManifestProblem {
        key: String::new(),
        sentence: format!("the manifest is not TOML at line {line}: {message}"),
        fix: format!("correct line {line} of plugin.toml"),
    }
}

/// `None` only with at least one problem noted.
fn sections(root: &Section<'_>, problems: &mut Problems) -> Option<Manifest> {
    let Some(plugin) = root.section("plugin", problems) else {
        if root.get("plugin").is_none() {
            let fix = "[plugin]\nname = \"my-rules\"\nversion = \"0.1.0\"\nkind = \"xp-rules\"\nsummary = \"What it does\"";
            problems.add("plugin", "is missing; a manifest begins with a `[plugin]` section", fix);
        }
        return None;
    };
    plugin.only(&["name", "version", "kind", "summary", "license"], problems);
    let name = name(&plugin, problems);
    let version = version(&plugin, problems);
    let kind = kind(&plugin, problems);
    let summary = short_text(&plugin, "summary", "What it does, in one line", MAX_SUMMARY_CHARS, problems);
    let license = if plugin.get("license").is_some() {
        short_text(&plugin, "license", "Apache-2.0", MAX_LICENSE_CHARS, problems)
    } else {
        Some(String::new())
    };
    let config = config(root, problems);
    let data = data(root, problems);
    // Without a kind neither needs nor limits can be judged; the missing kind is already noted.
    let kind = kind?;
    let request = limits(root, problems);
    let requested = Limits::of(kind).with(&request);
    let mut needs = needs::needs(root, kind, &requested, problems);
    needs.limits =
        request.into_iter().filter(|(key, value)| crate::limits::row(key).is_some_and(|row| *value > Limits::of(kind).get(row))).collect();
    Some(Manifest { name: name?, version: version?, kind, summary: summary?, license: license?, needs, limits: requested, config, data })
}

fn name(plugin: &Section<'_>, problems: &mut Problems) -> Option<String> {
    let name = plugin.required("name", "my-rules", problems)?;
    if is_name(name, 3, 48) {
        return Some(name.to_owned());
    }
    problems.add(
        "plugin.name",
        "must be 3 to 48 lower-case letters, digits and `-`, beginning with a letter; a good value is \"my-rules\"",
        "name = \"my-rules\"",
    );
    None
}

/// `^[a-z][a-z0-9-]*$` between two lengths.
pub(super) fn is_name(text: &str, shortest: usize, longest: usize) -> bool {
    (shortest..=longest).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

fn version(plugin: &Section<'_>, problems: &mut Problems) -> Option<semver::Version> {
    let text = plugin.required("version", "0.1.0", problems)?;
    let version = semver::Version::parse(text).ok().filter(|_| text.len() <= 64);
    if version.is_none() {
        problems.add(
            "plugin.version",
            "is not a semantic version of at most 64 characters; a good value is \"0.1.0\"",
            "version = \"0.1.0\"",
        );
    }
    version
}

fn kind(plugin: &Section<'_>, problems: &mut Problems) -> Option<Kind> {
    let text = plugin.required("kind", "xp-rules", problems)?;
    let kind = text.parse().ok();
    if kind.is_none() {
        let names = Kind::ALL.map(Kind::as_str);
        let hint = did_you_mean(text, &names);
        problems.add(
            "plugin.kind",
            format!("must be one of {}{}", names.join(", "), if hint.is_empty() { "; a good value is \"xp-rules\"" } else { &hint }),
            "kind = \"xp-rules\"",
        );
    }
    kind
}

fn short_text(section: &Section<'_>, key: &str, good: &str, most: usize, problems: &mut Problems) -> Option<String> {
    let text = section.required(key, good, problems)?;
    if !text.trim().is_empty() && text.chars().count() <= most && !text.chars().any(char::is_control) {
        return Some(text.to_owned());
    }
    problems.add(
        &section.key(key),
        format!("must be one line of 1 to {most} characters; a good value is \"{good}\""),
        format!("{key} = \"{good}\""),
    );
    None
}

fn limits(root: &Section<'_>, problems: &mut Problems) -> LimitRequest {
    let Some(section) = root.section("limits", problems) else { return LimitRequest::new() };
    let keys: Vec<&str> = ROWS.iter().map(|row| row.key).collect();
    section.only(&keys, problems);
    let mut request = LimitRequest::new();
    for row in ROWS {
        let value = match row.unit {
            Unit::Bytes => section.bytes(row.key, "8MiB", problems),
            Unit::Milliseconds => section.count(row.key, 100, problems),
            Unit::Count => section.count(row.key, 4, problems),
        };
        let Some(value) = value else { continue };
        if value > row.ceiling {
            let most = row.unit.show(row.ceiling);
            problems.add(
                &section.key(row.key),
                format!("is {}, above the {most} that no operator can exceed", row.unit.show(value)),
                format!("{} = {}", row.key, if row.unit == Unit::Bytes { format!("\"{most}\"") } else { row.ceiling.to_string() }),
            );
        } else {
            request.insert(row.key.to_owned(), value);
        }
    }
    request
}

fn data(root: &Section<'_>, problems: &mut Problems) -> Data {
    let Some(section) = root.section("data", problems) else { return Data::default() };
    section.only(&["version", "reads"], problems);
    let version = match section.count("version", 1, problems).map(u32::try_from) {
        None => 1,
        Some(Ok(version)) if version > 0 => version,
        Some(_) => {
            problems.add("data.version", "must be between 1 and 4294967295; a good value is 1", "version = 1");
            1
        }
    };
    let Some(value) = section.get("reads") else { return Data { version, reads: vec![version] } };
    let reads: Option<Vec<u32>> = value
        .as_array()
        .filter(|items| items.len() <= 64)
        .and_then(|items| items.iter().map(|item| item.as_integer().and_then(|n| u32::try_from(n).ok()).filter(|n| *n > 0)).collect());
    match reads {
        Some(reads) if reads.contains(&version) => Data { version, reads },
        Some(_) => {
            problems.add(
                "data.reads",
                format!("must contain {version}, the version that is written; a good value is [{version}]"),
                format!("reads = [{version}]"),
            );
            Data::default()
        }
        None => {
            section.wrong("reads", value, "a list of at most 64 data versions", &format!("[{version}]"), problems);
            Data::default()
        }
    }
}

fn config(root: &Section<'_>, problems: &mut Problems) -> Settings {
    let mut settings = Settings::default();
    let Some(section) = root.section("config", problems) else { return settings };
    if section.keys().count() > MAX_SETTINGS {
        problems.add("config", format!("declares more than {MAX_SETTINGS} settings"), "join related settings into one of type \"json\"");
        return settings;
    }
    for name in section.keys() {
        if !is_name(name, 1, 48) {
            problems.add(
                &section.key(name),
                "must be 1 to 48 lower-case letters, digits and `-`, beginning with a letter; a good name is `tone`",
                "tone = { type = \"text\", default = \"warm\", doc = \"warm, dry or formal\" }",
            );
        } else if let Some(declared) = section.section(name, problems)
            && let Some(field) = field(name, &declared, problems)
        {
            settings.fields.insert(name.clone(), field);
        }
    }
    settings
}

fn field(name: &str, section: &Section<'_>, problems: &mut Problems) -> Option<ConfigField> {
    section.only(&["type", "default", "doc", "per-user", "min", "max", "one-of"], problems);
    let spelled = section.required("type", "text", problems)?;
    let Some((_, kind)) = ConfigType::NAMES.into_iter().find(|(known, _)| *known == spelled) else {
        let names = ConfigType::NAMES.map(|(known, _)| known);
        let hint = did_you_mean(spelled, &names);
        problems.add(&section.key("type"), format!("must be one of {}{hint}", names.join(", ")), "type = \"text\"");
        return None;
    };
    let doc = section.text("doc", "what it changes", problems).unwrap_or_default().to_owned();
    if doc.chars().count() > MAX_DOC_CHARS {
        problems.add(&section.key("doc"), format!("is longer than {MAX_DOC_CHARS} characters"), "shorten it");
    }
    let mut field = ConfigField {
        kind,
        default: None,
        doc,
        per_user: section.flag("per-user", problems),
        min: bound(section, "min", kind, problems),
        max: bound(section, "max", kind, problems),
        one_of: section.texts("one-of", "warm", problems),
    };
    if !field.one_of.is_empty() && !matches!(kind, ConfigType::Text | ConfigType::Texts) {
        problems.add(&section.key("one-of"), "is only for settings of type text or texts", "remove it");
    }
    if kind == ConfigType::Secret && field.per_user {
        problems.add(&section.key("per-user"), "cannot be true for a secret: secrets belong to the operator", "per-user = false");
    }
    default(name, section, &mut field, problems);
    Some(field)
}

fn bound(section: &Section<'_>, key: &str, kind: ConfigType, problems: &mut Problems) -> Option<f64> {
    let value = section.get(key)?;
    #[expect(clippy::cast_precision_loss, reason = "a bound beyond 2^53 may be off by one ulp")]
    let bound = match value {
        Value::Integer(integer) => Some(*integer as f64),
        Value::Float(float) if float.is_finite() => Some(*float),
        _ => None,
    };
    if bound.is_none() {
        section.wrong(key, value, "a number", "10", problems);
    } else if !matches!(kind, ConfigType::Number | ConfigType::Integer) {
        problems.add(&section.key(key), "is only for settings of type number or integer", "remove it");
    }
    bound
}

fn default(name: &str, section: &Section<'_>, field: &mut ConfigField, problems: &mut Problems) {
    let key = section.key("default");
    match (section.get("default"), field.kind) {
        (None, ConfigType::Secret) => {}
        (Some(_), ConfigType::Secret) => problems.add(&key, "is not possible: a secret has no default", "remove it"),
        (None, kind) => problems.add(
            &key,
            format!("is missing, and a guest must always find a value; a good value is {}", kind.example()),
            format!("default = {}", kind.example()),
        ),
        (Some(value), kind) => match json(value, kind) {
            Some(value) => match field.accept(name, &value) {
                Ok(accepted) => field.default = Some(accepted),
                Err(message) => problems.add(&key, format!("does not fit: {message}"), format!("default = {}", kind.example())),
            },
            None => section.wrong("default", value, kind.noun(), kind.example(), problems),
        },
    }
}

/// A TOML value as JSON. A `json` setting may be written as JSON text or as plain TOML; dates and non-finite floats have
/// no JSON.
fn json(value: &Value, kind: ConfigType) -> Option<serde_json::Value> {
    match (value, kind) {
        (Value::String(text), ConfigType::Json) => serde_json::from_str(text).ok(),
        (Value::Integer(integer), ConfigType::Number) => Some(serde_json::json!(integer)),
        (Value::Datetime(_), _) => None,
        (Value::Float(float), _) if !float.is_finite() => None,
        (value, _) => serde_json::to_value(value).ok(),
    }
}
