//! The one integration binary: the host through its front doors, on real databases.
//!
//! ```text
//! house.rs   the house keeps its own law: names, layers, sizes, documented contract
//! injection.rs   texts that want to be more than data: what reaches the model
//! kit/       what tests stand on: hosts, databases, actors, components
//! actions.rs what a persona does for its person
//! author.rs  the persona of the SDK's documentation, from its ten lines to an answer
//! chaos.rs   the host killed in the middle of work
//! cli.rs     the command line, as a child process
//! health.rs  whether requests are welcome, as an orchestrator asks
//! model.rs   every way in which a model server can misbehave, and what comes of it
//! retrieval.rs  what is found without a model, on a labelled set
//! swap.rs    rules replaced under load
//! sweep/     every operation of the document: bad input, and who may
//! zoo.rs     hostile components, let loose through the front door
//! rest/      one file a resource: what a client may do, and every way it is refused
//! ```
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on says where by panicking")]
#![expect(
    clippy::case_sensitive_file_extension_comparisons,
    clippy::format_collect,
    clippy::needless_pass_by_value,
    reason = "tests read plainly; they run once"
)]

mod actions;
mod author;
mod chaos;
mod cli;
mod health;
mod house;
mod injection;
mod kit;
mod model;
mod rest;
mod retrieval;
mod swap;
mod sweep;
mod zoo;
