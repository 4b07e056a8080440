//! Propagation by projection on Krylov spaces.

use crate::fsp::dense_exponential::dense_exponential;
use crate::fsp::generator::Generator;
use crate::fsp::propagation::{Crossed, Outcome, Window};

/// Safety factor of step sizes, and by how much an error may exceed its share (Sidje 1998).
const GAMMA: f64 = 0.9;
const DELTA: f64 = 1.2;

/// To how many of the vectors before it each new one is made orthogonal: with all of them, this would cost far more
/// than the products (incomplete orthogonalisation; Gaudreault, Rainwater & Tokman 2018, doi:10.1016/j.jcp.2018.06.026).
const ORTHOGONAL_TO: usize = 2;

/// Error per unit of dimensionless time below which rounding in the projection leaves nothing to gain.
const ROUNDING: f64 = 1e-15;

/// Crosses a window by exp(A t) v ~ |v| V exp(H t) e_1 in sub-steps whose error estimates keep to their share
/// (Sidje 1998, Expokit, doi:10.1145/285861.285868, algorithm 3.2).
///
/// The sink is one more component of the vector. The errors are estimates, not bounds, and components can come out
/// slightly negative; the caller sees to these. Counts products in `products`.
pub(super) fn cross(window: &Window, dimension: usize, products: &mut u64) -> Outcome {
    let generator = window.generator;
    let n = generator.len();
    // Dimensionless time: one unit is 1 / rate, and the generator is P - I, of norm 2 at most.
    let offsets: Vec<f64> = window.offsets.iter().map(|t| t * generator.rate()).collect();
    let end = *offsets.last().expect("a window has an end");
    let share = window.error_allowed.max(ROUNDING * end) / end.max(f64::MIN_POSITIVE);
    let mut v: Vec<f64> = window.start.iter().copied().chain([0.0]).collect();
    let mut flux = vec![0.0; generator.boundary().len()];
    let mut crossed = Vec::with_capacity(offsets.len());
    let (mut time, mut error) = (0.0, 0.0);
    let mut step = first_step(dimension, share, norm_2(&v));
    loop {
        while crossed.len() < offsets.len() && offsets[crossed.len()] <= time {
            crossed.push(at(&v, error));
        }
        if crossed.len() == offsets.len() {
            break;
        }
        if window.progress.cancelled() {
            return Outcome::Cancelled;
        }
        let basis = Basis::new(generator, &v, dimension, products);
        let Step { length: taken, error: local, coefficients, next } = basis.step(end - time, step, share);
        for j in crossed.len()..offsets.len() {
            let inside = offsets[j] - time;
            if inside >= taken {
                break;
            }
            crossed.push(at(&basis.combine(&basis.coefficients(inside)), error + local));
        }
        let after = basis.combine(&coefficients);
        for (f, &(i, rate)) in flux.iter_mut().zip(generator.boundary()) {
            *f += rate * taken * 0.5 * (v[i as usize].max(0.0) + after[i as usize].max(0.0));
        }
        v = after;
        error += local;
        time = if taken >= end - time { end } else { time + taken };
        step = next;
        if v[n] > window.leak_allowed.max(ROUNDING * time) {
            return Outcome::Leaking(flux);
        }
    }
    Outcome::Crossed(crossed)
}

/// The law in a vector with its sink, negative probabilities set to zero at the price of more error.
fn at(v: &[f64], error: f64) -> Crossed {
    let (&sink, law) = v.split_last().expect("the sink is the last component");
    let negativity = law.iter().map(|p| (-p).max(0.0)).sum::<f64>();
    let law = law.iter().map(|p| p.max(0.0)).collect();
    Crossed { law, leaked: sink.max(0.0), error: error + negativity, negativity, at_rest: false }
}

/// Expokit's first guess of a step, for a matrix of norm 2.
fn first_step(dimension: usize, share: f64, beta: f64) -> f64 {
    let m = dimension as f64;
    let factorial = ((m + 1.0) / std::f64::consts::E).powf(m + 1.0) * (2.0 * std::f64::consts::PI * (m + 1.0)).sqrt();
    0.5 * (factorial * share / (8.0 * beta.max(f64::MIN_POSITIVE))).powf(1.0 / m)
}

/// An orthonormal basis of span(v, P v, ..., P^m v) and the projection H of P - I on it.
struct Basis {
    vectors: Vec<Vec<f64>>,
    /// `[order x order]`, row-major: H, with the rows and columns that give the error estimates below and beside it.
    projected: Vec<f64>,
    order: usize,
    beta: f64,
    /// The space is invariant: the projection is exact.
    is_invariant: bool,
    /// 1-norms of the first vector left out of the basis and of (P - I) times it.
    residual: [f64; 2],
}

