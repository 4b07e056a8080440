//! Integral-form regression: x(t) - x(0) = sum_j theta_j int_0^t f_j(x) ds is linear in theta, and no datum is ever
//! differentiated.
//!
//! The residual combines data at all times, so its covariance is propagated from theirs, with the current theta, and
//! the fit repeated (the iterative reweighting of weak-form regression: D. A. Messenger, D. M. Bortz, WENDy-IRLS, 2023).
//! Fast, needs no start and cannot diverge; but the integrals carry the error of the quadrature, and noise in the
//! regressors biases nearly collinear fits. [`super::fit`] by shooting has neither.

use super::least_squares::Restriction;
use super::quadrature::cumulative_weights;
use super::weights::{WeightedData, Weighting};
use crate::condition::{Condition, check_conditions};
use crate::error::LearnError;
use crate::library::Library;
use crate::linear::{Compressed, Matrix, non_negative};
use serde::{Deserialize, Serialize};

/// Settings of [`fit_integral`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IntegralSettings {
    /// How residuals are weighed. Default full.
    pub weighting: Weighting,
    /// How often the covariance is recomputed with the coefficients found. Default 3.
    pub reweightings: usize,
}

impl Default for IntegralSettings {
    fn default() -> Self {
        IntegralSettings { weighting: Weighting::Full, reweightings: 3 }
    }
}

/// The result of [`fit_integral`].
#[derive(Clone, Debug, PartialEq)]
pub struct IntegralFit {
    /// Coefficients, `[terms]`.
    pub coefficients: Vec<f64>,
    /// Their covariance, `[terms x terms]`; zero for those held at the bound, infinite where the data leave it open.
    pub covariance: Vec<f64>,
    /// Sum of squared whitened residuals.
    pub chi2: f64,
    /// Independent values less coefficients that are not at the bound.
    pub degrees_of_freedom: usize,
}

/// Fits the coefficients of a library, those marked in `non_negative` subject to >= 0.
///
/// The conditions observe the inputs of the library, in its order; those after the states are read but not followed
/// (measured third moments, say).
///
/// # Errors
/// Conditions that observe something else; missing values; covariances that are none.
pub fn fit_integral(
    library: &dyn Library,
    conditions: &[Condition],
    non_negative: &[bool],
    settings: &IntegralSettings,
) -> Result<IntegralFit, LearnError> {
    let p = library.term_count();
    if non_negative.len() != p {
        let what = "marks of non-negative coefficients".into();
        return Err(LearnError::Length { what, expected: p, found: non_negative.len() });
    }
    let restriction = Restriction { free: (0..p).collect(), bounded: non_negative.to_vec() };
    let form = IntegralForm::new(library, conditions)?;
    let mut coefficients = vec![0.0; p];
    let mut fit = form.solve(&coefficients, &restriction, settings.weighting)?;
    if settings.weighting != Weighting::Unweighted {
        for _ in 0..settings.reweightings {
            coefficients.clone_from(&fit.coefficients);
            fit = form.solve(&coefficients, &restriction, settings.weighting)?;
        }
    }
    Ok(fit)
}

/// The regression problem before weighing.
pub(crate) struct IntegralForm<'a> {
    library: &'a dyn Library,
    conditions: &'a [Condition],
    /// Per condition: rows [integrals of the terms | change], `[((times - 1) x states) x (terms + 1)]`.
    rows: Vec<Matrix>,
    weights: Vec<Matrix>,
}

