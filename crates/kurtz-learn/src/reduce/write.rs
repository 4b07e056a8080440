//! The reduced network written out, from the solution of the fast equations.

use super::ReduceError;
use super::flow::Flow;
use super::plan::{Combination, Plan, Remaining};
use super::reduction::{Rates, Reduction};
use super::shares::{Buffering, Inverse, is_short};
use super::solve::{Samples, Solved, Term};
use kurtz_model::polynomial::Polynomial;
use kurtz_model::quotient::Quotient;
use kurtz_model::rational::Rational;
use kurtz_model::{
    CompartmentId, Expression, Initial, Network, Parameter, ParameterId, Quantity, RateLaw, Reaction, Rule, RuleKind,
    Species, SpeciesId, Symbol, Unit, Value, Variable,
};
use std::collections::{BTreeMap, BTreeSet};

/// Laws of more terms are not written out but refer to eliminated species by name.
const MOST_INLINE: usize = 16;

/// The terms of the full network in symbols of the reduced one.
struct Dictionary {
    species: BTreeMap<usize, SpeciesId>,
    totals: BTreeMap<usize, SpeciesId>,
    conserved: Vec<ParameterId>,
    eliminated: BTreeMap<usize, ParameterId>,
    opaque: Vec<Expression>,
}

impl Dictionary {
    /// A symbol of the full network as one of the reduced.
    fn symbol(&self, symbol: Symbol) -> Expression {
        match symbol {
            Symbol::Species(s) => match (self.species.get(&s.index()), self.eliminated.get(&s.index())) {
                (Some(id), _) => Expression::from(*id),
                (None, Some(id)) => Expression::from(*id),
                (None, None) => Expression::number(f64::NAN),
            },
            other => Expression::from(other),
        }
    }

    fn term(&self, term: &Term) -> Expression {
        match term {
            Term::Symbol(symbol) => self.symbol(*symbol),
            Term::Total(k) => self.totals[k].into(),
            Term::Conserved(m) => self.conserved[*m].into(),
            Term::Opaque(i) => self.opaque[*i].substitute(|s| Some(self.symbol(s))),
        }
    }
}

