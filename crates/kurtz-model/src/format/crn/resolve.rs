//! Names become symbols: [`ModelText`] in, [`Network`] out.

mod control;
mod expressions;
mod quantities;
mod reactions;
mod warnings;

use super::lexer::{Fault, Span};
use super::syntax::*;
use super::{dimensions, values};
use crate::diagnostic::Lines;
use crate::diagnostic::{Diagnostics, NameKind, Problem, closest};
use crate::expression::Expression;
use crate::network::*;
use crate::units::{Dimension, Unit};
use std::collections::{HashMap, HashSet};

/// Faults that prevent a network, and those that do not.
pub(super) struct Found {
    pub network: Network,
    pub warnings: Vec<Fault>,
}

struct Resolver<'a> {
    lines: Lines,
    text: &'a ModelText,
    faults: &'a mut Vec<Fault>,
    network: Network,
    names: HashMap<&'a str, (NameKind, usize, Span)>,
    /// Where each species is.
    homes: Vec<CompartmentId>,
    /// Undeclared names already reported.
    reported: HashSet<String>,
}

/// Values and laws as read; `None` where something in them has been reported.
pub(super) struct Read {
    pub sizes: Vec<Option<Value>>,
    pub parameters: Vec<Option<Value>>,
    pub initials: Vec<Option<Initial>>,
    pub laws: Vec<Option<RateLaw>>,
    /// The law and place of each rule that was understood, by what it is for.
    pub rules: HashMap<Variable, (RuleKind, Option<Expression>, Span)>,
}

/// Builds the network that a text describes; it is of use only if no fault was added.
pub(super) fn resolve(source: &str, text: &ModelText, faults: &mut Vec<Fault>) -> Found {
    let mut resolver = Resolver {
        lines: Lines::new(source),
        text,
        faults,
        network: Network::default(),
        names: HashMap::new(),
        homes: Vec::new(),
        reported: HashSet::new(),
    };
    resolver.header();
    resolver.declare();
    resolver.homes = text.species.iter().map(|species| resolver.compartment_of(species)).collect();
    let sizes = resolver.sizes();
    let parameters = resolver.parameters();
    let initials = resolver.initials();
    let (laws, reactions) = resolver.reactions();
    let rules = resolver.rules();
    resolver.missing_values(&rules);
    resolver.events(&rules);
    let Resolver { faults, network, .. } = resolver;
    let read = Read { sizes, parameters, initials, laws, rules };
    let bound = values::Bound::new(&network, &read);
    let mut wrong_units = Vec::new();
    dimensions::check(text, &network, &bound.order, &reactions, &mut wrong_units);
    let mut wrong_values = Vec::new();
    values::check(text, &network, &bound, &read, &mut wrong_values);
    // A value in a wrong unit is wrong anyway.
    let places: HashSet<Span> = wrong_units.iter().map(|u| u.span.clone()).collect();
    wrong_values.retain(|v| !places.contains(&v.span));
    faults.append(&mut wrong_units);
    faults.append(&mut wrong_values);
    let warnings = warnings::warnings(text, &network);
    Found { network, warnings }
}

/// A reaction as far as its units are concerned: which line, which half, and the sum of its reactant orders.
pub(super) struct Half {
    pub line: usize,
    pub backward: bool,
    pub order: u32,
}

impl<'a> Resolver<'a> {
    fn fault(&mut self, problem: Problem, span: &Span, help: Option<String>) {
        self.faults.push(Fault { problem, span: span.clone(), help });
    }

    // Header.

    fn header(&mut self) {
        self.network.name = self.text.title.as_ref().map(|(title, _)| title.clone());
        if let Some(time) = &self.text.time {
            self.expect_dimension("the unit of time", time, Dimension::TIME);
            self.network.time_unit = time.unit.clone();
        }
        if let Some(amount) = &self.text.amount {
            self.expect_dimension("the unit of amount", amount, Dimension::AMOUNT);
            self.network.amount_unit = amount.unit.clone();
        }
        let mut chosen: Option<&UnitText> = None;
        for unit in self.text.compartments.iter().filter_map(|c| c.network_unit.as_ref()) {
            self.expect_dimension("the unit of volume", unit, Dimension::VOLUME);
            match chosen {
                Some(first) if first.unit != unit.unit => {
                    let line = self.lines.of(first.span.start);
                    let problem = Problem::TwoVolumeUnits { first: first.unit.text.clone(), line };
                    self.fault(problem, &unit.span, Some("a network has one; say it once".into()));
                }
                Some(_) => {}
                None => chosen = Some(unit),
            }
        }
        let written = self.text.compartments.iter().find_map(|c| match &c.size {
            Some(ValueText::Quantity { unit, .. }) if unit.unit.is_specified() => Some(unit),
            _ => None,
        });
        if let Some(unit) = chosen.or(written) {
            self.network.volume_unit = unit.unit.clone();
        }
    }

