//! The linear noise approximation: the first two terms of the expansion in the size of the system.
//!
//! With n = phi + xi, the macroscopic numbers phi obey the mass-action equations and the deviations xi are Gaussian, with
//!
//! dphi/dt = sum_j v_j f_j(phi),  dC/dt = J C + C J^T + sum_j v_j v_j^T f_j(phi)
//!
//! for f_j = V phi_j(n / V) the macroscopic propensities and J = sum_j v_j grad f_j (van Kampen 2007, chapter X; Elf &
//! Ehrenberg 2003). Its errors relative to the size of the system are of order 1 / V, for means and covariances alike.
//! Means have a known first correction d of relative order 1 / V,
//!
//! dd/dt = J d + 1/2 sum_j v_j (H_j : C - sum_l n_l (H_j)_ll [mass action]),
//!
//! with H_j the second derivatives of f_j; the last term is that of n (n - 1) instead of n^2 (Grima 2010, eq. 9).
//!
//! Exact for means and covariances if all reactions are of order at most one. Not for bistable networks, long-lived noise
//! cycles (phases diffuse, and the covariance grows without bound) or species of few molecules.

mod field;
mod stationary;

pub use stationary::{Stationary, stationary_covariance};

use crate::error::DynamicsError;
use crate::mass_action::{MassAction, View};
use crate::moment_series::{MomentIndex, MomentSeries};
use field::Field;
use kurtz_model::Kinetics;
use kurtz_ode::{Integration, Sensitivities, Tolerance, solve};
use serde::{Deserialize, Serialize};

/// Settings of the linear noise approximation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LinearNoise {
    /// Correct the means to the next order in 1 / V. Default false.
    pub corrected_means: bool,
    /// Relative tolerance of the integration, in [1e-14, 1). Default 1e-8.
    pub relative_tolerance: f64,
}

impl Default for LinearNoise {
    fn default() -> Self {
        LinearNoise { corrected_means: false, relative_tolerance: 1e-8 }
    }
}

/// Keys of what to cite, in `references.bib`.
pub const REFERENCES: &[&str] = &["vankampen2007", "elf2003", "grima2010"];

/// Means and covariances over time.
#[derive(Clone, Debug, PartialEq)]
pub struct LinearNoiseSolution {
    /// Names of the species.
    pub species: Vec<String>,
    /// Times reached.
    pub times: Vec<f64>,
    /// Macroscopic numbers of molecules, `[times x species]`.
    pub macroscopic: Vec<f64>,
    /// Corrections of the means, `[times x species]`; empty if not asked for.
    pub correction: Vec<f64>,
    /// Covariances, `[times x species x species]`.
    pub covariance: Vec<f64>,
    /// Why the last time was not reached, if so.
    pub stop: Option<kurtz_ode::Stop>,
}

impl LinearNoise {
    /// Solves the equations from the initial state, known exactly, at `times`, which increase from 0 on.
    ///
    /// # Errors
    /// Times that do not increase; tolerances out of range.
    ///
    /// # Example
    /// ```
    /// use kurtz_dynamics::lna::LinearNoise;
    /// use kurtz_model::{Kinetics, Network};
    ///
    /// let network = Network::builder().species("A", 100).reaction("A -> 0 @ 1").build()?;
    /// let solution = LinearNoise::default().solve(&Kinetics::new(&network)?, &[0.0, 1.0])?;
    /// let p = (-1.0_f64).exp();
    /// assert!((solution.covariance[1] - 100.0 * p * (1.0 - p)).abs() < 1e-4);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn solve(&self, kinetics: &Kinetics, times: &[f64]) -> Result<LinearNoiseSolution, DynamicsError> {
        let field = Field::new(kinetics, self.corrected_means);
        let solution = solve(&field, &field.initial_state(), times, &self.integration(&field))?;
        Ok(field.solution(&solution))
    }

    /// Covariances of the numbers of molecules at each pair of times, C(t, t') = <xi(t) xi(t')^T>,
    /// `[times x times x species x species]`.
    ///
    /// For t' > t, C(t', t) = Phi(t', t) C(t) with the propagator Phi of the linearised equations.
    ///
    /// # Errors
    /// As [`LinearNoise::solve`]; an integration that ends before the last time.
    pub fn correlations(&self, kinetics: &Kinetics, times: &[f64]) -> Result<Vec<f64>, DynamicsError> {
        let field = Field::new(kinetics, false);
        let n = field.species();
        let solution = solve(&field, &field.initial_state(), times, &self.integration(&field))?;
        if !solution.is_complete() {
            let reason = solution.stop.describe(&field.state_names());
            return Err(DynamicsError::LinearNoise { reason });
        }
        let all = field.solution(&solution);
        let equations = MassAction::new(kinetics, View::Counts);
        let steps = times.len();
        let mut correlations = vec![0.0; steps * steps * n * n];
        for t in 0..steps {
            let mut current = all.covariance[t * n * n..][..n * n].to_vec();
            for u in t..steps {
                if u > t {
                    let settings = Integration {
                        first_time: times[u - 1],
                        sensitivities: Sensitivities::InitialValues,
                        ..Integration::with_tolerances(self.relative_tolerance, 1e-9)
                    };
                    let state = &all.macroscopic[(u - 1) * n..][..n];
                    let step = solve(&equations, state, &times[u..=u], &settings)?;
                    if !step.is_complete() {
                        let reason = step.stop.describe(&field.state_names());
                        return Err(DynamicsError::LinearNoise { reason });
                    }
                    current = product(step.sensitivity(0), &current, n);
                }
                // `current` is C(u, t).
                for i in 0..n {
                    for l in 0..n {
                        correlations[((u * steps + t) * n + i) * n + l] = current[i * n + l];
                        correlations[((t * steps + u) * n + l) * n + i] = current[i * n + l];
                    }
                }
            }
        }
        Ok(correlations)
    }

    fn integration(&self, field: &Field) -> Integration {
        Integration {
            absolute_tolerance: Tolerance::Each(field.tolerances(self.relative_tolerance)),
            ..Integration::with_tolerances(self.relative_tolerance, 1e-9)
        }
    }
}

/// A B for square matrices, row-major.
fn product(a: &[f64], b: &[f64], n: usize) -> Vec<f64> {
    let mut c = vec![0.0; n * n];
    for i in 0..n {
        for k in 0..n {
            for j in 0..n {
                c[i * n + j] += a[i * n + k] * b[k * n + j];
            }
        }
    }
    c
}

impl LinearNoiseSolution {
    /// Means, corrected if that was asked for, `[times x species]`.
    pub fn means(&self) -> Vec<f64> {
        let mut means = self.macroscopic.clone();
        means.iter_mut().zip(&self.correction).for_each(|(m, d)| *m += d);
        means
    }

    /// As a series of moments of orders 1 and 2.
    pub fn series(&self) -> MomentSeries {
        let n = self.species.len();
        let indices = MomentIndex::up_to(n, 2);
        let means = self.means();
        let mut values = Vec::with_capacity(self.times.len() * indices.len());
        for t in 0..self.times.len() {
            values.extend_from_slice(&means[t * n..][..n]);
            let covariance = &self.covariance[t * n * n..][..n * n];
            for i in 0..n {
                values.extend((i..n).map(|l| covariance[i * n + l]));
            }
        }
        MomentSeries {
            species: self.species.clone(),
            times: self.times.clone(),
            indices,
            values,
            trajectories: None,
            covariance: None,
            covariance_moments: 0,
        }
    }
}

#[cfg(test)]
mod tests;
