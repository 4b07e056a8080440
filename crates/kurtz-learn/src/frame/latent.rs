//! The law of the hidden species, N(mu_h, Sigma_h), with the square root that standard parameters are measured by.

use super::scalar::Scalar;
use super::small::{self, solve, symmetric_eigen, times, zero};
use crate::error::LearnError;

/// Mean and covariance of the hidden species, and the symmetric square root of the covariance.
#[derive(Clone, Debug, PartialEq)]
pub struct Latent<S = f64> {
    /// mu_h, `[hidden]`.
    pub mean: Vec<S>,
    /// R = Sigma_h^(1/2), symmetric and positive definite, `[hidden x hidden]`.
    root: Vec<S>,
    /// Sigma_h = R R, `[hidden x hidden]`.
    covariance: Vec<S>,
    /// Whether R and Sigma_h are diagonal.
    diagonal: bool,
}

/// A change of the law of the hidden species.
#[derive(Clone, Debug, PartialEq)]
pub struct LatentChange<S = f64> {
    /// d mu_h, `[hidden]`.
    pub mean: Vec<S>,
    /// d Sigma_h, symmetric, `[hidden x hidden]`.
    pub covariance: Vec<S>,
}

impl<S: Scalar> Latent<S> {
    /// A law whose hidden species are independent, with these variances, all > 0.
    pub fn diagonal(mean: Vec<S>, variances: &[S]) -> Self {
        let n = mean.len();
        let entry = |e: usize, on: &dyn Fn(usize) -> S| if e / n == e % n { on(e % n) } else { zero() };
        let root: Vec<S> = (0..n * n).map(|e| entry(e, &|i| variances[i].square_root())).collect();
        let covariance = (0..n * n).map(|e| entry(e, &|i| variances[i])).collect();
        Latent { mean, root, covariance, diagonal: true }
    }

    /// A law with covariance R R, of a symmetric positive definite R `[hidden x hidden]`.
    pub fn from_root(mean: Vec<S>, root: Vec<S>) -> Self {
        let n = mean.len();
        let covariance = times(&root, &root, n, n, n);
        Latent { mean, root, covariance, diagonal: false }
    }

    /// The standard law, mu_h = 0 and Sigma_h = I.
    pub fn standard(hidden: usize) -> Self {
        Latent::diagonal(vec![zero(); hidden], &vec![S::from(1.0); hidden])
    }

    /// Number of hidden species.
    pub fn hidden(&self) -> usize {
        self.mean.len()
    }

    /// R = Sigma_h^(1/2), `[hidden x hidden]`.
    pub fn root(&self) -> &[S] {
        &self.root
    }

    /// Sigma_h, `[hidden x hidden]`.
    pub fn covariance(&self) -> &[S] {
        &self.covariance
    }

    /// M R^(-1) for M `[rows x hidden]`.
    pub(super) fn divide_by_root(&self, m: &[S]) -> Vec<S> {
        self.divide(m, &self.root)
    }

    /// M Sigma_h^(-1) for M `[rows x hidden]`.
    pub(super) fn divide_by_covariance(&self, m: &[S]) -> Vec<S> {
        self.divide(m, &self.covariance)
    }

    fn divide(&self, m: &[S], symmetric: &[S]) -> Vec<S> {
        let n = self.hidden();
        if self.diagonal {
            return m.iter().enumerate().map(|(e, &x)| x / symmetric[e % n * (n + 1)]).collect();
        }
        // M A^-1 = (A^-1 M^T)^T for a symmetric A.
        let rows = m.len() / n.max(1);
        let transposed: Vec<S> = (0..m.len()).map(|e| m[e % rows * n + e / rows]).collect();
        let x = solve(symmetric, &transposed, n, rows);
        (0..m.len()).map(|e| x[e % n * rows + e / n]).collect()
    }

    /// dR, the change of the square root: the solution X of R X + X R = dSigma_h.
    ///
    /// For a diagonal R, X_ij = dSigma_ij / (R_i + R_j); in general vec X = (R (+) R)^(-1) vec dSigma_h, whose matrix, a
    /// Kronecker sum, is positive definite. (Ernst et al. 2021, eq. C16, takes (1/2) Sigma_h^(-1/2) dSigma_h, which
    /// holds only if dSigma_h is diagonal too.)
    pub fn root_change(&self, covariance_change: &[S]) -> Vec<S> {
        let (n, r) = (self.hidden(), &self.root);
        if self.diagonal {
            return (0..n * n).map(|e| covariance_change[e] / (r[e / n * (n + 1)] + r[e % n * (n + 1)])).collect();
        }
        let mut sum = vec![zero::<S>(); n * n * n * n];
        for i in 0..n {
            for j in 0..n {
                for k in 0..n {
                    let row = (i * n + j) * n * n;
                    sum[row + k * n + j] = sum[row + k * n + j] + r[i * n + k];
                    sum[row + i * n + k] = sum[row + i * n + k] + r[k * n + j];
                }
            }
        }
        solve(&sum, covariance_change, n * n, 1)
    }
}

impl Latent {
    /// A law with any positive definite covariance, `[hidden x hidden]`.
    ///
    /// # Errors
    /// A covariance of wrong length, or that is not symmetric and positive definite.
    pub fn with_covariance(mean: Vec<f64>, covariance: &[f64]) -> Result<Self, LearnError> {
        let n = mean.len();
        if covariance.len() != n * n {
            let what = "the covariance of the hidden species".into();
            return Err(LearnError::Length { what, expected: n * n, found: covariance.len() });
        }
        let largest = covariance.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
        let skew = (0..n * n).map(|e| (covariance[e] - covariance[e % n * n + e / n]).abs()).fold(0.0, f64::max);
        let (values, vectors) = symmetric_eigen(covariance, n);
        let least = values.last().copied().unwrap_or(1.0);
        let asymmetric = skew.is_nan() || skew > 1e-9 * largest;
        if asymmetric || least.is_nan() || least <= 0.0 {
            let (what, value, expected) = if asymmetric {
                (
                    "the largest difference of the covariance of the hidden species to its transpose",
                    skew,
                    "it must be 0",
                )
            } else {
                ("the least eigenvalue of the covariance of the hidden species", least, "it must be > 0")
            };
            return Err(LearnError::BadValue { what: what.into(), value, expected });
        }
        let entry = |e: usize| (0..n).map(|k| values[k].sqrt() * vectors[k][e / n] * vectors[k][e % n]).sum();
        let root = (0..n * n).map(entry).collect();
        Ok(Latent { mean, root, covariance: covariance.to_vec(), diagonal: n == 1 })
    }

    /// Moves the law along `change` by `step`; for a root that stays positive definite.
    ///
    /// # Errors
    /// As [`Latent::with_covariance`].
    pub fn moved(&self, change: &LatentChange, step: f64) -> Result<Self, LearnError> {
        let add = |a: &[f64], b: &[f64]| small::plus(a, &b.iter().map(|x| x * step).collect::<Vec<_>>());
        Latent::with_covariance(add(&self.mean, &change.mean), &add(&self.covariance, &change.covariance))
    }
}
