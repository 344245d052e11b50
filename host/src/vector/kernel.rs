//! Arithmetic, plain so that the compiler vectorises it: no intrinsics, no `unsafe`, the same result on every machine for the
//! integer pass. What is multiplied most is compiled twice, the second time for wider instructions that most processors
//! have; which of them runs is found out while the host runs.

/// A query of the integer pass: eight bits a value, held as sixteen. The widening is done once instead of once a row, and a
/// product of two 16-bit numbers added to its neighbour is one instruction on every x86-64 and ARM.
#[derive(Clone, Debug)]
pub(super) struct Query {
    values: Vec<i16>,
    factor: f32,
    processor: pulp::Arch,
}

impl Query {
    /// Of these floats.
    pub(super) fn of(vector: &[f32]) -> Self {
        let mut row = Vec::with_capacity(vector.len());
        let factor = quantize(vector, &mut row);
        Self { values: row.into_iter().map(i16::from).collect(), factor, processor: pulp::Arch::new() }
    }

    /// The cosine with a row, but for rounding.
    #[expect(clippy::cast_precision_loss, reason = "the first pass is rounded anyway")]
    pub(super) fn near(&self, row: &[i8], factor: f32) -> f32 {
        self.processor.dispatch(|| dot(&self.values, row)) as f32 * self.factor * factor
    }
}

/// Rounds a vector to −127…127 each, with one scale for all of it, and appends it to `rows`.
///
/// What is returned is the row's factor: `dot(a, b) · factor(a) · factor(b)` is the cosine but for rounding. 0 for the zero
/// vector, which is like nothing.
#[expect(clippy::cast_possible_truncation, reason = "rounded to −127…127")]
pub(super) fn quantize(vector: &[f32], rows: &mut Vec<i8>) -> f32 {
    let largest = largest(vector);
    if largest == 0.0 {
        rows.resize(rows.len() + vector.len(), 0);
        return 0.0;
    }
    let mut squares = 0.0_f32;
    rows.extend(vector.iter().map(|value| {
        // scaled first: neither huge nor tiny floats overflow when they are squared
        let value = value / largest;
        squares += value * value;
        (value * 127.0).round() as i8
    }));
    1.0 / (127.0 * squares.sqrt())
}

fn largest(vector: &[f32]) -> f32 {
    vector.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()))
}

/// Sum of products: at most 127² · 4096, well within 32 bits.
#[expect(clippy::inline_always, reason = "it is compiled for the instructions of whoever it is inlined into")]
#[inline(always)]
fn dot(query: &[i16], row: &[i8]) -> i32 {
    query.iter().zip(row).map(|(left, right)| i32::from(*left) * i32::from(i16::from(*right))).sum()
}

/// Sum of products, in eight lanes: a single running sum would forbid vectorising, and lose more precision.
pub(super) fn dot_floats(left: &[f32], right: &[f32]) -> f32 {
    let (left, left_rest) = left.as_chunks::<8>();
    let (right, right_rest) = right.as_chunks::<8>();
    let mut lanes = [0.0_f32; 8];
    for (left, right) in left.iter().zip(right) {
        for lane in 0..8 {
            lanes[lane] += left[lane] * right[lane];
        }
    }
    lanes.iter().sum::<f32>() + left_rest.iter().zip(right_rest).map(|(left, right)| left * right).sum::<f32>()
}

/// Cosine, −1…1; 0 where either is the zero vector, which is like nothing.
pub(super) fn cosine(left: &[f32], right: &[f32]) -> f32 {
    let norms = (dot_floats(left, left) * dot_floats(right, right)).sqrt();
    if norms.is_normal() {
        return (dot_floats(left, right) / norms).clamp(-1.0, 1.0);
    }
    let (left_largest, right_largest) = (largest(left), largest(right));
    if left_largest == 0.0 || right_largest == 0.0 {
        return 0.0;
    }
    // squares of huge or tiny floats left the range: the same again at a scale that cannot
    let scaled = |vector: &[f32], largest: f32| -> Vec<f32> { vector.iter().map(|value| value / largest).collect() };
    let (left, right) = (scaled(left, left_largest), scaled(right, right_largest));
    let norms = (dot_floats(&left, &left) * dot_floats(&right, &right)).sqrt();
    (dot_floats(&left, &right) / norms).clamp(-1.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(step: f32, scale: f32) -> Vec<f32> {
        (0_u16..1023).map(|at| (f32::from(at) * step).sin() * scale).collect()
    }

    fn rounded(left: &[f32], right: &[f32]) -> f32 {
        let mut row = Vec::new();
        let factor = quantize(right, &mut row);
        Query::of(left).near(&row, factor)
    }

    #[test]
    fn eight_bits_tell_nearly_the_same_cosine() {
        for (left, right) in [(0.1, 0.1), (0.1, 0.100_5), (0.1, 0.3), (0.2, 0.21)] {
            let (left, right) = (wave(left, 1.0), wave(right, 3.0));
            assert!((rounded(&left, &right) - cosine(&left, &right)).abs() < 0.005, "{left:?}");
        }
    }

    #[test]
    fn the_zero_vector_is_like_nothing() {
        assert_eq!(rounded(&[0.0; 9], &[1.0; 9]).to_bits(), 0);
        assert_eq!(cosine(&[0.0; 9], &[1.0; 9]).to_bits(), 0);
        assert!((cosine(&[2.0; 9], &[3.0; 9]) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn huge_and_tiny_floats_have_a_direction_too() {
        for scale in [1e-40, 1e-30, 1e30, 1e38] {
            let (plain, scaled, other) = (wave(0.1, 1.0), wave(0.1, scale), wave(0.11, 1.0));
            assert!((cosine(&scaled, &other) - cosine(&plain, &other)).abs() < 0.01, "{scale}");
            assert!((rounded(&scaled, &other) - cosine(&plain, &other)).abs() < 0.01, "{scale}");
        }
    }
}
