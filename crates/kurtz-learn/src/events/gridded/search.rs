//! Which candidates, and their constants, at the largest likelihood.

use super::likelihood::Likelihood;
use crate::error::LearnError;
use crate::events::TraceSettings;
use crate::linear::{Cholesky, Matrix};
use crate::series::{Given, Offer};
use crate::structure::extended;
use kurtz_dynamics::Progress;

/// Up to so many optional candidates every set of them is tried.
const EXHAUSTIVE: usize = 5;
/// Of structures whose scores (twice the logarithm of the odds) are within this of the best, the smallest is chosen: one
/// trace on a grid tells reactions with nearly the same law of transitions apart only by chance.
const PARSIMONY: f64 = 6.0;

pub(super) struct Search<'a> {
    pub likelihood: &'a Likelihood<'a>,
    pub offer: &'a Offer,
    pub settings: &'a TraceSettings,
    pub progress: &'a dyn Progress,
}

/// A set of candidates at its largest likelihood.
#[derive(Clone)]
pub(super) struct Fitted {
    /// Candidates whose constants were sought.
    pub terms: Vec<usize>,
    pub constants: Vec<f64>,
    pub log: f64,
}

/// What was tried.
pub(super) struct Best {
    /// The chosen one first, then by score.
    pub fits: Vec<Fitted>,
    pub penalty: f64,
    /// Whether every set of candidates was tried.
    pub complete: bool,
}

impl Best {
    pub fn chosen(&self) -> &Fitted {
        &self.fits[0]
    }
}

