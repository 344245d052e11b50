//! `mnemosyne:persona/reply` on a call's store. There is one answer in a call, so the handle carries nothing.

use mnemosyne_bindings::capability::persona::reply;
use mnemosyne_bindings::capability::types::errors::Error;
use wasmtime::component::Resource;

use super::core;
use crate::call::CallState;

impl reply::Host for CallState {}

impl reply::HostReply for CallState {
    async fn push(&mut self, _: Resource<reply::Reply>, text: String) -> wasmtime::Result<Result<(), Error>> {
        Ok(core::push(&self.call, &mut self.conversation, text).await?)
    }

    async fn status(&mut self, _: Resource<reply::Reply>, text: String) -> wasmtime::Result<()> {
        Ok(core::status(&self.call, self.conversation.reply.as_ref(), &text).await?)
    }

    async fn cite(&mut self, _: Resource<reply::Reply>, memory: String) -> wasmtime::Result<()> {
        Ok(core::cite(&self.call, self.conversation.reply.as_mut(), memory).await?)
    }

    fn drop(&mut self, _: Resource<reply::Reply>) -> wasmtime::Result<()> {
        // The guest only ever borrows it.
        Ok(())
    }
}
