//! Vector fields and their integrators; knows no chemistry.
//!
//! [`solve`] gives the states of a [`VectorField`] at given times; [`Stepper`] is the same work step by step, for events
//! and interrupts. Both give forward sensitivities to parameters and initial values ([`Sensitivities`]). How an
//! integration ended is part of the result ([`Stop`]).
//!
//! | [`OdeMethod`] | what it is | when |
//! |---|---|---|
//! | `Auto` | `Explicit` until stiffness is seen, then `Stiff` | by default |
//! | `Explicit` | Tsitouras 5(4), interpolant of order 4 | non-stiff fields, many variables |
//! | `Stiff` | Radau IIA with 3, 5 or 7 stages by tolerance, interpolant of order 4, 6 or 8 | rates on several scales |
//! | `Euler`, `RungeKutta4` | fixed steps | comparison with published work |
//!
//! # Why a stiff method of our own
//! Integration is one of the hot loops here, and a fit asks for sensitivities at every evaluation. Radau methods need few
//! steps at the tolerances of a fit and give the derivative of the computed solution from factorisations already made.
//! Least time of many runs in microseconds, one busy core, same tolerances (`cargo bench -p kurtz-ode`; diffsol 0.18, BDF
//! with nalgebra and exact Jacobian, measured on the same machine in the same hour):
//!
//! | relative tolerance | 1e-4 | 1e-6 | 1e-8 | 1e-10 |
//! |---|---|---|---|---|
//! | gene network to t = 1000, here / diffsol | 55 / 85 | 78 / 265 | 106 / 419 | 149 / 470 |
//! | the same with seven sensitivities, here | 300 | 406 | 571 | 882 |
//! | Robertson to t = 1e11, here / diffsol | 81 / failed at 2.6e10 | 113 / 257 | 165 / 462 | 247 / - |
//! | largest relative error there, here / diffsol | 1.1 / - | 0.07 / 0.11 | 6e-5 / 2e-3 | 8e-7 / - |
//!
//! (At 1e11 two of Robertson's species are far below their absolute tolerances at 1e-4.) diffsol and what it needs took
//! 246 CPU-seconds to compile; this crate takes seconds.
//!
//! Evaluations of f to tolerance 1e-8 with 3, 5 and 7 stages: Robertson 2772, 2138, 2424; HIRES 3084, 2106, 2567; van
//! der Pol (1000) 5607, 4584, 5391. At 1e-4 three stages need least, but more factorisations.
//!
//! Where a field knows which entries of its Jacobian can be other than zero ([`Sparsity`]), the factorisations keep to them
//! as soon as that takes less work; otherwise iteration matrices are dense, their zeros skipped in the elimination.

pub mod continuation;
pub mod dense;
mod error;
mod fixed;
mod method;
mod radau;
mod radius;
mod settings;
mod solution;
mod solve;
mod sparse;
pub mod spectrum;
mod stepper;
mod system;
mod tsitouras;

pub use error::OdeError;
pub use settings::{Integration, OdeMethod, Sensitivities, Tolerance};
pub use solution::{Solution, Statistics, Stop};
pub use solve::{solve, solve_cancellable};
pub use sparse::Sparsity;
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

    /// Where the Jacobian can be other than zero, analysed once and kept by the field.
    ///
    /// A field that returns one writes exact derivatives by [`VectorField::jacobian_entries`]; integrators then keep to the
    /// entries where that takes less work. None, the default: the Jacobian is dense.
    fn sparsity(&self) -> Option<&Sparsity> {
        None
    }

    /// Writes df_i/dx_j for the entries (i, j) of [`VectorField::sparsity`], in their order. Called only if there is one.
    fn jacobian_entries(&self, _time: f64, _x: &[f64], _values: &mut [f64]) {}

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
