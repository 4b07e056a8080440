//! Truths in closed form, or by a plain method that shares nothing with what it judges.

mod birth_death;
mod epidermis;
mod linear;
mod telegraph;

pub use birth_death::{birth_death_law, immigration_death, immigration_death_autocovariance, poisson, yule};
pub use epidermis::{EPIDERMIS_TABLE, epidermis_matrix, epidermis_moments};
pub use linear::{Matrix, matrix_exponential, solve_linear};
pub use telegraph::{telegraph_moments, telegraph_stationary, telegraph_stationary_law};

/// What a test needs to know of a law of counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Law {
    /// Mean.
    pub mean: f64,
    /// Variance.
    pub variance: f64,
    /// Fourth cumulant; cumulants of independent summands add.
    pub kappa4: f64,
}

impl Law {
    /// Fourth central moment.
    pub fn fourth(&self) -> f64 {
        self.kappa4 + 3.0 * self.variance * self.variance
    }
}
