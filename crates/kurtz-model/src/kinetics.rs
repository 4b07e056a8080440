//! A network bound to numbers: the one place where a rate constant becomes a propensity.

use crate::expression::{Expression, Symbol};
use crate::network::{Initial, Network, ParameterId, RateLaw, ReactionId, SpeciesId, Value};
use crate::units::{Dimension, Unit};
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
/// the rate k c^2. `@ rate(phi)` and `@ propensity(a)` are converted into each other by a(n) = V phi(n / V).
#[derive(Clone, Debug)]
pub struct Kinetics {
    network: Arc<Network>,
    parameters: Vec<f64>,
    volumes: Vec<f64>,
    initial: Vec<f64>,
    laws: Vec<Law>,
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

/// Why a network could not be bound to numbers.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum KineticsError {
    /// A value to be changed names nothing in the network.
    #[error("there is no {kind} `{name}`; the network has {}", known.join(", "))]
    Unknown {
        /// `parameter`, `species` or `compartment`.
        kind: &'static str,
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// A rate constant or propensity that is negative or not a number.
    #[error("the rate constant of reaction `{reaction}` is {value}; it must be a finite number >= 0")]
    BadConstant {
        /// Name of the reaction.
        reaction: String,
        /// The value found.
        value: f64,
    },
    /// A parameter, size or initial amount out of its range.
    #[error("{what} is {value}; {expected}")]
    BadValue {
        /// Which value, in words.
        what: String,
        /// The value found.
        value: f64,
        /// What it must be.
        expected: &'static str,
    },
    /// Values that are defined by each other.
    #[error("parameter `{name}` is defined by itself, through {}", through.join(" -> "))]
    Cycle {
        /// A parameter on the cycle.
        name: String,
        /// The cycle.
        through: Vec<String>,
    },
}

/// Changes to a network's own values, made before it is bound; each is in the unit the network declares for it.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Changes {
    /// Parameter values, in the unit in which the network gives that parameter.
    pub parameters: Vec<(String, f64)>,
    /// Initial amounts, as counts or concentrations just as the network gives them.
    pub initial: Vec<(String, f64)>,
    /// Size of the (only or first) compartment, in the network's volume unit.
    pub volume: Option<f64>,
}

impl Kinetics {
    /// Binds a network to its own values.
    ///
    /// # Errors
    /// Values that are not finite, negative constants, initial amounts or volumes, definitions that go in circles.
    pub fn new(network: &Network) -> Result<Self, KineticsError> {
        Self::with_changes(network, &Changes::default())
    }

