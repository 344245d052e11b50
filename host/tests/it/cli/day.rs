//! An operator's day at the terminal: every command that changes something, on a data folder of its own; each ends with the
//! command that undoes it, and that command works.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{mnemosyne, text};
use crate::kit::fixture;
use crate::zoo::held;

/// A data folder, and the commands in it.
struct Terminal(tempfile::TempDir);

impl Terminal {
    fn path(&self) -> PathBuf {
        self.0.path().join("data")
    }

    /// The last line of a command that changed something, which says how to undo it.
    #[track_caller]
    fn change(&self, arguments: &[&str], input: &str) -> String {
        let said = self.ok(arguments, input);
        let last = said.trim_end().lines().last().unwrap_or_default().to_owned();
        let undo = last.strip_prefix("undo: ").unwrap_or_else(|| panic!("{arguments:?} does not say how to undo it: {said}"));
        undo.to_owned()
    }

    #[track_caller]
    fn ok(&self, arguments: &[&str], input: &str) -> String {
        let output = mnemosyne(&self.path(), arguments, input);
        assert!(output.status.success(), "{arguments:?}: {}", text(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    #[track_caller]
    fn json(&self, arguments: &[&str]) -> Value {
        let said = self.ok(&[arguments, &["--json"]].concat(), "");
        serde_json::from_str(&said).unwrap_or_else(|_| panic!("{arguments:?} is no JSON: {said}"))
    }

    #[track_caller]
    fn refused(&self, arguments: &[&str], code: i32, says: &str) {
        let output = mnemosyne(&self.path(), arguments, "");
        assert!(output.status.code() == Some(code) && text(&output).contains(says), "{arguments:?}: {}", text(&output));
    }

    /// Does what the last line said.
    #[track_caller]
    fn undo(&self, undo: &str) {
        let words: Vec<&str> = undo.split_whitespace().collect();
        assert_eq!(words[0], "mnemosyne", "{undo}");
        self.ok(&words[1..], "");
    }

    fn file(&self, name: &str, bytes: &[u8]) -> String {
        let path: &Path = self.0.path();
        let path = path.join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

#[test]
fn plugins_are_added_told_apart_approved_narrowed_removed_and_blocked() {
    let at = Terminal(tempfile::tempdir().unwrap());
    let held = at.file("held.wasm", &held());
    let undo = at.change(&["plugin", "add", &held], "");
    assert_eq!(undo, "mnemosyne plugin remove asking@0.2.0");
    at.undo(&undo);
    at.refused(&["plugin", "show", "asking"], 4, "");
    at.change(&["plugin", "add", &held], "");
    let shown = at.ok(&["plugin", "show", "asking@0.2.0"], "");
    assert!(shown.contains("held") && shown.contains("approve with: mnemosyne plugin approve asking@0.2.0 --accept "), "{shown}");
    at.refused(&["slot", "bind", "xp-rules", "asking@0.2.0"], 3, "PLG_009");
    let hash = at.json(&["plugin", "show", "asking@0.2.0"])["difference"]["hash"].as_str().unwrap().to_owned();
    at.refused(&["plugin", "approve", "asking@0.2.0", "--accept", "nonsense"], 3, "");
    at.change(&["plugin", "approve", "asking@0.2.0", "--accept", &hash], "");
    let undo = at.change(&["slot", "bind", "xp-rules", "asking@0.2.0"], "");
    at.undo(&undo);
    let slot = at.json(&["slot", "list"]);
    assert!(slot.to_string().contains("xp-rules-classic"), "{slot}");
    assert!(at.ok(&["slot", "history", "xp-rules"], "").contains("asking"));
    let differences = at.ok(&["plugin", "diff", "xp-rules-classic@0.1.0", "asking@0.2.0"], "");
    assert!(differences.lines().any(|line| line.starts_with(['+', '-', '~'])), "{differences}");
    let policy = at.file("policy.json", br#"{"limits":{"cpu-ms":5}}"#);
    at.change(&["plugin", "grant", "xp-rules-classic", "--policy", &policy], "");
    assert_eq!(at.json(&["plugin", "grant", "xp-rules-classic"])["policy"]["limits"]["cpu-ms"], 5);
    let again = at.file("again.wasm", &fixture("xp-rules-momentum"));
    at.change(&["plugin", "add", &again], "");
    assert!(at.ok(&["plugin", "list"], "").contains("xp-rules-momentum@0.1.0"));
    at.refused(&["plugin", "remove", "xp-rules-classic@0.1.0"], 3, "bound");
    at.change(&["plugin", "block", "xp-rules-momentum", "--version", "0.1.0", "--reason", "test"], "");
    at.refused(&["plugin", "add", &again], 3, "PLG_007");
    let blocked = at.ok(&["plugin", "block", "auth-provider-password", "--version", "0.1.0", "--reason", "test"], "");
    assert!(blocked.contains("warning: no auth provider is bound any more"), "{blocked}");
    let garbage = at.file("garbage.wasm", b"garbage");
    at.refused(&["plugin", "add", &garbage], 3, "not a WebAssembly component");
}

#[test]
fn people_keys_secrets_and_settings_come_and_go() {
    let at = Terminal(tempfile::tempdir().unwrap());
    let add = ["user", "add", "--email", "ada@example.org", "--username", "ada", "--password-stdin"];
    let undo = at.change(&add, "correct horse battery");
    at.undo(&undo);
    at.change(&add, "correct horse battery");
    at.change(&["user", "passwd", "ada", "--password-stdin"], "another horse battery");
    let undo = at.change(&["user", "lock", "ada"], "");
    assert_eq!(undo, "mnemosyne user unlock ada");
    at.undo(&undo);
    let undo = at.change(&["user", "role", "ada", "--role", "operator"], "");
    assert_eq!(undo, "mnemosyne user role ada --role user");
    at.undo(&undo);
    assert!(at.json(&["user", "list"]).to_string().contains("ada@example.org"));
    let key = at.json(&["key", "create", "--user", "ada", "--scope", "task:read", "--days", "1"]);
    assert!(key["key"].as_str().unwrap().starts_with("mn_"), "{key}");
    assert!(!at.ok(&["key", "list"], "").contains(key["key"].as_str().unwrap()), "a key is shown once");
    at.undo(key["undo"].as_str().unwrap());
    at.ok(&["key", "rotate"], "");
    let undo = at.change(&["secret", "set", "CRM_TOKEN", "--stdin"], "hidden-value");
    assert_eq!(undo, "mnemosyne secret remove CRM_TOKEN");
    let listed = at.ok(&["secret", "list"], "");
    assert!(listed.contains("CRM_TOKEN") && !listed.contains("hidden-value"), "{listed}");
    at.undo(&undo);
    assert!(!at.ok(&["secret", "list"], "").contains("CRM_TOKEN"));
    let undo = at.change(&["slot", "config", "auth-provider/password", "--set", r#"domains=["example.org"]"#], "");
    assert_eq!(at.json(&["slot", "config", "auth-provider/password"])["values"]["domains"][0], "example.org");
    assert!(undo.starts_with("mnemosyne slot "), "{undo}");
    at.refused(&["slot", "config", "auth-provider/password", "--set", "domains=7"], 3, "/values/domains");
    at.ok(&["migrate"], "");
    let doctor = at.ok(&["doctor"], "");
    assert!(doctor.to_lowercase().contains("database"), "{doctor}");
    let document: Value = serde_json::from_str(&at.ok(&["openapi"], "")).unwrap();
    assert_eq!(document["openapi"].as_str().map(|version| version.starts_with("3.1")), Some(true));
}

#[test]
fn the_example_names_every_setting() {
    fn names(prefix: &str, value: &Value, found: &mut Vec<String>) {
        for (key, value) in value.as_object().into_iter().flatten() {
            let name = format!("{prefix}{}", key.to_uppercase());
            if value.is_object() { names(&format!("{name}__"), value, found) } else { found.push(name) }
        }
    }
    let example = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.env.example")).unwrap();
    let mut settings = Vec::new();
    names("MNEMOSYNE_", &serde_json::to_value(mnemosyne_host::config::Config::default()).unwrap(), &mut settings);
    let missing: Vec<&String> = settings.iter().filter(|name| !example.contains(&format!("{name}="))).collect();
    assert!(settings.len() > 20 && missing.is_empty(), "`.env.example` lacks {missing:?}");
}
