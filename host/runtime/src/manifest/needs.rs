//! `[needs.*]`: what may be asked for by which kind, and with which values.

use super::Kind;
use super::parse::is_name;
use super::reader::{Problems, Section, did_you_mean};
use crate::limits::{Limits, show_bytes};
use crate::needs::{ActionsNeed, AuthNeed, HttpNeed, HttpSecret, KvNeed, LlmNeed, Needs, Scope, StorageNeed, VectorNeed};

const MAX_LIST: usize = 32;
const DEFAULT_VECTOR_ITEMS: u64 = 10_000;
const MAX_VECTOR_ITEMS: u64 = 100_000;
const CREDENTIALS: [&str; 3] = ["verify-password", "verify-api-key", "verify-code"];

/// What a kind may ask for, beside `log` and `config`: the most its world imports.
const fn allowed(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::XpRules => &["log", "config", "wasi"],
        Kind::AuthProvider => &["log", "config", "storage", "auth", "http", "wasi"],
        Kind::TaskIntelligence => &["log", "config", "storage", "vector", "llm", "auth", "http", "wasi"],
        Kind::Persona => &["log", "config", "storage", "vector", "llm", "auth", "actions", "http", "wasi"],
    }
}

/// Reads every `[needs.*]` section of a kind. `limits` are the requested ones: quotas are held against them.
pub(super) fn needs(root: &Section<'_>, kind: Kind, limits: &Limits, problems: &mut Problems) -> Needs {
    let Some(section) = root.section("needs", problems) else { return Needs::default() };
    let known = allowed(Kind::Persona);
    section.only(known, problems);
    for key in section.keys().filter(|key| known.contains(&key.as_str()) && !allowed(kind).contains(&key.as_str())) {
        problems.add(
            &section.key(key),
            format!("is beyond what the kind {kind} may ask for, which is at most: {}", allowed(kind).join(", ")),
            format!("remove [needs.{key}]"),
        );
    }
    for harmless in ["log", "config"] {
        // Every plugin has these; naming them is allowed, saying anything about them is not.
        if let Some(harmless) = section.section(harmless, problems) {
            harmless.only(&[], problems);
        }
    }
    Needs {
        storage: section.section("storage", problems).map(|storage| self::storage(&storage, kind, limits, problems)),
        vector: section.section("vector", problems).map(|vector| self::vector(&vector, problems)),
        llm: section.section("llm", problems).map(|llm| self::llm(&llm, limits, problems)),
        http: section.section("http", problems).map(|http| self::http(&http, problems)),
        auth: section.section("auth", problems).map(|auth| self::auth(&auth, kind, problems)),
        actions: section.section("actions", problems).map(|actions| self::actions(&actions, problems)),
        wasi: section.flag("wasi", problems),
        limits: crate::limits::LimitRequest::new(),
    }
}

fn storage(section: &Section<'_>, kind: Kind, limits: &Limits, problems: &mut Problems) -> StorageNeed {
    let known: &[&str] = match kind {
        Kind::AuthProvider => &["kv", "optional"],
        _ => &["memories", "tasks", "kv", "optional"],
    };
    section.only(known, problems);
    let kv = section.section("kv", problems).map(|kv| {
        kv.only(&["scope", "max-bytes"], problems);
        let good = show_bytes(limits.kv_bytes);
        let max_bytes = kv.bytes("max-bytes", &good, problems).unwrap_or(limits.kv_bytes);
        if max_bytes > limits.kv_bytes {
            problems.add(
                &kv.key("max-bytes"),
                format!(
                    "is {}, above the limit `kv` of {good}; lower it, or raise the limit with the operator's approval",
                    show_bytes(max_bytes)
                ),
                format!("[limits]\nkv = \"{}\"", show_bytes(max_bytes)),
            );
        }
        KvNeed { scope: scope(&kv, problems), max_bytes }
    });
    StorageNeed {
        memories: read_only(section, "memories", problems),
        tasks: read_only(section, "tasks", problems),
        kv,
        optional: section.flag("optional", problems),
    }
}

