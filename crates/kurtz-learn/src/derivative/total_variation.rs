//! Derivatives by total-variation regularisation.

use super::banded::Pentadiagonal;
use super::choice::{Amount, search};
use super::{Smoothed, check_series};
use crate::error::LearnError;
use serde::{Deserialize, Serialize};

/// The derivative u of a series z whose running sum fits the series while u varies little:
///
/// u minimises alpha sum_i dx sqrt((Du)_i^2 + epsilon) + 1/2 |A u - (z - z_1)|^2,
///
/// with A the sums of Euler's method and D the forward difference, both in steps of dx; no boundary terms, and no factor dx
/// in the second sum. Solved by lagged diffusivity: the square root is replaced by a square with the weights of the
/// iteration before. In terms of the running sum v = A u that is a linear system with five diagonals, so that an
/// iteration takes time proportional to the length of the series.
///
/// With epsilon far above the squares (Du)^2, as in the published use, the penalty is quadratic, and the result smooth; it
/// has steps only where epsilon is small.
///
/// # References
/// R. Chartrand, ISRN Appl. Math. 2011 (2011) 164564, doi:10.5402/2011/164564; Ernst et al. 2021, eq. C6.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TotalVariation {
    /// alpha, in the unit of the series times `step`^2, or how to choose it. Default 100 (Ernst et al. 2021).
    pub alpha: Amount,
    /// epsilon, (series / step^2)^2, > 0. Default 1e-6.
    pub epsilon: f64,
    /// Number of iterations, at least 1. Default 10.
    pub iterations: usize,
    /// dx, > 0; `None`: the step of the series. Default 1: the derivative is per step and all settings count in steps,
    /// as published; alpha = 100, epsilon = 1e-6 with dx = 1 is alpha = 10, epsilon = 1e-2 with dx = 0.1.
    pub step: Option<f64>,
    /// Whether the smoothed series starts at the first value itself, as published, or at the value that fits best.
    /// Default true.
    pub anchored: bool,
}

impl Default for TotalVariation {
    fn default() -> Self {
        TotalVariation { alpha: Amount::Fixed(100.0), epsilon: 1e-6, iterations: 10, step: Some(1.0), anchored: true }
    }
}

impl TotalVariation {
    /// Differentiates a series on a grid of equal steps.
    ///
    /// # Errors
    /// Fewer than 4 values, values that are not finite, settings out of range.
    ///
    /// # Complexity
    /// O(length x iterations), times some 60 where alpha is to be chosen.
    pub fn differentiate(&self, series: &[f64], step: f64) -> Result<Smoothed, LearnError> {
        check_series(series, step)?;
        let dx = self.step.unwrap_or(step);
        for (what, value) in [("epsilon of total variation", self.epsilon), ("the step of total variation", dx)] {
            if !(value.is_finite() && value > 0.0) {
                return Err(LearnError::BadValue {
                    what: what.into(),
                    value,
                    expected: "it must be a finite number > 0",
                });
            }
        }
        if self.iterations == 0 {
            let (what, value, expected) = ("iterations of total variation".into(), 0.0, "it must be at least 1");
            return Err(LearnError::BadValue { what, value, expected });
        }
        let mut workspace = Workspace::new(series.len());
        // alpha where the penalty of a series that bends over one step equals its residual.
        let unit = dx.powi(3) * self.epsilon.sqrt();
        let alpha = search(&self.alpha, unit, series, |alpha| {
            self.solve(series, dx, alpha, &mut workspace);
            (workspace.values.clone(), self.leverage(dx, alpha, &mut workspace))
        })?;
        self.solve(series, dx, alpha, &mut workspace);
        let leverage = self.leverage(dx, alpha, &mut workspace);
        Ok(Smoothed::new(workspace.values, step, leverage, alpha))
    }

    /// How the minimiser moves with the series: the inverse of the second derivative of what it minimises, whose penalty
    /// has the weights epsilon / ((Du)^2 + epsilon)^(3/2).
    fn leverage(&self, dx: f64, alpha: f64, workspace: &mut Workspace) -> Vec<f64> {
        let Workspace { values, weights, matrix } = workspace;
        let (scale, bend) = (alpha / dx.powi(3), 1.0 / (dx * dx));
        for (i, w) in weights.iter_mut().enumerate() {
            let square = ((values[i] - 2.0 * values[i + 1] + values[i + 2]) * bend).powi(2) + self.epsilon;
            *w = scale * self.epsilon / (square * square.sqrt());
        }
        let mut current = matrix.take().unwrap_or_else(|| Pentadiagonal::zeros(values.len()));
        current.set_second_differences(1.0, weights);
        let factored = current.factor(usize::from(self.anchored));
        let mut leverage = factored.inverse_diagonal();
        if self.anchored {
            leverage[0] = 1.0;
        }
        *matrix = Some(factored.into_matrix());
        leverage
    }

    /// Smooths into the values of the workspace.
    fn solve(&self, series: &[f64], dx: f64, alpha: f64, workspace: &mut Workspace) {
        let n = series.len();
        let first = if self.anchored { series[0] } else { 0.0 };
        let Workspace { values, weights, matrix } = workspace;
        let scale = alpha / dx.powi(3);
        weights.fill(scale / self.epsilon.sqrt());
        let mut current = matrix.take().unwrap_or_else(|| Pentadiagonal::zeros(n));
        let mut iteration = 0;
        loop {
            current.set_second_differences(1.0, weights);
            let factored = current.factor(usize::from(self.anchored));
            // From the first value on, so that an anchored first row has the value 0 and adds nothing to the others.
            values.iter_mut().zip(series).for_each(|(v, z)| *v = z - first);
            factored.solve(values);
            iteration += 1;
            if iteration == self.iterations {
                values.iter_mut().for_each(|v| *v += first);
                *matrix = Some(factored.into_matrix());
                return;
            }
            let bend = 1.0 / (dx * dx);
            for (i, w) in weights.iter_mut().enumerate() {
                let change = (values[i] - 2.0 * values[i + 1] + values[i + 2]) * bend;
                *w = scale / (change * change + self.epsilon).sqrt();
            }
            current = factored.into_matrix();
        }
    }
}

/// What iterations write over.
struct Workspace {
    values: Vec<f64>,
    weights: Vec<f64>,
    matrix: Option<Pentadiagonal>,
}

impl Workspace {
    fn new(n: usize) -> Self {
        Workspace { values: vec![0.0; n], weights: vec![0.0; n - 2], matrix: None }
    }
}
