//! How noisy measurements are: given, from replicates, or from what a fit leaves over.

use super::conditions::Experiment;
use serde::{Deserialize, Serialize};

/// The standard error of one measurement.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoiseModel {
    /// The same for all values, in their unit.
    Additive(f64),
    /// A fraction of the true value.
    Relative(f64),
}

/// Where the standard errors come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoiseSource {
    /// The data bring them.
    Columns,
    /// The user says so.
    Setting,
    /// The spread of replicates.
    Replicates,
    /// What a fit leaves over: it then cannot say whether the fit is good.
    Residuals,
}

impl NoiseModel {
    /// Standard error of one measurement of `value`.
    pub fn error(self, value: f64) -> f64 {
        match self {
            NoiseModel::Additive(s) => s,
            NoiseModel::Relative(s) => s * value.abs(),
        }
    }

    /// In words.
    pub fn describe(self) -> String {
        match self {
            NoiseModel::Additive(s) => format!("{s:.3e}"),
            NoiseModel::Relative(s) => format!("{:.3} % of the value", 100.0 * s),
        }
    }
}

/// One independent estimate of a variance: sum of squares over `weight` degrees of freedom, at a value.
#[derive(Clone, Copy, Debug)]
struct Sample {
    value: f64,
    square: f64,
    weight: f64,
}

/// The likelier of an additive and a relative model of normal noise, or `None` without samples.
fn likelier(samples: &[Sample]) -> Option<NoiseModel> {
    let weight: f64 = samples.iter().map(|s| s.weight).sum();
    let largest = samples.iter().fold(0.0f64, |m, s| m.max(s.value.abs()));
    if weight <= 0.0 {
        return None;
    }
    let floor = 1e-6 * largest;
    let additive = (samples.iter().map(|s| s.square).sum::<f64>() / weight).sqrt().max(floor);
    // A relative error says nothing where the value is as good as zero.
    let small = 1e-3 * largest;
    let visible: Vec<&Sample> = samples.iter().filter(|s| s.value.abs() > small).collect();
    let visible_weight: f64 = visible.iter().map(|s| s.weight).sum();
    if visible_weight < 0.8 * weight {
        return Some(NoiseModel::Additive(additive));
    }
    let squares: f64 = visible.iter().map(|s| s.square / s.value.powi(2)).sum();
    let relative = (squares / visible_weight).sqrt().max(1e-6);
    let score = |model: NoiseModel| -> f64 {
        let term = |s: &&Sample| {
            let variance = model.error(s.value).powi(2);
            s.weight * variance.ln() + s.square / variance
        };
        visible.iter().map(term).sum()
    };
    let (additive, relative) = (NoiseModel::Additive(additive), NoiseModel::Relative(relative));
    Some(if score(additive) <= score(relative) { additive } else { relative })
}

/// The noise of each observable from the spread of replicates; `None` unless all have some.
pub(crate) fn from_replicates(experiments: &[Experiment], width: usize) -> Option<Vec<NoiseModel>> {
    let samples = |o: usize| -> Vec<Sample> {
        let entries = experiments.iter().flat_map(|e| (o..e.values.len()).step_by(width).map(move |at| (e, at)));
        let several = entries.filter(|(e, at)| e.repeats[*at] > 1.0 && (*at >= width || e.squares[*at] > 0.0));
        several
            .map(|(e, at)| Sample { value: e.values[at], square: e.squares[at], weight: e.repeats[at] - 1.0 })
            .collect()
    };
    (0..width).map(|o| likelier(&samples(o)).filter(|_| samples(o).len() > 2)).collect()
}

/// The noise of each observable from residuals: measured less predicted values of each experiment, and the fraction of
/// degrees of freedom that the fit has left.
pub(crate) fn from_residuals(
    experiments: &[Experiment],
    predictions: &[Vec<f64>],
    width: usize,
    left: f64,
) -> Vec<NoiseModel> {
    let samples = |o: usize| -> Vec<Sample> {
        let entries = experiments.iter().zip(predictions);
        let entries = entries.flat_map(|(e, p)| (o..p.len()).step_by(width).map(move |at| (e, p, at)));
        let measured = entries.filter(|(e, _, at)| e.values[*at].is_finite());
        let sample = |(e, p, at): (&Experiment, &Vec<f64>, usize)| {
            let square = (e.values[at] - p[at]).powi(2) * e.repeats[at];
            Sample { value: p[at], square, weight: left }
        };
        measured.map(sample).collect()
    };
    (0..width).map(|o| likelier(&samples(o)).unwrap_or(NoiseModel::Additive(1.0))).collect()
}

/// A first guess of the noise from how far each value is from the line through its neighbours (T. Gasser, L. Sroka, C.
/// Jennen-Steinmetz, Biometrika 73 (1986) 625-633); curvature makes it too large.
pub(crate) fn from_roughness(experiments: &[Experiment], width: usize) -> Vec<NoiseModel> {
    let of = |o: usize| {
        let (mut squares, mut largest) = (Vec::new(), 0.0f64);
        for e in experiments {
            let rows = (0..e.times.len()).map(|t| (e.times[t], e.values[t * width + o]));
            let rows: Vec<(f64, f64)> = rows.filter(|(_, x)| x.is_finite()).collect();
            largest = rows.iter().fold(largest, |m, (_, x)| m.max(x.abs()));
            for w in rows.windows(3) {
                let a = (w[2].0 - w[1].0) / (w[2].0 - w[0].0);
                let residual = w[1].1 - a * w[0].1 - (1.0 - a) * w[2].1;
                squares.push(residual * residual / (1.0 + a * a + (1.0 - a).powi(2)));
            }
        }
        squares.sort_by(f64::total_cmp);
        // The median of a squared normal variate is 0.455 of its variance.
        let median = squares.get(squares.len() / 2).copied().unwrap_or(0.0) / 0.455;
        NoiseModel::Additive(median.sqrt().max(1e-4 * largest).max(f64::MIN_POSITIVE))
    };
    (0..width).map(of).collect()
}
