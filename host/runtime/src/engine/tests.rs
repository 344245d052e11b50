//! One test for each switch: a smallest module or component that uses the feature is refused. `Config` cannot be asked what
//! it was set to, so only behaviour tells. Each has a twin without the feature that compiles: the refusal is not about
//! something else.

use wasmtime::component::Component;
use wasmtime::{Engine, Module};

use super::*;

fn engine() -> Engine {
    Engine::new(&profile()).unwrap()
}

/// Refused as a module, and the twin is accepted.
fn refused(feature: &str, twin: &str) {
    let engine = engine();
    let bytes = |text: &str| wat::parse_str(text).unwrap();
    assert!(Module::new(&engine, bytes(twin)).is_ok(), "the twin of {feature} must compile");
    let error = Module::new(&engine, bytes(feature)).expect_err(feature);
    assert!(format!("{error:#}").len() > 10);
}

const EMPTY: &str = "(module)";

#[test]
fn threads_and_shared_memory_are_off() {
    refused("(module (memory 1 1 shared))", "(module (memory 1 1))");
    refused(
        "(module (memory 1) (func (drop (i32.atomic.load (i32.const 0)))))",
        "(module (memory 1) (func (drop (i32.load (i32.const 0)))))",
    );
}

#[test]
fn gc_and_function_references_are_off() {
    refused("(module (type (struct (field i32))))", EMPTY);
    refused("(module (type $f (func)) (func (param (ref null $f))))", "(module (func (param funcref)))");
    refused("(module (func (param anyref)))", "(module (func (param externref)))");
}

#[test]
fn exceptions_are_off() {
    refused("(module (tag))", EMPTY);
    refused("(module (func (try_table)))", "(module (func (block)))");
}

#[test]
fn memory64_and_multi_memory_are_off() {
    refused("(module (memory i64 1))", "(module (memory 1))");
    refused("(module (memory 1) (memory 1))", "(module (memory 1))");
    refused("(module (table i64 1 funcref))", "(module (table 1 funcref))");
}

#[test]
fn tail_calls_are_off() {
    refused("(module (func $f return_call $f))", "(module (func $f call $f))");
}

#[test]
fn stack_switching_is_off() {
    refused("(module (type $f (func)) (type (cont $f)))", EMPTY);
}

#[test]
fn relaxed_simd_is_off_and_simd_is_on() {
    refused(
        "(module (func (param v128 v128 v128) (result v128) (f32x4.relaxed_madd (local.get 0) (local.get 1) (local.get 2))))",
        "(module (func (param v128 v128) (result v128) (f32x4.add (local.get 0) (local.get 1))))",
    );
}

#[test]
fn custom_page_sizes_and_wide_arithmetic_are_off() {
    refused("(module (memory 1 (pagesize 1)))", "(module (memory 1))");
    refused(
        "(module (func (param i64 i64 i64 i64) (result i64 i64)
            (i64.add128 (local.get 0) (local.get 1) (local.get 2) (local.get 3))))",
        "(module (func (param i64 i64) (result i64) (i64.add (local.get 0) (local.get 1))))",
    );
}

