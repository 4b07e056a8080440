//! What can be learned from data about a reaction network: its equations, its reactions, its rate constants, and how
//! sure one can be of each.

pub mod approximation;
pub mod condition;
pub mod courses;
pub mod dbd;
pub mod derivative;
pub mod design;
pub mod equations;
mod error;
pub mod events;
pub mod fit;
pub mod frame;
mod identifiability;
pub mod invariants;
pub mod latent;
pub mod library;
mod linear;
pub mod methods;
pub mod nn;
pub mod odenet;
pub mod rational;
pub mod reactions;
pub mod reduce;
pub mod report;
pub mod series;
pub mod structure;
pub mod synthetic;

pub use condition::Condition;
pub use equations::{EquationSettings, LearnedEquations, learn_equations};
pub use error::LearnError;
pub use identifiability::{Direction, Identifiability};
pub use reactions::{Candidate, LearnedReactions, RateSettings, ReactionData, learn_from, learn_reactions};
pub use report::LearnReport;

#[cfg(test)]
mod testing;
