//! An author's ten lines: the persona in the SDK's documentation, exactly as it stands there, is built, added, bound and answers
//! on a host. (`sdk/cli/tests/new.rs` builds every template and asks the same persona without a host.)

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use mnemosyne_host::service::personas::Ask;
use serde_json::json;

use crate::kit::{Heard, backends, let_in};
use crate::rest::personas::principal;

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// The example at the head of the SDK's `plugin/persona.rs`, without its native half.
fn ten_lines() -> String {
    let docs = std::fs::read_to_string(root().join("sdk/src/plugin/persona.rs")).unwrap();
    let lines = docs.lines().skip_while(|line| *line != "//! ```").skip(1).take_while(|line| !line.contains("// natively"));
    let text: Vec<&str> = lines.map(|line| line.strip_prefix("//!").unwrap().strip_prefix(' ').unwrap_or_default()).collect();
    text.join("\n").trim_end().to_owned() + "\n"
}

/// The component, built once: `plug new`, the documentation's text, `plug build`.
fn gardener() -> Vec<u8> {
    static BUILT: OnceLock<Vec<u8>> = OnceLock::new();
    let build = || {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("author");
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        plug(&folder, &["new", "persona", "gardener"]);
        std::fs::write(folder.join("gardener/src/lib.rs"), ten_lines()).unwrap();
        // This repository's versions of the dependencies, so that nothing is fetched.
        std::fs::copy(root().join("Cargo.lock"), folder.join("gardener/Cargo.lock")).unwrap();
        // What the test of the templates compiled is here already, or will be for it.
        let shared = Path::new(env!("CARGO_TARGET_TMPDIR")).join("guests");
        let out = folder.join("out");
        plug(&folder, &["build", "gardener", "--offline", "--target-dir", shared.to_str().unwrap(), "--out", out.to_str().unwrap()]);
        std::fs::read(out.join("gardener.wasm")).unwrap()
    };
    BUILT.get_or_init(build).clone()
}

/// The author's tool, as `.ci/plugins` built it.
fn plug(folder: &Path, args: &[&str]) {
    let host = Path::new(env!("CARGO_BIN_EXE_mnemosyne"));
    let beside = [host.with_file_name("plug"), host.ancestors().nth(2).unwrap().join("debug/plug")];
    let tool = beside.iter().find(|tool| tool.exists()).expect("`plug` is built: `make plugins`");
    let output = Command::new(tool).current_dir(folder).args(args).output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "plug {}: {said}", args.join(" "));
}

backends! {
async fn ten_lines_of_the_documentation_are_a_persona_that_answers(host: TestHost) {
    let lines = ten_lines();
    let counted = lines.lines().filter(|line| !line.trim().is_empty()).count();
    assert!((8..=10).contains(&counted), "{counted} lines:\n{lines}");
    assert!(std::fs::read_to_string(root().join("README.md")).unwrap().contains(&lines), "README shows another persona than the SDK:\n{lines}");

    let component = tokio::task::spawn_blocking(gardener).await.unwrap();
    let_in(&host.operator(), "persona/gardener", component).await;
    let alice = host.user("alice").await;
    let shown = alice.get("/api/v1/personas/gardener").await.ok();
    assert_eq!((&shown["name"], &shown["purpose"], &shown["plugin"]), (&json!("Gardener"), &json!("Patience, in images of the garden"), &json!("gardener")));

    let ask = Ask { message: "When will it get better?".into(), persona: Some("gardener".into()), use_memories: true, ..Ask::default() };
    let turn = host.app.personas.prepare(&principal(&alice), ask).await.unwrap();
    let heard = Heard::default();
    let answered = host.app.personas.answer(&turn, &heard).await.unwrap();
    // Without a model it says so: that is an answer too.
    assert!(answered.degraded && heard.told().text.starts_with("I cannot reach a language model right now"), "{}", heard.told().text);
    assert_eq!(answered.revision.plugin, "gardener");
}
}
