//! The sorting direct method: linear search through reactions that are kept roughly in order of how often they happen.

use super::DEFAULT_MAX_EVENTS;
use super::propensities::refuse_time_dependence;
use super::simulate::{Draw, Exact};
use super::sparse::Sparse;
use super::sum_tree::SumTree;
use crate::error::DynamicsError;
use crate::method::{Method, Sampler};
use crate::rng::SimRng;
use kurtz_model::Kinetics;
use serde::{Deserialize, Serialize};

/// The sorting direct method: the direct method with a linear search, in which a reaction that happens moves one place
/// towards the front (McCollum, Peterson, Cox, Simpson & Samatova 2006).
///
/// Exact. It is here to repeat work that used it; the search costs O(M) where all reactions are about equally fast.
///
/// # Complexity
/// An event costs O(D log M + L), with L the mean place of the reaction that happens.
///
/// # References
/// J. M. McCollum, G. D. Peterson, C. D. Cox, M. L. Simpson, N. F. Samatova, Comput. Biol. Chem. 30 (2006) 39-49,
/// doi:10.1016/j.compbiolchem.2005.10.007.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SortingDirect {
    /// Events after which a trajectory is given up, at least 1. Default 1e9.
    pub max_events: u64,
}

impl Default for SortingDirect {
    fn default() -> Self {
        SortingDirect { max_events: DEFAULT_MAX_EVENTS }
    }
}

impl Method for SortingDirect {
    fn name(&self) -> &'static str {
        "sorting-direct"
    }

    fn references(&self) -> &'static [&'static str] {
        &["mccollum2006"]
    }

    fn sampler(&self, kinetics: &Kinetics) -> Result<Box<dyn Sampler>, DynamicsError> {
        refuse_time_dependence(self.name(), kinetics)?;
        let network = Sparse::<SumTree>::new(kinetics);
        Ok(Box::new(Exact::<_, Rule>::new(network, self.max_events)))
    }
}

/// The order in which reactions are searched.
#[derive(Default)]
struct Rule {
    order: Vec<u32>,
}

impl Draw<Sparse<SumTree>> for Rule {
    fn draw(
        &mut self,
        network: &mut Sparse<SumTree>,
        fired: Option<usize>,
        time: f64,
        rng: &mut SimRng,
    ) -> (f64, usize) {
        let propensities = network.sums.values();
        if fired.is_none() {
            // A trajectory must not depend on the one before.
            self.order = (0..propensities.len() as u32).collect();
        }
        let total = network.sums.total();
        // See the direct method.
        if !(f64::MIN_POSITIVE..f64::INFINITY).contains(&total) {
            return (if total < 1.0 { f64::INFINITY } else { f64::NAN }, 0);
        }
        let next = time + rng.exponential() / total;
        let mut target = rng.uniform() * total;
        // The last that can happen, should rounding lead beyond it.
        let mut last = 0;
        for (place, &reaction) in self.order.iter().enumerate() {
            let a = propensities[reaction as usize];
            if a > 0.0 {
                last = place;
                if target < a {
                    break;
                }
                target -= a;
            }
        }
        let reaction = self.order[last] as usize;
        if last > 0 {
            self.order.swap(last, last - 1);
        }
        (next, reaction)
    }
}
