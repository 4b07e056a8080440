//! Sensitivities of an implicit step: the same collocation applied to dS/dt = J S + df/dp along the stages.
//!
//! The equations are linear, with the exact Jacobian at every stage; they are solved by the iteration of the state with
//! the factorisations it has already paid for (staggered direct differentiation), so that the result is the derivative
//! of the computed solution.

use super::Radau;
use super::newton::{Failure, advance, correct};
use crate::system::System;

/// A column of sensitivities is iterated to this fraction of the relative tolerance.
const FRACTION: f64 = 0.01;
/// Iterations after which the step is refused; a good Jacobian needs three or four.
const MOST: usize = 25;

/// Workspace for the derivatives of the stages.
pub(super) struct Variations {
    /// Jacobians at the stages, `[S x n x n]`.
    jacobians: Vec<f64>,
    /// Parameter Jacobians at the stages, `[S x n x p]`.
    parameter_jacobians: Vec<f64>,
    correction: Vec<f64>,
    sum: Vec<f64>,
}

impl Variations {
    pub fn new(system: &System, stages: usize) -> Self {
        let (n, p) = (system.n, system.parameters);
        Variations {
            jacobians: vec![0.0; stages * n * n],
            parameter_jacobians: vec![0.0; stages * n * p],
            correction: vec![0.0; stages * n],
            sum: vec![0.0; n],
        }
    }
}

impl<const S: usize> Radau<S> {
    /// Solves for the stages of all columns of sensitivities, after those of the state.
    pub(super) fn vary(&mut self, system: &mut System, h: f64) -> Result<(), Failure> {
        let Some(mut variations) = self.variations.take() else { return Ok(()) };
        let outcome = self.vary_with(&mut variations, system, h);
        self.variations = Some(variations);
        self.workspace.fill(0.0);
        outcome
    }

    fn vary_with(&mut self, variations: &mut Variations, system: &mut System, h: f64) -> Result<(), Failure> {
        let (n, p, width) = (system.n, system.parameters, self.state.len());
        for s in 0..S {
            let time = self.start + self.table.c[s] * h;
            for i in 0..n {
                self.stage[i] = self.before[i] + self.z[s * width + i];
            }
            let jacobian = &mut variations.jacobians[s * n * n..(s + 1) * n * n];
            if !system.write_exact_jacobian(time, &self.stage, jacobian) {
                system.rate(time, &self.stage, &mut self.workspace);
                system.write_jacobian(time, &self.stage, &self.workspace, jacobian);
            }
            if p > 0 {
                let out = &mut variations.parameter_jacobians[s * n * p..(s + 1) * n * p];
                system.field.parameter_jacobian(time, &self.stage, out);
            }
        }
        let tolerance = (FRACTION * system.relative).max(1e3 * f64::EPSILON);
        for k in 0..system.directions {
            let first = n * (1 + k);
            let mut old_norm = f64::INFINITY;
            let mut is_converged = false;
            for count in 0..MOST {
                for s in 0..S {
                    let z = &self.z[s * width + first..s * width + first + n];
                    let start = &self.before[first..first + n];
                    for ((sum, a), b) in variations.sum.iter_mut().zip(start).zip(z) {
                        *sum = a + b;
                    }
                    let rows = variations.jacobians[s * n * n..(s + 1) * n * n].chunks_exact(n);
                    let rates = &mut variations.correction[s * n..(s + 1) * n];
                    for (rate, row) in rates.iter_mut().zip(rows) {
                        *rate = row.iter().zip(&variations.sum).map(|(j, v)| j * v).sum();
                    }
                    if k < p {
                        let derivatives = &variations.parameter_jacobians[s * n * p..(s + 1) * n * p];
                        for (rate, row) in rates.iter_mut().zip(derivatives.chunks_exact(p)) {
                            *rate += row[k];
                        }
                    }
                }
                correct(self.table, &self.factors, h, &mut variations.correction, &self.w, n, width, first);
                advance(self.table, &variations.correction, &mut self.w, &mut self.z, n, width, first);
                let norm = self.relative_correction(system, &variations.correction, first);
                if !norm.is_finite() {
                    return Err(Failure::diverged(0.5));
                }
                let theta = norm / old_norm;
                old_norm = norm;
                let remainder = if count == 0 { 1.0 } else { theta / (1.0 - theta).max(1e-3) };
                if norm == 0.0 || remainder * norm <= tolerance {
                    is_converged = true;
                    break;
                }
                if count > 3 && theta >= 1.0 {
                    break;
                }
            }
            if !is_converged {
                return Err(Failure::diverged(0.5));
            }
        }
        Ok(())
    }

    /// Largest correction of a column, variables measured by their size, relative to the largest entry of the column.
    fn relative_correction(&self, system: &System, correction: &[f64], first: usize) -> f64 {
        let (n, width) = (system.n, self.state.len());
        let (mut largest, mut change, mut total) = (0.0_f64, 0.0_f64, 0.0);
        for i in 0..n {
            let size = system.size(i, self.before[i]);
            largest = largest.max(self.before[first + i].abs() / size);
            for s in 0..S {
                largest = largest.max((self.before[first + i] + self.z[s * width + first + i]).abs() / size);
                change = change.max(correction[s * n + i].abs() / size);
                total += correction[s * n + i];
            }
        }
        match () {
            _ if !f64::is_finite(total) => f64::NAN,
            _ if largest == 0.0 => 0.0,
            _ => change / largest,
        }
    }
}
