//! How answers look: text for people, JSON for machines, errors on standard error.

use std::io::Write as _;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::Stop;

/// Text or JSON.
#[derive(Clone, Copy)]
pub(super) struct Output {
    pub(super) json: bool,
}

impl Output {
    /// An answer: `value` with `--json`, else what `text` makes of it.
    pub(super) fn show(self, value: &Value, text: impl FnOnce(&Value) -> String) {
        if self.json {
            say(&format!("{value:#}"));
        } else {
            say(text(value).trim_end());
        }
    }

    /// The answer of a command that changed something, with what the host warns of and the command that undoes it.
    pub(super) fn changed(self, value: &Value, undo: &str, text: impl FnOnce(&Value) -> String) {
        if self.json {
            let mut value = value.clone();
            if let Value::Object(map) = &mut value {
                map.insert("undo".into(), json!(undo));
            }
            say(&format!("{value:#}"));
        } else {
            let warnings = value["warnings"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let mut lines = vec![text(value).trim_end().to_owned()];
            lines.extend(warnings.map(|warning| format!("warning: {warning}")));
            say(&format!("{}\nundo: {undo}", lines.join("\n")));
        }
    }

    /// Rows with headings.
    pub(super) fn table(headings: &[&str], rows: Vec<Vec<String>>) -> String {
        let mut table = comfy_table::Table::new();
        table.load_style(comfy_table::presets::NOTHING).set_header(headings.to_vec());
        table.add_rows(rows);
        table.trim_fmt()
    }

    /// Says why a command stopped.
    pub(super) fn stop(self, stop: &Stop) -> ExitCode {
        if self.json {
            eprintln!("{}", json!({"error": {"message": stop.message, "hint": stop.hint, "exit_code": stop.code}}));
        } else {
            eprintln!("error: {}", stop.message);
            if let Some(hint) = &stop.hint {
                eprintln!("hint: {hint}");
            }
        }
        ExitCode::from(stop.code)
    }
}

/// A line on standard output. A reader that has gone (`| head`) is no reason to fail: what was asked for is done.
fn say(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// A text field of a JSON answer, empty when absent.
pub(super) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// The first twelve characters of a digest: enough to tell revisions apart by eye.
pub(super) fn short(digest: &str) -> &str {
    digest.get(..12.min(digest.len())).unwrap_or(digest)
}
