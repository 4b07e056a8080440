//! The coefficients of a law, with errors in all species.

use super::law::{Law, Term, monomial};
use crate::invariants::{Record, RelationSettings};
use crate::linear::{Cholesky, Matrix};
use crate::series::NoiseModel;

/// A law before its coefficients are known.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    /// Species and weight of each part.
    pub members: Vec<(usize, f64)>,
    pub drivers: Vec<usize>,
    /// Member, exponents and a first guess of the logarithm of the coefficient.
    pub terms: Vec<(usize, Vec<u32>, f64)>,
    /// A first guess of the total in each course.
    pub totals: Vec<f64>,
}

/// The samples to be fitted.
pub(super) struct Problem<'a> {
    record: &'a Record,
    noise: Vec<NoiseModel>,
    discrepancy: f64,
    /// Course and place of the samples in the window.
    samples: Vec<(usize, usize)>,
}

/// What the law is in one sample, with derivatives of logarithms.
struct Values {
    true_drivers: Vec<f64>,
    /// Terms of the numerators, `[terms]`.
    sizes: Vec<f64>,
    /// Members, `[m]`.
    y: Vec<f64>,
    /// d ln y_i / d ln theta_t, `[m x terms]`, and by ln D, `[m x d]`.
    by_term: Vec<f64>,
    by_driver: Vec<f64>,
}

impl Values {
    fn new(shape: &Shape) -> Self {
        let (m, terms, d) = (shape.members.len(), shape.terms.len(), shape.drivers.len());
        let zeros = |n| vec![0.0; n];
        let (by_term, by_driver) = (zeros(m * terms), zeros(m * d));
        Values { true_drivers: zeros(d), sizes: zeros(terms), y: zeros(m), by_term, by_driver }
    }
}

const MOST_ITERATIONS: usize = 60;
/// Logarithms of coefficients change by this much at most in an iteration.
const LONGEST_STEP: f64 = 1.5;
/// The part of the allowed discrepancy that counts as noise of each sample, so that exact data weigh all members alike.
const INDEPENDENT: f64 = 0.1;

impl<'a> Problem<'a> {
    pub fn new(record: &'a Record, settings: &RelationSettings, start: f64) -> Self {
        let places =
            record.courses.iter().enumerate().flat_map(|(c, course)| (0..course.times.len()).map(move |t| (c, t)));
        let samples = places.filter(|&(c, t)| record.courses[c].times[t] >= start).collect();
        Problem { record, noise: record.noise(settings.noise), discrepancy: settings.discrepancy, samples }
    }

    fn value(&self, sample: (usize, usize), species: usize) -> f64 {
        self.record.courses[sample.0].values[sample.1 * self.record.species.len() + species]
    }

