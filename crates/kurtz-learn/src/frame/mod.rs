//! The three frames of a reduced model that is probabilistic principal component analysis at each time, and the
//! conversions between them, of values and of derivatives.
//!
//! With visible species n_v and hidden species n_h ~ N(mu_h, Sigma_h), n_v given n_h ~ N(b + W n_h, sigma^2 I):
//!
//! * **parameters** theta = {b, W, sigma^2} beside the [`Latent`] law {mu_h, Sigma_h}: [`Parameters`];
//! * **standard parameters** theta-hat = {b-hat, W-hat, sigma^2}, those at mu_h = 0 and Sigma_h = I, which data determine:
//!   [`Standard`]; b-hat = b + W mu_h, W-hat = W Sigma_h^(1/2) (symmetric square root);
//! * **observables** phi = {mu_v, C_vh, Tr C_v} beside {mu_h, Sigma_h}: those moments of (n_v, n_h) that are as many as the
//!   parameters: [`Observables`].
//!
//! The joint law is normal with mean (b + W mu_h, mu_h) and covariance
//! C_v = W Sigma_h W^T + sigma^2 I, C_vh = W Sigma_h, C_h = Sigma_h: [`JointMoments`].
//!
//! Formulas are those of O. K. Ernst, T. M. Bartol, T. J. Sejnowski, E. Mjolsness (2021), arXiv:2109.05053, corrected where
//! finite differences show that they must be; eqs. (7), (8), (C14) and (C16) as printed do not hold. All are generic over
//! [`Scalar`], so that the same lines give numbers, derivatives and recorded formulas.

mod latent;
mod scalar;
mod small;
#[cfg(test)]
mod tests;

pub use latent::{Latent, LatentChange};
pub use scalar::Scalar;
pub(crate) use scalar::sealed;

pub(crate) use small::symmetric_eigen;

use small::{inner, minus, plus, times, times_transposed, zero};

/// theta without the latent law; also a change of it. The law is that of a [`Latent`] beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameters<S = f64> {
    /// b, `[visible]`.
    pub bias: Vec<S>,
    /// W, `[visible x hidden]`.
    pub weights: Vec<S>,
    /// sigma^2.
    pub noise: S,
}

/// theta-hat, the parameters at mu_h = 0 and Sigma_h = I; also a change of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Standard<S = f64> {
    /// b-hat, the means of the visible species, `[visible]`.
    pub mean: Vec<S>,
    /// W-hat, `[visible x hidden]`.
    pub loadings: Vec<S>,
    /// sigma^2.
    pub noise: S,
}

/// phi without the latent law; also a change of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Observables<S = f64> {
    /// mu_v, `[visible]`.
    pub visible_mean: Vec<S>,
    /// C_vh, `[visible x hidden]`.
    pub cross_covariance: Vec<S>,
    /// Tr C_v.
    pub visible_trace: S,
}

/// Mean and covariance of visible, then hidden species.
#[derive(Clone, Debug, PartialEq)]
pub struct JointMoments<S = f64> {
    /// `[species]`.
    pub mean: Vec<S>,
    /// `[species x species]`.
    pub covariance: Vec<S>,
}

fn visible_count<S: Scalar>(count: usize) -> S {
    S::from(count as f64)
}

impl<S: Scalar> Parameters<S> {
    /// b-hat = b + W mu_h, W-hat = W R (Ernst et al. 2021, eq. C15).
    pub fn to_standard(&self, latent: &Latent<S>) -> Standard<S> {
        let (n, h) = (self.bias.len(), latent.hidden());
        let mean = plus(&self.bias, &times(&self.weights, &latent.mean, n, h, 1));
        let loadings = times(&self.weights, latent.root(), n, h, h);
        Standard { mean, loadings, noise: self.noise }
    }

    /// mu_v = b + W mu_h, C_vh = W Sigma_h, Tr C_v = Tr(W Sigma_h W^T) + N_v sigma^2 (eq. 7, corrected).
    pub fn observables(&self, latent: &Latent<S>) -> Observables<S> {
        let (n, h) = (self.bias.len(), latent.hidden());
        let cross_covariance = times(&self.weights, latent.covariance(), n, h, h);
        Observables {
            visible_mean: plus(&self.bias, &times(&self.weights, &latent.mean, n, h, 1)),
            visible_trace: inner(&cross_covariance, &self.weights) + visible_count::<S>(n) * self.noise,
            cross_covariance,
        }
    }

