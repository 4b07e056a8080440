//! Closed moment equations with their numbers: a vector field.

use super::closure::{Closure, definitions};
use super::conversion::{central_in_raw, raw_in_central};
use super::error::MomentsError;
use super::hierarchy::MomentHierarchy;
use super::names::text_of_moment;
use super::program::{Compiler, Program, with_scratch};
use super::sensitivity::Response;
use super::symbol::{Form, MomentPolynomial, MomentSymbol};
use crate::moment_series::{MomentIndex, MomentSeries};
use kurtz_model::{Expression, Kinetics, ParameterId, Symbol};
use kurtz_ode::VectorField;

/// What the parameters of the vector field are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Sensitivity {
    /// There are none.
    #[default]
    None,
    /// These parameters of the network. What is defined by a parameter moves along with it.
    Parameters(Vec<ParameterId>),
    /// One per reaction: the rate constant of a mass-action reaction, a factor (of value 1) of another's propensity.
    Rates,
}

/// The moment equations of a network with its numbers, closed: a vector field over the moments.
///
/// The state holds the moments of the hierarchy, in its form and order. Exact if the hierarchy closes by itself;
/// otherwise as good as the closure, which may let a variance turn negative.
#[derive(Clone, Debug)]
pub struct ClosedMoments {
    kinetics: Kinetics,
    form: Form,
    indices: Vec<MomentIndex>,
    species: Vec<String>,
    initial_counts: Vec<f64>,
    closed: Vec<MomentIndex>,
    sensitivity: Sensitivity,
    rates: Vec<f64>,
    constants: Vec<Expression>,
    /// The right-hand sides: one output per moment, or one per moment and reaction, to be weighted by the rates.
    equations: Compiled,
    /// How the constants move with each parameter asked for.
    responses: Vec<Response>,
    to_central: (Program, Vec<f64>),
    from_central: (Program, Vec<f64>),
}

/// A program with the numbers of its output terms.
#[derive(Clone, Debug)]
struct Compiled {
    program: Program,
    /// The coefficient of each output term.
    symbolic: Vec<MomentPolynomial>,
    /// Their values; those that depend on time are for the time 0.
    values: Vec<f64>,
    /// Which depend on time.
    in_time: Vec<usize>,
    /// Their derivatives by each parameter, `[parameters x terms]`; at time 0.
    derivatives: Vec<Vec<f64>>,
}

impl ClosedMoments {
    /// Binds a hierarchy to numbers, and closes it if it does not close by itself.
    ///
    /// # Errors
    /// [`MomentsError::NotClosed`] if a closure is needed and not given; [`MomentsError::OtherNetwork`].
    pub fn new(
        hierarchy: &MomentHierarchy,
        kinetics: &Kinetics,
        closure: Option<&dyn Closure>,
        sensitivity: Sensitivity,
    ) -> Result<Self, MomentsError> {
        check_network(hierarchy, kinetics)?;
        let species = hierarchy.species_names();
        let form = hierarchy.form();
        let closed = hierarchy.higher_moments().to_vec();
        let mut compiler = Compiler::new(hierarchy.symbols());
        match closure {
            Some(closure) => {
                let needed = closed.iter().map(|i| MomentSymbol::moment(i.clone(), form));
                for (symbol, rule) in definitions(closure, needed, hierarchy.order(), form) {
                    compiler.define(symbol, &rule);
                }
            }
            None if closed.is_empty() => {}
            None => {
                return Err(MomentsError::NotClosed {
                    order: hierarchy.order(),
                    what: hierarchy.network().name.clone().unwrap_or_else(|| "this network".into()),
                    needed: closed.iter().map(MomentIndex::order).max().unwrap_or(0),
                    names: closed.iter().map(|i| text_of_moment(i, form, &species)).collect(),
                });
            }
        }
        for (m, equation) in hierarchy.equations().iter().enumerate() {
            match sensitivity {
                Sensitivity::Rates => hierarchy.effects.iter().for_each(|effect| compiler.output(&effect[m])),
                _ => compiler.output(equation),
            }
        }
        let responses: Vec<_> = match &sensitivity {
            Sensitivity::Parameters(list) => list.iter().map(|&p| Response::new(kinetics, p)).collect(),
            _ => Vec::new(),
        };
        let constants = hierarchy.constants().to_vec();
        let equations = Compiled::new(compiler, kinetics, &constants, &responses);
        let value = |p: &MomentPolynomial| p.evaluate(|s| constant(s, kinetics, &constants, 0.0));
        Ok(ClosedMoments {
            form,
            indices: hierarchy.indices().to_vec(),
            species,
            initial_counts: hierarchy.species().iter().map(|s| kinetics.initial()[s.index()]).collect(),
            closed,
            sensitivity,
            rates: hierarchy.laws.factors.iter().map(value).collect(),
            equations,
            responses,
            to_central: conversion(hierarchy.indices(), form, Form::Central),
            from_central: conversion(hierarchy.indices(), Form::Central, form),
            kinetics: kinetics.clone(),
            constants,
        })
    }

