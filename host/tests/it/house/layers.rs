//! Who may import whom. The picture is in `ARCHITECTURE.md`; this is its table.

use super::code::{paths, without_words};
use super::{Breach, Tree};

/// The rooms of `host/src`, lowest first. A room may name rooms of lower rows, and of its own row only where the row says so.
const ROWS: [(&[&str], bool); 9] = [
    (&["model", "config", "error", "clock", "telemetry", "timings", "shutdown", "bundled"], true),
    (&["store"], false),
    (&["vector", "cache"], false), // the embedded ones keep their rows in `store`
    (&["backend"], false),
    (&["plugin"], false),
    (&["service"], false),
    (&["http", "job"], false),
    (&["cli"], false), // `serve` opens the doors
    (&["app", "main", "lib"], true),
];
/// `app` is the composition root and the state that the doors hold: they may name it, nobody below them may.
const DOORS: [&str; 3] = ["http", "job", "cli"];

/// Crates that only some rooms may name, in anything below a `src` folder.
const KEPT: [(&str, &[&str], &str); 7] = [
    ("wasmtime", &["host/runtime/src/", "host/bindings/src/"], "ask `mnemosyne_runtime` for a typed call instead"),
    ("sqlx", &["host/src/store/"], "SQL lives in `store`: add a function there"),
    ("async_openai", &["host/src/backend/llm/openai.rs"], "ask `backend::llm::Models`"),
    ("axum", &["host/src/http/"], "HTTP lives in `http`: take and return plain values"),
    ("mnemosyne_host", &["host/src/main.rs", "host/src/bin/"], "nothing below the host knows the host"),
    (
        "mnemosyne_bindings",
        &["host/runtime/src/", "host/src/plugin/", "host/src/backend/"],
        "WIT shapes end at the typed doors in `plugin`",
    ),
    (
        "mnemosyne_runtime",
        &[
            "host/src/plugin/",
            "host/src/backend/",
            "host/src/service/",
            "host/src/app.rs",
            "host/src/app/",
            "host/src/cli/",
            "host/src/job/",
            "sdk/cli/src/",
        ],
        "go through `plugin` or `service`",
    ),
];

fn row(room: &str) -> Option<usize> {
    ROWS.iter().position(|(rooms, _)| rooms.contains(&room))
}

fn may(from: &str, to: &str) -> Result<(), String> {
    let (Some(lower), Some(upper)) = (row(to), row(from)) else {
        let unknown = if row(to).is_none() { to } else { from };
        return Err(format!("room `{unknown}` stands in no layer: give it a row in host/tests/it/house/layers.rs and in ARCHITECTURE.md"));
    };
    let fine = from == to || lower < upper || (lower == upper && ROWS[upper].1) || (to == "app" && DOORS.contains(&from));
    if fine {
        return Ok(());
    }
    Err(format!("`{from}` names `crate::{to}`, which is not below it: move what is shared down, or take it as an argument"))
}

/// Inside the host, imports go down only.
pub(super) fn downwards(tree: &Tree) -> Vec<Breach> {
    let mut found = Vec::new();
    let rooms = tree.names_in("host/src/");
    for (path, text) in tree.below("host/src/", ".rs") {
        let full = format!("host/src/{path}");
        let from = path.split('/').next().unwrap().trim_end_matches(".rs");
        let code = without_words(text);
        if from == "main" || from == "lib" {
            continue;
        }
        // `super` of such a file is the root of the crate.
        let shallow = !path.contains('/') || (path.ends_with("/mod.rs") && path.matches('/').count() == 1);
        for named in paths(&code) {
            if named.root == "super" && named.next == ["super"] {
                found.push(Breach::at(&full, named.line, "`super::super` hides the layer: write the path from `crate::`"));
                continue;
            }
            if named.root == "crate" || (named.root == "super" && shallow && named.outermost) {
                // What is no room is an item that lib.rs itself declares.
                let named_rooms = named.next.iter().filter(|name| rooms.iter().any(|room| room == *name));
                found.extend(named_rooms.filter_map(|to| may(from, to).err()).map(|says| Breach::at(&full, named.line, says)));
            }
        }
    }
    found
}

/// Each foreign crate that decides a layer is named in its own rooms only.
pub(super) fn crates_in_their_rooms(tree: &Tree) -> Vec<Breach> {
    let mut found = Vec::new();
    for (path, text) in tree.files().filter(|(path, _)| path.ends_with(".rs") && path.contains("src/")) {
        for named in paths(&without_words(text)) {
            for (name, homes, instead) in KEPT {
                if named.root == name && !homes.iter().any(|home| path.starts_with(home)) {
                    found.push(Breach::at(path, named.line, format!("names `{name}`, which lives in {}: {instead}", homes.join(", "))));
                }
            }
        }
    }
    found
}

/// One reader of the environment: everything else takes settings as arguments.
pub(super) fn environment(tree: &Tree) -> Vec<Breach> {
    let mut found = Vec::new();
    for (path, text) in tree.files().filter(|(path, _)| path.starts_with("host/") && path.ends_with(".rs") && path.contains("/src/")) {
        // Tests of a room are told by the environment where the test server is.
        if path == "host/src/config.rs" || path.ends_with("tests.rs") || path.ends_with("testing.rs") || path.contains("/tests/") {
            continue;
        }
        for (number, line) in without_words(text).lines().enumerate() {
            if ["env::var(", "env::var_os(", "env::vars(", "env::vars_os("].iter().any(|call| line.contains(call)) {
                found.push(Breach::at(
                    path,
                    number + 1,
                    "reads the environment: that is `host/src/config.rs` alone; take the value as an argument",
                ));
            }
        }
    }
    found
}
