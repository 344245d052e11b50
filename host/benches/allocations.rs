//! Allocations of one plugin call, beside bare wasmtime: `make bench` prints them after the table, or
//! `cargo bench --bench allocations`. A binary of its own, because its allocator counts.
//!
//! Nothing else runs meanwhile, so the process' counters are the call's. What ours adds and why is told in ARCHITECTURE.md.

#![expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]

#[path = "figures/guest.rs"]
mod guest;

use std::alloc::System;
use std::sync::Arc;

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

use guest::{Bare, Ours, completion, component};

#[global_allocator]
static COUNTING: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const CALLS: usize = 2_000;

fn main() {
    let threads = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("threads");
    let bytes = component();
    let bare = Arc::new(Bare::new(&bytes));
    let ours = threads.block_on(Ours::new(bytes));
    println!("\n| allocations of one `award` | number | bytes |\n|---|---|---|");
    threads.block_on(async {
        // Once for what is made only once.
        ours.award(completion()).await;
        bare.award(completion()).await;
        let input = counted(async || drop(completion())).await;
        let ours = counted(async || drop(ours.award(completion()).await)).await;
        let bare = counted(async || {
            bare.award(completion()).await;
        })
        .await;
        for (name, (number, size)) in [("ours, with hop, limits and record", ours), ("bare wasmtime, with a spawned task", bare)] {
            println!("| {name} | {:.1} | {:.0} |", number - input.0, size - input.1);
        }
        println!("| the input itself, not in the lines above | {:.1} | {:.0} |", input.0, input.1);
    });
}

/// Number and bytes of one round.
async fn counted(work: impl AsyncFn()) -> (f64, f64) {
    let region = Region::new(COUNTING);
    for _ in 0..CALLS {
        work().await;
    }
    let change = region.change();
    (change.allocations as f64 / CALLS as f64, change.bytes_allocated as f64 / CALLS as f64)
}
