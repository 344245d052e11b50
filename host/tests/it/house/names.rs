//! The law of names: one word, one room everywhere. Who knows the word of a capability, a kind or a resource knows every room of it.
//!
//! A word is whatever stands in one of the rooms where words live; it then must stand in all of them. So a room without its
//! word cannot exist, and a word cannot lack a room. Packages of `wit/` may wait for their host side.

use super::{Breach, Tree};

/// What this house must be able to do today; whoever adds a word adds it here.
const CAPABILITIES: [&str; 8] = ["log", "config", "storage", "vector", "llm", "actions", "http", "auth"];
const KINDS: [&str; 4] = ["persona", "task-intelligence", "xp-rules", "auth-provider"];
/// One word has one room even where paths spell it twice: `/personas` and `/persona` are `personas`; a plugin's views for the person
/// are `plugins`, whose operators' half is `admin/plugins`.
const RESOURCES: [&str; 12] = [
    "auth",
    "tasks",
    "game",
    "memories",
    "chat",
    "openai",
    "personas",
    "plugins",
    "admin/plugins",
    "admin/slots",
    "admin/secrets",
    "admin/jobs",
];

/// Files and folders beside the words that serve all of them.
/// `reply` is the handle of kind persona, no capability.
/// `embedding`: embedders and what guards them serve `llm/embeddings`, `vector/index` and the host's own search alike.
const BESIDE_CAPABILITIES: [&str; 5] = ["mod", "grant", "door", "reply", "embedding"];
/// `views` is the door to what a plugin of any kind shows.
const BESIDE_KINDS: [&str; 3] = ["mod", "loader", "views"];
const BESIDE_RESOURCES: [&str; 3] = ["admin", "layer", "tests"];

/// Every room of every word that stands in one of them.
pub(super) fn rooms(tree: &Tree) -> Vec<Breach> {
    let mut found = Vec::new();
    for word in capabilities(tree) {
        found.extend(missing(tree, "capability", &word, &capability_rooms(tree, &word)));
    }
    for word in kinds(tree) {
        found.extend(missing(tree, "kind", &word, &kind_rooms(&word)));
        if !tree.names_in("plugins/").iter().any(|plugin| plugin.strip_prefix(&*word).is_some_and(|flavour| flavour.starts_with('-'))) {
            found.push(lacks("kind", &word, &format!("plugins/{word}-*/")));
        }
    }
    for word in resources(tree) {
        found.extend(missing(tree, "resource", &word, &resource_rooms(&word)));
    }
    found.extend(tables(tree));
    found
}

/// The words that must be there, so that removing one from every room at once is noticed too.
pub(super) fn words_of_today(tree: &Tree) -> Vec<Breach> {
    let capabilities = CAPABILITIES.iter().map(|word| ("capability", *word, format!("host/runtime/src/capability/{word}")));
    let kinds = KINDS.iter().map(|word| ("kind", *word, format!("host/src/plugin/{}", snake(word))));
    let resources = RESOURCES.iter().map(|word| ("resource", *word, format!("host/src/http/{word}")));
    capabilities
        .chain(kinds)
        .chain(resources)
        .filter(|(_, _, room)| !stands(tree, room))
        .map(|(sort, word, room)| lacks(sort, word, &room))
        .collect()
}

fn capability_rooms(tree: &Tree, word: &str) -> Vec<String> {
    let folder = format!("host/runtime/src/capability/{word}");
    let mut rooms: Vec<String> = ["mod", "core", "host", "tests"].iter().map(|file| format!("{folder}/{file}.rs")).collect();
    rooms.extend([format!("wit/deps/{word}.wit"), format!("sdk/src/capability/{word}")]);
    // What is read before the call (`config`) is values and no trait, so the host has nothing to fill in.
    if tree.files().any(|(path, text)| path == format!("{folder}/backend.rs") && text.contains("pub trait ")) {
        rooms.push(format!("host/src/backend/{word}"));
    }
    rooms
}

