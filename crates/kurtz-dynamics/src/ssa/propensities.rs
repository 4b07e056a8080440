//! What the loop needs of a network: fire a reaction, know every propensity.

use crate::error::DynamicsError;
use kurtz_model::{Kinetics, ReactionId, SpeciesId};

/// A state and its propensities, kept in step.
pub(super) trait Propensities: Send {
    /// Number of species, clamped ones included.
    fn species(&self) -> usize;

    /// Takes over a state, `[species]`.
    fn load(&mut self, counts: &[i64]);

    /// Carries out one event of `reaction`.
    fn fire(&mut self, reaction: usize);

    /// The state, `[species]`: whole numbers.
    fn state(&self) -> &[f64];

    /// Writes the state, `[species]`.
    fn copy_counts(&self, counts: &mut [i64]) {
        counts.iter_mut().zip(self.state()).for_each(|(n, &x)| *n = x as i64);
    }

    /// Sum of all propensities; NaN if one is bad.
    fn total(&self) -> f64;

    /// The first reaction whose propensity is not finite and >= 0, with its value.
    fn bad_propensity(&self) -> Option<(ReactionId, f64)>;

    /// The first species with a negative count.
    fn negative(&self) -> Option<SpeciesId>;

    /// Net change of the species in one event of `reaction`.
    fn change(&self, reaction: usize) -> Vec<(SpeciesId, i64)>;
}

/// Refuses rate laws that depend on time.
pub(crate) fn refuse_time_dependence(method: &'static str, kinetics: &Kinetics) -> Result<(), DynamicsError> {
    for (j, reaction) in kinetics.network().reactions.iter().enumerate() {
        if kinetics.depends_on_time(ReactionId::from(j)) {
            return Err(DynamicsError::TimeDependent { method, reaction: reaction.name.clone() });
        }
    }
    Ok(())
}
