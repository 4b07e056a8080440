//! What the loop needs of a network: fire a reaction, know every propensity.

use crate::error::DynamicsError;
use kurtz_model::kinetics::Law;
use kurtz_model::{Kinetics, ReactionId, SpeciesId, Symbol};

/// A state and its propensities, kept in step.
pub(super) trait Propensities: Send {
    /// Number of species, clamped ones included.
    fn species(&self) -> usize;

    /// Takes over a state, `[species]`.
    fn load(&mut self, counts: &[i64]);

    /// Carries out one event of `reaction`.
    fn fire(&mut self, reaction: usize);

    /// Writes the state, `[species]`.
    fn copy_counts(&self, counts: &mut [i64]);

    /// Calls `visit` with each count that can grow.
    fn for_each_count(&self, visit: &mut dyn FnMut(SpeciesId, f64));

    /// Sum of all propensities; NaN if one is bad.
    fn total(&self) -> f64;

    /// The first reaction whose propensity is not finite and >= 0, with its value.
    fn bad_propensity(&self) -> Option<(ReactionId, f64)>;

    /// The first species with a negative count.
    fn negative(&self) -> Option<SpeciesId>;

    /// Net change of the species in one event of `reaction`.
    fn change(&self, reaction: usize) -> Vec<(SpeciesId, i64)>;
}

/// A mass-action propensity: constant times a product of (n_s - offset), in molecules.
///
/// C(n, nu) = n (n-1) ... (n-nu+1) / nu!, with the factorials and volumes inside the constant.
#[derive(Clone, Debug)]
pub(super) struct MassAction {
    pub constant: f64,
    pub factors: Vec<(SpeciesId, f64)>,
}

impl MassAction {
    /// The mass-action form of a reaction, if it has one.
    pub fn of(kinetics: &Kinetics, reaction: ReactionId) -> Option<Self> {
        let Law::MassAction { constant, volume } = kinetics.laws()[reaction.index()] else {
            return None;
        };
        let mut propensity = MassAction { constant: constant * volume, factors: Vec::new() };
        for &(species, order) in &kinetics.network().reactions[reaction.index()].reactants {
            for i in 0..order {
                propensity.constant /= f64::from(i + 1) * kinetics.volume_of(species);
                propensity.factors.push((species, f64::from(i)));
            }
        }
        Some(propensity)
    }
}

/// Net changes of the species that can change, by reaction.
pub(super) fn changes(kinetics: &Kinetics) -> Vec<Vec<(SpeciesId, i64)>> {
    let network = kinetics.network();
    let free = |&(s, _): &(SpeciesId, i64)| !network.species[s.index()].clamped;
    network.reactions.iter().map(|r| r.net_change().into_iter().filter(free).collect()).collect()
}

/// Refuses rate laws that depend on time.
pub(super) fn refuse_time_dependence(method: &'static str, kinetics: &Kinetics) -> Result<(), DynamicsError> {
    for (law, reaction) in kinetics.laws().iter().zip(&kinetics.network().reactions) {
        let mut depends = false;
        if let Law::Rate { phi: e, .. } | Law::Propensity(e) = law {
            e.for_each_symbol(&mut |s| depends |= s == Symbol::Time);
        }
        if depends {
            return Err(DynamicsError::TimeDependent { method, reaction: reaction.name.clone() });
        }
    }
    Ok(())
}
