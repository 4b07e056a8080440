//! The simplified Newton iteration for the stages (Hairer & Wanner II, IV.8).

use super::factors::Factors;
use super::{Radau, Table};
use crate::method::Refusal;
use crate::system::System;

/// Why the stages were not found, and the factor by which the step is to be cut.
pub(super) struct Failure {
    pub cut: f64,
    pub refusal: Refusal,
}

impl Failure {
    pub fn diverged(cut: f64) -> Self {
        Failure { cut, refusal: Refusal::Error }
    }
}

/// State of the iteration across steps.
pub(super) struct Iteration {
    /// Right-hand sides and corrections in transformed coordinates, `[S x n]`.
    correction: Vec<f64>,
    /// Bound on the iteration error, relative to the tolerance of the step.
    tolerance: f64,
    most: usize,
    used: usize,
    /// theta / (1 - theta): the error that is left, in units of the last correction.
    remainder: f64,
    contraction: f64,
}

impl Iteration {
    pub fn new(n: usize, stages: usize, tolerance: f64) -> Self {
        Iteration {
            correction: vec![0.0; stages * n],
            tolerance,
            most: 7 + (stages - 3) * 5 / 2,
            used: 0,
            remainder: 1.0,
            contraction: 1.0,
        }
    }

    /// The safety factor of the step control, smaller after many iterations.
    pub fn safety(&self, safety: f64) -> f64 {
        let most = self.most as f64;
        safety * ((1.0 + 2.0 * most) / (self.used as f64 + 2.0 * most)).min(1.0)
    }

    /// Contraction factor seen in the last step.
    pub fn contraction(&self) -> f64 {
        self.contraction
    }
}

impl<const S: usize> Radau<S> {
    /// Solves for the stages `z` of a step h, starting from the guess there.
    pub(super) fn iterate(&mut self, system: &mut System, h: f64) -> Result<(), Failure> {
        let (n, width) = (system.n, self.state.len());
        self.iteration.remainder = self.iteration.remainder.max(f64::EPSILON).powf(0.8);
        self.iteration.contraction = 0.0;
        self.workspace.fill(0.0);
        let most = self.iteration.most;
        let (mut old_norm, mut old_ratio) = (0.0, 0.0);
        for count in 0..most {
            self.iteration.used = count + 1;
            system.statistics.newton_iterations += 1;
            for s in 0..S {
                let z = &self.z[s * width..s * width + n];
                for ((stage, x), z) in self.stage.iter_mut().zip(&self.before).zip(z) {
                    *stage = x + z;
                }
                let rate = &mut self.iteration.correction[s * n..(s + 1) * n];
                system.rate(self.start + self.table.c[s] * h, &self.stage, rate);
            }
            let block = Block { width, first: 0, n, q: 1 };
            correct(self.table, &mut self.factors, h, &mut self.iteration.correction, &self.w, block);
            let norm = self.correction_norm(n);
            if !norm.is_finite() {
                self.find_not_finite(system, h);
                return Err(Failure { cut: 0.5, refusal: Refusal::NotFinite });
            }
            if count > 0 {
                let ratio = norm / old_norm;
                let theta = if count == 1 { ratio } else { (ratio * old_ratio).sqrt() };
                old_ratio = ratio;
                self.iteration.contraction = theta;
                if theta >= 0.99 {
                    return Err(Failure::diverged(0.5));
                }
                self.iteration.remainder = theta / (1.0 - theta);
                let left = (most - 1 - count) as i32;
                let expected = self.iteration.remainder * norm * theta.powi(left) / self.iteration.tolerance;
                if expected >= 1.0 {
                    let cut = 0.8 * expected.clamp(1e-4, 20.0).powf(-1.0 / f64::from(4 + left));
                    return Err(Failure::diverged(cut));
                }
            }
            old_norm = norm.max(f64::EPSILON);
            advance(self.table, &self.iteration.correction, &mut self.w, &mut self.z, block);
            if self.iteration.remainder * norm <= self.iteration.tolerance {
                return Ok(());
            }
        }
        Err(Failure::diverged(0.5))
    }

    /// Leaves in `workspace` the rate of the first stage that is not finite, for the message.
    fn find_not_finite(&mut self, system: &mut System, h: f64) {
        let (n, width) = (system.n, self.state.len());
        for s in 0..S {
            for i in 0..n {
                self.stage[i] = self.before[i] + self.z[s * width + i];
            }
            system.rate(self.start + self.table.c[s] * h, &self.stage, &mut self.workspace);
            if self.workspace.iter().any(|f| !f.is_finite()) {
                return;
            }
        }
    }

    fn correction_norm(&self, n: usize) -> f64 {
        let rows = self.iteration.correction.chunks_exact(n.max(1));
        let sum: f64 = rows.flat_map(|row| row.iter().zip(&self.scale)).map(|(d, s)| (d / s).powi(2)).sum();
        (sum / (S * n.max(1)) as f64).sqrt()
    }
}

/// Which components of the extended state are solved for: `n x q` of them from `first` on, out of `width`.
#[derive(Clone, Copy)]
pub(super) struct Block {
    pub width: usize,
    pub first: usize,
    pub n: usize,
    pub q: usize,
}

/// Turns the rates F of the stages, `[S x n x q]`, into corrections of the transformed stages `w`, `[S x width]`.
///
/// Solves (Lambda/h (x) I - I (x) J) dw = T^-1 F - Lambda/h w for the block.
pub(super) fn correct<const S: usize>(
    table: &Table<S>,
    factors: &mut Factors,
    h: f64,
    rates: &mut [f64],
    w: &[f64],
    block: Block,
) {
    let Block { width, first, n, q } = block;
    let size = n * q;
    let gamma = table.gamma / h;
    for i in 0..size {
        let f: [f64; S] = std::array::from_fn(|s| rates[s * size + i]);
        let u: [f64; S] = std::array::from_fn(|s| w[s * width + first + i]);
        for (s, row) in table.from_stages.iter().enumerate() {
            let mut sum = 0.0;
            for m in 0..S {
                sum += row[m] * f[m];
            }
            rates[s * size + i] = sum;
        }
        rates[i] -= gamma * u[0];
        for p in 0..S / 2 {
            let (alpha, beta) = (table.alpha[p] / h, table.beta[p] / h);
            let (a, b) = (u[1 + 2 * p], u[2 + 2 * p]);
            rates[(1 + 2 * p) * size + i] -= alpha * a - beta * b;
            rates[(2 + 2 * p) * size + i] -= alpha * b + beta * a;
        }
    }
    let (real, pairs) = rates.split_at_mut(size);
    factors.solve_real(real, q);
    for (p, pair) in pairs.chunks_exact_mut(2 * size).enumerate() {
        let (re, im) = pair.split_at_mut(size);
        factors.solve_complex(p, re, im, q);
    }
}

/// Adds the correction to the block of `w`, and transforms it to `z`.
pub(super) fn advance<const S: usize>(
    table: &Table<S>,
    correction: &[f64],
    w: &mut [f64],
    z: &mut [f64],
    block: Block,
) {
    let size = block.n * block.q;
    for i in 0..size {
        let at = block.first + i;
        let mut values = [0.0; S];
        for s in 0..S {
            w[s * block.width + at] += correction[s * size + i];
            values[s] = w[s * block.width + at];
        }
        for (s, row) in table.to_stages.iter().enumerate() {
            let mut sum = 0.0;
            for m in 0..S {
                sum += row[m] * values[m];
            }
            z[s * block.width + at] = sum;
        }
    }
}
