//! What a term must bring to be kept.
//!
//! With N independent repetitions the information on each coefficient grows like N, whatever the number of times at
//! which moments were recorded: values at neighbouring times come from the same trajectories. The evidence of a model
//! with k coefficients is then exp(-(chi2 + k ln N)/2) up to a constant (Schwarz 1978 with one trajectory as the unit of
//! information; Kass & Wasserman 1995). Counting recorded values instead of repetitions (ln 40 = 3.7 for 40 weekly
//! means, against ln 1e6 = 13.8) admits a spurious term in every fifth data set: with seven superfluous terms on offer,
//! P(some chi-square of one degree exceeds 3.7) is about that.

use super::super::fit::WeightedData;
use serde::{Deserialize, Serialize};
use statrs::distribution::{ChiSquared, ContinuousCDF};

/// ln N + 2 ln p: what a reaction must gain in twice the log-likelihood among p candidates, for N single measurements,
/// events or transitions (Chen & Chen 2008, doi:10.1093/biomet/asn034, with gamma = 1).
///
/// [`Penalty::Repetitions`] guards against chance differently, by a maximum instead of a sum, because it serves other
/// data: moments of N trajectories, where the few candidates offered (tens) are far fewer than what ln N pays for. Courses
/// and traces are searched among hundreds of reactions of second order, and there the best of many that are not there
/// gains about 2 ln p beyond what one of them would.
pub(crate) fn extended(n: f64, candidates: usize) -> f64 {
    n.max(3.0).ln() + 2.0 * (candidates as f64).max(1.0).ln()
}

/// What one more term must gain in chi-square to be worth keeping.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Penalty {
    /// ln N, N the independent repetitions behind the data (the number of data, where each is measured once), but at
    /// least the family-wise line of 5 %.
    #[default]
    Repetitions,
    /// The line that all superfluous candidates together cross with at most this probability, in (0, 1).
    FamilyWise(f64),
    /// A number, >= 0.
    PerTerm(f64),
}

impl Penalty {
    /// The penalty per term for given data and number of candidates.
    pub fn per_term(self, data: &WeightedData, candidates: usize) -> f64 {
        match self {
            Penalty::Repetitions => {
                // Repeated measurements of one trajectory each are themselves the repetitions.
                let single = data.conditions().iter().all(|c| c.repetitions <= 1.0);
                let n = if single { data.independent_values() as f64 } else { data.repetitions() };
                // With few repetitions ln N alone would let chance terms in.
                n.max(3.0).ln().max(family_wise(0.05, candidates))
            }
            Penalty::FamilyWise(level) => family_wise(level, candidates),
            Penalty::PerTerm(value) => value,
        }
    }
}

/// The line that the chi-squares of `candidates` superfluous terms cross with at most probability `level` (Bonferroni).
fn family_wise(level: f64, candidates: usize) -> f64 {
    let each = (level / candidates.max(1) as f64).clamp(1e-15, 1.0 - 1e-9);
    ChiSquared::new(1.0).map_or(f64::INFINITY, |law| law.inverse_cdf(1.0 - each))
}

/// Settings of [`super::select_terms`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SelectionSettings {
    /// What a term must bring. Default the logarithm of the number of repetitions.
    pub penalty: Penalty,
    /// Structures whose score (chi-square plus penalties) is within this of the best count as equivalent, > 0.
    /// Default 10: odds of 150 to 1.
    pub window: f64,
    /// Most structures that are refitted. Default 200.
    pub max_refits: usize,
    /// Most subsets that are visited in one search. Default 300000.
    pub max_subsets: usize,
}

impl Default for SelectionSettings {
    fn default() -> Self {
        SelectionSettings { penalty: Penalty::Repetitions, window: 10.0, max_refits: 200, max_subsets: 300_000 }
    }
}
