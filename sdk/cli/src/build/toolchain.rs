//! Finding a way to compile for `wasm32-unknown-unknown`, and saying which and why.
//!
//! 1. The active toolchain has the target.
//! 2. `rustup target add` gets it.
//! 3. The standard library is built from source, with Debian's `rustc-web`, `cargo-web`, `rust-web-src` and `lld`.
//!
//! rustup's own toolchain cannot take the third way here: without the target's component its linker wrapper fails.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// The one target: no WASI, no host but ours.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";
/// What the third way needs.
const DEBIAN_PACKAGES: [&str; 4] = ["rustc-web", "cargo-web", "rust-web-src", "lld"];
/// `rustup target add` downloads about 25 MB; a machine without the network should not wait long.
const RUSTUP_PATIENCE: Duration = Duration::from_mins(1);

/// Which of the three ways to take.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Choice {
    /// Each in turn
    Auto,
    /// The active toolchain, which must have the target
    Installed,
    /// Debian's toolchain and sources, building the standard library
    BuildStd,
}

/// How to run cargo.
pub(crate) struct Toolchain {
    pub(crate) cargo: PathBuf,
    pub(crate) env: Vec<(&'static str, &'static str)>,
    pub(crate) args: Vec<&'static str>,
    /// One sentence for the author.
    pub(crate) why: String,
}

/// Finds the first way that works for a crate in `folder` (whose `rust-toolchain.toml` counts).
pub(crate) fn find(choice: Choice, folder: &Path) -> Result<Toolchain> {
    let rustup = || add_target(Path::new("rustup"), folder, RUSTUP_PATIENCE);
    choose(choice, || has_target(folder).unwrap_or(false), rustup, build_std)
}

/// The order of the three ways; the machine comes in as what each of them needs to know of it.
fn choose(
    choice: Choice,
    has_target: impl FnOnce() -> bool,
    add_target: impl FnOnce() -> Result<(), String>,
    build_std: impl FnOnce(&str) -> Result<Toolchain>,
) -> Result<Toolchain> {
    if choice == Choice::BuildStd {
        return build_std("as you asked");
    }
    if has_target() {
        return Ok(installed(format!("the active toolchain has {TARGET}")));
    }
    if choice == Choice::Installed {
        bail!("the active toolchain has no {TARGET}; run `rustup target add {TARGET}`, or leave `--toolchain` out");
    }
    match add_target() {
        Ok(()) => Ok(installed(format!("`rustup target add {TARGET}` got the target just now"))),
        Err(reason) => build_std(&format!("the active toolchain has no {TARGET} and rustup could not get it ({reason})")),
    }
}

fn installed(why: String) -> Toolchain {
    Toolchain { cargo: PathBuf::from("cargo"), env: Vec::new(), args: Vec::new(), why }
}

fn has_target(folder: &Path) -> Result<bool> {
    let output = Command::new("rustc").args(["--print", "sysroot"]).current_dir(folder).output()?;
    let sysroot = String::from_utf8(output.stdout)?;
    Ok(Path::new(sysroot.trim()).join("lib/rustlib").join(TARGET).join("lib").is_dir())
}

/// Short: one try, then the reason in a few words.
#[expect(clippy::disallowed_methods, reason = "waiting for the child is all that this thread does")]
fn add_target(rustup: &Path, folder: &Path, patience: Duration) -> Result<(), String> {
    let mut rustup = Command::new(rustup)
        .args(["target", "add", TARGET])
        .current_dir(folder)
        .env("RUSTUP_MAX_RETRIES", "0")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|_| "there is no rustup".to_owned())?;
    let start = Instant::now();
    loop {
        match rustup.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(_)) => break,
            Ok(None) if start.elapsed() < patience => std::thread::sleep(Duration::from_millis(50)),
            Ok(None) | Err(_) => {
                // Nothing to do about a child that is gone already.
                let _ = rustup.kill();
                let _ = rustup.wait();
                return Err(format!("no answer within {} s", patience.as_secs()));
            }
        }
    }
    let said = rustup.stderr.take().and_then(|stderr| std::io::read_to_string(stderr).ok()).unwrap_or_default();
    let line = said.lines().find(|line| line.starts_with("error")).or_else(|| said.lines().last()).unwrap_or("no reason given");
    Err(line.trim_start_matches("error: ").chars().take(160).collect())
}

