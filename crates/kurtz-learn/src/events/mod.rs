//! Reactions and rate constants from single realisations of a stochastic network, by likelihood.
//!
//! Where every event was recorded, each candidate reaction is a point process with intensity k h(n), whose likelihood is
//! exact (D. J. Wilkinson, Stochastic Modelling for Systems Biology, 3rd ed. 2018, section 10.2). Where the state was
//! recorded on a grid, with any number of events between two rows, the probability of each transition comes from the
//! master equation on a finite set of states (Munsky & Khammash 2006, doi:10.1063/1.2145882); species that were not
//! recorded are summed over.

mod gridded;
mod groups;
mod maximum;
mod recorded;
mod report;
#[cfg(test)]
mod tests;
mod trace;
mod transitions;

pub use trace::{Resolution, resolution};

use crate::error::LearnError;
use crate::report::LearnReport;
use crate::series::Offer;
use kurtz_dynamics::Progress;
use kurtz_dynamics::data::Series;
use serde::{Deserialize, Serialize};

/// Settings of [`learn_traces`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TraceSettings {
    /// Confidence of the intervals, in (0, 1). Default 0.95.
    pub confidence: f64,
    /// What a reaction must gain in twice the log-likelihood to be kept, >= 0. Default ln N + 2 ln p for N events or
    /// transitions and p candidates.
    pub penalty: Option<f64>,
    /// Structures whose score is within this of the best count as equivalent, > 0. Default 10.
    pub window: f64,
    /// Most states of the master equation, where it is needed. Default 20 000.
    pub max_states: usize,
    /// Most multiplications of one evaluation of the likelihood, where the master equation is needed. Default 2e9.
    pub max_work: f64,
    /// Seed of the randomised test of fit. Default 1.
    pub seed: u64,
}

impl Default for TraceSettings {
    fn default() -> Self {
        TraceSettings { confidence: 0.95, penalty: None, window: 10.0, max_states: 20_000, max_work: 2e9, seed: 1 }
    }
}

/// A network learned from realisations.
#[derive(Clone, Debug, PartialEq)]
pub struct LearnedTraces {
    /// What is known about its reactions.
    pub report: LearnReport,
    /// Rate constants of all candidates, zero for those left out.
    pub constants: Vec<f64>,
    /// How the traces were recorded.
    pub resolution: Resolution,
    /// One number for each event or transition, evenly spread over [0, 1] if the model is right.
    pub uniform: Vec<f64>,
    /// Changes of state that no candidate makes, `[species that can change]`, and how often they occurred.
    pub unexplained: Vec<(Vec<i64>, usize)>,
}

/// Learns the reactions of an offer, and their constants, from counts of its species in single realisations.
///
/// # Errors
/// Counts that are not whole; species that were not recorded although every event was; a state space too large for the
/// likelihood; constants that the traces do not determine; interruption.
pub fn learn_traces(
    series: &[Series],
    observed: &[String],
    offer: &Offer,
    settings: &TraceSettings,
    progress: &dyn Progress,
) -> Result<LearnedTraces, LearnError> {
    offer.check()?;
    let traces = trace::traces(series, observed, offer)?;
    match resolution(&traces, offer) {
        Resolution::Events => recorded::learn(&traces, offer, settings),
        Resolution::Grid => gridded::learn(&traces, offer, settings, progress),
    }
}
