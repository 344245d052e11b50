//! The plugin runtime: everything between a component's bytes and a checked answer. Nothing of the product.
//!
//! Admission, from bytes to a compiled artefact: `check` reads the bytes before wasmtime sees them, with [`manifest`],
//! [`needs`] and [`limits`]; [`difference`] tells what changed; [`capability::grant`] narrows what is asked by what the
//! operator allows; `compile` runs Cranelift in a disposable child; `artifact` keeps its output.

pub mod capability;
pub mod difference;
pub mod limits;
pub mod manifest;
pub mod needs;
