//! The typed door to each kind of plugin: model types in, validated proposals out; no wasmtime type leaves.
//!
//! Failure policy (`runtime.md`): `auth-provider` fails closed, for that provider only.

pub mod auth_provider;
