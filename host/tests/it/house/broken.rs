//! Each rule is shown to fail on a tree that breaks it, and to hold on one that does not.

use super::{Breach, Tree, contract, layers, looks, names};

fn said(rule: fn(&Tree) -> Vec<Breach>, files: &[(&str, &str)]) -> String {
    rule(&Tree::of(files)).iter().map(|breach| format!("{breach}\n")).collect()
}

#[track_caller]
fn holds(rule: fn(&Tree) -> Vec<Breach>, files: &[(&str, &str)]) {
    assert_eq!(said(rule, files), "");
}

#[track_caller]
fn breaks(rule: fn(&Tree) -> Vec<Breach>, files: &[(&str, &str)], words: &[&str]) {
    let said = said(rule, files);
    assert!(words.iter().all(|word| said.contains(word)), "wanted {words:?}, got: {said:?}");
}

const BELOW: (&str, &str) = ("host/src/store/mod.rs", "");
const MIDDLE: (&str, &str) = ("host/src/service/mod.rs", "");
const DOOR: (&str, &str) = ("host/src/http/mod.rs", "");

#[test]
fn an_upward_import_is_found_wherever_it_hides() {
    let upward = [
        "use crate::http::page;",
        "use crate::{error::Fault, http::{page, sse}};",
        "fn f() { crate::http::page() }",
        "use super::super::http;",
        "pub(crate) type P = crate::http::Page;",
    ];
    for code in upward {
        breaks(
            layers::downwards,
            &[DOOR, BELOW, MIDDLE, ("host/src/error.rs", ""), ("host/src/service/tasks.rs", code)],
            &["host/src/service/tasks.rs:1"],
        );
    }
    breaks(
        layers::downwards,
        &[DOOR, ("host/src/service/mod.rs", "\nuse super::http;")],
        &["service/mod.rs:2", "`service` names `crate::http`"],
    );
    breaks(layers::downwards, &[DOOR, ("host/src/app.rs", ""), ("host/src/service/x.rs", "use crate::app::App;")], &["crate::app"]);
}

#[test]
fn downward_imports_and_words_in_comments_are_fine() {
    let doors = "//! See [`crate::http`].\nuse crate::{service::tasks, store};\nuse crate::app::App;\nconst S: &str = \"crate::cli\";";
    holds(
        layers::downwards,
        &[BELOW, MIDDLE, ("host/src/cli/mod.rs", ""), ("host/src/app.rs", "use crate::{http, store};"), ("host/src/http/mod.rs", doors)],
    );
    holds(
        layers::downwards,
        &[
            DOOR,
            (
                "host/src/service/tasks.rs",
                "// crate::http\n/* crate::http */ const A: &str = r#\"\" crate::http \"#; const B: char = '\"';",
            ),
        ],
    );
}

#[test]
fn two_rooms_of_one_row_do_not_know_each_other() {
    breaks(layers::downwards, &[DOOR, ("host/src/job/settle.rs", "use crate::http::page;")], &["`job` names `crate::http`"]);
}

#[test]
fn a_room_without_a_row_is_asked_for_one() {
    breaks(
        layers::downwards,
        &[("host/src/magic/mod.rs", ""), ("host/src/service/x.rs", "use crate::magic;")],
        &["`magic` stands in no layer"],
    );
}

#[test]
fn a_foreign_crate_outside_its_room_is_found() {
    let outside = [
        ("host/src/service/tasks.rs", "use wasmtime::Engine;"),
        ("host/src/http/tasks/list.rs", "let rows = sqlx::query(\"\");"),
        ("host/src/service/tasks.rs", "#[derive(sqlx::FromRow)]"),
        ("host/src/service/tasks.rs", "use axum::Json;"),
        ("sdk/src/lib.rs", "use wasmtime;"),
        ("host/runtime/src/lib.rs", "use mnemosyne_host::app::App;"),
        ("host/src/store/tasks.rs", "use mnemosyne_runtime::Call;"),
        ("host/src/service/tasks.rs", "use mnemosyne_bindings::xp_rules;"),
    ];
    for file in outside {
        breaks(layers::crates_in_their_rooms, &[file], &[file.0, "which lives in"]);
    }
    holds(
        layers::crates_in_their_rooms,
        &[
            ("host/runtime/src/engine.rs", "use wasmtime::Engine;"),
            ("host/src/store/a.rs", "use sqlx::Row;"),
            ("host/src/http/a.rs", "use axum::Json;"),
        ],
    );
}

#[test]
fn a_second_reader_of_the_environment_is_found() {
    let reads = "fn f() -> Option<String> {\n    std::env::var(\"HOST\").ok()\n}";
    breaks(layers::environment, &[("host/src/service/tasks.rs", reads)], &["host/src/service/tasks.rs:2"]);
    holds(layers::environment, &[("host/src/config.rs", reads)]);
}