/// Writes the reduced network.
pub(super) fn write(
    flow: &Flow,
    plan: &Plan,
    rates: &mut Rates,
    solution: &[(usize, Solved)],
    samples: &Samples,
) -> Result<Reduction, ReduceError> {
    let full = flow.network();
    let mut network = Network {
        name: full.name.as_ref().map(|name| format!("{name}, reduced by {}", plan.kind.name())),
        time_unit: full.time_unit.clone(),
        volume_unit: full.volume_unit.clone(),
        amount_unit: full.amount_unit.clone(),
        compartments: full.compartments.clone(),
        parameters: full.parameters.clone(),
        ..Network::default()
    };
    let compartment = full.species[flow.free[0]].compartment;
    let mut names = Names::of(full);
    let mut dictionary = Dictionary {
        species: BTreeMap::new(),
        totals: BTreeMap::new(),
        conserved: Vec::new(),
        eliminated: BTreeMap::new(),
        opaque: Vec::new(),
    };
    let mut slow = Vec::new();
    for (k, y) in plan.slow.iter().enumerate() {
        let id = SpeciesId::from(network.species.len());
        slow.push(id);
        match y.as_single().or_else(|| plan.representatives.as_ref().map(|r| r[k])) {
            Some(i) => {
                dictionary.species.insert(i, id);
                network.species.push(full.species[i].clone());
            }
            None => {
                dictionary.totals.insert(k, id);
                network.species.push(total(flow, y, names.total(full, plan, y), compartment));
            }
        }
    }
    // Clamped species, and those that no reaction changes.
    for (i, species) in full.species.iter().enumerate().filter(|(i, _)| !flow.free.contains(i)) {
        dictionary.species.insert(i, SpeciesId::from(network.species.len()));
        network.species.push(Species { clamped: true, ..species.clone() });
    }
    for y in &plan.conserved {
        dictionary.conserved.push(ParameterId::from(network.parameters.len()));
        let members = y.coefficients.iter().map(|(i, _)| *i);
        let value = Value::Quantity(in_their_unit(full, members, y.value(&flow.initial)));
        network.parameters.push(Parameter { name: names.total(full, plan, y), value });
    }
    for (i, _) in solution {
        dictionary.eliminated.insert(*i, ParameterId::from(network.parameters.len()));
        let value = Value::Quantity(in_their_unit(full, [*i], flow.initial[*i]));
        network.parameters.push(Parameter { name: full.species[*i].name.clone(), value });
    }
    let laws: Vec<(Expression, &Remaining)> =
        plan.remaining.iter().map(|r| (law(rates, r.reaction, solution, &mut dictionary), r)).collect();
    dictionary.opaque.clone_from(&rates.opaque);
    let in_amounts = |formula: &Expression| {
        // In rules a species stands for its amount.
        formula.substitute(|s| match s {
            Symbol::Species(y) => Some(Expression::from(y) / Expression::from(compartment)),
            _ => None,
        })
    };
    let mut factors = Vec::new();
    let buffering = Buffering::of(flow, plan, solution)?;
    let mut name_it = |network: &mut Network, name: String, formula: Expression| {
        let id = ParameterId::from(network.parameters.len());
        let formula = formula.simplify();
        network.parameters.push(Parameter { name: names.unique(name), value: Value::Quantity(plain(1.0)) });
        network.rules.push(Rule {
            variable: Variable::Parameter(id),
            kind: RuleKind::Assignment,
            expression: in_amounts(&formula),
        });
        factors.push((id, formula));
        Expression::from(id)
    };
    // A by name, and its inverse.
    let moved = buffering.as_ref().map(|buffering| {
        let species = |network: &Network, k: usize| network.species[slow[k].index()].name.clone();
        let mut table: Vec<Vec<Expression>> = Vec::new();
        for (row, &t) in buffering.entries.iter().zip(&buffering.totals) {
            let mut named = Vec::new();
            for (k, entry) in row.iter().enumerate() {
                let formula = buffered(entry).to_expression(&|t| dictionary.term(t));
                let formula = if *entry == buffered(entry) { formula } else { Expression::number(1.0) + formula };
                let (own, other) = (species(&network, t), species(&network, k));
                let name = if k == t { format!("{own}_buffering") } else { format!("{own}_total_by_{other}") };
                let is_plain = formula.simplify().as_number().is_some();
                named.push(if is_plain { formula.simplify() } else { name_it(&mut network, name, formula) });
            }
            table.push(named);
        }
        let square: Vec<Vec<Expression>> =
            table.iter().map(|row| buffering.totals.iter().map(|t| row[*t].clone()).collect()).collect();
        let mut inverse = Inverse::of(&square);
        if !is_short(&inverse.determinant, &network) {
            inverse.determinant = name_it(&mut network, "buffering".into(), inverse.determinant);
        }
        (table, inverse)
    });
    for (law, remaining) in laws {
        let is_single = |k: usize| buffering.as_ref().is_none_or(|b| !b.totals.contains(&k));
        let own: Vec<_> = remaining.change.iter().filter(|(k, _)| is_single(*k)).cloned().collect();
        let has_own = !own.is_empty();
        if has_own {
            let part = Remaining { reaction: remaining.reaction, change: own };
            push_reaction(&mut network, full, law.clone(), &part, &slow, compartment);
        }
        let (Some(buffering), Some((table, inverse))) = (&buffering, &moved) else { continue };
        let name = &full.reactions[remaining.reaction].name;
        let of = |t: usize| remaining.change.iter().find(|(k, _)| *k == t).map_or(0.0, |(_, u)| u.to_f64());
        // What the totals change by beyond what the other slow variables make them.
        let right: Vec<Expression> = table
            .iter()
            .zip(&buffering.totals)
            .map(|(row, &t)| {
                let others = (0..row.len()).filter(|k| is_single(*k));
                others.fold(Expression::number(of(t)), |sum, k| sum - row[k].clone() * of(k)).simplify()
            })
            .collect();
        let sizes: Vec<Vec<f64>> = (0..samples.count)
            .filter_map(|n| buffering.changes(&remaining.change, &|t| (samples.value)(n, t)))
            .collect();
        for (a, &k) in buffering.totals.iter().enumerate() {
            let largest = sizes.iter().map(|s| s[a].abs()).fold(0.0, f64::max);
            let (rises, falls) = (sizes.iter().any(|s| s[a] > 0.0), sizes.iter().any(|s| s[a] < 0.0));
            if largest == 0.0 {
                continue;
            }
            if rises && falls {
                let reason = format!("what `{name}` does to a species that stands for a total changes its sign");
                return Err(ReduceError::NotSolvable { reason });
            }
            let sign = if falls { -1.0 } else { 1.0 };
            let terms = inverse.adjugate[a].iter().zip(&right).map(|(c, r)| (c.clone() * r.clone()).simplify());
            let above = terms.reduce(|x, y| x + y).unwrap_or(Expression::number(0.0));
            let factor = ((sign * above).simplify() / inverse.determinant.clone()).simplify();
            let part = Remaining { reaction: remaining.reaction, change: vec![(k, Rational::from(sign as i64))] };
            push_reaction(&mut network, full, (law.clone() * factor).simplify(), &part, &slow, compartment);
            let is_first = !network.reactions[..network.reactions.len() - 1].iter().any(|r| r.name == *name);
            let new_name = unused(&network.reactions, format!("{name}_{}", network.species[slow[k].index()].name));
            if !is_first && let Some(reaction) = network.reactions.last_mut() {
                reaction.name.clone_from(&new_name);
            }
        }
    }
    let mut formulas = Vec::new();
    for (i, solved) in solution {
        let id = dictionary.eliminated[i];
        let formula = solved.to_expression(&|t| dictionary.term(t)).simplify();
        network.rules.push(Rule {
            variable: Variable::Parameter(id),
            kind: RuleKind::Assignment,
            expression: in_amounts(&formula),
        });
        formulas.push((*i, id, formula));
    }
    let species = (0..full.species.len()).map(|i| whole(i, &dictionary, &formulas)).collect();
    let mut reduction = Reduction { plan: plan.clone(), network, species, slow, factors, formulas };
    reduction.drop_unused_parameters();
    reduction.network.validate().map_err(|problems| {
        // The first line of a diagnosis; the rest shows places in a text that nobody has written.
        let problems = problems.to_string();
        let first = problems.lines().next().unwrap_or_default().trim_start_matches("error: ");
        ReduceError::NotValid { reason: format!("the reduced network cannot be written down: {first}") }
    })?;
    Ok(reduction)
}

