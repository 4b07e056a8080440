//! How fast the fastest mode of a field is, without its Jacobian, and when following it explicitly costs more than
//! implicit steps would.
//!
//! The stages of a step tell of fast modes only where these are excited beyond the smooth part of the solution, which at
//! tight tolerances and in diffusion they are not: a step at its limit of stability then looks innocent. A few iterations
//! of the power method, kept up along the solution, see the mode itself.
//!
//! # References
//! B. P. Sommeijer, L. F. Shampine, J. G. Verwer, J. Comput. Appl. Math. 88 (1998) 315-326,
//! doi:10.1016/S0377-0427(97)00219-7 (the power method along a solution).

use crate::system::System;

/// Iterations of the first estimate, and of those that go on from the direction found before.
const FIRST_ITERATIONS: usize = 12;
const NEXT_ITERATIONS: usize = 3;

/// Evaluations of an implicit step apart from its factorisations: about four iterations with five stages.
const ITERATION_COST: f64 = 20.0;
/// Part of the implicit steps that need new factorisations.
const FACTORISED: f64 = 0.5;
/// What a factorisation of real and complex matrices costs in real ones: a complex multiplication is four.
const MATRICES: f64 = 9.0;
/// An evaluation takes about this many multiplications for each entry of the Jacobian.
const ENTRY_COST: f64 = 4.0;

/// An estimate of the spectral radius of df/dx that goes along with a solution.
#[derive(Default)]
pub(crate) struct Radius {
    /// The direction of the fastest mode, in units of the sizes of the variables, `[n]`; empty at first.
    direction: Vec<f64>,
    moved: Vec<f64>,
    rate: Vec<f64>,
}

impl Radius {
    /// The estimate at (t, x), where f is `f`; none where f is not finite nearby.
    ///
    /// The last two amplifications count together: on a pair of complex eigenvalues each alone swings.
    pub fn estimate(&mut self, system: &mut System, time: f64, x: &[f64], f: &[f64]) -> Option<f64> {
        let n = system.n;
        let mut iterations = NEXT_ITERATIONS;
        if self.direction.len() != n {
            iterations = FIRST_ITERATIONS;
            // Signs without a pattern have a part in every mode.
            self.direction = (0..n).map(|i| if (i * i + i / 3) % 7 < 3 { 1.0 } else { -1.0 }).collect();
            self.moved = vec![0.0; n];
            self.rate = vec![0.0; n];
        }
        let (mut last, mut before) = (0.0, 0.0);
        for _ in 0..iterations {
            let norm = (self.direction.iter().map(|u| u * u).sum::<f64>() / n as f64).sqrt();
            if norm == 0.0 {
                self.direction.clear();
                return Some(0.0);
            }
            let shift = f64::EPSILON.sqrt() / norm;
            for i in 0..n {
                self.moved[i] = x[i] + shift * system.size(i, x[i]) * self.direction[i];
            }
            system.rate(time, &self.moved, &mut self.rate);
            for i in 0..n {
                self.direction[i] = (self.rate[i] - f[i]) / (shift * norm * system.size(i, x[i]));
            }
            let grown = (self.direction.iter().map(|u| u * u).sum::<f64>() / n as f64).sqrt();
            if !grown.is_finite() {
                self.direction.clear();
                return None;
            }
            (before, last) = (last, grown);
        }
        Some((before * last).sqrt())
    }
}

/// What an implicit step costs, in evaluations of f.
pub(crate) fn implicit_step_cost(system: &System) -> f64 {
    let n = system.n as f64;
    let (elimination, entries) = match (&system.sparsity, system.field.sparsity()) {
        (Some(sparsity), _) => (sparsity.work(), sparsity.entries().len() as f64),
        (None, Some(sparsity)) => (n * n * n / 3.0, sparsity.entries().len() as f64),
        (None, None) => (n * n * n / 3.0, n * n),
    };
    ITERATION_COST + FACTORISED * MATRICES * elimination / (ENTRY_COST * entries.max(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Integration, VectorField};

    /// dx/dt = A x, row-major.
    struct Linear(Vec<f64>, usize);

    impl VectorField for Linear {
        fn dimension(&self) -> usize {
            self.1
        }
        fn evaluate(&self, _time: f64, x: &[f64], dx: &mut [f64]) {
            for (dx, row) in dx.iter_mut().zip(self.0.chunks_exact(self.1)) {
                *dx = row.iter().zip(x).map(|(a, x)| a * x).sum();
            }
        }
    }

    fn estimates(field: &Linear, x: &[f64], count: usize) -> f64 {
        let mut system = System::new(field, &Integration::default());
        let mut f = vec![0.0; x.len()];
        field.evaluate(0.0, x, &mut f);
        let mut radius = Radius::default();
        (0..count).map(|_| radius.estimate(&mut system, 0.0, x, &f).expect("finite")).next_back().expect("some")
    }

    #[test]
    fn the_fastest_mode_of_a_chain_is_seen_though_the_state_is_smooth() {
        // Reversible steps of rates 100 and 50: the spectrum fills [-291.4, 0], and no mode stands out. The matrix is not
        // symmetric, so that a few iterations can amplify by more than its largest eigenvalue.
        let n = 60;
        let mut a = vec![0.0; n * n];
        for i in 0..n - 1 {
            for (from, to, k) in [(i, i + 1, 100.0), (i + 1, i, 50.0)] {
                a[to * n + from] += k;
                a[from * n + from] -= k;
            }
        }
        let smooth: Vec<f64> = (0..n).map(|i| (-(i as f64 - 20.0).powi(2) / 100.0).exp()).collect();
        let found = estimates(&Linear(a, n), &smooth, 3);
        assert!((200.0..330.0).contains(&found), "{found}");
    }

    #[test]
    fn rotations_of_any_shape_and_rest_are_seen_as_they_are() {
        // Eigenvalues +-i whatever the ratio of the axes.
        let found = estimates(&Linear(vec![0.0, 100.0, -0.01, 0.0], 2), &[1.0, 1.0], 2);
        assert!((found - 1.0).abs() < 1e-4, "{found}");
        assert_eq!(estimates(&Linear(vec![0.0; 4], 2), &[1.0, 1.0], 2), 0.0);
    }
}
