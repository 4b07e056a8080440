//! A plan carried out in symbols: the reduced network, and what each species of the full one is in it.

use super::ReduceError;
use super::flow::Flow;
use super::manifold::Manifold;
use super::plan::{Balance, Combination, Plan};
use super::solve::{Samples, Term, solve};
use super::write::write;
use kurtz_model::polynomial::{Atom, Polynomial};
use kurtz_model::quotient::Quotient;
use kurtz_model::rational::Rational;
use kurtz_model::{Expression, Initial, Network, ParameterId, Quantity, RateLaw, SpeciesId, Symbol, Unit, Value};

/// A reduced network and its relation to the full one.
#[derive(Clone, Debug)]
pub struct Reduction {
    /// What was taken as fast, and how.
    pub plan: Plan,
    /// The reduced network: slow variables with explicit rate laws; eliminated species are parameters with assignment
    /// rules, which give their concentrations.
    pub network: Network,
    /// Each species of the full network as a formula of the reduced network's concentrations, `[species]`.
    pub species: Vec<Expression>,
    /// The slow variables' places among the reduced network's species.
    pub slow: Vec<SpeciesId>,
    /// Parameters of the reduced network that are neither of the full one nor eliminated species, with their formulas in
    /// concentrations: how totals move with the species that stand for them.
    pub factors: Vec<(ParameterId, Expression)>,
    /// Formulas of the eliminated species in the reduced network: (species of the full network, its parameter, formula in
    /// concentrations).
    pub formulas: Vec<(usize, ParameterId, Expression)>,
}

/// The network's rates as rational functions.
pub(super) struct Rates<'a> {
    pub flow: &'a Flow<'a>,
    /// Sub-expressions that are no rational functions.
    pub opaque: Vec<Expression>,
}

impl Rates<'_> {
    /// The rate of a reaction; none if it is not rational in terms that are.
    pub fn of(&mut self, reaction: usize) -> Option<Quotient<Term>> {
        let law = self.flow.network().rate_expression(reaction.into());
        let opaque = &mut self.opaque;
        Quotient::from_expression(&law, &mut |atom| match atom {
            Atom::Symbol(s) => Some(Term::Symbol(s)),
            Atom::Opaque(e) => Some(Term::Opaque(opaque.iter().position(|o| o == e).unwrap_or_else(|| {
                opaque.push(e.clone());
                opaque.len() - 1
            }))),
        })
    }

    /// Whether a rate depends on one of these species other than rationally.
    pub fn hides(&self, rate: &Quotient<Term>, species: &[usize]) -> Option<usize> {
        let terms = rate.numerator().symbols().into_iter().chain(rate.denominator().symbols());
        let hidden = terms.filter_map(|t| match t {
            Term::Opaque(i) => Some(&self.opaque[*i]),
            _ => None,
        });
        let symbols: Vec<Symbol> = hidden.flat_map(Expression::symbols).collect();
        species.iter().copied().find(|i| symbols.contains(&Symbol::Species((*i).into())))
    }
}

impl Reduction {
    /// Solves a plan's fast equations and writes the reduced network; `states`, concentrations of all species after the
    /// initial layer, tell the branches of roots apart.
    ///
    /// # Errors
    /// Fast equations without a solution in closed form, or whose solution is no state.
    pub fn of(flow: &Flow, plan: &Plan, states: &[(f64, Vec<f64>)]) -> Result<Reduction, ReduceError> {
        let network = flow.network();
        let eliminated = plan.eliminated(flow);
        let mut rates = Rates { flow, opaque: Vec::new() };
        let equations = equations(&mut rates, plan, &eliminated)?;
        let parameters = flow.kinetics.parameters();
        let volumes = flow.kinetics.volumes();
        let opaque = rates.opaque.clone();
        let value = |k: usize, term: &Term| {
            let c = &states[k].1;
            let symbol = |s: Symbol| match s {
                Symbol::Species(i) => c[i.index()],
                Symbol::Parameter(p) => parameters[p.index()],
                Symbol::Compartment(v) => volumes[v.index()],
                Symbol::Time => f64::NAN,
            };
            match term {
                Term::Symbol(s) => symbol(*s),
                Term::Total(m) => plan.slow[*m].value(c),
                Term::Conserved(m) => plan.conserved[*m].value(c),
                Term::Opaque(i) => opaque[*i].evaluate(&symbol),
            }
        };
        let samples = Samples { count: states.len(), value: &value };
        let name = |i: usize| network.species[i].name.clone();
        let solution = solve(equations, &eliminated, plan.coordinates(), &samples, &name)?;
        let mut reduction = write(flow, plan, &mut rates, &solution, &samples)?;
        if plan.representatives.is_some() {
            // The totals start as in the full network; the species that stand for them follow.
            let off =
                || ReduceError::NotValid { reason: "the slow manifold has no state with the initial totals".into() };
            let start = Manifold::new(flow, &reduction)?.coordinates(&flow.initial).ok_or_else(off)?;
            for (k, id) in reduction.slow.iter().enumerate().filter(|(k, _)| plan.slow[*k].as_single().is_none()) {
                if start[k] < 0.0 {
                    return Err(off());
                }
                let value = Value::Quantity(Quantity { value: start[k], unit: Unit::unspecified() });
                reduction.network.species[id.index()].initial = Initial::Concentration(value);
            }
        }
        Ok(reduction)
    }

