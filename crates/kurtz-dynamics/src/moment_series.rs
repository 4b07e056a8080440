//! Moments over time, sampled or computed: what ensembles give, hierarchies predict and learners read.

use serde::{Deserialize, Serialize};

/// Which moment: the power of each species, `[species]`. Powers that sum to 1 name a mean, to 2 a (co)variance.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MomentIndex(pub Vec<u8>);

impl MomentIndex {
    /// Sum of the powers.
    pub fn order(&self) -> u32 {
        self.0.iter().map(|&e| u32::from(e)).sum()
    }

    /// All moments of orders 1 to `order` of `species` species: by order, then the first species first
    /// (A, B, AA, AB, BB, ...).
    pub fn up_to(species: usize, order: u32) -> Vec<MomentIndex> {
        fn extend(species: usize, left: u32, powers: &mut Vec<u8>, all: &mut Vec<MomentIndex>) {
            if powers.len() + 1 == species {
                powers.push(u8::try_from(left).expect("orders are small"));
                all.push(MomentIndex(powers.clone()));
                powers.pop();
                return;
            }
            for e in (0..=left).rev() {
                powers.push(u8::try_from(e).expect("orders are small"));
                extend(species, left - e, powers, all);
                powers.pop();
            }
        }
        let mut all = Vec::new();
        if species > 0 {
            (1..=order).for_each(|o| extend(species, o, &mut Vec::new(), &mut all));
        }
        all
    }
}

/// Means and central moments of the counts of some species over time.
///
/// Order 1 holds means, higher orders central moments (divided by N, not N - 1), all in molecules.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MomentSeries {
    /// Names of the species, in the order of the powers of each index.
    pub species: Vec<String>,
    /// Times, increasing, `[times]`.
    pub times: Vec<f64>,
    /// Which moments, `[moments]`.
    pub indices: Vec<MomentIndex>,
    /// Their values, `[times x moments]`, row-major.
    pub values: Vec<f64>,
    /// Number of independent trajectories behind the values; `None` if they were computed, not sampled.
    pub trajectories: Option<u64>,
    /// Sampling covariance of `values` (already divided by the number of trajectories),
    /// `[(times x moments) x (times x moments)]`, row-major, of the first `covariance_moments` indices only.
    pub covariance: Option<Vec<f64>>,
    /// How many of the leading `indices` the covariance covers.
    pub covariance_moments: usize,
}

impl MomentSeries {
    /// The value of moment `m` at time `t`, both positions.
    pub fn value(&self, t: usize, m: usize) -> f64 {
        self.values[t * self.indices.len() + m]
    }

    /// Standard error of moment `m` at time `t`, if a covariance is known for it.
    pub fn standard_error(&self, t: usize, m: usize) -> Option<f64> {
        let k = self.covariance_moments;
        let covariance = self.covariance.as_ref().filter(|_| m < k)?;
        let i = t * k + m;
        Some(covariance[i * self.times.len() * k + i].sqrt())
    }

    /// Position of a moment among `indices`.
    pub fn position(&self, index: &MomentIndex) -> Option<usize> {
        self.indices.iter().position(|i| i == index)
    }
}
