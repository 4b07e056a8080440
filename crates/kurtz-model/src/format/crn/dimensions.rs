//! Units of every value and rate law, as far as units were written.
//!
//! A number without a unit is in the network's own units, whatever they may be there: its dimension is unknown, a
//! product with it is unknown, a sum has the dimension of its other terms. Nothing unknown is ever an error. In a
//! network whose volume is a bare number, amount and volume are dropped from all dimensions, so that counts and
//! concentrations mix freely and only time is checked; without a unit of time, time is dropped.

use super::lexer::{Fault, Span};
use super::resolve::Half;
use super::syntax::*;
use crate::diagnostic::Problem;
use crate::expression::{BinaryOperator, Function, UnaryOperator};
use crate::network::{Network, ParameterId, RuleKind};
use crate::units::Dimension;
use std::collections::HashMap;

/// What a name stands for as far as units are concerned.
#[derive(Clone, Copy)]
enum Meaning {
    Species,
    Parameter(usize),
    Compartment,
}

struct Checker<'a> {
    network: &'a Network,
    names: HashMap<&'a str, Meaning>,
    /// Dimensions of the parameters; `None` is unknown.
    parameters: Vec<Option<Dimension>>,
    form: Option<RateForm>,
    faults: &'a mut Vec<Fault>,
}

/// Whether any value carries a unit. Where none does, numbers are meant in the units of the model, and nothing can be
/// said about them.
fn carries_units(text: &ModelText) -> bool {
    let sizes = text.compartments.iter().filter_map(|c| c.size.as_ref());
    let parameters = text.parameters.iter().filter_map(|p| p.value.as_ref());
    let initials = text.species.iter().filter_map(|s| s.initial.as_ref()).map(|(_, value)| value);
    let rates = text.reactions.iter().flat_map(|r| [Some(&r.forward), r.backward.as_ref()]).flatten().map(|r| &r.value);
    let rules = text.rules.iter().map(|r| &r.value);
    let events = text
        .events
        .iter()
        .flat_map(|e| e.delay.iter().chain(&e.priority).chain(e.assignments.iter().map(|(_, value)| value)));
    let has_unit = |value: &ValueText| matches!(value, ValueText::Quantity { unit, .. } if unit.unit.is_specified());
    sizes.chain(parameters).chain(initials).chain(rates).chain(rules).chain(events).any(has_unit)
}

/// Reports every value and rate law whose units contradict each other or its place.
pub(super) fn check(
    text: &ModelText,
    network: &Network,
    order: &[ParameterId],
    reactions: &[Half],
    faults: &mut Vec<Fault>,
) {
    if !carries_units(text) {
        return;
    }
    let compartments = network.compartments.iter().map(|c| (c.name.as_str(), Meaning::Compartment));
    let parameters = network.parameters.iter().enumerate().map(|(i, p)| (p.name.as_str(), Meaning::Parameter(i)));
    let species = network.species.iter().map(|s| (s.name.as_str(), Meaning::Species));
    let mut checker = Checker {
        network,
        names: compartments.chain(parameters).chain(species).collect(),
        parameters: vec![None; network.parameters.len()],
        form: None,
        faults,
    };
    for &id in order {
        let value = text.parameters[id.index()].value.as_ref();
        checker.parameters[id.index()] = value.and_then(|value| checker.value(value));
    }
    for compartment in &text.compartments {
        if let Some(size @ ValueText::Expression(node)) = &compartment.size {
            let what = compartment.name.as_ref().map_or("the volume".into(), |n| format!("the size of `{}`", n.text));
            checker.expect(size, what, Dimension::VOLUME, node.span.clone(), None);
        }
    }
    for species in &text.species {
        checker.initial(species);
    }
    for half in reactions {
        checker.law(&text.reactions[half.line], half);
    }
    checker.form = Some(RateForm::Propensity);
    for rule in &text.rules {
        checker.new_value(&rule.variable, rule.kind, &rule.value);
    }
    for event in &text.events {
        checker.infer(&event.trigger);
        if let Some(delay) = &event.delay {
            checker.expect(delay, "this delay".into(), Dimension::TIME, delay.span(), None);
        }
        for (variable, value) in &event.assignments {
            checker.new_value(variable, RuleKind::Assignment, value);
        }
    }
}

