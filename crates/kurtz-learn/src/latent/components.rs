//! The most likely parameters at one time, how they move with the moments, and so their sampling errors.

use crate::error::LearnError;
use crate::frame::{Standard, symmetric_eigen};

/// The parameters of probabilistic principal component analysis at one time.
#[derive(Clone, Debug, PartialEq)]
pub struct Components {
    /// The standard parameters; columns of W-hat by falling eigenvalue, each with either sign.
    pub standard: Standard,
    /// Eigenvalues of the covariance, falling, `[visible]`.
    pub eigenvalues: Vec<f64>,
    /// Unit eigenvectors, `[visible][visible]`.
    vectors: Vec<Vec<f64>>,
    hidden: usize,
}

impl Components {
    /// From mean `[visible]` and covariance `[visible x visible]` (of samples: divided by N - 1).
    ///
    /// # Errors
    /// No hidden species or not fewer than visible ones; lists of wrong length; values that are not finite.
    pub fn new(mean: &[f64], covariance: &[f64], hidden: usize) -> Result<Self, LearnError> {
        let n = mean.len();
        if covariance.len() != n * n {
            let what = "the covariance of the visible species".into();
            return Err(LearnError::Length { what, expected: n * n, found: covariance.len() });
        }
        if hidden == 0 || hidden >= n {
            return Err(LearnError::BadValue {
                what: format!("the number of hidden species beside {n} visible ones"),
                value: hidden as f64,
                expected: "it must be at least 1 and less than that of the visible ones",
            });
        }
        if let Some(&value) = mean.iter().chain(covariance).find(|x| !x.is_finite()) {
            let what = "a mean or covariance of the visible species".into();
            return Err(LearnError::BadValue { what, value, expected: "it must be finite" });
        }
        let (eigenvalues, vectors) = symmetric_eigen(covariance, n);
        let noise = eigenvalues[hidden..].iter().sum::<f64>() / (n - hidden) as f64;
        // Where all eigenvalues are nearly the same, rounding may put the first below the mean of the others.
        let length = |k: usize| (eigenvalues[k] - noise).max(0.0).sqrt();
        let loadings = (0..n * hidden).map(|e| vectors[e % hidden][e / hidden] * length(e % hidden)).collect();
        let standard = Standard { mean: mean.to_vec(), loadings, noise };
        Ok(Components { standard, eigenvalues, vectors, hidden })
    }

    /// How the parameters change as the mean changes by `mean` and the covariance by the symmetric `covariance`, to first order:
    /// dl_k = u_k dC u_k, du_k = sum over j of u_j (u_j dC u_k) / (l_k - l_j).
    pub fn change(&self, mean: &[f64], covariance: &[f64]) -> Standard {
        let (n, hidden, l) = (mean.len(), self.hidden, &self.eigenvalues);
        let form = |j: usize, k: usize| -> f64 {
            let (a, b) = (&self.vectors[j], &self.vectors[k]);
            (0..n).map(|i| a[i] * (0..n).map(|m| covariance[i * n + m] * b[m]).sum::<f64>()).sum()
        };
        let d_noise = (hidden..n).map(|k| form(k, k)).sum::<f64>() / (n - hidden) as f64;
        let mut loadings = vec![0.0; n * hidden];
        for k in 0..hidden {
            let length = (l[k] - self.standard.noise).max(0.0).sqrt();
            let d_length = if length > 0.0 { (form(k, k) - d_noise) / (2.0 * length) } else { 0.0 };
            for i in 0..n {
                let others = (0..n).filter(|&j| l[j] != l[k]);
                let turn: f64 = others.map(|j| self.vectors[j][i] * form(j, k) / (l[k] - l[j])).sum();
                loadings[i * hidden + k] = turn * length + self.vectors[k][i] * d_length;
            }
        }
        Standard { mean: mean.to_vec(), loadings, noise: d_noise }
    }

    /// Sampling errors of the parameters, in the order of [`Standard::to_flat`], from the sampling covariance of the moments
    /// (means, then C_11, C_12, ..: `[m x m]` with m = visible + visible (visible + 1) / 2), to first order. They do not hold where
    /// eigenvalues are as near to each other as their own errors.
    ///
    /// # Panics
    /// If the sampling covariance has another size.
    pub fn errors(&self, sampling: &[f64]) -> Vec<f64> {
        let n = self.standard.mean.len();
        let moments = n + n * (n + 1) / 2;
        assert_eq!(sampling.len(), moments * moments, "one entry per pair of moments");
        let mut columns = Vec::with_capacity(moments);
        for i in 0..n {
            let mean: Vec<f64> = (0..n).map(|k| if k == i { 1.0 } else { 0.0 }).collect();
            columns.push(self.change(&mean, &vec![0.0; n * n]).to_flat());
        }
        for i in 0..n {
            for j in i..n {
                let mut covariance = vec![0.0; n * n];
                (covariance[i * n + j], covariance[j * n + i]) = (1.0, 1.0);
                columns.push(self.change(&vec![0.0; n], &covariance).to_flat());
            }
        }
        let variance = |p: usize| -> f64 {
            let row = |a: usize| (0..moments).map(|b| sampling[a * moments + b] * columns[b][p]).sum::<f64>();
            (0..moments).map(|a| columns[a][p] * row(a)).sum()
        };
        (0..columns[0].len()).map(|p| variance(p).max(0.0).sqrt()).collect()
    }
}

/// The sampling covariance of mean and covariance of `count` normal samples, in the order that [`Components::errors`] takes:
/// Cov(m_i, m_j) = C_ij / N, Cov(C_ij, C_kl) = (C_ik C_jl + C_il C_jk) / (N - 1).
pub fn gaussian_sampling_covariance(covariance: &[f64], visible: usize, count: u64) -> Vec<f64> {
    let (n, c) = (visible, |i: usize, j: usize| covariance[i * visible + j]);
    let pairs: Vec<(usize, usize)> = (0..n).flat_map(|i| (i..n).map(move |j| (i, j))).collect();
    let moments = n + pairs.len();
    let entry = |a: usize, b: usize| match (a.checked_sub(n), b.checked_sub(n)) {
        (None, None) => c(a, b) / count as f64,
        (Some(a), Some(b)) => {
            let ((i, j), (k, l)) = (pairs[a], pairs[b]);
            (c(i, k) * c(j, l) + c(i, l) * c(j, k)) / (count as f64 - 1.0)
        }
        _ => 0.0,
    };
    (0..moments * moments).map(|e| entry(e / moments, e % moments)).collect()
}
