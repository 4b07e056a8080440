//! Which units drop out: a function of (seed, step, layer, unit, sample) alone.

/// Dropout masks under one seed.
///
/// A unit of a sample is dropped if a hash of its index, keyed by (seed, step, layer), is below the probability: no
/// state, so that training can be resumed at any step and one layer can be computed before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Masks {
    seed: u64,
}

/// The mask of one layer in one step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mask {
    first: u32,
    second: u32,
    /// Hashes below this are dropped.
    threshold: u32,
    /// Factor of those kept, 1 / (1 - p).
    scale: f32,
}

impl Masks {
    pub fn new(seed: u64) -> Self {
        Masks { seed }
    }

    /// The mask of `layer` in `step`, dropping with `probability` in [0, 1).
    pub fn layer(&self, step: u64, layer: u64, probability: f64) -> Mask {
        let key = mix(mix(mix(self.seed) ^ step) ^ layer);
        Mask {
            first: key as u32,
            second: (key >> 32) as u32,
            threshold: (probability * 2f64.powi(32)) as u32,
            scale: (1.0 / (1.0 - probability)) as f32,
        }
    }
}

impl Mask {
    /// The factor of entry `index`: 0 or 1 / (1 - p).
    #[inline(always)]
    pub fn factor(&self, index: u32) -> f32 {
        let mut x = index.wrapping_mul(0x9E37_79B9) ^ self.first;
        x ^= x >> 16;
        x = x.wrapping_mul(0x7FEB_352D);
        x ^= x >> 15;
        x = (x ^ self.second).wrapping_mul(0x846C_A68B);
        x ^= x >> 16;
        if x < self.threshold { 0.0 } else { self.scale }
    }
}

/// The finaliser of SplitMix64 (Steele, Lea & Flood 2014, doi:10.1145/2660193.2660195), a bijection of 64 bits.
fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 200 masks of 6400 entries: the number dropped is binomial, and neighbours in every index are uncorrelated.
    #[test]
    fn dropped_units_are_as_many_as_asked_and_independent() {
        let (p, n) = (0.3, 6400_u32);
        let masks = Masks::new(7);
        let bits = |step, layer| {
            let mask = masks.layer(step, layer, p);
            (0..n).map(|i| f64::from(u8::from(mask.factor(i) == 0.0))).collect::<Vec<_>>()
        };
        let (mut dropped, mut neighbours, mut steps, mut layers) = (0.0, 0.0, 0.0, 0.0);
        let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - p) * (b - p)).sum::<f64>();
        for step in 0..200 {
            let (here, next, above) = (bits(step, 0), bits(step + 1, 0), bits(step, 1));
            dropped += here.iter().sum::<f64>();
            neighbours += product(&here[1..], &here[..n as usize - 1]);
            steps += product(&here, &next);
            layers += product(&here, &above);
        }
        let total = 200.0 * f64::from(n);
        // Four comparisons at 1e-6 each: |z| < 4.9.
        assert!((dropped - p * total).abs() < 4.9 * (p * (1.0 - p) * total).sqrt(), "{dropped}");
        for sum in [neighbours, steps, layers] {
            assert!(sum.abs() < 4.9 * p * (1.0 - p) * total.sqrt(), "{sum}");
        }
    }

    #[test]
    fn what_is_kept_is_scaled_so_that_the_mean_stays() {
        let mask = Masks::new(1).layer(3, 2, 0.5);
        assert!((0..100).all(|i| [0.0, 2.0].contains(&mask.factor(i))));
        let none = Masks::new(1).layer(3, 2, 0.0);
        assert!((0..100).all(|i| none.factor(i) == 1.0));
    }
}
