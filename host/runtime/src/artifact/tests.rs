//! Artefacts are found again, and never believed when anything about them is wrong.

use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::check::digest;
use crate::check::fixture::plain;
use crate::compile::CompileLimits;
use crate::compile::tests::compiler;
use crate::engine::{Pool, serving};
use crate::manifest::Kind;

const KEY: [u8; 32] = [7; 32];

fn engine() -> Engine {
    serving(&Pool { calls: 4, core_instances: 64, ..Pool::default() }).unwrap()
}

fn open(folder: &Path, key: [u8; 32], max_bytes: u64) -> Artifacts {
    Artifacts::open(folder.join("cache"), key, max_bytes, compiler(CompileLimits::default())).unwrap()
}

/// One that cannot compile: what it hands out was found.
fn without_compiler(folder: &Path, key: [u8; 32]) -> Artifacts {
    Artifacts::open(folder.join("cache"), key, u64::MAX, Compiler::new("/nonexistent".into())).unwrap()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder.join("cache")).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn a_component_is_compiled_once_and_found_by_the_pooling_engine_afterwards() {
    let (folder, engine, bytes) = (tempfile::tempdir().unwrap(), engine(), plain(Kind::XpRules));
    open(folder.path(), KEY, u64::MAX).component(&engine, &digest(&bytes), &bytes).unwrap();
    let found = without_compiler(folder.path(), KEY);
    assert!(found.component(&engine, &digest(&bytes), &bytes).is_ok());
    assert!(found.component(&engine, &digest(&bytes), &bytes).is_ok());
    assert!(found.contains(&environment(&engine), &digest(&bytes)));
    let file = &files(folder.path())[0];
    assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(folder.path().join("cache")).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn a_changed_or_foreign_artefact_is_removed_and_compiled_again() {
    let (folder, engine, bytes) = (tempfile::tempdir().unwrap(), engine(), plain(Kind::XpRules));
    let digest = digest(&bytes);
    open(folder.path(), KEY, u64::MAX).component(&engine, &digest, &bytes).unwrap();
    let file = files(folder.path()).remove(0);
    let good = fs::read(&file).unwrap();
    let mut flipped = good.clone();
    let last = flipped.len() - 1;
    flipped[last] ^= 1;
    let mut mac = good.clone();
    mac[MAGIC.len()] ^= 1;
    for bad in [flipped, mac, good[..good.len() - 1].to_vec(), good[..20].to_vec(), Vec::new(), good[40..].to_vec()] {
        fs::write(&file, bad).unwrap();
        let refused = without_compiler(folder.path(), KEY).component(&engine, &digest, &bytes);
        assert!(matches!(refused, Err(CompileError::Unavailable(_))), "not loaded, and not compiled here");
        assert!(!file.exists(), "removed");
    }
    fs::write(&file, &good).unwrap();
    assert!(without_compiler(folder.path(), [8; 32]).component(&engine, &digest, &bytes).is_err(), "another key");
    assert!(open(folder.path(), KEY, u64::MAX).component(&engine, &digest, &bytes).is_ok(), "compiled again");
    assert_eq!(fs::read(&file).unwrap(), good);
}

#[test]
fn an_artefact_of_one_component_cannot_stand_in_for_another() {
    let (folder, engine) = (tempfile::tempdir().unwrap(), engine());
    let (one, other) = (plain(Kind::XpRules), plain(Kind::AuthProvider));
    open(folder.path(), KEY, u64::MAX).component(&engine, &digest(&one), &one).unwrap();
    let file = files(folder.path()).remove(0);
    let name = file.file_name().unwrap().to_str().unwrap().replace(&digest(&one), &digest(&other));
    fs::copy(&file, file.with_file_name(name)).unwrap();
    assert!(without_compiler(folder.path(), KEY).component(&engine, &digest(&other), &other).is_err());
}

#[test]
fn another_engine_or_cpu_has_another_name() {
    let mut config = crate::engine::profile();
    let same = Engine::new(&config).unwrap();
    assert_eq!(environment(&same), environment(&engine()), "the child's engine and the pooling one are compatible");
    config.cranelift_opt_level(wasmtime::OptLevel::None);
    assert_ne!(environment(&Engine::new(&config).unwrap()), environment(&same));
}

#[test]
fn the_folder_stays_below_its_bound_and_keeps_what_was_used_last() {
    let (folder, engine) = (tempfile::tempdir().unwrap(), engine());
    let [rules, auth] = [plain(Kind::XpRules), plain(Kind::AuthProvider)];
    open(folder.path(), KEY, u64::MAX).component(&engine, &digest(&rules), &rules).unwrap();
    open(folder.path(), KEY, 1).component(&engine, &digest(&auth), &auth).unwrap();
    let left = files(folder.path());
    assert_eq!(left.len(), 1);
    assert!(left[0].to_str().unwrap().contains(&digest(&auth)));
}
