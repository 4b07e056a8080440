//! Ordinary differential equations with parameters, as the fits need them.

use crate::library::Library;

/// dx/dt = f(x; theta), with derivatives. Scratch space is handed in, so that integration allocates nothing.
pub trait Model: Sync {
    /// Number n of states.
    fn dimension(&self) -> usize;

    /// Number of parameters.
    fn parameter_count(&self) -> usize;

    /// Names of the parameters.
    fn parameter_names(&self) -> Vec<String>;

    /// Writes f into `dx`, `[n]`.
    fn evaluate(&self, parameters: &[f64], x: &[f64], scratch: &mut Vec<f64>, dx: &mut [f64]);

    /// Writes f into `dx`, df/dx into `by_state`, `[n x n]`, and df/dtheta of the parameters listed in `by` into
    /// `by_parameter`, `[n x by]`.
    fn linearise(
        &self,
        parameters: &[f64],
        x: &[f64],
        by: &[usize],
        scratch: &mut Vec<f64>,
        dx: &mut [f64],
        by_state: &mut [f64],
        by_parameter: &mut [f64],
    );
}

/// A library with its coefficients as parameters.
pub struct LibraryModel<'a>(pub &'a dyn Library);

impl Model for LibraryModel<'_> {
    fn dimension(&self) -> usize {
        self.0.dimension()
    }

    fn parameter_count(&self) -> usize {
        self.0.term_count()
    }

    fn parameter_names(&self) -> Vec<String> {
        self.0.term_names()
    }

    fn evaluate(&self, parameters: &[f64], x: &[f64], scratch: &mut Vec<f64>, dx: &mut [f64]) {
        self.0.apply(parameters, x, scratch, dx);
    }

    fn linearise(
        &self,
        parameters: &[f64],
        x: &[f64],
        by: &[usize],
        scratch: &mut Vec<f64>,
        dx: &mut [f64],
        by_state: &mut [f64],
        by_parameter: &mut [f64],
    ) {
        let (n, p) = (self.0.dimension(), self.0.term_count());
        scratch.resize((n * p + n * p * n).max(scratch.len()), 0.0);
        let (terms, gradients) = scratch.split_at_mut(n * p);
        self.0.evaluate(x, terms);
        self.0.jacobian(x, &mut gradients[..n * p * n]);
        by_state[..n * n].fill(0.0);
        for i in 0..n {
            let row = &terms[i * p..(i + 1) * p];
            dx[i] = row.iter().zip(parameters).map(|(f, theta)| f * theta).sum();
            by.iter().enumerate().for_each(|(k, &j)| by_parameter[i * by.len() + k] = row[j]);
            for (j, &theta) in parameters.iter().enumerate().take(p).filter(|(_, theta)| **theta != 0.0) {
                let gradient = &gradients[(i * p + j) * n..(i * p + j + 1) * n];
                by_state[i * n..(i + 1) * n].iter_mut().zip(gradient).for_each(|(s, g)| *s += theta * g);
            }
        }
    }
}
