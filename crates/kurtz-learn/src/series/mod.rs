//! Reactions and rate constants from courses over time: concentrations or counts with measurement noise, which follow
//! the mass-action equations.
//!
//! 1. Replicates are averaged and every value gets a standard error: as measured, from the spread of replicates, as the
//!    user says, or from the residuals ([`NoiseModel`]).
//! 2. A first set of rates comes from the integral form, which needs no start.
//! 3. The structure is chosen as for moments: all subsets of the candidates on the linearised problem, the leading ones
//!    refitted by integrating the equations (adaptive, stiff where it must be).
//!
//! Reactions with the same reactants are linear combinations of each other in these equations, so different networks can
//! have the same ones (Craciun & Pantea 2008, doi:10.1007/s10910-007-9307-x): the set of equivalent structures says
//! which. Species that were not measured are followed from given initial values; then the rate constants of a given
//! network are fitted, and nothing is chosen.

mod conditions;
mod equations;
mod hidden;
mod learn;
mod moments;
mod noise;
mod offer;
mod report;
mod search;
mod shooting;
mod start;
mod subsets;

pub use equations::RateEquations;
pub use learn::{CourseSettings, Curve, LearnedCourses, learn_courses};
pub use moments::select_by_moments;
pub use noise::{NoiseModel, NoiseSource};
pub use offer::{Given, Offer};

#[cfg(test)]
mod tests;
