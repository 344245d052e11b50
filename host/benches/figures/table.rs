//! The table that is printed.

/// A figure beside its other side.
struct Row {
    figure: String,
    ours: String,
    other: String,
    target: String,
    verdict: &'static str,
}

/// All figures of a run.
#[derive(Default)]
pub(crate) struct Table(Vec<Row>);

impl Table {
    /// A ratio that must not exceed `most`. Both sides in the words of `show`.
    pub(crate) fn ratio(&mut self, figure: &str, ours: f64, other: f64, most: f64, show: impl Fn(f64) -> String) {
        let ratio = ours / other;
        self.push(figure, show(ours), show(other), format!("× {ratio:.2} ≤ {most}"), Some(ratio <= most));
    }

    /// A figure that must not exceed `most`.
    pub(crate) fn at_most(&mut self, figure: &str, ours: f64, other: &str, most: f64, show: impl Fn(f64) -> String) {
        self.push(figure, show(ours), other.to_owned(), format!("≤ {}", show(most)), Some(ours <= most));
    }

    /// A figure that must not fall below `least`.
    pub(crate) fn at_least(&mut self, figure: &str, ours: f64, other: &str, least: f64, show: impl Fn(f64) -> String) {
        self.push(figure, show(ours), other.to_owned(), format!("≥ {}", show(least)), Some(ours >= least));
    }

    /// A figure that is only told.
    pub(crate) fn told(&mut self, figure: &str, ours: String, other: &str) {
        self.push(figure, ours, other.to_owned(), String::new(), None);
    }

    fn push(&mut self, figure: &str, ours: String, other: String, target: String, met: Option<bool>) {
        let verdict = met.map_or("", |met| if met { "met" } else { "MISSED" });
        // Told at once too: the sections after this one take a while.
        eprintln!("      {figure}: {ours}{} {target} {verdict}", if other.is_empty() { String::new() } else { format!(" ({other})") });
        self.0.push(Row { figure: figure.to_owned(), ours, other, target, verdict });
    }

    /// As a Markdown table, to paste into a note.
    pub(crate) fn print(&self) {
        println!("\n| figure | ours | other side | target | |\n|---|---|---|---|---|");
        for row in &self.0 {
            println!("| {} | {} | {} | {} | {} |", row.figure, row.ours, row.other, row.target, row.verdict);
        }
    }
}

/// Microseconds.
pub(crate) fn micros(value: f64) -> String {
    format!("{value:.1} µs")
}

/// Milliseconds.
pub(crate) fn millis(value: f64) -> String {
    format!("{value:.1} ms")
}

/// Mebibytes.
pub(crate) fn mebibytes(value: f64) -> String {
    format!("{value:.1} MiB")
}
