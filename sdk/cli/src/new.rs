//! `plug new`: a crate that builds, checks and passes its own tests, anywhere on the author's disk.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

/// Write a crate that builds, checks and passes its own tests.
///
/// It stands alone: it needs no workspace and no WIT files, only the SDK.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  plug new xp-rules my-rules\n  plug new persona my-persona\n  plug new auth-provider our-ldap --sdk ../mnemosyne/sdk"
)]
pub(crate) struct Args {
    /// What it will be
    #[arg(value_enum)]
    kind: Kind,
    /// Its name: 3 to 48 of a-z, 0-9 and `-`, beginning with a letter
    name: String,
    /// Where to write it [default: a new folder of its name]
    #[arg(long, value_name = "FOLDER")]
    path: Option<PathBuf>,
    /// Folder of the SDK's source [default: where this `plug` was built, else the published version]
    #[arg(long, value_name = "FOLDER")]
    sdk: Option<PathBuf>,
}

/// Kinds with a template.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Kind {
    /// Experience points, levels and quest types
    XpRules,
    /// A way to prove who one is
    AuthProvider,
    /// A voice that answers people
    Persona,
    /// Help with tasks
    TaskIntelligence,
}

/// Path in the crate and text, with `{{name}}` and `{{sdk}}` to fill in.
type Template = [(&'static str, &'static str); 5];

const CARGO: &str = include_str!("../templates/Cargo.toml.in");
const IGNORE: &str = "/target\n";
const XP_RULES: Template = [
    ("Cargo.toml", CARGO),
    (".gitignore", IGNORE),
    ("plugin.toml", include_str!("../templates/xp-rules/plugin.toml.in")),
    ("README.md", include_str!("../templates/xp-rules/README.md.in")),
    ("src/lib.rs", include_str!("../templates/xp-rules/lib.rs.in")),
];
const AUTH_PROVIDER: Template = [
    ("Cargo.toml", CARGO),
    (".gitignore", IGNORE),
    ("plugin.toml", include_str!("../templates/auth-provider/plugin.toml.in")),
    ("README.md", include_str!("../templates/auth-provider/README.md.in")),
    ("src/lib.rs", include_str!("../templates/auth-provider/lib.rs.in")),
];
const PERSONA: Template = [
    ("Cargo.toml", CARGO),
    (".gitignore", IGNORE),
    ("plugin.toml", include_str!("../templates/persona/plugin.toml.in")),
    ("README.md", include_str!("../templates/persona/README.md.in")),
    ("src/lib.rs", include_str!("../templates/persona/lib.rs.in")),
];
const TASK_INTELLIGENCE: Template = [
    ("Cargo.toml", CARGO),
    (".gitignore", IGNORE),
    ("plugin.toml", include_str!("../templates/task-intelligence/plugin.toml.in")),
    ("README.md", include_str!("../templates/task-intelligence/README.md.in")),
    ("src/lib.rs", include_str!("../templates/task-intelligence/lib.rs.in")),
];

/// Writes the crate and says what to do next.
pub(crate) fn run(args: &Args) -> Result<()> {
    check_name(&args.name)?;
    let folder = args.path.clone().unwrap_or_else(|| PathBuf::from(&args.name));
    let sdk = sdk_dependency(args.sdk.as_deref())?;
    write(args.kind, &args.name, &folder, &sdk)?;
    let shown = folder.display();
    println!("wrote {shown}: edit src/lib.rs, say what it needs in plugin.toml\n");
    println!("next:\n  cd {shown}\n  cargo test\n  plug build\n  mnemosyne plugin add target/plugins/{}.wasm", args.name);
    Ok(())
}

/// As the manifest demands, and as cargo does.
fn check_name(name: &str) -> Result<()> {
    let fits = (3..=48).contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if !fits {
        bail!("`{name}` is no name of a plugin: 3 to 48 of a-z, 0-9 and `-`, beginning with a letter; `my-rules` is one");
    }
    // Cargo refuses a package of these names, or the crate would shadow one.
    if ["test", "core", "std", "alloc", "mnemosyne-sdk", "self", "super", "crate"].contains(&name) {
        bail!("`{name}` means something else to cargo; `my-{name}` is free");
    }
    Ok(())
}

/// The right-hand side of the SDK's line in Cargo.toml.
fn sdk_dependency(asked: Option<&Path>) -> Result<String> {
    let built_beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folder = match asked {
        Some(folder) if !folder.join("Cargo.toml").is_file() => {
            bail!("`{}` is no SDK: it has no Cargo.toml; give the folder `sdk` of Mnemosyne's source", folder.display())
        }
        Some(folder) => folder,
        None if built_beside.join("Cargo.toml").is_file() => &built_beside,
        None => return Ok(format!("\"{}\"", env!("CARGO_PKG_VERSION"))),
    };
    let folder = folder.canonicalize()?;
    Ok(format!("{{ path = {} }}", toml::Value::String(folder.display().to_string())))
}

fn write(kind: Kind, name: &str, folder: &Path, sdk: &str) -> Result<()> {
    let taken = folder.read_dir().is_ok_and(|mut entries| entries.next().is_some());
    if taken || folder.is_file() {
        bail!("`{}` exists already and is not empty; nothing was written. `--path` names another folder", folder.display());
    }
    let template = match kind {
        Kind::XpRules => XP_RULES,
        Kind::AuthProvider => AUTH_PROVIDER,
        Kind::Persona => PERSONA,
        Kind::TaskIntelligence => TASK_INTELLIGENCE,
    };
    for (path, text) in template {
        let path = folder.join(path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).with_context(|| format!("cannot make `{}`", parent.display()))?;
        }
        let text = text.replace("{{name}}", name).replace("{{sdk}}", sdk);
        std::fs::write(&path, text).with_context(|| format!("cannot write `{}`", path.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use mnemosyne_runtime::manifest::Manifest;

    use super::*;

    #[test]
    fn names_that_no_host_takes_are_refused() {
        for name in ["", "ab", "My-Rules", "1rules", "my_rules", "../rules", "test", &"a".repeat(49)] {
            assert!(check_name(name).is_err(), "{name}");
        }
        assert!(check_name("my-rules").is_ok() && check_name(&"a".repeat(48)).is_ok());
    }

    #[test]
    fn each_template_has_a_manifest_that_a_host_reads_and_nothing_left_to_fill_in() {
        for kind in [Kind::XpRules, Kind::AuthProvider, Kind::Persona, Kind::TaskIntelligence] {
            let folder = tempfile::tempdir().unwrap();
            write(kind, "my-plugin", folder.path(), "\"0.1.0\"").unwrap();
            let manifest = std::fs::read_to_string(folder.path().join("plugin.toml")).unwrap();
            assert_eq!(Manifest::from_toml(&manifest).unwrap().name, "my-plugin");
            for (path, _) in XP_RULES {
                assert!(!std::fs::read_to_string(folder.path().join(path)).unwrap().contains("{{"), "{path}");
            }
        }
    }

    #[test]
    fn nothing_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("notes.txt"), "mine").unwrap();
        assert!(write(Kind::XpRules, "my-rules", folder.path(), "\"0.1.0\"").is_err());
        assert_eq!(folder.path().read_dir().unwrap().count(), 1);
    }
}
