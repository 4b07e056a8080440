//! A network bound to numbers: the one place where a rate constant becomes a propensity.

mod algebraic;
pub(crate) mod bind;
mod error;
mod general;
mod graph;
mod mass_action;

pub use error::KineticsError;
pub(crate) use general::each_species;
pub use mass_action::MassAction;

use crate::expression::{Expression, Program, Symbol};
use crate::network::{Initial, Network, ReactionId, SpeciesId};
use general::{General, with_registers};
use graph::Graph;
use std::sync::Arc;

/// A [`Network`] bound to parameter values, compartment sizes and an initial state.
///
/// Everything is in the network's own coherent units: molecules, its volume unit, its time unit.
/// With k the constant of a mass-action reaction and nu_l its reactant orders,
///
/// * the propensity (events per time) is `k V prod_l V^(-nu_l) C(n_l, nu_l)`,
/// * the concentration rate is `k prod_l c_l^nu_l / nu_l!`
///
/// (Yang, Peng, Zhu, Hong 2020, eq. 5 and 8), so 2A -> 0 at k has propensity k n (n-1) / (2 V) and consumes A at
/// the rate k c^2. `@ rate(phi)` and `@ propensity(a)` are converted into each other by a(n) = V phi(n / V), verbatim:
/// 2A -> 0 at `rate(k*A^2)` has propensity k n^2 / V, without the binomial, and at `propensity(k*A*(A-1)/2)` just that.
///
/// Everything here is in molecules: a network with another unit of amount is converted first ([`Network::in_molecules`]).
/// Assignment rules for parameters are written out in the rate laws, after which [`Kinetics::network`] has no rules.
/// Events, rate rules, rules for species or compartments and changing stoichiometry are refused by name:
/// [`crate::System`] knows them.
///
/// The symbolic forms of the same laws are [`Network::propensity_expression`] and [`Network::rate_expression`].
#[derive(Clone, Debug)]
pub struct Kinetics {
    network: Arc<Network>,
    parameters: Vec<f64>,
    volumes: Vec<f64>,
    initial: Vec<f64>,
    laws: Vec<Law>,
    mass_action: MassAction,
    general: Arc<General>,
    /// Of each reaction, its place in `mass_action` or `general`.
    places: Vec<Place>,
    graph: Arc<Graph>,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    MassAction(u32),
    General(u32),
}

/// A rate law with its numbers.
#[derive(Clone, Debug)]
pub enum Law {
    /// `constant` is the deterministic k; it depends on nothing.
    MassAction {
        /// k, in the network's own units.
        constant: f64,
        /// V of the reaction's compartment.
        volume: f64,
    },
    /// phi(c) of the concentrations and time.
    Rate {
        /// phi, parameters and compartment sizes still symbols.
        phi: Expression,
        /// V of the reaction's compartment.
        volume: f64,
    },
    /// a(n) of the counts and time.
    Propensity(Expression),
}

/// Changes to a network's own values, made before it is bound; each is in the unit the network declares for it.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Changes {
    /// Parameter values, in the unit in which the network gives that parameter.
    pub parameters: Vec<(String, f64)>,
    /// Initial amounts, as counts or concentrations just as the network gives them.
    pub initial: Vec<(String, f64)>,
    /// Size of the (only or first) compartment, in the unit in which the network gives it. Initial concentrations stay,
    /// so that their counts scale; initial counts stay counts.
    pub volume: Option<f64>,
}

impl Kinetics {
    /// Binds a network to its own values.
    ///
    /// # Errors
    /// Values that are not finite, negative constants, initial amounts or volumes, definitions that go in circles,
    /// mass-action constants that depend on species or time, names that are not unique; events and those rules that
    /// rate laws cannot express.
    pub fn new(network: &Network) -> Result<Self, KineticsError> {
        Self::with_changes(network, &Changes::default())
    }

