//! From a described network to numbers: changes, checks, and values that depend on each other.

use super::{Changes, KineticsError, Law};
use crate::expression::{Expression, Names, Symbol};
use crate::network::{
    CompartmentId, Initial, Network, ParameterId, RateLaw, Rule, RuleKind, SpeciesId, Value, Variable,
};
use std::collections::HashSet;

/// Puts new values into a network, each in the unit declared there.
pub(crate) fn apply_changes(network: &mut Network, changes: &Changes) -> Result<(), KineticsError> {
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
        refuse_assigned(network, Variable::Parameter(id))?;
        set(&mut network.parameters[id.index()].value, *to);
    }
    for (name, to) in &changes.initial {
        let Some(id) = network.species_named(name) else {
            let known = network.species.iter().map(|s| s.name.clone()).collect();
            return Err(KineticsError::Unknown { kind: "species", name: name.clone(), known });
        };
        refuse_assigned(network, Variable::Species(id))?;
        match &mut network.species[id.index()].initial {
            Initial::Count(value) | Initial::Concentration(value) => set(value, *to),
        }
    }
    if let Some(to) = changes.volume
        && !network.compartments.is_empty()
    {
        refuse_assigned(network, Variable::Compartment(CompartmentId(0)))?;
        set(&mut network.compartments[0].size, to);
    }
    Ok(())
}

/// What a rule computes has no value of its own to be changed.
fn refuse_assigned(network: &Network, variable: Variable) -> Result<(), KineticsError> {
    let is_assigned = |rule: &Rule| rule.variable == variable && rule.kind == RuleKind::Assignment;
    if network.rules.iter().any(is_assigned) {
        return Err(KineticsError::SetByRule { name: network.variable_name(variable).to_owned() });
    }
    Ok(())
}

/// Checks that names are unique and that everything referred to is there, so that later code may index.
pub(crate) fn check_references(network: &Network) -> Result<(), KineticsError> {
    fn unique<'a>(kind: &'static str, names: impl Iterator<Item = &'a String>) -> Result<(), KineticsError> {
        let mut seen = HashSet::new();
        for name in names {
            if !seen.insert(name) {
                return Err(KineticsError::Duplicate { kind, name: name.clone() });
            }
        }
        Ok(())
    }
    unique("species", network.species.iter().map(|s| &s.name))?;
    unique("parameters", network.parameters.iter().map(|p| &p.name))?;
    unique("compartments", network.compartments.iter().map(|c| &c.name))?;
    unique("reactions", network.reactions.iter().map(|r| &r.name))?;
    unique("events", network.events.iter().map(|e| &e.name))?;

    let within = |what: &dyn Fn() -> String, kind, index: usize, available| {
        if index < available { Ok(()) } else { Err(KineticsError::OutOfRange { what: what(), kind, index, available }) }
    };
    let (species, compartments) = (network.species.len(), network.compartments.len());
    let expression = |what: &dyn Fn() -> String, e: &Expression| {
        e.symbols().into_iter().try_for_each(|s| match s {
            Symbol::Species(i) => within(what, "species", i.index(), species),
            Symbol::Parameter(i) => within(what, "parameter", i.index(), network.parameters.len()),
            Symbol::Compartment(i) => within(what, "compartment", i.index(), compartments),
            Symbol::Time => Ok(()),
        })
    };
    let value = |what: &dyn Fn() -> String, value: &Value| match value {
        Value::Quantity(_) => Ok(()),
        Value::Expression(e) => expression(what, e),
    };
    within(&|| "the network".into(), "compartment", 0, compartments)?;
    for c in &network.compartments {
        value(&|| format!("the size of compartment `{}`", c.name), &c.size)?;
    }
    for p in &network.parameters {
        value(&|| format!("parameter `{}`", p.name), &p.value)?;
    }
    for s in &network.species {
        let what = || format!("species `{}`", s.name);
        within(&what, "compartment", s.compartment.index(), compartments)?;
        let (Initial::Count(initial) | Initial::Concentration(initial)) = &s.initial;
        value(&what, initial)?;
    }
    for r in &network.reactions {
        let what = || format!("reaction `{}`", r.name);
        within(&what, "compartment", r.compartment.index(), compartments)?;
        for (s, _) in r.reactants.iter().chain(&r.products) {
            within(&what, "species", s.index(), species)?;
        }
        let (RateLaw::MassAction(e) | RateLaw::Rate(e) | RateLaw::Propensity(e)) = &r.rate;
        expression(&what, e)?;
        for (s, e) in &r.yields {
            within(&what, "species", s.index(), species)?;
            expression(&what, e)?;
        }
    }
    let target = |what: &dyn Fn() -> String, variable: Variable| match variable {
        Variable::Species(SpeciesId(i)) => within(what, "species", i as usize, species),
        Variable::Parameter(ParameterId(i)) => within(what, "parameter", i as usize, network.parameters.len()),
        Variable::Compartment(CompartmentId(i)) => within(what, "compartment", i as usize, compartments),
    };
    for (i, rule) in network.rules.iter().enumerate() {
        let what = || format!("rule {i}");
        target(&what, rule.variable)?;
        expression(&what, &rule.expression)?;
    }
    for event in &network.events {
        let what = || format!("event `{}`", event.name);
        for e in [&event.trigger].into_iter().chain(&event.delay).chain(&event.priority) {
            expression(&what, e)?;
        }
        for (variable, e) in &event.assignments {
            target(&what, *variable)?;
            expression(&what, e)?;
        }
    }
    Ok(())
}

