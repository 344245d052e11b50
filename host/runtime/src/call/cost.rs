//! What our call costs beside bare wasmtime on the same engine: run by hand,
//! `cargo test -p mnemosyne-runtime --lib cost -- --ignored --nocapture`.

use std::time::{Duration, Instant};

use mnemosyne_bindings::xp_rules::ExportsPre;
use wasmtime::Store;
use wasmtime::component::{Component, Linker};

use crate::kit::{House, Rules, completion, nobody};

const ROUNDS: usize = 5_000;

fn percentile(times: &mut [Duration], percent: usize) -> Duration {
    times.sort_unstable();
    times[times.len() * percent / 100]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
#[ignore = "a measurement, not a check"]
async fn a_call_costs_little_more_than_bare_wasmtime() {
    let house = House::new();
    let bytes = Rules::default().build();
    let revision = house.revision(bytes.clone()).await;
    let engine = house.runtime.engine().clone();
    let component = Component::new(&engine, &bytes).unwrap();
    let bare = ExportsPre::new(Linker::<()>::new(&engine).instantiate_pre(&component).unwrap()).unwrap();
    let (mut ours, mut whole, mut theirs, mut cpu, mut with_drop) = (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let (completion, bare) = (completion(), bare.clone());
        let engine = engine.clone();
        let task = house.runtime.guests().spawn(async move {
            let begun = Instant::now();
            let mut store = Store::new(&engine, ());
            store.set_epoch_deadline(1_000_000);
            let rules = bare.instantiate_async(&mut store).await.unwrap();
            let proposal = rules.mnemosyne_xp_rules_rules().call_award(&mut store, &completion).await.unwrap().unwrap();
            let answered = begun.elapsed();
            drop(store);
            (answered, begun.elapsed(), proposal.base)
        });
        let (bare_time, dropped, _) = task.await.unwrap();
        let completion = self::completion();
        let begun = Instant::now();
        let called = house.runtime.xp_rules(&revision, nobody()).award(completion).await.unwrap();
        let all = begun.elapsed();
        if round > ROUNDS / 10 {
            theirs.push(bare_time);
            with_drop.push(dropped);
            ours.push(called.record.wall);
            cpu.push(called.record.guest_cpu);
            whole.push(all);
        }
    }
    let begun = Instant::now();
    for _ in 0..10_000 {
        std::hint::black_box(crate::meter::thread_cpu());
    }
    println!("thread clock {:?}", begun.elapsed() / 10_000);
    let begun = Instant::now();
    for _ in 0..10_000 {
        std::hint::black_box(Instant::now());
    }
    println!("clock {:?}", begun.elapsed() / 10_000);
    for percent in [10, 50, 90] {
        let (ours, theirs) = (percentile(&mut ours, percent), percentile(&mut theirs, percent));
        println!(
            "p{percent}: bare {theirs:?} with drop {:?}, ours {ours:?} (× {:.2}), cpu {:?}, with the hop {:?}",
            percentile(&mut with_drop, percent),
            ours.as_secs_f64() / theirs.as_secs_f64(),
            percentile(&mut cpu, percent),
            percentile(&mut whole, percent)
        );
    }
}