impl Search<'_> {
    /// # Errors
    /// Interruption.
    pub fn run(&self, start: &[f64]) -> Result<Best, LearnError> {
        let open = self.offer.open();
        let n = self.likelihood.transitions as f64;
        let penalty = self.settings.penalty.unwrap_or_else(|| extended(n, open.len()));
        let mut tried = Tried { fits: vec![self.climb(&open, start)?], start };
        let optional = self.optional(&open);
        let complete = optional.len() <= EXHAUSTIVE;
        if complete {
            let mut sets: Vec<Vec<usize>> =
                (0u32..1 << optional.len()).map(|mask| self.without(&open, &optional, mask)).collect();
            // From large to small: each set finds one that contains it, and starts from there.
            sets.sort_by_key(|terms| std::cmp::Reverse(terms.len()));
            self.try_all(&mut tried, sets)?;
        } else {
            self.step_by_step(&mut tried, &open, penalty)?;
        }
        let mut fits = tried.fits;
        fits.sort_by(|a, b| self.score(a, penalty).total_cmp(&self.score(b, penalty)));
        // Evidence within the line says nothing against the smaller of two structures.
        let line = self.score(&fits[0], penalty) + PARSIMONY;
        let within = fits.iter().take_while(|f| self.score(f, penalty) <= line);
        let smallest = within.enumerate().min_by_key(|(_, f)| self.optional(&f.terms).len()).map_or(0, |(k, _)| k);
        fits[..=smallest].rotate_right(1);
        Ok(Best { fits, penalty, complete })
    }

    /// Those of some candidates that need not be there.
    pub fn optional(&self, terms: &[usize]) -> Vec<usize> {
        terms.iter().copied().filter(|&j| self.offer.given[j] == Given::Open).collect()
    }

    /// Minus twice the log-likelihood plus the penalty of the optional candidates.
    pub fn score(&self, fit: &Fitted, penalty: f64) -> f64 {
        penalty * self.optional(&fit.terms).len() as f64 - 2.0 * fit.log
    }

    fn without(&self, open: &[usize], optional: &[usize], mask: u32) -> Vec<usize> {
        let out = |j: &usize| optional.iter().position(|o| o == j).is_some_and(|k| mask >> k & 1 == 1);
        open.iter().copied().filter(|j| !out(j)).collect()
    }

    /// Fits the sets that were not tried before, and says which is the best of all of them.
    fn try_all(&self, tried: &mut Tried, sets: Vec<Vec<usize>>) -> Result<(), LearnError> {
        for terms in sets.into_iter().filter(|t| !t.is_empty()) {
            if tried.fits.iter().any(|f| f.terms == terms) {
                continue;
            }
            // Starts from the best fit that holds these candidates, all others being out.
            let holds = |f: &&Fitted| terms.iter().all(|j| f.terms.contains(j));
            let around = tried.fits.iter().filter(holds).max_by(|a, b| a.log.total_cmp(&b.log));
            let mut from = around.map_or(tried.start, |f| &f.constants).to_vec();
            self.optional(&self.offer.open()).into_iter().filter(|j| !terms.contains(j)).for_each(|j| from[j] = 0.0);
            tried.fits.push(self.climb(&terms, &from)?);
        }
        Ok(())
    }

    /// Takes out, exchanges and adds candidates one by one, as long as that helps.
    fn step_by_step(&self, tried: &mut Tried, open: &[usize], penalty: f64) -> Result<(), LearnError> {
        let best = |tried: &Tried| {
            let scored = tried.fits.iter().map(|f| (self.score(f, penalty), &f.terms));
            scored.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, t)| t.clone()).unwrap_or_default()
        };
        let without = |terms: &[usize], out: usize| terms.iter().copied().filter(|&j| j != out).collect::<Vec<_>>();
        let mut current = open.to_vec();
        loop {
            let optional = self.optional(&current);
            self.try_all(tried, optional.iter().map(|&out| without(&current, out)).collect())?;
            if best(tried) == current {
                // What was dropped early may replace what is left, or come back.
                let outside: Vec<usize> = open.iter().copied().filter(|j| !current.contains(j)).collect();
                let with = |terms: &[usize]| -> Vec<Vec<usize>> {
                    outside.iter().map(|&j| sorted(terms.iter().copied().chain([j]))).collect()
                };
                self.try_all(tried, optional.iter().flat_map(|&out| with(&without(&current, out))).collect())?;
                self.try_all(tried, with(&current))?;
            }
            let next = best(tried);
            if next == current {
                return Ok(());
            }
            current = next;
        }
    }

    /// Quasi-Newton ascent in the logarithms of the constants of `terms`.
    fn climb(&self, terms: &[usize], start: &[f64]) -> Result<Fitted, LearnError> {
        let p = terms.len();
        let mut constants = start.to_vec();
        let spread = |x: &[f64], constants: &mut Vec<f64>| {
            terms.iter().zip(x).for_each(|(&j, x)| constants[j] = x.clamp(-700.0, 700.0).exp());
        };
        let mut x: Vec<f64> = terms.iter().map(|&j| constants[j].max(1e-12).ln()).collect();
        spread(&x, &mut constants);
        let value = |constants: &[f64]| {
            let v = self.likelihood.evaluate(constants, terms);
            let gradient: Vec<f64> = terms.iter().zip(&v.gradient).map(|(&j, g)| constants[j] * g).collect();
            (v.log, gradient)
        };
        let (mut log, mut gradient) = value(&constants);
        let mut inverse = Matrix::from_fn(p, p, |i, j| if i == j { 1.0 / (1.0 + gradient[i].abs()) } else { 0.0 });
        for _ in 0..100 {
            if self.progress.cancelled() {
                return Err(LearnError::Cancelled);
            }
            let mut direction = inverse.times_vector(&gradient);
            let largest = direction.iter().fold(0.0f64, |m, d| m.max(d.abs()));
            if largest > 1.5 {
                direction.iter_mut().for_each(|d| *d *= 1.5 / largest);
            }
            let slope: f64 = direction.iter().zip(&gradient).map(|(d, g)| d * g).sum();
            if slope < 1e-9 * (1.0 + log.abs() * 1e-6) {
                break;
            }
            let mut step = 1.0;
            let next = loop {
                let trial: Vec<f64> = x.iter().zip(&direction).map(|(x, d)| x + step * d).collect();
                spread(&trial, &mut constants);
                let (reached, slopes) = value(&constants);
                if reached >= log + 1e-4 * step * slope {
                    break Some((trial, reached, slopes));
                }
                step *= 0.4;
                if step < 1e-6 {
                    break None;
                }
            };
            let Some((trial, reached, slopes)) = next else { break };
            let s: Vec<f64> = trial.iter().zip(&x).map(|(a, b)| a - b).collect();
            let y: Vec<f64> = gradient.iter().zip(&slopes).map(|(a, b)| a - b).collect();
            update(&mut inverse, &s, &y);
            (x, log, gradient) = (trial, reached, slopes);
        }
        spread(&x, &mut constants);
        Ok(Fitted { terms: terms.to_vec(), constants, log })
    }

    /// Covariance of the logarithms of the constants, from differences of exact gradients; `None` if some direction is
    /// open.
    pub fn covariance(&self, fitted: &Fitted) -> Option<Matrix> {
        let (p, h) = (fitted.terms.len(), 1e-3);
        let gradient = |i: usize, sign: f64| -> Vec<f64> {
            let mut k = fitted.constants.clone();
            k[fitted.terms[i]] *= (sign * h).exp();
            let v = self.likelihood.evaluate(&k, &fitted.terms);
            fitted.terms.iter().zip(&v.gradient).map(|(&j, g)| k[j] * g).collect()
        };
        let columns: Vec<(Vec<f64>, Vec<f64>)> = (0..p).map(|i| (gradient(i, 1.0), gradient(i, -1.0))).collect();
        let slope = |i: usize, j: usize| -(columns[i].0[j] - columns[i].1[j]) / (2.0 * h);
        let information = Matrix::from_fn(p, p, |i, j| 0.5 * (slope(i, j) + slope(j, i)));
        let factor = Cholesky::new(&information)?;
        let mut half = Matrix::identity(p);
        factor.whiten(&mut half);
        Some(half.transposed().times(&half))
    }
}

/// Fits so far.
struct Tried<'a> {
    fits: Vec<Fitted>,
    start: &'a [f64],
}

fn sorted(terms: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut terms: Vec<usize> = terms.collect();
    terms.sort_unstable();
    terms
}

/// The inverse Hessian of Broyden, Fletcher, Goldfarb and Shanno after a step `s` that changed the gradient by `-y`.
fn update(inverse: &mut Matrix, s: &[f64], y: &[f64]) {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
    let sy = dot(s, y);
    if sy <= 1e-12 * (dot(s, s) * dot(y, y)).sqrt() {
        return;
    }
    let by = inverse.times_vector(y);
    let factor = (1.0 + dot(y, &by) / sy) / sy;
    for (i, j) in (0..s.len() * s.len()).map(|e| (e / s.len(), e % s.len())) {
        inverse[(i, j)] += factor * s[i] * s[j] - (by[i] * s[j] + s[i] * by[j]) / sy;
    }
}
