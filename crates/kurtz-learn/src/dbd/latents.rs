//! The law of the hidden species over time: Fourier series whose coefficients are learned with the subnet.

use crate::approximation::{LatentForm, Shape};
use serde::{Deserialize, Serialize};
use std::f64::consts::TAU;

/// Added to 1 in Sigma_h, so that it stays positive.
const OFFSET: f64 = 0.01;
/// Added to the sum of coefficients under the maximum.
const SMALL: f64 = 1e-8;

/// Latents [mu_h, Sigma_h] as functions of time, each with its own coefficients.
///
/// s(t) = sum_l (a_l cos f_l t + b_l sin f_l t) / max(1, sum_l (|a_l| + |b_l|) + 1e-8) with f_l = 2 pi l / period, t in steps;
/// mu_h = s, Sigma_h = 1.01 + s (Ernst et al. 2021, eq. 13). The diagonal of a root of Sigma_h is 1 + s, its other entries s.
/// Without modes, latents are 0 and 1.01.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FourierLatents {
    /// Number of modes L.
    modes: usize,
    /// Steps in the longest period.
    period: f64,
    /// Where each latent oscillates about, `[latents]`.
    offsets: Vec<f64>,
    /// [a_1 .. a_L, b_1 .. b_L] of each latent, `[latents x 2 L]`.
    pub(crate) coefficients: Vec<f64>,
}

impl FourierLatents {
    /// All coefficients zero.
    pub fn zeros(shape: Shape, modes: usize, period: f64) -> Self {
        let mut offsets = vec![0.0; shape.hidden];
        match shape.latent_form {
            LatentForm::Diagonal => offsets.extend(vec![1.0 + OFFSET; shape.hidden]),
            LatentForm::Root => {
                offsets.extend((0..shape.hidden).flat_map(|i| (0..=i).map(move |j| f64::from(u8::from(i == j)))));
            }
        }
        FourierLatents { modes, period, coefficients: vec![0.0; offsets.len() * 2 * modes], offsets }
    }

    /// Only the fastest mode, with unit coefficients: what inputs are standardised with before anything is learned.
    pub fn fastest_mode(shape: Shape, modes: usize, period: f64) -> Self {
        let mut latents = Self::zeros(shape, modes, period);
        if modes > 0 {
            for row in latents.coefficients.chunks_exact_mut(2 * modes) {
                (row[modes - 1], row[2 * modes - 1]) = (1.0, 1.0);
            }
        }
        latents
    }

    /// Number of latents.
    pub fn count(&self) -> usize {
        self.offsets.len()
    }

    /// Angular frequencies per step, `[L]`.
    pub fn frequencies(&self) -> Vec<f64> {
        (1..=self.modes).map(|l| TAU * l as f64 / self.period).collect()
    }

    /// The coefficients, `[latents x 2 L]`.
    pub fn coefficients(&self) -> &[f64] {
        &self.coefficients
    }

    /// Writes [cos f_l t .., sin f_l t ..] at step `t`, `[2 L]`.
    pub fn waves(&self, t: f64, waves: &mut [f64]) {
        let (cosines, sines) = waves.split_at_mut(self.modes);
        for (l, (c, s)) in cosines.iter_mut().zip(sines).enumerate() {
            (*s, *c) = (TAU * (l + 1) as f64 / self.period * t).sin_cos();
        }
    }

    /// Latent `k` where the waves are `waves`.
    pub fn value(&self, k: usize, waves: &[f64]) -> f64 {
        self.offsets[k] + self.sum(k, waves) / self.size(k)
    }

    /// All latents at step `t`, `[latents]`.
    pub fn at(&self, t: f64) -> Vec<f64> {
        let mut waves = vec![0.0; 2 * self.modes];
        self.waves(t, &mut waves);
        (0..self.count()).map(|k| self.value(k, &waves)).collect()
    }

    fn row(&self, k: usize) -> &[f64] {
        &self.coefficients[k * 2 * self.modes..][..2 * self.modes]
    }

    fn sum(&self, k: usize, waves: &[f64]) -> f64 {
        self.row(k).iter().zip(waves).map(|(c, w)| c * w).sum()
    }

    fn size(&self, k: usize) -> f64 {
        (self.row(k).iter().map(|c| c.abs()).sum::<f64>() + SMALL).max(1.0)
    }

    /// Adds to `out`, `[2 L]`, the gradient by the coefficients of latent `k` of a loss whose gradient by that latent is
    /// `gradients[i]` where the waves are row i of `waves`.
    ///
    /// The divisor depends on coefficients only where it exceeds 1; |c| has slope 0 at 0.
    pub fn add_gradient<'a>(&self, k: usize, points: impl Iterator<Item = (f64, &'a [f64])>, out: &mut [f64]) {
        let size = self.size(k);
        let mut by_size = 0.0;
        for (gradient, waves) in points {
            out.iter_mut().zip(waves).for_each(|(out, w)| *out += gradient * w / size);
            by_size -= gradient * self.sum(k, waves) / (size * size);
        }
        if size > 1.0 {
            let sign = |c: f64| if c == 0.0 { 0.0 } else { c.signum() };
            out.iter_mut().zip(self.row(k)).for_each(|(out, c)| *out += by_size * sign(*c));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape() -> Shape {
        Shape { visible: 2, hidden: 1, latent_form: LatentForm::Diagonal }
    }

    #[test]
    fn frequencies_and_bounds_are_the_published_ones() {
        let mut latents = FourierLatents::zeros(shape(), 6, 401.0);
        assert_eq!(latents.at(17.0), [0.0, 1.01]);
        let frequencies = latents.frequencies();
        assert!((frequencies[0] - 0.0156688).abs() < 1e-7 && (frequencies[5] - 0.0940127).abs() < 1e-7);
        latents.coefficients.iter_mut().enumerate().for_each(|(i, c)| *c = (i as f64).sin());
        for t in 0..401 {
            let [mean, variance] = latents.at(f64::from(t))[..] else { panic!("two latents") };
            assert!(mean.abs() <= 1.0 && (0.01..=2.01).contains(&variance));
        }
    }

    #[test]
    fn gradients_agree_with_differences() {
        for scale in [0.02, 0.7] {
            let mut latents = FourierLatents::zeros(shape(), 3, 50.0);
            latents.coefficients.iter_mut().enumerate().for_each(|(i, c)| *c = scale * (1.0 + i as f64).sin());
            let times = [0.0, 3.0, 11.0, 29.0];
            let weights = [0.3, -1.0, 2.0, 0.7];
            let mut waves = vec![vec![0.0; 6]; 4];
            waves.iter_mut().zip(times).for_each(|(w, t)| latents.waves(t, w));
            for k in 0..2 {
                let loss =
                    |l: &FourierLatents| -> f64 { waves.iter().zip(weights).map(|(w, g)| g * l.value(k, w)).sum() };
                let mut found = vec![0.0; 6];
                latents.add_gradient(k, weights.into_iter().zip(waves.iter().map(|w| &w[..])), &mut found);
                for (i, found) in found.iter().enumerate() {
                    let shifted = |h: f64| {
                        let mut other = latents.clone();
                        other.coefficients[k * 6 + i] += h;
                        loss(&other)
                    };
                    let expected = (shifted(1e-6) - shifted(-1e-6)) / 2e-6;
                    assert!((found - expected).abs() < 1e-8, "{found} {expected}");
                }
            }
        }
    }
}
