//! `mnemosyne:http/http` on a call's store.

use mnemosyne_bindings::capability::http::http;
use mnemosyne_bindings::capability::types::errors::Error;

use super::core;
use crate::call::CallState;

impl http::Host for CallState {
    async fn send(&mut self, request: http::Request) -> wasmtime::Result<Result<http::Response, Error>> {
        let answer = core::send(&self.call, &mut self.conversation.requests, request).await?;
        Ok(answer.map(|received| http::Response { status: received.status, headers: received.headers, body: received.body }))
    }
}
