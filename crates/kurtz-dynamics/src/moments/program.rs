//! Moment polynomials compiled to a straight line of products and sums.
//!
//! Each distinct product of moments is computed once, from a shorter one; sums then read them by position.
//! Closures are definitions in between. Nothing is allocated after a thread's first call.

use super::real::Real;
use super::symbol::{MomentPolynomial, MomentSymbol};
use kurtz_model::polynomial::Monomial;
use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

/// One value computed from earlier ones, which it names by position.
#[derive(Clone, Debug)]
enum Step {
    Product(u32, u32),
    Quotient(u32, u32),
    /// The sum over a range of [`Program::definition_terms`].
    Sum(Range<u32>),
}

/// Compiled polynomials. Values are numbered: 0 is the number 1, then the inputs, then one per step.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    inputs: usize,
    steps: Vec<Step>,
    /// Coefficient and value of each term of the definitions.
    definition_terms: Vec<(f64, u32)>,
    /// Value of each term of the outputs; their coefficients are passed in.
    output_terms: Vec<u32>,
    /// Range of terms of each output.
    outputs: Vec<Range<usize>>,
}

/// Compiles polynomials one after the other.
pub(crate) struct Compiler {
    program: Program,
    values: HashMap<MomentSymbol, u32>,
    products: BTreeMap<Vec<(u32, i32)>, u32>,
    /// The coefficient of each output term, a polynomial in constants.
    coefficients: Vec<MomentPolynomial>,
}

impl Compiler {
    /// Starts with the symbols whose values will be given, in their order.
    pub(crate) fn new(inputs: impl IntoIterator<Item = MomentSymbol>) -> Self {
        let values: HashMap<_, _> = inputs.into_iter().zip(1..).collect();
        let program = Program {
            inputs: values.len(),
            steps: Vec::new(),
            definition_terms: Vec::new(),
            output_terms: Vec::new(),
            outputs: Vec::new(),
        };
        Compiler { program, values, products: BTreeMap::new(), coefficients: Vec::new() }
    }

    /// Defines a symbol by a polynomial in known ones, with numbers as coefficients.
    pub(crate) fn define(&mut self, symbol: MomentSymbol, polynomial: &MomentPolynomial) {
        let start = self.program.definition_terms.len() as u32;
        let terms: Vec<_> = polynomial.terms().map(|(m, c)| (c.to_f64(), self.product(m))).collect();
        self.program.definition_terms.extend(terms);
        let value = self.push(Step::Sum(start..self.program.definition_terms.len() as u32));
        self.values.insert(symbol, value);
    }

    /// Adds an output: a polynomial in known symbols, whose coefficients are polynomials in the others.
    pub(crate) fn output(&mut self, polynomial: &MomentPolynomial) {
        let start = self.program.output_terms.len();
        for (monomial, coefficient) in polynomial.collected(|s| self.values.contains_key(s)) {
            let value = self.product(&monomial);
            self.program.output_terms.push(value);
            self.coefficients.push(coefficient);
        }
        self.program.outputs.push(start..self.program.output_terms.len());
    }

    /// The program, and the coefficient of each term of its outputs.
    pub(crate) fn finish(self) -> (Program, Vec<MomentPolynomial>) {
        (self.program, self.coefficients)
    }

    fn push(&mut self, step: Step) -> u32 {
        self.program.steps.push(step);
        (self.program.inputs + self.program.steps.len()) as u32
    }

    fn product(&mut self, monomial: &Monomial<MomentSymbol>) -> u32 {
        let mut factors: Vec<_> = monomial.factors().iter().map(|(s, e)| (self.values[s], *e)).collect();
        factors.sort_unstable();
        self.product_of(factors)
    }

    fn product_of(&mut self, mut factors: Vec<(u32, i32)>) -> u32 {
        if factors.is_empty() {
            return 0;
        }
        if let [(value, 1)] = factors[..] {
            return value;
        }
        if let Some(&value) = self.products.get(&factors) {
            return value;
        }
        let whole = factors.clone();
        // Divide last, so that the product without the divisors can be shared.
        let i = factors.iter().rposition(|&(_, e)| e < 0).unwrap_or(factors.len() - 1);
        let (value, exponent) = factors.remove(i);
        let result = if factors.is_empty() && exponent > 1 {
            // By squaring: some closures have large powers.
            let half = self.product_of(vec![(value, exponent / 2)]);
            let square = self.push(Step::Product(half, half));
            if exponent % 2 == 1 { self.push(Step::Product(square, value)) } else { square }
        } else {
            let rest = self.product_of(factors);
            let power = self.product_of(vec![(value, exponent.abs())]);
            self.push(if exponent < 0 { Step::Quotient(rest, power) } else { Step::Product(rest, power) })
        };
        self.products.insert(whole, result);
        result
    }
}

impl Program {
    fn value_count(&self) -> usize {
        1 + self.inputs + self.steps.len()
    }

    fn compute<R: Real>(&self, x: &[R], values: &mut [R]) {
        values[0] = R::from(1.0);
        values[1..=self.inputs].copy_from_slice(x);
        for (step, at) in self.steps.iter().zip(1 + self.inputs..) {
            values[at] = match step {
                Step::Product(a, b) => values[*a as usize] * values[*b as usize],
                Step::Quotient(a, b) => values[*a as usize] / values[*b as usize],
                Step::Sum(terms) => self.definition_terms[terms.start as usize..terms.end as usize]
                    .iter()
                    .fold(R::default(), |sum, &(c, v)| sum + R::from(c) * values[v as usize]),
            };
        }
    }