    /// Fits by Gauss-Newton on the logarithms of coefficients, totals and drivers. None if that fails.
    pub fn fit(&self, shape: &Shape) -> Option<Law> {
        let (terms, courses, d) = (shape.terms.len(), shape.totals.len(), shape.drivers.len());
        // The coefficient of highest degree is 1.
        let fixed = (0..terms).max_by_key(|&t| (shape.terms[t].1.iter().sum::<u32>(), shape.terms[t].1.clone()))?;
        let mut unknowns: Vec<f64> = shape.terms.iter().map(|t| t.2 - shape.terms[fixed].2).collect();
        unknowns.extend(shape.totals.iter().map(|c| c.max(f64::MIN_POSITIVE).ln()));
        let mut drivers: Vec<f64> = Vec::with_capacity(self.samples.len() * d);
        for &sample in &self.samples {
            drivers.extend(shape.drivers.iter().map(|&i| {
                let value = self.value(sample, i);
                value.max(0.1 * self.noise[i].error(value)).max(f64::MIN_POSITIVE).ln()
            }));
        }
        let mut inverse = None;
        for iteration in 0..MOST_ITERATIONS {
            let (information, gradient, eliminated) = self.normal_equations(shape, &unknowns, &drivers)?;
            let p = terms + courses;
            let largest = (0..p).map(|k| information[(k, k)]).fold(0.0, f64::max);
            let damped = Matrix::from_fn(p, p, |i, j| match (i == j, i == fixed || j == fixed) {
                (true, true) => largest,
                (false, true) => 0.0,
                (true, false) => information[(i, i)] + 1e-9 * largest,
                (false, false) => information[(i, j)],
            });
            let factor = Cholesky::new(&damped)?;
            let gradient: Vec<f64> = (0..p).map(|k| if k == fixed { 0.0 } else { gradient[k] }).collect();
            let step = solve(&factor, &gradient);
            let length = step.iter().fold(0.0_f64, |m, s| m.max(s.abs()));
            if !length.is_finite() {
                return None;
            }
            let scale = (LONGEST_STEP / length).min(1.0);
            for (u, s) in unknowns.iter_mut().zip(&step) {
                *u = (*u + scale * s).max(-60.0);
            }
            for (at, driver) in drivers.iter_mut().enumerate() {
                let by_unknowns = &eliminated.by_unknowns[at * p..(at + 1) * p];
                let change = eliminated.own[at] - by_unknowns.iter().zip(&step).map(|(b, s)| b * s).sum::<f64>();
                *driver += (scale * change).clamp(-LONGEST_STEP, LONGEST_STEP);
            }
            inverse = Some(factor);
            if length < 1e-10 || iteration > 5 && length < 1e-7 {
                break;
            }
        }
        Some(self.law(shape, fixed, &unknowns, &drivers, &inverse?))
    }

    /// Writes what the law is at the logarithms of the drivers in a sample of a course.
    fn evaluate(&self, shape: &Shape, unknowns: &[f64], course: usize, drivers: &[f64], values: &mut Values) {
        let (terms, d) = (shape.terms.len(), shape.drivers.len());
        values.true_drivers.iter_mut().zip(drivers).for_each(|(x, l)| *x = l.exp());
        values.y.fill(0.0);
        for (size, ((member, exponents, _), u)) in values.sizes.iter_mut().zip(shape.terms.iter().zip(unknowns)) {
            *size = u.exp() * monomial(exponents, &values.true_drivers);
            values.y[*member] += *size;
        }
        let denominator: f64 = values.y.iter().zip(&shape.members).map(|(n, (_, w))| n * w).sum();
        values.by_driver.fill(0.0);
        for (t, ((member, exponents, _), size)) in shape.terms.iter().zip(&values.sizes).enumerate() {
            let share = shape.members[*member].1 * size / denominator;
            for (i, numerator) in values.y.iter().enumerate() {
                let own = if i == *member { size / numerator } else { 0.0 };
                values.by_term[i * terms + t] = own - share;
                for (by, &e) in values.by_driver[i * d..(i + 1) * d].iter_mut().zip(exponents) {
                    *by += f64::from(e) * (own - share);
                }
            }
        }
        let total = unknowns[terms + course].exp();
        values.y.iter_mut().for_each(|y| *y *= total / denominator);
    }

