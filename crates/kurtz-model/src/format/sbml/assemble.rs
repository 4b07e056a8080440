//! The network, once everything has been read: values, rules, reactions and events in its terms.

use super::declarations::plain;
use super::document::{Law, Reading, Stoichiometry};
use super::names::Kind;
use super::problem::SbmlProblem;
use super::xml::{self, Finding};
use crate::expression::{Expression, Symbol};
use crate::kinetics::KineticsError;
use crate::network::*;
use crate::system::initial_values;
use std::collections::{HashMap, HashSet};

impl Reading<'_, '_> {
    /// Fills the network. A circle or a quantity without value stops it at once: what follows would only repeat it.
    pub fn assemble(&mut self) {
        if let Err(fault) = self.try_assemble() {
            self.faults.push(fault);
        }
    }

    fn try_assemble(&mut self) -> Result<(), Finding> {
        if self.network.compartments.is_empty() {
            let name = self.names.reserve("volume");
            self.network.compartments.push(Compartment { name, size: plain(1.0) });
        }
        self.index_changes();
        self.default_stoichiometries();
        self.initial_values()?;
        self.rules()?;
        let start = match initial_values(&self.network) {
            Ok(start) => start,
            Err(KineticsError::Cycle { through, .. }) => return Err(self.circular_definition(through)),
            Err(_) => Vec::new(),
        };
        let changing = self.changing();
        for reaction in 0..self.reactions.len() {
            self.reaction(reaction, &start, &changing)?;
        }
        self.set_by_events =
            self.events.iter().flat_map(|event| &event.assignments).map(|&(thing, ..)| thing).collect();
        for event in std::mem::take(&mut self.events) {
            self.event(&event, &changing)?;
        }
        self.sizes(&start);
        Ok(())
    }

    /// Which reactions change which species.
    fn index_changes(&mut self) {
        self.changes = vec![Vec::new(); self.species.len()];
        for (i, reaction) in self.reactions.iter().enumerate() {
            for (j, term) in reaction.terms.iter().enumerate() {
                let facts = &self.species[term.species.index()];
                let species = self.names.get(facts.thing);
                if !facts.fixed {
                    self.changes[term.species.index()].push((i, j));
                    let rule = self.rate.get(&facts.thing).or(self.assignment.get(&facts.thing));
                    if let Some(rule) = rule {
                        let (what, id) = ("rule".to_string(), species.id.clone());
                        self.faults.push(Finding::new(SbmlProblem::RuleAndReaction { what, id }, rule.at));
                    }
                }
            }
        }
    }

    /// Stoichiometries that can be named and are given no value by anything: 1, as most programs take them.
    fn default_stoichiometries(&mut self) {
        let set: HashSet<u32> = self.events.iter().flat_map(|e| &e.assignments).map(|&(thing, ..)| thing).collect();
        for reaction in &self.reactions {
            for term in &reaction.terms {
                let Stoichiometry::Reference(thing) = term.stoichiometry else {
                    continue;
                };
                let Kind::Reference(p) = self.names.get(thing).kind else {
                    continue;
                };
                let laws = [&self.initial, &self.assignment, &self.rate];
                let value = &mut self.network.parameters[p.index()].value;
                let open = matches!(value, Value::Quantity(q) if q.value.is_nan());
                if open && !set.contains(&thing) && !laws.iter().any(|laws| laws.contains_key(&thing)) {
                    *value = plain(1.0);
                    let what = format!("species reference `{}`", self.names.get(thing).id);
                    self.warnings.push(Finding::new(SbmlProblem::NoStoichiometry { what }, term.at));
                }
            }
        }
    }

    /// The thing's place in the network.
    pub fn variable(&self, thing: u32) -> Variable {
        match self.names.get(thing).kind {
            Kind::Species(s) => Variable::Species(s),
            Kind::Compartment(c) => Variable::Compartment(c),
            Kind::Parameter(p) | Kind::Reference(p) => Variable::Parameter(p),
            Kind::Reaction(_) | Kind::Function(_) | Kind::Event | Kind::Other => {
                unreachable!("only variables are looked up where rules and assignments are read")
            }
        }
    }

    /// Whether a variable is a species whose name stands for its concentration; then its compartment.
    pub fn concentration_in(&self, variable: Variable) -> Option<CompartmentId> {
        match variable {
            Variable::Species(s) if self.species[s.index()].in_concentration => {
                Some(self.network.species[s.index()].compartment)
            }
            _ => None,
        }
    }

    /// Initial assignments as values.
    fn initial_values(&mut self) -> Result<(), Finding> {
        // What an assignment rule gives is computed; the value beside it means nothing.
        let assigned = in_order(&self.assignment).into_iter().map(|(thing, _)| (thing, None));
        let given = in_order(&self.initial).into_iter().map(|(thing, law)| (thing, Some(law)));
        for (thing, law) in assigned.chain(given) {
            let value = match law.map(|law| self.expression(law.formula)).transpose()? {
                None => plain(0.0),
                Some(Expression::Number(x)) => plain(x),
                Some(expression) => Value::Expression(expression),
            };
            let variable = self.variable(thing);
            let in_concentration = self.concentration_in(variable).is_some();
            match variable {
                Variable::Species(s) => {
                    self.network.species[s.index()].initial = if in_concentration && law.is_some() {
                        Initial::Concentration(value)
                    } else {
                        Initial::Count(value)
                    };
                }
                Variable::Parameter(p) => self.network.parameters[p.index()].value = value,
                Variable::Compartment(c) => {
                    self.compartments[c.index()].sized = true;
                    self.network.compartments[c.index()].size = if law.is_some() { value } else { plain(1.0) };
                }
            }
        }
        Ok(())
    }

