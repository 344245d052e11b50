//! `log` for plugins: their lines go to the host's own log, scrubbed and capped by the runtime, with slot, revision and call.

use mnemosyne_runtime::capability::log::backend::{Level, LogBackend, LogLine};

/// Writes to `tracing` under the target `plugin`.
pub struct PluginLog;

impl LogBackend for PluginLog {
    fn write(&self, line: LogLine) {
        let (plugin, version) = (&line.revision.plugin, &line.revision.version);
        let fields = line.fields.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ");
        macro_rules! at {
            ($level:ident) => {
                tracing::$level!(target: "plugin", slot = %line.slot, plugin, version, call = %line.call, request_id = %line.request, fields, "{}", line.message)
            };
        }
        match line.level {
            Level::Debug => at!(debug),
            Level::Info => at!(info),
            Level::Warn => at!(warn),
            Level::Error => at!(error),
        }
    }
}
