//! Percentiles of measured times.

use std::time::Duration;

/// Measured times.
#[derive(Default)]
pub(crate) struct Sample(Vec<Duration>);

impl Sample {
    pub(crate) fn push(&mut self, time: Duration) {
        self.0.push(time);
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// The value below which `percent` of the times lie, in microseconds.
    pub(crate) fn micros(&mut self, percent: usize) -> f64 {
        self.0.sort_unstable();
        self.0[(self.0.len() * percent / 100).min(self.0.len() - 1)].as_secs_f64() * 1e6
    }

    /// The same in milliseconds.
    pub(crate) fn millis(&mut self, percent: usize) -> f64 {
        self.micros(percent) / 1e3
    }
}

/// The middle one.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}
