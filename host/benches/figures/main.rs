//! The figures this project answers for, both sides in one run: `make bench`, or `cargo bench --bench figures -- award login`.
//!
//! ```text
//! main.rs      which sections, the table
//! table.rs     a figure, its other side, its target
//! sample.rs    percentiles
//! process.rs   a host as a child process: CPU time, memory, its address
//! people.rs    accounts and tasks to work with
//! guest.rs     the classic rules under our runtime and under bare wasmtime
//! award.rs     one guest call beside bare wasmtime and the native function
//! complete.rs  a completion beside a bare axum handler with the same SQL (bare.rs)
//! start.rs     start to ready, memory at rest
//! login.rs     what others feel while many log in
//! swaps.rs     a thousand swaps under load: failures, memory
//! search.rs    hybrid search over 10 000 memories, recall, memory of a hundred people
//! retrieval.rs what is found without a model, on a labelled set
//! remember.rs  keeping a memory; an embedder that hangs
//! stream.rs    what is added to each streamed word; two hundred streams at once
//! leave.rs     clients that leave, for good or to come back
//! relay.rs     a bare relay of a stream, beside which ours stands
//! upstream.rs  a model server that knows when it sent what      frames.rs  server-sent events as a client reads them
//! random.rs    numbers, vectors and texts, the same in every run
//! ```
//! Nothing here is a test: a missed target is printed, not failed, because time on a shared machine proves nothing alone.
#![expect(
    clippy::disallowed_methods,
    clippy::panic,
    clippy::cast_precision_loss,
    reason = "a program that measures: it reads the clock, ends on what it did not expect, and counts far below 2^53"
)]

mod award;
mod bare;
mod complete;
mod frames;
mod guest;
mod leave;
mod login;
mod people;
mod process;
mod random;
mod relay;
mod remember;
mod retrieval;
mod sample;
mod search;
mod start;
mod stream;
mod swaps;
mod table;
mod upstream;

use table::Table;

/// Measures, and adds its rows.
type Section = fn(&mut Table);

/// Name, what it measures, how.
const SECTIONS: [(&str, &str, Section); 10] = [
    ("award", "one guest call beside bare wasmtime and the native function", award::run),
    ("complete", "PATCH /tasks/{id}/complete beside a bare axum handler with the same SQL", complete::run),
    ("start", "start to ready, memory at rest", start::run),
    ("swaps", "a thousand swaps while 32 clients complete tasks", swaps::run),
    ("login", "GET /auth/me while 16 clients log in", login::run),
    ("search", "hybrid search over 10 000 memories, recall of eight bits, memory of a hundred people", search::run),
    ("retrieval", "what is found without a model, on a labelled set", retrieval::run),
    ("stream", "what host and guest add to each streamed word; 200 streams at once", stream::run),
    ("leave", "clients that leave: cancelled, or resumed", leave::run),
    ("remember", "keeping a memory beside a bare insert; an embedder that hangs", remember::run),
];

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    match words.as_slice() {
        [role, folder] if role == bare::ROLE => return bare::serve(folder),
        [role, upstream] if role == relay::ROLE => return relay::serve(upstream),
        _ => {}
    }
    if std::env::args().any(|word| word == "--help" || word == "--list") {
        return SECTIONS.iter().for_each(|(name, what, _)| println!("{name:<10} {what}"));
    }
    if let Some(unknown) = words.iter().find(|word| SECTIONS.iter().all(|(name, ..)| name != word)) {
        eprintln!("error: there is no section `{unknown}`\n  hint: {}", SECTIONS.map(|(name, ..)| name).join(", "));
        std::process::exit(2);
    }
    let mut table = Table::default();
    for (name, what, run) in SECTIONS {
        if words.is_empty() || words.iter().any(|word| word == name) {
            eprintln!("    {name}: {what}");
            run(&mut table);
        }
    }
    table.print();
}
