//! Events in terms of amounts.

use super::declarations::plain;
use super::document::{EventFacts, Reading};
use super::names::{Kind, Thing};
use super::problem::SbmlProblem;
use super::xml::Finding;
use crate::expression::{BinaryOperator, Expression, Symbol};
use crate::network::*;
use std::collections::{HashMap, HashSet};

impl Reading<'_, '_> {
    /// Adds an event to the network. `changing` holds what rules and events change.
    ///
    /// A concentration c that an event sets becomes an amount c V, with the size V that the compartment has when it is
    /// set (section 4.12.5). Where c is computed when the event triggers but V may change until the event happens, the
    /// event keeps c in a parameter, and a second event, which happens at once after it, sets the amount.
    pub fn event(&mut self, facts: &EventFacts, changing: &HashSet<Variable>) -> Result<(), Finding> {
        let mut assignments = Vec::with_capacity(facts.assignments.len());
        for &(thing, formula, at) in &facts.assignments {
            assignments.push((self.variable(thing), self.expression(formula)?, at));
        }
        let concentrations: HashSet<Symbol> = assignments
            .iter()
            .filter(|(variable, ..)| self.concentration_in(*variable).is_some())
            .map(|(variable, ..)| (*variable).into())
            .collect();
        let amounts = assignments.iter().filter(|(variable, ..)| self.concentration_in(*variable).is_none());
        let set: HashMap<Symbol, Expression> = amounts.map(|(v, e, _)| ((*v).into(), e.clone())).collect();
        let delay = facts.delay.map(|formula| self.expression(formula)).transpose()?;
        // Concentrations with the sizes of their compartments, in terms of what no rule gives.
        let mut kept: Vec<(Variable, Expression, Expression)> = Vec::new();
        let mut now: Vec<(Variable, Expression)> = Vec::new();
        for (variable, expression, at) in assignments {
            let Some(compartment) = self.concentration_in(variable) else {
                now.push((variable, expression));
                continue;
            };
            let changes = changing.contains(&Variable::Compartment(compartment));
            let flows_only = self.rate.contains_key(&self.compartments[compartment.index()].thing);
            let set_here = set.contains_key(&Symbol::Compartment(compartment));
            let may_change = changes && !set_here && (delay.is_some() || !flows_only || self.jumps(compartment));
            let size = self.written_out(compartment);
            if size.symbols().iter().any(|symbol| concentrations.contains(symbol)) {
                let id = self.network.compartments[compartment.index()].name.clone();
                let what = format!("event `{}`", facts.name);
                return Err(Finding::new(SbmlProblem::CircularConcentration { what, id }, at));
            }
            if may_change && facts.values_from_trigger_time {
                kept.push((variable, expression, size));
            } else {
                // What else the event sets it sets by the values from before.
                let size = size.substitute(|symbol| set.get(&symbol).cloned());
                now.push((variable, expression * size));
            }
        }
        let mut second = None;
        if !kept.is_empty() {
            let (first, then) = self.in_two_steps(&facts.name, now, kept);
            (now, second) = (first, Some(then));
        }
        let event = Event {
            name: facts.name.clone(),
            trigger: self.expression(facts.trigger)?,
            initially_true: facts.initially_true,
            persistent: facts.persistent,
            delay,
            priority: facts.priority.map(|formula| self.expression(formula)).transpose()?,
            values_from_trigger_time: facts.values_from_trigger_time,
            assignments: now,
        };
        self.network.events.push(event);
        self.network.events.extend(second);
        Ok(())
    }

    /// Whether events set the size of a compartment.
    fn jumps(&self, compartment: CompartmentId) -> bool {
        let thing = self.compartments[compartment.index()].thing;
        self.set_by_events.contains(&thing)
    }

    /// What an event sets, when some of it are concentrations that were computed before their compartments changed: the
    /// event keeps all its values, which nobody sees, and another that happens right after it sets them at once.
    fn in_two_steps(
        &mut self,
        first: &str,
        amounts: Vec<(Variable, Expression)>,
        concentrations: Vec<(Variable, Expression, Expression)>,
    ) -> (Vec<(Variable, Expression)>, Event) {
        let due = self.helper(&format!("{first}_due"));
        let mut kept = vec![(due, Expression::number(1.0))];
        let mut set = vec![(due, Expression::number(0.0))];
        let mut places: HashMap<Symbol, Expression> = HashMap::new();
        let mut keep = |reading: &mut Self, variable: Variable, value: Expression| {
            let name = reading.network.variable_name(variable).to_string();
            let place = reading.helper(&format!("{first}_{name}"));
            kept.push((place, value));
            Expression::from(Symbol::from(place))
        };
        for (variable, value) in amounts {
            let value = keep(self, variable, value);
            places.insert(variable.into(), value.clone());
            set.push((variable, value));
        }
        for (variable, value, size) in concentrations {
            // The size that the compartment has once all the rest is set.
            let size = size.substitute(|symbol| places.get(&symbol).cloned());
            let value = keep(self, variable, value);
            set.push((variable, value * size));
        }
        let event = Event {
            name: self.names.reserve(&format!("{first}_amounts")),
            trigger: Expression::binary(BinaryOperator::NotEqual, Symbol::from(due), 0.0),
            initially_true: false,
            persistent: true,
            delay: None,
            // Before all that happens at the same time.
            priority: Some(Expression::number(f64::INFINITY)),
            values_from_trigger_time: true,
            assignments: set,
        };
        (kept, event)
    }

    /// A parameter that the file does not have.
    fn helper(&mut self, name: &str) -> Variable {
        let name = self.names.reserve(name);
        let id = ParameterId::from(self.network.parameters.len());
        let thing = Thing { id: name.clone(), kind: Kind::Parameter(id), at: 0, line: 1, constant: false };
        let thing = self.names.add_hidden(thing);
        self.network.parameters.push(Parameter { name, value: plain(0.0) });
        self.parameters.push(thing);
        Variable::Parameter(id)
    }

    /// The size of a compartment in terms of what no rule gives.
    fn written_out(&self, compartment: CompartmentId) -> Expression {
        let rule_of = |symbol: Symbol| {
            let is_it = |rule: &&Rule| rule.kind == RuleKind::Assignment && Symbol::from(rule.variable) == symbol;
            self.network.rules.iter().find(is_it).map(|rule| &rule.expression)
        };
        let mut size = Expression::from(compartment);
        // Rules do not go in circles, so that there are no more rounds than rules.
        while size.symbols().into_iter().any(|symbol| rule_of(symbol).is_some()) {
            size = size.substitute(|symbol| rule_of(symbol).cloned());
        }
        size
    }
}
