//! Manifests that are read, and every way in which one is refused.

use serde_json::json;

use super::*;
use crate::needs::Scope;

const MENTOR: &str = r#"
[plugin]
name = "persona-mentor"
version = "0.1.0"
kind = "persona"
summary = "Teaches at the edge of what you can do"
license = "Apache-2.0"

[needs.storage]
memories = "read"
kv = { scope = "user", max-bytes = "256KiB" }
[needs.llm]
classes = ["chat"]
max-tokens-per-call = 2000
[needs.http]
endpoints = { crm = "https://api.example.org" }
secrets = { crm = { header = "authorization", secret = "CRM_TOKEN" } }

[limits]
deadline-ms = 8000
[config]
tone = { type = "text", default = "warm", doc = "warm, dry or formal", per-user = true, one-of = ["warm", "dry", "formal"] }
warmth = { type = "number", default = 1, min = 0, max = 2 }
steps = { type = "integer", default = 3 }
loud = { type = "flag", default = false }
tags = { type = "texts", default = ["a"] }
table = { type = "json", default = "{\"a\": 1}" }
token = { type = "secret", doc = "of the other side" }
[data]
version = 2
reads = [1, 2]
"#;

fn sentences(text: &str) -> Vec<String> {
    Manifest::from_toml(text).unwrap_err().into_iter().map(|problem| problem.sentence).collect()
}

/// `MENTOR` with one line put in place of another.
fn with(old: &str, new: &str) -> String {
    assert!(MENTOR.contains(old), "{old}");
    MENTOR.replacen(old, new, 1)
}

#[test]
fn the_contracts_example_is_read() {
    let manifest = Manifest::from_toml(MENTOR).unwrap();
    assert_eq!((manifest.name.as_str(), manifest.kind), ("persona-mentor", Kind::Persona));
    let storage = manifest.needs.storage.as_ref().unwrap();
    assert!(storage.memories && !storage.tasks);
    let kv = storage.kv.as_ref().unwrap();
    assert_eq!((kv.scope, kv.max_bytes), (Scope::User, 256 << 10));
    assert_eq!(manifest.needs.http.as_ref().unwrap().secrets["crm"].secret, "CRM_TOKEN");
    assert_eq!(manifest.limits.deadline_ms, 8000);
    assert!(manifest.needs.limits.is_empty(), "a lowered limit is no need");
    assert_eq!((manifest.data.version, manifest.data.reads.as_slice()), (2, [1, 2].as_slice()));
    assert_eq!(Manifest::from_section(MENTOR.as_bytes()).unwrap(), manifest);
}

#[test]
fn the_smallest_manifest_asks_for_nothing() {
    let text = "[plugin]\nname='my-rules'\nversion='1.0.0-dev'\nkind='xp-rules'\nsummary='x'\n";
    let manifest = Manifest::from_toml(text).unwrap();
    assert!(manifest.needs.harmless());
    assert_eq!(manifest.limits, Limits::of(Kind::XpRules));
    assert_eq!(manifest.data, Data { version: 1, reads: vec![1] });
}

#[test]
fn as_json_it_shows_types_defaults_and_needs() {
    let shown = serde_json::to_value(Manifest::from_toml(MENTOR).unwrap()).unwrap();
    assert_eq!(shown["kind"], "persona");
    assert_eq!(shown["config"]["tone"]["type"], "text");
    assert_eq!(shown["config"]["tone"]["default"], "warm");
    assert_eq!(shown["needs"]["llm"]["max_tokens_per_call"], 2000);
}

#[test]
fn a_raised_limit_becomes_a_need() {
    let manifest = Manifest::from_toml(&with("deadline-ms = 8000", "memory = \"64MiB\"\nlog = 4096")).unwrap();
    assert_eq!(manifest.needs.limits, [("memory".to_owned(), 64 << 20)].into());
    assert_eq!((manifest.limits.memory_bytes, manifest.limits.log_bytes), (64 << 20, 4096));
}

