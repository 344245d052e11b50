//! The map of the host.
//!
//! ```text
//! main → cli ┐                app.rs sees all
//!       http ┼→ service → plugin → (crate mnemosyne-runtime)
//!        job ┘         └─→ backend → vector → store → model, config, error, clock, telemetry
//! ```
//! `http` parses and renders, `service` decides, `plugin` is the typed door to sandboxed behaviour, `backend` fills the
//! runtime's capability traits over `store`, where all SQL lives.

pub mod app;
pub mod backend;
pub mod cli;
pub mod clock;
pub mod config;
pub mod error;
pub mod http;
pub mod job;
pub mod model;
pub mod plugin;
pub mod service;
pub mod shutdown;
pub mod store;
pub mod telemetry;
pub mod timings;
pub mod vector;