    /// The change of the standard parameters, dtheta-hat, as theta changes by `change` and the latent law by `moving`:
    /// db-hat = db + dW mu_h + W dmu_h, dW-hat = dW R + W dR (eq. C16, with [`Latent::root_change`]).
    pub fn standard_change(&self, latent: &Latent<S>, change: &Parameters<S>, moving: &LatentChange<S>) -> Standard<S> {
        let (n, h) = (self.bias.len(), latent.hidden());
        let of_mean =
            plus(&times(&change.weights, &latent.mean, n, h, 1), &times(&self.weights, &moving.mean, n, h, 1));
        let root = latent.root_change(&moving.covariance);
        let loadings = plus(&times(&change.weights, latent.root(), n, h, h), &times(&self.weights, &root, n, h, h));
        Standard { mean: plus(&change.bias, &of_mean), loadings, noise: change.noise }
    }

    /// The change of the observables as theta changes by `change` and the latent law by `moving`.
    pub fn observables_change(
        &self,
        latent: &Latent<S>,
        change: &Parameters<S>,
        moving: &LatentChange<S>,
    ) -> Observables<S> {
        let (n, h) = (self.bias.len(), latent.hidden());
        let of_mean =
            plus(&times(&change.weights, &latent.mean, n, h, 1), &times(&self.weights, &moving.mean, n, h, 1));
        let by_weights = times(&change.weights, latent.covariance(), n, h, h);
        let by_latents = times(&self.weights, &moving.covariance, n, h, h);
        let two = S::from(2.0);
        Observables {
            visible_mean: plus(&change.bias, &of_mean),
            visible_trace: two * inner(&by_weights, &self.weights)
                + inner(&by_latents, &self.weights)
                + visible_count::<S>(n) * change.noise,
            cross_covariance: plus(&by_weights, &by_latents),
        }
    }
}

impl<S: Scalar> Observables<S> {
    /// W = C_vh Sigma_h^(-1), b = mu_v - W mu_h, sigma^2 = (Tr C_v - Tr(W Sigma_h W^T)) / N_v.
    pub fn to_parameters(&self, latent: &Latent<S>) -> Parameters<S> {
        let (n, h) = (self.visible_mean.len(), latent.hidden());
        let weights = latent.divide_by_covariance(&self.cross_covariance);
        let bias = minus(&self.visible_mean, &times(&weights, &latent.mean, n, h, 1));
        let noise = (self.visible_trace - inner(&self.cross_covariance, &weights)) / visible_count(n);
        Parameters { bias, weights, noise }
    }

    /// The change of theta as the observables change by `change` and the latent law by `moving`. With
    /// W = C_vh Sigma_h^(-1):
    ///
    /// dW = (dC_vh - W dSigma_h) Sigma_h^(-1), db = dmu_v - dW mu_h - W dmu_h,
    /// dsigma^2 = (dTr C_v - Tr(dW C_vh^T + W dC_vh^T)) / N_v (eq. C14, corrected: with 1/N_v).
    pub fn parameters_change(
        &self,
        latent: &Latent<S>,
        change: &Observables<S>,
        moving: &LatentChange<S>,
    ) -> Parameters<S> {
        let (n, h) = (self.visible_mean.len(), latent.hidden());
        let weights = latent.divide_by_covariance(&self.cross_covariance);
        let by_latents = times(&weights, &moving.covariance, n, h, h);
        let d_weights = latent.divide_by_covariance(&minus(&change.cross_covariance, &by_latents));
        let of_mean = plus(&times(&d_weights, &latent.mean, n, h, 1), &times(&weights, &moving.mean, n, h, 1));
        let explained = inner(&d_weights, &self.cross_covariance) + inner(&weights, &change.cross_covariance);
        Parameters {
            bias: minus(&change.visible_mean, &of_mean),
            weights: d_weights,
            noise: (change.visible_trace - explained) / visible_count(n),
        }
    }
}

impl<S: Scalar> Standard<S> {
    /// W = W-hat R^(-1), b = b-hat - W mu_h (eq. 10).
    pub fn to_parameters(&self, latent: &Latent<S>) -> Parameters<S> {
        let (n, h) = (self.mean.len(), latent.hidden());
        let weights = latent.divide_by_root(&self.loadings);
        let bias = minus(&self.mean, &times(&weights, &latent.mean, n, h, 1));
        Parameters { bias, weights, noise: self.noise }
    }

