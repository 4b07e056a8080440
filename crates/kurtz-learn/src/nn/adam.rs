//! Adam with element-wise clipping of the weights.

use super::aligned::LANES;
use super::product::multiply_add;
use crate::LearnError;
use serde::{Deserialize, Serialize};

/// Settings of Adam (Kingma & Ba 2015, arXiv:1412.6980).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdamSettings {
    /// Step size, > 0. Default 1e-3.
    pub learning_rate: f64,
    /// Decay of the mean of gradients, in [0, 1). Default 0.9.
    pub beta1: f64,
    /// Decay of the mean of squared gradients, in [0, 1). Default 0.999.
    pub beta2: f64,
    /// Added to the root of the mean square, > 0. Default 1e-5, as in the software of the published models.
    pub epsilon: f64,
    /// After every step each trained number is clipped to [-clip, clip], > 0; infinite for none. Default 1.
    pub clip: f64,
}

impl Default for AdamSettings {
    fn default() -> Self {
        AdamSettings { learning_rate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-5, clip: 1.0 }
    }
}

impl AdamSettings {
    /// Checks the ranges.
    ///
    /// # Errors
    /// The first setting outside its range.
    pub fn check(&self) -> Result<(), LearnError> {
        let positive = "it must be > 0";
        let decay = "it must be in [0, 1)";
        let checks = [
            (
                "the learning rate",
                self.learning_rate,
                self.learning_rate > 0.0 && self.learning_rate.is_finite(),
                positive,
            ),
            ("beta1", self.beta1, (0.0..1.0).contains(&self.beta1), decay),
            ("beta2", self.beta2, (0.0..1.0).contains(&self.beta2), decay),
            ("epsilon", self.epsilon, self.epsilon > 0.0 && self.epsilon.is_finite(), positive),
            ("the clipping of weights", self.clip, self.clip > 0.0, positive),
        ];
        match checks.into_iter().find(|c| !c.2) {
            Some((what, value, _, expected)) => Err(LearnError::BadValue { what: what.into(), value, expected }),
            None => Ok(()),
        }
    }

    /// The numbers of step `step`, counted from 1.
    ///
    /// With the corrections of the biases drawn into them, w <- w - rate m / (sqrt(v) + epsilon).
    pub(crate) fn at(&self, step: u64) -> AdamStep {
        let power = |beta: f64| 1.0 - beta.powf(step as f64);
        let root = power(self.beta2).sqrt();
        AdamStep {
            beta1: self.beta1 as f32,
            beta2: self.beta2 as f32,
            rate: (self.learning_rate * root / power(self.beta1)) as f32,
            epsilon: (self.epsilon * root) as f32,
            clip: self.clip as f32,
        }
    }
}

/// One step of Adam, in single precision.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AdamStep {
    beta1: f32,
    beta2: f32,
    rate: f32,
    epsilon: f32,
    clip: f32,
}

impl AdamStep {
    /// Updates one weight `w`, whose means of gradients and squares are `m` and `v`, by gradient `g`.
    #[inline(always)]
    pub fn update<const FUSED: bool>(&self, w: &mut f32, m: &mut f32, v: &mut f32, g: f32) {
        // m + (1 - beta) (g - m): exact for a constant gradient.
        *m = multiply_add::<FUSED>(1.0 - self.beta1, g - *m, *m);
        *v = multiply_add::<FUSED>(1.0 - self.beta2, g * g - *v, *v);
        let moved = *w - self.rate * *m / (v.sqrt() + self.epsilon);
        *w = moved.max(-self.clip).min(self.clip);
    }

    /// Updates a vector of weights.
    #[inline(always)]
    pub fn update_lanes<const FUSED: bool>(&self, w: &mut [f32], m: &mut [f32], v: &mut [f32], g: &[f32; LANES]) {
        let (w, m, v) = (first_lanes(w), first_lanes(m), first_lanes(v));
        for l in 0..LANES {
            self.update::<FUSED>(&mut w[l], &mut m[l], &mut v[l], g[l]);
        }
    }
}

#[inline(always)]
fn first_lanes(slice: &mut [f32]) -> &mut [f32; LANES] {
    slice.first_chunk_mut().expect("a whole vector")
}
