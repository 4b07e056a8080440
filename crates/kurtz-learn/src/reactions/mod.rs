//! Which reactions, and how fast: candidates, their rate constants with intervals, and the network that results.

mod candidates;
mod closures;
mod data;
mod implied;
mod intervals;
mod learn;
mod master_equation;
mod network;
mod parameters;

pub use candidates::{Candidate, CandidateSettings, candidates_of, enumerate_candidates};
pub use closures::compare_closures;
pub use data::ReactionData;
pub use learn::{LearnedReactions, RateSettings, learn_from, learn_reactions};
pub use master_equation::{MasterEquation, fit_master_equation};
pub use network::{Amounts, free_name, network_of};
pub use parameters::{ParameterFit, RateExpressions, fit_parameters, parameters_from_rates};

pub(crate) use implied::{Implied, Rated, implied, with_implied_covariance};
pub(crate) use intervals::{Range, profile};
pub(crate) use learn::{REWEIGHTINGS, covariance_verdicts, is_settled, structure_reports, structure_verdicts};
