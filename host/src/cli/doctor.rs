//! `mnemosyne doctor`: every dependency, one line each, with what to do.

use serde_json::{Value, json};

use super::{Global, Stop};
use crate::app;
use crate::backend::llm::probe;
use crate::config::Config;
use crate::service::vault::Vault;

/// One finding.
struct Line {
    what: &'static str,
    ok: bool,
    says: String,
}

fn line(what: &'static str, result: Result<String, String>) -> Line {
    match result {
        Ok(says) => Line { what, ok: true, says },
        Err(says) => Line { what, ok: false, says },
    }
}

pub(super) async fn run(global: &Global) -> Result<(), Stop> {
    let config = match global.load() {
        Ok(config) => config,
        Err(stop) => return show(global, &[line("configuration", Err(stop.message))]),
    };
    let mut lines = vec![line("configuration", Ok(format!("data in `{}`, listening on {}", config.data.display(), config.server.listen)))];
    lines.push(line("data folder", data_folder(&config)));
    if lines.iter().all(|line| line.ok) {
        lines.push(line(
            "master key",
            Vault::open(config.secrets_key.as_ref(), &config.data).map(|_| "opens".into()).map_err(|error| error.to_string()),
        ));
        lines.extend(database(&config).await);
        lines.push(line("language model", probe::probe(&config.llm).await));
        lines.push(line("plugin pool", pool()));
        lines.push(line("address", address(&config).await));
    }
    show(global, &lines)
}

fn data_folder(config: &Config) -> Result<String, String> {
    use std::os::unix::fs::PermissionsExt as _;
    let path = config.data.display();
    let Ok(meta) = std::fs::metadata(&config.data) else {
        return Err(format!("`{path}` is not there yet; `mnemosyne serve` makes it at first start"));
    };
    if meta.permissions().mode() & 0o077 != 0 {
        return Err(format!("`{path}` can be read by others; `chmod 700 {path}`"));
    }
    Ok(format!("`{path}` is private"))
}

async fn database(config: &Config) -> Vec<Line> {
    let db = match app::connect(config).await {
        Ok(db) => db,
        Err(error) => return vec![line("database", Err(error.0))],
    };
    let mut lines =
        vec![line("database", db.ping().await.map(|()| format!("{:?} answers", db.dialect())).map_err(|error| error.to_string()))];
    lines.push(line(
        "schema",
        match db.migration_status().await {
            Err(error) => Err(error.to_string()),
            Ok(status) if status.iter().any(|step| step.applied_at.is_none()) => Err("migrations wait; run `mnemosyne migrate`".into()),
            Ok(_) => Ok("is this binary's".into()),
        },
    ));
    db.close().await;
    lines
}

/// The pool maps four areas a slot; a low limit stops the start with a sentence that few can read.
fn pool() -> Result<String, String> {
    let maps = std::fs::read_to_string("/proc/sys/vm/max_map_count").ok().and_then(|text| text.trim().parse::<u64>().ok());
    match maps {
        Some(maps) if maps < 16_384 => {
            Err(format!("`vm.max_map_count` is {maps}; set it to 65530 with `sysctl -w vm.max_map_count=65530`"))
        }
        _ => Ok("the system has room for it".into()),
    }
}

async fn address(config: &Config) -> Result<String, String> {
    match tokio::net::TcpListener::bind(config.server.listen).await {
        Ok(_) => Ok(format!("{} is free", config.server.listen)),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            Ok(format!("{} is in use: by a running host, or choose another with `--listen`", config.server.listen))
        }
        Err(error) => Err(format!("{} cannot be used: {error}", config.server.listen)),
    }
}

fn show(global: &Global, lines: &[Line]) -> Result<(), Stop> {
    let list: Vec<Value> = lines.iter().map(|line| json!({"check": line.what, "ok": line.ok, "message": line.says})).collect();
    global.output().show(&json!({"checks": list}), |_| {
        lines
            .iter()
            .map(|line| format!("{} {}: {}", if line.ok { "ok  " } else { "FAIL" }, line.what, line.says))
            .collect::<Vec<_>>()
            .join("\n")
    });
    let failed = lines.iter().filter(|line| !line.ok).count();
    if failed == 0 { Ok(()) } else { Err(Stop::failed(format!("{failed} of {} checks failed", lines.len()))) }
}
