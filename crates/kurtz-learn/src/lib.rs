//! What can be learned from data about a reaction network: its equations, its reactions, its rate constants, and how
//! sure one can be of each.

pub mod condition;
mod error;
pub mod fit;
pub mod library;
mod linear;
pub mod structure;
pub mod synthetic;

pub use condition::Condition;
pub use error::LearnError;

#[cfg(test)]
mod testing;