    /// Binds a network to its own values after `changes`.
    ///
    /// # Errors
    /// As [`Kinetics::new`], and names that the network does not have.
    pub fn with_changes(network: &Network, changes: &Changes) -> Result<Self, KineticsError> {
        let mut network = network.clone();
        bind::apply_changes(&mut network, changes)?;
        bind::check_references(&network)?;
        let network = algebraic::algebraic(network)?;
        let (parameters, volumes) = bind::Values::of(&network)?;
        let fixed = |s| match s {
            Symbol::Parameter(p) => Some(parameters[p.index()]),
            Symbol::Compartment(c) => Some(volumes[c.index()]),
            Symbol::Species(_) | Symbol::Time => None,
        };
        let known = |s| fixed(s).unwrap_or(f64::NAN);
        let initial = bind::initial(&network, &volumes, &known)?;
        let laws = bind::laws(&network, &volumes, &known)?;
        let mass_action = MassAction::new(&network, &volumes, &laws);
        let general = General::new(&network, &volumes, &laws, &fixed).expect("references have been checked");
        let mut places = vec![Place::MassAction(0); laws.len()];
        for (i, reaction) in (0..).zip(&mass_action.reactions) {
            places[reaction.index()] = Place::MassAction(i);
        }
        for (i, reaction) in (0..).zip(&general.reactions) {
            places[reaction.index()] = Place::General(i);
        }
        Ok(Kinetics {
            graph: Arc::new(Graph::new(&network)),
            network: Arc::new(network),
            parameters,
            volumes,
            initial,
            laws,
            mass_action,
            general: Arc::new(general),
            places,
        })
    }

    /// The network.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Parameter values in the network's own units, `[parameters]`.
    pub fn parameters(&self) -> &[f64] {
        &self.parameters
    }

    /// Compartment sizes in the network's volume unit, `[compartments]`.
    pub fn volumes(&self) -> &[f64] {
        &self.volumes
    }

    /// Size of the compartment of a species.
    pub fn volume_of(&self, species: SpeciesId) -> f64 {
        self.volumes[self.network.species[species.index()].compartment.index()]
    }

    /// Initial numbers of molecules, `[species]`; whole numbers only if the author gave such.
    pub fn initial(&self) -> &[f64] {
        &self.initial
    }

    /// Initial numbers of molecules as whole numbers, `[species]`.
    ///
    /// An initial count must be whole (to a relative 1e-9, which is what rounding in units and expressions can do). An
    /// initial concentration is rounded to the nearest whole count, halves up.
    ///
    /// # Errors
    /// A species whose count is not whole, or above 2^52, up to which counts and their halves are floating-point numbers.
    pub fn initial_counts(&self) -> Result<Vec<i64>, KineticsError> {
        const LARGEST: f64 = (1u64 << 52) as f64;
        let whole = |(species, &value): (&crate::network::Species, &f64)| {
            let name = || species.name.clone();
            let count = value.round();
            if count > LARGEST {
                return Err(KineticsError::HugeCount { species: name(), value });
            }
            let given_as_count = matches!(species.initial, Initial::Count(_));
            if given_as_count && (value - count).abs() > 1e-9 * value.max(1.0) {
                return Err(KineticsError::FractionalCount { species: name(), value });
            }
            Ok(count as i64)
        };
        self.network.species.iter().zip(&self.initial).map(whole).collect()
    }

    /// The rate laws with their numbers, `[reactions]`.
    pub fn laws(&self) -> &[Law] {
        &self.laws
    }

    /// The mass-action reactions in flat arrays.
    pub fn mass_action(&self) -> &MassAction {
        &self.mass_action
    }

    /// The reactions with laws given by expressions, ascending, in the order of [`Kinetics::general_program`].
    pub fn general_reactions(&self) -> &[ReactionId] {
        &self.general.reactions
    }

    /// Propensities of the general reactions as a program; its inputs are the counts of all species, then the time.
    pub fn general_program(&self) -> &Program {
        &self.general.propensities
    }