/// Without the 1 that the free species itself contributes, where that is what makes it longer.
fn buffered(entry: &Quotient<Term>) -> Quotient<Term> {
    let less = entry - &Quotient::from(Polynomial::one());
    let terms = |q: &Quotient<Term>| q.numerator().terms().len();
    if terms(&less) < terms(entry) { less } else { entry.clone() }
}

/// The name, with underscores added until no reaction has it.
fn unused(reactions: &[Reaction], mut name: String) -> String {
    while reactions.iter().any(|r| r.name == name) {
        name.push('_');
    }
    name
}

/// A species of the full network in slow variables and constants alone.
fn whole(species: usize, dictionary: &Dictionary, formulas: &[(usize, ParameterId, Expression)]) -> Expression {
    let mut known: BTreeMap<ParameterId, Expression> = BTreeMap::new();
    for (i, id, formula) in formulas {
        let expression = formula.substitute(|s| match s {
            Symbol::Parameter(p) => known.get(&p).cloned(),
            _ => None,
        });
        if *i == species {
            return expression;
        }
        known.insert(*id, expression);
    }
    dictionary.symbol(Symbol::Species(species.into()))
}

/// The rate of a reaction in the reduced network: written out if that is short, else by the names of eliminated species.
fn law(rates: &mut Rates, reaction: usize, solution: &[(usize, Solved)], dictionary: &mut Dictionary) -> Expression {
    let rational = rates.of(reaction);
    dictionary.opaque.clone_from(&rates.opaque);
    let eliminated: Vec<usize> = solution.iter().map(|(i, _)| *i).collect();
    let hides = rational.as_ref().is_none_or(|rate| rates.hides(rate, &eliminated).is_some());
    let by_name = |rates: &Rates| {
        let law = rates.flow.network().rate_expression(reaction.into());
        law.substitute(|s| Some(dictionary.symbol(s))).simplify()
    };
    let Some(rate) = rational.filter(|_| !hides) else { return by_name(rates) };
    let replaced = rate.substitute(&|t| {
        solution.iter().find_map(|(i, solved)| match solved {
            Solved::Rational(q) if Term::species(*i) == *t => Some(q.clone()),
            _ => None,
        })
    });
    let size = |q: &Quotient<Term>| q.numerator().terms().len() + q.denominator().terms().len();
    match replaced.filter(|q| size(q) <= MOST_INLINE) {
        Some(rate) => rate.to_expression(&|t| dictionary.term(t)),
        None => by_name(rates),
    }
}

