//! `mnemosyne:llm/{chat,embeddings}` on a call's store. A `chat-stream` handle is an index into the call's open streams.

use mnemosyne_bindings::capability::llm::{chat, embeddings};
use mnemosyne_bindings::capability::types::errors::Error;
use mnemosyne_bindings::capability::types::values::{Message, VectorSpace};
use wasmtime::component::Resource;

use super::core::{self, Asked};
use crate::call::CallState;

type Answer<T> = wasmtime::Result<Result<T, Error>>;

impl chat::Host for CallState {
    async fn complete(&mut self, messages: Vec<Message>, options: chat::Options) -> Answer<chat::Completion> {
        Ok(core::complete(&self.call, &mut self.conversation, Asked { messages, options }).await?)
    }

    async fn open(&mut self, messages: Vec<Message>, options: chat::Options) -> Answer<Resource<chat::ChatStream>> {
        let opened = core::open(&self.call, &mut self.conversation, Asked { messages, options }).await?;
        Ok(opened.map(Resource::new_own))
    }
}

impl chat::HostChatStream for CallState {
    async fn next(&mut self, stream: Resource<chat::ChatStream>) -> Answer<Option<chat::Delta>> {
        Ok(core::next(&self.call, &mut self.conversation, stream.rep()).await?)
    }

    fn usage(&mut self, stream: Resource<chat::ChatStream>) -> wasmtime::Result<Option<chat::Usage>> {
        Ok(core::usage(&self.call, &self.conversation, stream.rep())?)
    }

    fn drop(&mut self, stream: Resource<chat::ChatStream>) -> wasmtime::Result<()> {
        core::drop_stream(&self.call, &mut self.conversation, stream.rep());
        Ok(())
    }
}

impl embeddings::Host for CallState {
    async fn space(&mut self) -> Answer<VectorSpace> {
        Ok(core::space(&self.call).await?)
    }

    async fn embed(&mut self, texts: Vec<String>) -> Answer<Vec<Vec<f32>>> {
        Ok(core::embed(&self.call, texts).await?)
    }
}