fn build_std(because: &str) -> Result<Toolchain> {
    let missing = missing_parts();
    if !missing.is_empty() {
        install(&missing, because)?;
    }
    Ok(Toolchain {
        cargo: PathBuf::from("/usr/bin/cargo"),
        env: vec![
            // The Debian compiler is a stable one; -Zbuild-std is what it is allowed to do for this build only.
            ("RUSTC_BOOTSTRAP", "1"),
            ("RUSTC", "/usr/bin/rustc"),
            ("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", "wasm-ld"),
        ],
        args: vec!["-Zbuild-std=std,panic_abort"],
        why: format!("/usr/bin/rustc, building the standard library from its sources: {because}"),
    })
}

fn missing_parts() -> Vec<&'static str> {
    let parts = ["/usr/bin/rustc", "/usr/bin/cargo", "/usr/lib/rustlib/src/rust/library/std", "/usr/bin/wasm-ld"];
    DEBIAN_PACKAGES.into_iter().zip(parts).filter(|(_, path)| !Path::new(path).exists()).map(|(package, _)| package).collect()
}

fn install(missing: &[&str], because: &str) -> Result<()> {
    let list = missing.join(" ");
    let advice = format!(
        "{because}.\nEither make `rustup target add {TARGET}` work, or install what builds the standard library from source:\n  \
         apt-get install -y {list}"
    );
    if !Path::new("/usr/bin/apt-get").exists() || !is_root() {
        bail!("nothing here compiles for {TARGET}: {advice}");
    }
    eprintln!("installing {list} with apt-get: {because}");
    let status = Command::new("/usr/bin/apt-get")
        .args(["install", "-y", "--no-install-recommends"])
        .args(missing)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .context("cannot start apt-get")?;
    let still = missing_parts();
    if !status.success() || !still.is_empty() {
        bail!("apt-get could not install {}: {advice}", if still.is_empty() { list } else { still.join(" ") });
    }
    Ok(())
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[expect(clippy::unnecessary_wraps, reason = "stands where building from source could fail")]
    fn from_source(because: &str) -> Result<Toolchain> {
        Ok(Toolchain { args: vec!["-Zbuild-std"], ..installed(because.to_owned()) })
    }

    fn never() -> Result<(), String> {
        unreachable!("nobody asks rustup here")
    }

    #[test]
    fn an_installed_target_is_used_and_nobody_is_asked() {
        for choice in [Choice::Auto, Choice::Installed] {
            let found = choose(choice, || true, never, |_| bail!("not needed")).unwrap();
            assert!(found.args.is_empty() && found.why.contains("has wasm32-unknown-unknown"), "{}", found.why);
        }
        let refused = choose(Choice::Installed, || false, never, from_source).err().unwrap().to_string();
        assert!(refused.contains("rustup target add wasm32-unknown-unknown"), "{refused}");
    }

    #[test]
    fn a_missing_target_is_added_and_when_that_fails_the_library_is_built_from_source() {
        let added = choose(Choice::Auto, || false, || Ok(()), |_| bail!("not needed")).unwrap();
        assert!(added.args.is_empty() && added.why.contains("rustup target add"), "{}", added.why);
        let built = choose(Choice::Auto, || false, || Err("no network".to_owned()), from_source).unwrap();
        assert_eq!(built.args, ["-Zbuild-std"]);
        assert!(built.why.contains("rustup could not get it (no network)"), "{}", built.why);
        assert_eq!(choose(Choice::BuildStd, || unreachable!("not looked for"), never, from_source).unwrap().why, "as you asked");
    }

    #[test]
    fn what_rustup_says_is_the_reason_and_one_that_says_nothing_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let rustup = |body: &str| {
            let path = folder.path().join("rustup");
            std::fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
            path
        };
        let add = |path: &Path, patience| add_target(path, folder.path(), patience);
        let patience = Duration::from_secs(30);
        assert_eq!(add(&rustup("exit 0"), patience), Ok(()));
        let said = add(&rustup("echo 'info: downloading' >&2; echo 'error: could not download file' >&2; exit 1"), patience);
        assert_eq!(said, Err("could not download file".to_owned()));
        assert_eq!(add(&folder.path().join("absent"), patience), Err("there is no rustup".to_owned()));
        let silent = add(&rustup("exec sleep 60"), Duration::ZERO).unwrap_err();
        assert!(silent.starts_with("no answer within"), "{silent}");
    }
}
