//! Logs: text on a terminal, JSON otherwise; one line where a thing is handled; no secret, token, prompt or user text.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, Telemetry};

/// Installs the process-wide subscriber. A second call (tests start several hosts in a process) changes nothing.
///
/// # Errors
/// A filter that does not parse, named with its text.
pub fn install(settings: &Telemetry) -> Result<(), String> {
    let filter = EnvFilter::try_new(&settings.log).map_err(|error| {
        format!("`telemetry.log` = `{}` is not a log filter ({error}); a good value is `info` or `mnemosyne=debug,info`", settings.log)
    })?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let json = match settings.format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => !std::io::stderr().is_terminal(),
    };
    let _ = if json { builder.json().flatten_event(true).try_init() } else { builder.with_target(false).try_init() };
    Ok(())
}

/// For commands that answer and end: only warnings, unless `telemetry.log` was set to something else than `info`.
///
/// # Errors
/// As [`install`].
pub fn install_quiet(settings: &Telemetry) -> Result<(), String> {
    let log = if settings.log == "info" { "warn".to_owned() } else { settings.log.clone() };
    install(&Telemetry { log, format: settings.format })
}
