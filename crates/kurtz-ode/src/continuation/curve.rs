//! One step along a curve given by N equations in N + 1 unknowns: predictor along the tangent, Newton corrector in the
//! plane across it (pseudo-arclength; H. B. Keller 1977).

use crate::dense::RealLu;

/// A smooth curve G(u) = 0 with G of dimension N and u of dimension N + 1; the last coordinate is the parameter.
pub(crate) trait Curve {
    /// Number N of equations.
    fn equations(&self) -> usize;

    /// Weights of the coordinates in lengths, `[N + 1]`: |u|^2 = sum w_i u_i^2.
    fn weights(&self) -> &[f64];

    /// Writes G(u), `[N]`, and dG/du, `[N x (N + 1)]` row-major; false where they cannot be computed.
    fn linearise(&mut self, u: &[f64], g: &mut [f64], dg: &mut [f64]) -> bool;

    /// Largest step per Newton iteration; beyond it the iteration is given up.
    fn tolerance(&self) -> f64;
}

/// A point on a curve.
#[derive(Clone, Debug)]
pub(crate) struct Point {
    pub u: Vec<f64>,
    /// Unit tangent in the weighted norm.
    pub tangent: Vec<f64>,
    /// Whether the determinant of (dG/du; tangent) is negative: it changes at branch points.
    pub is_negative: bool,
    /// Newton iterations it took.
    pub iterations: usize,
}

/// Most Newton iterations of a corrector.
const MOST_ITERATIONS: usize = 8;

/// Weighted product of two vectors.
pub(crate) fn product(weights: &[f64], a: &[f64], b: &[f64]) -> f64 {
    weights.iter().zip(a).zip(b).map(|((w, a), b)| w * a * b).sum()
}

/// Solves the N equations with the last row given: (dG; row) x = b. `None` if the matrix is singular.
fn bordered(dg: &[f64], row: &[f64]) -> Option<RealLu> {
    let mut lu = RealLu::new(row.len());
    let matrix: Vec<f64> = dg.iter().chain(row).copied().collect();
    lu.factorise(&matrix).then_some(lu)
}

/// Newton's method from `guess` on G(u) = 0 with sum_i row_i (u_i - guess_i) = 0; then the tangent there that goes
/// along with `tangent`.
///
/// `None` if it does not converge.
fn correct(curve: &mut dyn Curve, guess: Vec<f64>, row: &[f64], tangent: &[f64]) -> Option<Point> {
    let n = curve.equations();
    let (mut u, mut g, mut dg) = (guess, vec![0.0; n], vec![0.0; n * (n + 1)]);
    let mut last = f64::INFINITY;
    let mut iterations = 0;
    loop {
        if !curve.linearise(&u, &mut g, &mut dg) {
            return None;
        }
        let lu = bordered(&dg, row)?;
        let mut step: Vec<f64> = g.iter().map(|g| -g).chain([0.0]).collect();
        lu.solve(&mut step);
        let length = product(curve.weights(), &step, &step).sqrt();
        u.iter_mut().zip(&step).for_each(|(u, s)| *u += s);
        iterations += 1;
        if !length.is_finite() || (iterations > 2 && length > 2.0 * last) || iterations > MOST_ITERATIONS {
            return None;
        }
        if length <= curve.tolerance() {
            break;
        }
        last = length;
    }
    if !curve.linearise(&u, &mut g, &mut dg) {
        return None;
    }
    let weighted: Vec<f64> = curve.weights().iter().zip(tangent).map(|(w, t)| w * t).collect();
    let tangent = tangent_at(curve.weights(), &dg, &weighted)?;
    let across: Vec<f64> = curve.weights().iter().zip(&tangent).map(|(w, t)| w * t).collect();
    let is_negative = bordered(&dg, &across)?.determinant_is_negative();
    Some(Point { u, tangent, is_negative, iterations })
}

/// The unit tangent whose product with `row` is positive.
fn tangent_at(weights: &[f64], dg: &[f64], row: &[f64]) -> Option<Vec<f64>> {
    let mut t = vec![0.0; row.len()];
    t[row.len() - 1] = 1.0;
    bordered(dg, row)?.solve(&mut t);
    let length = product(weights, &t, &t).sqrt();
    if !(length > 0.0 && length.is_finite()) {
        return None;
    }
    t.iter_mut().for_each(|t| *t /= length);
    Some(t)
}

/// The point reached by a step of length `step` along the tangent of `from`.
pub(crate) fn step(curve: &mut dyn Curve, from: &Point, step: f64) -> Option<Point> {
    let guess: Vec<f64> = from.u.iter().zip(&from.tangent).map(|(u, t)| u + step * t).collect();
    let row: Vec<f64> = curve.weights().iter().zip(&from.tangent).map(|(w, t)| w * t).collect();
    correct(curve, guess, &row, &from.tangent)
}

/// The point near `guess` with its last coordinate, the parameter, kept; its tangent points along `tangent`, or to larger
/// parameters.
pub(crate) fn at_parameter(curve: &mut dyn Curve, guess: Vec<f64>, tangent: Option<&[f64]>) -> Option<Point> {
    let mut row = vec![0.0; guess.len()];
    row[guess.len() - 1] = 1.0;
    let along = tangent.map_or(row.clone(), <[f64]>::to_vec);
    correct(curve, guess, &row, &along)
}

/// The point between 0 and `length` along `from`'s tangent where `is_beyond` becomes true: the last before and the first
/// after it, to `resolution` of the step.
pub(crate) fn locate(
    curve: &mut dyn Curve,
    from: &Point,
    to: &Point,
    length: f64,
    resolution: f64,
    mut is_beyond: impl FnMut(&mut dyn Curve, &Point) -> Option<bool>,
) -> Option<Point> {
    let (mut before, mut after, mut found) = (0.0, length, to.clone());
    while after - before > resolution * length {
        let middle = 0.5 * (before + after);
        let point = step(curve, from, middle)?;
        if is_beyond(curve, &point)? {
            (after, found) = (middle, point);
        } else {
            before = middle;
        }
    }
    Some(found)
}

/// The point between two neighbours on a curve whose last coordinate, the parameter, is `place`.
pub(crate) fn between(curve: &mut dyn Curve, from: &Point, to: &Point, place: f64) -> Option<Point> {
    let last = from.u.len() - 1;
    let part = (place - from.u[last]) / (to.u[last] - from.u[last]);
    let mut guess: Vec<f64> = from.u.iter().zip(&to.u).map(|(a, b)| a + part * (b - a)).collect();
    guess[last] = place;
    at_parameter(curve, guess, Some(&from.tangent))
}

/// Control of the length of steps.
pub(crate) struct StepLength {
    pub length: f64,
    largest: f64,
    smallest: f64,
}

impl StepLength {
    pub fn new(first: f64, largest: f64, smallest: f64) -> Self {
        StepLength { length: first.min(largest), largest, smallest }
    }

    /// After a failure; false if there is no smaller step.
    pub fn shrink(&mut self) -> bool {
        self.length *= 0.5;
        self.length >= self.smallest
    }

    /// After a success in so many iterations, with this cosine between the tangents.
    pub fn adapt(&mut self, iterations: usize, cosine: f64) {
        if iterations <= 3 && cosine > 0.98 {
            self.length = (self.length * 1.6).min(self.largest);
        } else if iterations > 5 {
            self.length *= 0.7;
        }
    }
}

/// Least cosine between the tangents at the ends of a step; where the curve turns more, the step is halved.
pub(crate) const LEAST_COSINE: f64 = 0.9;