/// A whole house for the words `log`, `xp-rules` and `tasks`.
const WHOLE: [&str; 15] = [
    "wit/deps/log.wit",
    "host/runtime/src/capability/log/mod.rs",
    "host/runtime/src/capability/log/core.rs",
    "host/runtime/src/capability/log/host.rs",
    "host/runtime/src/capability/log/tests.rs",
    "host/runtime/src/capability/log/backend.rs",
    "host/src/backend/log.rs",
    "sdk/src/capability/log.rs",
    "wit/deps/xp-rules.wit",
    "host/src/plugin/xp_rules.rs",
    "sdk/src/plugin/xp_rules.rs",
    "plugins/xp-rules-classic/Cargo.toml",
    "host/src/http/tasks/list.rs",
    "host/src/service/tasks.rs",
    "host/tests/it/rest/tasks.rs",
];

#[test]
fn each_missing_room_is_named_and_each_orphan_is_found() {
    let text = |path: &str| if path.ends_with("backend.rs") { "pub trait LogBackend {}" } else { "" };
    let whole: Vec<(&str, &str)> = WHOLE.iter().map(|path| (*path, text(path))).collect();
    holds(names::rooms, &whole);
    for missing in WHOLE.into_iter().filter(|path| text(path).is_empty()) {
        let rest: Vec<(&str, &str)> = whole.iter().copied().filter(|(path, _)| *path != missing).collect();
        let room = missing.trim_end_matches("classic/Cargo.toml").trim_end_matches("/list.rs").trim_end_matches(".rs");
        breaks(names::rooms, &rest, &["has no room", room]);
    }
    for orphan in [
        "host/src/backend/weather.rs",
        "sdk/src/plugin/persona.rs",
        "plugins/persona-echo/Cargo.toml",
        "host/src/http/memories/list.rs",
        "host/tests/it/rest/chat.rs",
    ] {
        let mut more = whole.clone();
        more.push((orphan, ""));
        breaks(names::rooms, &more, &["has no room"]);
    }
}

#[test]
fn a_word_that_vanished_from_every_room_is_missed() {
    breaks(names::words_of_today, &[("host/src/lib.rs", "")], &["capability `storage`", "kind `xp-rules`", "resource `admin/slots`"]);
}

#[test]
fn a_table_that_no_store_speaks_to_is_found() {
    let table = ("migrations/sqlite/0001_tasks.sql", "CREATE TABLE tasks (id BLOB)");
    breaks(names::rooms, &[table], &["table `tasks`"]);
    holds(names::rooms, &[table, ("host/src/store/tasks.rs", "\"SELECT id FROM tasks\"")]);
}

#[test]
fn a_long_file_is_found() {
    let long = "\n".repeat(501);
    breaks(looks::sizes, &[("host/src/service/tasks.rs", &long)], &["501 lines"]);
    holds(looks::sizes, &[("host/src/service/tasks.rs", &long[1..])]);
    breaks(looks::sizes, &[("plugins/xp-rules-classic/src/lib.rs", &long[..151])], &["at most 150"]);
}

#[test]
fn a_folder_without_a_map_is_found() {
    breaks(looks::maps, &[("host/src/service/mod.rs", "pub mod tasks;")], &["opens without a map"]);
    holds(looks::maps, &[("host/src/service/mod.rs", "//! The rules.\npub mod tasks;")]);
}

#[test]
fn machines_and_unfinished_work_are_found() {
    let left = [
        concat!("let a = \"/ro", "ot/x\";"),
        concat!("# see /wo", "rk/x"),
        concat!("// TO", "DO: later"),
        concat!("to", "do!()"),
        "#[allow(dead_code)]",
    ];
    for line in left {
        breaks(looks::leftovers, &[("host/src/service/tasks.rs", line)], &["host/src/service/tasks.rs:1"]);
    }
    holds(
        looks::leftovers,
        &[(
            "host/src/service/tasks.rs",
            concat!("// api/wo", "rk/items and a mastodon and TO", "DOS\n#[expect(dead_code, reason = \"x\")]"),
        )],
    );
}

#[test]
fn a_new_thing_at_the_top_level_is_found() {
    breaks(looks::top_level, &[("scripts/build.sh", "")], &["scripts", "fixed"]);
    holds(looks::top_level, &[("host/src/lib.rs", ""), ("Makefile", "")]);
}

#[test]
fn an_undocumented_item_of_the_contract_is_found() {
    let bare = "package a:b@0.1.0;\n/// I.\ninterface i {\n/// R.\nrecord r { f: u32 }\n/// V.\nvariant v { c(u32) }\nenum e { d }\nflags g { h }\ngo: func();\n}\nworld w {}";
    for item in ["field `i/r.f`", "case `i/v.c`", "type `i/e`", "case `i/e.d`", "flag `i/g.h`", "function `i/go`", "world `w`"] {
        breaks(contract::documented, &[("wit/deps/b.wit", bare)], &[item]);
    }
    let told =
        "package a:b@0.1.0;\n/// I.\ninterface i {\nuse other:p/q@0.1.0.{t};\n/// R.\nrecord r {\n/// F.\nf: t }\n/// Go.\ngo: func(); }";
    holds(contract::documented, &[("wit/deps/b.wit", told)]);
    breaks(contract::documented, &[("wit/deps/b.wit", "package a:b; interface {")], &["wit/deps/b.wit"]);
}
