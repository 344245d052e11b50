//! The rules of the product: who may, in what order, what is recorded. One file a resource.
//!
//! A service takes a [`principal::Principal`] and plain values, calls `plugin` for behaviour and `store` for truth, and
//! returns a model or a [`crate::error::Fault`]. It never holds a connection or a lock while a guest runs.

pub mod auth;
pub mod principal;
pub mod vault;
