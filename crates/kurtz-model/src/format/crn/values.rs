//! Values of a model as it stands: parameters in the order of their definition, and what no number may be.

use super::lexer::{Fault, Span};
use super::syntax::*;
use crate::diagnostic::{NameKind, Problem};
use crate::expression::{Expression, Symbol};
use crate::network::*;

/// A value may be defined through a chain of this many others.
const LONGEST_CHAIN: usize = 1000;
/// Counts above this are not told apart by `f64`.
const LARGEST_COUNT: f64 = 9_007_199_254_740_992.0;

/// The values that parameters and compartments have; `None` where they cannot be known.
pub(super) struct Bound {
    parameters: Vec<Option<f64>>,
    sizes: Vec<Option<f64>>,
    /// Parameters such that each comes after those it is defined by; those on a cycle are left out.
    pub order: Vec<ParameterId>,
    cycle: Option<Vec<Symbol>>,
    too_long: Option<Symbol>,
}

impl Bound {
    /// Evaluates what can be evaluated. `None` among `sizes` and `parameters` marks what has been reported already.
    pub fn new(network: &Network, sizes: &[Option<Value>], parameters: &[Option<Value>]) -> Bound {
        // Parameters first, then compartments.
        let values: Vec<&Option<Value>> = parameters.iter().chain(sizes).collect();
        let position = |symbol: Symbol| match symbol {
            Symbol::Parameter(p) => Some(p.index()),
            Symbol::Compartment(c) => Some(parameters.len() + c.index()),
            Symbol::Species(_) | Symbol::Time => None,
        };
        let symbol = |i: usize| match i.checked_sub(parameters.len()) {
            None => Symbol::Parameter(ParameterId::from(i)),
            Some(c) => Symbol::Compartment(CompartmentId::from(c)),
        };
        let needs: Vec<Vec<usize>> = values
            .iter()
            .map(|value| {
                let mut needed = Vec::new();
                if let Some(Value::Expression(e)) = value {
                    e.for_each_symbol(&mut |s| needed.extend(position(s)));
                }
                needed.sort_unstable();
                needed.dedup();
                needed
            })
            .collect();
        let mut needed_by = vec![Vec::new(); values.len()];
        for (i, needs) in needs.iter().enumerate() {
            needs.iter().for_each(|&j| needed_by[j].push(i));
        }
        let mut open: Vec<usize> = needs.iter().map(Vec::len).collect();
        let mut level = vec![0; values.len()];
        let mut ready: Vec<usize> = (0..values.len()).filter(|&i| open[i] == 0).collect();
        let mut known: Vec<Option<f64>> = vec![None; values.len()];
        let mut bound =
            Bound { parameters: Vec::new(), sizes: Vec::new(), order: Vec::new(), cycle: None, too_long: None };
        let mut next = 0;
        while next < ready.len() {
            let i = ready[next];
            next += 1;
            known[i] = values[i].as_ref().and_then(|value| match value {
                Value::Quantity(q) => Some(q.value * q.unit.coherent_scale(&network.volume_unit, &network.time_unit)),
                Value::Expression(e) => evaluate(e, &|s| position(s).and_then(|j| known[j])),
            });
            if let Symbol::Parameter(p) = symbol(i) {
                bound.order.push(p);
            }
            if level[i] > LONGEST_CHAIN {
                bound.too_long.get_or_insert(symbol(i));
            }
            for &j in &needed_by[i] {
                level[j] = level[j].max(level[i] + 1);
                open[j] -= 1;
                if open[j] == 0 {
                    ready.push(j);
                }
            }
        }
        if let Some(start) = (0..values.len()).find(|&i| open[i] > 0) {
            bound.cycle = Some(cycle_from(start, &needs, &open).into_iter().map(symbol).collect());
        }
        bound.sizes = known.split_off(parameters.len());
        bound.parameters = known;
        bound
    }

