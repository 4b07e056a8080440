//! Rules and events.

use super::Resolver;
use super::expressions::Scope;
use crate::diagnostic::{NameKind, Problem};
use crate::expression::{BinaryOperator, Expression, Symbol};
use crate::format::crn::lexer::Span;
use crate::format::crn::syntax::*;
use crate::network::*;
use crate::units::Dimension;
use std::collections::HashMap;
use std::sync::Arc;

/// What is known of the rule of a variable: its kind, its law unless that has been reported, and its place.
type Rules = HashMap<Variable, (RuleKind, Option<Expression>, Span)>;

impl Resolver<'_> {
    pub(super) fn rules(&mut self) -> Rules {
        let mut rules = Rules::new();
        for text in &self.text.rules {
            let variable = self.variable(&text.variable);
            let expression = self.new_value(variable, &text.value);
            let Some(variable) = variable else {
                continue;
            };
            if let Some((_, _, first)) = rules.get(&variable) {
                let line = self.lines.of(first.start);
                let problem = Problem::TwoRules { name: text.variable.text.clone(), line };
                self.fault(problem, &text.span, None);
                continue;
            }
            if let Variable::Species(s) = variable
                && !self.network.species[s.index()].clamped
            {
                let name = text.variable.text.clone();
                let help = format!("declare it as `clamped species {name}`: reactions do not change it then");
                self.fault(Problem::RuleOfReactant { name }, &text.variable.span, Some(help));
            }
            rules.insert(variable, (text.kind, expression.clone(), text.span.clone()));
            if let Some(expression) = expression {
                self.network.rules.push(Rule { variable, kind: text.kind, expression });
            }
        }
        rules
    }

    /// Parameters that neither a value nor a rule is given for.
    pub(super) fn missing_values(&mut self, rules: &Rules) {
        for (i, parameter) in self.text.parameters.iter().enumerate() {
            let rule = rules.get(&Variable::Parameter(ParameterId::from(i))).map(|(kind, ..)| *kind);
            if parameter.value.is_none() && rule != Some(RuleKind::Assignment) {
                let name = &parameter.name.text;
                let help = match rule {
                    None => format!("as in `parameter {name} = 0.1 1/s`"),
                    Some(_) => format!("a derivative needs a value to start from, as in `parameter {name} = 0`"),
                };
                self.fault(Problem::MissingValue { name: name.clone() }, &parameter.name.span, Some(help));
            }
        }
    }

    pub(super) fn events(&mut self, rules: &Rules) {
        for (i, text) in self.text.events.iter().enumerate() {
            let name = text.name.as_ref().map_or_else(|| format!("event_{}", i + 1), |n| n.text.clone());
            self.automatic_name(&name, text.name.is_some(), &text.span, NameKind::Event);
            let trigger = self.lower(&text.trigger, Scope::Amounts);
            let delay = text.delay.as_ref().map(|value| self.new_value(None, value));
            let priority = text.priority.as_ref().map(|value| self.new_value(None, value));
            let mut assignments: Vec<(Variable, Expression)> = Vec::new();
            for (target, value) in &text.assignments {
                let variable = self.variable(target);
                let expression = self.new_value(variable, value);
                let Some(variable) = variable else {
                    continue;
                };
                let name = || target.text.clone();
                if let Some((RuleKind::Assignment, _, rule)) = rules.get(&variable) {
                    let line = self.lines.of(rule.start);
                    self.fault(Problem::SetDespiteRule { name: name(), line }, &target.span, None);
                } else if assignments.iter().any(|(v, _)| *v == variable) {
                    self.fault(Problem::SetTwice { name: name() }, &target.span, None);
                }
                assignments.extend(expression.map(|e| (variable, e)));
            }
            let Some(trigger) = trigger else {
                continue;
            };
            self.network.events.push(Event {
                name,
                trigger,
                initially_true: text.initially_true,
                persistent: text.persistent,
                delay: delay.flatten(),
                priority: priority.flatten(),
                values_from_trigger_time: text.values_from_trigger_time,
                assignments,
            });
        }
    }

    /// What a name stands for that is to change.
    fn variable(&mut self, name: &Name) -> Option<Variable> {
        match self.names.get(name.text.as_str()) {
            Some(&(NameKind::Species, i, _)) => Some(Variable::Species(SpeciesId::from(i))),
            Some(&(NameKind::Parameter, i, _)) => Some(Variable::Parameter(ParameterId::from(i))),
            Some(&(NameKind::Compartment, i, _)) => Some(Variable::Compartment(CompartmentId::from(i))),
            Some(&(found, ..)) => {
                let expected = "a species, parameter or compartment";
                self.fault(Problem::WrongKind { name: name.text.clone(), found, expected }, &name.span, None);
                None
            }
            None => {
                if self.reported.insert(name.text.clone()) {
                    let kinds = [NameKind::Species, NameKind::Parameter, NameKind::Compartment];
                    let help = match self.meant(&name.text, &kinds) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => format!("declare it, as in `parameter {} = 0`", name.text),
                    };
                    self.fault(Problem::UnknownName { name: name.text.clone() }, &name.span, Some(help));
                }
                None
            }
        }
    }

    /// A value given by a rule or event, in the network's own units; a concentration given to a species is an amount.
    fn new_value(&mut self, variable: Option<Variable>, value: &ValueText) -> Option<Expression> {
        let (value, unit) = match value {
            ValueText::Expression(node) => return self.lower(node, Scope::Amounts),
            ValueText::Quantity { value, unit, .. } => (*value, unit),
        };
        if !self.check_reference(unit) {
            return None;
        }
        let number = Expression::Number(value * self.network.own_units_in(&unit.unit));
        Some(match variable {
            Some(Variable::Species(s)) if unit.unit.dimension == Some(Dimension::CONCENTRATION) => {
                let size = Expression::Symbol(Symbol::Compartment(self.homes[s.index()]));
                Expression::Binary(BinaryOperator::Multiply, Arc::new(number), Arc::new(size))
            }
            _ => number,
        })
    }
}
