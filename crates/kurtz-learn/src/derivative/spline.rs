//! The cubic smoothing spline.

use super::banded::Pentadiagonal;
use super::choice::{Amount, search};
use super::{Smoothed, check_series};
use crate::error::LearnError;
use serde::{Deserialize, Serialize};

/// The function f that minimises sum_t (z_t - f(t))^2 + lambda integral (f'')^2, a cubic spline.
///
/// # References
/// C. H. Reinsch, Numer. Math. 10 (1967) 177-183.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SmoothingSpline {
    /// lambda, time^3, or how to choose it. Default by cross-validation.
    pub lambda: Amount,
}

impl Default for SmoothingSpline {
    fn default() -> Self {
        SmoothingSpline { lambda: Amount::CrossValidation }
    }
}

impl SmoothingSpline {
    /// Differentiates a series on a grid of equal steps.
    ///
    /// # Errors
    /// Fewer than 4 values, values that are not finite, settings out of range.
    ///
    /// # Complexity
    /// O(length), times some 70 where lambda is to be chosen.
    pub fn differentiate(&self, series: &[f64], step: f64) -> Result<Smoothed, LearnError> {
        check_series(series, step)?;
        let mut smooth = |lambda: f64| spline(series, lambda / step.powi(3));
        let lambda = search(&self.lambda, step.powi(3), series, &mut smooth)?;
        let (values, leverage) = smooth(lambda);
        Ok(Smoothed::new(values, step, leverage, lambda))
    }
}

/// The spline at the points, and the diagonal of the map from series to it; lambda in steps.
///
/// With Q^T the second difference and R the tridiagonal matrix (1/6, 2/3, 1/6): gamma = (R + lambda Q^T Q)^(-1) Q^T z,
/// f = z - lambda Q gamma. The diagonal of I - H is that of lambda Q (R + lambda Q^T Q)^(-1) Q^T.
fn spline(series: &[f64], lambda: f64) -> (Vec<f64>, Vec<f64>) {
    let n = series.len();
    let m = n - 2;
    let mut matrix = Pentadiagonal::zeros(m);
    for i in 0..m {
        matrix.main[i] = 2.0 / 3.0 + 6.0 * lambda;
        matrix.first[i] = 1.0 / 6.0 - 4.0 * lambda;
        matrix.second[i] = lambda;
    }
    let factored = matrix.factor(0);
    let mut gamma: Vec<f64> = series.windows(3).map(|z| z[0] - 2.0 * z[1] + z[2]).collect();
    factored.solve(&mut gamma);
    let entry = |i: isize| usize::try_from(i).ok().and_then(|i| gamma.get(i)).copied().unwrap_or(0.0);
    let second = |t: usize| entry(t as isize) - 2.0 * entry(t as isize - 1) + entry(t as isize - 2);
    let values = series.iter().enumerate().map(|(t, z)| z - lambda * second(t)).collect();
    let [main, first, far] = factored.inverse_band();
    let at = |band: &[f64], i: isize| usize::try_from(i).ok().and_then(|i| band.get(i)).copied().unwrap_or(0.0);
    let leverage = |t: usize| {
        let t = t as isize;
        let sum = at(&main, t) + 4.0 * at(&main, t - 1) + at(&main, t - 2)
            - 4.0 * (at(&first, t - 1) + at(&first, t - 2))
            + 2.0 * at(&far, t - 2);
        1.0 - lambda * sum
    };
    (values, (0..n).map(leverage).collect())
}
