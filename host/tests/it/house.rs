//! The house keeps its own law: names, layers, sizes, documented contract, no leftovers. Reads the sources as text.
//!
//! Each rule is a pure function from a [`Tree`] to the [`Breach`]es it finds; `broken.rs` feeds each rule a tree that breaks it.
//!
//! ```text
//! house/tree.rs      files as (path, text), and how they are read
//! house/code.rs      source text without comments and strings; the paths it names
//! house/layers.rs    who may import whom; wasmtime, sqlx, axum and the environment each have one room
//! house/names.rs     the law of names: a capability, a kind, a resource has every room, and no room is without its word
//! house/looks.rs     sizes, a map at the head, nothing of a machine, nothing unfinished
//! house/contract.rs  every item of wit/ is documented
//! ```

mod code;
mod contract;
mod layers;
mod looks;
mod names;
mod tree;

mod broken;

use std::fmt;

use tree::Tree;

/// One place that breaks a rule, said so that the reader knows what to do.
pub(crate) struct Breach {
    place: String,
    says: String,
}

impl Breach {
    fn new(place: impl Into<String>, says: impl Into<String>) -> Self {
        Self { place: place.into(), says: says.into() }
    }

    fn at(path: &str, line: usize, says: impl Into<String>) -> Self {
        Self::new(format!("{path}:{line}"), says)
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.says)
    }
}

/// Fails with every breach at once, so that one run shows all there is to do.
fn keeps(rule: fn(&Tree) -> Vec<Breach>) {
    let found = rule(&Tree::of_this_repository());
    assert!(found.is_empty(), "{} breaches:\n{}", found.len(), found.iter().map(|breach| format!("  {breach}\n")).collect::<String>());
}

#[test]
fn every_word_has_all_its_rooms_and_no_room_is_orphaned() {
    keeps(names::rooms);
}

#[test]
fn the_words_of_today_are_all_there() {
    keeps(names::words_of_today);
}

#[test]
fn imports_go_down_only() {
    keeps(layers::downwards);
}

#[test]
fn each_foreign_crate_stays_in_its_room() {
    keeps(layers::crates_in_their_rooms);
}

#[test]
fn only_the_configuration_reads_the_environment() {
    keeps(layers::environment);
}

#[test]
fn files_are_small() {
    keeps(looks::sizes);
}

#[test]
fn every_crate_and_folder_opens_with_a_map() {
    keeps(looks::maps);
}

#[test]
fn nothing_names_a_machine_and_nothing_is_left_unfinished() {
    keeps(looks::leftovers);
}

#[test]
fn the_top_level_is_the_fixed_one() {
    keeps(looks::top_level);
}

#[test]
fn every_item_of_the_contract_is_documented() {
    keeps(contract::documented);
}
