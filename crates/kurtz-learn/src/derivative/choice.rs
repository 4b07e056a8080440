//! How much to smooth.

use crate::error::LearnError;
use serde::{Deserialize, Serialize};

/// An amount of smoothing, or how to choose it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Amount {
    /// This one, > 0.
    Fixed(f64),
    /// The one with the least generalised cross-validation score, n |z - v|^2 / (n - tr H)^2 with H the map from series to
    /// smoothed values. For noise that is independent from time to time; where it is not, as in means over trajectories that
    /// are the same at all times, this smooths too little (P. Craven, G. Wahba, Numer. Math. 31 (1979) 377-403).
    CrossValidation,
    /// The largest whose residuals have no more than this root mean square: the standard deviation of the noise, > 0 (V. A.
    /// Morozov's discrepancy principle).
    Discrepancy(f64),
}

/// Powers of ten beside the unit between which amounts are searched.
const RANGE: (f64, f64) = (-8.0, 14.0);

/// The amount to use. `smooth` gives smoothed values and the diagonal of H for an amount; `unit` is an amount at which
/// smoothing sets in.
pub(super) fn search(
    amount: &Amount,
    unit: f64,
    series: &[f64],
    mut smooth: impl FnMut(f64) -> (Vec<f64>, Vec<f64>),
) -> Result<f64, LearnError> {
    let squares = |values: &[f64]| -> f64 { series.iter().zip(values).map(|(z, v)| (z - v) * (z - v)).sum::<f64>() };
    let n = series.len() as f64;
    let at = |power: f64| unit * 10f64.powf(power);
    match *amount {
        Amount::Fixed(value) if value.is_finite() && value > 0.0 => Ok(value),
        Amount::Fixed(value) => {
            let what = "the amount of smoothing".into();
            Err(LearnError::BadValue { what, value, expected: "it must be a finite number > 0" })
        }
        Amount::CrossValidation => {
            let mut score = |power: f64| {
                let (values, leverage) = smooth(at(power));
                let free = n - leverage.iter().sum::<f64>();
                n * squares(&values) / (free * free)
            };
            let grid: Vec<f64> = (0..=44).map(|i| RANGE.0 + (RANGE.1 - RANGE.0) * f64::from(i) / 44.0).collect();
            let scores: Vec<f64> = grid.iter().map(|&p| score(p)).collect();
            let best = (0..grid.len()).min_by(|&i, &j| scores[i].total_cmp(&scores[j])).unwrap_or(0);
            let (mut low, mut high) = (grid[best.saturating_sub(1)], grid[(best + 1).min(grid.len() - 1)]);
            for _ in 0..14 {
                let (a, b) = (low + 0.382 * (high - low), low + 0.618 * (high - low));
                if score(a) < score(b) { high = b } else { low = a }
            }
            Ok(at(0.5 * (low + high)))
        }
        Amount::Discrepancy(noise) => {
            if !(noise.is_finite() && noise > 0.0) {
                let (what, expected) = ("the standard deviation of the noise".into(), "it must be a finite number > 0");
                return Err(LearnError::BadValue { what, value: noise, expected });
            }
            let (mut low, mut high) = RANGE;
            for _ in 0..48 {
                let middle = 0.5 * (low + high);
                let (values, _) = smooth(at(middle));
                if (squares(&values) / n).sqrt() <= noise { low = middle } else { high = middle }
            }
            Ok(at(low))
        }
    }
}
