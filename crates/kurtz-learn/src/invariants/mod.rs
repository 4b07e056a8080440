//! Relations that hold in recorded courses: sums that are conserved, and products of powers that stay constant once fast
//! reactions have settled.
//!
//! A fast reversible reaction A + B <-> C keeps A B / C near its equilibrium constant, and a fast intermediate keeps a
//! similar quotient near a Michaelis constant: in logarithms these are linear relations with small integers, which data
//! show even where rational functions cannot be regressed (a percent of noise is enough for that). All small ones are tried,
//! on means over blocks of samples, with the noise that is in the data and an allowance for what a
//! reduced description misses.
//!
//! | step | where |
//! |---|---|
//! | how noisy each species is | [`Record::noise`] |
//! | sums with small integer coefficients that do not change | [`conserved_sums`] |
//! | products of powers that do not change after an initial layer | [`constant_products`] |
//! | rational laws that follow from both | [`crate::rational`] |
//!
//! One course shows that quantities follow each other, not why: two independent decays whose rates are as 1 : 2 have a
//! constant quotient too. Courses from several initial states rule such coincidences out.

mod blocks;
mod conserved;
mod noise;
mod products;
mod record;
mod vectors;

pub use conserved::{ConservedSum, conserved_sums};
pub use products::{ConstantProduct, ConstantProducts, Window, constant_products, describe};
pub use record::{Course, Record};

use crate::LearnError;
use serde::{Deserialize, Serialize};

/// Settings of the search for relations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RelationSettings {
    /// Standard deviation of the noise as a fraction of the value, for all species, in [0, 1). Default: estimated from the
    /// roughness of each course.
    pub noise: Option<f64>,
    /// By how much a reduced description may be off, as a fraction of the value, in (0, 0.2]. What data miss by no more
    /// than that is not held against a relation, nor does it speak for a further term. Default 0.01.
    pub discrepancy: f64,
    /// Largest coefficient of a sum that is tried, in 1..=3. Default 2.
    pub largest_coefficient: u32,
    /// Begin of the window, in units of time. Default: found.
    pub start: Option<f64>,
}

impl Default for RelationSettings {
    fn default() -> Self {
        RelationSettings { noise: None, discrepancy: 0.01, largest_coefficient: 2, start: None }
    }
}

impl RelationSettings {
    /// Checks the ranges.
    pub(crate) fn validate(&self) -> Result<(), LearnError> {
        let bad = |what: &str, value: f64, expected| Err(LearnError::BadValue { what: what.into(), value, expected });
        if let Some(value) = self.noise.filter(|s| !(0.0..1.0).contains(s)) {
            return bad("the noise", value, "it must be a fraction in [0, 1)");
        }
        if !(self.discrepancy > 0.0 && self.discrepancy <= 0.2) {
            return bad("the discrepancy", self.discrepancy, "it must be a fraction in (0, 0.2]");
        }
        if !(1..=3).contains(&self.largest_coefficient) {
            return bad("the largest coefficient", self.largest_coefficient.into(), "it must be 1, 2 or 3");
        }
        if let Some(value) = self.start.filter(|s| !s.is_finite()) {
            return bad("the start of the window", value, "it must be a time");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
