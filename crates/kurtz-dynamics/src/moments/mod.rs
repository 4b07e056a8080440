//! Moments of the counts: their equations derived from any polynomial network, closed, compiled and printed.
//!
//! From the master equation, with jumps u_j and propensities Phi_j,
//!
//! d⟨n^a⟩/dt = sum_j ⟨((n + u_j)^a - n^a) Phi_j(n)⟩.
//!
//! [`MomentHierarchy`] derives these equations exactly, for raw or central moments, to a chosen order; where they call
//! for higher moments a [`Closure`] supplies them; [`ClosedMoments`] is the result as a vector field.
//! [`ReactionContributions`] is the same seen from the side of the learner: what each candidate reaction, at unit rate
//! constant, does to given moments.

mod closed;
pub mod closure;
pub mod contributions;
pub mod conversion;
mod display;
mod error;
pub mod hierarchy;
mod jump;
mod laws;
pub mod names;
pub(crate) mod program;
mod real;
pub(crate) mod sensitivity;
mod symbol;
#[cfg(test)]
mod tests;

pub use closed::{ClosedMoments, Sensitivity};
pub use closure::Closure;
pub use contributions::{RatedReactions, ReactionContributions, Stoichiometry};
pub use error::MomentsError;
pub use hierarchy::MomentHierarchy;
pub use real::{Dual, Real};
pub use symbol::{Form, MAX_DEGREE, MAX_MOMENTS, MAX_ORDER, MomentPolynomial, MomentSymbol};
