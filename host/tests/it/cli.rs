//! The operator's command line, as a child process on a data folder of its own. `cli/day.rs`: every command that changes something.

mod day;

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn command(data: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mnemosyne"));
    command.args(arguments).arg("--data").arg(data).env_remove("MNEMOSYNE_URL").stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn mnemosyne(data: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child = command(data, arguments).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn each_change_ends_with_the_command_that_undoes_it() {
    let data = tempfile::tempdir().unwrap();
    let bound = mnemosyne(data.path(), &["slot", "bind", "xp-rules", "xp-rules-momentum@0.1.0"], "");
    assert!(
        bound.status.success() && text(&bound).ends_with("undo: mnemosyne slot bind xp-rules xp-rules-classic@0.1.0\n"),
        "{}",
        text(&bound)
    );
    let back = mnemosyne(data.path(), &["slot", "rollback", "xp-rules", "--json"], "");
    let slot: Value = serde_json::from_slice(&back.stdout).unwrap();
    assert_eq!((slot["bindings"][0]["plugin"].as_str(), slot["undo"].is_string()), (Some("xp-rules-classic"), true));
    let added = mnemosyne(
        data.path(),
        &["user", "add", "--email", "ada@example.org", "--username", "ada", "--password-stdin"],
        "correct horse battery",
    );
    assert!(text(&added).contains("undo: mnemosyne user delete ada --yes"), "{}", text(&added));
    let key = mnemosyne(data.path(), &["key", "create", "--json"], "");
    let key: Value = serde_json::from_slice(&key.stdout).unwrap();
    assert!(key["key"].as_str().unwrap().starts_with("mn_"), "{key}");
}

#[test]
fn exit_codes_tell_usage_refusal_and_absence_apart() {
    let data = tempfile::tempdir().unwrap();
    for (arguments, code) in [
        (&["slot", "bind", "xp-rules", "nothing@1.0.0"][..], 3),
        (&["slot", "history", "persona"], 4),
        (&["plugin", "show", "nobody"], 4),
        (&["slot", "bind", "xp-rules", "no-version"], 2),
        (&["slot", "bind", "persona/../xp-rules", "xp-rules-classic@0.1.0"], 2),
        (&["user", "role", "nobody", "--role", "king"], 2),
        (&["plugin", "add", "/nowhere.wasm"], 2),
        (&["memory", "list"], 2),
    ] {
        let output = mnemosyne(data.path(), arguments, "");
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", text(&output));
        assert!(!output.stderr.is_empty());
    }
}

#[test]
fn a_wrong_setting_is_named_with_a_good_value() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("mnemosyne.toml");
    std::fs::write(&file, "[database]\nulr = \"sqlite://x\"\n").unwrap();
    let output = mnemosyne(data.path(), &["doctor", "--config", file.to_str().unwrap()], "");
    assert!(text(&output).contains("did you mean `url`?"), "{}", text(&output));
    std::fs::write(&file, "[server]\ncors_origins = [\"*\"]\n").unwrap();
    let output = mnemosyne(data.path(), &["migrate", "--config", file.to_str().unwrap()], "");
    assert!(output.status.code() == Some(2) && text(&output).contains("`server.cors_origins`"), "{}", text(&output));
}

#[test]
fn a_command_about_the_machine_is_never_meant_for_another_host() {
    let data = tempfile::tempdir().unwrap();
    for arguments in [&["user", "list"][..], &["key", "list"], &["migrate"], &["doctor"]] {
        let typed = [arguments, &["--url", "http://127.0.0.1:9"]].concat();
        let refused = mnemosyne(data.path(), &typed, "");
        assert!(refused.status.code() == Some(2) && text(&refused).contains("own machine, not through `--url`"), "{}", text(&refused));
    }
    assert!(!data.path().join("mnemosyne.db").exists(), "nothing was made here");
    let here = command(data.path(), &["user", "list"]).env("MNEMOSYNE_URL", "http://127.0.0.1:9").output().unwrap();
    let said = String::from_utf8_lossy(&here.stderr);
    assert!(here.status.success() && said.contains("MNEMOSYNE_URL is not used"), "{}", text(&here));
}

#[test]
fn the_first_start_says_where_everything_is_and_what_to_try() {
    let data = tempfile::tempdir().unwrap();
    let mut child = command(data.path(), &["serve", "--listen", "127.0.0.1:0"]).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut greeting = Vec::new();
    for line in lines {
        greeting.push(line);
        if greeting.last().is_some_and(|line| line.contains("/chat/stream")) {
            break;
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let line =
        |name: &str| greeting.iter().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{name}: {greeting:#?}")).trim();
    let address = line("address");
    assert_eq!(line("docs"), format!("{address}/docs"));
    assert!(std::fs::read_to_string(line("operator key")).unwrap().starts_with("mn_"));
    assert!(line("language model").starts_with("none"), "{greeting:#?}");
    let bound = greeting.iter().filter(|line| line.contains(" → ")).count();
    assert_eq!(bound, 8, "a provider, five personas, task intelligence, rules: {greeting:#?}");
    let tries = greeting.iter().skip_while(|line| *line != "Try it:").skip(1);
    assert!(tries.clone().count() == 3 && tries.clone().all(|line| line.contains(address)), "{greeting:#?}");
}
