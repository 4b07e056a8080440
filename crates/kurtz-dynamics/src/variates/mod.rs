//! Random variates beyond the exponential: normal, Poisson, binomial.
//!
//! Exact for all parameters (no normal approximation of a Poisson or binomial law), and made of exactly rounded
//! operations only, like everything in [`crate::rng`]: the same bits on every machine.

mod binomial;
mod gamma;
mod logarithm;
mod normal;
mod poisson;
mod saddle;

pub use binomial::binomial;
pub use gamma::gamma;
pub use logarithm::{exp, ln};
pub use normal::normal;
pub use poisson::poisson;

#[cfg(test)]
mod tests;
