//! A plugin's crate: its folder, its manifest, and the workspace that cargo says it belongs to.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use mnemosyne_runtime::manifest::Manifest;
use serde::Deserialize;

/// One crate to build.
pub(crate) struct Project {
    /// Absolute.
    pub(crate) folder: PathBuf,
    /// Cargo's name of the package.
    pub(crate) package: String,
    pub(crate) manifest: Manifest,
    /// As written: what goes into the component.
    pub(crate) manifest_text: String,
    workspace_root: PathBuf,
    target: PathBuf,
}

/// Crates that cargo builds in one go.
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    /// Its target folder.
    pub(crate) target: PathBuf,
    pub(crate) projects: Vec<Project>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_root: PathBuf,
    target_directory: PathBuf,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: PathBuf,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    crate_types: Vec<String>,
}

impl Project {
    pub(crate) fn read(folder: &Path) -> Result<Self> {
        let shown = folder.display();
        let folder = folder.canonicalize().with_context(|| format!("there is no folder `{shown}`"))?;
        let path = folder.join("plugin.toml");
        let manifest_text = std::fs::read_to_string(&path)
            .with_context(|| format!("`{shown}` has no readable plugin.toml; `plug new` writes a crate that has one"))?;
        let manifest = Manifest::from_toml(&manifest_text).map_err(|problems| {
            let all: Vec<_> = problems.iter().map(|problem| format!("  {}\n    fix: {}", problem.sentence, problem.fix)).collect();
            anyhow::anyhow!("`{}`:\n{}", path.display(), all.join("\n"))
        })?;
        let metadata = metadata(&folder)?;
        let own = folder.join("Cargo.toml");
        let Some(package) = metadata.packages.into_iter().find(|package| package.manifest_path == own) else {
            bail!("`{shown}` is no crate of its own; give the folder that holds the plugin's Cargo.toml");
        };
        if !package.targets.iter().any(|target| target.crate_types.iter().any(|ty| ty == "cdylib")) {
            bail!("`{shown}` builds no cdylib; add to its Cargo.toml:\n\n[lib]\ncrate-type = [\"cdylib\", \"rlib\"]");
        }
        let Metadata { workspace_root, target_directory, .. } = metadata;
        Ok(Self { folder, package: package.name, manifest, manifest_text, workspace_root, target: target_directory })
    }
}

fn metadata(folder: &Path) -> Result<Metadata> {
    let output = Command::new("cargo")
        .args(["metadata", "--no-deps", "--format-version", "1", "--manifest-path"])
        .arg(folder.join("Cargo.toml"))
        .output()
        .context("cannot start `cargo`; is Rust installed?")?;
    if !output.status.success() {
        bail!("`{}` is no crate: {}", folder.display(), String::from_utf8_lossy(&output.stderr).trim());
    }
    serde_json::from_slice(&output.stdout).context("cargo metadata answered something else than JSON")
}

/// Groups crates by workspace, keeping their order.
pub(crate) fn by_workspace(projects: Vec<Project>) -> Vec<Workspace> {
    let mut workspaces: Vec<Workspace> = Vec::new();
    for project in projects {
        match workspaces.iter_mut().find(|workspace| workspace.root == project.workspace_root) {
            Some(workspace) => workspace.projects.push(project),
            None => {
                workspaces.push(Workspace {
                    root: project.workspace_root.clone(),
                    target: project.target.clone(),
                    projects: vec![project],
                });
            }
        }
    }
    workspaces
}
