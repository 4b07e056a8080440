//! Settings of a continuation.

use super::ContinuationError;
use serde::{Deserialize, Serialize};

/// Settings of a continuation.
///
/// Lengths along branches are dimensionless: variables count in their typical sizes (root mean square over them), the
/// parameter in its range.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Continuation {
    /// Lower end of the parameter range. Default 0.
    pub from: f64,
    /// Upper end of the parameter range. Default 1.
    pub to: f64,
    /// Parameter values at which points are wanted exactly, beside those that the steps make. Default none.
    pub at: Vec<f64>,
    /// First step along a branch. Default 1e-3.
    pub first_step: f64,
    /// Largest step along a branch of steady states. Default 0.02: a step that jumps over two Hopf points at once would
    /// miss both.
    pub largest_step: f64,
    /// Largest step along a branch of cycles. Default 0.1.
    pub largest_cycle_step: f64,
    /// Where the step falls below this, the branch ends. Default 1e-7.
    pub smallest_step: f64,
    /// Newton's method has converged when its step is below this. Default 1e-10.
    pub tolerance: f64,
    /// Most points on a branch of steady states. Default 5000.
    pub most_points: usize,
    /// Most points on a branch of cycles. Default 500.
    pub most_cycles: usize,
    /// A branch of cycles ends where its period is this many times the first. Default 100.
    pub longest_period: f64,
    /// Relative tolerance of the integration of cycles. Default 1e-9.
    pub cycle_tolerance: f64,
    /// Intervals of multiple shooting. Default 30, so that errors do not grow much within one; fewer if there are many
    /// variables.
    pub intervals: usize,
}

impl Default for Continuation {
    fn default() -> Self {
        Continuation {
            from: 0.0,
            to: 1.0,
            at: Vec::new(),
            first_step: 1e-3,
            largest_step: 0.02,
            largest_cycle_step: 0.1,
            smallest_step: 1e-7,
            tolerance: 1e-10,
            most_points: 5000,
            most_cycles: 500,
            longest_period: 100.0,
            cycle_tolerance: 1e-9,
            intervals: 30,
        }
    }
}

impl Continuation {
    /// Length of the parameter range.
    pub(crate) fn span(&self) -> f64 {
        self.to - self.from
    }

    /// The values of [`Continuation::at`] strictly between two, in the order in which they are passed.
    pub(crate) fn wanted_between(&self, from: f64, to: f64) -> Vec<f64> {
        let (low, high) = (from.min(to), from.max(to));
        let mut wanted: Vec<f64> = self.at.iter().copied().filter(|p| low < *p && *p < high).collect();
        wanted.sort_by(f64::total_cmp);
        if from > to {
            wanted.reverse();
        }
        wanted
    }

    pub(crate) fn validate(&self) -> Result<(), ContinuationError> {
        let (from, to) = (self.from, self.to);
        if !(from.is_finite() && to.is_finite() && from < to) {
            return Err(ContinuationError::Range { from, to });
        }
        let positive = [
            ("first_step", self.first_step),
            ("largest_step", self.largest_step),
            ("largest_cycle_step", self.largest_cycle_step),
            ("smallest_step", self.smallest_step),
            ("tolerance", self.tolerance),
            ("cycle_tolerance", self.cycle_tolerance),
            ("longest_period", self.longest_period),
            ("most_points", self.most_points as f64),
            ("most_cycles", self.most_cycles as f64),
            ("intervals", self.intervals as f64),
        ];
        for (setting, found) in positive {
            if !(found > 0.0 && found.is_finite()) {
                return Err(ContinuationError::Setting { setting, found, expected: "give a positive number" });
            }
        }
        Ok(())
    }
}