#[test]
fn each_wrong_line_is_one_sentence_that_names_the_key() {
    let cases = [
        (with("summary =", "sumary ="), "`plugin.sumary` is not a field of the manifest; did you mean `summary`?"),
        (with("\"persona-mentor\"", "\"Mentor\""), "`plugin.name` must be 3 to 48 lower-case letters"),
        (with("\"0.1.0\"", "\"1.0\""), "`plugin.version` is not a semantic version"),
        (with("kind = \"persona\"", "kind = \"personna\""), "did you mean `persona`?"),
        (with("license =", "licence ="), "did you mean `license`?"),
        (with("\"read\"", "\"write\""), "`needs.storage.memories` can only be \"read\""),
        (with("scope = \"user\"", "scope = \"usr\""), "`needs.storage.kv.scope` must be user, plugin or both; did you mean `user`?"),
        (with("\"256KiB\"", "\"256KB\""), "`needs.storage.kv.max-bytes` must be a size in bytes, KiB, MiB or GiB"),
        (with("\"256KiB\"", "\"2MiB\""), "above the limit `kv` of 1 MiB"),
        (with("2000", "20000"), "above the 16000 tokens of a whole call"),
        (with("https://api.example.org", "http://api.example.org"), "`needs.http.endpoints.crm` must be an origin"),
        (with("secrets = { crm", "secrets = { crn"), "`needs.http.secrets.crn` names no endpoint; did you mean `crm`?"),
        (with("deadline-ms = 8000", "deadline = 8000"), "`limits.deadline` is not a field of the manifest"),
        (with("deadline-ms = 8000", "deadline-ms = -1"), "`limits.deadline-ms` must be a whole number of 0 or more, not `-1`"),
        (with("deadline-ms = 8000", "memory = \"1GiB\""), "`limits.memory` is 1024 MiB, above the 256 MiB"),
        (with("type = \"text\", default = \"warm\"", "type = \"txt\", default = \"warm\""), "did you mean `text`?"),
        (with("default = \"warm\"", "default = \"hot\""), "cannot be `hot`: it is one of warm, dry, formal"),
        (with("default = 3", "default = 3.5"), "`config.steps.default` does not fit"),
        (with("default = 3 ", ""), "`config.steps.default` is missing"),
        (with("default = 1,", "default = 7,"), "above its largest value 2"),
        (with("default = 1,", "default = inf,"), "`config.warmth.default` must be a number"),
        (with("doc = \"of the other side\"", "default = \"hush\""), "a secret has no default"),
        (with("reads = [1, 2]", "reads = [1]"), "`data.reads` must contain 2"),
        (with("[data]", "[dta]"), "`dta` is not a field of the manifest; did you mean `data`?"),
        (with("[plugin]", "[plugin"), "the manifest is not TOML at line 2"),
    ];
    for (text, expected) in cases {
        let found = sentences(&text);
        // A misspelt key is also a missing one.
        assert!((1..=2).contains(&found.len()), "{expected}: {found:?}");
        assert!(found[0].contains(expected), "wanted {expected:?}, found {:?}", found[0]);
        assert!(!found[0].contains('\n'));
    }
}

#[test]
fn all_problems_are_told_at_once() {
    let found = sentences("[plugin]\nname = 7\nkind = 'xp-rules'\n[needs.llm]\nclasses = ['chat']\n");
    assert_eq!(found.len(), 4, "{found:?}");
    assert!(found.iter().any(|sentence| sentence.contains("beyond what the kind xp-rules may ask for")), "{found:?}");
}

#[test]
fn a_kind_asks_for_no_more_than_its_world_imports() {
    let plugin = |kind: &str, rest: &str| format!("[plugin]\nname='abc'\nversion='1.0.0'\nkind='{kind}'\nsummary='x'\n{rest}");
    for (kind, rest) in [
        ("xp-rules", "[needs.storage]\nkv = { scope = 'user' }"),
        ("auth-provider", "[needs.storage]\nmemories = 'read'"),
        ("auth-provider", "[needs.auth]\nidentity = true"),
        ("persona", "[needs.auth]\ncredentials = ['verify-password']"),
        ("task-intelligence", "[needs.actions]\noperations = ['tasks.create']"),
    ] {
        assert_eq!(sentences(&plugin(kind, rest)).len(), 1, "{kind} {rest}");
    }
    let good = plugin("auth-provider", "[needs.auth]\ncredentials = ['verify-password']\n[needs.log]\n");
    assert!(Manifest::from_toml(&good).is_ok());
    let typo = sentences(&plugin("auth-provider", "[needs.auth]\ncredentials = ['verify-pasword']"));
    assert!(typo[0].contains("did you mean `verify-password`?"), "{typo:?}");
}