    /// Net change of each species in one event of a reaction, sorted by species, clamped species left out.
    pub fn state_change(&self, reaction: ReactionId) -> &[(SpeciesId, i64)] {
        self.graph.changes.row(reaction.index())
    }

    /// The reactions whose propensities can change in an event of this one, ascending.
    pub fn dependents(&self, reaction: ReactionId) -> &[ReactionId] {
        self.graph.dependents.row(reaction.index())
    }

    /// The species whose counts the propensity of a reaction depends on, ascending, clamped ones included.
    pub fn species_read_by(&self, reaction: ReactionId) -> &[SpeciesId] {
        self.graph.depends_on.row(reaction.index())
    }

    /// Whether the propensity of a reaction changes with time by itself.
    pub fn depends_on_time(&self, reaction: ReactionId) -> bool {
        self.graph.depends_on_time[reaction.index()]
    }

    /// Events per unit time of a reaction at real-valued numbers of molecules `counts`, `[species]`.
    ///
    /// For mass action the binomial C(n, nu) is continued as n (n-1) ... (n-nu+1) / nu!. The result may be negative or
    /// not a number if the law is; [`Kinetics::check_state`] says so.
    pub fn propensity(&self, reaction: ReactionId, time: f64, counts: &[f64]) -> f64 {
        match self.places[reaction.index()] {
            Place::MassAction(i) => self.mass_action.propensity(i as usize, counts),
            Place::General(i) => one(&self.general.propensity[i as usize], time, counts),
        }
    }

    /// All propensities at `counts`, `[species]`, to `propensities`, `[reactions]`; the bits of [`Kinetics::propensity`].
    ///
    /// It allocates nothing unless the general laws need more than 512 registers.
    ///
    /// # Panics
    /// If the lengths are not the numbers of species and reactions.
    pub fn propensities_into(&self, time: f64, counts: &[f64], propensities: &mut [f64]) {
        assert_eq!(counts.len(), self.network.species.len(), "one count for each species");
        assert_eq!(propensities.len(), self.laws.len(), "one propensity for each reaction");
        for (i, reaction) in self.mass_action.reactions.iter().enumerate() {
            propensities[reaction.index()] = self.mass_action.propensity(i, counts);
        }
        all(&self.general.propensities, &self.general.reactions, time, counts, propensities);
    }

    /// All propensities of `L` states: `counts` is `[species][lane]`, `propensities` `[reactions][lane]`. Every lane has
    /// the bits of [`Kinetics::propensity`].
    ///
    /// `workspace` is grown as needed, so that calls after the first allocate nothing.
    ///
    /// # Panics
    /// If the lengths are not the numbers of species and reactions.
    pub fn propensities_lanes<const L: usize>(
        &self,
        time: [f64; L],
        counts: &[[f64; L]],
        workspace: &mut Vec<[f64; L]>,
        propensities: &mut [[f64; L]],
    ) {
        assert_eq!(counts.len(), self.network.species.len(), "one count for each species");
        assert_eq!(propensities.len(), self.laws.len(), "one propensity for each reaction");
        for (i, reaction) in self.mass_action.reactions.iter().enumerate() {
            propensities[reaction.index()] = self.mass_action.propensity_lanes(i, &|s| counts[s]);
        }
        let program = &self.general.propensities;
        let (outputs, registers) = (program.output_count(), program.register_count());
        workspace.resize(outputs + registers, [0.0; L]);
        let (outputs, registers) = workspace.split_at_mut(outputs);
        let time_input = counts.len();
        program.evaluate_lanes_from(|i| if i == time_input { time } else { counts[i] }, registers, outputs);
        for (reaction, &a) in self.general.reactions.iter().zip(&*outputs) {
            propensities[reaction.index()] = a;
        }
    }