impl Basis {
    fn new(generator: &Generator, v: &[f64], dimension: usize, products: &mut u64) -> Self {
        let m = dimension;
        let size = m + 2;
        let beta = norm_2(v);
        let mut h = vec![0.0; size * size];
        let mut vectors: Vec<Vec<f64>> = Vec::with_capacity(m + 1);
        vectors.push(v.iter().map(|x| x / beta).collect());
        let mut image = vec![0.0; v.len()];
        for j in 0..m {
            flow(generator, &vectors[j], &mut image);
            *products += 1;
            for (i, u) in vectors.iter().enumerate().skip((j + 1).saturating_sub(ORTHOGONAL_TO)) {
                let component = dot(u, &image);
                image.iter_mut().zip(u).for_each(|(w, u)| *w -= component * u);
                h[i * size + j] = component;
            }
            let length = norm_2(&image);
            if length <= 1e-14 {
                let order = j + 1;
                let projected = (0..order * order).map(|k| h[k / order * size + k % order]).collect();
                return Basis { vectors, projected, order, beta, is_invariant: true, residual: [0.0; 2] };
            }
            h[(j + 1) * size + j] = length;
            vectors.push(image.iter().map(|x| x / length).collect());
        }
        h[(m + 1) * size + m] = 1.0;
        flow(generator, &vectors[m], &mut image);
        *products += 1;
        let residual = [norm_1(&vectors[m]), norm_1(&image)];
        Basis { vectors, projected: h, order: size, beta, is_invariant: false, residual }
    }

    /// The coefficients of exp((P - I) t) v in the basis and, behind them, what the error is estimated from.
    fn coefficients(&self, t: f64) -> Vec<f64> {
        let scaled: Vec<f64> = self.projected.iter().map(|x| x * t).collect();
        let exponential = dense_exponential(&scaled, self.order);
        (0..self.order).map(|i| self.beta * exponential[i * self.order]).collect()
    }

    fn combine(&self, coefficients: &[f64]) -> Vec<f64> {
        let mut sum = vec![0.0; self.vectors[0].len()];
        for (c, u) in coefficients.iter().zip(&self.vectors) {
            sum.iter_mut().zip(u).for_each(|(s, u)| *s += c * u);
        }
        sum
    }

    /// Finds a step whose error keeps to its share of the time.
    fn step(&self, remaining: f64, guess: f64, share: f64) -> Step {
        if self.is_invariant {
            let coefficients = self.coefficients(remaining);
            return Step { length: remaining, error: 0.0, coefficients, next: remaining };
        }
        let m = (self.order - 2) as f64;
        let mut length = guess.min(remaining);
        loop {
            let coefficients = self.coefficients(length);
            let first = coefficients[self.order - 2].abs() * self.residual[0];
            let second = coefficients[self.order - 1].abs() * self.residual[1];
            let (error, power) = if first > 10.0 * second {
                (second, 1.0 / m)
            } else if first > second {
                (first * second / (first - second), 1.0 / m)
            } else {
                (first, 1.0 / (m - 1.0))
            };
            let error = error.max(f64::MIN_POSITIVE);
            let next = GAMMA * length * (share * length / error).powf(power);
            if error <= DELTA * share * length {
                return Step { length, error, coefficients, next: next.min(5.0 * length) };
            }
            length = next.max(0.1 * length);
        }
    }
}

/// A step that was accepted.
struct Step {
    length: f64,
    error: f64,
    /// Of the vector after the step, in the basis.
    coefficients: Vec<f64>,
    /// A guess of the next length.
    next: f64,
}

/// (P - I) x with the sink as the last component.
fn flow(generator: &Generator, x: &[f64], y: &mut [f64]) {
    let n = generator.len();
    generator.multiply(&x[..n], &mut y[..n]);
    y[..n].iter_mut().zip(x).for_each(|(y, x)| *y -= x);
    y[n] = generator.boundary().iter().map(|&(i, rate)| rate * x[i as usize]).sum();
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    // Eight partial sums: the order does not depend on threads, and the compiler can use vectors.
    let mut partial = [0.0; 8];
    let (a8, b8) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f64 = a8.remainder().iter().zip(b8.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a8.zip(b8) {
        for k in 0..8 {
            partial[k] += a[k] * b[k];
        }
    }
    partial.iter().sum::<f64>() + rest
}

fn norm_2(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}

fn norm_1(a: &[f64]) -> f64 {
    a.iter().map(|x| x.abs()).sum()
}
