//! Running cargo: all crates of a workspace in one invocation, in a target folder of its own.

use std::io::{BufReader, IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Deserialize;

use super::project::Workspace;
use super::toolchain::{TARGET, Toolchain};

/// The guest's stack, below its data: an overflow traps instead of overwriting. The usual 1 MiB would be most of a plugin's
/// initial memory, and the engine's own stack bound (256 KiB) is reached first by ordinary recursion.
const STACK_BYTES: u32 = 128 << 10;

/// Small components load and start faster; the hot path of a plugin is a few hundred instructions.
const PROFILE: [(&str, &str); 8] = [
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "s"),
    ("CARGO_PROFILE_RELEASE_LTO", "fat"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "1"),
    ("CARGO_PROFILE_RELEASE_PANIC", "abort"),
    ("CARGO_PROFILE_RELEASE_STRIP", "symbols"),
    ("CARGO_PROFILE_RELEASE_DEBUG", "none"),
    ("CARGO_PROFILE_RELEASE_OVERFLOW_CHECKS", "true"),
    ("CARGO_PROFILE_RELEASE_INCREMENTAL", "false"),
];

/// Flags of the surrounding shell are meant for native builds.
const FOREIGN: [&str; 5] = ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_RUSTFLAGS", "CARGO_BUILD_TARGET", "CARGO_TARGET_DIR"];

#[derive(Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
enum Message {
    CompilerArtifact {
        manifest_path: PathBuf,
        filenames: Vec<PathBuf>,
    },
    #[serde(other)]
    Other,
}

/// Compiles and answers the core module of each project, in their order.
pub(crate) fn compile(toolchain: &Toolchain, workspace: &Workspace, target_dir: &Path, offline: bool) -> Result<Vec<PathBuf>> {
    let mut cargo = Command::new(&toolchain.cargo);
    for name in FOREIGN {
        cargo.env_remove(name);
    }
    cargo
        .current_dir(&workspace.root)
        .args(["build", "--release", "--lib", "--message-format=json-render-diagnostics", "--target", TARGET, "--target-dir"])
        .arg(target_dir)
        .args(&toolchain.args)
        .args(offline.then_some("--offline"))
        .envs(PROFILE)
        .env("CARGO_ENCODED_RUSTFLAGS", rustflags(&workspace.root))
        .envs(toolchain.env.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    for project in &workspace.projects {
        cargo.args(["--package", &project.package]);
    }
    let messages = run(cargo)?;
    let modules = workspace.projects.iter().map(|project| {
        let own = project.folder.join("Cargo.toml");
        let mut files = messages.iter().filter_map(|message| match message {
            Message::CompilerArtifact { manifest_path, filenames } if *manifest_path == own => Some(filenames),
            _ => None,
        });
        let wasm = files.find_map(|files| files.iter().find(|file| file.extension().is_some_and(|ext| ext == "wasm")));
        wasm.cloned().with_context(|| format!("cargo made no wasm module of `{}`", project.package))
    });
    modules.collect()
}

/// Stack size, and no path of this machine in the component: it would be in panic messages, and the same source would give
/// another digest elsewhere.
fn rustflags(root: &Path) -> String {
    let mut flags = vec![format!("-Clink-arg=-zstack-size={STACK_BYTES}")];
    // The SDK that `plug new` points to lies outside the author's workspace; where both fit, the later one counts.
    let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    flags.extend(sdk.map(|folder| format!("--remap-path-prefix={}=mnemosyne", folder.display())));
    flags.push(format!("--remap-path-prefix={}=.", root.display()));
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    flags.extend(home.map(|home| format!("--remap-path-prefix={}=cargo", home.display())));
    // Cargo's own separator: a folder may have a space in its name.
    flags.join("\u{1f}")
}

fn run(mut cargo: Command) -> Result<Vec<Message>> {
    let mut child = cargo.spawn().with_context(|| format!("cannot start `{}`", cargo.get_program().display()))?;
    let stderr = child.stderr.take().context("cargo has no stderr")?;
    // In a thread of its own: whichever pipe is full would stop the other.
    let watcher = std::thread::spawn(move || watch(BufReader::new(stderr)));
    let mut text = String::new();
    child.stdout.take().context("cargo has no stdout")?.read_to_string(&mut text)?;
    let status = child.wait()?;
    let said = watcher.join().unwrap_or_default();
    if !status.success() {
        bail!("cargo build failed:\n{}", said.trim_end());
    }
    Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
}

/// Shows on a terminal what cargo is at; answers what it said without its progress, for the case that it fails.
fn watch(lines: impl std::io::BufRead) -> String {
    let bar = if std::io::stderr().is_terminal() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
    let style = ProgressStyle::with_template("{spinner} {elapsed} {msg}").unwrap_or_else(|_| ProgressStyle::default_spinner());
    bar.set_style(style);
    bar.enable_steady_tick(Duration::from_millis(120));
    let mut said = String::new();
    for line in lines.lines().map_while(Result::ok) {
        if line.trim_start().starts_with("Compiling") || line.trim_start().starts_with("Finished") {
            bar.set_message(line.trim().to_owned());
        } else {
            said += &line;
            said.push('\n');
        }
    }
    bar.finish_and_clear();
    said
}
