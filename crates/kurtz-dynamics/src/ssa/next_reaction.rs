//! The next-reaction method: every reaction keeps the time it proposed until what it depends on changes.

use super::DEFAULT_MAX_EVENTS;
use super::propensities::refuse_time_dependence;
use super::queue::Queue;
use super::simulate::{Draw, Exact};
use super::sparse::{Sparse, Sums, Unsummed};
use crate::error::DynamicsError;
use crate::method::{Method, Sampler};
use crate::rng::SimRng;
use kurtz_model::Kinetics;
use serde::{Deserialize, Serialize};

/// The next-reaction method: as in [`super::FirstReaction`] every reaction proposes a time, but keeps it until it has
/// happened. When its propensity changes from a to a' at t, the time tau it proposed becomes t + (a / a') (tau - t)
/// (Gibson & Bruck 2000, eq. 12), so that an event costs one new variate; the earliest is kept in an indexed priority
/// queue.
///
/// Exact. It shines where few propensities depend on an event and one wants absolute times of many channels; here
/// [`super::CompositionRejection`] is faster on large networks, whose cost does not grow with the logarithm.
///
/// # Complexity
/// An event costs O(D log M), with D the number of propensities that depend on it, and one exponential variate.
///
/// # References
/// M. A. Gibson, J. Bruck, J. Phys. Chem. A 104 (2000) 1876-1889, doi:10.1021/jp993732q.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NextReaction {
    /// Events after which a trajectory is given up, at least 1. Default 1e9.
    pub max_events: u64,
}

impl Default for NextReaction {
    fn default() -> Self {
        NextReaction { max_events: DEFAULT_MAX_EVENTS }
    }
}

impl Method for NextReaction {
    fn name(&self) -> &'static str {
        "next-reaction"
    }

    fn references(&self) -> &'static [&'static str] {
        &["gibson2000"]
    }

    fn sampler(&self, kinetics: &Kinetics) -> Result<Box<dyn Sampler>, DynamicsError> {
        refuse_time_dependence(self.name(), kinetics)?;
        let network = Sparse::<Unsummed>::new(kinetics);
        Ok(Box::new(Exact::<_, Rule>::new(network, self.max_events)))
    }
}

/// The times proposed, and the propensities they were proposed at.
#[derive(Default)]
struct Rule {
    queue: Queue,
    propensities: Vec<f64>,
}

/// Time at which a reaction of propensity `a` happens next, seen from `now`.
#[inline]
fn propose(a: f64, now: f64, rng: &mut SimRng) -> f64 {
    if a > 0.0 { now + rng.exponential() / a } else { f64::INFINITY }
}

impl Draw<Sparse<Unsummed>> for Rule {
    fn draw(
        &mut self,
        network: &mut Sparse<Unsummed>,
        fired: Option<usize>,
        time: f64,
        rng: &mut SimRng,
    ) -> (f64, usize) {
        let now = network.sums.values();
        let good = |a: f64| (0.0..f64::INFINITY).contains(&a);
        let Some(fired) = fired else {
            if !now.iter().all(|&a| good(a)) {
                return (f64::NAN, 0);
            }
            self.propensities.clear();
            self.propensities.extend_from_slice(now);
            self.queue.fill(now.iter().map(|&a| propose(a, time, rng)));
            return self.queue.first();
        };
        if !good(now[fired]) {
            return (f64::NAN, fired);
        }
        for &dependent in network.dependents(fired) {
            let j = dependent as usize;
            let (before, a) = (self.propensities[j], now[j]);
            if j == fired || a == before {
                continue;
            }
            if !good(a) {
                return (f64::NAN, j);
            }
            self.propensities[j] = a;
            // A reaction that could not happen has nothing to keep: its waiting begins anew.
            let proposed = if a >= f64::MIN_POSITIVE && before > 0.0 {
                time + before / a * (self.queue.time(j) - time)
            } else {
                propose(a, time, rng)
            };
            self.queue.put(j, proposed);
        }
        self.propensities[fired] = now[fired];
        self.queue.put(fired, propose(now[fired], time, rng));
        self.queue.first()
    }
}
