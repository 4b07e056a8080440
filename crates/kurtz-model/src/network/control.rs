//! What changes a network's quantities beside its reactions: rules and events.
//!
//! In all expressions here a species stands for its amount (its number of molecules, see [`crate::Network::amount_unit`]),
//! a compartment for its size at that time; a concentration is written as their quotient.

use super::{CompartmentId, Network, ParameterId, SpeciesId};
use crate::expression::{Expression, Symbol};

/// A quantity that can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Variable {
    /// The amount of a species.
    Species(SpeciesId),
    /// A parameter.
    Parameter(ParameterId),
    /// The size of a compartment; amounts in it stay, concentrations change.
    Compartment(CompartmentId),
}

impl From<Variable> for Symbol {
    fn from(variable: Variable) -> Symbol {
        match variable {
            Variable::Species(s) => Symbol::Species(s),
            Variable::Parameter(p) => Symbol::Parameter(p),
            Variable::Compartment(c) => Symbol::Compartment(c),
        }
    }
}

impl Variable {
    /// The quantity a symbol stands for; time is none.
    pub fn of(symbol: Symbol) -> Option<Variable> {
        match symbol {
            Symbol::Species(s) => Some(Variable::Species(s)),
            Symbol::Parameter(p) => Some(Variable::Parameter(p)),
            Symbol::Compartment(c) => Some(Variable::Compartment(c)),
            Symbol::Time => None,
        }
    }
}

impl Network {
    /// Every quantity: the species, the parameters, the compartments, each in order.
    pub fn variables(&self) -> impl Iterator<Item = Variable> + use<> {
        let species = (0..self.species.len()).map(|i| Variable::Species(i.into()));
        let parameters = (0..self.parameters.len()).map(|i| Variable::Parameter(i.into()));
        let compartments = (0..self.compartments.len()).map(|i| Variable::Compartment(i.into()));
        species.chain(parameters).chain(compartments)
    }

    /// Position of a quantity in [`Network::variables`].
    pub fn variable_index(&self, variable: Variable) -> usize {
        let (species, parameters) = (self.species.len(), self.parameters.len());
        match variable {
            Variable::Species(s) => s.index(),
            Variable::Parameter(p) => species + p.index(),
            Variable::Compartment(c) => species + parameters + c.index(),
        }
    }

    /// The name of a quantity.
    pub fn variable_name(&self, variable: Variable) -> &str {
        match variable {
            Variable::Species(s) => &self.species[s.index()].name,
            Variable::Parameter(p) => &self.parameters[p.index()].name,
            Variable::Compartment(c) => &self.compartments[c.index()].name,
        }
    }
}

/// A law for a quantity that reactions do not change.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// The quantity; a species must be clamped.
    pub variable: Variable,
    /// What the expression gives.
    pub kind: RuleKind,
    /// The law.
    pub expression: Expression,
}

/// What a rule says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RuleKind {
    /// The quantity equals the expression at all times, the start included. Such rules must not go in circles.
    Assignment,
    /// The expression is the quantity's derivative by time.
    Rate,
}

/// Something that happens when a condition becomes true: quantities are set to new values.
///
/// The meaning is that of SBML Level 3 Version 2, section 4.11.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Unique name.
    pub name: String,
    /// The condition; the event triggers when it changes from false to true.
    pub trigger: Expression,
    /// What the condition counts as before the start; if false and it holds at the start, the event triggers then.
    pub initially_true: bool,
    /// Whether an event that has triggered happens even if its condition becomes false before.
    pub persistent: bool,
    /// Time from triggering to happening, computed when it triggers; none is 0.
    pub delay: Option<Expression>,
    /// Of events that happen at the same time the largest priority goes first, computed anew after each. Without one the
    /// order among them is open.
    pub priority: Option<Expression>,
    /// Whether new values are computed when the event triggers or when it happens.
    pub values_from_trigger_time: bool,
    /// New values, all computed before any is set.
    pub assignments: Vec<(Variable, Expression)>,
}

impl Event {
    /// All its expressions: trigger, delay, priority, new values.
    pub fn expressions(&self) -> impl Iterator<Item = &Expression> {
        let header = [Some(&self.trigger), self.delay.as_ref(), self.priority.as_ref()];
        header.into_iter().flatten().chain(self.assignments.iter().map(|(_, e)| e))
    }
}
