//! The noise of a species, from how rough its courses are.

use super::Record;
use crate::series::NoiseModel;

/// Numbers are no better than this fraction: they were computed to some tolerance, or printed with some digits.
pub(super) const FLOOR: f64 = 1e-7;

/// Neighbours on each side that predict a value.
const NEIGHBOURS: usize = 3;

/// From the distances of values to the polynomials through their six neighbours, the largest left out, so that a few rough
/// places do not count; of an additive and a relative noise the likelier one.
///
/// After T. Gasser, L. Sroka, C. Jennen-Steinmetz, Biometrika 73 (1986) 625-633, with more neighbours, so that the curvature of
/// courses recorded in few times is not taken for noise.
pub(super) fn estimate(record: &Record, species: usize) -> NoiseModel {
    // Size of the value, and the squared distance in units of its variance.
    let mut samples = Vec::new();
    for course in &record.courses {
        let values: Vec<f64> = record.column(course, species).collect();
        let width = 2 * NEIGHBOURS + 1;
        for (t, x) in course.times.windows(width).zip(values.windows(width)) {
            let (mut distance, mut variance) = (0.0, 0.0);
            for k in 0..width {
                let others = (0..width).filter(|&j| j != k && j != NEIGHBOURS);
                let weight: f64 = if k == NEIGHBOURS {
                    -1.0
                } else {
                    others.map(|j| (t[NEIGHBOURS] - t[j]) / (t[k] - t[j])).product()
                };
                distance += weight * x[k];
                variance += weight * weight;
            }
            samples.push((x[NEIGHBOURS].abs(), distance * distance / variance));
        }
    }
    let largest = samples.iter().fold(0.0_f64, |m, s| m.max(s.0));
    let visible: Vec<f64> = samples.iter().filter(|s| s.0 > 0.0).map(|s| s.1 / (s.0 * s.0)).collect();
    let relative = NoiseModel::Relative(variance(visible).sqrt().max(FLOOR));
    let additive = variance(samples.iter().map(|s| s.1).collect());
    let additive = NoiseModel::Additive(additive.sqrt().max(FLOOR * largest).max(f64::MIN_POSITIVE));
    // A few rough places are not evidence either.
    let score = |model: NoiseModel| -> f64 {
        let allowed = |size: f64| model.error(size.max(FLOOR * largest)).powi(2).max(f64::MIN_POSITIVE);
        samples.iter().map(|&(size, square)| allowed(size).ln() + (square / allowed(size)).min(9.0)).sum()
    };
    if score(additive) < score(relative) { additive } else { relative }
}

/// Variance from squares of normal variates of mean 0: the mean of those within three standard deviations, these by the median.
fn variance(mut squares: Vec<f64>) -> f64 {
    squares.sort_by(f64::total_cmp);
    // The median of a squared standard normal variate is 0.455; within three standard deviations its mean is 0.973.
    let rough = squares.get(squares.len() / 2).copied().unwrap_or(0.0) / 0.455;
    let kept = &squares[..squares.partition_point(|s| *s <= 9.0 * rough)];
    kept.iter().sum::<f64>() / (0.973 * kept.len().max(1) as f64)
}