    /// The moments that make up the state, `[moments]`.
    pub fn indices(&self) -> &[MomentIndex] {
        &self.indices
    }

    /// Raw or central.
    pub fn form(&self) -> Form {
        self.form
    }

    /// The moments that a closure supplies; none if the equations are exact.
    pub fn closed_moments(&self) -> &[MomentIndex] {
        &self.closed
    }

    /// Whether the equations are exact.
    pub fn is_exact(&self) -> bool {
        self.closed.is_empty()
    }

    /// The rate constants (1 for reactions without mass action), `[reactions]`.
    pub fn rates(&self) -> &[f64] {
        &self.rates
    }

    /// The rate constants, to be changed; the equations follow only under [`Sensitivity::Rates`], else `None`.
    pub fn rates_mut(&mut self) -> Option<&mut [f64]> {
        (self.sensitivity == Sensitivity::Rates).then_some(&mut self.rates)
    }

    /// The state that starts from the initial counts of the kinetics with certainty, `[moments]`.
    pub fn initial_state(&self) -> Vec<f64> {
        let central = self.indices.iter().map(|i| {
            let mean = i.0.iter().position(|&e| e == 1).filter(|_| i.order() == 1);
            mean.map_or(0.0, |s| self.initial_counts[s])
        });
        let central: Vec<f64> = central.collect();
        self.state_of(&central).unwrap_or(central)
    }

    /// How [`ClosedMoments::initial_state`] moves with each parameter, `[moments x parameters]`, row-major; 0 under
    /// [`Sensitivity::Rates`].
    pub fn initial_sensitivity(&self) -> Vec<f64> {
        let (n, p) = (self.dimension(), self.parameter_count());
        let mut out = vec![0.0; n * p];
        let positions: Vec<_> =
            self.species.iter().filter_map(|name| self.kinetics.network().species_named(name)).collect();
        for (k, response) in self.responses.iter().enumerate() {
            for (m, index) in self.indices.iter().enumerate() {
                // d prod n^a = sum_i a_i n_i^(a_i - 1) dn_i prod of the others; central moments start at 0.
                if self.form == Form::Central && index.order() > 1 {
                    continue;
                }
                out[m * p + k] = (0..index.0.len())
                    .filter(|&i| index.0[i] > 0)
                    .map(|i| {
                        let power = |l: usize| self.initial_counts[l].powi(i32::from(index.0[l]) - i32::from(l == i));
                        let others: f64 = (0..index.0.len()).map(power).product();
                        f64::from(index.0[i]) * others * response.initial[positions[i].index()]
                    })
                    .sum();
            }
        }
        out
    }

    /// The state that has these means and central moments, `[moments]`, in the order of the indices.
    ///
    /// # Errors
    /// [`MomentsError::Length`].
    pub fn state_of(&self, central: &[f64]) -> Result<Vec<f64>, MomentsError> {
        convert(&self.from_central, central, self.indices.len())
    }

    /// The means and central moments of a state, `[moments]`.
    ///
    /// # Errors
    /// [`MomentsError::Length`].
    pub fn central_moments(&self, state: &[f64]) -> Result<Vec<f64>, MomentsError> {
        convert(&self.to_central, state, self.indices.len())
    }

