//! Probabilistic principal component analysis at each time of an ensemble: the standard parameters that data determine.
//!
//! With the eigenvalues l_1 >= ... >= l_N of the sample covariance of the visible species and unit eigenvectors u_k, the most
//! likely parameters of q hidden species are b-hat = mean, sigma^2 = mean of l_(q+1) .. l_N, and the columns of W-hat
//! u_k (l_k - sigma^2)^(1/2), up to a rotation of the hidden species, at mu_h = 0 and Sigma_h = I
//! (M. E. Tipping, C. M. Bishop, J. R. Stat. Soc. B 61 (1999) 611-622; Ernst et al. 2021, eq. 9). [`Orientation`] fixes the
//! rotation from time to time.

mod components;
mod orientation;
mod snapshots;
#[cfg(test)]
mod tests;

pub use components::{Components, gaussian_sampling_covariance};
pub(crate) use orientation::rotate_towards;
pub use orientation::{Orientation, orient};
pub use snapshots::Snapshots;
