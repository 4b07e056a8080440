//! Values of a model as it stands: parameters in the order of their definition, and what no number may be.

use super::lexer::{Fault, Span};
use super::resolve::Read;
use super::syntax::*;
use crate::diagnostic::{NameKind, Problem};
use crate::expression::{Expression, Symbol};
use crate::network::*;

/// A value may be defined through a chain of this many others.
const LONGEST_CHAIN: usize = 1000;
/// Counts above this are not told apart by `f64`.
const LARGEST_COUNT: f64 = 9_007_199_254_740_992.0;

/// The values that parameters, compartments and species have at the start; `None` where they cannot be known.
pub(super) struct Bound {
    parameters: Vec<Option<f64>>,
    sizes: Vec<Option<f64>>,
    amounts: Vec<Option<f64>>,
    /// Of each of these, whether it says `inf` or `nan`, or reads what does: then it may be infinite or missing.
    parameters_open: Vec<bool>,
    sizes_open: Vec<bool>,
    amounts_open: Vec<bool>,
    /// Parameters such that each comes after those it is defined by; those on a cycle are left out.
    pub order: Vec<ParameterId>,
    cycle: Option<Vec<Symbol>>,
    too_long: Option<Symbol>,
}

/// How a value is given.
enum Definition<'a> {
    /// By something that has been reported.
    Unknown,
    Value(&'a Value),
    /// As a concentration in this compartment.
    Concentration(&'a Value, usize),
    Rule(&'a Expression),
}

impl Bound {
    /// Evaluates what can be evaluated.
    pub fn new(network: &Network, read: &Read) -> Bound {
        // Parameters first, then compartments, then species.
        let (parameters, sizes) = (read.parameters.len(), read.sizes.len());
        let position = |symbol: Symbol| match symbol {
            Symbol::Parameter(p) => Some(p.index()),
            Symbol::Compartment(c) => Some(parameters + c.index()),
            Symbol::Species(s) => Some(parameters + sizes + s.index()),
            Symbol::Time => None,
        };
        let symbol = |i: usize| match (i.checked_sub(parameters), i.checked_sub(parameters + sizes)) {
            (None, _) => Symbol::Parameter(ParameterId::from(i)),
            (Some(c), None) => Symbol::Compartment(CompartmentId::from(c)),
            (_, Some(s)) => Symbol::Species(SpeciesId::from(s)),
        };
        let definitions = definitions(network, read, &symbol);
        let needs: Vec<Vec<usize>> = definitions
            .iter()
            .map(|definition| {
                let mut needed = Vec::new();
                match *definition {
                    Definition::Value(Value::Expression(e))
                    | Definition::Concentration(Value::Expression(e), _)
                    | Definition::Rule(e) => e.for_each_symbol(&mut |s| needed.extend(position(s))),
                    _ => {}
                }
                if let Definition::Concentration(_, compartment) = definition {
                    needed.push(parameters + compartment);
                }
                needed.sort_unstable();
                needed.dedup();
                needed
            })
            .collect();
        let mut needed_by = vec![Vec::new(); definitions.len()];
        for (i, needs) in needs.iter().enumerate() {
            needs.iter().for_each(|&j| needed_by[j].push(i));
        }
        let mut open: Vec<usize> = needs.iter().map(Vec::len).collect();
        let mut level = vec![0; definitions.len()];
        let mut ready: Vec<usize> = (0..definitions.len()).filter(|&i| open[i] == 0).collect();
        let mut known: Vec<Option<f64>> = vec![None; definitions.len()];
        let (mut order, mut too_long) = (Vec::new(), None);
        let mut is_open = vec![false; definitions.len()];
        let mut next = 0;
        while next < ready.len() {
            let i = ready[next];
            next += 1;
            is_open[i] = definitions[i].says_not_finite() || needs[i].iter().any(|&j| is_open[j]);
            let at_start = |e: &Expression| evaluate(e, &|s| position(s).map_or(Some(0.0), |j| known[j]));
            let number = |value: &Value| match value {
                Value::Quantity(q) => Some(q.value * network.own_units_in(&q.unit)),
                Value::Expression(e) => at_start(e),
            };
            let value = match definitions[i] {
                Definition::Unknown => None,
                Definition::Value(value) => number(value),
                Definition::Concentration(value, compartment) => {
                    number(value).zip(known[parameters + compartment]).map(|(c, v)| c * v)
                }
                Definition::Rule(e) => at_start(e),
            };
            known[i] = value;
            if let Symbol::Parameter(p) = symbol(i) {
                order.push(p);
            }
            if level[i] > LONGEST_CHAIN {
                too_long.get_or_insert(symbol(i));
            }
            for &j in &needed_by[i] {
                level[j] = level[j].max(level[i] + 1);
                open[j] -= 1;
                if open[j] == 0 {
                    ready.push(j);
                }
            }
        }
        let start = (0..definitions.len()).find(|&i| open[i] > 0);
        let cycle = start.map(|start| cycle_from(start, &needs, &open).into_iter().map(symbol).collect());
        let amounts = known.split_off(parameters + sizes);
        let amounts_open = is_open.split_off(parameters + sizes);
        let sizes_open = is_open.split_off(parameters);
        let sizes = known.split_off(parameters);
        let parameters_open = is_open;
        Bound { parameters: known, sizes, amounts, parameters_open, sizes_open, amounts_open, order, cycle, too_long }
    }

    /// The value of an expression over parameters and sizes.
    fn evaluate(&self, e: &Expression) -> Option<f64> {
        evaluate(e, &|symbol| match symbol {
            Symbol::Parameter(p) => self.parameters[p.index()],
            Symbol::Compartment(c) => self.sizes[c.index()],
            Symbol::Species(_) | Symbol::Time => None,
        })
    }

    /// Whether an expression says `inf` or `nan`, or reads a parameter or size that does.
    fn is_open(&self, e: &Expression) -> bool {
        let mut found = says_not_finite(e);
        e.for_each_symbol(&mut |symbol| {
            found |= match symbol {
                Symbol::Parameter(p) => self.parameters_open[p.index()],
                Symbol::Compartment(c) => self.sizes_open[c.index()],
                Symbol::Species(_) | Symbol::Time => false,
            }
        });
        found
    }

    /// The initial amount of a species.
    pub fn amount(&self, species: SpeciesId) -> Option<f64> {
        self.amounts[species.index()]
    }
}

impl Definition<'_> {
    fn says_not_finite(&self) -> bool {
        match self {
            Definition::Unknown => false,
            Definition::Value(value) | Definition::Concentration(value, _) => match value {
                Value::Quantity(q) => !q.value.is_finite(),
                Value::Expression(e) => says_not_finite(e),
            },
            Definition::Rule(e) => says_not_finite(e),
        }
    }
}

fn says_not_finite(e: &Expression) -> bool {
    let mut found = false;
    e.replace(|part| {
        found |= part.as_number().is_some_and(|x| !x.is_finite());
        None
    });
    found
}

/// What the value of each quantity is at the start; a rule for it comes before what was declared.
fn definitions<'a>(network: &Network, read: &'a Read, symbol: &impl Fn(usize) -> Symbol) -> Vec<Definition<'a>> {
    let count = read.parameters.len() + read.sizes.len() + read.initials.len();
    let definition = |i: usize| {
        let symbol = symbol(i);
        let rule = Variable::of(symbol).and_then(|variable| read.rules.get(&variable));
        if let Some((RuleKind::Assignment, law, _)) = rule {
            return law.as_ref().map_or(Definition::Unknown, Definition::Rule);
        }
        let value = match symbol {
            Symbol::Parameter(p) => read.parameters[p.index()].as_ref().map(Definition::Value),
            Symbol::Compartment(c) => read.sizes[c.index()].as_ref().map(Definition::Value),
            Symbol::Species(s) => read.initials[s.index()].as_ref().map(|initial| match initial {
                Initial::Count(value) => Definition::Value(value),
                Initial::Concentration(value) => {
                    Definition::Concentration(value, network.species[s.index()].compartment.index())
                }
            }),
            Symbol::Time => None,
        };
        value.unwrap_or(Definition::Unknown)
    };
    (0..count).map(definition).collect()
}