/// Adds what remains of a reaction, if its law is not 0.
fn push_reaction(
    network: &mut Network,
    full: &Network,
    law: Expression,
    remaining: &Remaining,
    slow: &[SpeciesId],
    compartment: CompartmentId,
) {
    if law.as_number() == Some(0.0) {
        return;
    }
    // Changes that are fractions become whole ones of a reaction that is slower in proportion.
    let is_whole = |factor: i64| remaining.change.iter().all(|(_, u)| (u * &factor.into()).is_integer());
    let factor = (1..=1000).find(|f| is_whole(*f)).unwrap_or(1);
    let law = if factor == 1 { law } else { law / factor as f64 };
    let (mut reactants, mut products) = (Vec::new(), Vec::new());
    for (k, u) in &remaining.change {
        let change = (u * &factor.into()).to_i64().unwrap_or(0);
        let number = u32::try_from(change.unsigned_abs()).unwrap_or(u32::MAX);
        let side = if change < 0 { &mut reactants } else { &mut products };
        side.push((slow[*k], number));
    }
    network.reactions.push(Reaction {
        name: full.reactions[remaining.reaction].name.clone(),
        reactants,
        products,
        yields: Vec::new(),
        rate: RateLaw::Rate(law),
        compartment,
        reverse_of: None,
    });
}

/// A slow total as a species.
fn total(flow: &Flow, y: &Combination, name: String, compartment: CompartmentId) -> Species {
    let full = flow.network();
    let counted = |(i, _): &(usize, i64)| matches!(full.species[*i].initial, Initial::Count(_));
    let value = y.value(&flow.initial);
    let initial = if y.coefficients.iter().all(counted) {
        let count = y.value(flow.kinetics.initial());
        Initial::Count(Value::Quantity(plain(count)))
    } else {
        let members = y.coefficients.iter().map(|(i, _)| *i);
        Initial::Concentration(Value::Quantity(in_their_unit(full, members, value)))
    };
    Species { name, compartment, initial, clamped: false }
}

/// A concentration in the network's own units, written in the unit in which the model gives those of some species, if they
/// share one.
fn in_their_unit(full: &Network, species: impl IntoIterator<Item = usize>, value: f64) -> Quantity {
    let unit = |i: usize| match &full.species[i].initial {
        Initial::Concentration(Value::Quantity(q)) => Some(&q.unit),
        _ => None,
    };
    let mut units = species.into_iter().map(unit);
    let Some(Some(first)) = units.next() else { return plain(value) };
    let scale = full.own_units_in(first);
    if units.all(|u| u == Some(first)) && scale > 0.0 && scale.is_finite() {
        Quantity { value: value / scale, unit: first.clone() }
    } else {
        plain(value)
    }
}

fn plain(value: f64) -> Quantity {
    Quantity { value, unit: Unit::unspecified() }
}

/// Names for totals, different from all others.
struct Names {
    taken: BTreeSet<String>,
}