/// Values of parameters and sizes of compartments, which may be defined by each other, each computed once.
pub(super) struct Values<'a> {
    network: &'a Network,
    parameters: Vec<Option<f64>>,
    compartments: Vec<Option<f64>>,
}

impl<'a> Values<'a> {
    /// All values, in the network's own units: parameters, then sizes.
    pub(super) fn of(network: &'a Network) -> Result<(Vec<f64>, Vec<f64>), KineticsError> {
        let mut values = Values {
            network,
            parameters: vec![None; network.parameters.len()],
            compartments: vec![None; network.compartments.len()],
        };
        for i in 0..network.compartments.len() {
            values.resolve(Symbol::Compartment(CompartmentId::from(i)))?;
        }
        for i in 0..network.parameters.len() {
            values.resolve(Symbol::Parameter(ParameterId::from(i)))?;
        }
        let known = |values: Vec<Option<f64>>| values.into_iter().flatten().collect();
        Ok((known(values.parameters), known(values.compartments)))
    }

    fn known(&self, symbol: Symbol) -> Option<f64> {
        match symbol {
            Symbol::Parameter(i) => self.parameters[i.index()],
            Symbol::Compartment(i) => self.compartments[i.index()],
            Symbol::Species(_) | Symbol::Time => None,
        }
    }

    /// What a parameter or compartment is set to, and what it is called.
    fn definition(&self, symbol: Symbol) -> Option<(&'a Value, String)> {
        match symbol {
            Symbol::Parameter(i) => {
                let parameter = &self.network.parameters[i.index()];
                Some((&parameter.value, format!("parameter `{}`", parameter.name)))
            }
            Symbol::Compartment(i) => {
                let compartment = &self.network.compartments[i.index()];
                Some((&compartment.size, format!("the size of compartment `{}`", compartment.name)))
            }
            Symbol::Species(_) | Symbol::Time => None,
        }
    }

    /// Computes a value after all those it depends on, by a walk with its own stack: chains may be long.
    fn resolve(&mut self, symbol: Symbol) -> Result<(), KineticsError> {
        let name = |s: Symbol| self.network.text(s).into_owned();
        let mut open: Vec<(Symbol, Vec<Symbol>)> = Vec::new();
        let mut on_stack = HashSet::new();
        let mut next = Some(symbol);
        loop {
            if let Some(symbol) = next.take() {
                let Some((value, _)) = self.definition(symbol) else {
                    let what =
                        open.last().and_then(|&(s, _)| self.definition(s)).map_or(String::new(), |(_, what)| what);
                    return Err(KineticsError::NotFixed { what, on: name(symbol) });
                };
                if self.known(symbol).is_some() {
                    continue;
                }
                if !on_stack.insert(symbol) {
                    let start = open.iter().position(|&(s, _)| s == symbol).unwrap_or(0);
                    let through = open[start..].iter().map(|&(s, _)| s).chain([symbol]).map(name).collect();
                    return Err(KineticsError::Cycle { name: name(symbol), through });
                }
                let needs = match value {
                    Value::Quantity(_) => Vec::new(),
                    Value::Expression(e) => e.symbols(),
                };
                open.push((symbol, needs));
            }
            let Some((symbol, needs)) = open.last_mut() else {
                return Ok(());
            };
            next = needs.pop();
            if next.is_none() {
                let symbol = *symbol;
                open.pop();
                on_stack.remove(&symbol);
                self.compute(symbol)?;
            }
        }
    }