    fn expect_dimension(&mut self, what: &str, unit: &UnitText, expected: Dimension) -> bool {
        let wrong = unit.unit.dimension.filter(|&d| d != expected);
        if let Some(found) = wrong {
            self.fault(Problem::WrongDimension { what: what.into(), found, expected }, &unit.span, None);
        }
        wrong.is_none()
    }

    // Names.

    fn declare(&mut self) {
        let text = self.text;
        if text.compartments.iter().any(|c| c.name.is_none()) || text.compartments.is_empty() {
            self.names.insert("volume", (NameKind::Compartment, 0, 0..0));
        }
        // The compartment `volume` comes first, wherever its line stands.
        self.network.compartments.clear();
        let ordered = self.ordered_compartments();
        for (i, compartment) in ordered.iter().enumerate() {
            if let Some(name) = &compartment.name {
                self.declare_one(name, NameKind::Compartment, i);
            }
        }
        for (i, species) in text.species.iter().enumerate() {
            self.declare_one(&species.name, NameKind::Species, i);
        }
        for (i, parameter) in text.parameters.iter().enumerate() {
            self.declare_one(&parameter.name, NameKind::Parameter, i);
        }
        for (i, reaction) in text.reactions.iter().enumerate() {
            for name in [&reaction.name, &reaction.backward_name].into_iter().flatten() {
                self.declare_one(name, NameKind::Reaction, i);
            }
        }
        for (i, event) in text.events.iter().enumerate() {
            if let Some(name) = &event.name {
                self.declare_one(name, NameKind::Event, i);
            }
        }
    }

    fn ordered_compartments(&self) -> Vec<&'a CompartmentText> {
        let (default, named): (Vec<_>, Vec<_>) = self.text.compartments.iter().partition(|c| c.name.is_none());
        default.into_iter().chain(named).collect()
    }

    fn declare_one(&mut self, name: &'a Name, kind: NameKind, index: usize) {
        let Some((other, _, first)) = self.names.get(name.text.as_str()) else {
            self.names.insert(&name.text, (kind, index, name.span.clone()));
            return;
        };
        let line = self.lines.of(first.start);
        let name_text = name.text.clone();
        let problem = if *other == kind {
            Problem::Duplicate { kind, name: name_text, line }
        } else {
            Problem::UsedForTwoThings { name: name_text, kind, other: *other, line }
        };
        self.fault(problem, &name.span, Some("give it another name".into()));
    }

    /// The declared name that may have been meant. Only as many are sought as are shown.
    fn meant(&self, name: &str, kinds: &[NameKind]) -> Option<&'a str> {
        if self.reported.len() > Diagnostics::MOST { None } else { closest(name, self.names_of(kinds)) }
    }

    fn names_of(&self, kinds: &[NameKind]) -> Vec<&'a str> {
        let mut names: Vec<&str> =
            self.names.iter().filter(|(_, (kind, ..))| kinds.contains(kind)).map(|(name, _)| *name).collect();
        names.sort_unstable();
        names
    }

    /// The place in the network of a name that must be a species or compartment.
    fn look_up(&mut self, name: &Name, kind: NameKind, expected: &'static str) -> Option<usize> {
        match self.names.get(name.text.as_str()) {
            Some(&(found, index, _)) if found == kind => return Some(index),
            Some(&(found, ..)) => {
                self.fault(Problem::WrongKind { name: name.text.clone(), found, expected }, &name.span, None);
            }
            None if is_reserved(&name.text) => {
                self.fault(Problem::Reserved { name: name.text.clone() }, &name.span, None);
            }
            None if self.reported.insert(name.text.clone()) => {
                let help = match self.meant(&name.text, &[kind]) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None if kind == NameKind::Species => format!("declare it, as in `species {} = 0`", name.text),
                    None => format!("declare it, as in `compartment {} = 1e-15 L`", name.text),
                };
                self.fault(Problem::Undeclared { kind, name: name.text.clone() }, &name.span, Some(help));
            }
            None => {}
        }
        None
    }
}

fn bare(value: f64) -> Value {
    Value::Quantity(Quantity { value, unit: Unit::unspecified() })
}

#[cfg(test)]
pub(super) use reactions::negated;

/// Stands where a value could not be read; the network is then not handed out.
const ABSENT: Value = Value::Expression(Expression::Number(1.0));