/// Which initial amounts are no whole numbers that can be counted, `[species]`.
pub(super) fn fractional(network: &Network) -> Vec<bool> {
    let read = Read {
        sizes: network.compartments.iter().map(|c| Some(c.size.clone())).collect(),
        parameters: network.parameters.iter().map(|p| Some(p.value.clone())).collect(),
        initials: network.species.iter().map(|s| Some(s.initial.clone())).collect(),
        laws: Vec::new(),
        rules: network.rules.iter().map(|r| (r.variable, (r.kind, Some(r.expression.clone()), 0..0))).collect(),
    };
    let bound = Bound::new(network, &read);
    let species = network.species.iter().enumerate();
    species
        .map(|(i, species)| {
            let counted = match &species.initial {
                Initial::Count(Value::Quantity(q)) if q.unit.scale == 1.0 => Some(q.value),
                Initial::Count(Value::Expression(_)) => bound.amount(SpeciesId::from(i)),
                _ => None,
            };
            counted.is_some_and(|value| !network.amount_unit.is_specified() && !is_whole(value))
        })
        .collect()
}

/// Whether a value is a count, up to the rounding of units and expressions.
fn is_whole(value: f64) -> bool {
    (value - value.round()).abs() <= 1e-9 * value.max(1.0) && (0.0..=LARGEST_COUNT).contains(&value)
}