/// `"read"` is the only thing to ask for; absent is no.
fn read_only(section: &Section<'_>, key: &str, problems: &mut Problems) -> bool {
    match section.text(key, "read", problems) {
        Some("read") => true,
        Some(_) => {
            problems.add(&section.key(key), "can only be \"read\": plugins never write the caller's own data", format!("{key} = \"read\""));
            false
        }
        None => false,
    }
}

fn scope(section: &Section<'_>, problems: &mut Problems) -> Scope {
    let Some(text) = section.text("scope", "user", problems) else { return Scope::User };
    let found = Scope::NAMES.into_iter().find(|(name, _)| *name == text);
    found.map_or_else(
        || {
            let hint = did_you_mean(text, &Scope::NAMES.map(|(name, _)| name));
            problems.add(
                &section.key("scope"),
                format!("must be user, plugin or both{hint}; a good value is \"user\""),
                "scope = \"user\"",
            );
            Scope::User
        },
        |(_, scope)| scope,
    )
}

fn vector(section: &Section<'_>, problems: &mut Problems) -> VectorNeed {
    section.only(&["scope", "max-items", "optional"], problems);
    let max_items = section.count("max-items", DEFAULT_VECTOR_ITEMS, problems).unwrap_or(DEFAULT_VECTOR_ITEMS);
    if max_items > MAX_VECTOR_ITEMS {
        problems.add(
            &section.key("max-items"),
            format!("is above {MAX_VECTOR_ITEMS}, the most there is"),
            format!("max-items = {MAX_VECTOR_ITEMS}"),
        );
    }
    VectorNeed { scope: scope(section, problems), max_items, optional: section.flag("optional", problems) }
}

fn llm(section: &Section<'_>, limits: &Limits, problems: &mut Problems) -> LlmNeed {
    section.only(&["classes", "embeddings", "max-tokens-per-call", "optional"], problems);
    let most = limits.model_tokens;
    let max_tokens_per_call = section.count("max-tokens-per-call", 2000, problems).unwrap_or(most);
    if max_tokens_per_call > most {
        problems.add(
            &section.key("max-tokens-per-call"),
            format!("is {max_tokens_per_call}, above the {most} tokens of a whole call; a good value is 2000"),
            "max-tokens-per-call = 2000",
        );
    }
    LlmNeed {
        classes: names(section, "classes", "chat", |text| is_name(text, 1, 48), problems),
        embeddings: section.flag("embeddings", problems),
        max_tokens_per_call,
        optional: section.flag("optional", problems),
    }
}

fn http(section: &Section<'_>, problems: &mut Problems) -> HttpNeed {
    section.only(&["endpoints", "secrets", "optional"], problems);
    let mut need = HttpNeed { optional: section.flag("optional", problems), ..HttpNeed::default() };
    if let Some(endpoints) = section.section("endpoints", problems) {
        for name in endpoints.keys().take(MAX_LIST) {
            let Some(url) = endpoints.text(name, "https://api.example.org", problems) else { continue };
            if is_name(name, 1, 48) && is_origin(url) {
                need.endpoints.insert(name.clone(), url.to_owned());
            } else {
                problems.add(
                    &endpoints.key(name),
                    "must be an origin: https, a lower-case host name, a port if any, and no path; a good value is \"https://api.example.org\"",
                    "endpoints = { crm = \"https://api.example.org\" }",
                );
            }
        }
    }
    let named: Vec<&str> =
        section.get("endpoints").and_then(toml::Value::as_table).map_or_else(Vec::new, |table| table.keys().map(String::as_str).collect());
    if named.is_empty() {
        problems.add(
            &section.key("endpoints"),
            "is missing or empty; a good value is { crm = \"https://api.example.org\" }",
            "endpoints = { crm = \"https://api.example.org\" }",
        );
    }
    let Some(secrets) = section.section("secrets", problems) else { return need };
    for endpoint in secrets.keys().take(MAX_LIST) {
        let Some(secret) = secrets.section(endpoint, problems) else { continue };
        secret.only(&["header", "secret"], problems);
        let header = secret.required("header", "authorization", problems);
        let name = secret.required("secret", "CRM_TOKEN", problems);
        let (Some(header), Some(name)) = (header, name) else { continue };
        if !named.contains(&endpoint.as_str()) {
            problems.add(
                &secrets.key(endpoint),
                format!("names no endpoint{}", did_you_mean(endpoint, &named)),
                format!("endpoints = {{ {endpoint} = \"https://api.example.org\" }}"),
            );
        } else if !is_name(header, 1, 64) {
            problems.add(
                &secret.key("header"),
                "must be a header name in lower case; a good value is \"authorization\"",
                "header = \"authorization\"",
            );
        } else if !is_secret_name(name) {
            problems.add(
                &secret.key("secret"),
                "must be 1 to 64 upper-case letters, digits and `_`; a good value is \"CRM_TOKEN\"",
                "secret = \"CRM_TOKEN\"",
            );
        } else {
            need.secrets.insert(endpoint.clone(), HttpSecret { header: header.to_owned(), secret: name.to_owned() });
        }
    }
    need
}

