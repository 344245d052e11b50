//! What one call may use, and what one component may be: the table of figures per kind.
//!
//! The table is the default and the ceiling without an operator. A manifest may lower any row in `[limits]`; a row it
//! raises becomes a need (`Needs::limits`), shown in the difference and held until an operator accepts it. Beyond
//! [`LimitRow::ceiling`] nobody goes: the pooled engine is built for that size.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::manifest::Kind;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// Largest component that is read at all, in bytes, whatever its kind and manifest say.
pub const MAX_COMPONENT_BYTES: u64 = 64 * MIB;
/// Native stack that guest frames may use, in bytes; the rest of [`ASYNC_STACK_BYTES`] is for host frames.
pub const MAX_WASM_STACK: usize = 256 << 10;
/// Stack of one async call, in bytes. At least 1.5 MiB stay for the host: a guard-page hit aborts the process.
pub const ASYNC_STACK_BYTES: usize = 2 << 20;
/// Bytes of arguments and results that one host call or lift may move (wasmtime's default is 128 MiB).
pub const HOSTCALL_FUEL: usize = 4 << 20;
/// Component-model handles a store may hold (wasmtime's default is 100 000).
pub const MAX_HANDLES: usize = 256;
/// Entries of the host's resource table of one call (wasmtime's default is 1 000 000).
pub const MAX_RESOURCES: usize = 128;

/// Limits of one call and one component. Times are milliseconds, sizes bytes, the rest counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// CPU time that guest code may burn in a call; waiting in host calls does not count.
    pub cpu_ms: u64,
    /// CPU time added for each streamed piece.
    pub cpu_ms_per_piece: u64,
    /// Wall time of a call with host time, from the instance's start.
    pub deadline_ms: u64,
    /// How long a call waits to be admitted before it is `overloaded`.
    pub admission_ms: u64,
    /// All linear memories of a call together.
    pub memory_bytes: u64,
    /// Host calls in a call.
    pub host_calls: u64,
    /// Host calls added for each streamed piece.
    pub host_calls_per_piece: u64,
    /// What a call may return.
    pub output_bytes: u64,
    /// What a call may log; more is dropped and counted.
    pub log_bytes: u64,
    /// Model calls in a call.
    pub model_calls: u64,
    /// Model tokens, in and out, in a call.
    pub model_tokens: u64,
    /// Key-value storage: per user, or of the plugin.
    pub kv_bytes: u64,
    /// Size of the component.
    pub component_bytes: u64,
    /// Tables of a call.
    pub tables: u64,
    /// Elements of each table.
    pub table_elements: u64,
    /// Core instances of a call. Generated shims count: a plain Rust component has three to five.
    pub core_instances: u64,
    /// Linear memories of a call.
    pub memories: u64,
}

impl Limits {
    /// The table's column for a kind.
    pub const fn of(kind: Kind) -> Self {
        let plain = Self {
            cpu_ms: 0,
            cpu_ms_per_piece: 0,
            deadline_ms: 0,
            admission_ms: 2_000,
            memory_bytes: 0,
            host_calls: 0,
            host_calls_per_piece: 0,
            output_bytes: 256 * KIB,
            log_bytes: 8 * KIB,
            model_calls: 0,
            model_tokens: 0,
            kv_bytes: MIB,
            component_bytes: 16 * MIB,
            tables: 8,
            table_elements: 10_000,
            core_instances: 16,
            memories: 2,
        };
        match kind {
            Kind::AuthProvider => Self {
                cpu_ms: 50,
                deadline_ms: 5_000,
                admission_ms: 1_000,
                memory_bytes: 16 * MIB,
                host_calls: 32,
                output_bytes: 8 * KIB,
                log_bytes: 4 * KIB,
                kv_bytes: 64 * KIB,
                component_bytes: 4 * MIB,
                ..plain
            },
            Kind::XpRules => Self {
                cpu_ms: 10,
                deadline_ms: 250,
                admission_ms: 500,
                memory_bytes: 8 * MIB,
                host_calls: 16,
                output_bytes: 4 * KIB,
                log_bytes: KIB,
                kv_bytes: 0,
                component_bytes: 2 * MIB,
                ..plain
            },
            Kind::Persona => Self {
                cpu_ms: 100,
                cpu_ms_per_piece: 2,
                deadline_ms: 120_000,
                memory_bytes: 32 * MIB,
                host_calls: 256,
                host_calls_per_piece: 1,
                model_calls: 4,
                model_tokens: 16_000,
                ..plain
            },
            Kind::TaskIntelligence => Self {
                cpu_ms: 200,
                deadline_ms: 30_000,
                memory_bytes: 64 * MIB,
                host_calls: 256,
                model_calls: 8,
                model_tokens: 16_000,
                ..plain
            },
        }
    }

    /// These limits with every requested row set, never above the row's ceiling. Unknown keys are ignored: the
    /// manifest's parser has refused them.
    #[must_use]
    pub fn with(mut self, request: &LimitRequest) -> Self {
        for row in ROWS {
            if let Some(value) = request.get(row.key) {
                *(row.field)(&mut self) = (*value).min(row.ceiling);
            }
        }
        self
    }

    /// The value of a row.
    pub fn get(&self, row: &LimitRow) -> u64 {
        *(row.field)(&mut self.clone())
    }
}

/// Requested rows by key, for example `memory` → 33554432.
pub type LimitRequest = BTreeMap<String, u64>;

