//! Inputs and targets of mean 0 and standard deviation 1.

use super::latents::FourierLatents;
use crate::approximation::InputMap;
use crate::courses::{CoursePoints, Courses};
use serde::{Deserialize, Serialize};

/// Below this, means of inputs count as 0 and standard deviations as 1; standardised inputs not beyond it are set to 0.
const INPUT_THRESHOLD: f64 = 1e-5;
/// The same for targets.
const TARGET_THRESHOLD: f64 = 1e-6;

/// Means and standard deviations that stay what they were before training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scale {
    /// `[inputs]`.
    pub input_mean: Vec<f64>,
    /// `[inputs]`.
    pub input_sd: Vec<f64>,
    /// Of changes per step, `[dynamic]`.
    pub target_mean: Vec<f64>,
    /// `[dynamic]`.
    pub target_sd: Vec<f64>,
}

impl Scale {
    /// Inputs over all points of the courses with the latents of [`FourierLatents::fastest_mode`], targets over all changes.
    pub fn of(courses: &Courses, train: &[usize], inputs: &dyn InputMap, modes: usize, period: f64) -> Self {
        let all = courses.all_points(train);
        let latents = FourierLatents::fastest_mode(inputs.shape(), modes, period);
        let values = input_values(inputs, &latents, &all);
        let moments = |values: &[f64], threshold: f64, rows: usize| {
            let (mut means, mut sds) = (vec![0.0; rows], vec![0.0; rows]);
            for (row, values) in values.chunks_exact((values.len() / rows).max(1)).enumerate() {
                let (mean, sd) = mean_and_sd(values);
                means[row] = if mean.abs() < threshold { 0.0 } else { mean };
                sds[row] = if sd < threshold { 1.0 } else { sd };
            }
            (means, sds)
        };
        let (input_mean, input_sd) = moments(&values, INPUT_THRESHOLD, inputs.input_count());
        let targets = courses.points(train).targets;
        let (target_mean, target_sd) = moments(&targets, TARGET_THRESHOLD, courses.dynamic.len());
        Scale { input_mean, input_sd, target_mean, target_sd }
    }

    /// The standardised input `k`.
    #[inline]
    pub fn input(&self, k: usize, value: f64) -> f32 {
        let z = (value - self.input_mean[k]) / self.input_sd[k];
        if z.abs() <= INPUT_THRESHOLD { 0.0 } else { z as f32 }
    }
}

/// Inputs at all points, `[inputs x count]`.
fn input_values(inputs: &dyn InputMap, latents: &FourierLatents, points: &CoursePoints) -> Vec<f64> {
    let at: Vec<Vec<f64>> = points.time.iter().map(|&t| latents.at(t as f64)).collect();
    let rows: Vec<f64> = (0..latents.count()).flat_map(|k| at.iter().map(move |v| v[k])).collect();
    let mut values = vec![0.0; inputs.input_count() * points.count];
    inputs.evaluate(points.count, &points.standard, &rows, &mut values, None, None);
    values
}

/// Sample mean and standard deviation (n - 1).
fn mean_and_sd(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let square = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
    (mean, square.sqrt())
}
