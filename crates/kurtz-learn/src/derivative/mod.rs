//! Derivatives of noisy series on a grid of equal steps.
//!
//! All methods give a smoothed series and its slope over each step, so that smoothed_(t+1) = smoothed_t + step x slope_t:
//! what Euler's method with these slopes gives back. [`Derivative`] names the methods for settings files;
//! [`choose`] takes the one that predicts best what was held out.

mod banded;
mod choice;
mod kalman;
mod savitzky_golay;
mod spline;
#[cfg(test)]
mod tests;
mod total_variation;

pub use choice::Amount;
pub use kalman::Kalman;
pub use savitzky_golay::SavitzkyGolay;
pub use spline::SmoothingSpline;
pub use total_variation::TotalVariation;

use crate::error::LearnError;
use serde::{Deserialize, Serialize};

/// A smoothed series and its derivative.
#[derive(Clone, Debug, PartialEq)]
pub struct Smoothed {
    /// The smoothed series, `[times]`.
    pub values: Vec<f64>,
    /// Its slope over each step, per time, `[times - 1]`.
    pub slopes: Vec<f64>,
    /// How much each smoothed value moves with the value it stands for, `[times]`; their sum is the number of degrees of
    /// freedom that the smoothed series takes.
    pub leverage: Vec<f64>,
    /// Standard errors of the smoothed values, `[times]`, of methods that have them.
    pub errors: Option<Vec<f64>>,
    /// The amount of smoothing used: alpha, lambda, the length of the window or q / r.
    pub amount: f64,
}

impl Smoothed {
    fn new(values: Vec<f64>, step: f64, leverage: Vec<f64>, amount: f64) -> Self {
        let slopes = values.windows(2).map(|v| (v[1] - v[0]) / step).collect();
        Smoothed { values, slopes, leverage, errors: None, amount }
    }

    /// The mean square of what each value of the series differs from the curve fitted without it, by the leverages; values
    /// whose leverage is 1 are left out. For noise that is independent from time to time.
    pub fn left_out_error(&self, series: &[f64]) -> f64 {
        let parts = series.iter().zip(&self.values).zip(&self.leverage).filter(|(_, h)| **h < 1.0 - 1e-9);
        let (sum, count) =
            parts.fold((0.0, 0), |(sum, count), ((z, v), h)| (sum + ((z - v) / (1.0 - h)).powi(2), count + 1));
        sum / f64::from(count.max(1))
    }

    /// The mean square of its differences to another measurement of the same, `[times]`.
    pub fn error_against(&self, other: &[f64]) -> f64 {
        let sum: f64 = other.iter().zip(&self.values).map(|(z, v)| (z - v).powi(2)).sum();
        sum / other.len().max(1) as f64
    }
}

/// A way to differentiate a noisy series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "kebab-case")]
pub enum Derivative {
    /// Total-variation regularisation.
    TotalVariation(TotalVariation),
    /// The cubic smoothing spline.
    SmoothingSpline(SmoothingSpline),
    /// A Savitzky-Golay filter.
    SavitzkyGolay(SavitzkyGolay),
    /// The Kalman smoother of an integrated random walk.
    Kalman(Kalman),
    /// The one of [`Derivative::all`] with the least held-out error, see [`choose`].
    Chosen,
}

impl Default for Derivative {
    fn default() -> Self {
        Derivative::TotalVariation(TotalVariation::default())
    }
}

impl Derivative {
    /// Its name, as in settings.
    pub fn name(&self) -> &'static str {
        match self {
            Derivative::TotalVariation(_) => "total-variation",
            Derivative::SmoothingSpline(_) => "smoothing-spline",
            Derivative::SavitzkyGolay(_) => "savitzky-golay",
            Derivative::Kalman(_) => "kalman",
            Derivative::Chosen => "chosen",
        }
    }

    /// Each method with its default settings, amounts chosen from the data.
    pub fn all() -> Vec<Self> {
        let alpha = Amount::CrossValidation;
        vec![
            Derivative::TotalVariation(TotalVariation { alpha, anchored: false, ..TotalVariation::default() }),
            Derivative::SmoothingSpline(SmoothingSpline::default()),
            Derivative::SavitzkyGolay(SavitzkyGolay::default()),
            Derivative::Kalman(Kalman::default()),
        ]
    }

    /// Smooths and differentiates a series with this step.
    ///
    /// # Errors
    /// Series that are too short or not finite; settings out of range.
    pub fn differentiate(&self, series: &[f64], step: f64) -> Result<Smoothed, LearnError> {
        match self {
            Derivative::TotalVariation(method) => method.differentiate(series, step),
            Derivative::SmoothingSpline(method) => method.differentiate(series, step),
            Derivative::SavitzkyGolay(method) => method.differentiate(series, step),
            Derivative::Kalman(method) => method.differentiate(series, step),
            Derivative::Chosen => {
                let all = Self::all();
                let (best, _) = choose(&all, series, None, step)?;
                all[best].differentiate(series, step)
            }
        }
    }
}

/// The position of the method with the least held-out error, and the errors (mean squares) of all.
///
/// `other` is a second, independent measurement of the same series, say from the other half of the trajectories; then the
/// error is what the smoothed series differs from it. This is right whatever the noise is like over time. Without it the
/// error is that of left-out values, which holds for noise that is independent from time to time and otherwise favours
/// methods that follow the noise.
///
/// # Errors
/// No methods; as [`Derivative::differentiate`]; a second measurement of another length.
pub fn choose(
    methods: &[Derivative],
    series: &[f64],
    other: Option<&[f64]>,
    step: f64,
) -> Result<(usize, Vec<f64>), LearnError> {
    if let Some(other) = other.filter(|o| o.len() != series.len()) {
        let what = "the second measurement of the series".into();
        return Err(LearnError::Length { what, expected: series.len(), found: other.len() });
    }
    let error = |method: &Derivative| {
        let smoothed = method.differentiate(series, step)?;
        let error = other.map_or_else(|| smoothed.left_out_error(series), |other| smoothed.error_against(other));
        // What is no number is never the best.
        Ok(if error.is_nan() { f64::INFINITY } else { error })
    };
    let errors: Vec<f64> = methods.iter().map(error).collect::<Result<_, LearnError>>()?;
    let best = (0..errors.len()).min_by(|&i, &j| errors[i].total_cmp(&errors[j]));
    best.map(|best| (best, errors)).ok_or(LearnError::Empty { what: "methods to differentiate with" })
}

fn check_series(series: &[f64], step: f64) -> Result<(), LearnError> {
    if series.len() < 4 {
        let what = "a series to be differentiated".into();
        return Err(LearnError::Length { what, expected: 4, found: series.len() });
    }
    if let Some(&value) = series.iter().find(|x| !x.is_finite()) {
        let what = "a value of a series to be differentiated".into();
        return Err(LearnError::BadValue { what, value, expected: "it must be finite" });
    }
    if !(step.is_finite() && step > 0.0) {
        let what = "the step of a series to be differentiated".into();
        return Err(LearnError::BadValue { what, value: step, expected: "it must be a finite number > 0" });
    }
    Ok(())
}