impl<'a> IntegralForm<'a> {
    pub fn new(library: &'a dyn Library, conditions: &'a [Condition]) -> Result<Self, LearnError> {
        check_conditions(conditions)?;
        let (n, p, inputs) = (library.dimension(), library.term_count(), library.input_count());
        let (mut rows, mut weights) = (Vec::new(), Vec::new());
        for condition in conditions {
            if condition.width() != inputs {
                let what = format!("the observables of condition `{}`", condition.name);
                return Err(LearnError::Length { what, expected: inputs, found: condition.width() });
            }
            if condition.values.iter().any(|v| v.is_nan()) {
                return Err(LearnError::NotIdentifiable {
                    what: format!("integrals over condition `{}`", condition.name),
                    reason: "values are missing; fit by shooting instead".into(),
                });
            }
            let t = condition.times.len();
            let w = cumulative_weights(&condition.times);
            let mut terms = vec![0.0; t * n * p];
            for l in 0..t {
                library.evaluate(condition.at(l), &mut terms[l * n * p..(l + 1) * n * p]);
            }
            let mut block = Matrix::zeros((t - 1) * n, p + 1);
            for (i, o) in (0..(t - 1) * n).map(|r| (r / n, r % n)) {
                let row = block.row_mut(i * n + o);
                for l in 0..t {
                    let from = &terms[(l * n + o) * p..(l * n + o + 1) * p];
                    row.iter_mut().zip(from).for_each(|(a, f)| *a += w[(i, l)] * f);
                }
                row[p] = condition.at(i + 1)[o] - condition.start()[o];
            }
            rows.push(block);
            weights.push(w);
        }
        Ok(IntegralForm { library, conditions, rows, weights })
    }

    /// The residuals' covariance at given coefficients, as conditions of residuals: B C B^T with B = d residual / d data.
    fn residual_data(&self, coefficients: &[f64], weighting: Weighting) -> Result<WeightedData, LearnError> {
        let residuals = self.conditions.iter().zip(&self.weights).zip(&self.rows);
        let conditions =
            residuals.map(|((condition, w), rows)| self.residual_condition(condition, w, rows, coefficients));
        WeightedData::new(conditions.collect::<Result<_, _>>()?, weighting)
    }

    fn residual_condition(
        &self,
        condition: &Condition,
        w: &Matrix,
        rows: &Matrix,
        coefficients: &[f64],
    ) -> Result<Condition, LearnError> {
        let (n, p, inputs) = (self.library.dimension(), self.library.term_count(), self.library.input_count());
        let t = condition.times.len();
        // f_theta at each time, differentiated by the data there, [times x states x inputs].
        let mut gradients = vec![0.0; n * p * inputs];
        let mut slopes = Vec::with_capacity(t * n * inputs);
        for l in 0..t {
            self.library.jacobian(condition.at(l), &mut gradients);
            let slope = |o: usize, k: usize| -> f64 {
                (0..p).map(|j| coefficients[j] * gradients[(o * p + j) * inputs + k]).sum()
            };
            slopes.extend((0..n * inputs).map(|e| slope(e / inputs, e % inputs)));
        }
        let operator = ResidualByData { weights: w, slopes: &slopes, states: n, inputs };
        let c = Matrix::from_fn(t * inputs, t * inputs, |i, j| condition.covariance_of(i, j));
        let covariance = operator.apply(&operator.apply(&c).transposed());
        let mut residual = Condition {
            name: condition.name.clone(),
            times: condition.times[1..].to_vec(),
            observables: self.library.state_names(),
            values: rows.column(p),
            covariance: covariance.into_data(),
            repetitions: condition.repetitions,
            origin: condition.origin,
        };
        symmetrise(&mut residual.covariance, (t - 1) * n);
        Ok(residual)
    }

    /// The whitened problem at given coefficients.
    fn whitened(&self, data: &WeightedData) -> Matrix {
        let mut all = Vec::new();
        for (c, rows) in self.rows.iter().enumerate() {
            let mut block = rows.select_rows(data.rows(c));
            data.whiten(c, &mut block);
            all.extend(block.into_data());
        }
        let width = self.library.term_count() + 1;
        Matrix::from_rows(all.len() / width, width, all)
    }

    /// The problem compressed, weighed as the coefficients say, and the number of independent values in it.
    pub fn compressed(&self, coefficients: &[f64], weighting: Weighting) -> Result<(Compressed, usize), LearnError> {
        let data = self.residual_data(coefficients, weighting)?;
        Ok((Compressed::new(&self.whitened(&data)), data.independent_values()))
    }

