//! Candidate terms offered to a fit.

mod mass_action;
mod polynomial;
mod reactions;

pub use mass_action::MassActionLibrary;
pub use polynomial::{PolynomialLibrary, Term};
pub use reactions::ReactionLibrary;

/// Equations that are linear in their coefficients: dx/dt = sum_j theta_j f_j(x).
///
/// The f_j are monomials in one equation each ([`PolynomialLibrary`]) or whole reactions, which act on all equations
/// at once ([`ReactionLibrary`] for moments, [`MassActionLibrary`] for concentrations).
pub trait Library: Sync {
    /// Number n of equations.
    fn dimension(&self) -> usize;

    /// Number of values that the terms read: the n states, then measured quantities that have no equation.
    fn input_count(&self) -> usize {
        self.dimension()
    }

    /// Number p of terms.
    fn term_count(&self) -> usize;

    /// Writes f_j(x) into `out`, `[n x p]`, row-major (row i holds what each term adds to equation i).
    fn evaluate(&self, x: &[f64], out: &mut [f64]);

    /// Writes df_ij/dx_k into `out`, `[n x p x inputs]`, row-major.
    fn jacobian(&self, x: &[f64], out: &mut [f64]);

    /// Names of the states, `[n]`.
    fn state_names(&self) -> Vec<String>;

    /// Names of the terms, `[p]`.
    fn term_names(&self) -> Vec<String>;
}