    fn evaluate(&self, e: &Expression) -> Option<f64> {
        evaluate(e, &|symbol| match symbol {
            Symbol::Parameter(p) => self.parameters[p.index()],
            Symbol::Compartment(c) => self.sizes[c.index()],
            Symbol::Species(_) | Symbol::Time => None,
        })
    }
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
pub(super) fn check(
    text: &ModelText,
    network: &Network,
    bound: &Bound,
    initials: &[Option<Initial>],
    laws: &[Option<RateLaw>],
    faults: &mut Vec<Fault>,
) {
    check_definitions(text, network, bound, faults);
    let mut compartments: Vec<&CompartmentText> = text.compartments.iter().collect();
    compartments.sort_by_key(|c| c.name.is_some());
    for (compartment, value) in compartments.iter().zip(&bound.sizes) {
        let what = || match &compartment.name {
            None => "the volume".to_string(),
            Some(name) => format!("the size of `{}`", name.text),
        };
        let span = compartment.size.span();
        match *value {
            Some(value) if !value.is_finite() => {
                faults.push(Fault::new(Problem::ValueNotFinite { what: what(), value }, span));
            }
            Some(value) if value <= 0.0 => {
                faults.push(Fault::new(Problem::NotPositive { what: what(), value }, span));
            }
            _ => {}
        }
    }
    for (parameter, value) in text.parameters.iter().zip(&bound.parameters) {
        if let Some(value) = value.filter(|v| !v.is_finite()) {
            let what = format!("parameter `{}`", parameter.name.text);
            faults.push(Fault::new(Problem::ValueNotFinite { what, value }, parameter.value.span()));
        }
    }
    for (species, initial) in text.species.iter().zip(initials) {
        if let (Some((_, value)), Some(initial)) = (&species.initial, initial) {
            check_initial(species, value.span(), initial, network, bound, faults);
        }
    }
    let texts = text.reactions.iter().flat_map(|r| [Some(&r.forward), r.backward.as_ref()]).flatten();
    for ((reaction, law), text) in network.reactions.iter().zip(laws).zip(texts) {
        let (what, e) = match law {
            Some(RateLaw::MassAction(e)) => (format!("the constant of reaction `{}`", reaction.name), e),
            Some(RateLaw::Rate(e) | RateLaw::Propensity(e)) => (format!("the rate of reaction `{}`", reaction.name), e),
            None => continue,
        };
        match bound.evaluate(e) {
            Some(value) if !value.is_finite() => {
                faults.push(Fault::new(Problem::ValueNotFinite { what, value }, text.span.clone()));
            }
            Some(value) if value < 0.0 => {
                faults.push(Fault::new(Problem::Negative { what, value }, text.span.clone()));
            }
            _ => {}
        }
    }
}

fn check_definitions(text: &ModelText, network: &Network, bound: &Bound, faults: &mut Vec<Fault>) {
    let name_of = |symbol: &Symbol| match symbol {
        Symbol::Parameter(p) => network.parameters[p.index()].name.clone(),
        Symbol::Compartment(c) => network.compartments[c.index()].name.clone(),
        Symbol::Species(s) => network.species[s.index()].name.clone(),
        Symbol::Time => "time".to_string(),
    };
    let place_of = |symbol: &Symbol| match symbol {
        Symbol::Parameter(p) => (NameKind::Parameter, text.parameters[p.index()].name.span.clone()),
        other => {
            let name = name_of(other);
            let compartment = text.compartments.iter().find(|c| c.name.as_ref().map_or("volume", |n| &n.text) == name);
            (NameKind::Compartment, compartment.map_or(0..0, |c| c.span.clone()))
        }
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
    species: &SpeciesText,
    span: Span,
    initial: &Initial,
    network: &Network,
    bound: &Bound,
    faults: &mut Vec<Fault>,
) {
    let name = &species.name.text;
    let (value, is_count) = match initial {
        Initial::Count(value) => (value, true),
        Initial::Concentration(value) => (value, false),
    };
    let (number, in_molecules) = match value {
        Value::Quantity(q) => {
            let scale = q.unit.coherent_scale(&network.volume_unit, &network.time_unit);
            (Some(q.value * scale), q.unit.scale == 1.0)
        }
        Value::Expression(e) => (bound.evaluate(e), true),
    };
    let Some(value) = number else {
        return;
    };
    let what = format!("the initial {} of `{name}`", if is_count { "count" } else { "concentration" });
    let fault = if !value.is_finite() {
        Fault::new(Problem::ValueNotFinite { what, value }, span)
    } else if value < 0.0 {
        Fault::new(Problem::Negative { what, value }, span)
    } else if is_count && value > LARGEST_COUNT {
        let help = "a concentration has a unit, as in `0.25 uM`, or is written `concentration(...)`";
        Fault::new(Problem::HugeCount { what, value }, span).help(help)
    } else if is_count && in_molecules && (value - value.round()).abs() > 1e-9 * value.max(1.0) {
        let help = format!("round it, or write `{name} = concentration({value})` if it is a concentration");
        Fault::new(Problem::FractionalCount { what, value }, span).help(help)
    } else {
        return;
    };
    faults.push(fault);
}
