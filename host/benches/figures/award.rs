//! One `award` in a fresh instance with every limit on, beside bare wasmtime with the same engine settings and beside the
//! native function; the hop from the caller's thread and the admission stand apart.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use mnemosyne_sdk::plugin::xp_rules::XpRules as _;

use crate::guest::{Bare, Ours, completion, component};
use crate::sample::Sample;
use crate::table::{Table, micros};

const ROUNDS: usize = 20_000;
/// Native calls that one look at the clock measures.
const NATIVE: usize = 32;

pub(crate) fn run(table: &mut Table) {
    let callers = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("threads");
    let bytes = component();
    let bare = Arc::new(Bare::new(&bytes));
    // Both are kept until the end here: a runtime must not be dropped on a thread of another one.
    let ours = Arc::new(callers.block_on(Ours::new(bytes)));
    let measuring = callers.spawn(measure(Arc::clone(&ours), Arc::clone(&bare)));
    let mut figures = callers.block_on(measuring).expect("the measurement");
    let (our_time, bare_time, native) = (figures.ours.micros(50), figures.bare.micros(50), figures.native.micros(50) / NATIVE as f64);
    table.ratio("`award`, fresh instance, p50 (bare wasmtime, same engine)", our_time, bare_time, 1.25, micros);
    table.ratio("`award`, fresh instance, p50 (the native function)", our_time, native, 45.0, |value| format!("{value:.2} µs"));
    let alone = figures.alone.micros(50) / NATIVE as f64;
    table.told("beside it: the native function with its argument already made, p50", format!("{alone:.2} µs"), "");
    let bare_hop = format!("bare: {}", micros(figures.bare_hop.micros(50)));
    table.told("beside it: hop to the guest worker and back, p50", micros(figures.hop.micros(50)), &bare_hop);
    table.told("beside it: admission, p50", micros(figures.admission.micros(50)), "");
}

#[derive(Default)]
struct Figures {
    ours: Sample,
    bare: Sample,
    native: Sample,
    alone: Sample,
    hop: Sample,
    bare_hop: Sample,
    admission: Sample,
}

async fn measure(ours: Arc<Ours>, bare: Arc<Bare>) -> Figures {
    let native = mnemosyne_sdk::sample::completion();
    let mut figures = Figures::default();
    for round in 0..ROUNDS {
        if round == ROUNDS / 10 {
            // What came before has warmed all three.
            figures = Figures::default();
        }
        // In turn, so that whatever else the machine does meets all of them.
        let judged = completion();
        let begun = Instant::now();
        let record = ours.award(judged).await;
        let whole = begun.elapsed();
        figures.ours.push(record.wall);
        figures.admission.push(record.waited);
        figures.hop.push(whole.saturating_sub(record.wall + record.waited));

        let judged = completion();
        let begun = Instant::now();
        let inside = bare.award(judged).await;
        figures.bare_hop.push(begun.elapsed().saturating_sub(inside));
        figures.bare.push(inside);

        let begun = Instant::now();
        for _ in 0..NATIVE {
            // By value, as the component's export gets it: whoever calls a function makes its argument.
            let judged = black_box(native.clone());
            let _ = black_box(xp_rules_classic::Classic::award(&judged));
        }
        figures.native.push(begun.elapsed());

        let begun = Instant::now();
        for _ in 0..NATIVE {
            let _ = black_box(xp_rules_classic::Classic::award(black_box(&native)));
        }
        figures.alone.push(begun.elapsed());
    }
    figures
}
