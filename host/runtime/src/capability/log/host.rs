//! `mnemosyne:log/log` on a call's store.

use mnemosyne_bindings::capability::log::log;

use super::{backend::Level, core};
use crate::call::CallState;

impl log::Host for CallState {
    fn log(&mut self, level: log::Level, message: String, fields: Vec<(String, String)>) -> wasmtime::Result<()> {
        let level = match level {
            log::Level::Debug => Level::Debug,
            log::Level::Info => Level::Info,
            log::Level::Warn => Level::Warn,
            log::Level::Error => Level::Error,
        };
        Ok(core::log(&self.call, level, &message, &fields)?)
    }
}
