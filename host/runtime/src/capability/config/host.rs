//! `mnemosyne:config/config` on a call's store.

use mnemosyne_bindings::capability::config::config;

use super::core;
use crate::call::CallState;
use crate::manifest::ConfigValue;

impl config::Host for CallState {
    fn get(&mut self, key: String) -> wasmtime::Result<Option<config::Value>> {
        Ok(core::get(&self.call, &key)?.map(value))
    }

    fn for_user(&mut self, key: String) -> wasmtime::Result<Option<config::Value>> {
        Ok(core::for_user(&self.call, &key)?.map(value))
    }

    fn has_secret(&mut self, name: String) -> wasmtime::Result<bool> {
        Ok(core::has_secret(&self.call, &name)?)
    }
}

fn value(value: &ConfigValue) -> config::Value {
    match value {
        ConfigValue::Text(text) => config::Value::Text(text.clone()),
        ConfigValue::Number(number) => config::Value::Number(*number),
        ConfigValue::Integer(integer) => config::Value::Integer(*integer),
        ConfigValue::Flag(flag) => config::Value::Flag(*flag),
        ConfigValue::Texts(texts) => config::Value::Texts(texts.clone()),
        ConfigValue::Json(json) => config::Value::Json(json.clone()),
    }
}
