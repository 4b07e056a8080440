//! Savitzky-Golay filters.

use super::{Smoothed, check_series};
use crate::error::LearnError;
use crate::linear::{Compressed, Matrix};
use serde::{Deserialize, Serialize};

/// At each time the value of a polynomial fitted to the values around it; near the ends, of that of the first or last window.
///
/// # References
/// A. Savitzky, M. J. E. Golay, Anal. Chem. 36 (1964) 1627-1639.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SavitzkyGolay {
    /// Number of values in a window, odd, more than `degree`. Default 21.
    pub window: usize,
    /// Degree of the polynomial, 1 to 8. Default 3.
    pub degree: usize,
}

impl Default for SavitzkyGolay {
    fn default() -> Self {
        SavitzkyGolay { window: 21, degree: 3 }
    }
}

impl SavitzkyGolay {
    /// Differentiates a series on a grid of equal steps.
    ///
    /// # Errors
    /// A series shorter than a window, values that are not finite, settings out of range.
    ///
    /// # Complexity
    /// O(length x window).
    pub fn differentiate(&self, series: &[f64], step: f64) -> Result<Smoothed, LearnError> {
        check_series(series, step)?;
        let (w, n) = (self.window, series.len());
        if w.is_multiple_of(2) || w <= self.degree || !(1..=8).contains(&self.degree) || w > n {
            return Err(LearnError::BadValue {
                what: format!("the window of a Savitzky-Golay filter of degree {} on {n} values", self.degree),
                value: w as f64,
                expected: "it must be odd, more than the degree (1 to 8) and at most the number of values",
            });
        }
        // Row p: the weights of the window's values in the fitted polynomial at its place p.
        let half = (w / 2) as f64;
        let powers = Matrix::from_fn(w, self.degree + 1, |i, k| ((i as f64 - half) / half.max(1.0)).powi(k as i32));
        let rows = Matrix::from_fn(w, self.degree + 2, |i, k| if k <= self.degree { powers[(i, k)] } else { 0.0 });
        let all: Vec<usize> = (0..=self.degree).collect();
        let inverse =
            Compressed::new(&rows).inverse_information(&all).expect("powers of distinct numbers are independent");
        let hat = powers.times(&inverse).times_transposed(&powers);
        let mut values = Vec::with_capacity(n);
        let mut leverage = Vec::with_capacity(n);
        for t in 0..n {
            let first = t.saturating_sub(w / 2).min(n - w);
            let place = t - first;
            values.push(hat.row(place).iter().zip(&series[first..first + w]).map(|(a, z)| a * z).sum());
            leverage.push(hat[(place, place)]);
        }
        Ok(Smoothed::new(values, step, leverage, w as f64 * step))
    }
}