    fn solve(
        &self,
        coefficients: &[f64],
        restriction: &Restriction,
        weighting: Weighting,
    ) -> Result<IntegralFit, LearnError> {
        let p = self.library.term_count();
        let data = self.residual_data(coefficients, weighting)?;
        let rows = self.whitened(&data);
        let problem = Compressed::new(&rows);
        let x = if restriction.bounded.iter().any(|b| *b) {
            non_negative(&problem, &restriction.free, &restriction.bounded)
        } else {
            problem.solve(&restriction.free).map(|s| s.x).ok_or_else(|| LearnError::NotIdentifiable {
                what: "all coefficients".into(),
                reason: "some terms are linear combinations of others on these data; leave terms out or bound them"
                    .into(),
            })?
        };
        let inside: Vec<usize> =
            restriction.free.iter().copied().filter(|&j| !restriction.bounded[j] || x[j] > 0.0).collect();
        let mut covariance = vec![0.0; p * p];
        match problem.inverse_information(&inside) {
            None => inside.iter().for_each(|&j| covariance[j * p + j] = f64::INFINITY),
            Some(inverse) => {
                let inverse = sandwich(&data, &rows, &inside, inverse);
                for (a, &i) in inside.iter().enumerate() {
                    inside.iter().enumerate().for_each(|(b, &j)| covariance[i * p + j] = inverse[(a, b)]);
                }
            }
        }
        let chi2 = problem.residual(&x);
        let degrees_of_freedom = data.independent_values().saturating_sub(inside.len());
        Ok(IntegralFit { coefficients: x, covariance, chi2, degrees_of_freedom })
    }
}

/// The derivative of the residuals y_i - y_0 - int f_theta(y) by the data y, as an operator.
struct ResidualByData<'a> {
    weights: &'a Matrix,
    slopes: &'a [f64],
    states: usize,
    inputs: usize,
}

impl ResidualByData<'_> {
    /// B x, `[((times - 1) x states) x columns]`, for x `[(times x inputs) x columns]`, in one sweep through time.
    fn apply(&self, x: &Matrix) -> Matrix {
        let (n, inputs, columns) = (self.states, self.inputs, x.columns());
        let times = self.weights.columns();
        let mut rates = Matrix::zeros(times * n, columns);
        for (row, k) in (0..times * n).flat_map(|row| (0..inputs).map(move |k| (row, k))) {
            let slope = self.slopes[row * inputs + k];
            if slope != 0.0 {
                let from = x.row((row / n) * inputs + k);
                rates.row_mut(row).iter_mut().zip(from).for_each(|(r, v)| *r += slope * v);
            }
        }
        let mut result = Matrix::zeros((times - 1) * n, columns);
        let mut integral = Matrix::zeros(n, columns);
        for i in 0..times - 1 {
            for l in 0..times {
                // Few times contribute to each interval.
                let weight = self.weights[(i, l)] - if i > 0 { self.weights[(i - 1, l)] } else { 0.0 };
                for o in (0..n).filter(|_| weight != 0.0) {
                    let from = rates.row(l * n + o);
                    integral.row_mut(o).iter_mut().zip(from).for_each(|(s, r)| *s += weight * r);
                }
            }
            for o in 0..n {
                let (now, first) = (x.row((i + 1) * inputs + o), x.row(o));
                let row = result.row_mut(i * n + o);
                for (c, value) in row.iter_mut().enumerate() {
                    *value = now[c] - first[c] - integral[(o, c)];
                }
            }
        }
        result
    }
}

/// A^+ C A^+^T for whitened rows A whose residuals have covariance C.
fn sandwich(data: &WeightedData, rows: &Matrix, inside: &[usize], inverse: Matrix) -> Matrix {
    let noises: Vec<Option<Matrix>> = (0..data.conditions().len()).map(|c| data.whitened_covariance(c)).collect();
    if noises.iter().all(Option::is_none) {
        return inverse;
    }
    let k = inside.len();
    let (mut middle, mut first) = (Matrix::zeros(k, k), 0);
    for (c, noise) in noises.iter().enumerate() {
        let count = data.rows(c).len();
        let block = Matrix::from_fn(k, count, |j, r| rows[(first + r, inside[j])]);
        let right = noise.as_ref().map_or(block.clone(), |noise| block.times(noise));
        let sum = right.times_transposed(&block);
        middle = Matrix::from_fn(k, k, |i, j| middle[(i, j)] + sum[(i, j)]);
        first += count;
    }
    inverse.times(&middle).times(&inverse)
}

fn symmetrise(c: &mut [f64], n: usize) {
    for i in 0..n {
        for j in 0..i {
            let mean = 0.5 * (c[i * n + j] + c[j * n + i]);
            c[i * n + j] = mean;
            c[j * n + i] = mean;
        }
    }
}
