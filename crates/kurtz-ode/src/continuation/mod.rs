//! Steady states and limit cycles of a family of vector fields, followed along a parameter.
//!
//! A [`Family`] is dx/dt = f(x; p) with one parameter p. [`steady_branch`] follows a steady state by pseudo-arclength
//! continuation, with the stability of each point and the folds, branch points and Hopf points on the way;
//! [`cycle_branch`] follows the limit cycles that leave a Hopf point (or any cycle found otherwise) by multiple
//! shooting, with Floquet multipliers, periods and envelopes. [`settle`] finds where a solution goes: to a steady state
//! or to a cycle.
//!
//! ```
//! use kurtz_ode::continuation::{Continuation, Family, SpecialKind, settle, Settled, steady_branch};
//!
//! /// dx/dt = p + x - x^3: two folds, at p = -2/(3 sqrt 3) and p = 2/(3 sqrt 3).
//! struct Switch;
//! impl Family for Switch {
//!     fn dimension(&self) -> usize { 1 }
//!     fn evaluate(&self, p: f64, x: &[f64], dx: &mut [f64]) { dx[0] = p + x[0] - x[0].powi(3); }
//!     fn jacobian(&self, _p: f64, x: &[f64], out: &mut [f64]) { out[0] = 1.0 - 3.0 * x[0] * x[0]; }
//!     fn parameter_derivative(&self, _p: f64, _x: &[f64], out: &mut [f64]) { out[0] = 1.0; }
//! }
//!
//! let settings = Continuation { from: -1.0, to: 1.0, ..Continuation::default() };
//! let Settled::Steady(x) = settle(&Switch, -1.0, &[0.0], &settings)? else { unreachable!("one variable") };
//! let branch = steady_branch(&Switch, -1.0, &x, &settings)?;
//! let folds: Vec<f64> = branch.special.iter().map(|s| s.point.parameter).collect();
//! let fold = 2.0 / 27.0_f64.sqrt();
//! assert!((folds[0] - fold).abs() < 1e-9 && (folds[1] + fold).abs() < 1e-9);
//! assert!(branch.special.iter().all(|s| s.kind == SpecialKind::Fold));
//! # Ok::<(), kurtz_ode::continuation::ContinuationError>(())
//! ```
//!
//! # References
//! H. B. Keller, in: Applications of Bifurcation Theory, Academic Press (1977) 359-384 (pseudo-arclength); Yu. A.
//! Kuznetsov, Elements of Applied Bifurcation Theory, Springer (1998), chapters 5 and 10.

mod curve;
mod cycle;
mod cycle_branch;
pub(crate) mod eigen;
mod envelope;
mod error;
mod hopf;
mod scaled;
mod settings;
mod settle;
mod steady;

pub use cycle_branch::{CycleBranch, CycleEnd, CyclePoint, CycleSpecial, CycleSpecialKind, cycle_branch, cycle_from};
pub use error::ContinuationError;
pub use hopf::HopfPoint;
pub use settings::Continuation;
pub use settle::{Settled, settle};
pub use steady::{BranchEnd, SpecialKind, SpecialPoint, SteadyBranch, SteadyPoint, steady_branch, steady_state};

use crate::VectorField;

/// A family of autonomous vector fields dx/dt = f(x; p) with one parameter p.
pub trait Family: Sync {
    /// Number n of variables.
    fn dimension(&self) -> usize;

    /// Writes f(x; p) into `dx`, `[n]`.
    fn evaluate(&self, parameter: f64, x: &[f64], dx: &mut [f64]);

    /// Writes df_i/dx_j into `jacobian`, `[n x n]`, row-major.
    fn jacobian(&self, parameter: f64, x: &[f64], jacobian: &mut [f64]);

    /// Writes df_i/dp into `out`, `[n]`.
    fn parameter_derivative(&self, parameter: f64, x: &[f64], out: &mut [f64]);

    /// Typical sizes of the variables, `[n]`, positive: distances along branches and tolerances are in these units.
    fn sizes(&self) -> Vec<f64> {
        vec![1.0; self.dimension()]
    }

    /// Number of quantities reported of each state; the variables themselves unless the family says otherwise.
    fn observed_count(&self) -> usize {
        self.dimension()
    }

    /// Writes the quantities reported of a state into `out`, `[observed]`.
    fn observe(&self, _parameter: f64, x: &[f64], out: &mut [f64]) {
        out.copy_from_slice(x);
    }

    /// Whether the equations mean something here (no amount is negative, say); branches end where they leave this domain.
    fn is_admissible(&self, _parameter: f64, _x: &[f64]) -> bool {
        true
    }
}

/// The member of a family at one parameter value; the parameter is the one that sensitivities are to.
pub(crate) struct Member<'a> {
    pub family: &'a dyn Family,
    pub parameter: f64,
}

impl VectorField for Member<'_> {
    fn dimension(&self) -> usize {
        self.family.dimension()
    }

    fn evaluate(&self, _time: f64, x: &[f64], dx: &mut [f64]) {
        self.family.evaluate(self.parameter, x, dx);
    }

    fn jacobian(&self, _time: f64, x: &[f64], jacobian: &mut [f64]) -> bool {
        self.family.jacobian(self.parameter, x, jacobian);
        true
    }

    fn parameter_count(&self) -> usize {
        1
    }

    fn parameter_jacobian(&self, _time: f64, x: &[f64], out: &mut [f64]) {
        self.family.parameter_derivative(self.parameter, x, out);
    }
}