    /// States over time as means and central moments; `states` is `[times x moments]`, row-major.
    ///
    /// # Errors
    /// [`MomentsError::Length`].
    pub fn series(&self, times: &[f64], states: &[f64]) -> Result<MomentSeries, MomentsError> {
        let n = self.indices.len();
        if states.len() != times.len() * n {
            let (expected, found) = (times.len() * n, states.len());
            return Err(MomentsError::Length { what: "states of the moment equations".into(), expected, found });
        }
        let mut values = Vec::with_capacity(states.len());
        for state in states.chunks_exact(n.max(1)) {
            values.extend(self.central_moments(state)?);
        }
        Ok(MomentSeries {
            species: self.species.clone(),
            times: times.to_vec(),
            indices: self.indices.clone(),
            values,
            trajectories: None,
            covariance: None,
            covariance_moments: 0,
        })
    }

    /// Lends the coefficients at a time.
    fn with_coefficients<T>(&self, time: f64, work: impl FnOnce(&[f64]) -> T) -> T {
        let compiled = &self.equations;
        if compiled.in_time.is_empty() {
            return work(&compiled.values);
        }
        with_scratch(compiled.values.len(), |values| {
            values.copy_from_slice(&compiled.values);
            for &t in &compiled.in_time {
                values[t] = compiled.symbolic[t].evaluate(|s| constant(s, &self.kinetics, &self.constants, time));
            }
            work(values)
        })
    }
}

impl VectorField for ClosedMoments {
    fn dimension(&self) -> usize {
        self.indices.len()
    }

    fn evaluate(&self, time: f64, x: &[f64], dx: &mut [f64]) {
        self.with_coefficients(time, |coefficients| match self.sensitivity {
            Sensitivity::Rates => self.equations.program.evaluate_grouped(x, coefficients, &self.rates, dx),
            _ => self.equations.program.evaluate(x, coefficients, dx),
        });
    }

    fn jacobian(&self, time: f64, x: &[f64], jacobian: &mut [f64]) -> bool {
        self.with_coefficients(time, |coefficients| match self.sensitivity {
            Sensitivity::Rates => self.equations.program.jacobian_grouped(x, coefficients, &self.rates, jacobian),
            _ => self.equations.program.jacobian(x, coefficients, jacobian),
        });
        true
    }

    fn parameter_count(&self) -> usize {
        match &self.sensitivity {
            Sensitivity::None => 0,
            Sensitivity::Parameters(list) => list.len(),
            Sensitivity::Rates => self.rates.len(),
        }
    }

    fn parameter_jacobian(&self, time: f64, x: &[f64], out: &mut [f64]) {
        let (n, p) = (self.dimension(), self.parameter_count());
        if self.sensitivity == Sensitivity::Rates {
            self.with_coefficients(time, |coefficients| self.equations.program.evaluate(x, coefficients, out));
            return;
        }
        with_scratch(n, |column| {
            for (k, at_zero) in self.equations.derivatives.iter().enumerate() {
                if self.equations.in_time.is_empty() {
                    self.equations.program.evaluate(x, at_zero, column);
                } else {
                    let response = &self.responses[k];
                    let now = self.equations.derivatives_at(time, &self.kinetics, &self.constants, response);
                    self.equations.program.evaluate(x, &now, column);
                }
                for (i, value) in column.iter().enumerate() {
                    out[i * p + k] = *value;
                }
            }
        });
    }

    fn names(&self) -> Vec<String> {
        self.indices.iter().map(|i| text_of_moment(i, self.form, &self.species)).collect()
    }
}

impl Compiled {
    fn new(compiler: Compiler, kinetics: &Kinetics, constants: &[Expression], responses: &[Response]) -> Self {
        let (program, symbolic) = compiler.finish();
        let values = symbolic.iter().map(|c| c.evaluate(|s| constant(s, kinetics, constants, 0.0))).collect();
        let moves = |s: &&MomentSymbol| match s {
            MomentSymbol::Constant(c) => depends_on_time(&constants[*c as usize]),
            _ => false,
        };
        let in_time = (0..symbolic.len()).filter(|&t| symbolic[t].symbols().iter().any(moves)).collect();
        let mut compiled = Compiled { program, symbolic, values, in_time, derivatives: Vec::new() };
        compiled.derivatives = responses.iter().map(|r| compiled.derivatives_at(0.0, kinetics, constants, r)).collect();
        compiled
    }