/// What a row counts; decides how it is written and read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Milliseconds, an integer.
    Milliseconds,
    /// Bytes, an integer or text as `"8MiB"`.
    Bytes,
    /// A plain number.
    Count,
}

impl Unit {
    /// The value as an operator reads it: `8 MiB`, `250 ms`, `16`.
    pub fn show(self, value: u64) -> String {
        match self {
            Self::Milliseconds => format!("{value} ms"),
            Self::Bytes => show_bytes(value),
            Self::Count => value.to_string(),
        }
    }
}

/// One row of the table that a manifest may name in `[limits]`.
#[derive(Debug)]
pub struct LimitRow {
    /// Key in `[limits]`.
    pub key: &'static str,
    /// What it counts.
    pub unit: Unit,
    /// The most that an operator can accept.
    pub ceiling: u64,
    field: fn(&mut Limits) -> &mut u64,
}

/// Every row that a manifest may name.
pub const ROWS: &[LimitRow] = &[
    LimitRow { key: "cpu-ms", unit: Unit::Milliseconds, ceiling: 10_000, field: |l| &mut l.cpu_ms },
    LimitRow { key: "deadline-ms", unit: Unit::Milliseconds, ceiling: 600_000, field: |l| &mut l.deadline_ms },
    LimitRow { key: "memory", unit: Unit::Bytes, ceiling: 256 * MIB, field: |l| &mut l.memory_bytes },
    LimitRow { key: "host-calls", unit: Unit::Count, ceiling: 4_096, field: |l| &mut l.host_calls },
    LimitRow { key: "output", unit: Unit::Bytes, ceiling: 4 * MIB, field: |l| &mut l.output_bytes },
    LimitRow { key: "log", unit: Unit::Bytes, ceiling: 64 * KIB, field: |l| &mut l.log_bytes },
    LimitRow { key: "model-calls", unit: Unit::Count, ceiling: 64, field: |l| &mut l.model_calls },
    LimitRow { key: "model-tokens", unit: Unit::Count, ceiling: 1_000_000, field: |l| &mut l.model_tokens },
    LimitRow { key: "kv", unit: Unit::Bytes, ceiling: 64 * MIB, field: |l| &mut l.kv_bytes },
    LimitRow { key: "component-size", unit: Unit::Bytes, ceiling: MAX_COMPONENT_BYTES, field: |l| &mut l.component_bytes },
    LimitRow { key: "tables", unit: Unit::Count, ceiling: 64, field: |l| &mut l.tables },
    LimitRow { key: "table-elements", unit: Unit::Count, ceiling: 20_000, field: |l| &mut l.table_elements },
    LimitRow { key: "core-instances", unit: Unit::Count, ceiling: 64, field: |l| &mut l.core_instances },
];

/// The row of a key.
pub fn row(key: &str) -> Option<&'static LimitRow> {
    ROWS.iter().find(|row| row.key == key)
}

/// Bytes as a person writes them: `64 KiB`, `8 MiB`, `1500 bytes`.
pub fn show_bytes(bytes: u64) -> String {
    match bytes {
        0 => "0 bytes".to_owned(),
        b if b % MIB == 0 => format!("{} MiB", b / MIB),
        b if b % KIB == 0 => format!("{} KiB", b / KIB),
        b => format!("{b} bytes"),
    }
}

/// Reads `8MiB`, `256 KiB`, `1GiB`, `4096` or `4096 B`. `None`: not a size, or beyond 64 bits.
pub fn parse_bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..digits].parse().ok()?;
    let unit = match text[digits..].trim() {
        "" | "B" => 1,
        "KiB" => KIB,
        "MiB" => MIB,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_lowers_and_raises_only_what_it_names() {
        let request = LimitRequest::from([("memory".to_owned(), 4 * MIB), ("cpu-ms".to_owned(), 20)]);
        let limits = Limits::of(Kind::XpRules).with(&request);
        assert_eq!((limits.memory_bytes, limits.cpu_ms), (4 * MIB, 20));
        assert_eq!(limits.deadline_ms, Limits::of(Kind::XpRules).deadline_ms);
        assert_eq!(limits.clone().with(&request), limits);
    }

    #[test]
    fn nothing_goes_above_the_ceiling() {
        let request = ROWS.iter().map(|row| (row.key.to_owned(), u64::MAX)).collect();
        let limits = Limits::of(Kind::Persona).with(&request);
        for row in ROWS {
            assert_eq!(limits.get(row), row.ceiling, "{}", row.key);
        }
    }

    #[test]
    fn every_default_is_below_its_ceiling() {
        for kind in Kind::ALL {
            for row in ROWS {
                assert!(Limits::of(kind).get(row) <= row.ceiling, "{kind} {}", row.key);
            }
        }
    }

    #[test]
    fn sizes_are_read_and_written_alike_and_nonsense_is_refused() {
        for (text, bytes) in [("8MiB", 8 * MIB), ("256 KiB", 256 * KIB), ("1GiB", 1 << 30), ("17", 17), ("17 B", 17)] {
            assert_eq!(parse_bytes(text), Some(bytes));
        }
        for text in ["", "MiB", "8MB", "-1", "1.5MiB", "99999999999999999999", "99999999999999GiB", "8 MiB please", "８MiB"] {
            assert_eq!(parse_bytes(text), None, "{text}");
        }
        assert_eq!(show_bytes(8 * MIB), "8 MiB");
        assert_eq!(show_bytes(1500), "1500 bytes");
    }
}
