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

    /// Writes sum_j theta_j f_j(x) into `dx`, `[n]`; `scratch` is grown as needed.
    fn apply(&self, theta: &[f64], x: &[f64], scratch: &mut Vec<f64>, dx: &mut [f64]) {
        let (n, p) = (self.dimension(), self.term_count());
        scratch.resize((n * p).max(scratch.len()), 0.0);
        self.evaluate(x, &mut scratch[..n * p]);
        for i in 0..n {
            dx[i] = scratch[i * p..(i + 1) * p].iter().zip(theta).map(|(f, theta)| f * theta).sum();
        }
    }

    /// Pulls a gradient by dx, `[n]`, back through [`Library::apply`]: writes that by x into `by_state`, `[n]`, and adds
    /// that by theta to `by_theta`, `[p]`.
    fn pull_back(
        &self,
        theta: &[f64],
        x: &[f64],
        by_slope: &[f64],
        scratch: &mut Vec<f64>,
        by_state: &mut [f64],
        by_theta: &mut [f64],
    ) {
        let (n, p) = (self.dimension(), self.term_count());
        scratch.resize((n * p + n * p * n).max(scratch.len()), 0.0);
        let (terms, gradients) = scratch.split_at_mut(n * p);
        self.evaluate(x, terms);
        self.jacobian(x, &mut gradients[..n * p * n]);
        by_state.fill(0.0);
        for (i, &b) in by_slope.iter().enumerate() {
            for j in 0..p {
                by_theta[j] += b * terms[i * p + j];
                let gradient = &gradients[(i * p + j) * n..(i * p + j + 1) * n];
                by_state.iter_mut().zip(gradient).for_each(|(s, g)| *s += b * theta[j] * g);
            }
        }
    }

    /// Names of the states, `[n]`.
    fn state_names(&self) -> Vec<String>;

    /// Names of the terms, `[p]`.
    fn term_names(&self) -> Vec<String>;
}
