//! Rejection with bounds on propensities: most events need no propensity at all.

use super::DEFAULT_MAX_EVENTS;
use super::propensities::{Propensities, refuse_time_dependence};
use super::simulate::{Draw, Exact};
use super::sparse::Kernel;
use super::sum_tree::SumTree;
use crate::error::DynamicsError;
use crate::method::{Method, Sampler};
use crate::rng::SimRng;
use kurtz_model::{Kinetics, ReactionId, SpeciesId};
use serde::{Deserialize, Serialize};

/// The rejection-based method RSSA: while every count stays in an interval, propensities stay between bounds. Candidates
/// are drawn by the upper bounds, at times of their sum, and accepted with probability a / upper bound, for which a is
/// computed only if the candidate is not accepted by the lower bound already (Thanh, Priami & Zunino 2014).
///
/// Exact. It pays where propensities are costly and many depend on each event; laws given as expressions, for which
/// bounds are not known, are computed after every event they depend on.
///
/// # Complexity
/// An event costs O(log M) for each candidate drawn; bounds are renewed, O(D log M), when a count leaves its interval.
///
/// # References
/// V. H. Thanh, C. Priami, R. Zunino, J. Chem. Phys. 141 (2014) 134116, doi:10.1063/1.4896985.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rejection {
    /// Half the width of the interval of a count, as a fraction of it, in (0, 1). Default 0.1 (Thanh et al. take 0.1 to
    /// 0.2). Intervals of counts below 25 reach 4 to either side.
    pub width: f64,
    /// Events after which a trajectory is given up, at least 1. Default 1e9.
    pub max_events: u64,
}

impl Default for Rejection {
    fn default() -> Self {
        Rejection { width: 0.1, max_events: DEFAULT_MAX_EVENTS }
    }
}

impl Method for Rejection {
    fn name(&self) -> &'static str {
        "rejection"
    }

    fn references(&self) -> &'static [&'static str] {
        &["thanh2014"]
    }

    fn sampler(&self, kinetics: &Kinetics) -> Result<Box<dyn Sampler>, DynamicsError> {
        refuse_time_dependence(self.name(), kinetics)?;
        if !(self.width > 0.0 && self.width < 1.0) {
            let expected = "it must be above 0 and below 1";
            return Err(DynamicsError::BadSetting { setting: "the width of intervals", value: self.width, expected });
        }
        Ok(Box::new(Exact::<_, Rule>::new(Bounded::new(kinetics, self.width), self.max_events)))
    }
}

/// A state, the intervals of its counts, and the bounds on propensities that follow.
#[derive(Clone, Debug)]
struct Bounded {
    kinetics: Kinetics,
    width: f64,
    kernels: Vec<Kernel>,
    /// Mass-action reactions that read a species, `[species]`.
    readers: Vec<Vec<u32>>,
    /// Reactions with laws given as expressions that depend on a reaction, `[reactions]`.
    general: Vec<Vec<u32>>,
    is_guarded: Vec<bool>,
    state: Vec<f64>,
    lowest: Vec<f64>,
    highest: Vec<f64>,
    lower: Vec<f64>,
    upper: SumTree,
}

/// Candidates refused in a row after which intervals shrink to what is.
const PATIENCE: u32 = 8;

impl Bounded {
    fn new(kinetics: &Kinetics, width: f64) -> Self {
        let (species, reactions) = (kinetics.network().species.len(), kinetics.network().reactions.len());
        let kernels: Vec<Kernel> = (0..reactions).map(|j| Kernel::of(kinetics, ReactionId::from(j))).collect();
        let mut readers = vec![Vec::new(); species];
        for (j, _) in kernels.iter().enumerate().filter(|(_, kernel)| kernel.is_mass_action()) {
            for s in kinetics.species_read_by(ReactionId::from(j)) {
                readers[s.index()].push(j as u32);
            }
        }
        let ids = (0..reactions).map(ReactionId::from);
        let is_general = |d: &&ReactionId| !kernels[d.index()].is_mass_action();
        let general = ids.clone().map(|id| kinetics.dependents(id).iter().filter(is_general).map(|d| d.0).collect());
        let takes = |id| kinetics.state_change(id).iter().any(|&(_, n)| n < 0);
        Bounded {
            general: general.collect(),
            is_guarded: ids.map(|id| !kernels[id.index()].is_mass_action() && takes(id)).collect(),
            kinetics: kinetics.clone(),
            width,
            kernels,
            readers,
            state: vec![0.0; species],
            lowest: vec![0.0; species],
            highest: vec![0.0; species],
            lower: vec![0.0; reactions],
            upper: SumTree::new(reactions),
        }
    }

