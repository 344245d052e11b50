//! A grant is never more than was asked, and never more than the operator leaves.

use super::*;

const MANIFEST: &str = r#"
[plugin]
name = "persona-mentor"
version = "0.1.0"
kind = "persona"
summary = "x"
[needs.storage]
memories = "read"
kv = { scope = "both", max-bytes = "256KiB" }
[needs.llm]
classes = ["chat", "small"]
max-tokens-per-call = 2000
optional = true
[needs.http]
endpoints = { crm = "https://api.example.org" }
secrets = { crm = { header = "authorization", secret = "CRM_TOKEN" } }
[limits]
memory = "64MiB"
cpu-ms = 50
"#;

fn manifest() -> Manifest {
    Manifest::from_toml(MANIFEST).unwrap()
}

fn denying(names: &[&str]) -> Policy {
    Policy { deny: names.iter().map(|name| (*name).to_owned()).collect(), ..Policy::default() }
}

#[test]
fn without_a_policy_everything_asked_is_granted_and_nothing_more() {
    let grant = Grant::new(&manifest(), &Policy::default());
    assert_eq!(grant.kv(Scope::User), Some(256 << 10));
    assert_eq!(grant.llm("chat"), Some(2000));
    assert_eq!(grant.llm("large"), None);
    assert_eq!(grant.endpoint("crm").map(|(origin, secret)| (origin, secret.is_some())), Some(("https://api.example.org", true)));
    assert!(grant.endpoint("other").is_none() && !grant.wasi() && !grant.action("tasks.create"));
    assert_eq!(grant.access("mnemosyne:storage/memories@0.1.0"), Access::Granted);
    assert_eq!(grant.access("mnemosyne:storage/tasks@0.1.0"), Access::Absent);
    assert_eq!(grant.access("mnemosyne:log/log@0.1.0"), Access::Granted);
    assert_eq!((grant.limits().memory_bytes, grant.limits().cpu_ms), (64 << 20, 50));
}

#[test]
fn a_policy_takes_away_single_powers_rooms_and_quotas() {
    let mut policy = denying(&["storage.memories", "storage.kv plugin", "http", "llm"]);
    policy.kv_max_bytes = Some(1024);
    policy.limits.insert("cpu-ms".to_owned(), 10);
    policy.limits.insert("deadline-ms".to_owned(), u64::MAX);
    let grant = Grant::new(&manifest(), &policy);
    assert!(!grant.allows_interface("mnemosyne:storage/memories"));
    assert_eq!((grant.kv(Scope::User), grant.kv(Scope::Plugin)), (Some(1024), None));
    assert!(grant.endpoint("crm").is_none());
    assert_eq!(grant.access("mnemosyne:http/http"), Access::Absent);
    assert_eq!(grant.access("mnemosyne:llm/chat"), Access::Stub, "asked as optional");
    assert_eq!(grant.limits().cpu_ms, 10);
    assert_eq!(grant.limits().deadline_ms, Limits::of(Kind::Persona).deadline_ms, "a policy never raises");
}

#[test]
fn a_denied_raise_leaves_the_kinds_own_limit() {
    let grant = Grant::new(&manifest(), &denying(&["memory"]));
    assert_eq!(grant.limits().memory_bytes, 32 << 20);
    assert!(grant.powers().limits.is_empty());
}

#[test]
fn denying_one_name_does_not_touch_names_that_begin_alike() {
    let grant = Grant::new(&manifest(), &denying(&["llm.sm", "storage.mem", "http api.example"]));
    assert_eq!(grant.llm("small"), Some(2000));
    assert!(grant.allows_interface("mnemosyne:storage/memories"));
    assert!(grant.endpoint("crm").is_some());
}

#[test]
fn credentials_are_granted_by_function() {
    let text = "[plugin]\nname='abc'\nversion='1.0.0'\nkind='auth-provider'\nsummary='x'\n[needs.auth]\ncredentials=['verify-password']";
    let grant = Grant::new(&Manifest::from_toml(text).unwrap(), &Policy::default());
    assert!(grant.allows_function("mnemosyne:auth/credentials@0.1.0", "verify-password"));
    assert!(!grant.allows_function("mnemosyne:auth/credentials@0.1.0", "verify-code"));
    assert!(grant.allows_function("mnemosyne:log/log@0.1.0", "log"));
}

#[test]
fn the_hash_changes_with_every_power_and_with_nothing_else() {
    let all = Grant::new(&manifest(), &Policy::default());
    assert_eq!(all.hash(), Grant::new(&manifest(), &denying(&["wasi"])).hash());
    assert_ne!(all.hash(), Grant::new(&manifest(), &denying(&["llm.small"])).hash());
    assert_ne!(Grant::harmless(Kind::Persona).hash(), Grant::harmless(Kind::XpRules).hash());
    assert_eq!(all.hash().len(), 64);
    assert!(!all.canonical().contains([' ', '\n']));
    assert!(all.canonical().starts_with("{\"kind\":\"persona\",\"limits\":{\"admission_ms\":"), "{}", all.canonical());
}

#[test]
fn a_policy_about_nothing_is_told() {
    let idle = denying(&["storage.memoires", "llm"]).idle(&manifest().needs);
    assert_eq!(idle, ["the plugin does not ask for `storage.memoires`"]);
}

#[test]
fn reading_private_content_and_sending_it_out_wants_an_acknowledgement() {
    let sentence = manifest().needs.acknowledgement().unwrap();
    assert_eq!(sentence, "it reads memories and model conversations and could send them to api.example.org");
    let without = Grant::new(&manifest(), &denying(&["http"]));
    assert!(without.powers().acknowledgement().is_none());
}

#[test]
fn a_policy_is_json_and_unknown_fields_are_refused() {
    let policy: Policy = serde_json::from_str(r#"{"deny":["http"],"kv_max_bytes":1}"#).unwrap();
    assert_eq!(policy.kv_max_bytes, Some(1));
    assert!(serde_json::from_str::<Policy>(r#"{"allow":["http"]}"#).is_err());
}