#[test]
fn component_model_async_streams_and_error_context_are_off() {
    let engine = engine();
    let accepts = |text: &str| Component::new(&engine, wat::parse_str(text).unwrap()).is_ok();
    assert!(accepts("(component (type (list u8)))"));
    assert!(accepts(r#"(component (import "f" (func)))"#));
    assert!(!accepts("(component (type (stream u8)))"));
    assert!(!accepts("(component (type (future u8)))"));
    assert!(!accepts(r#"(component (import "f" (func (param "e" error-context))))"#));
    assert!(!accepts(r#"(component (import "f" (func async)))"#));
    assert!(!accepts(r#"(component (import "f" (func $f)) (core func (canon lower (func $f) async)))"#));
    assert!(!accepts("(component (core func (canon task.cancel)))"));
}

#[test]
fn component_model_gc_maps_and_fixed_lists_are_off() {
    let engine = engine();
    let accepts = |text: &str| Component::new(&engine, wat::parse_str(text).unwrap()).is_ok();
    assert!(!accepts("(component (type (map string u8)))"));
    assert!(!accepts("(component (type (list u8 4)))"));
}

#[test]
fn a_core_module_is_no_component() {
    assert!(Component::new(&engine(), wat::parse_str(EMPTY).unwrap()).is_err());
}

/// Runs `(func (export "run") (param f64) (result i64))` without async, on an engine of this profile.
fn bits(body: &str, input: f64) -> u64 {
    let engine = engine();
    let module = Module::new(&engine, format!(r#"(module (func (export "run") (param f64) (result i64) {body}))"#)).unwrap();
    let mut store = wasmtime::Store::new(&engine, ());
    store.set_epoch_deadline(1_000);
    let instance = wasmtime::Instance::new(&mut store, &module, &[]).unwrap();
    let run = instance.get_typed_func::<f64, i64>(&mut store, "run").unwrap();
    run.call(&mut store, input).unwrap().cast_unsigned()
}

#[test]
fn there_is_one_nan() {
    const CANONICAL: u64 = 0x7ff8_0000_0000_0000;
    let odd = f64::from_bits(0xfff8_dead_beef_0001);
    let sum = "(i64.reinterpret_f64 (f64.add (local.get 0) (f64.const 1)))";
    assert_eq!(bits(sum, odd), CANONICAL);
    let inf_minus_inf = "(i64.reinterpret_f64 (f64.sub (local.get 0) (local.get 0)))";
    assert_eq!(bits(inf_minus_inf, f64::INFINITY), CANONICAL);
}

#[test]
fn epochs_interrupt_a_loop() {
    let engine = engine();
    let module = Module::new(&engine, r#"(module (func (export "run") (loop $l (br $l))))"#).unwrap();
    let mut store = wasmtime::Store::new(&engine, ());
    store.set_epoch_deadline(1);
    let instance = wasmtime::Instance::new(&mut store, &module, &[]).unwrap();
    let run = instance.get_typed_func::<(), ()>(&mut store, "run").unwrap();
    engine.increment_epoch();
    let error = run.call(&mut store, ()).unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&wasmtime::Trap::Interrupt));
}

#[test]
fn the_guests_stack_is_256_kib() {
    let engine = engine();
    // Each frame takes at least 8 bytes of 40 locals that live across the call.
    let text = r#"(module (global $depth (mut i32) (i32.const 0))
        (func $down (global.set $depth (i32.add (global.get $depth) (i32.const 1))) (call $down))
        (func (export "run") (call $down)) (export "depth" (global $depth)))"#;
    let module = Module::new(&engine, text).unwrap();
    let mut store = wasmtime::Store::new(&engine, ());
    store.set_epoch_deadline(1_000);
    let instance = wasmtime::Instance::new(&mut store, &module, &[]).unwrap();
    let run = instance.get_typed_func::<(), ()>(&mut store, "run").unwrap();
    assert_eq!(run.call(&mut store, ()).unwrap_err().downcast_ref(), Some(&wasmtime::Trap::StackOverflow));
    let depth = instance.get_global(&mut store, "depth").unwrap().get(&mut store).unwrap_i32();
    assert!((2_000..=32_768).contains(&depth), "{depth} frames of at least 8 and at most 128 bytes fit 256 KiB");
}

#[test]
fn the_pool_and_the_compiling_child_agree_on_artefacts() {
    use std::hash::{Hash, Hasher};
    let hash = |engine: &Engine| {
        let mut hasher = std::hash::DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        hasher.finish()
    };
    let pool = serving(&Pool { calls: 4, core_instances: 64, ..Pool::default() }).unwrap();
    assert_eq!(hash(&engine()), hash(&pool));
}

#[test]
fn the_ticker_ticks_and_measures_itself() {
    let engine = engine();
    let ticker = Ticker::start(&engine, Duration::from_millis(1)).unwrap();
    while ticker.drift().ticks < 5 {
        std::thread::yield_now();
    }
    let drift = ticker.drift();
    assert!(drift.worst >= drift.latest || drift.worst > Duration::ZERO);
}