    fn propensity(&self, reaction: usize) -> f64 {
        self.kernels[reaction].propensity(&self.kinetics, &self.state)
    }

    /// Puts an interval around a count.
    fn surround(&mut self, species: usize) {
        let x = self.state[species];
        let reach = if x < 25.0 { 4.0 } else { (self.width * x).ceil() };
        (self.lowest[species], self.highest[species]) = ((x - reach).max(0.0), x + reach);
    }

    fn renew(&mut self, reaction: usize) {
        let kernel = &self.kernels[reaction];
        let (lower, upper) = if kernel.is_mass_action() {
            (kernel.propensity(&self.kinetics, &self.lowest), kernel.propensity(&self.kinetics, &self.highest))
        } else {
            let a = self.propensity(reaction);
            (a, a)
        };
        self.lower[reaction] = lower;
        if upper.to_bits() != self.upper.values()[reaction].to_bits() {
            self.upper.put(reaction, upper);
        }
    }

    fn renew_readers(&mut self, species: usize) {
        for k in 0..self.readers[species].len() {
            self.renew(self.readers[species][k] as usize);
        }
    }

    /// Makes the bounds of a mass-action reaction equal to its propensity.
    #[cold]
    fn tighten(&mut self, reaction: usize) {
        let id = ReactionId::from(reaction);
        for k in 0..self.kinetics.species_read_by(id).len() {
            let s = self.kinetics.species_read_by(id)[k].index();
            (self.lowest[s], self.highest[s]) = (self.state[s], self.state[s]);
            self.renew_readers(s);
        }
    }
}

/// The next event by bounds.
#[derive(Default)]
struct Rule;

impl Draw<Bounded> for Rule {
    fn draw(&mut self, network: &mut Bounded, _: Option<usize>, mut time: f64, rng: &mut SimRng) -> (f64, usize) {
        let mut refused = 0;
        loop {
            let total = network.upper.total();
            // See the direct method.
            if !(f64::MIN_POSITIVE..f64::INFINITY).contains(&total) {
                return (if total < 1.0 { f64::INFINITY } else { f64::NAN }, 0);
            }
            // A candidate refused is an event of a reaction that changes nothing: time passes all the same.
            time += rng.exponential() / total;
            let candidate = network.upper.choose(rng.uniform() * total);
            let level = rng.uniform() * network.upper.values()[candidate];
            if level < network.lower[candidate] || level < network.propensity(candidate) {
                return (time, candidate);
            }
            refused += 1;
            if refused >= PATIENCE {
                network.tighten(candidate);
            }
        }
    }
}

impl Propensities for Bounded {
    fn species(&self) -> usize {
        self.state.len()
    }

    fn load(&mut self, counts: &[i64]) {
        self.state.iter_mut().zip(counts).for_each(|(x, &n)| *x = n as f64);
        (0..self.state.len()).for_each(|s| self.surround(s));
        (0..self.kernels.len()).for_each(|j| self.renew(j));
    }

    fn fire(&mut self, reaction: usize) {
        let mut lowest = 0.0f64;
        for k in 0..self.kinetics.state_change(ReactionId::from(reaction)).len() {
            let (s, n) = self.kinetics.state_change(ReactionId::from(reaction))[k];
            let s = s.index();
            self.state[s] += n as f64;
            lowest = lowest.min(self.state[s]);
            if self.state[s] < self.lowest[s] || self.state[s] > self.highest[s] {
                self.surround(s);
                self.renew_readers(s);
            }
        }
        if lowest < 0.0 && self.is_guarded[reaction] {
            // Found by whoever draws the next event.
            self.upper.put(reaction, f64::NAN);
            return;
        }
        for k in 0..self.general[reaction].len() {
            self.renew(self.general[reaction][k] as usize);
        }
    }

    fn state(&self) -> &[f64] {
        &self.state
    }

    fn total(&self) -> f64 {
        self.upper.total()
    }

    fn bad_propensity(&self) -> Option<(ReactionId, f64)> {
        let all = (0..self.kernels.len()).map(ReactionId::from);
        all.map(|id| (id, self.kinetics.propensity(id, f64::NAN, &self.state)))
            .find(|(_, a)| !(0.0..f64::INFINITY).contains(a))
    }

    fn negative(&self) -> Option<SpeciesId> {
        self.state.iter().position(|&x| x < 0.0).map(SpeciesId::from)
    }

    fn change(&self, reaction: usize) -> Vec<(SpeciesId, i64)> {
        self.kinetics.state_change(ReactionId::from(reaction)).to_vec()
    }
}
