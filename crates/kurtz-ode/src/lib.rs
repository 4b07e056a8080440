//! Vector fields and their integrators; knows no chemistry.
//!
//! [`solve`] gives the states of a [`VectorField`] at given times; [`Stepper`] is the same work step by step.

mod dense;
mod error;
mod fixed;
mod method;
mod radau;
mod settings;
mod solution;
mod solve;
mod stepper;
mod system;
mod tsitouras;

pub use error::OdeError;
pub use settings::{Integration, OdeMethod, Sensitivities, Tolerance};
pub use solution::{Solution, Statistics, Stop};
pub use solve::{solve, solve_cancellable};
pub use stepper::Stepper;

/// Whatever flows in continuous time: dx/dt = f(t, x; p).
///
/// Mass-action equations, closed moments, the master equation on a finite state space and every learned model are
/// vector fields, so that they share integrators, tests and figures.
pub trait VectorField: Sync {
    /// Number n of state variables.
    fn dimension(&self) -> usize;

    /// Writes f(t, x) into `dx`, both `[n]`.
    fn evaluate(&self, time: f64, x: &[f64], dx: &mut [f64]);

    /// Writes df_i/dx_j into `jacobian`, `[n x n]`, row-major (row i is the gradient of f_i).
    ///
    /// Returns false, having written nothing, if the field has no exact Jacobian; integrators then use differences.
    fn jacobian(&self, _time: f64, _x: &[f64], _jacobian: &mut [f64]) -> bool {
        false
    }

    /// Number p of parameters to which sensitivities can be asked.
    fn parameter_count(&self) -> usize {
        0
    }

    /// Writes df_i/dp_k into `out`, `[n x p]`, row-major. Called only if `parameter_count() > 0`.
    fn parameter_jacobian(&self, _time: f64, _x: &[f64], _out: &mut [f64]) {}

    /// Names of the state variables, `[n]`, for messages and tables.
    fn names(&self) -> Vec<String> {
        (0..self.dimension()).map(|i| format!("x{i}")).collect()
    }
}
