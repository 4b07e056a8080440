//! Back-propagation through the solver: the gradient of a loss by all weights at the price of a few integrations,
//! whatever their number. Exact for the discrete solution of classical Runge-Kutta steps.

use crate::library::Library;
use serde::{Deserialize, Serialize};

/// How the distance of predictions from data is measured (eq. 2 of Yang et al. 2020).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// Mean of |y - y_hat|: the published one.
    #[default]
    Absolute,
    /// Mean of (y - y_hat)^2.
    Squared,
}

impl Loss {
    /// The loss of one difference and its slope.
    fn of(self, difference: f64) -> (f64, f64) {
        match self {
            Loss::Absolute if difference == 0.0 => (0.0, 0.0),
            Loss::Absolute => (difference.abs(), difference.signum()),
            Loss::Squared => (difference * difference, 2.0 * difference),
        }
    }
}

/// Data to train on: a start and later values, `[times x states]`, the first row being the start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Series<'a> {
    pub times: &'a [f64],
    pub values: &'a [f64],
}

/// The mean loss over all data after the start and its gradient by the weights; `None` if the solution blows up.
///
/// `step` is the largest integration step.
pub fn loss_and_gradient(
    library: &dyn Library,
    weights: &[f64],
    times: &[f64],
    values: &[f64],
    step: f64,
    loss: Loss,
) -> Option<(f64, Vec<f64>)> {
    let mut gradient = vec![0.0; weights.len()];
    let sum = Tape::new(library, weights).run(Series { times, values }, step, loss, &mut gradient)?;
    let count = (values.len() - library.dimension()) as f64;
    gradient.iter_mut().for_each(|g| *g /= count);
    Some((sum / count, gradient))
}

/// The forward solution, recorded for the way back.
pub(crate) struct Tape<'a> {
    library: &'a dyn Library,
    weights: &'a [f64],
    /// The four states at which each step evaluated the equations, `[steps x 4 x n]`.
    stages: Vec<f64>,
    sizes: Vec<f64>,
}

impl<'a> Tape<'a> {
    pub fn new(library: &'a dyn Library, weights: &'a [f64]) -> Self {
        Tape { library, weights, stages: Vec::new(), sizes: Vec::new() }
    }

    /// Adds the gradient of the summed loss to `gradient` and returns the sum.
    pub fn run(&mut self, series: Series<'_>, step: f64, loss: Loss, gradient: &mut [f64]) -> Option<f64> {
        let n = self.library.dimension();
        self.stages.clear();
        self.sizes.clear();
        let mut x = series.values[..n].to_vec();
        let mut total = 0.0;
        let mut slopes = vec![0.0; series.values.len()];
        let mut steps = Vec::with_capacity(series.times.len() - 1);
        let (mut scratch, mut k, mut at) = (Vec::new(), vec![0.0; 4 * n], vec![0.0; n]);
        for (i, interval) in series.times.windows(2).enumerate() {
            let count = ((interval[1] - interval[0]) / step).ceil().max(1.0) as usize;
            let h = (interval[1] - interval[0]) / count as f64;
            for _ in 0..count {
                for s in 0..4 {
                    let fraction = [0.0, 0.5 * h, 0.5 * h, h][s];
                    for j in 0..n {
                        at[j] = x[j] + if s > 0 { fraction * k[(s - 1) * n + j] } else { 0.0 };
                    }
                    self.stages.extend_from_slice(&at);
                    self.library.apply(self.weights, &at, &mut scratch, &mut k[s * n..(s + 1) * n]);
                }
                for j in 0..n {
                    x[j] += h / 6.0 * (k[j] + 2.0 * (k[n + j] + k[2 * n + j]) + k[3 * n + j]);
                }
                self.sizes.push(h);
            }
            if !x.iter().all(|v| v.abs() < 1e12) {
                return None;
            }
            steps.push(count);
            for j in 0..n {
                let (value, slope) = loss.of(x[j] - series.values[(i + 1) * n + j]);
                total += value;
                slopes[(i + 1) * n + j] = slope;
            }
        }
        self.back(&steps, &slopes, gradient);
        Some(total)
    }

    /// From the last step to the first: with l the gradient by the state after a step, each stage contributes
    /// (df/dx)^T and (df/dtheta)^T times its own share of l.
    fn back(&self, steps: &[usize], slopes: &[f64], gradient: &mut [f64]) {
        let n = self.library.dimension();
        let (mut l, mut sum) = (vec![0.0; n], vec![0.0; n]);
        let (mut scratch, mut by_slope, mut through) = (Vec::new(), vec![0.0; n], vec![0.0; n]);
        let mut step = self.sizes.len();
        for i in (0..steps.len()).rev() {
            (0..n).for_each(|j| l[j] += slopes[(i + 1) * n + j]);
            for _ in 0..steps[i] {
                step -= 1;
                let h = self.sizes[step];
                sum.copy_from_slice(&l);
                // Gradient by the slope of a stage: its weight in the step, and through the stage after it.
                through.fill(0.0);
                for s in (0..4).rev() {
                    let (weight, onward) = ([1.0, 2.0, 2.0, 1.0][s] * h / 6.0, [0.5 * h, 0.5 * h, h, 0.0][s]);
                    (0..n).for_each(|j| by_slope[j] = weight * l[j] + onward * through[j]);
                    let at = &self.stages[(step * 4 + s) * n..(step * 4 + s + 1) * n];
                    self.library.pull_back(self.weights, at, &by_slope, &mut scratch, &mut through, gradient);
                    (0..n).for_each(|j| sum[j] += through[j]);
                }
                std::mem::swap(&mut l, &mut sum);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::library::PolynomialLibrary;

    #[test]
    fn gradients_agree_with_central_differences() {
        let library = PolynomialLibrary::full(vec!["A".into(), "B".into()], 1, 2);
        let weights = [0.2, -0.1, -0.03, 0.02, 0.01, 0.5, -0.3, 0.01, -0.02, 0.015];
        let times = [0.0, 0.4, 1.5, 2.0];
        let values = [1.5, 0.4, 1.2, 0.9, 1.9, 1.4, 1.7, 1.0];
        for loss in [Loss::Absolute, Loss::Squared] {
            let at = |w: &[f64]| loss_and_gradient(&library, w, &times, &values, 0.25, loss).unwrap();
            let (_, gradient) = at(&weights);
            for j in 0..10 {
                let shifted = |by: f64| {
                    let mut w = weights;
                    w[j] += by;
                    at(&w).0
                };
                let difference = (shifted(1e-6) - shifted(-1e-6)) / 2e-6;
                assert!((gradient[j] - difference).abs() < 1e-8 * (1.0 + difference.abs()), "{loss:?}, weight {j}");
            }
        }
    }

    #[test]
    fn a_blow_up_gives_no_gradient() {
        let library = PolynomialLibrary::full(vec!["A".into()], 2, 2);
        assert!(loss_and_gradient(&library, &[1.0], &[0.0, 9.0], &[1.0, 1.0], 0.25, Loss::Squared).is_none());
    }
}