    /// The slow variables at concentrations (or counts) of all species of the full network; where species stand for
    /// totals, these species.
    pub fn slow_values(&self, c: &[f64]) -> Vec<f64> {
        match &self.plan.representatives {
            Some(species) => species.iter().map(|&i| c[i]).collect(),
            None => self.plan.slow.iter().map(|y| y.value(c)).collect(),
        }
    }

    /// The equations in LaTeX: derivatives of the slow variables, then the eliminated species.
    pub fn latex(&self) -> Vec<String> {
        use kurtz_model::expression::latex_of_name;
        let network = &self.network;
        let mut lines = Vec::new();
        for id in &self.slow {
            let mut terms: Vec<(bool, String)> = Vec::new();
            for reaction in &network.reactions {
                let RateLaw::Rate(law) = &reaction.rate else { continue };
                for (_, u) in reaction.net_change().iter().filter(|(s, _)| s == id) {
                    let law = if u.abs() == 1 { law.clone() } else { u.abs() as f64 * law.clone() };
                    let law = law.simplify();
                    let is_sum = matches!(
                        law,
                        Expression::Binary(
                            kurtz_model::expression::BinaryOperator::Add
                                | kurtz_model::expression::BinaryOperator::Subtract,
                            ..
                        )
                    );
                    let text = law.latex(network);
                    let text = if is_sum { format!("\\left({text}\\right)") } else { text };
                    terms.push((*u < 0, text));
                }
            }
            let right = if terms.is_empty() { "0".into() } else { kurtz_model::polynomial::join_terms(terms) };
            let name = latex_of_name(&network.species[id.index()].name);
            lines.push(format!("\\frac{{d {name}}}{{dt}} = {right}"));
        }
        let formulas = self.formulas.iter().map(|(_, p, e)| (p, e));
        for (parameter, formula) in formulas.chain(self.factors.iter().map(|(p, e)| (p, e))) {
            let name = latex_of_name(&network.parameters[parameter.index()].name);
            lines.push(format!("{name} = {}", formula.latex(network)));
        }
        lines
    }
}

/// All equations of the eliminated species, as polynomials.
fn equations(rates: &mut Rates, plan: &Plan, eliminated: &[usize]) -> Result<Vec<Polynomial<Term>>, ReduceError> {
    let network = rates.flow.network();
    let linear = |combination: &Combination, total: Term| {
        let mut sum = Polynomial::symbol(total).scaled(&Rational::from(-1));
        for &(i, a) in &combination.coefficients {
            sum.add_scaled(&Polynomial::symbol(Term::species(i)), &Rational::from(a));
        }
        sum
    };
    let by_total = |(_, y): &(usize, &Combination)| plan.representatives.is_none() && y.as_single().is_none();
    let totals = plan.slow.iter().enumerate().filter(by_total);
    let mut equations: Vec<Polynomial<Term>> = totals.map(|(k, y)| linear(y, Term::Total(k))).collect();
    equations.extend(plan.conserved.iter().enumerate().map(|(m, y)| linear(y, Term::Conserved(m))));
    let mut rate = |j: usize| -> Result<Quotient<Term>, ReduceError> {
        let reaction = || network.reactions[j].name.clone();
        let what = format!("`{}`", reaction());
        let rate = rates.of(j).ok_or_else(|| ReduceError::NotFast {
            what: what.clone(),
            reason: "its rate law is too long to be solved".into(),
        })?;
        match rates.hides(&rate, eliminated) {
            Some(i) => Err(ReduceError::NotFast {
                what,
                reason: format!("its rate is no rational function of the fast species `{}`", network.species[i].name),
            }),
            None => Ok(rate),
        }
    };
    for balance in &plan.balances {
        let mut sum = Quotient::zero();
        match balance {
            Balance::Pair(a, b) => sum = &rate(*a)? - &rate(*b)?,
            Balance::Species(i, reactions) => {
                for &j in reactions {
                    let change = effect(network, j, *i);
                    if change != 0 {
                        let term = &rate(j)? * &Polynomial::integer(change).into();
                        sum = &sum + &term;
                    }
                }
            }
        }
        equations.push(sum.numerator().clone());
    }
    Ok(equations)
}

/// Net change of a species by a reaction.
fn effect(network: &Network, reaction: usize, species: usize) -> i64 {
    let change = network.effect(reaction.into());
    change.iter().find(|(s, _)| s.index() == species).map_or(0, |(_, u)| *u)
}