/// The value of an expression if all its symbols have one.
fn evaluate(e: &Expression, value_of: &impl Fn(Symbol) -> Option<f64>) -> Option<f64> {
    let mut known = true;
    e.for_each_symbol(&mut |s| known &= value_of(s).is_some());
    known.then(|| e.evaluate(&|s| value_of(s).unwrap_or(f64::NAN)))
}

/// A cycle among the values that could not be ordered: from any of them, needs lead to one.
fn cycle_from(start: usize, needs: &[Vec<usize>], open: &[usize]) -> Vec<usize> {
    let mut way = vec![start];
    let mut place = vec![usize::MAX; needs.len()];
    place[start] = 0;
    let mut at = start;
    while let Some(&next) = needs[at].iter().find(|&&j| open[j] > 0) {
        way.push(next);
        if place[next] != usize::MAX {
            return way.split_off(place[next]);
        }
        place[next] = way.len() - 1;
        at = next;
    }
    way
}

/// Reports values that no model can have.
pub(super) fn check(text: &ModelText, network: &Network, bound: &Bound, read: &Read, faults: &mut Vec<Fault>) {
    check_definitions(text, network, bound, read, faults);
    let mut compartments: Vec<&CompartmentText> = text.compartments.iter().collect();
    compartments.sort_by_key(|c| c.name.is_some());
    for (i, value) in bound.sizes.iter().enumerate() {
        let compartment = compartments.get(i);
        let what = || match compartment.and_then(|c| c.name.as_ref()) {
            None => "the volume".to_string(),
            Some(name) => format!("the size of `{}`", name.text),
        };
        let rule = read.rules.get(&Variable::Compartment(CompartmentId::from(i))).map(|(_, _, span)| span.clone());
        let written = || compartment.map_or(0..0, |c| c.size.as_ref().map_or(c.span.clone(), ValueText::span));
        let span = rule.unwrap_or_else(written);
        match *value {
            Some(value) if !value.is_finite() && !bound.sizes_open[i] => {
                faults.push(Fault::new(Problem::ValueNotFinite { what: what(), value }, span));
            }
            Some(value) if value <= 0.0 => {
                faults.push(Fault::new(Problem::NotPositive { what: what(), value }, span));
            }
            _ => {}
        }
    }
    for ((parameter, value), is_open) in text.parameters.iter().zip(&bound.parameters).zip(&bound.parameters_open) {
        if let Some(value) = value.filter(|v| !v.is_finite() && !is_open) {
            let what = format!("parameter `{}`", parameter.name.text);
            let span = parameter.value.as_ref().map_or(parameter.name.span.clone(), ValueText::span);
            faults.push(Fault::new(Problem::ValueNotFinite { what, value }, span));
        }
    }
    for (i, species) in text.species.iter().enumerate() {
        if let (Some((form, value)), Some(Some(initial))) = (&species.initial, read.initials.get(i)) {
            check_initial(SpeciesId::from(i), value.span(), initial, *form, network, bound, faults);
        }
    }
    let texts = text.reactions.iter().flat_map(|r| [Some(&r.forward), r.backward.as_ref()]).flatten();
    for ((reaction, law), text) in network.reactions.iter().zip(&read.laws).zip(texts) {
        // A law that is no mass action may say so of infinite values, and may run backwards.
        let is_free = matches!(law, Some(RateLaw::Propensity(_)));
        let (what, e) = match law {
            Some(RateLaw::MassAction(e)) => (format!("the constant of reaction `{}`", reaction.name), e),
            Some(RateLaw::Rate(e) | RateLaw::Propensity(e)) => (format!("the rate of reaction `{}`", reaction.name), e),
            None => continue,
        };
        let may_be_infinite = is_free && bound.is_open(e);
        match bound.evaluate(e) {
            Some(value) if !value.is_finite() && !may_be_infinite => {
                faults.push(Fault::new(Problem::ValueNotFinite { what, value }, text.span.clone()));
            }
            Some(value) if value < 0.0 && !is_free => {
                faults.push(Fault::new(Problem::Negative { what, value }, text.span.clone()));
            }
            _ => {}
        }
    }
}