    /// Information and gradient of the unknowns, the drivers of each sample eliminated.
    fn normal_equations(
        &self,
        shape: &Shape,
        unknowns: &[f64],
        drivers: &[f64],
    ) -> Option<(Matrix, Vec<f64>, Eliminated)> {
        let (m, terms, d, p) = (shape.members.len(), shape.terms.len(), shape.drivers.len(), unknowns.len());
        let (mut information, mut gradient) = (Matrix::zeros(p, p), vec![0.0; p]);
        let mut eliminated =
            Eliminated { own: vec![0.0; self.samples.len() * d], by_unknowns: vec![0.0; self.samples.len() * d * p] };
        let mut values = Values::new(shape);
        // Rows of residuals over the unknowns (terms and this course's total) and over the drivers, in standard errors.
        let (mut residuals, mut rows, mut columns) = (vec![0.0; m], vec![0.0; m * p], vec![0.0; m * d]);
        let (mut block, mut column) = (vec![0.0; d * d], vec![0.0; d]);
        for (k, &sample) in self.samples.iter().enumerate() {
            let own = &drivers[k * d..(k + 1) * d];
            self.evaluate(shape, unknowns, sample.0, own, &mut values);
            rows.fill(0.0);
            for i in 0..m {
                let (species, y) = (shape.members[i].0, values.y[i]);
                let unit = y / self.noise[species].error(y).hypot(INDEPENDENT * self.discrepancy * y);
                residuals[i] = unit * (self.value(sample, species) - y) / y;
                for t in 0..terms {
                    rows[i * p + t] = unit * values.by_term[i * terms + t];
                }
                rows[i * p + terms + sample.0] = unit;
                for j in 0..d {
                    columns[i * d + j] = unit * values.by_driver[i * d + j];
                }
            }
            let pulled = &mut eliminated.own[k * d..(k + 1) * d];
            for a in 0..d {
                for b in 0..d {
                    block[a * d + b] = (0..m).map(|i| columns[i * d + a] * columns[i * d + b]).sum();
                }
                let true_value = own[a].exp();
                let unit = true_value / self.noise[shape.drivers[a]].error(true_value).max(1e-12 * true_value);
                block[a * d + a] += unit * unit;
                pulled[a] = unit * unit * (self.value(sample, shape.drivers[a]) / true_value - 1.0);
                pulled[a] += (0..m).map(|i| columns[i * d + a] * residuals[i]).sum::<f64>();
            }
            if !factorise(&mut block, d) {
                return None;
            }
            substitute(&block, pulled);
            // block^-1 C^T rows, `[d x p]`.
            let by_unknowns = &mut eliminated.by_unknowns[k * d * p..(k + 1) * d * p];
            for q in 0..p {
                for (j, x) in column.iter_mut().enumerate() {
                    *x = (0..m).map(|i| columns[i * d + j] * rows[i * p + q]).sum();
                }
                substitute(&block, &mut column);
                for (j, x) in column.iter().enumerate() {
                    by_unknowns[j * p + q] = *x;
                }
            }
            for i in 0..m {
                let kept = residuals[i] - (0..d).map(|j| columns[i * d + j] * pulled[j]).sum::<f64>();
                for b in 0..p {
                    let eliminated: f64 = (0..d).map(|j| columns[i * d + j] * by_unknowns[j * p + b]).sum();
                    let other = rows[i * p + b] - eliminated;
                    for a in 0..p {
                        information[(a, b)] += rows[i * p + a] * other;
                    }
                    gradient[b] += rows[i * p + b] * kept;
                }
            }
        }
        Some((information, gradient, eliminated))
    }

    fn law(&self, shape: &Shape, fixed: usize, unknowns: &[f64], drivers: &[f64], inverse: &Cholesky) -> Law {
        let terms = shape.terms.len();
        let error = |k: usize| {
            let unit: Vec<f64> = (0..unknowns.len()).map(|i| if i == k { 1.0 } else { 0.0 }).collect();
            solve(inverse, &unit)[k].sqrt()
        };
        let term = |(t, (member, exponents, _)): (usize, &(usize, Vec<u32>, f64))| Term {
            member: *member,
            exponents: exponents.clone(),
            coefficient: unknowns[t].exp(),
            standard_error: if t == fixed { 0.0 } else { error(t) },
        };
        let mut law = Law {
            members: shape.members.clone(),
            drivers: shape.drivers.clone(),
            terms: shape.terms.iter().enumerate().map(term).collect(),
            totals: unknowns[terms..].iter().map(|u| u.exp()).collect(),
            total_errors: (terms..unknowns.len()).map(error).collect(),
            departure: (0.0, shape.members[0].0),
            species: self.record.species.clone(),
        };
        for residual in self.residuals(shape, unknowns, drivers) {
            let beyond = residual.mean.abs() - 4.5 * residual.error;
            if beyond > law.departure.0 {
                law.departure = (beyond, shape.members[residual.member].0);
            }
        }
        law
    }

