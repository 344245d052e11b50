//! Sizes, a map at the head, nothing of a machine, nothing unfinished, a fixed top level.

use super::{Breach, Tree};

const LINES_AT_MOST: usize = 500;
/// Bundled plugins are documentation: their logic fits on two screens.
const PLUGIN_LINES_AT_MOST: usize = 150;

const TOP_LEVEL: [&str; 22] = [
    "Cargo.toml",
    "Cargo.lock",
    "host",
    "wit",
    "plugins",
    "sdk",
    "migrations",
    "docker-compose.yml",
    "README.md",
    "Makefile",
    "Dockerfile",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "LICENSE",
    "clippy.toml",
    "deny.toml",
    "rustfmt.toml",
    ".ci",
    ".env.example",
    ".gitignore",
    ".dockerignore",
];

/// A folder of a machine, and marks of unfinished work; put together here so that this file does not name them itself.
const LEFTOVERS: [(&str, &str); 8] = [
    (concat!("/wo", "rk/"), "names a folder of one machine"),
    (concat!("/ro", "ot/"), "names a folder of one machine"),
    (concat!("/ho", "me/"), "names a folder of one machine"),
    (concat!("/Us", "ers/"), "names a folder of one machine"),
    (concat!("TO", "DO"), "is unfinished: do it, or file an issue and leave no trace"),
    (concat!("FIX", "ME"), "is unfinished: do it, or file an issue and leave no trace"),
    (concat!("to", "do!("), "is unfinished: do it, or leave it absent"),
    (concat!("unimple", "mented!("), "is unfinished: do it, or leave it absent"),
];

/// No file over 500 lines; no bundled plugin over 150.
pub(super) fn sizes(tree: &Tree) -> Vec<Breach> {
    let mut found = Vec::new();
    for (path, text) in tree.files().filter(|(path, _)| path.ends_with(".rs")) {
        let lines = text.lines().count();
        if lines > LINES_AT_MOST {
            found.push(Breach::new(
                path,
                format!("{lines} lines, at most {LINES_AT_MOST}: it holds more than one thing; name the second and give it a file"),
            ));
        }
        let logic = text.find("#[cfg(test)]").map_or(lines, |tests| text[..tests].lines().count());
        if path.starts_with("plugins/") && path.contains("/src/") && logic > PLUGIN_LINES_AT_MOST {
            found.push(Breach::new(path, format!("{logic} lines, at most {PLUGIN_LINES_AT_MOST}: a bundled plugin is documentation")));
        }
    }
    found
}

/// `lib.rs`, `main.rs` and every `mod.rs` open with what stands where, or with a life story.
pub(super) fn maps(tree: &Tree) -> Vec<Breach> {
    let opens = |path: &str| ["lib.rs", "main.rs", "mod.rs"].iter().any(|name| path.ends_with(&format!("/{name}")));
    let files = tree.files().filter(|(path, _)| opens(path) && !path.contains("/templates/"));
    let unmapped = files.filter(|(_, text)| !text.trim_start().starts_with("//!") && !text.trim_start().starts_with("#![doc"));
    unmapped.map(|(path, _)| Breach::at(path, 1, "opens without a map: begin with `//!` and say what stands where")).collect()
}

/// No path of a machine, no unfinished work, no silenced lint without a reason.
pub(super) fn leftovers(tree: &Tree) -> Vec<Breach> {
    let mut found = Vec::new();
    for (path, text) in tree.files().filter(|(path, _)| *path != "Cargo.lock" && *path != "LICENSE" && !path.ends_with(".json")) {
        for (number, line) in text.lines().enumerate() {
            for (mark, says) in LEFTOVERS {
                if whole(line, mark) {
                    found.push(Breach::at(path, number + 1, format!("`{mark}` {says}")));
                }
            }
            let silences = line.trim_start().starts_with("#[allow(") || line.trim_start().starts_with("#![allow(");
            // What a macro writes may need the silence in one place and not in another, where `expect` would complain.
            let by_macro = line.contains("reason = ") && (text.contains("macro_rules!") || text.contains("bindgen!"));
            if path.ends_with(".rs") && silences && !by_macro {
                found.push(Breach::at(
                    path,
                    number + 1,
                    "silences a lint for ever: `#[expect(…, reason = \"…\")]` says why and ends when it can",
                ));
            }
        }
    }
    found
}

/// The mark is there and is no part of a longer word or of an address.
fn whole(line: &str, mark: &str) -> bool {
    line.match_indices(mark).any(|(at, _)| {
        let before = line[..at].ends_with(|before: char| before.is_ascii_alphanumeric() || "_-.}/".contains(before));
        let after = mark.ends_with(char::is_alphabetic)
            && line[at + mark.len()..].starts_with(|after: char| after.is_ascii_alphanumeric() || after == '_');
        !before && !after
    })
}

/// The top level is fixed by the project's owner.
pub(super) fn top_level(tree: &Tree) -> Vec<Breach> {
    let mut tops: Vec<&str> = tree.files().filter_map(|(path, _)| path.split('/').next()).collect();
    tops.dedup();
    tops.retain(|top| !TOP_LEVEL.contains(top));
    tops.into_iter().map(|top| Breach::new(top, "stands at the top level, which is fixed: move it into a room")).collect()
}
