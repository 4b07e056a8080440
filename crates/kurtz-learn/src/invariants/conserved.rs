//! Sums that do not change.

use super::blocks::{Block, blocks};
use super::vectors::{rank, vectors};
use super::{Record, RelationSettings};
use crate::LearnError;
use std::collections::BTreeSet;

/// A sum sum_i w_i x_i that does not change over a course.
#[derive(Clone, Debug, PartialEq)]
pub struct ConservedSum {
    /// The coefficients w, `[species]`.
    pub coefficients: Vec<i32>,
    /// Its value in each course, `[courses]`.
    pub totals: Vec<f64>,
    /// Standard errors of these, `[courses]`.
    pub standard_errors: Vec<f64>,
    /// Largest departure of a block mean from the total, as a fraction of the sizes that are summed up.
    pub departure: f64,
}

/// Departures up to this fraction of what is summed up are taken for rounding and tolerances of what made the data.
const ROUNDING: f64 = 2e-5;
/// A block mean may be off by this many standard errors.
const STANDARD_ERRORS: f64 = 5.0;
/// Each term must change by this many times the uncertainty of the sum, or its part in it is not seen.
const POWER: f64 = 8.0;

/// Finds independent sums with small integer coefficients that no course changes, simplest first.
///
/// Each species in a sum must itself change by much more than the sum could unseen.
///
/// # Errors
/// Settings out of their range.
pub fn conserved_sums(record: &Record, settings: &RelationSettings) -> Result<Vec<ConservedSum>, LearnError> {
    settings.validate()?;
    Ok(find(record, &blocks(record, &record.noise(settings.noise)), settings))
}

fn find(record: &Record, blocks: &[Block], settings: &RelationSettings) -> Vec<ConservedSum> {
    let n = record.species.len();
    let moving: Vec<usize> = (0..n).filter(|&i| moves(blocks, i)).collect();
    let mut sums: Vec<ConservedSum> = Vec::new();
    for coefficients in vectors(n, &moving, settings.largest_coefficient as i32) {
        let known: Vec<Vec<i32>> = sums.iter().map(|s| s.coefficients.clone()).chain([coefficients.clone()]).collect();
        if rank(&known) < known.len() {
            continue;
        }
        sums.extend(check(record, blocks, &coefficients));
    }
    sums
}

/// Whether a species changes at all.
fn moves(blocks: &[Block], species: usize) -> bool {
    let courses: BTreeSet<usize> = blocks.iter().map(|b| b.course).collect();
    courses.into_iter().any(|course| {
        let of = |b: &&Block| b.course == course;
        let (low, high) = range(blocks.iter().filter(of).map(|b| b.mean[species]));
        let error = blocks.iter().filter(of).map(|b| b.variance[species].sqrt()).fold(f64::INFINITY, f64::min);
        high - low > 5.0 * error && high - low > 1e-3 * high.abs().max(low.abs())
    })
}

fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)))
}

/// The sum, if it is conserved and each of its terms is seen to take part.
fn check(record: &Record, blocks: &[Block], coefficients: &[i32]) -> Option<ConservedSum> {
    let terms: Vec<(usize, f64)> =
        coefficients.iter().enumerate().filter(|(_, w)| **w != 0).map(|(i, &w)| (i, f64::from(w))).collect();
    let (mut totals, mut standard_errors, mut departure) = (vec![], vec![], 0.0_f64);
    // How much each term changes in units of what the sum could change by unseen, the best of all courses.
    let mut seen = vec![0.0_f64; terms.len()];
    for course in 0..record.courses.len() {
        let of: Vec<&Block> = blocks.iter().filter(|b| b.course == course).collect();
        let values: Vec<f64> = of.iter().map(|b| terms.iter().map(|&(i, w)| w * b.mean[i]).sum()).collect();
        let variances: Vec<f64> = of.iter().map(|b| terms.iter().map(|&(i, w)| w * w * b.variance[i]).sum()).collect();
        let size = of.iter().map(|b| terms.iter().map(|&(i, w)| (w * b.mean[i]).abs()).sum()).fold(0.0, f64::max);
        let floor = ROUNDING * size;
        let weights: Vec<f64> = variances.iter().map(|v| 1.0 / (v + floor * floor)).collect();
        let weight: f64 = weights.iter().sum();
        let total = values.iter().zip(&weights).map(|(v, w)| v * w).sum::<f64>() / weight;
        let (mut chi_square, mut worst) = (0.0, 0.0_f64);
        for ((value, variance), weight) in values.iter().zip(&variances).zip(&weights) {
            let distance = (value - total).abs();
            if distance > STANDARD_ERRORS * variance.sqrt() + floor {
                return None;
            }
            chi_square += distance * distance * weight;
            worst = worst.max(distance);
        }
        let degrees = values.len() as f64 - 1.0;
        // The noise is an estimate itself: its variance may be a fifth larger.
        if chi_square > 1.2 * degrees + 5.0 * (2.0 * degrees).sqrt() {
            return None;
        }
        // Half of the blocks see a change of the sum at least as well as this.
        let mut errors: Vec<f64> = variances.iter().map(|v| v.sqrt()).collect();
        errors.sort_by(f64::total_cmp);
        let unseen = floor.max(errors[errors.len() / 2]);
        for (seen, &(i, w)) in seen.iter_mut().zip(&terms) {
            let (low, high) = range(of.iter().map(|b| w * b.mean[i]));
            *seen = seen.max((high - low) / unseen);
        }
        totals.push(total);
        standard_errors.push(1.0 / weight.sqrt());
        departure = departure.max(worst / size);
    }
    let is_seen = seen.iter().all(|s| *s >= POWER);
    is_seen.then(|| ConservedSum { coefficients: coefficients.to_vec(), totals, standard_errors, departure })
}

impl ConservedSum {
    /// The sum as a formula, as `G + GP + GP2`.
    pub fn describe(&self, species: &[String]) -> String {
        let mut text = String::new();
        for (name, &w) in species.iter().zip(&self.coefficients).filter(|(_, w)| **w != 0) {
            let sign = if w < 0 { " - " } else { " + " };
            text += if text.is_empty() { "" } else { sign };
            text += &(if w.abs() == 1 { name.clone() } else { format!("{} {name}", w.abs()) });
        }
        text
    }

    /// Whether it is a total of parts: all coefficients positive.
    pub fn is_total(&self) -> bool {
        self.coefficients.iter().all(|w| *w >= 0)
    }
}
