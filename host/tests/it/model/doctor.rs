//! `mnemosyne doctor` and a wrong configuration: which setting to look at, and what to do.

use std::process::Output;

use tokio::process::Command;

use crate::kit::{KEY, Script, ScriptedModel};

fn private(folder: &tempfile::TempDir) -> &std::path::Path {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
    folder.path()
}

async fn doctor(settings: &[(&str, &str)]) -> String {
    let data = tempfile::tempdir().unwrap();
    let settings = settings.iter().map(|(name, value)| (format!("MNEMOSYNE_LLM__{name}"), value));
    let Output { stdout, stderr, .. } =
        // the folder is the test's own business: a host would have made it for its eyes only
        Command::new(env!("CARGO_BIN_EXE_mnemosyne")).arg("doctor").arg("--data").arg(private(&data)).envs(settings).output().await.unwrap();
    let told = format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(!told.contains(KEY), "{told}");
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_tells_whether_the_model_answers_and_what_to_do() {
    let server = ScriptedModel::start(Script::Echo).await;
    let at = server.base_url();
    for (settings, told) in [
        (&[][..], "ok   language model: none: personas answer from memories"),
        (&[("BASE_URL", at), ("MODEL", "scripted"), ("API_KEY", KEY)], "ok   language model: `scripted` answers at"),
        (&[("BASE_URL", at)], "ok   language model: `scripted` answers at"),
        (&[("BASE_URL", at), ("MODEL", "other")], "answers, but does not list `other`"),
        (&[("BASE_URL", "http://127.0.0.1:9/v1"), ("MODEL", "scripted")], "it cannot be reached; start it"),
        (&[("MODEL", "scripted")], "`llm.base_url` is missing"),
        (&[("BASE_URL", "127.0.0.1:9")], "a good value is `http://127.0.0.1:11434/v1`"),
    ] {
        let output = doctor(settings).await;
        assert!(output.contains(told), "{told}: {output}");
    }
}