    /// Mean and covariance of all species: mu_v = b-hat and C_v = W-hat W-hat^T + sigma^2 I whatever the latent law,
    /// C_vh = W-hat R, C_h = Sigma_h.
    pub fn joint_moments(&self, latent: &Latent<S>) -> JointMoments<S> {
        let (n, h) = (self.mean.len(), latent.hidden());
        let visible = times_transposed(&self.loadings, &self.loadings, n, h, n);
        let cross = times(&self.loadings, latent.root(), n, h, h);
        let entry = |e: usize| match (e / (n + h), e % (n + h)) {
            (i, j) if i < n && i == j => visible[i * n + i] + self.noise,
            (i, j) if i < n && j < n => visible[i * n + j],
            (i, j) if i < n => cross[i * h + j - n],
            (i, j) if j < n => cross[j * h + i - n],
            (i, j) => latent.covariance()[(i - n) * h + j - n],
        };
        let mean = [self.mean.clone(), latent.mean.clone()].concat();
        JointMoments { mean, covariance: (0..(n + h) * (n + h)).map(entry).collect() }
    }

    /// The change of the standard parameters as the observables change by `change` and the latent law by `moving`:
    /// that of [`Observables::parameters_change`] and [`Parameters::standard_change`] in one step. Since b-hat = mu_v and
    /// W-hat R = C_vh,
    ///
    /// db-hat = dmu_v, dW-hat = (dC_vh - W-hat dR) R^(-1), dsigma^2 = (dTr C_v - 2 Tr(W-hat^T dW-hat)) / N_v.
    pub fn change(&self, latent: &Latent<S>, change: &Observables<S>, moving: &LatentChange<S>) -> Standard<S> {
        let (n, h) = (self.mean.len(), latent.hidden());
        let root = latent.root_change(&moving.covariance);
        let by_root = times(&self.loadings, &root, n, h, h);
        let loadings = latent.divide_by_root(&minus(&change.cross_covariance, &by_root));
        let explained = S::from(2.0) * inner(&self.loadings, &loadings);
        let noise = (change.visible_trace - explained) / visible_count(n);
        Standard { mean: change.visible_mean.clone(), loadings, noise }
    }

    /// Number of standard parameters of so many species.
    pub fn length(visible: usize, hidden: usize) -> usize {
        visible * hidden + visible + 1
    }

    /// From the order [W-hat^T, b-hat, sigma^2], `[hidden x visible] + [visible] + 1`, in which inputs and targets of subnets
    /// stand.
    ///
    /// # Panics
    /// If there are not [`Standard::length`] values.
    pub fn from_flat(values: &[S], visible: usize, hidden: usize) -> Self {
        assert_eq!(values.len(), Standard::<S>::length(visible, hidden), "one value per standard parameter");
        let loadings = (0..visible * hidden).map(|e| values[e % hidden * visible + e / hidden]).collect();
        let mean = values[visible * hidden..][..visible].to_vec();
        Standard { mean, loadings, noise: values[visible * hidden + visible] }
    }

    /// In the order [W-hat^T, b-hat, sigma^2].
    pub fn to_flat(&self) -> Vec<S> {
        let n = self.mean.len();
        let hidden = self.loadings.len() / n.max(1);
        let loadings = (0..n * hidden).map(|e| self.loadings[e % n * hidden + e / n]);
        loadings.chain(self.mean.iter().copied()).chain([self.noise]).collect()
    }

    /// Covariance of the visible species, W-hat W-hat^T + sigma^2 I, `[visible x visible]`.
    pub fn visible_covariance(&self) -> Vec<S> {
        let n = self.mean.len();
        let mut covariance = times_transposed(&self.loadings, &self.loadings, n, self.loadings.len() / n.max(1), n);
        (0..n).for_each(|i| covariance[i * n + i] = covariance[i * n + i] + self.noise);
        covariance
    }
}

impl<S: Scalar> JointMoments<S> {
    /// The observables among them, of so many visible species.
    pub fn observables(&self, visible: usize) -> Observables<S> {
        let all = self.mean.len();
        let cross = (0..visible).flat_map(|i| self.covariance[i * all + visible..(i + 1) * all].iter().copied());
        let trace = (0..visible).fold(zero(), |sum: S, i| sum + self.covariance[i * all + i]);
        Observables {
            visible_mean: self.mean[..visible].to_vec(),
            cross_covariance: cross.collect(),
            visible_trace: trace,
        }
    }

    /// The latent part, of so many visible species, as a change of a latent law.
    pub fn latent_change(&self, visible: usize) -> LatentChange<S> {
        let all = self.mean.len();
        let covariance = (visible..all).flat_map(|i| self.covariance[i * all + visible..(i + 1) * all].iter().copied());
        LatentChange { mean: self.mean[visible..].to_vec(), covariance: covariance.collect() }
    }
}
