//! Weights of the Poisson law, truncated with a known error.

/// The Poisson law of mean q on `left..left + weights.len()`; everything else is below `dropped` in sum.
///
/// The weights are found by recursion from the mode and normalised by their own sum, so that no logarithm of a
/// factorial loses digits and no mean is too large (the idea of Fox & Glynn 1988, doi:10.1145/42404.42409).
#[derive(Clone, Debug)]
pub(super) struct PoissonWeights {
    pub(super) left: usize,
    pub(super) weights: Vec<f64>,
    /// Probability that is not in `weights`.
    pub(super) dropped: f64,
}

impl PoissonWeights {
    /// Keeps all but at most `tolerance` of the law of mean `q`.
    pub(super) fn new(q: f64, tolerance: f64) -> Self {
        let mode = q.floor();
        // Beyond weights of 1e-30 of the largest, the tails (at most geometric from there) cannot be seen in f64.
        let negligible = 1e-30;
        let mut up = vec![1.0];
        let mut k = mode;
        let mut w: f64 = 1.0;
        while w > negligible {
            k += 1.0;
            w *= q / k;
            up.push(w);
        }
        let mut down = Vec::new();
        let mut k = mode;
        let mut w: f64 = 1.0;
        while w > negligible && k > 0.0 {
            w *= k / q;
            k -= 1.0;
            down.push(w);
        }
        let mut left = mode as usize - down.len();
        let mut weights: Vec<f64> = down.into_iter().rev().chain(up).collect();
        // Small terms first on both sides of the mode.
        let peak = mode as usize - left;
        let total = weights[..peak].iter().sum::<f64>() + weights[peak..].iter().rev().sum::<f64>();
        weights.iter_mut().for_each(|w| *w /= total);
        let mut dropped = 0.0;
        let mut low = 0;
        while low < peak && dropped + weights[low] <= 0.5 * tolerance {
            dropped += weights[low];
            low += 1;
        }
        let mut high = weights.len();
        while high > peak + 1 && dropped + weights[high - 1] <= tolerance {
            dropped += weights[high - 1];
            high -= 1;
        }
        weights.truncate(high);
        weights.drain(..low);
        left += low;
        PoissonWeights { left, weights, dropped }
    }

    /// The weight of `k`.
    pub(super) fn weight(&self, k: usize) -> f64 {
        k.checked_sub(self.left).and_then(|i| self.weights.get(i)).copied().unwrap_or(0.0)
    }

    /// The largest k of positive weight.
    pub(super) fn right(&self) -> usize {
        self.left + self.weights.len() - 1
    }

    /// Probability of `k` and above, within the weights kept.
    pub(super) fn tail(&self, k: usize) -> f64 {
        self.weights[k.saturating_sub(self.left).min(self.weights.len())..].iter().sum()
    }

    /// Probability of `left + i` and above, within the weights kept, for i = 0 to `weights.len()`.
    pub(super) fn tails(&self) -> Vec<f64> {
        let mut tails = vec![0.0; self.weights.len() + 1];
        for i in (0..self.weights.len()).rev() {
            tails[i] = tails[i + 1] + self.weights[i];
        }
        tails
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use statrs::distribution::{Discrete, Poisson};

    #[test]
    fn weights_are_those_of_the_poisson_law() {
        for q in [1e-3, 0.7, 1.0, 5.5, 40.0, 1234.5] {
            let weights = PoissonWeights::new(q, 1e-12);
            let law = Poisson::new(q).unwrap();
            for (i, &w) in weights.weights.iter().enumerate() {
                let exact = law.pmf((weights.left + i) as u64);
                assert!((w - exact).abs() <= 1e-11 * exact, "q {q}, k {}: {w} {exact}", weights.left + i);
            }
            let sum: f64 = weights.weights.iter().sum();
            assert!(weights.dropped <= 1e-12 && (1.0 - sum - weights.dropped).abs() < 1e-14);
        }
    }

    #[test]
    fn huge_means_neither_overflow_nor_lose_mass() {
        let weights = PoissonWeights::new(1e7, 1e-10);
        assert!((weights.weights.iter().sum::<f64>() - 1.0).abs() < 1.1e-10);
        // Six and a half standard deviations to each side keep 1e-10.
        assert!(weights.weights.len() < 45_000);
        let mean: f64 = weights.weights.iter().enumerate().map(|(i, w)| (weights.left + i) as f64 * w).sum();
        assert!((mean / 1e7 - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_mean_of_zero_stays_where_it_is() {
        let weights = PoissonWeights::new(0.0, 1e-10);
        assert_eq!((weights.left, weights.weights.as_slice(), weights.dropped), (0, &[1.0][..], 0.0));
        assert_eq!(weights.tail(0), 1.0);
        assert_eq!(weights.tail(1), 0.0);
    }
}
