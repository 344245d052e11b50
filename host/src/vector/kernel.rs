//! Arithmetic, plain so that the compiler vectorises it: no intrinsics, no `unsafe`, the same result on every machine for the
//! integer pass.

/// A query or a row in eight bits.
#[derive(Clone, Debug)]
pub(super) struct Quantized {
    /// −127…127 each.
    pub(super) values: Vec<i8>,
    /// What a product of integers is multiplied with on this side to give a cosine; 0 for the zero vector.
    pub(super) factor: f32,
}

/// Rounds a vector to eight bits, with one scale for all of it.
///
/// The factor holds the scale and the true norm, so that `dot(a, b) · factor(a) · factor(b)` is the cosine but for rounding.
#[expect(clippy::cast_possible_truncation, reason = "rounded to −127…127")]
pub(super) fn quantize(vector: &[f32]) -> Quantized {
    let largest = vector.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
    let norm = dot_floats(vector, vector).sqrt();
    if largest == 0.0 || norm == 0.0 || !norm.is_finite() {
        return Quantized { values: vec![0; vector.len()], factor: 0.0 };
    }
    let scale = largest / 127.0;
    let values = vector.iter().map(|value| (value / scale).round() as i8).collect();
    Quantized { values, factor: scale / norm }
}

/// Sum of products: at most 127² · 4096, well within 32 bits.
pub(super) fn dot(left: &[i8], right: &[i8]) -> i32 {
    left.iter().zip(right).map(|(left, right)| i32::from(*left) * i32::from(*right)).sum()
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
    if norms == 0.0 || !norms.is_finite() {
        return 0.0;
    }
    (dot_floats(left, right) / norms).clamp(-1.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_bits_tell_nearly_the_same_cosine() {
        let wave = |step: f32| -> Vec<f32> { (0_u16..1024).map(|at| (f32::from(at) * step).sin()).collect() };
        for (left, right) in [(0.1, 0.1), (0.1, 0.100_5), (0.1, 0.3), (0.2, 0.21)] {
            let (left, right) = (wave(left), wave(right));
            let (a, b) = (quantize(&left), quantize(&right));
            #[expect(clippy::cast_precision_loss, reason = "a test of nearness")]
            let rounded = dot(&a.values, &b.values) as f32 * a.factor * b.factor;
            assert!((rounded - cosine(&left, &right)).abs() < 0.01, "{rounded} {}", cosine(&left, &right));
        }
    }

    #[test]
    fn the_zero_vector_is_like_nothing() {
        assert_eq!(quantize(&[0.0; 9]).factor.to_bits(), 0);
        assert_eq!(cosine(&[0.0; 9], &[1.0; 9]).to_bits(), 0);
        assert!((cosine(&[2.0; 9], &[3.0; 9]) - 1.0).abs() < 1e-6);
    }
}
