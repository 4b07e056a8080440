//! Sensitivities of an implicit step: the same collocation applied to dS/dt = J S + df/dp along the stages.
//!
//! The equations are linear, with the exact Jacobian at every stage; they are solved by the iteration of the state with
//! the factorisations it has already paid for (staggered direct differentiation), so that the result is the derivative
//! of the computed solution.

use super::Radau;
use super::newton::{Block, Failure, advance, correct};
use crate::system::System;

/// A column of sensitivities is iterated to this fraction of the relative tolerance.
const FRACTION: f64 = 0.01;
/// Iterations after which the step is refused; a good Jacobian needs three or four.
const MOST: usize = 25;

/// Workspace for the derivatives of the stages.
pub(super) struct Variations {
    /// Jacobians at the stages, `[S x n x n]`, or `[S x entries]` if sparse.
    jacobians: Vec<f64>,
    /// Parameter Jacobians at the stages, `[S x n x p]`.
    parameter_jacobians: Vec<f64>,
    /// Right-hand sides, then corrections, `[S x n x q]`.
    correction: Vec<f64>,
    sum: Vec<f64>,
    /// J S + df/dq at the start of a step, `[n x q]`.
    pub rates: Vec<f64>,
    /// Largest entry and largest correction of each column, `[q]`.
    sizes: Vec<f64>,
    changes: Vec<f64>,
    /// Error that is left, in units of the last correction, as seen in the last step.
    remainder: f64,
}

impl Variations {
    pub fn new(system: &System, stages: usize) -> Self {
        let (n, p, q) = (system.n, system.parameters, system.directions);
        Variations {
            jacobians: vec![0.0; stages * system.entries()],
            parameter_jacobians: vec![0.0; stages * n * p],
            correction: vec![0.0; stages * n * q],
            sum: vec![0.0; n * q],
            rates: vec![0.0; n * q],
            sizes: vec![0.0; q],
            changes: vec![0.0; q],
            remainder: 1.0,
        }
    }
}

impl<const S: usize> Radau<S> {
    /// Solves for the stages of all columns of sensitivities, after those of the state.
    pub(super) fn vary(&mut self, system: &mut System, h: f64) -> Result<(), Failure> {
        let Some(mut variations) = self.variations.take() else { return Ok(()) };
        self.linearise_stages(&mut variations, system, h);
        let outcome = self.iterate_columns(&mut variations, system, h);
        self.variations = Some(variations);
        outcome
    }

    /// Evaluates the derivatives of f at the stages.
    fn linearise_stages(&mut self, variations: &mut Variations, system: &mut System, h: f64) {
        let (n, p, width, entries) = (system.n, system.parameters, self.state.len(), system.entries());
        for s in 0..S {
            let time = self.start + self.table.c[s] * h;
            for i in 0..n {
                self.stage[i] = self.before[i] + self.z[s * width + i];
            }
            let jacobian = &mut variations.jacobians[s * entries..(s + 1) * entries];
            if !system.write_exact_jacobian(time, &self.stage, jacobian) {
                system.rate(time, &self.stage, &mut self.workspace);
                system.write_jacobian(time, &self.stage, &self.workspace, jacobian);
            }
            if p > 0 {
                let out = &mut variations.parameter_jacobians[s * n * p..(s + 1) * n * p];
                system.field.parameter_jacobian(time, &self.stage, out);
            }
        }
    }

    fn iterate_columns(&mut self, variations: &mut Variations, system: &System, h: f64) -> Result<(), Failure> {
        let (n, p, q, width) = (system.n, system.parameters, system.directions, self.state.len());
        let entries = system.entries();
        let tolerance = (FRACTION * system.relative).max(1e3 * f64::EPSILON);
        let block = Block { width, first: n, n, q };
        variations.remainder = variations.remainder.max(f64::EPSILON).powf(0.8);
        let mut old_norm = 0.0;
        for count in 0..MOST {
            for s in 0..S {
                let z = &self.z[s * width + n..(s + 1) * width];
                for ((sum, a), b) in variations.sum.iter_mut().zip(&self.before[n..]).zip(z) {
                    *sum = a + b;
                }
                let jacobian = &variations.jacobians[s * entries..(s + 1) * entries];
                let derivatives = &variations.parameter_jacobians[s * n * p..(s + 1) * n * p];
                let rates = &mut variations.correction[s * n * q..(s + 1) * n * q];
                system.vary(jacobian, derivatives, &variations.sum, rates);
            }
            correct(self.table, &mut self.factors, h, &mut variations.correction, &self.w, block);
            advance(self.table, &variations.correction, &mut self.w, &mut self.z, block);
            let norm = self.relative_correction(variations, system);
            if !norm.is_finite() {
                return Err(Failure::diverged(0.5));
            }
            if count > 0 {
                let theta = norm / old_norm;
                variations.remainder = theta / (1.0 - theta).max(1e-3);
                if count > 3 && theta >= 1.0 {
                    break;
                }
            }
            old_norm = norm;
            if norm == 0.0 || variations.remainder * norm <= tolerance {
                return Ok(());
            }
        }
        variations.remainder = 1.0;
        Err(Failure::diverged(0.5))
    }

    /// Largest correction of a column relative to its largest entry, variables measured by their size; over all columns.
    fn relative_correction(&self, variations: &mut Variations, system: &System) -> f64 {
        let (n, q, width) = (system.n, system.directions, self.state.len());
        let Variations { correction, sizes, changes, .. } = variations;
        sizes.fill(0.0);
        changes.fill(0.0);
        for i in 0..n {
            let unit = 1.0 / system.size(i, self.before[i]);
            let start = &self.before[n + i * q..n + (i + 1) * q];
            // The last stage is the state at the end of the step.
            let end = &self.z[(S - 1) * width + n + i * q..(S - 1) * width + n + (i + 1) * q];
            for ((size, a), b) in sizes.iter_mut().zip(start).zip(end) {
                *size = size.max(a.abs() * unit).max((a + b).abs() * unit);
            }
            for s in 0..S {
                let row = &correction[(s * n + i) * q..(s * n + i + 1) * q];
                for (change, d) in changes.iter_mut().zip(row) {
                    // Not `max`, which would lose NaN.
                    let d = d.abs() * unit;
                    *change = if *change >= d { *change } else { d };
                }
            }
        }
        let ratios = changes.iter().zip(sizes).map(|(c, s)| if *s > 0.0 { c / *s } else { *c });
        ratios.fold(0.0, |worst, r| if worst >= r { worst } else { r })
    }
}
