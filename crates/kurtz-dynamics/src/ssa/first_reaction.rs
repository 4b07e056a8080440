//! The first-reaction method: every reaction proposes a time, the earliest happens.

use super::DEFAULT_MAX_EVENTS;
use super::propensities::refuse_time_dependence;
use super::simulate::{Draw, Exact};
use super::small::Small;
use super::sparse::{Sparse, Sums, Unsummed};
use crate::error::DynamicsError;
use crate::method::{Method, Sampler};
use crate::rng::SimRng;
use kurtz_model::Kinetics;
use serde::{Deserialize, Serialize};

/// Gillespie's first-reaction method: every reaction j draws a time exponential with mean 1 / a_j; the earliest
/// happens, and all draw again (Gillespie 1976, section 3).
///
/// Exact, and equal in law to [`super::Direct`], but it draws one variate per possible reaction and event: use it to
/// check the direct method, or to repeat work that used it.
///
/// # Complexity
/// An event costs O(M) exponential variates for M reactions.
///
/// # References
/// D. T. Gillespie, J. Comput. Phys. 22 (1976) 403-434, doi:10.1016/0021-9991(76)90041-3.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FirstReaction {
    /// Events after which a trajectory is given up, at least 1. Default 1e9, a minute.
    pub max_events: u64,
}

impl Default for FirstReaction {
    fn default() -> Self {
        FirstReaction { max_events: DEFAULT_MAX_EVENTS }
    }
}

impl Method for FirstReaction {
    fn name(&self) -> &'static str {
        "first-reaction"
    }

    fn references(&self) -> &'static [&'static str] {
        &["gillespie1976"]
    }

    fn sampler(&self, kinetics: &Kinetics) -> Result<Box<dyn Sampler>, DynamicsError> {
        refuse_time_dependence(self.name(), kinetics)?;
        Ok(super::dispatch!(kinetics, self.max_events, Rule, Unsummed))
    }
}

/// The earliest of the times proposed; infinite if there is none, NaN if a propensity is bad.
#[inline(always)]
fn earliest(propensities: &[f64], now: f64, rng: &mut SimRng) -> (f64, usize) {
    let mut first = (f64::INFINITY, 0);
    for (j, &a) in propensities.iter().enumerate() {
        if a > 0.0 && a < f64::INFINITY {
            let time = now + rng.exponential() / a;
            if time < first.0 {
                first = (time, j);
            }
        } else if a != 0.0 {
            return (f64::NAN, 0);
        }
    }
    first
}

/// The next event by what each reaction proposes.
#[derive(Default)]
struct Rule;

impl<const M: usize, const S: usize, const O: usize> Draw<Small<M, S, O>> for Rule {
    #[inline(always)]
    fn draw(&mut self, network: &mut Small<M, S, O>, _: Option<usize>, time: f64, rng: &mut SimRng) -> (f64, usize) {
        earliest(&network.propensities()[..network.reactions()], time, rng)
    }
}

impl Draw<Sparse<Unsummed>> for Rule {
    #[inline]
    fn draw(&mut self, network: &mut Sparse<Unsummed>, _: Option<usize>, time: f64, rng: &mut SimRng) -> (f64, usize) {
        earliest(network.sums.values(), time, rng)
    }
}
