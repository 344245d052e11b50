//! `plug check f.wasm`: what a host would say to this component, by the host's own code, before anybody uploads it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use mnemosyne_runtime::check::{CheckReport, check};
use mnemosyne_runtime::difference::difference;
use mnemosyne_runtime::limits::{ROWS, show_bytes};

/// Say what a component is and asks for, and each reason why a host would refuse it.
#[derive(clap::Args)]
#[command(after_help = "Exit codes: 0 a host would take it, 1 refused, 2 wrong usage.\n\nNext: `mnemosyne plugin add <file>`.")]
pub(crate) struct Args {
    /// The component, as `plug build` made it.
    file: PathBuf,
    /// One JSON object on stdout: kind, name, version, digest, size, imports, exports, needs, limits, findings.
    #[arg(long)]
    json: bool,
}

/// Prints the report; an error when a host would refuse the component.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let bytes = std::fs::read(&args.file).with_context(|| format!("cannot read {}", args.file.display()))?;
    let report = check(&bytes);
    if args.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print!("{}", text(&args.file, &report));
    }
    match report.findings.len() {
        0 => Ok(()),
        1 => bail!("a host would refuse this component, for the reason above"),
        many => bail!("a host would refuse this component, for the {many} reasons above"),
    }
}

/// The report for people.
fn text(file: &Path, report: &CheckReport) -> String {
    let mut out = String::new();
    let mut line = |label: &str, value: &str| {
        let _ = writeln!(out, "{label:<9} {value}");
    };
    line("file", &file.display().to_string());
    if let (Some(name), Some(version), Some(kind)) = (&report.name, &report.version, report.kind) {
        line("plugin", &format!("{name} {version}"));
        line("kind", kind.as_str());
    }
    line("digest", &format!("sha256:{}", report.digest));
    line("size", &size(report.size));
    list(&mut line, "imports", &report.imports);
    list(&mut line, "exports", &report.exports);
    if let (Some(needs), Some(kind)) = (&report.needs, report.kind) {
        let asked = difference(kind, None, needs);
        if asked.lines.is_empty() {
            line("needs", "nothing beyond log and config");
        } else {
            list(&mut line, "needs", &asked.lines);
            line("", "an operator must approve these");
        }
        if let Some(reason) = asked.acknowledgement {
            line("", &format!("and acknowledge them together: {reason}"));
        }
    }
    if let Some(limits) = &report.limits {
        let rows: Vec<String> = ROWS.iter().map(|row| format!("{} {}", row.key, row.unit.show(limits.get(row)))).collect();
        for (number, rows) in rows.chunks(5).enumerate() {
            line(if number == 0 { "limits" } else { "" }, &rows.join(", "));
        }
    }
    if report.is_good() {
        line("verdict", "a host would take it");
    } else {
        line("verdict", "refused");
    }
    for (number, finding) in report.findings.iter().enumerate() {
        let _ = writeln!(out, "\n{}. {} [{}]", number + 1, finding.sentence, finding.code);
        for fix in finding.fix.lines() {
            let _ = writeln!(out, "   {fix}");
        }
    }
    out
}

fn list(line: &mut impl FnMut(&str, &str), label: &str, items: &[String]) {
    if items.is_empty() {
        line(label, "none");
    }
    for (number, item) in items.iter().enumerate() {
        line(if number == 0 { label } else { "" }, item);
    }
}

/// Whole bytes, and a rounded figure where that says more.
fn size(bytes: u64) -> String {
    if bytes < 1024 { show_bytes(bytes) } else { format!("{bytes} bytes (about {})", show_bytes(bytes.div_ceil(1024) * 1024)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(file: &Path, json: bool) -> Args {
        Args { file: file.to_owned(), json }
    }

    #[test]
    fn a_refused_file_is_an_error_with_its_reasons_in_the_text() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("f.wasm");
        std::fs::write(&file, b"\0asm\x01\0\0\0").unwrap();
        for json in [false, true] {
            assert!(run(&args(&file, json)).unwrap_err().to_string().contains("refuse"));
        }
        let shown = text(&file, &check(b"\0asm\x01\0\0\0"));
        assert!(shown.contains("verdict   refused") && shown.contains("1. the file is a core WebAssembly module"), "{shown}");
        assert!(shown.contains("plug build"), "{shown}");
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = run(&args(Path::new("/nonexistent.wasm"), false)).unwrap_err();
        assert_eq!(error.to_string(), "cannot read /nonexistent.wasm");
    }
}
