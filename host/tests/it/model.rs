//! Every way in which a model server can misbehave, and what comes of it.
//!
//! ```text
//! model/ask.rs       what the capability's backend makes of each script
//! model/budget.rs    tokens of a day
//! model/front.rs     the scripts through the front door
//! model/raw.rs       what `/v1` passes through
//! model/chat.rs      the scripts through `/api/v1/chat`
//! model/doctor.rs    `mnemosyne doctor`
//! model/embedder.rs  vectors from the same server
//! model/notes.rs     the older part of a long conversation
//! ```

mod ask;
mod budget;
mod chat;
mod doctor;
mod embedder;
mod front;
mod notes;
mod raw;

use std::sync::Arc;

use mnemosyne_host::backend::llm::Models;
use mnemosyne_host::config::{Config, Llm};
use mnemosyne_runtime::capability::llm::{ModelBackend as _, ModelRequest, ModelStream};
use mnemosyne_runtime::wit::llm::{Completion, Delta, Usage};
use mnemosyne_runtime::wit::types::values::Message;
use mnemosyne_runtime::{Asking, BackendError, User};
use uuid::Uuid;

use crate::kit::{ScriptedModel, TestHost};

/// A host's models on this server, with these settings.
fn models(host: &TestHost, server: &ScriptedModel, change: impl FnOnce(&mut Llm)) -> Models {
    let mut config = Config::default();
    server.configure(&mut config);
    change(&mut config.llm);
    Models::open(&config.llm, host.app.db.clone(), Arc::clone(&host.app.clock), Arc::clone(&host.app.ids)).unwrap()
}

/// On whose behalf.
fn asking(user: Option<&User>) -> Asking<'_> {
    Asking { user, plugin: "persona-test", slot: "persona/test", request: "request", call: Uuid::nil() }
}

fn said(role: &str, content: &str) -> Message {
    Message {
        role: role.into(),
        content: content.into(),
        at: None,
        tool_calls: Vec::new(),
        tool_call_id: None,
        attachments: Vec::new(),
        extra: Vec::new(),
    }
}

fn question(text: &str) -> ModelRequest {
    ModelRequest {
        messages: vec![said("system", "Be kind."), said("user", text)],
        class: "chat".into(),
        temperature: Some(0.8),
        top_p: None,
        presence_penalty: None,
        frequency_penalty: None,
        reasoning: None,
        max_tokens: 500,
        stop: Vec::new(),
        json_schema: None,
        tools: Vec::new(),
        tool_choice: None,
        wished_model: None,
    }
}

async fn ask(models: &Models, text: &str) -> Result<Completion, BackendError> {
    models.complete(asking(None), question(text)).await
}

async fn open(models: &Models, text: &str) -> Result<Box<dyn ModelStream>, BackendError> {
    models.open(asking(None), question(text)).await
}

/// What was heard of a stream, and how it ended.
struct Heard {
    text: String,
    reasoning: String,
    last: Option<Delta>,
    usage: Option<Usage>,
    end: Result<(), BackendError>,
}

async fn listen(mut stream: Box<dyn ModelStream>) -> Heard {
    let mut heard = Heard { text: String::new(), reasoning: String::new(), last: None, usage: None, end: Ok(()) };
    loop {
        match stream.next().await {
            Ok(Some(delta)) => {
                heard.text += &delta.text;
                heard.reasoning += &delta.reasoning;
                heard.last = Some(delta);
            }
            Ok(None) => break,
            Err(error) => {
                heard.end = Err(error);
                assert!(matches!(stream.next().await, Ok(None)), "after an error the stream is over");
                break;
            }
        }
    }
    heard.usage = stream.usage();
    heard
}

/// The code that a plugin hears.
fn code(error: &BackendError) -> &str {
    match error {
        BackendError::Unavailable { .. } => "unavailable",
        BackendError::Quota => "quota",
        BackendError::Timeout => "timeout",
        BackendError::Refused { code, .. } => code,
        other => panic!("{other}"),
    }
}
