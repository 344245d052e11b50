//! `mnemosyne:actions/actions` on a call's store.

use mnemosyne_bindings::capability::actions::actions;
use mnemosyne_bindings::capability::types::errors::Error;
use mnemosyne_bindings::capability::types::values::{Tool, ToolCall};

use super::core;
use crate::call::CallState;

impl actions::Host for CallState {
    fn offered(&mut self) -> wasmtime::Result<Vec<Tool>> {
        Ok(core::offered(&self.call, &self.conversation.rounds)?)
    }

    async fn perform(&mut self, call: ToolCall) -> wasmtime::Result<Result<String, Error>> {
        let conversation = &mut self.conversation;
        Ok(core::perform(&self.call, &mut conversation.rounds, conversation.reply.as_ref(), call).await?)
    }
}
