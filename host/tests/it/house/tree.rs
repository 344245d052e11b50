//! Files as (path, text). Paths are relative to the repository, with `/`.

use std::path::Path;

pub(super) struct Tree(pub(super) Vec<(String, String)>);

/// Built or private things that are no part of the repository.
const SKIPPED: [&str; 8] = ["target", ".git", "node_modules", "data", ".venv", "__pycache__", ".env", "mnemosyne.toml"];
const TEXT: [&str; 11] = ["rs", "wit", "toml", "md", "sql", "sh", "yml", "yaml", "json", "wat", "html"];

impl Tree {
    pub(super) fn of_this_repository() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let mut files = Vec::new();
        read(root, "", &mut files);
        assert!(files.len() > 20, "read only {} files: the repository is not where it was built", files.len());
        files.sort();
        Self(files)
    }

    #[cfg(test)]
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        Self(files.iter().map(|(path, text)| ((*path).into(), (*text).into())).collect())
    }

    pub(super) fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// The files below a folder (`"host/src/"`) that end in `ending`; paths are relative to the folder.
    pub(super) fn below<'t>(&'t self, folder: &'t str, ending: &'t str) -> impl Iterator<Item = (&'t str, &'t str)> {
        self.files()
            .filter_map(move |(path, text)| Some((path.strip_prefix(folder)?, text)))
            .filter(move |(path, _)| path.ends_with(ending))
    }

    /// Whether there is such a file, or any file below such a folder.
    pub(super) fn has(&self, path: &str) -> bool {
        self.files()
            .any(|(file, _)| file == path || file.strip_prefix(path).is_some_and(|rest| path.ends_with('/') || rest.starts_with('/')))
    }

    /// The names right below a folder, without `.rs`; each once.
    pub(super) fn names_in(&self, folder: &str) -> Vec<String> {
        let mut names: Vec<String> = self
            .below(folder, "")
            .filter_map(|(path, _)| path.split('/').next())
            .map(|name| name.strip_suffix(".rs").or(name.strip_suffix(".wit")).unwrap_or(name).to_owned())
            .collect();
        names.dedup();
        names
    }
}

fn read(folder: &Path, prefix: &str, files: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}/{name}") };
        // What a link names is read where it stands.
        if SKIPPED.contains(&name.as_str()) || entry.file_type().unwrap().is_symlink() {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            read(&entry.path(), &path, files);
        } else if TEXT.contains(&name.rsplit('.').next().unwrap()) || !name.trim_start_matches('.').contains('.') {
            let text = std::fs::read(entry.path()).unwrap();
            files.push((path, String::from_utf8_lossy(&text).into_owned()));
        } else {
            files.push((path, String::new()));
        }
    }
}