#[test]
fn origins_are_https_hosts_and_nothing_else() {
    for url in [
        "https://127.0.0.1",
        "https://user@example.org",
        "https://example.org/path",
        "https://example.org:0",
        "https://example.org:99999",
        "https://EXAMPLE.org",
        "https://localhost",
        "https://[::1]",
        "https://exa mple.org",
        "https://example.org#",
        "https://0x7f.1",
        "https://2130706433",
        "https://example..org",
        "ftp://example.org",
        "https://-a.org",
        "https://example.org\\r\\nx",
        "https://",
        "https://1.2.3.0x7f",
        "https://example.org:+443",
        "https://example.org.",
    ] {
        let text = with("https://api.example.org", url);
        assert!(Manifest::from_toml(&text).is_err(), "{url}");
    }
    for url in ["https://example.org", "https://api-2.example.org:8443"] {
        assert!(Manifest::from_toml(&with("https://api.example.org", url)).is_ok(), "{url}");
    }
}

#[test]
fn bytes_that_are_no_manifest_are_refused_without_a_panic() {
    assert!(Manifest::from_section(&[0xff, 0xfe]).unwrap_err()[0].sentence.contains("not UTF-8"));
    assert!(Manifest::from_section(&vec![b'#'; MAX_BYTES + 1]).unwrap_err()[0].sentence.contains("more than the 65536"));
    assert!(Manifest::from_section(b"").unwrap_err()[0].sentence.contains("`plugin` is missing"));
    let deep = format!("a = {}{}", "[".repeat(20_000), "]".repeat(20_000));
    assert!(Manifest::from_section(deep.as_bytes()).is_err());
    for end in 0..MENTOR.len() {
        if let Err(problems) = Manifest::from_section(&MENTOR.as_bytes()[..end]) {
            assert!(!problems.is_empty(), "cut at {end}");
        }
    }
}

fn settings() -> Settings {
    Manifest::from_toml(MENTOR).unwrap().config
}

fn object(value: &serde_json::Value) -> serde_json::Map<String, serde_json::Value> {
    value.as_object().unwrap().clone()
}

#[test]
fn given_settings_replace_defaults() {
    let effective = settings().effective(&object(&json!({ "tone": "dry", "table": { "b": [1] } }))).unwrap();
    assert_eq!(effective["tone"], ConfigValue::Text("dry".to_owned()));
    assert_eq!(effective["warmth"], ConfigValue::Number(1.0));
    assert_eq!(effective["table"], ConfigValue::Json("{\"b\":[1]}".to_owned()));
    assert!(!effective.contains_key("token"));
    assert_eq!(settings().secrets().collect::<Vec<_>>(), ["token"]);
}

#[test]
fn each_wrong_setting_is_named_by_its_pointer() {
    let values = object(&json!({
        "tone": "hot", "warmth": 3, "steps": 1.5, "loud": "yes", "tags": ["a", 1], "token": "hush", "tine": "x", "a/b~c": 1
    }));
    let mut pointers: Vec<String> = settings().validate(&values).into_iter().map(|problem| problem.pointer).collect();
    pointers.sort();
    assert_eq!(pointers, ["/a~1b~0c", "/loud", "/steps", "/tags", "/tine", "/token", "/tone", "/warmth"]);
    let unknown = settings().validate(&object(&json!({ "tine": "x" })));
    assert!(unknown[0].message.ends_with("did you mean `tone`?"), "{unknown:?}");
    let large = settings().validate(&object(&json!({ "table": "x".repeat(20_000) })));
    assert!(large[0].message.contains("more than the 16384"), "{large:?}");
    assert!(settings().validate(&object(&json!({}))).is_empty());
}

#[test]
fn a_user_sets_only_what_is_theirs() {
    assert!(settings().validate_for_user(&object(&json!({ "tone": "dry" }))).is_empty());
    assert_eq!(settings().validate_for_user(&object(&json!({ "steps": 4 }))).len(), 1);
}
