//! The direct method: when the next event happens, then which it is.

use super::DEFAULT_MAX_EVENTS;
use super::propensities::{Propensities, refuse_time_dependence};
use super::simulate::{Draw, Exact};
use super::small::Small;
use super::sparse::Sparse;
use super::sum_tree::SumTree;
use crate::error::DynamicsError;
use crate::method::{Method, Sampler};
use crate::rng::SimRng;
use kurtz_model::Kinetics;
use serde::{Deserialize, Serialize};

/// Gillespie's direct method: with a_0 the sum of all propensities a_j, the next event comes after a time
/// exponential with mean 1 / a_0 and is of reaction j with probability a_j / a_0 (Gillespie 1977, eq. 21).
///
/// Exact. The method of choice unless one wants to check it by another.
///
/// # Complexity
/// An event costs O(M) for networks of up to eight mass-action reactions (M), with a small constant, otherwise
/// O(D log M), with D the number of propensities that depend on the event.
///
/// # References
/// D. T. Gillespie, J. Phys. Chem. 81 (1977) 2340-2361, doi:10.1021/j100540a008.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Direct {
    /// Events after which a trajectory is given up, at least 1. Default 1e9, some 20 s.
    pub max_events: u64,
}

impl Default for Direct {
    fn default() -> Self {
        Direct { max_events: DEFAULT_MAX_EVENTS }
    }
}

impl Method for Direct {
    fn name(&self) -> &'static str {
        "direct"
    }

    fn references(&self) -> &'static [&'static str] {
        &["gillespie1977"]
    }

    fn sampler(&self, kinetics: &Kinetics) -> Result<Box<dyn Sampler>, DynamicsError> {
        refuse_time_dependence(self.name(), kinetics)?;
        Ok(super::dispatch!(kinetics, self.max_events, Rule, SumTree))
    }
}

/// The next event by the sum of all propensities.
#[derive(Default)]
struct Rule;

impl<const M: usize, const S: usize, const O: usize> Draw<Small<M, S, O>> for Rule {
    #[inline(always)]
    fn draw(&mut self, network: &mut Small<M, S, O>, _: Option<usize>, time: f64, rng: &mut SimRng) -> (f64, usize) {
        let sums = cumulative(network.propensities());
        let total = sums[M - 1];
        // If no reaction can happen this is infinite, and what is drawn below never comes to pass.
        let waiting = rng.exponential() / total;
        // 0 < u < 1 strictly, hence 0 < target < total: a reaction of propensity 0 is never chosen.
        let target = rng.uniform() * total;
        let mut reaction = 0;
        for sum in &sums[..M - 1] {
            reaction += usize::from(*sum <= target);
        }
        (time + waiting, reaction)
    }
}

/// a_0, a_0 + a_1, ..., never decreasing, and equal where a_j = 0; in an order with few steps that wait for others.
#[inline(always)]
fn cumulative<const M: usize>(mut a: [f64; M]) -> [f64; M] {
    // Pairs first: within a pair a_j + a_(j+1) >= a_j, and rounding keeps the order.
    let mut before = 0.0;
    for j in (0..M).step_by(2) {
        let pair = a[j] + a[j + 1];
        a[j] += before;
        before += pair;
        a[j + 1] = before;
    }
    a
}

impl Draw<Sparse<SumTree>> for Rule {
    #[inline]
    fn draw(&mut self, network: &mut Sparse<SumTree>, _: Option<usize>, time: f64, rng: &mut SimRng) -> (f64, usize) {
        let total = network.total();
        // Below the smallest normal number products with the sum lose their relative precision, and the mean waiting
        // time is beyond every horizon.
        if !(f64::MIN_POSITIVE..f64::INFINITY).contains(&total) {
            return (if total < 1.0 { f64::INFINITY } else { f64::NAN }, 0);
        }
        let waiting = rng.exponential() / total;
        (time + waiting, network.sums.choose(rng.uniform() * total))
    }
}
