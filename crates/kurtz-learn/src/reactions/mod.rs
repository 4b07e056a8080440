//! Which reactions, and how fast: candidates, their rate constants with intervals, and the network that results.

mod candidates;
mod intervals;
mod learn;
mod network;
mod parameters;

pub use candidates::{Candidate, CandidateSettings, candidates_of, enumerate_candidates};
pub use learn::{LearnedReactions, RateSettings, learn_reactions};
pub use network::network_of;
pub use parameters::{ParameterFit, RateExpressions, fit_parameters};
