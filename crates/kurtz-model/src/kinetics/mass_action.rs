//! Mass-action reactions in flat arrays, ready for fast loops.

use super::Law;
use crate::network::{Network, ReactionId, SpeciesId};

/// The mass-action reactions of a network in flat arrays.
///
/// The propensity of the i-th is `constants[i]` times, for each of its reactants in turn, n (n-1) ... (n-nu+1), multiplied
/// from left to right; its concentration rate is `rate_constants[i]` times c, nu times for each reactant. Code that
/// evaluates these products itself in this order gets the bits of [`Kinetics::propensity`](super::Kinetics::propensity).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MassAction {
    /// Which reactions these are, ascending, `[mass-action reactions]`.
    pub reactions: Vec<ReactionId>,
    /// k V prod_l V_l^(-nu_l) / nu_l!, events per time, `[mass-action reactions]`.
    pub constants: Vec<f64>,
    /// k / prod_l nu_l!, `[mass-action reactions]`.
    pub rate_constants: Vec<f64>,
    /// Where the reactants of each begin, `[mass-action reactions + 1]`.
    pub starts: Vec<u32>,
    /// Species and orders nu >= 1 of all reactants, those of each reaction in the order of the network.
    pub reactants: Vec<(SpeciesId, u32)>,
}

impl MassAction {
    pub(super) fn new(network: &Network, volumes: &[f64], laws: &[Law]) -> Self {
        let mut table = MassAction { starts: vec![0], ..MassAction::default() };
        for (i, (reaction, law)) in network.reactions.iter().zip(laws).enumerate() {
            let Law::MassAction { constant, volume } = *law else {
                continue;
            };
            let (mut in_counts, mut in_concentrations) = (constant * volume, constant);
            for &(species, order) in reaction.reactants.iter().filter(|&&(_, order)| order > 0) {
                let v = volumes[network.species[species.index()].compartment.index()];
                for i in 1..=order {
                    in_counts /= f64::from(i) * v;
                    in_concentrations /= f64::from(i);
                }
                table.reactants.push((species, order));
            }
            table.reactions.push(ReactionId::from(i));
            table.constants.push(in_counts);
            table.rate_constants.push(in_concentrations);
            table.starts.push(table.reactants.len() as u32);
        }
        table
    }

    /// Number of mass-action reactions.
    pub fn len(&self) -> usize {
        self.reactions.len()
    }

    /// Whether no reaction follows mass action.
    pub fn is_empty(&self) -> bool {
        self.reactions.is_empty()
    }

    /// Reactants of the i-th mass-action reaction and their orders.
    pub fn reactants_of(&self, i: usize) -> &[(SpeciesId, u32)] {
        &self.reactants[self.starts[i] as usize..self.starts[i + 1] as usize]
    }

    /// Propensity of the i-th mass-action reaction at `counts`, `[species]`.
    pub fn propensity(&self, i: usize, counts: &[f64]) -> f64 {
        self.propensity_lanes::<1>(i, &|s| [counts[s]])[0]
    }

    /// Propensities of the i-th mass-action reaction in `L` states, given the counts of a species in each.
    #[inline]
    pub fn propensity_lanes<const L: usize>(&self, i: usize, counts: &impl Fn(usize) -> [f64; L]) -> [f64; L] {
        let mut a = [self.constants[i]; L];
        for &(species, order) in self.reactants_of(i) {
            let n = counts(species.index());
            for used in 0..order {
                let used = f64::from(used);
                for l in 0..L {
                    a[l] *= n[l] - used;
                }
            }
        }
        a
    }

    /// Concentration rate of the i-th mass-action reaction at `concentrations`, `[species]`.
    pub fn rate(&self, i: usize, concentrations: &[f64]) -> f64 {
        let mut phi = self.rate_constants[i];
        for &(species, order) in self.reactants_of(i) {
            for _ in 0..order {
                phi *= concentrations[species.index()];
            }
        }
        phi
    }
}
