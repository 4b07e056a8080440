//! What can be read out of a network by its name.

use super::System;
use crate::expression::Expression;
use crate::kinetics::KineticsError;
use crate::network::{Network, Variable};

/// Something to be recorded: a name for it and how to compute it.
#[derive(Clone, Debug, PartialEq)]
pub struct Observable {
    /// What it is called in tables.
    pub name: String,
    /// Its value: species stand for amounts, compartments for sizes, each as it is at the time.
    pub expression: Expression,
}

impl Observable {
    /// The amount of a species, the value of a parameter, the size of a compartment.
    pub fn of(network: &Network, variable: Variable) -> Self {
        let name = network.variable_name(variable).to_owned();
        Observable { name, expression: Expression::Symbol(variable.into()) }
    }
}

impl System {
    /// The quantity of this name: amount of a species, value of a parameter, size of a compartment, or flow of a
    /// reaction in extent per time ([`System::flow`]).
    ///
    /// # Errors
    /// If nothing has this name, or things of two kinds have.
    pub fn observable(&self, name: &str) -> Result<Observable, KineticsError> {
        let network = self.network();
        let found = [
            ("a species", network.species_named(name).map(Expression::from)),
            ("a parameter", network.parameter_named(name).map(Expression::from)),
            ("a compartment", network.compartment_named(name).map(Expression::from)),
            ("a reaction", network.reaction_named(name).map(|r| self.flow(r))),
        ];
        let mut found = found.into_iter().filter_map(|(kind, e)| e.map(|e| (kind, e)));
        let Some((kind, expression)) = found.next() else {
            return Err(KineticsError::UnknownQuantity { name: name.to_owned() });
        };
        if let Some((other, _)) = found.next() {
            return Err(KineticsError::AmbiguousQuantity { name: name.to_owned(), kinds: vec![kind, other] });
        }
        Ok(Observable { name: name.to_owned(), expression })
    }

    /// The concentration of the species of this name.
    ///
    /// # Errors
    /// If there is none.
    pub fn concentration(&self, name: &str) -> Result<Observable, KineticsError> {
        let network = self.network();
        let Some(s) = network.species_named(name) else {
            let known = network.species.iter().map(|s| s.name.clone()).collect();
            return Err(KineticsError::Unknown { kind: "species", name: name.to_owned(), known });
        };
        let size = Expression::from(network.species[s.index()].compartment);
        Ok(Observable { name: name.to_owned(), expression: Expression::from(s) / size })
    }

    /// The amounts of all species, in order.
    pub fn amounts(&self) -> Vec<Observable> {
        let species = (0..self.network().species.len()).map(|s| Variable::Species(s.into()));
        species.map(|s| Observable::of(self.network(), s)).collect()
    }
}