    /// Means of relative residuals over blocks of samples, for each member.
    fn residuals(&self, shape: &Shape, unknowns: &[f64], drivers: &[f64]) -> Vec<Residual> {
        let (d, m) = (shape.drivers.len(), shape.members.len());
        let mut all = Vec::new();
        let mut values = Values::new(shape);
        let mut from = 0;
        while from < self.samples.len() {
            let course = self.samples[from].0;
            let first = self.samples.iter().position(|s| s.0 == course).unwrap_or(0);
            let length = ((0.35 * (from - first) as f64).ceil() as usize).max(3);
            let mut to = from;
            while to < self.samples.len() && to < from + length && self.samples[to].0 == course {
                to += 1;
            }
            let (mut sums, mut squares) = (vec![0.0; m], vec![0.0; m]);
            for k in from..to {
                self.evaluate(shape, unknowns, course, &drivers[k * d..(k + 1) * d], &mut values);
                for i in 0..m {
                    let (species, y) = (shape.members[i].0, values.y[i]);
                    sums[i] += self.value(self.samples[k], species) / y - 1.0;
                    squares[i] += (self.noise[species].error(y) / y).powi(2);
                }
            }
            let count = (to - from) as f64;
            let residual = |i: usize| Residual { member: i, mean: sums[i] / count, error: squares[i].sqrt() / count };
            all.extend((0..m).map(residual));
            from = to;
        }
        all
    }

    /// Misfit of a law in the blocks, noise and discrepancy allowed, and the number of block means.
    pub fn misfit(&self, shape: &Shape, law: &Law) -> (f64, usize) {
        let unknowns: Vec<f64> =
            law.terms.iter().map(|t| t.coefficient.ln()).chain(law.totals.iter().map(|c| c.ln())).collect();
        let mut drivers = Vec::new();
        for &sample in &self.samples {
            drivers.extend(shape.drivers.iter().map(|&i| self.value(sample, i).max(f64::MIN_POSITIVE).ln()));
        }
        let residuals = self.residuals(shape, &unknowns, &drivers);
        let square = |r: &Residual| r.mean * r.mean / (r.error * r.error + self.discrepancy * self.discrepancy);
        (residuals.iter().map(square).sum(), residuals.len())
    }
}

/// Mean over a block of the relative residuals of a member.
struct Residual {
    member: usize,
    mean: f64,
    /// Its standard error by noise.
    error: f64,
}

/// How the drivers move: by themselves, `[samples x d]`, and with the unknowns, `[samples x d x p]`.
struct Eliminated {
    own: Vec<f64>,
    by_unknowns: Vec<f64>,
}

/// Overwrites a symmetric positive matrix `[d x d]` by its Cholesky factor. False if it is not positive.
fn factorise(a: &mut [f64], d: usize) -> bool {
    for j in 0..d {
        for i in j..d {
            let sum: f64 = (0..j).map(|k| a[i * d + k] * a[j * d + k]).sum();
            let value = a[i * d + j] - sum;
            if i == j && (value <= 0.0 || !value.is_finite()) {
                return false;
            }
            a[i * d + j] = if i == j { value.sqrt() } else { value / a[j * d + j] };
        }
    }
    true
}

/// Solves L L^T x = b in place.
fn substitute(l: &[f64], b: &mut [f64]) {
    let d = b.len();
    for i in 0..d {
        let sum: f64 = (0..i).map(|j| l[i * d + j] * b[j]).sum();
        b[i] = (b[i] - sum) / l[i * d + i];
    }
    for i in (0..d).rev() {
        let sum: f64 = (i + 1..d).map(|j| l[j * d + i] * b[j]).sum();
        b[i] = (b[i] - sum) / l[i * d + i];
    }
}

/// Solves L L^T x = b.
fn solve(factor: &Cholesky, b: &[f64]) -> Vec<f64> {
    let mut x = b.to_vec();
    substitute(factor.factor().as_slice(), &mut x);
    x
}
