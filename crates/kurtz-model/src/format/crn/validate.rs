//! Networks that no text was read for, checked as if one had been.

use super::{parse, refusal};
use crate::diagnostic::{Diagnostic, Diagnostics, NameKind, Problem};
use crate::expression::{Expression, Names, Symbol};
use crate::network::*;

impl Network {
    /// Checks a network put together by hand as if it had been read; places refer to its text, [`Network::to_crn`].
    /// What is returned are warnings.
    ///
    /// # Errors
    /// Everything that is wrong with it, at once: references to what is not there, names that cannot be written, values
    /// and units as in a text, and what the text cannot say (a reaction in another compartment than that of its first
    /// reactant or product, a species twice on one side).
    pub fn validate(&self) -> Result<Vec<Diagnostic>, Diagnostics> {
        if let Some(problem) = self.dangling() {
            return Err(refusal(problem, None));
        }
        let (read, warnings) = parse(&self.to_crn(), "network")?;
        match self.difference(&read) {
            None => Ok(warnings),
            Some(what) => Err(refusal(Problem::NotRepresentable { what }, None)),
        }
    }

    /// The first part that differs, in words.
    fn difference(&self, read: &Network) -> Option<String> {
        if self == read {
            return None;
        }
        let reaction = self.reactions.iter().zip(&read.reactions).find(|(a, b)| a != b);
        let species = self.species.iter().zip(&read.species).find(|(a, b)| a != b);
        let parameter = self.parameters.iter().zip(&read.parameters).find(|(a, b)| a != b);
        let compartment = self.compartments.iter().zip(&read.compartments).find(|(a, b)| a != b);
        let found = compartment.map(|(c, _)| format!("compartment `{}`", c.name));
        let found = found.or(parameter.map(|(p, _)| format!("parameter `{}`", p.name)));
        let found = found.or(species.map(|(s, _)| format!("species `{}`", s.name)));
        let found = found.or(reaction.map(|(r, _)| format!("reaction `{}`", r.name)));
        let rule = self.rules.iter().zip(&read.rules).find(|(a, b)| a != b);
        let event = self.events.iter().zip(&read.events).find(|(a, b)| a != b);
        let found = found.or(rule.map(|(r, _)| format!("the rule for `{}`", self.text(r.variable.into()))));
        let found = found.or(event.map(|(e, _)| format!("event `{}`", e.name)));
        Some(found.unwrap_or_else(|| "this network".to_string()))
    }

    /// A reference to a part that does not exist.
    fn dangling(&self) -> Option<Problem> {
        let check = |what: &str, kind: NameKind, index: usize| {
            let count = match kind {
                NameKind::Species => self.species.len(),
                NameKind::Parameter => self.parameters.len(),
                NameKind::Compartment => self.compartments.len(),
                NameKind::Reaction => self.reactions.len(),
                NameKind::Event => self.events.len(),
            };
            (index >= count).then(|| Problem::Dangling { what: what.to_string(), kind, index, count })
        };
        let check_expression = |what: &str, e: &Expression| {
            let mut found = None;
            e.for_each_symbol(&mut |symbol| {
                let fault = match symbol {
                    Symbol::Species(s) => check(what, NameKind::Species, s.index()),
                    Symbol::Parameter(p) => check(what, NameKind::Parameter, p.index()),
                    Symbol::Compartment(c) => check(what, NameKind::Compartment, c.index()),
                    Symbol::Time => None,
                };
                found = found.take().or(fault);
            });
            found
        };
        let check_variable =
            |what: &str, variable: Variable| check_expression(what, &Expression::Symbol(variable.into()));
        let check_value = |what: &str, value: &Value| match value {
            Value::Quantity(_) => None,
            Value::Expression(e) => check_expression(what, e),
        };
        if self.compartments.is_empty() {
            return check("the network", NameKind::Compartment, 0);
        }
        let compartments = self.compartments.iter().find_map(|c| check_value(&c.name, &c.size));
        let parameters = || self.parameters.iter().find_map(|p| check_value(&p.name, &p.value));
        let species = || {
            self.species.iter().find_map(|s| {
                let (Initial::Count(value) | Initial::Concentration(value)) = &s.initial;
                check(&s.name, NameKind::Compartment, s.compartment.index()).or_else(|| check_value(&s.name, value))
            })
        };
        let reactions = || {
            self.reactions.iter().find_map(|r| {
                let (RateLaw::MassAction(e) | RateLaw::Rate(e) | RateLaw::Propensity(e)) = &r.rate;
                let mut sides = r.reactants.iter().chain(&r.products);
                let species = sides.find_map(|(s, _)| check(&r.name, NameKind::Species, s.index()));
                let forward = || r.reverse_of.and_then(|f| check(&r.name, NameKind::Reaction, f.index()));
                let compartment = || check(&r.name, NameKind::Compartment, r.compartment.index());
                let mut yields = r.yields.iter();
                let mut yields = || {
                    yields.find_map(|(s, e)| {
                        check(&r.name, NameKind::Species, s.index()).or_else(|| check_expression(&r.name, e))
                    })
                };
                let found = species.or_else(forward).or_else(compartment);
                found.or_else(|| check_expression(&r.name, e)).or_else(&mut yields)
            })
        };
        let rules = || {
            let of =
                |r: &Rule| check_variable("a rule", r.variable).or_else(|| check_expression("a rule", &r.expression));
            self.rules.iter().find_map(of)
        };
        let events = || {
            self.events.iter().find_map(|event| {
                let mut targets = event.assignments.iter();
                let target = targets.find_map(|(variable, _)| check_variable(&event.name, *variable));
                target.or_else(|| event.expressions().find_map(|e| check_expression(&event.name, e)))
            })
        };
        let found = compartments.or_else(parameters).or_else(species).or_else(reactions);
        found.or_else(rules).or_else(events)
    }
}
