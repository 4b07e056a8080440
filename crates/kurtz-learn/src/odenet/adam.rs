//! Adam: D. P. Kingma, J. Ba, arXiv:1412.6980.

use serde::{Deserialize, Serialize};

/// Settings of [`Adam`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdamSettings {
    /// Size of a step at the start, > 0. Default 0.01.
    pub learning_rate: f64,
    /// Decay of the mean of gradients, in [0, 1). Default 0.9.
    pub beta1: f64,
    /// Decay of the mean of squared gradients, in [0, 1). Default 0.999.
    pub beta2: f64,
    /// Keeps the quotient finite, > 0. Default 1e-8.
    pub epsilon: f64,
    /// Number of steps. Default 5000.
    pub iterations: usize,
    /// Whether the learning rate falls to zero along half a cosine. Default true.
    pub cosine: bool,
}

impl Default for AdamSettings {
    fn default() -> Self {
        AdamSettings { learning_rate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, iterations: 5000, cosine: true }
    }
}

/// The state of the optimiser.
#[derive(Clone, Debug)]
pub struct Adam {
    settings: AdamSettings,
    mean: Vec<f64>,
    square: Vec<f64>,
    step: usize,
}

impl Adam {
    /// At rest, for so many weights.
    pub fn new(weights: usize, settings: AdamSettings) -> Self {
        Adam { settings, mean: vec![0.0; weights], square: vec![0.0; weights], step: 0 }
    }

    /// Moves the weights one step against the gradient.
    pub fn step(&mut self, weights: &mut [f64], gradient: &[f64]) {
        let AdamSettings { learning_rate, beta1, beta2, epsilon, iterations, cosine } = self.settings;
        let done = self.step as f64 / iterations.max(1) as f64;
        let rate =
            if cosine { learning_rate * 0.5 * (1.0 + (std::f64::consts::PI * done).cos()) } else { learning_rate };
        self.step += 1;
        let t = i32::try_from(self.step).unwrap_or(i32::MAX);
        let (correct1, correct2) = (1.0 - beta1.powi(t), 1.0 - beta2.powi(t));
        for (i, g) in gradient.iter().enumerate() {
            self.mean[i] = beta1 * self.mean[i] + (1.0 - beta1) * g;
            self.square[i] = beta2 * self.square[i] + (1.0 - beta2) * g * g;
            weights[i] -= rate * (self.mean[i] / correct1) / ((self.square[i] / correct2).sqrt() + epsilon);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_step_has_the_size_of_the_learning_rate_whatever_the_gradient() {
        let mut adam = Adam::new(2, AdamSettings::default());
        let mut weights = [0.0, 0.0];
        adam.step(&mut weights, &[1e3, -1e-3]);
        assert!((weights[0] + 0.01).abs() < 1e-6 && (weights[1] - 0.01).abs() < 1e-6, "{weights:?}");
    }

    #[test]
    fn a_quadratic_bowl_is_descended() {
        let settings = AdamSettings { learning_rate: 0.05, iterations: 2000, ..Default::default() };
        let mut adam = Adam::new(2, settings);
        let mut w = [3.0, -2.0];
        (0..2000).for_each(|_| {
            let gradient = [2.0 * (w[0] - 1.0), 20.0 * (w[1] + 0.5)];
            adam.step(&mut w, &gradient);
        });
        assert!((w[0] - 1.0).abs() < 1e-4 && (w[1] + 0.5).abs() < 1e-4, "{w:?}");
    }
}
