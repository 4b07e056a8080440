//! Workshop for the tests of kurtz: oracles in closed form, and statistical assertions. Everything is plain numbers;
//! nothing here knows the rest of kurtz, so that nothing can agree with itself.

pub mod oracle;
pub mod statistics;

pub use statistics::{ChiSquare, FalsePositive, Sampled, assert_moments, chi_square};
