//! Small mass-action networks: every propensity is computed anew after every event, without a branch.
//!
//! For up to eight reactions that is cheaper than any bookkeeping: the tables stay in the first-level cache, the
//! propensities in registers. Networks are padded to `M` reactions that never happen and to `S` slots, the last of
//! which holds the constant 1; a propensity is then always c (x_i - 0) (x_j - b_j) ... with `O` factors.

use super::propensities::Propensities;
use kurtz_model::{Kinetics, ReactionId, SpeciesId};

/// Constants between these cannot lead to sums that under- or overflow: counts are 0 or from 1 to 2^53.
const SMALLEST: f64 = 1e-250;
const LARGEST: f64 = 1e250;

/// The state of a network of up to `M` reactions of order up to `O` among up to `S - 1` species.
///
/// `M` and `S` are powers of two, so that a mask replaces the check of an index.
#[derive(Clone, Debug)]
pub(super) struct Small<const M: usize, const S: usize, const O: usize> {
    pub(super) constant: [f64; M],
    pub(super) slot: [[usize; M]; O],
    pub(super) offset: [[f64; M]; O],
    pub(super) change: [[f64; S]; M],
    state: [f64; S],
    /// Number of reactions that are not padding.
    reactions: usize,
    /// Number of species, each in the slot of its own index.
    pub(super) species: usize,
}

impl<const M: usize, const S: usize, const O: usize> Small<M, S, O> {
    /// The network in this form, if it fits.
    pub fn new(kinetics: &Kinetics) -> Option<Self> {
        let network = kinetics.network();
        if network.species.len() >= S || network.reactions.len() > M {
            return None;
        }
        let mut small = Small {
            constant: [0.0; M],
            slot: [[S - 1; M]; O],
            offset: [[0.0; M]; O],
            change: [[0.0; S]; M],
            state: [0.0; S],
            reactions: network.reactions.len(),
            species: network.species.len(),
        };
        let table = kinetics.mass_action();
        if !kinetics.general_reactions().is_empty() {
            return None;
        }
        for (i, id) in table.reactions.iter().enumerate() {
            let (j, constant) = (id.index(), table.constants[i]);
            let factors = table.reactants_of(i).iter().flat_map(|&(s, order)| (0..order).map(move |used| (s, used)));
            let is_extreme = constant != 0.0 && !(SMALLEST..LARGEST).contains(&constant);
            if is_extreme || factors.clone().count() > O {
                return None;
            }
            small.constant[j] = constant;
            for (o, (species, used)) in factors.enumerate() {
                small.slot[o][j] = species.index();
                small.offset[o][j] = f64::from(used);
            }
            for &(species, n) in kinetics.state_change(*id) {
                small.change[j][species.index()] = n as f64;
            }
        }
        Some(small)
    }

    /// Number of reactions.
    pub fn reactions(&self) -> usize {
        self.reactions
    }

    /// All propensities, those of the padding 0.
    #[inline(always)]
    pub fn propensities(&self) -> [f64; M] {
        let mut a = self.constant;
        for j in 0..M {
            a[j] *= self.state[self.slot[0][j] & (S - 1)];
        }
        for o in 1..O {
            for j in 0..M {
                a[j] *= self.state[self.slot[o][j] & (S - 1)] - self.offset[o][j];
            }
        }
        a
    }
}

impl<const M: usize, const S: usize, const O: usize> Propensities for Small<M, S, O> {
    fn species(&self) -> usize {
        self.species
    }

    fn load(&mut self, counts: &[i64]) {
        self.state.iter_mut().zip(counts).for_each(|(x, &n)| *x = n as f64);
        self.state[S - 1] = 1.0;
    }

    #[inline(always)]
    fn fire(&mut self, reaction: usize) {
        let change = &self.change[reaction & (M - 1)];
        for s in 0..S {
            self.state[s] += change[s];
        }
    }

    fn state(&self) -> &[f64] {
        &self.state[..self.species]
    }

    fn total(&self) -> f64 {
        self.propensities().iter().sum()
    }

    fn bad_propensity(&self) -> Option<(ReactionId, f64)> {
        let a = self.propensities();
        a.iter().position(|a| !(0.0..f64::INFINITY).contains(a)).map(|j| (ReactionId::from(j), a[j]))
    }

    fn negative(&self) -> Option<SpeciesId> {
        // Where reactants are missing a mass-action propensity is 0.
        None
    }

    fn change(&self, reaction: usize) -> Vec<(SpeciesId, i64)> {
        let change = self.change[reaction].iter().enumerate();
        change.map(|(s, &n)| (SpeciesId::from(s), n as i64)).filter(|&(_, n)| n != 0).collect()
    }
}