    /// The derivative of each coefficient by one parameter.
    fn derivatives_at(
        &self,
        time: f64,
        kinetics: &Kinetics,
        constants: &[Expression],
        response: &Response,
    ) -> Vec<f64> {
        let slope = |s: &MomentSymbol| match s {
            MomentSymbol::Parameter(p) => response.parameters[p.index()],
            MomentSymbol::Compartment(c) => response.volumes[c.index()],
            MomentSymbol::Clamped(s) => response.initial[s.index()],
            MomentSymbol::Constant(c) => response.value_of(kinetics, &constants[*c as usize], time),
            MomentSymbol::Raw(_) | MomentSymbol::Central(_) => 0.0,
        };
        let derivative = |coefficient: &MomentPolynomial| {
            let terms = coefficient.symbols().into_iter().map(|s| (s, slope(s))).filter(|&(_, slope)| slope != 0.0);
            terms
                .map(|(s, slope)| {
                    slope * coefficient.derivative(s).evaluate(|s| constant(s, kinetics, constants, time))
                })
                .sum()
        };
        self.symbolic.iter().map(derivative).collect()
    }
}

/// The value of a symbol that is no moment.
fn constant(symbol: &MomentSymbol, kinetics: &Kinetics, constants: &[Expression], time: f64) -> f64 {
    match symbol {
        MomentSymbol::Parameter(p) => kinetics.parameters()[p.index()],
        MomentSymbol::Compartment(c) => kinetics.volumes()[c.index()],
        MomentSymbol::Clamped(s) => kinetics.initial()[s.index()],
        MomentSymbol::Constant(c) => {
            constants[*c as usize].evaluate(&|s| kinetics.value_of(s, time, &|s| kinetics.initial()[s.index()]))
        }
        MomentSymbol::Raw(_) | MomentSymbol::Central(_) => f64::NAN,
    }
}

fn depends_on_time(expression: &Expression) -> bool {
    let mut found = false;
    expression.for_each_symbol(&mut |s| found |= s == Symbol::Time);
    found
}

fn check_network(hierarchy: &MomentHierarchy, kinetics: &Kinetics) -> Result<(), MomentsError> {
    let (of, with) = (hierarchy.network(), kinetics.network());
    for (part, expected, found) in [
        ("species", of.species.len(), with.species.len()),
        ("reactions", of.reactions.len(), with.reactions.len()),
        ("parameters", of.parameters.len(), with.parameters.len()),
        ("compartments", of.compartments.len(), with.compartments.len()),
    ] {
        if expected != found {
            return Err(MomentsError::OtherNetwork { part, expected, found });
        }
    }
    Ok(())
}

/// The program that turns moments of one form into those of the other.
fn conversion(indices: &[MomentIndex], from: Form, to: Form) -> (Program, Vec<f64>) {
    let mut compiler = Compiler::new(indices.iter().map(|i| MomentSymbol::moment(i.clone(), from)));
    for index in indices {
        compiler.output(&match (from, to) {
            _ if from == to || index.order() == 1 => {
                MomentPolynomial::symbol(MomentSymbol::moment(index.clone(), from))
            }
            (Form::Central, _) => raw_in_central(index),
            (Form::Raw, _) => central_in_raw(index),
        });
    }
    let (program, coefficients) = compiler.finish();
    (program, coefficients.iter().map(|c| c.evaluate(|_| f64::NAN)).collect())
}

fn convert(
    (program, coefficients): &(Program, Vec<f64>),
    x: &[f64],
    expected: usize,
) -> Result<Vec<f64>, MomentsError> {
    if x.len() != expected {
        return Err(MomentsError::Length { what: "moments".into(), expected, found: x.len() });
    }
    let mut out = vec![0.0; expected];
    program.evaluate(x, coefficients, &mut out);
    Ok(out)
}