    /// Concentration per unit time of a reaction at `concentrations`, `[species]` (the limit of large volume).
    pub fn rate(&self, reaction: ReactionId, time: f64, concentrations: &[f64]) -> f64 {
        match self.places[reaction.index()] {
            Place::MassAction(i) => self.mass_action.rate(i as usize, concentrations),
            Place::General(i) => one(&self.general.rate[i as usize], time, concentrations),
        }
    }

    /// All concentration rates at `concentrations`, `[species]`, to `rates`, `[reactions]`; the bits of
    /// [`Kinetics::rate`]. Allocations as in [`Kinetics::propensities_into`].
    ///
    /// # Panics
    /// If the lengths are not the numbers of species and reactions.
    pub fn rates_into(&self, time: f64, concentrations: &[f64], rates: &mut [f64]) {
        assert_eq!(concentrations.len(), self.network.species.len(), "one concentration for each species");
        assert_eq!(rates.len(), self.laws.len(), "one rate for each reaction");
        for (i, reaction) in self.mass_action.reactions.iter().enumerate() {
            rates[reaction.index()] = self.mass_action.rate(i, concentrations);
        }
        all(&self.general.rates, &self.general.reactions, time, concentrations, rates);
    }

    /// Checks that every propensity at this state is a finite number >= 0.
    ///
    /// # Errors
    /// The first reaction whose propensity is not, with the counts it depends on.
    pub fn check_state(&self, time: f64, counts: &[f64]) -> Result<(), KineticsError> {
        for i in 0..self.laws.len() {
            let reaction = ReactionId::from(i);
            let value = self.propensity(reaction, time, counts);
            if !value.is_finite() || value < 0.0 {
                let count = |&s: &SpeciesId| (self.network.species[s.index()].name.clone(), counts[s.index()]);
                return Err(KineticsError::BadPropensity {
                    reaction: self.network.reactions[i].name.clone(),
                    value,
                    time,
                    counts: self.species_read_by(reaction).iter().map(count).collect(),
                });
            }
        }
        Ok(())
    }

    /// The value of an expression over parameters and compartment sizes; `None` if it reads a species or time.
    pub fn value_of_constant(&self, expression: &Expression) -> Option<f64> {
        let symbols = expression.symbols();
        let is_constant = symbols.iter().all(|s| matches!(s, Symbol::Parameter(_) | Symbol::Compartment(_)));
        is_constant.then(|| expression.evaluate(&|s| self.value_of(s, f64::NAN, &|_| f64::NAN)))
    }

    /// What a symbol stands for, given how to read a species.
    pub fn value_of(&self, symbol: Symbol, time: f64, species: &impl Fn(SpeciesId) -> f64) -> f64 {
        match symbol {
            Symbol::Species(s) => species(s),
            Symbol::Parameter(p) => self.parameters[p.index()],
            Symbol::Compartment(c) => self.volumes[c.index()],
            Symbol::Time => time,
        }
    }
}

/// Evaluates a program of one output; its last input is the time.
fn one(program: &Program, time: f64, state: &[f64]) -> f64 {
    let mut output = [0.0];
    let time_input = program.input_count() - 1;
    with_registers(program.register_count(), |registers| {
        program.evaluate_from(|i| if i == time_input { time } else { state[i] }, registers, &mut output);
    });
    output[0]
}

/// Evaluates a program of one output for each of `reactions`; its last input is the time.
fn all(program: &Program, reactions: &[ReactionId], time: f64, state: &[f64], values: &mut [f64]) {
    if reactions.is_empty() {
        return;
    }
    let outputs = program.output_count();
    let time_input = program.input_count() - 1;
    with_registers(outputs + program.register_count(), |room| {
        let (outputs, registers) = room.split_at_mut(outputs);
        program.evaluate_from(|i| if i == time_input { time } else { state[i] }, registers, outputs);
        for (reaction, &value) in reactions.iter().zip(&*outputs) {
            values[reaction.index()] = value;
        }
    });
}

#[cfg(test)]
mod tests;