    /// Computes a value all of whose parts are known.
    fn compute(&mut self, symbol: Symbol) -> Result<(), KineticsError> {
        let Some((value, what)) = self.definition(symbol) else {
            return Ok(());
        };
        let x = number(value, self.network, &|s| self.known(s).unwrap_or(f64::NAN));
        let is_size = matches!(symbol, Symbol::Compartment(_));
        if !x.is_finite() || is_size && x <= 0.0 {
            let expected = if is_size { "it must be a finite number > 0" } else { "it must be a finite number" };
            return Err(KineticsError::BadValue { what, value: x, expected });
        }
        match symbol {
            Symbol::Parameter(i) => self.parameters[i.index()] = Some(x),
            Symbol::Compartment(i) => self.compartments[i.index()] = Some(x),
            Symbol::Species(_) | Symbol::Time => {}
        }
        Ok(())
    }
}

/// A value in the network's own units.
fn number(value: &Value, network: &Network, known: &impl Fn(Symbol) -> f64) -> f64 {
    match value {
        Value::Quantity(q) => q.value * network.own_units_in(&q.unit),
        Value::Expression(e) => e.evaluate(known),
    }
}

/// The first species or time in an expression that must not depend on them.
fn variable(e: &Expression, network: &Network) -> Option<String> {
    let variable = e.symbols().into_iter().find(|s| matches!(s, Symbol::Species(_) | Symbol::Time));
    variable.map(|s| network.text(s).into_owned())
}

/// Initial numbers of molecules, not rounded.
pub(super) fn initial(
    network: &Network,
    volumes: &[f64],
    known: &impl Fn(Symbol) -> f64,
) -> Result<Vec<f64>, KineticsError> {
    let mut initial = Vec::with_capacity(network.species.len());
    for species in &network.species {
        let what = || format!("the initial amount of `{}`", species.name);
        let (value, factor) = match &species.initial {
            Initial::Count(value) => (value, 1.0),
            Initial::Concentration(value) => (value, volumes[species.compartment.index()]),
        };
        if let Value::Expression(e) = value
            && let Some(on) = variable(e, network)
        {
            return Err(KineticsError::NotFixed { what: what(), on });
        }
        let n = factor * number(value, network, known);
        if !n.is_finite() || n < 0.0 {
            let expected = "it must be a finite number >= 0";
            return Err(KineticsError::BadValue { what: what(), value: n, expected });
        }
        initial.push(n);
    }
    Ok(initial)
}

/// The rate laws with their numbers.
pub(super) fn laws(
    network: &Network,
    volumes: &[f64],
    known: &impl Fn(Symbol) -> f64,
) -> Result<Vec<Law>, KineticsError> {
    let law = |reaction: &crate::network::Reaction| {
        let volume = volumes[reaction.compartment.index()];
        Ok(match &reaction.rate {
            RateLaw::MassAction(k) => {
                if let Some(on) = variable(k, network) {
                    return Err(KineticsError::NotConstant { reaction: reaction.name.clone(), on });
                }
                let constant = k.evaluate(known);
                if !constant.is_finite() || constant < 0.0 {
                    return Err(KineticsError::BadConstant { reaction: reaction.name.clone(), value: constant });
                }
                Law::MassAction { constant, volume }
            }
            RateLaw::Rate(phi) => Law::Rate { phi: phi.clone(), volume },
            RateLaw::Propensity(a) => Law::Propensity(a.clone()),
        })
    };
    network.reactions.iter().map(law).collect()
}
