//! The one integration binary: the host through its front doors, on real databases.
//!
//! ```text
//! house.rs   the house keeps its own law: names, layers, sizes, documented contract
//! ```
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where by panicking")]

mod house;