impl Names {
    fn of(full: &Network) -> Names {
        let species = full.species.iter().map(|s| s.name.clone());
        let parameters = full.parameters.iter().map(|p| p.name.clone());
        let reactions = full.reactions.iter().map(|r| r.name.clone());
        let compartments = full.compartments.iter().map(|c| c.name.clone());
        Names { taken: species.chain(parameters).chain(reactions).chain(compartments).collect() }
    }

    /// `X_total` after the member that is the least composed: the one that others are made of.
    fn total(&mut self, full: &Network, plan: &Plan, y: &Combination) -> String {
        let is_free = |i: &usize| !plan.is_joined(full, *i);
        let first = y.coefficients.iter().map(|(i, _)| *i).find(is_free).unwrap_or(y.coefficients[0].0);
        self.unique(format!("{}_total", full.species[first].name))
    }

    /// The name, with underscores added until nothing else has it.
    fn unique(&mut self, mut name: String) -> String {
        while !self.taken.insert(name.clone()) {
            name.push('_');
        }
        name
    }
}

impl Reduction {
    /// Leaves out parameters that nothing reads; those that give eliminated species stay.
    fn drop_unused_parameters(&mut self) {
        let network = &self.network;
        let outputs = self.formulas.iter().map(|(_, p, _)| *p).chain(self.factors.iter().map(|(p, _)| *p));
        let mut used: BTreeSet<ParameterId> = outputs.collect();
        let mut read = |e: &Expression| {
            e.for_each_symbol(&mut |s| {
                if let Symbol::Parameter(p) = s {
                    used.insert(p);
                }
            });
        };
        for reaction in &network.reactions {
            if let RateLaw::Rate(law) = &reaction.rate {
                read(law);
            }
        }
        network.rules.iter().for_each(|rule| read(&rule.expression));
        let amounts = network.species.iter().map(|s| match &s.initial {
            Initial::Count(value) | Initial::Concentration(value) => value,
        });
        for value in amounts.chain(network.compartments.iter().map(|c| &c.size)) {
            if let Value::Expression(e) = value {
                read(e);
            }
        }
        // Parameters defined by others: until nothing is added.
        loop {
            let before = used.len();
            for p in used.clone() {
                if let Value::Expression(e) = &network.parameters[p.index()].value {
                    e.for_each_symbol(&mut |s| {
                        if let Symbol::Parameter(p) = s {
                            used.insert(p);
                        }
                    });
                }
            }
            if used.len() == before {
                break;
            }
        }
        let places: BTreeMap<ParameterId, ParameterId> =
            used.iter().zip(0..).map(|(p, i)| (*p, ParameterId(i))).collect();
        let moved = |e: &Expression| {
            e.substitute(|s| match s {
                Symbol::Parameter(p) => places.get(&p).map(|p| Expression::from(*p)),
                _ => None,
            })
        };
        let network = &mut self.network;
        let kept = |p: usize| places.contains_key(&ParameterId::from(p));
        let mut place = 0..;
        network.parameters.retain(|_| place.next().is_some_and(kept));
        let values = network.parameters.iter_mut().map(|p| &mut p.value);
        let amounts = network.species.iter_mut().map(|s| match &mut s.initial {
            Initial::Count(value) | Initial::Concentration(value) => value,
        });
        for value in values.chain(amounts).chain(network.compartments.iter_mut().map(|c| &mut c.size)) {
            if let Value::Expression(e) = value {
                *e = moved(e);
            }
        }
        for reaction in &mut network.reactions {
            if let RateLaw::Rate(law) = &mut reaction.rate {
                *law = moved(law);
            }
        }
        for rule in &mut network.rules {
            rule.expression = moved(&rule.expression);
            if let Variable::Parameter(p) = &mut rule.variable {
                *p = places[p];
            }
        }
        self.species.iter_mut().for_each(|e| *e = moved(e));
        let formulas = self.formulas.iter_mut().map(|(_, p, e)| (p, e));
        for (parameter, formula) in formulas.chain(self.factors.iter_mut().map(|(p, e)| (p, e))) {
            *parameter = places[parameter];
            *formula = moved(formula);
        }
    }
}
