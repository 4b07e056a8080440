//! Which of the equally good W-hat to take at each time.

use crate::frame::{Standard, symmetric_eigen};
use serde::{Deserialize, Serialize};

/// How the signs (and, with several hidden species, the rotation) of W-hat are chosen, so that it moves continuously.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Orientation {
    /// At each time the rotation that brings W-hat nearest to that of the time before (orthogonal Procrustes); the whole
    /// course then with the sign that makes the loadings of a species, summed over time, positive or negative. It stays
    /// continuous where eigenvalues cross, and mixes hidden species there.
    Continuous {
        /// Position of the species among the visible ones.
        species: usize,
        /// Whether its loadings are positive on the whole.
        positive: bool,
    },
    /// At each time the loading of a species is positive or negative. For one hidden species whose loading of that species
    /// never crosses zero; it holds where other loadings are noise.
    Species {
        /// Position of the species among the visible ones.
        species: usize,
        /// Whether its loadings are positive.
        positive: bool,
    },
    /// At each time the sum of each column is positive or negative: the angle of the eigenvector to (1, ..., 1) is at most, or
    /// at least, a right angle (Ernst et al. 2021, appendix C 2; their first model takes the second, although they state
    /// the first).
    Ones {
        /// Whether the sum is positive.
        positive: bool,
    },
}

impl Default for Orientation {
    fn default() -> Self {
        Orientation::Continuous { species: 0, positive: true }
    }
}

/// Orients the parameters of all times, in place.
pub fn orient(course: &mut [Standard], rule: Orientation) {
    let Some(first) = course.first() else { return };
    let n = first.mean.len();
    let hidden = first.loadings.len() / n.max(1);
    let flip = |standard: &mut Standard, k: usize| {
        (0..n).for_each(|i| standard.loadings[i * hidden + k] *= -1.0);
    };
    match rule {
        Orientation::Continuous { species, positive } => {
            for t in 1..course.len() {
                let (before, rest) = course.split_at_mut(t);
                rotate_towards(&mut rest[0].loadings, &before[t - 1].loadings, n, hidden);
            }
            for k in 0..hidden {
                let sum: f64 = course.iter().map(|s| s.loadings[species * hidden + k]).sum();
                if (sum > 0.0) != positive {
                    course.iter_mut().for_each(|s| flip(s, k));
                }
            }
        }
        Orientation::Species { .. } | Orientation::Ones { .. } => {
            for standard in course {
                for k in 0..hidden {
                    let (sum, positive): (f64, bool) = match rule {
                        Orientation::Species { species, positive } => {
                            (standard.loadings[species * hidden + k], positive)
                        }
                        Orientation::Ones { positive } | Orientation::Continuous { positive, .. } => {
                            ((0..n).map(|i| standard.loadings[i * hidden + k]).sum(), positive)
                        }
                    };
                    if (sum > 0.0) != positive {
                        flip(standard, k);
                    }
                }
            }
        }
    }
}

/// Rotates W `[n x h]` to be nearest to a target: W R with R = M (M^T M)^(-1/2), M = W^T target.
pub(crate) fn rotate_towards(loadings: &mut [f64], target: &[f64], n: usize, h: usize) {
    let product = |a: &dyn Fn(usize, usize) -> f64, b: &dyn Fn(usize, usize) -> f64, inner: usize| -> Vec<f64> {
        (0..h * h).map(|e| (0..inner).map(|i| a(e / h, i) * b(i, e % h)).sum()).collect()
    };
    let m = product(&|k, i| loadings[i * h + k], &|i, l| target[i * h + l], n);
    let square = product(&|k, i| m[i * h + k], &|i, l| m[i * h + l], h);
    let (values, vectors) = symmetric_eigen(&square, h);
    // A direction without overlap can be turned at will; leave it.
    if values.iter().any(|v| *v <= 1e-28 * values[0].max(f64::MIN_POSITIVE)) {
        return;
    }
    let root: Vec<f64> =
        (0..h * h).map(|e| (0..h).map(|k| vectors[k][e / h] * vectors[k][e % h] / values[k].sqrt()).sum()).collect();
    let rotation = product(&|k, i| m[k * h + i], &|i, l| root[i * h + l], h);
    let rotated: Vec<f64> =
        (0..n * h).map(|e| (0..h).map(|k| loadings[e / h * h + k] * rotation[k * h + e % h]).sum()).collect();
    loadings.copy_from_slice(&rotated);
}
