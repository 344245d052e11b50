//! Everything for which a host would refuse a component, told before wasmtime sees a byte of it. `plug check`, `plugin
//! add` and the host's start give the same verdict because they call this one function.
//!
//! Order, cheapest first, each room only on what the one before let through:
//! `bytes` (is it a component?) → `walk` (bounds on everything that multiplies) → validation with exactly the engine's
//! features → the manifest → `fit` (imports and exports against the `contract`, types compared by `shape`).
//!
//! Never panics, on any bytes. Every finding is one sentence and a fix to paste.

mod bytes;
pub(crate) mod contract;
mod fit;
#[cfg(test)]
pub(crate) mod fixture;
mod shape;
mod walk;

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use wasmparser::{Validator, WasmFeatures};

use crate::error::{Reason, Refused};
use crate::limits::{Limits, show_bytes};
use crate::manifest::{Kind, Manifest, SECTION};
use crate::needs::Needs;

/// One reason to refuse a component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Stable word: `too-large`, `truncated`, `malformed`, `not-wasm`, `core-module`, `precompiled`, `feature`, `bounds`,
    /// `resource`, `manifest`, `memory`, `tables`, `import-unknown`, `import-kind`, `import-version`, `import-type`,
    /// `need`, `wasi`, `export-missing`, `export-version`, `export-type`.
    pub code: &'static str,
    /// One sentence, at most 600 bytes, without control characters.
    pub sentence: String,
    /// Manifest lines to paste, a command to run, or an advice.
    pub fix: String,
}

impl Finding {
    pub(crate) fn new(code: &'static str, sentence: impl AsRef<str>, fix: impl Into<String>) -> Self {
        // Parts of the sentence come from the component: nothing of it may move a terminal's cursor.
        Self { code, sentence: crate::text::scrub(sentence.as_ref(), 600), fix: fix.into() }
    }
}

/// What a component is, and every reason found to refuse it.
#[derive(Clone, Debug, Serialize)]
pub struct CheckReport {
    /// Its kind, from the manifest.
    pub kind: Option<Kind>,
    /// Its name, from the manifest.
    pub name: Option<String>,
    /// Its version, from the manifest.
    pub version: Option<semver::Version>,
    /// SHA-256 of the bytes, hex.
    pub digest: String,
    /// Bytes.
    pub size: u64,
    /// Interfaces it imports, with versions, sorted.
    pub imports: Vec<String>,
    /// Interfaces it exports, with versions, sorted.
    pub exports: Vec<String>,
    /// What it asks for.
    pub needs: Option<Needs>,
    /// Hash of the needs, hex.
    pub needs_hash: Option<String>,
    /// The limits it would run with when everything it asks for is granted.
    pub limits: Option<Limits>,
    /// Whether it imports anything of WASI.
    pub wasi: bool,
    /// The manifest, when it could be read.
    #[serde(skip)]
    pub manifest: Option<Manifest>,
    /// Why a host would refuse it; empty: it would not.
    pub findings: Vec<Finding>,
}

impl CheckReport {
    /// Whether a host would take it.
    pub fn is_good(&self) -> bool {
        self.findings.is_empty()
    }

    /// The findings as the refusal that preparing would give; `None`: a host would take it.
    pub fn refused(&self) -> Option<Refused> {
        let reason = |finding: &Finding| Reason { code: finding.code, sentence: finding.sentence.clone(), fix: finding.fix.clone() };
        (!self.is_good()).then(|| Refused { reasons: self.findings.iter().map(reason).collect() })
    }
}

/// The proposals that the engine has on; `engine` switches on the same ones, and a test compares the two.
pub fn features() -> WasmFeatures {
    WasmFeatures::WASM2 | WasmFeatures::EXTENDED_CONST | WasmFeatures::GC_TYPES | WasmFeatures::COMPONENT_MODEL
}