    /// Writes the outputs at `x`, `[inputs]`, with `coefficients`, `[output terms]`, into `out`, `[outputs]`.
    pub(crate) fn evaluate(&self, x: &[f64], coefficients: &[f64], out: &mut [f64]) {
        with_scratch(self.value_count(), |values| {
            self.compute(x, values);
            self.sum_outputs(values, coefficients, out);
        });
    }

    /// As [`Program::evaluate`], over any [`Real`]; allocates.
    pub(crate) fn evaluate_real<R: Real>(&self, x: &[R], coefficients: &[f64], out: &mut [R]) {
        let mut values = vec![R::default(); self.value_count()];
        self.compute(x, &mut values);
        self.sum_outputs(&values, coefficients, out);
    }

    fn sum_outputs<R: Real>(&self, values: &[R], coefficients: &[f64], out: &mut [R]) {
        for (out, range) in out.iter_mut().zip(&self.outputs) {
            *out = range
                .clone()
                .fold(R::default(), |sum, t| sum + R::from(coefficients[t]) * values[self.output_terms[t] as usize]);
        }
    }

    /// Writes doutput_i/dx_j into `jacobian`, `[outputs x inputs]`, row-major.
    pub(crate) fn jacobian(&self, x: &[f64], coefficients: &[f64], jacobian: &mut [f64]) {
        let (n, count) = (self.inputs, self.value_count());
        with_scratch(count * (1 + n), |scratch| {
            let (values, tangents) = scratch.split_at_mut(count);
            self.compute(x, values);
            self.tangents(values, tangents);
            jacobian[..self.outputs.len() * n].fill(0.0);
            for (range, row) in self.outputs.iter().zip(jacobian.chunks_exact_mut(n.max(1))) {
                for t in range.clone() {
                    let v = self.output_terms[t] as usize;
                    add_scaled(row, coefficients[t], &tangents[v * n..(v + 1) * n]);
                }
            }
        });
    }

    /// As [`Program::evaluate`], with each run of `weights.len()` outputs summed with those weights:
    /// `[outputs / weights]` into `out`.
    pub(crate) fn evaluate_grouped(&self, x: &[f64], coefficients: &[f64], weights: &[f64], out: &mut [f64]) {
        out.fill(0.0);
        with_scratch(self.value_count(), |values| {
            self.compute(x, values);
            for (i, range) in self.outputs.iter().enumerate() {
                let sum: f64 = range.clone().map(|t| coefficients[t] * values[self.output_terms[t] as usize]).sum();
                out[i / weights.len()] += weights[i % weights.len()] * sum;
            }
        });
    }

    /// The derivatives of [`Program::evaluate_grouped`], `[outputs / weights x inputs]`, row-major.
    pub(crate) fn jacobian_grouped(&self, x: &[f64], coefficients: &[f64], weights: &[f64], jacobian: &mut [f64]) {
        let (n, count) = (self.inputs, self.value_count());
        jacobian.fill(0.0);
        with_scratch(count * (1 + n), |scratch| {
            let (values, tangents) = scratch.split_at_mut(count);
            self.compute(x, values);
            self.tangents(values, tangents);
            for (i, range) in self.outputs.iter().enumerate() {
                let (row, weight) = (i / weights.len() * n, weights[i % weights.len()]);
                for t in range.clone() {
                    let v = self.output_terms[t] as usize;
                    add_scaled(&mut jacobian[row..row + n], weight * coefficients[t], &tangents[v * n..(v + 1) * n]);
                }
            }
        });
    }

    /// Derivatives of all values by the inputs, `[values x inputs]`.
    fn tangents(&self, values: &[f64], tangents: &mut [f64]) {
        let n = self.inputs;
        tangents.fill(0.0);
        for i in 0..n {
            tangents[(i + 1) * n + i] = 1.0;
        }
        for (step, at) in self.steps.iter().zip(1 + n..) {
            let (earlier, rest) = tangents.split_at_mut(at * n);
            let row = &mut rest[..n];
            let of = |v: u32| &earlier[v as usize * n..(v as usize + 1) * n];
            match step {
                Step::Product(a, b) => {
                    add_scaled(row, values[*b as usize], of(*a));
                    add_scaled(row, values[*a as usize], of(*b));
                }
                Step::Quotient(a, b) => {
                    add_scaled(row, 1.0 / values[*b as usize], of(*a));
                    add_scaled(row, -values[at] / values[*b as usize], of(*b));
                }
                Step::Sum(terms) => {
                    for &(c, v) in &self.definition_terms[terms.start as usize..terms.end as usize] {
                        add_scaled(row, c, of(v));
                    }
                }
            }
        }
    }
}

fn add_scaled(row: &mut [f64], factor: f64, other: &[f64]) {
    for (a, b) in row.iter_mut().zip(other) {
        *a += factor * b;
    }
}

thread_local! {
    static SCRATCH: Cell<Vec<Vec<f64>>> = const { Cell::new(Vec::new()) };
}

/// Lends a buffer of the thread, with anything in it, so that evaluation through `&self` allocates only once.
pub(crate) fn with_scratch<T>(length: usize, work: impl FnOnce(&mut [f64]) -> T) -> T {
    SCRATCH.with(|cell| {
        // Lending can be nested, so the buffers form a stack.
        let mut stack = cell.take();
        let mut buffer = stack.pop().unwrap_or_default();
        cell.set(stack);
        if buffer.len() < length {
            buffer.resize(length, 0.0);
        }
        let result = work(&mut buffer[..length]);
        let mut stack = cell.take();
        stack.push(buffer);
        cell.set(stack);
        result
    })
}
