//! The quantity that is varied, and every other number of a network as a function of it.

use super::BifurcationError;
use kurtz_model::{
    CompartmentId, Expression, Initial, Kinetics, Network, ParameterId, Quantity, SpeciesId, Symbol, Value, Variable,
};

/// The parameter, clamped species, initial amount or compartment of this name.
///
/// # Errors
/// If there is none.
pub fn control_named(network: &Network, name: &str) -> Result<Variable, BifurcationError> {
    let parameter = network.parameter_named(name).map(Variable::Parameter);
    let species = || network.species_named(name).map(Variable::Species);
    let compartment = || network.compartment_named(name).map(Variable::Compartment);
    parameter.or_else(species).or_else(compartment).ok_or_else(|| {
        let names = network.parameters.iter().map(|p| &p.name);
        let names = names.chain(network.species.iter().map(|s| &s.name));
        let known = names.chain(network.compartments.iter().map(|c| &c.name)).cloned().collect();
        BifurcationError::Unknown { name: name.into(), known }
    })
}

/// The name of a quantity, and the unit in which the network gives it (empty if it has none).
pub fn describe_control(network: &Network, control: Variable) -> (String, String) {
    let unit = |value: &Value| match value {
        Value::Quantity(q) => q.unit.text.clone(),
        Value::Expression(_) => String::new(),
    };
    match control {
        Variable::Parameter(p) => {
            let parameter = &network.parameters[p.index()];
            (parameter.name.clone(), unit(&parameter.value))
        }
        Variable::Compartment(c) => {
            let compartment = &network.compartments[c.index()];
            (compartment.name.clone(), unit(&compartment.size))
        }
        Variable::Species(s) => {
            let species = &network.species[s.index()];
            let (Initial::Count(value) | Initial::Concentration(value)) = &species.initial;
            (species.name.clone(), unit(value))
        }
    }
}

/// The numbers of a network as expressions over the varied quantity, which stands in its own unit, as the network gives
/// it, behind a symbol of its own.
pub(super) struct Numbers<'a> {
    network: &'a Network,
    control: Variable,
    /// What stands for the varied quantity.
    pub symbol: Symbol,
}

impl<'a> Numbers<'a> {
    /// `kinetics` says that definitions do not go in circles.
    pub fn new(kinetics: &'a Kinetics, control: Variable) -> Self {
        let network = kinetics.network();
        // One past the parameters there are.
        let symbol = Symbol::Parameter(ParameterId::from(network.parameters.len()));
        Numbers { network, control, symbol }
    }

    /// A value in coherent units; `is_control` if it is what is varied.
    fn value(&self, value: &Value, is_control: bool) -> Expression {
        let scale = |q: &Quantity| self.network.own_units_in(&q.unit);
        match value {
            Value::Quantity(q) if is_control => Expression::Symbol(self.symbol) * scale(q),
            Value::Quantity(q) => Expression::number(q.value * scale(q)),
            Value::Expression(_) if is_control => Expression::Symbol(self.symbol),
            // In definitions a species stands for its initial number of molecules.
            Value::Expression(e) => self.resolve(e, &|s| self.initial_count(s)),
        }
    }

    fn parameter(&self, id: ParameterId) -> Expression {
        self.value(&self.network.parameters[id.index()].value, self.control == Variable::Parameter(id))
    }

    /// The size of a compartment.
    pub fn size(&self, id: CompartmentId) -> Expression {
        self.value(&self.network.compartments[id.index()].size, self.control == Variable::Compartment(id))
    }

    /// The size of the compartment of a species.
    pub fn size_around(&self, id: SpeciesId) -> Expression {
        self.size(self.network.species[id.index()].compartment)
    }

    /// The initial number of molecules of a species.
    pub fn initial_count(&self, id: SpeciesId) -> Expression {
        let is_control = self.control == Variable::Species(id);
        match &self.network.species[id.index()].initial {
            Initial::Count(value) => self.value(value, is_control),
            Initial::Concentration(value) => self.value(value, is_control) * self.size_around(id),
        }
    }

    /// An expression over concentrations, all else replaced by its definition; clamped species are what they are at the
    /// start.
    pub fn over_concentrations(&self, expression: &Expression) -> Expression {
        self.resolve(expression, &|s| {
            if self.network.species[s.index()].clamped {
                self.initial_count(s) / self.size_around(s)
            } else {
                Expression::from(s)
            }
        })
    }

    fn resolve(&self, expression: &Expression, species: &dyn Fn(SpeciesId) -> Expression) -> Expression {
        let resolved = expression.substitute(|symbol| match symbol {
            Symbol::Parameter(p) => Some(self.parameter(p)),
            Symbol::Compartment(c) => Some(self.size(c)),
            Symbol::Species(s) => Some(species(s)),
            Symbol::Time => None,
        });
        resolved.simplify()
    }
}
