//! `plug build`: from Rust crates to components.
//!
//! Life of a build: each crate's `plugin.toml` is read → a way to compile for wasm32 is found ([`toolchain`]) → cargo builds
//! all crates of a workspace at once ([`compile`]) → each core module becomes a component with the world its manifest needs
//! and the manifest inside ([`component`]) → it is written to `target/plugins/`.

mod compile;
mod component;
mod project;
mod toolchain;

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use serde::Serialize;

use self::project::Project;

/// Turn crates into components, with their manifests inside.
///
/// Each crate needs `plugin.toml` beside its `Cargo.toml` and `crate-type = ["cdylib", …]`. Nothing of WASI is imported; of
/// the host only what the manifest asks for.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  plug build                      the crate in this folder\n  \
                        plug build plugins/*            several at once\n  plug build --out dist --json    for scripts")]
pub(crate) struct Args {
    /// Folders of the crates
    #[arg(default_value = ".", value_name = "CRATE")]
    crates: Vec<PathBuf>,
    /// Where the components go [default: target/plugins of the crate's workspace]
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Where cargo works [default: target/guests of the crate's workspace]
    #[arg(long, value_name = "FOLDER")]
    target_dir: Option<PathBuf>,
    /// How to compile for wasm32 instead of trying each in turn
    #[arg(long, value_enum, default_value_t = toolchain::Choice::Auto)]
    toolchain: toolchain::Choice,
    /// Resolve dependencies without the network
    #[arg(long)]
    offline: bool,
    /// Print what was built as JSON
    #[arg(long)]
    json: bool,
}

/// One component, as `--json` shows it.
#[derive(Serialize)]
struct Built {
    name: String,
    version: String,
    kind: String,
    path: PathBuf,
    bytes: usize,
    /// Linear memory before the first call, in bytes.
    initial_memory: u64,
    imports: Vec<String>,
    /// What the author may want to know; nothing a host refuses.
    notes: Vec<String>,
}

/// Builds; prints one paragraph for each component on stdout, progress on stderr.
pub(crate) fn run(args: &Args) -> Result<()> {
    let projects = args.crates.iter().map(|folder| Project::read(folder)).collect::<Result<Vec<_>>>()?;
    let toolchain = toolchain::find(args.toolchain, &projects[0].folder)?;
    eprintln!("toolchain: {}", toolchain.why);
    let mut built = Vec::new();
    for workspace in project::by_workspace(projects) {
        let guests = args.target_dir.clone().unwrap_or_else(|| workspace.target.join("guests"));
        let out = args.out.clone().unwrap_or_else(|| workspace.target.join("plugins"));
        std::fs::create_dir_all(&out).with_context(|| format!("cannot make `{}`", out.display()))?;
        let modules = compile::compile(&toolchain, &workspace, &guests, args.offline)?;
        for (project, module) in workspace.projects.iter().zip(modules) {
            let core = std::fs::read(&module).with_context(|| format!("cannot read `{}`", module.display()))?;
            let component = component::encode(&core, &project.manifest, &project.manifest_text)
                .with_context(|| format!("`{}` cannot become a component", project.manifest.name))?;
            let path = out.join(format!("{}.wasm", project.manifest.name));
            write_whole(&path, &component.bytes)?;
            built.push(describe(project, path, component));
        }
    }
    if args.json {
        println!("{}", serde_json::to_string_pretty(&built)?);
    } else {
        built.iter().for_each(print);
    }
    Ok(())
}

/// Under another name first: a host that watches the folder never sees half a component. What has not changed is left alone, so
/// that whatever is built from it is not built again.
fn write_whole(path: &std::path::Path, bytes: &[u8]) -> Result<()> {
    if std::fs::read(path).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    let Some(folder) = path.parent() else { bail!("`{}` has no folder", path.display()) };
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    std::io::Write::write_all(&mut file, bytes)?;
    #[cfg(unix)]
    std::fs::set_permissions(file.path(), std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
    file.persist(path).with_context(|| format!("cannot write `{}`", path.display()))?;
    Ok(())
}

fn describe(project: &Project, path: PathBuf, component: component::Component) -> Built {
    Built {
        name: project.manifest.name.clone(),
        version: project.manifest.version.to_string(),
        kind: project.manifest.kind.to_string(),
        path,
        bytes: component.bytes.len(),
        initial_memory: component.initial_memory,
        imports: component.imports,
        notes: component.notes,
    }
}

fn print(built: &Built) {
    let Built { name, version, kind, path, bytes, initial_memory, imports, notes } = built;
    println!("{name} {version} ({kind}): {} KiB, starts with {} KiB of memory", bytes.div_ceil(1024), initial_memory / 1024);
    println!("  imports: {}", if imports.is_empty() { "nothing".to_owned() } else { imports.join(", ") });
    for note in notes {
        println!("  note: {note}");
    }
    println!("  {}", path.display());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_not_changed_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wasm");
        let written = || std::fs::metadata(&path).unwrap().modified().unwrap();
        write_whole(&path, b"one").unwrap();
        let long_ago = std::time::UNIX_EPOCH;
        std::fs::File::options().write(true).open(&path).unwrap().set_modified(long_ago).unwrap();
        write_whole(&path, b"one").unwrap();
        assert_eq!(written(), long_ago);
        write_whole(&path, b"two").unwrap();
        assert!(written() > long_ago && std::fs::read(&path).unwrap() == b"two");
    }
}
