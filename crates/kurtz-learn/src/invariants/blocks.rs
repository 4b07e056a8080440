//! Means over blocks of samples, short ones first: where something relaxes, it does so at the start.

use super::Record;
use crate::series::NoiseModel;

/// Mean values in consecutive times of one course.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub course: usize,
    /// Time of the first sample.
    pub start: f64,
    pub samples: usize,
    /// Means and their variances, `[species]`.
    pub mean: Vec<f64>,
    pub variance: Vec<f64>,
    /// Means of logarithms, freed of what noise adds, and their variances, `[species]`. NaN where a logarithm makes no sense.
    pub log: Vec<f64>,
    pub log_variance: Vec<f64>,
}

/// Each block is longer than all samples before it by this fraction.
const GROWTH: f64 = 0.35;
/// Logarithms of single samples are taken up to this relative noise; beyond, that of the mean.
const LARGEST_NOISE: f64 = 0.25;

/// The blocks of all courses.
pub(super) fn blocks(record: &Record, noise: &[NoiseModel]) -> Vec<Block> {
    let mut all = Vec::new();
    for (course, data) in record.courses.iter().enumerate() {
        let mut from = 0;
        while from < data.times.len() {
            let rest = data.times.len() - from;
            let length = ((GROWTH * from as f64).ceil() as usize).max(1);
            // What would be left over is joined.
            let length = if rest < 2 * length { rest } else { length };
            all.push(block(record, noise, course, from..from + length));
            from += length;
        }
    }
    all
}

fn block(record: &Record, noise: &[NoiseModel], course: usize, range: std::ops::Range<usize>) -> Block {
    let (data, n, count) = (&record.courses[course], record.species.len(), range.len() as f64);
    let column = |i: usize| range.clone().map(move |t| data.values[t * n + i]);
    let (mut mean, mut variance, mut log, mut log_variance) = (vec![], vec![], vec![], vec![]);
    for (i, noise) in noise.iter().enumerate() {
        let average = column(i).sum::<f64>() / count;
        let spread = column(i).map(|x| noise.error(x).powi(2)).sum::<f64>() / (count * count);
        let relative = spread.sqrt() / average;
        let is_clear = column(i).all(|x| x > 0.0 && noise.error(x) < LARGEST_NOISE * x);
        mean.push(average);
        variance.push(spread);
        if is_clear {
            // The mean of ln(x (1 + e)) is ln x less half the variance of e.
            log.push(column(i).map(|x| x.ln() + 0.5 * (noise.error(x) / x).powi(2)).sum::<f64>() / count);
            log_variance.push(column(i).map(|x| (noise.error(x) / x).powi(2)).sum::<f64>() / (count * count));
        } else if average > 0.0 && relative < LARGEST_NOISE {
            log.push(average.ln() + 0.5 * relative * relative);
            log_variance.push(relative * relative);
        } else {
            log.push(f64::NAN);
            log_variance.push(f64::NAN);
        }
    }
    Block { course, start: data.times[range.start], samples: range.len(), mean, variance, log, log_variance }
}