impl Checker<'_> {
    /// What a rule or event gives a variable.
    fn new_value(&mut self, variable: &Name, kind: RuleKind, value: &ValueText) {
        let is_species = matches!(self.names.get(variable.text.as_str()), Some(Meaning::Species));
        let concentration = matches!(value, ValueText::Quantity { unit, .. }
            if unit.unit.dimension == Some(Dimension::CONCENTRATION));
        let Some(own) = self.name(&variable.text).filter(|_| !(is_species && concentration)) else {
            self.value(value);
            return;
        };
        let (what, expected) = match kind {
            RuleKind::Assignment => (format!("the new value of `{}`", variable.text), Some(own)),
            RuleKind::Rate => {
                let per_time = Dimension::TIME.power(-1).and_then(|d| own.times(d));
                (format!("the derivative of `{}`", variable.text), per_time)
            }
        };
        if let Some(expected) = expected {
            self.expect(value, what, expected, value.span(), None);
        }
    }

    /// Drops what the network has no unit of; in a propensity also amounts, since counts are pure numbers there.
    fn project(&self, dimension: Dimension) -> Dimension {
        let mut kept = dimension;
        if !self.network.volume_unit.is_specified() {
            (kept.amount, kept.volume) = (0, 0);
        }
        if !self.network.time_unit.is_specified() {
            kept.time = 0;
        }
        if self.form == Some(RateForm::Propensity) {
            kept.amount = 0;
        }
        kept
    }

    fn value(&mut self, text: &ValueText) -> Option<Dimension> {
        match text {
            // Kept whole here; what is dropped depends on where the value is used.
            ValueText::Quantity { unit, .. } => unit.unit.dimension,
            ValueText::Expression(node) => self.infer(node),
        }
    }

    fn expect(&mut self, text: &ValueText, what: String, expected: Dimension, span: Span, help: Option<String>) {
        let found = self.value(text).map(|d| self.project(d));
        let expected = self.project(expected);
        if let Some(found) = found.filter(|&d| d != expected) {
            self.faults.push(Fault { problem: Problem::WrongDimension { what, found, expected }, span, help });
        }
    }

    fn initial(&mut self, species: &SpeciesText) {
        let Some((form, text)) = &species.initial else {
            return;
        };
        let form = if *form == InitialForm::Amount { &InitialForm::Plain } else { form };
        let name = &species.name.text;
        let found = self.value(text);
        let (expected, fits) = match form {
            InitialForm::Concentration => (Dimension::CONCENTRATION, found == Some(Dimension::CONCENTRATION)),
            InitialForm::Plain | InitialForm::Amount => {
                let quantity = matches!(text, ValueText::Quantity { .. });
                let fits = match found {
                    Some(Dimension::AMOUNT | Dimension::NONE) => true,
                    Some(Dimension::CONCENTRATION) => quantity,
                    _ => false,
                };
                (Dimension::AMOUNT, fits)
            }
        };
        let Some(found) = found.filter(|&d| !fits && self.project(d) != self.project(expected)) else {
            return;
        };
        let help = match (form, found) {
            (InitialForm::Plain | InitialForm::Amount, Dimension::CONCENTRATION) => {
                format!("write `{name} = concentration(...)`")
            }
            (InitialForm::Plain | InitialForm::Amount, _) => {
                "a count has no unit, a concentration one such as `uM`".to_string()
            }
            (InitialForm::Concentration, _) => "a count is written without `concentration(...)`".to_string(),
        };
        let what = format!("the initial amount of `{name}`");
        let fault = Fault::new(Problem::WrongDimension { what, found, expected }, text.span());
        self.faults.push(fault.help(help));
    }

    fn law(&mut self, text: &ReactionText, half: &Half) {
        let Some(rate) = (if half.backward { text.backward.as_ref() } else { Some(&text.forward) }) else {
            return;
        };
        let (what, expected) = match rate.form {
            RateForm::MassAction => match Dimension::of_mass_action(half.order) {
                Some(expected) => (format!("the constant of a reaction of order {}", half.order), expected),
                None => return,
            },
            RateForm::Rate => ("this rate".to_string(), Dimension::RATE),
            RateForm::Propensity => ("this propensity".to_string(), Dimension::PROPENSITY),
        };
        self.form = Some(rate.form);
        let expected_here = self.project(expected);
        let help = self.example(expected_here).map(|unit| format!("a unit such as `{unit}` is right here"));
        self.expect(&rate.value, what, expected, rate.value.span(), help);
        self.form = None;
    }

    /// A unit of this dimension.
    fn example(&self, dimension: Dimension) -> Option<String> {
        if !self.network.time_unit.is_specified() {
            return None;
        }
        let time = &self.network.time_unit.text;
        Some(match dimension {
            Dimension::PROPENSITY => format!("1/{time}"),
            Dimension::RATE => format!("uM/{time}"),
            Dimension { amount: -1, volume: 1, time: -1 } => format!("1/(uM {time})"),
            Dimension { amount, volume, time: -1 } if amount < 0 && volume == -amount => {
                format!("1/(uM^{volume} {time})")
            }
            _ => return None,
        })
    }

    fn infer(&mut self, node: &Node) -> Option<Dimension> {
        match &node.kind {
            NodeKind::Number(_) => None,
            NodeKind::Name(name) => self.name(name),
            NodeKind::Concentration(_) if self.network.volume_unit.is_specified() => {
                Some(self.project(Dimension::CONCENTRATION))
            }
            NodeKind::Concentration(_) => None,
            NodeKind::Unary(UnaryOperator::Negate, a) => self.infer(a),
            NodeKind::Unary(UnaryOperator::Not, a) => {
                self.infer(a);
                Some(Dimension::NONE)
            }
            NodeKind::Binary(operator, a, b) => self.binary(*operator, a, b),
            NodeKind::Call(function, arguments) => self.call(*function, arguments),
            NodeKind::Piecewise(pieces, otherwise) => {
                let mut common = None;
                for (value, condition) in pieces {
                    self.infer(condition);
                    let found = self.infer(value);
                    common = self.agree(common, found, "alternatives of one another", &value.span);
                }
                let found = self.infer(otherwise);
                self.agree(common, found, "alternatives of one another", &otherwise.span)
            }
        }
    }

    fn name(&self, name: &str) -> Option<Dimension> {
        let with_volume = self.network.volume_unit.is_specified();
        let dimension = match self.names.get(unquoted(name)) {
            Some(Meaning::Parameter(i)) => self.parameters[*i]?,
            Some(Meaning::Compartment) if with_volume => Dimension::VOLUME,
            Some(Meaning::Species) if with_volume => match self.form {
                Some(RateForm::Rate) => Dimension::CONCENTRATION,
                _ => Dimension::AMOUNT,
            },
            None if name == "time" && self.network.time_unit.is_specified() => Dimension::TIME,
            None if name == "pi" => Dimension::NONE,
            _ => return None,
        };
        Some(self.project(dimension))
    }

    fn binary(&mut self, operator: BinaryOperator, a: &Node, b: &Node) -> Option<Dimension> {
        let (left, right) = (self.infer(a), self.infer(b));
        let span = a.span.start..b.span.end;
        match operator {
            BinaryOperator::Add => self.agree(left, right, "added", &span),
            BinaryOperator::Subtract => self.agree(left, right, "subtracted", &span),
            BinaryOperator::Multiply => left?.times(right?),
            BinaryOperator::Divide => left?.times(right?.power(-1)?),
            BinaryOperator::Power => {
                self.expect_number(right, "an exponent", &b.span);
                let exponent = match &b.kind {
                    NodeKind::Number(x) => Some(*x),
                    _ => None,
                };
                match (left?, exponent) {
                    (Dimension::NONE, _) => Some(Dimension::NONE),
                    (base, Some(x)) if x.fract() == 0.0 && x.abs() <= 100.0 => base.power(x as i32),
                    (base, Some(0.5)) => base.square_root(),
                    _ => None,
                }
            }
            BinaryOperator::And | BinaryOperator::Or => Some(Dimension::NONE),
            _ => {
                self.agree(left, right, "compared", &span);
                Some(Dimension::NONE)
            }
        }
    }

    fn call(&mut self, function: Function, arguments: &[Node]) -> Option<Dimension> {
        let mut found = Vec::new();
        for argument in arguments {
            found.push((self.infer(argument), argument.span.clone()));
        }
        match function {
            Function::Min | Function::Max => {
                found.iter().fold(None, |common, (d, span)| self.agree(common, *d, "compared", span))
            }
            Function::Abs | Function::Floor | Function::Ceil => found.first()?.0,
            Function::Sqrt => found.first()?.0?.square_root(),
            _ => {
                for (dimension, span) in &found {
                    self.expect_number(*dimension, &format!("the argument of `{}`", function.name()), span);
                }
                Some(Dimension::NONE)
            }
        }
    }

    fn expect_number(&mut self, found: Option<Dimension>, what: &str, span: &Span) {
        let expected = Dimension::NONE;
        if let Some(found) = found.filter(|&d| d != expected) {
            let problem = Problem::WrongDimension { what: what.to_string(), found, expected };
            self.faults.push(Fault::new(problem, span.clone()));
        }
    }

    /// The dimension of things that must have the same.
    fn agree(
        &mut self,
        left: Option<Dimension>,
        right: Option<Dimension>,
        operation: &'static str,
        span: &Span,
    ) -> Option<Dimension> {
        match (left, right) {
            (Some(left), Some(right)) if left != right => {
                let fault = Fault::new(Problem::Mismatch { left, right, operation }, span.clone());
                self.faults.push(fault);
                None
            }
            (Some(known), _) | (None, Some(known)) => Some(known),
            (None, None) => None,
        }
    }
}
