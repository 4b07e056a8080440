//! Reactions as terms: what one unit of each rate constant does to the moments.

use super::Library;
use crate::condition::moment_name;
use crate::error::LearnError;
use kurtz_dynamics::moments::ReactionContributions;
use kurtz_dynamics::moments::Stoichiometry;
use kurtz_dynamics::moments::closure::Closure;

/// Candidate reactions acting on means and central moments: dM/dt = sum_j k_j contribution_j(M), which is exactly
/// linear in the rate constants (Yang et al. 2020, eq. 13, for any network).
///
/// The states are the moments of orders 1 to `order`; moments above, up to the order available, are inputs.
#[derive(Clone, Debug)]
pub struct ReactionLibrary {
    contributions: ReactionContributions,
    states: Vec<String>,
    names: Vec<String>,
}

impl ReactionLibrary {
    /// Derives the contributions of reactions to the moments of orders 1 to `order`.
    ///
    /// Moments up to `available_order` will be given (measured); higher ones, where needed, come from `closure`.
    ///
    /// # Errors
    /// Moments that are needed and neither available nor closed; lists of wrong length.
    pub fn new(
        species: &[String],
        names: Vec<String>,
        reactions: &[Stoichiometry],
        volume: f64,
        order: u32,
        available_order: u32,
        closure: Option<&dyn Closure>,
    ) -> Result<Self, LearnError> {
        if names.len() != reactions.len() {
            let what = "the names of the candidate reactions".into();
            return Err(LearnError::Length { what, expected: reactions.len(), found: names.len() });
        }
        let contributions =
            ReactionContributions::new(species.len(), reactions, volume, order, available_order, closure)?;
        let states = contributions.indices().iter().map(|i| moment_name(i, species)).collect();
        Ok(ReactionLibrary { contributions, states, names })
    }

    /// The contributions behind.
    pub fn contributions(&self) -> &ReactionContributions {
        &self.contributions
    }
}

impl Library for ReactionLibrary {
    fn dimension(&self) -> usize {
        self.contributions.indices().len()
    }

    fn input_count(&self) -> usize {
        self.contributions.available().len()
    }

    fn term_count(&self) -> usize {
        self.contributions.reaction_count()
    }

    fn evaluate(&self, x: &[f64], out: &mut [f64]) {
        self.contributions.evaluate(x, out);
    }

    fn jacobian(&self, x: &[f64], out: &mut [f64]) {
        self.contributions.jacobian(x, out);
    }

    fn state_names(&self) -> Vec<String> {
        self.states.clone()
    }

    fn term_names(&self) -> Vec<String> {
        self.names.clone()
    }
}