fn kind_rooms(word: &str) -> Vec<String> {
    let word_in_rust = snake(word);
    vec![format!("wit/deps/{word}.wit"), format!("sdk/src/plugin/{word_in_rust}"), format!("host/src/plugin/{word_in_rust}")]
}

fn resource_rooms(word: &str) -> Vec<String> {
    let last = word.rsplit('/').next().unwrap();
    vec![format!("host/src/http/{word}"), format!("host/src/service/{last}"), format!("host/tests/it/rest/{last}")]
}

fn capabilities(tree: &Tree) -> Vec<String> {
    words(tree, &["host/runtime/src/capability/", "sdk/src/capability/", "host/src/backend/"], &BESIDE_CAPABILITIES, |name| name)
}

fn kinds(tree: &Tree) -> Vec<String> {
    let mut words = words(tree, &["host/src/plugin/", "sdk/src/plugin/"], &BESIDE_KINDS, |name| name.replace('_', "-"));
    // A plugin's crate is `<kind>-<flavour>`: one that belongs to no kind is its own orphan.
    for plugin in tree.names_in("plugins/") {
        if !words.iter().any(|kind| plugin.starts_with(&format!("{kind}-"))) {
            words.push(plugin);
        }
    }
    words
}

/// Folders of `http` are resources, files are the platform; the folders of `http/admin` are resources of the operator.
fn resources(tree: &Tree) -> Vec<String> {
    let folders = |at: &str| -> Vec<String> {
        let mut names: Vec<String> = tree.below(at, ".rs").filter_map(|(path, _)| Some(path.split_once('/')?.0.to_owned())).collect();
        names.dedup();
        names
    };
    let mut words: Vec<String> = folders("host/src/http/").into_iter().filter(|name| !BESIDE_RESOURCES.contains(&name.as_str())).collect();
    words.extend(tree.names_in("host/src/http/admin/").into_iter().filter(|name| name != "mod").map(|name| format!("admin/{name}")));
    let tested = tree.names_in("host/tests/it/rest/").into_iter().filter(|name| name != "mod");
    let untold: Vec<String> = tested.filter(|name| !words.iter().any(|word| word.rsplit('/').next() == Some(name))).collect();
    words.extend(untold);
    words
}

/// Every table of the migrations has a file of `store` that speaks to it.
fn tables(tree: &Tree) -> Vec<Breach> {
    let mut found = Vec::new();
    for (path, text) in tree.files().filter(|(path, _)| path.starts_with("migrations/") && path.ends_with(".sql")) {
        for line in text.lines().map(str::trim_start) {
            let Some(rest) = line.strip_prefix("CREATE TABLE ") else { continue };
            let table: String =
                rest.trim_start_matches("IF NOT EXISTS ").chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            let spoken = tree
                .below("host/src/store/", ".rs")
                .any(|(_, code)| code.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|word| word == table));
            if !spoken {
                found.push(Breach::new(path, format!("table `{table}` has no room in host/src/store/")));
            }
        }
    }
    found
}

fn words(tree: &Tree, folders: &[&str], beside: &[&str], word: impl Fn(String) -> String) -> Vec<String> {
    let mut words: Vec<String> =
        folders.iter().flat_map(|folder| tree.names_in(folder)).filter(|name| !beside.contains(&name.as_str())).map(word).collect();
    words.sort();
    words.dedup();
    words
}

fn missing(tree: &Tree, sort: &str, word: &str, rooms: &[String]) -> Vec<Breach> {
    rooms.iter().filter(|room| !stands(tree, room)).map(|room| lacks(sort, word, room)).collect()
}

/// A room is a file or a folder.
fn stands(tree: &Tree, room: &str) -> bool {
    tree.has(room) || tree.has(&format!("{room}.rs")) || tree.has(&format!("{room}/"))
}

fn lacks(sort: &str, word: &str, room: &str) -> Breach {
    Breach::new(format!("{sort} `{word}`"), format!("has no room {room}; every {sort} has one, or the word is wrong"))
}

fn snake(word: &str) -> String {
    word.replace('-', "_")
}