fn check_definitions(text: &ModelText, network: &Network, bound: &Bound, read: &Read, faults: &mut Vec<Fault>) {
    let name_of = |symbol: &Symbol| match symbol {
        Symbol::Parameter(p) => network.parameters[p.index()].name.clone(),
        Symbol::Compartment(c) => network.compartments[c.index()].name.clone(),
        Symbol::Species(s) => network.species[s.index()].name.clone(),
        Symbol::Time => "time".to_string(),
    };
    let place_of = |symbol: &Symbol| {
        let rule = Variable::of(*symbol).and_then(|v| read.rules.get(&v)).map(|(_, _, span)| span.clone());
        let (kind, declared) = match symbol {
            Symbol::Parameter(p) => (NameKind::Parameter, text.parameters[p.index()].name.span.clone()),
            Symbol::Species(s) => (NameKind::Species, text.species[s.index()].name.span.clone()),
            other => {
                let name = name_of(other);
                let named = |c: &&CompartmentText| c.name.as_ref().map_or("volume", |n| &n.text) == name;
                (NameKind::Compartment, text.compartments.iter().find(named).map_or(0..0, |c| c.span.clone()))
            }
        };
        (kind, rule.unwrap_or(declared))
    };
    if let Some(first) = bound.cycle.as_ref().and_then(|cycle| cycle.first()) {
        let through = bound.cycle.iter().flatten().map(name_of).collect();
        let (kind, span) = place_of(first);
        faults.push(Fault::new(Problem::Cycle { kind, name: name_of(first), through }, span));
    }
    if let Some(symbol) = &bound.too_long {
        let (kind, span) = place_of(symbol);
        faults.push(Fault::new(Problem::ChainTooLong { kind, name: name_of(symbol), limit: LONGEST_CHAIN }, span));
    }
}

fn check_initial(
    species: SpeciesId,
    span: Span,
    initial: &Initial,
    form: InitialForm,
    network: &Network,
    bound: &Bound,
    faults: &mut Vec<Fault>,
) {
    let name = &network.species[species.index()].name;
    // What is marked as an amount need not be a number of molecules, nor positive.
    let is_free = form == InitialForm::Amount;
    let whole = form == InitialForm::Plain && !network.amount_unit.is_specified();
    let (value, is_count) = match initial {
        Initial::Count(value) => (value, true),
        Initial::Concentration(value) => (value, false),
    };
    let size = || bound.sizes[network.species[species.index()].compartment.index()];
    let (number, in_molecules) = match value {
        Value::Quantity(q) => (Some(q.value * network.own_units_in(&q.unit)), q.unit.scale == 1.0),
        Value::Expression(_) if is_count => (bound.amount(species), true),
        Value::Expression(_) => (bound.amount(species).zip(size()).map(|(n, v)| n / v), true),
    };
    let Some(value) = number else {
        return;
    };
    let what = format!("the initial {} of `{name}`", if is_count { "count" } else { "concentration" });
    if !value.is_finite() && form != InitialForm::Plain && bound.amounts_open[species.index()] {
        return;
    }
    let fault = if !value.is_finite() {
        Fault::new(Problem::ValueNotFinite { what, value }, span)
    } else if value < 0.0 && !is_free {
        Fault::new(Problem::Negative { what, value }, span)
    } else if is_count && whole && value > LARGEST_COUNT {
        let help = "a concentration has a unit, as in `0.25 uM`, or is written `concentration(...)`";
        Fault::new(Problem::HugeCount { what, value }, span).help(help)
    } else if is_count && whole && in_molecules && !is_whole(value) {
        let help = format!("round it, or write `{name} = concentration({value})` if it is a concentration");
        Fault::new(Problem::FractionalCount { what, value }, span).help(help)
    } else {
        return;
    };
    faults.push(fault);
}