/// `https://host[:port]`, nothing after it. Addresses are refused here already: a plugin names hosts, and what they
/// resolve to is judged by the host's own wall at call time.
fn is_origin(url: &str) -> bool {
    let Some(authority) = url.strip_prefix("https://") else { return false };
    let (host, port) = authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
    let labels_fit = host.split('.').all(|label| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    });
    let last = host.rsplit('.').next().unwrap_or_default();
    host.len() <= 253
        && host.contains('.')
        && labels_fit
        && last.bytes().any(|byte| byte.is_ascii_lowercase())
        && !last.starts_with("0x")
        && port.is_none_or(|port| !port.starts_with(['0', '+']) && port.parse::<u16>().is_ok())
}

fn is_secret_name(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

fn auth(section: &Section<'_>, kind: Kind, problems: &mut Problems) -> AuthNeed {
    let known: &[&str] = match kind {
        Kind::AuthProvider => &["credentials", "oidc", "did", "signature", "optional"],
        _ => &["identity", "optional"],
    };
    section.only(known, problems);
    let credentials = names(section, "credentials", "verify-password", |text| CREDENTIALS.contains(&text), problems);
    AuthNeed {
        identity: section.flag("identity", problems),
        credentials,
        oidc: section.flag("oidc", problems),
        did: section.flag("did", problems),
        signature: section.flag("signature", problems),
        optional: section.flag("optional", problems),
    }
}

fn actions(section: &Section<'_>, problems: &mut Problems) -> ActionsNeed {
    section.only(&["operations", "optional"], problems);
    let fits = |text: &str| text.split('.').count() == 2 && text.split('.').all(|part| is_name(part, 1, 48));
    ActionsNeed { operations: names(section, "operations", "tasks.create", fits, problems), optional: section.flag("optional", problems) }
}

/// A list of at most [`MAX_LIST`] words that all fit.
fn names(
    section: &Section<'_>,
    key: &str,
    good: &str,
    fits: impl Fn(&str) -> bool,
    problems: &mut Problems,
) -> std::collections::BTreeSet<String> {
    let texts = section.texts(key, good, problems);
    if texts.len() > MAX_LIST {
        problems.add(&section.key(key), format!("has more than {MAX_LIST} entries"), "name fewer");
        return std::collections::BTreeSet::new();
    }
    let (good_ones, bad): (Vec<String>, Vec<String>) = texts.into_iter().partition(|text| fits(text));
    for text in bad {
        let hint = if key == "credentials" { did_you_mean(&text, &CREDENTIALS) } else { String::new() };
        let shown: String = text.chars().filter(|c| !c.is_control()).take(40).collect();
        problems.add(
            &section.key(key),
            format!("cannot contain `{shown}`{hint}; a good value is [\"{good}\"]"),
            format!("{key} = [\"{good}\"]"),
        );
    }
    good_ones.into_iter().collect()
}
