//! The deterministic equations of a network in concentrations, with what reduction asks of them.

use super::ReduceError;
use kurtz_dynamics::{MassAction, View};
use kurtz_model::{Kinetics, Network, SpeciesId};
use kurtz_ode::{Integration, OdeMethod, Solution, Tolerance, VectorField, solve};

/// The mass-action equations dc/dt = f(c) of a network in one compartment.
pub struct Flow<'a> {
    /// The network with its numbers.
    pub kinetics: &'a Kinetics,
    /// The equations.
    pub field: MassAction,
    /// Initial concentrations, `[species]`.
    pub initial: Vec<f64>,
    /// Species that reactions change, ascending.
    pub free: Vec<usize>,
    /// Change of each species by each reaction, as (species, molecules).
    pub effects: Vec<Vec<(usize, f64)>>,
    /// Conservation laws of the free species as rows, `[laws][species]`.
    pub laws: Vec<Vec<f64>>,
}

impl<'a> Flow<'a> {
    /// The equations of a network.
    ///
    /// # Errors
    /// Networks whose species live in compartments of different sizes, whose rates depend on time, or in which nothing
    /// changes.
    pub fn new(kinetics: &'a Kinetics) -> Result<Self, ReduceError> {
        let network = kinetics.network();
        let volumes = kinetics.volumes();
        let used = |i: usize| volumes[network.species[i].compartment.index()];
        let n = network.species.len();
        if (1..n).any(|i| used(i) != used(0)) {
            return Err(ReduceError::Compartments);
        }
        for (j, reaction) in network.reactions.iter().enumerate() {
            if kinetics.depends_on_time(j.into()) {
                return Err(ReduceError::TimeDependent { reaction: reaction.name.clone() });
            }
        }
        let effects: Vec<Vec<(usize, f64)>> = (0..network.reactions.len())
            .map(|j| network.effect(j.into()).into_iter().map(|(s, u)| (s.index(), u as f64)).collect())
            .collect();
        let free: Vec<usize> = (0..n).filter(|i| effects.iter().flatten().any(|(s, _)| s == i)).collect();
        if free.is_empty() {
            return Err(ReduceError::NothingChanges);
        }
        let laws = rows(&network.conservation_laws(), n)
            .into_iter()
            .filter(|row| row.iter().enumerate().all(|(i, a)| *a == 0.0 || free.contains(&i)))
            .collect();
        let field = MassAction::new(kinetics, View::Concentrations);
        let initial = field.initial_state();
        Ok(Flow { kinetics, field, initial, free, effects, laws })
    }

    /// Number of species, clamped ones included.
    pub fn dimension(&self) -> usize {
        self.initial.len()
    }

    /// The network.
    pub fn network(&self) -> &'a Network {
        self.kinetics.network()
    }

    /// f(c), `[species]`.
    pub fn rates_of_change(&self, c: &[f64]) -> Vec<f64> {
        let mut f = vec![0.0; c.len()];
        self.field.evaluate(0.0, c, &mut f);
        f
    }

    /// df_i/dc_j, `[species x species]`.
    pub fn jacobian(&self, c: &[f64]) -> Vec<f64> {
        let mut jacobian = vec![0.0; c.len() * c.len()];
        self.field.jacobian(0.0, c, &mut jacobian);
        jacobian
    }

    /// Rates of all reactions in concentration per time, `[reactions]`.
    pub fn reaction_rates(&self, c: &[f64]) -> Vec<f64> {
        let mut rates = vec![0.0; self.effects.len()];
        self.kinetics.rates_into(0.0, c, &mut rates);
        rates
    }

    /// Names of species.
    pub fn names(&self, species: impl IntoIterator<Item = usize>) -> Vec<String> {
        species.into_iter().map(|i| self.network().species[i].name.clone()).collect()
    }
}

/// Conservation laws as dense rows over `n` species.
pub(super) fn rows(laws: &[kurtz_model::structure::ConservationLaw], n: usize) -> Vec<Vec<f64>> {
    let row = |law: &kurtz_model::structure::ConservationLaw| {
        let mut row = vec![0.0; n];
        law.coefficients.iter().for_each(|&(s, a): &(SpeciesId, i64)| row[s.index()] = a as f64);
        row
    };
    laws.iter().map(row).collect()
}

/// Relative tolerance of all integrations here: estimates of errors down to 1e-6 are to mean something.
pub(super) const TOLERANCE: f64 = 1e-10;

/// Integrates a field from `from` over `times` by the stiff method, tightly; species count as zero below 1e-15 of
/// `scale`.
pub(super) fn integrate(
    field: &dyn VectorField,
    from: &[f64],
    first_time: f64,
    times: &[f64],
    scale: f64,
) -> Result<Solution, ReduceError> {
    let settings = Integration {
        method: OdeMethod::Stiff,
        relative_tolerance: TOLERANCE,
        absolute_tolerance: Tolerance::Same((1e-15 * scale).max(1e-300)),
        first_time,
        max_steps: 200_000,
        continuous: true,
        ..Integration::default()
    };
    Ok(solve(field, from, times, &settings)?)
}
