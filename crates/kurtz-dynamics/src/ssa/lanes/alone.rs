//! The same trajectories one at a time: the draws of a lane, in the same order and to the same bits.

use super::flat::{Flat, waiting_time};
use super::kernel::cumulate;
use super::logarithm::exponential;
use crate::rng::SimRng;
use crate::ssa::propensities::Propensities;
use crate::ssa::simulate::Draw;
use crate::ssa::small::Small;
use kurtz_model::{ReactionId, SpeciesId};
use std::sync::Arc;

/// The rule by which a lane draws.
#[derive(Default)]
pub(super) struct InLane;

impl<const M: usize, const S: usize, const O: usize> Draw<Small<M, S, O>> for InLane {
    #[inline(always)]
    fn draw(&mut self, network: &mut Small<M, S, O>, _: Option<usize>, time: f64, rng: &mut SimRng) -> (f64, usize) {
        let mut sums = network.propensities();
        cumulate(&mut sums);
        let total = sums[M - 1];
        let waiting = exponential(rng.uniform()) / total;
        let target = rng.uniform() * total;
        let mut reaction = 0;
        for sum in &sums[..M - 1] {
            reaction += usize::from(*sum <= target);
        }
        (time + waiting, reaction)
    }
}

/// A state of a network in flat tables; only the propensities that depend on an event are renewed after it.
#[derive(Clone, Debug)]
pub(super) struct FlatAlone {
    tables: Arc<Flat>,
    /// Position of each reaction.
    position: Vec<usize>,
    state: Vec<f64>,
    /// By position.
    propensities: Vec<f64>,
    sums: Vec<f64>,
}

impl FlatAlone {
    pub fn new(tables: &Arc<Flat>) -> Self {
        let reactions = tables.order.len();
        let mut position = vec![0; reactions];
        for (p, reaction) in tables.order.iter().enumerate() {
            position[reaction.index()] = p;
        }
        FlatAlone {
            tables: Arc::clone(tables),
            position,
            state: vec![0.0; tables.kinetics.network().species.len()],
            propensities: vec![0.0; reactions],
            sums: vec![0.0; reactions],
        }
    }

    fn renew(&mut self, reaction: ReactionId) {
        let a = self.tables.kinetics.propensity(reaction, f64::NAN, &self.state);
        // A mass-action propensity of -0 or of what is not there is none of a law's faults.
        self.propensities[self.position[reaction.index()]] = if a >= 0.0 { a } else { f64::NAN };
    }

    fn sum(&mut self) {
        self.sums.copy_from_slice(&self.propensities);
        if self.negative().is_some()
            && let Some(first) = self.sums.first_mut()
        {
            *first = f64::NAN;
        }
        cumulate(&mut self.sums);
    }
}

impl Draw<FlatAlone> for InLane {
    #[inline]
    fn draw(&mut self, network: &mut FlatAlone, _: Option<usize>, time: f64, rng: &mut SimRng) -> (f64, usize) {
        let total = network.total();
        let waiting = waiting_time(exponential(rng.uniform()), total);
        let target = rng.uniform() * total;
        let position = network.sums.partition_point(|&sum| sum <= target);
        (time + waiting, network.tables.order.get(position).map_or(0, |reaction| reaction.index()))
    }
}

impl Propensities for FlatAlone {
    fn species(&self) -> usize {
        self.state.len()
    }

    fn load(&mut self, counts: &[i64]) {
        self.state.iter_mut().zip(counts).for_each(|(x, &n)| *x = n as f64);
        (0..self.position.len()).for_each(|j| self.renew(ReactionId::from(j)));
        self.sum();
    }

    fn fire(&mut self, reaction: usize) {
        let tables = Arc::clone(&self.tables);
        let reaction = ReactionId::from(reaction);
        for &(s, n) in tables.kinetics.state_change(reaction) {
            self.state[s.index()] += n as f64;
        }
        tables.kinetics.dependents(reaction).iter().for_each(|&dependent| self.renew(dependent));
        self.sum();
    }

    fn state(&self) -> &[f64] {
        &self.state
    }

    fn total(&self) -> f64 {
        self.sums.last().copied().unwrap_or(0.0)
    }

    fn bad_propensity(&self) -> Option<(ReactionId, f64)> {
        let reactions = (0..self.position.len()).map(ReactionId::from);
        reactions
            .map(|id| (id, self.tables.kinetics.propensity(id, f64::NAN, &self.state)))
            .find(|(_, a)| !(0.0..f64::INFINITY).contains(a))
    }

    fn negative(&self) -> Option<SpeciesId> {
        let lowest = |s: &&usize| self.state[**s] < 0.0;
        self.tables.guarded.iter().find(lowest).map(|&s| SpeciesId::from(s))
    }

    fn change(&self, reaction: usize) -> Vec<(SpeciesId, i64)> {
        self.tables.kinetics.state_change(ReactionId::from(reaction)).to_vec()
    }
}