/// SHA-256 of a component's bytes, hex: the unit of trust.
pub fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Checks a component. Costs about as much as reading it twice; at most 64 MiB are read.
pub fn check(bytes: &[u8]) -> CheckReport {
    let mut report = CheckReport {
        kind: None,
        name: None,
        version: None,
        digest: digest(bytes),
        size: bytes.len() as u64,
        imports: Vec::new(),
        exports: Vec::new(),
        needs: None,
        needs_hash: None,
        limits: None,
        wasi: false,
        manifest: None,
        findings: Vec::new(),
    };
    if let Some(finding) = bytes::first_look(bytes) {
        report.findings.push(finding);
        return report;
    }
    let walk = match walk::walk(bytes) {
        Ok(walk) => walk,
        Err(finding) => {
            report.findings.push(*finding);
            return report;
        }
    };
    report.read_manifest(&walk.manifests);
    if let Err(finding) = validate(bytes) {
        report.findings.push(*finding);
        return report;
    }
    let instances = |externs: &[(&str, bool)]| {
        let mut names: Vec<String> = externs.iter().map(|(name, _)| (*name).to_owned()).collect();
        names.sort();
        names.dedup();
        names
    };
    report.imports = instances(&walk.imports);
    report.exports = instances(&walk.exports);
    report.wasi = report.imports.iter().any(|name| name.starts_with("wasi:"));
    if let Some(manifest) = &report.manifest {
        report.findings.extend(sizes(manifest, &walk, report.size));
        report.findings.extend(fit::fit(bytes, manifest, &walk));
    }
    report
}

impl CheckReport {
    fn read_manifest(&mut self, sections: &[&[u8]]) {
        let section = match sections {
            [one] => *one,
            [] => {
                self.findings.push(Finding::new(
                    "manifest",
                    format!("the component carries no manifest: its custom section `{SECTION}` is missing"),
                    "write plugin.toml beside the plugin's source and run `plug build`",
                ));
                return;
            }
            many => {
                self.findings.push(Finding::new(
                    "manifest",
                    format!("the component carries {} manifests, and a host would not know which to believe", many.len()),
                    "run `plug build`, which packs exactly one",
                ));
                return;
            }
        };
        match Manifest::from_section(section) {
            Ok(manifest) => {
                self.kind = Some(manifest.kind);
                self.name = Some(manifest.name.clone());
                self.version = Some(manifest.version.clone());
                self.needs = Some(manifest.needs.clone());
                self.needs_hash = Some(manifest.needs.hash());
                self.limits = Some(manifest.limits.clone());
                self.manifest = Some(manifest);
            }
            Err(problems) => {
                let found = problems.into_iter().map(|problem| Finding::new("manifest", problem.sentence, problem.fix));
                self.findings.extend(found);
            }
        }
    }
}

/// Full validation with the engine's features; on failure a second one with every feature tells a mistake from a
/// proposal that is off.
fn validate(bytes: &[u8]) -> Result<(), Box<Finding>> {
    let Err(error) = Validator::new_with_features(features()).validate_all(bytes) else { return Ok(()) };
    if Validator::new_with_features(WasmFeatures::all()).validate_all(bytes).is_err() {
        return Err(Box::new(walk::malformed(&error, bytes.len())));
    }
    Err(Box::new(Finding::new(
        "feature",
        format!("the component uses a WebAssembly proposal that hosts keep off, at byte {}: {}", error.offset(), error.message()),
        "build with the toolchain's default features: no threads, 64-bit memory, tail calls, exceptions, GC, async, stream or future",
    )))
}

/// What the component declares, held against the limits that its manifest asks for.
fn sizes(manifest: &Manifest, walk: &walk::Walk<'_>, size: u64) -> Vec<Finding> {
    let limits = &manifest.limits;
    let mut findings = Vec::new();
    let mut above = |code, what: &str, found: u64, most: u64, key: &str, show: fn(u64) -> String| {
        if found > most {
            let (found, most) = (show(found), show(most));
            findings.push(Finding::new(
                code,
                format!("the component has {found} {what}, and its limit is {most}"),
                format!("make it smaller, or ask for more in plugin.toml (an operator must accept it):\n[limits]\n{key}"),
            ));
        }
    };
    let quoted = |key: &str, bytes: u64| format!("{key} = \"{}\"", show_bytes(bytes.next_power_of_two()));
    above("too-large", "of code and data", size, limits.component_bytes, &quoted("component-size", size), show_bytes);
    above("memory", "of memory at its start", walk.memory_bytes, limits.memory_bytes, &quoted("memory", walk.memory_bytes), show_bytes);
    let plain = |count: u64| count.to_string();
    above("tables", "tables", walk.tables, limits.tables, &format!("tables = {}", walk.tables), plain);
    above(
        "tables",
        "elements in a table",
        walk.table_elements,
        limits.table_elements,
        &format!("table-elements = {}", walk.table_elements),
        plain,
    );
    above(
        "tables",
        "core instances",
        walk.core_instances,
        limits.core_instances,
        &format!("core-instances = {}", walk.core_instances),
        plain,
    );
    findings
}

#[cfg(test)]
mod tests;