    fn rules(&mut self) -> Result<(), Finding> {
        let assignments = in_order(&self.assignment).into_iter().map(|(thing, law)| (RuleKind::Assignment, thing, law));
        let rates = in_order(&self.rate).into_iter().map(|(thing, law)| (RuleKind::Rate, thing, law));
        let mut all: Vec<_> = assignments.chain(rates).collect();
        all.sort_by_key(|(_, _, law)| law.at);
        for (kind, thing, law) in all {
            let variable = self.variable(thing);
            let expression = match (kind, variable) {
                (RuleKind::Rate, Variable::Species(s)) => self.amount_rate(s)?,
                (_, variable) => {
                    let expression = self.expression(law.formula)?;
                    match self.concentration_in(variable) {
                        Some(compartment) => expression * Expression::from(compartment),
                        None => expression,
                    }
                }
            };
            if let Variable::Species(s) = variable {
                self.network.species[s.index()].clamped = true;
            }
            self.network.rules.push(Rule { variable, kind, expression });
        }
        Ok(())
    }

    /// What rules and events change.
    fn changing(&self) -> HashSet<Variable> {
        let ruled = self.network.rules.iter().map(|rule| rule.variable);
        let set = self.events.iter().flat_map(|event| &event.assignments).map(|&(thing, ..)| self.variable(thing));
        ruled.chain(set).collect()
    }

    fn reaction(&mut self, i: usize, start: &[f64], changing: &HashSet<Variable>) -> Result<(), Finding> {
        let change = self.stoichiometry(i, start, changing)?;
        let facts = &self.reactions[i];
        let name = self.names.get(facts.thing).id.clone();
        let place = |product: bool| facts.terms.iter().find(|t| t.is_product == product).map(|t| t.species);
        let first = place(false).or(place(true));
        let compartment = first.map_or(CompartmentId(0), |s| self.network.species[s.index()].compartment);
        let rate = match facts.law {
            Some(law) => self.expression(law)?,
            None => Expression::number(0.0),
        };
        self.network.reactions.push(Reaction {
            name,
            reactants: change.reactants,
            products: change.products,
            yields: change.yields,
            rate: RateLaw::Propensity(rate),
            compartment,
            reverse_of: None,
        });
        Ok(())
    }

    /// Compartments without size, and of size 0 where concentrations are needed.
    fn sizes(&mut self, start: &[f64]) {
        let place = |i: usize| self.network.variable_index(Variable::Compartment(i.into()));
        let size = |i: usize| start.get(place(i)).copied();
        let doubtful = |i: usize| !self.compartments[i].sized || size(i) == Some(0.0);
        let doubtful: HashSet<usize> = (0..self.compartments.len()).filter(|&i| doubtful(i)).collect();
        if doubtful.is_empty() {
            return;
        }
        let mut used = HashSet::new();
        let network = &self.network;
        let mut see = |e: &Expression| {
            e.for_each_symbol(&mut |symbol| {
                if let Symbol::Compartment(c) = symbol {
                    used.insert(c.index());
                }
            });
        };
        for reaction in &network.reactions {
            let (RateLaw::MassAction(e) | RateLaw::Rate(e) | RateLaw::Propensity(e)) = &reaction.rate;
            see(e);
            reaction.yields.iter().for_each(|(_, e)| see(e));
        }
        network.rules.iter().for_each(|rule| see(&rule.expression));
        for event in &network.events {
            let parts = [Some(&event.trigger), event.delay.as_ref(), event.priority.as_ref()];
            parts.into_iter().flatten().for_each(&mut see);
            event.assignments.iter().for_each(|(_, e)| see(e));
        }
        for species in &network.species {
            let (Initial::Count(value) | Initial::Concentration(value)) = &species.initial;
            if let Value::Expression(e) = value {
                see(e);
            }
            if matches!(species.initial, Initial::Concentration(_)) {
                see(&species.compartment.into());
            }
        }
        let sizes = network.compartments.iter().map(|c| &c.size);
        for value in network.parameters.iter().map(|p| &p.value).chain(sizes) {
            if let Value::Expression(e) = value {
                see(e);
            }
        }
        for i in doubtful {
            let thing = self.names.get(self.compartments[i].thing);
            let (id, at) = (thing.id.clone(), thing.at);
            if !used.contains(&i) {
                continue;
            }
            if self.compartments[i].sized {
                self.faults.push(Finding::new(SbmlProblem::EmptyCompartment { id }, at));
            } else {
                self.warnings.push(Finding::new(SbmlProblem::NoSize { id }, at));
            }
        }
    }

    fn circular_definition(&self, mut through: Vec<String>) -> Finding {
        let first = self.names.find(&through[0]);
        let law = first.and_then(|thing| self.assignment.get(&thing).or(self.initial.get(&thing)));
        let at = law.map_or(xml::at(self.model), |law| law.at);
        let what = first.map_or_else(|| through[0].clone(), |thing| self.describe(thing));
        through.truncate(20);
        Finding::new(SbmlProblem::Cycle { what, through }, at)
    }
}

/// Laws in the order of the file.
fn in_order(laws: &HashMap<u32, Law>) -> Vec<(u32, Law)> {
    let mut laws: Vec<(u32, Law)> = laws.iter().map(|(&thing, &law)| (thing, law)).collect();
    laws.sort_by_key(|(_, law)| law.at);
    laws
}
