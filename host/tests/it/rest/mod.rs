//! One file a resource: what a client may do, and every way it is refused.

mod auth;
mod chat;
mod game;
mod jobs;
mod memories;
mod openai;
pub(crate) mod personas;
mod plugins;
mod secrets;
mod slots;
mod tasks;
