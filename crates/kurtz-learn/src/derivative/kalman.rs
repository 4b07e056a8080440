//! The Kalman (Rauch-Tung-Striebel) smoother of an integrated random walk.

use super::{Smoothed, check_series};
use crate::error::LearnError;
use serde::{Deserialize, Serialize};

/// A series z_t = x(t) + noise of variance r, where dx = v dt and dv is white noise of intensity q: the expectation of x given
/// the whole series, with its standard errors.
///
/// The expectation is a smoothing spline with lambda = r / q; here q / r is the one of largest likelihood (the start is diffuse)
/// unless it is given, and r follows from it. As with cross-validation, the noise is taken to be independent from time to time.
///
/// # References
/// H. E. Rauch, F. Tung, C. T. Striebel, AIAA J. 3 (1965) 1445-1450; G. Wahba, J. R. Stat. Soc. B 40 (1978) 364-372.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Kalman {
    /// q / r, time^(-3), > 0; `None`: of largest likelihood. Default none.
    pub ratio: Option<f64>,
}

/// A symmetric 2 x 2 matrix: (x, x), (x, v), (v, v).
type Symmetric = [f64; 3];

struct Filtered {
    predicted: Vec<([f64; 2], Symmetric)>,
    updated: Vec<([f64; 2], Symmetric)>,
    /// ln of the likelihood of largest r, up to a constant, and that r.
    likelihood: f64,
    noise: f64,
}

impl Kalman {
    /// Differentiates a series on a grid of equal steps.
    ///
    /// # Errors
    /// Fewer than 4 values, values that are not finite, settings out of range.
    ///
    /// # Complexity
    /// O(length), times some 60 where q / r is to be chosen.
    pub fn differentiate(&self, series: &[f64], step: f64) -> Result<Smoothed, LearnError> {
        check_series(series, step)?;
        let unit = step.powi(-3);
        let ratio = match self.ratio {
            Some(ratio) if ratio.is_finite() && ratio > 0.0 => ratio * step.powi(3),
            Some(value) => {
                let what = "the ratio of the noises of a Kalman smoother".into();
                return Err(LearnError::BadValue { what, value, expected: "it must be a finite number > 0" });
            }
            None => most_likely(series),
        };
        let filtered = filter(series, ratio);
        let (states, covariances) = smooth(&filtered);
        let values: Vec<f64> = states.iter().map(|s| s[0]).collect();
        let leverage = covariances.iter().map(|p| p[0]).collect();
        let mut smoothed = Smoothed::new(values, step, leverage, ratio * unit);
        smoothed.errors = Some(covariances.iter().map(|p| (p[0] * filtered.noise).max(0.0).sqrt()).collect());
        Ok(smoothed)
    }
}

fn most_likely(series: &[f64]) -> f64 {
    let score = |power: f64| filter(series, 10f64.powf(power)).likelihood;
    let grid: Vec<f64> = (-26..=12).map(|i| f64::from(i) * 0.5).collect();
    let scores: Vec<f64> = grid.iter().map(|&p| score(p)).collect();
    let best = (0..grid.len()).max_by(|&i, &j| scores[i].total_cmp(&scores[j])).unwrap_or(0);
    let (mut low, mut high) = (grid[best.saturating_sub(1)], grid[(best + 1).min(grid.len() - 1)]);
    for _ in 0..14 {
        let (a, b) = (low + 0.382 * (high - low), low + 0.618 * (high - low));
        if score(a) > score(b) { high = b } else { low = a }
    }
    10f64.powf(0.5 * (low + high))
}

/// One step ahead: covariance F P F^T + Q with F = [[1, 1], [0, 1]] in steps.
fn ahead(p: Symmetric, q: f64) -> Symmetric {
    [p[0] + 2.0 * p[1] + p[2] + q / 3.0, p[1] + p[2] + q / 2.0, p[2] + q]
}

/// Variance, in units of r, of what is not known at the start: far above anything, and far below 1 / rounding.
const DIFFUSE: f64 = 1e8;

/// The filter in steps, with r = 1.
fn filter(series: &[f64], q: f64) -> Filtered {
    let n = series.len();
    let (mut predicted, mut updated) = (Vec::with_capacity(n), Vec::with_capacity(n));
    let (mut squares, mut logarithms) = (0.0, 0.0);
    let (mut state, mut p) = ([series[0], series[1] - series[0]], [DIFFUSE, 0.0, DIFFUSE]);
    for (t, z) in series.iter().enumerate() {
        predicted.push((state, p));
        let (surprise, variance) = (z - state[0], p[0] + 1.0);
        // The first two values say where the walk starts and count for nothing else.
        if t >= 2 {
            squares += surprise * surprise / variance;
            logarithms += variance.ln();
        }
        let gain = [p[0] / variance, p[1] / variance];
        let here = [state[0] + gain[0] * surprise, state[1] + gain[1] * surprise];
        // P - K P of the first row, written so that it stays positive.
        let c = [gain[0], p[1] / variance, p[2] - gain[1] * p[1]];
        updated.push((here, c));
        (state, p) = ([here[0] + here[1], here[1]], ahead(c, q));
    }
    let m = (n - 2) as f64;
    let noise = squares / m;
    Filtered { predicted, updated, likelihood: -0.5 * (m * noise.max(f64::MIN_POSITIVE).ln() + logarithms), noise }
}

/// Back in time; covariances in units of r.
fn smooth(filtered: &Filtered) -> (Vec<[f64; 2]>, Vec<Symmetric>) {
    let n = filtered.updated.len();
    let (mut state, mut p) = filtered.updated[n - 1];
    let (mut states, mut covariances) = (vec![state; n], vec![p; n]);
    for t in (0..n - 1).rev() {
        let (here, c) = filtered.updated[t];
        let (next, a) = filtered.predicted[t + 1];
        // G = C F^T A^(-1), 2 x 2.
        let determinant = a[0] * a[2] - a[1] * a[1];
        let inverse = [a[2] / determinant, -a[1] / determinant, a[0] / determinant];
        let cf = [[c[0] + c[1], c[1]], [c[1] + c[2], c[2]]];
        let gain: [[f64; 2]; 2] = std::array::from_fn(|i| {
            [cf[i][0] * inverse[0] + cf[i][1] * inverse[1], cf[i][0] * inverse[1] + cf[i][1] * inverse[2]]
        });
        let (dx, dv) = (state[0] - next[0], state[1] - next[1]);
        let d = [p[0] - a[0], p[1] - a[1], p[2] - a[2]];
        let moved = |i: usize, j: usize| {
            let gd = [gain[i][0] * d[0] + gain[i][1] * d[1], gain[i][0] * d[1] + gain[i][1] * d[2]];
            gd[0] * gain[j][0] + gd[1] * gain[j][1]
        };
        state = std::array::from_fn(|i| here[i] + gain[i][0] * dx + gain[i][1] * dv);
        p = [c[0] + moved(0, 0), c[1] + moved(0, 1), c[2] + moved(1, 1)];
        (states[t], covariances[t]) = (state, p);
    }
    (states, covariances)
}