    /// Binds a network to its own values after `changes`.
    ///
    /// # Errors
    /// As [`Kinetics::new`], and names that the network does not have.
    pub fn with_changes(network: &Network, changes: &Changes) -> Result<Self, KineticsError> {
        let mut network = network.clone();
        apply_changes(&mut network, changes)?;
        let mut values = Values::new(&network);
        let volumes = (0..network.compartments.len()).map(|i| values.compartment(i)).collect::<Result<Vec<_>, _>>()?;
        let parameters = (0..network.parameters.len())
            .map(|i| values.parameter(ParameterId::from(i)))
            .collect::<Result<Vec<_>, _>>()?;
        let mut kinetics =
            Kinetics { network: Arc::new(network), parameters, volumes, initial: Vec::new(), laws: Vec::new() };
        kinetics.initial = kinetics.bind_initial()?;
        kinetics.laws = kinetics.bind_laws()?;
        Ok(kinetics)
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

    /// The rate laws with their numbers, `[reactions]`.
    pub fn laws(&self) -> &[Law] {
        &self.laws
    }

    /// Events per unit time of a reaction at real-valued numbers of molecules `counts`, `[species]`.
    ///
    /// For mass action the binomial C(n, nu) is continued as n (n-1) ... (n-nu+1) / nu!.
    pub fn propensity(&self, reaction: ReactionId, time: f64, counts: &[f64]) -> f64 {
        match &self.laws[reaction.index()] {
            Law::MassAction { constant, volume } => {
                let mut a = constant * volume;
                for &(species, order) in &self.network.reactions[reaction.index()].reactants {
                    let n = counts[species.index()];
                    let v = self.volume_of(species);
                    for i in 0..order {
                        a *= (n - f64::from(i)) / (f64::from(i + 1) * v);
                    }
                }
                a
            }
            Law::Rate { phi, volume } => {
                volume * phi.evaluate(&|s| self.value_of(s, time, &|i| counts[i.index()] / self.volume_of(i)))
            }
            Law::Propensity(a) => a.evaluate(&|s| self.value_of(s, time, &|i| counts[i.index()])),
        }
    }

    /// Concentration per unit time of a reaction at `concentrations`, `[species]` (the limit of large volume).
    pub fn rate(&self, reaction: ReactionId, time: f64, concentrations: &[f64]) -> f64 {
        let description = &self.network.reactions[reaction.index()];
        match &self.laws[reaction.index()] {
            Law::MassAction { constant, .. } => {
                let mut phi = *constant;
                for &(species, order) in &description.reactants {
                    for i in 0..order {
                        phi *= concentrations[species.index()] / f64::from(i + 1);
                    }
                }
                phi
            }
            Law::Rate { phi, .. } => phi.evaluate(&|s| self.value_of(s, time, &|i| concentrations[i.index()])),
            Law::Propensity(a) => {
                let v = self.volumes[description.compartment.index()];
                a.evaluate(&|s| self.value_of(s, time, &|i| concentrations[i.index()] * self.volume_of(i))) / v
            }
        }
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

    fn bind_initial(&self) -> Result<Vec<f64>, KineticsError> {
        let network = &self.network;
        let mut initial = Vec::with_capacity(network.species.len());
        for species in &network.species {
            let (value, factor) = match &species.initial {
                Initial::Count(value) => (value, 1.0),
                Initial::Concentration(value) => (value, self.volumes[species.compartment.index()]),
            };
            let n = factor
                * match value {
                    Value::Quantity(q) => q.value * coherent_scale(&q.unit, network),
                    Value::Expression(e) => e.evaluate(&|s| self.value_of(s, 0.0, &|_| f64::NAN)),
                };
            if !n.is_finite() || n < 0.0 {
                return Err(KineticsError::BadValue {
                    what: format!("the initial amount of `{}`", species.name),
                    value: n,
                    expected: "it must be a finite number >= 0",
                });
            }
            initial.push(n);
        }
        Ok(initial)
    }

    fn bind_laws(&self) -> Result<Vec<Law>, KineticsError> {
        let mut laws = Vec::with_capacity(self.network.reactions.len());
        for reaction in &self.network.reactions {
            let volume = self.volumes[reaction.compartment.index()];
            laws.push(match &reaction.rate {
                RateLaw::MassAction(k) => {
                    let constant = k.evaluate(&|s| self.value_of(s, f64::NAN, &|_| f64::NAN));
                    if !constant.is_finite() || constant < 0.0 {
                        return Err(KineticsError::BadConstant { reaction: reaction.name.clone(), value: constant });
                    }
                    Law::MassAction { constant, volume }
                }
                RateLaw::Rate(phi) => Law::Rate { phi: phi.clone(), volume },
                RateLaw::Propensity(a) => Law::Propensity(a.clone()),
            });
        }
        Ok(laws)
    }
}

/// How many of the network's own units one of `unit` is.
fn coherent_scale(unit: &Unit, network: &Network) -> f64 {
    let Some(Dimension { volume, time, .. }) = unit.dimension else {
        return 1.0;
    };
    unit.scale / network.volume_unit.scale.powi(volume.into()) / network.time_unit.scale.powi(time.into())
}

fn apply_changes(network: &mut Network, changes: &Changes) -> Result<(), KineticsError> {
    fn set(value: &mut Value, to: f64) {
        match value {
            Value::Quantity(q) => q.value = to,
            Value::Expression(e) => *e = Expression::Number(to),
        }
    }
    for (name, to) in &changes.parameters {
        let Some(id) = network.parameter_named(name) else {
            let known = network.parameters.iter().map(|p| p.name.clone()).collect();
            return Err(KineticsError::Unknown { kind: "parameter", name: name.clone(), known });
        };
        set(&mut network.parameters[id.index()].value, *to);
    }
    for (name, to) in &changes.initial {
        let Some(id) = network.species_named(name) else {
            let known = network.species.iter().map(|s| s.name.clone()).collect();
            return Err(KineticsError::Unknown { kind: "species", name: name.clone(), known });
        };
        match &mut network.species[id.index()].initial {
            Initial::Count(value) | Initial::Concentration(value) => set(value, *to),
        }
    }
    if let Some(to) = changes.volume {
        set(&mut network.compartments[0].size, to);
    }
    Ok(())
}

/// Evaluates sizes and parameters, which may be defined by each other, each once.
struct Values<'a> {
    network: &'a Network,
    parameters: Vec<Option<f64>>,
    open: Vec<ParameterId>,
}

impl<'a> Values<'a> {
    fn new(network: &'a Network) -> Self {
        Values { network, parameters: vec![None; network.parameters.len()], open: Vec::new() }
    }

    fn parameter(&mut self, id: ParameterId) -> Result<f64, KineticsError> {
        let network = self.network;
        if let Some(value) = self.parameters[id.index()] {
            return Ok(value);
        }
        let name = |p: ParameterId| network.parameters[p.index()].name.clone();
        if let Some(start) = self.open.iter().position(|&p| p == id) {
            let through = self.open[start..].iter().chain([&id]).map(|&p| name(p)).collect();
            return Err(KineticsError::Cycle { name: name(id), through });
        }
        self.open.push(id);
        let value = self.value(&network.parameters[id.index()].value)?;
        self.open.pop();
        if !value.is_finite() {
            return Err(KineticsError::BadValue {
                what: format!("parameter `{}`", name(id)),
                value,
                expected: "it must be a finite number",
            });
        }
        self.parameters[id.index()] = Some(value);
        Ok(value)
    }

    fn compartment(&mut self, index: usize) -> Result<f64, KineticsError> {
        let compartment = &self.network.compartments[index];
        let value = self.value(&compartment.size)?;
        if !value.is_finite() || value <= 0.0 {
            return Err(KineticsError::BadValue {
                what: format!("the size of compartment `{}`", compartment.name),
                value,
                expected: "it must be a finite number > 0",
            });
        }
        Ok(value)
    }

    fn value(&mut self, value: &Value) -> Result<f64, KineticsError> {
        match value {
            Value::Quantity(q) => Ok(q.value * coherent_scale(&q.unit, self.network)),
            Value::Expression(e) => {
                let mut parameters = Vec::new();
                e.for_each_symbol(&mut |s| {
                    if let Symbol::Parameter(p) = s {
                        parameters.push(p);
                    }
                });
                for p in parameters {
                    self.parameter(p)?;
                }
                let known = &self.parameters;
                let network = self.network;
                Ok(e.evaluate(&|s| match s {
                    Symbol::Parameter(p) => known[p.index()].expect("evaluated just before"),
                    Symbol::Compartment(c) => match &network.compartments[c.index()].size {
                        Value::Quantity(q) => q.value * coherent_scale(&q.unit, network),
                        Value::Expression(_) => f64::NAN,
                    },
                    Symbol::Species(_) | Symbol::Time => f64::NAN,
                }))
            }
        }
    }
}
