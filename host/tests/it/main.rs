//! The one integration binary: the host through its front doors, on real databases.
//!
//! ```text
//! house.rs   the house keeps its own law: names, layers, sizes, documented contract
//! kit/       what tests stand on: hosts, databases, actors, components
//! rest/      one file a resource: what a client may do, and every way it is refused
//! ```
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on says where by panicking")]

mod house;
mod kit;
mod rest;
