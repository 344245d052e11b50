//! The engine: which WebAssembly a plugin may be, and on what it runs.
//!
//! [`profile`] is the one list of switches, shared by the serving engine (pooling allocator) and by the compiling child
//! (on-demand allocator: a pool would hit its address-space limit). wasmtime's `Config` cannot be asked what it was set
//! to, so each switch has a behavioural test in `engine/tests.rs`.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig, Strategy};

use crate::error::StartError;
use crate::limits::{ASYNC_STACK_BYTES, MAX_WASM_STACK};

/// The engine's switches, without an allocator. Anything here changes compiled code or what is accepted: a change makes
/// every cached artefact stale, which its compatibility hash notices.
pub fn profile() -> Config {
    let mut config = Config::new();
    config
        // Cranelift only: epoch interruption does not work under the baseline compiler.
        .strategy(Strategy::Cranelift)
        .cranelift_opt_level(OptLevel::Speed)
        // Interrupts guests by a counter that the ticker raises: about 10 % on tight loops, where fuel costs 2–3 times as much.
        .epoch_interruption(true)
        // One NaN on every machine: rules must give the same bytes forever.
        .cranelift_nan_canonicalization(true)
        // Traps must not need more memory or time than they deserve.
        .wasm_backtrace_max_frames(NonZeroUsize::new(16))
        .max_wasm_stack(MAX_WASM_STACK)
        .async_stack_size(ASYNC_STACK_BYTES)
        // A call must not read what another left on its stack.
        .async_stack_zeroing(true)
        // Fresh instances by copy-on-write image instead of copying data segments.
        .memory_init_cow(true)
        // Component-model async, streams and error-context are not even compiled in (no crate feature): plugins stream
        // over host resources. Without the bookkeeping for them a fresh call costs half.
        .concurrency_support(false)
        .wasm_component_model(true)
        .wasm_component_model_gc(false)
        .wasm_component_model_map(false)
        .wasm_component_model_memory64(false)
        .wasm_component_model_fixed_length_lists(false);
    proposals_off(&mut config);
    config
}

/// Proposals that no toolchain of ours needs. Each is code in the compiler and the runtime that a hostile component
/// could otherwise reach; most sandbox advisories of the last years were in one of these.
fn proposals_off(config: &mut Config) {
    config
        .wasm_gc(false)
        .wasm_function_references(false)
        .wasm_exceptions(false)
        // No threads: also no timer good enough to measure a cache with.
        .wasm_threads(false)
        .shared_memory(false)
        .wasm_shared_everything_threads(false)
        // 64-bit memories lose the guard pages that make bounds checks free.
        .wasm_memory64(false)
        .wasm_multi_memory(false)
        .wasm_tail_call(false)
        .wasm_stack_switching(false)
        // Relaxed SIMD may differ between machines; plain SIMD stays, compilers emit it.
        .wasm_relaxed_simd(false)
        .wasm_custom_page_sizes(false)
        .wasm_wide_arithmetic(false);
}

/// How many calls may be alive at once, and how large each may be. The pool reserves address space, not memory.
#[derive(Clone, Debug)]
pub struct Pool {
    /// Component instances, that is calls alive at once. 4 maps each: `vm.max_map_count` caps it near 16 000.
    pub calls: u32,
    /// Core instances together. A plain Rust component has three to five, a JavaScript one up to 60.
    pub core_instances: u32,
    /// Largest linear memory, in bytes: the ceiling of the limits table.
    pub memory_bytes: usize,
}

impl Default for Pool {
    fn default() -> Self {
        Self { calls: 352, core_instances: 4_096, memory_bytes: 256 << 20 }
    }
}

/// The serving engine: [`profile`] on a pool.
///
/// # Errors
/// [`StartError::Engine`] when the address space cannot be reserved.
pub fn serving(pool: &Pool) -> Result<Engine, StartError> {
    let mut config = profile();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(tuned(pool)));
    Engine::new(&config).map_err(|error| StartError::Engine(format!("{error:#}")))
}

/// Figures from measurements: a fresh call takes 13.5 µs with them, 45 µs with the defaults.
fn tuned(pool: &Pool) -> PoolingAllocationConfig {
    let mut tuned = PoolingAllocationConfig::new();
    tuned
        .total_component_instances(pool.calls)
        .total_core_instances(pool.core_instances)
        .total_stacks(pool.calls)
        .total_memories(pool.calls * 2)
        .total_tables(pool.calls * 8)
        .max_memories_per_component(2)
        .max_tables_per_component(64)
        .max_tables_per_module(16)
        .max_memories_per_module(1)
        .max_core_instances_per_component(64)
        .max_component_instance_size(8 << 20)
        .max_core_instance_size(8 << 20)
        .table_elements(20_000)
        .max_memory_size(pool.memory_bytes);
    // Keeping pages resident beats unmapping them only while the kernel can tell which were written (Linux 6.7);
    // without that, every reset would touch all of them, so little is kept.
    if PoolingAllocationConfig::is_pagemap_scan_available() {
        tuned
            .pagemap_scan(Enabled::Yes)
            .linear_memory_keep_resident(1 << 20)
            .table_keep_resident(64 << 10)
            .async_stack_keep_resident(64 << 10);
    } else {
        tuned.linear_memory_keep_resident(64 << 10).table_keep_resident(64 << 10).async_stack_keep_resident(64 << 10);
    }
    tuned
}

/// Raises the engine's epoch at a steady pace from a plain OS thread. Never a task of an async runtime: a spinning
/// guest can hold the very worker that would have to stop it.
#[derive(Debug)]
pub(crate) struct Ticker {
    state: Arc<TickerState>,
    thread: Option<std::thread::JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct TickerState {
    stop: AtomicBool,
    ticks: AtomicU64,
    latest: AtomicU64,
    worst: AtomicU64,
}

/// How well the ticker keeps its pace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drift {
    /// Ticks since the start.
    pub ticks: u64,
    /// How late the last tick was.
    pub latest: Duration,
    /// How late the worst tick since the start was.
    pub worst: Duration,
}

impl Ticker {
    /// Starts the thread. It ends with the ticker.
    #[expect(clippy::disallowed_methods, reason = "a thread of its own: it must not depend on any async runtime's workers")]
    pub(crate) fn start(engine: &Engine, period: Duration) -> std::io::Result<Self> {
        let state = Arc::new(TickerState::default());
        let (seen, engine) = (state.clone(), engine.clone());
        let thread = std::thread::Builder::new().name("plugin-ticker".to_owned()).spawn(move || {
            while !seen.stop.load(Relaxed) {
                let before = Instant::now();
                std::thread::sleep(period);
                engine.increment_epoch();
                let late = u64::try_from(before.elapsed().saturating_sub(period).as_micros()).unwrap_or(u64::MAX);
                seen.latest.store(late, Relaxed);
                seen.worst.fetch_max(late, Relaxed);
                seen.ticks.fetch_add(1, Relaxed);
            }
        })?;
        Ok(Self { state, thread: Some(thread) })
    }

    /// How well it keeps its pace.
    pub(crate) fn drift(&self) -> Drift {
        Drift {
            ticks: self.state.ticks.load(Relaxed),
            latest: Duration::from_micros(self.state.latest.load(Relaxed)),
            worst: Duration::from_micros(self.state.worst.load(Relaxed)),
        }
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.state.stop.store(true, Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests;
