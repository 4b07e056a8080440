//! Why a network is not reduced.

use kurtz_dynamics::bifurcation::BifurcationError;
use kurtz_dynamics::error::DynamicsError;
use kurtz_model::kinetics::KineticsError;
use kurtz_ode::OdeError;

/// Why a network is not reduced. All but the names and settings that are wrong mean that the method declines.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ReduceError {
    /// Species in compartments of different sizes.
    #[error("species live in compartments of different sizes; reduction works on concentrations in one")]
    Compartments,
    /// A rate that depends on time by itself.
    #[error("the rate of `{reaction}` depends on time; reduction needs rates that depend on the state alone")]
    TimeDependent {
        /// The reaction.
        reaction: String,
    },
    /// A network without changes.
    #[error("no reaction changes anything, so there is nothing to reduce")]
    NothingChanges,
    /// A name that nothing has.
    #[error("there is no {kind} `{name}`; there are {}", known.join(", "))]
    Unknown {
        /// What was looked for.
        kind: &'static str,
        /// The name.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// A setting out of its range.
    #[error("{setting} is {found}; {expected}")]
    Setting {
        /// The setting.
        setting: &'static str,
        /// What was given.
        found: f64,
        /// What it must be.
        expected: &'static str,
    },
    /// The full model itself cannot be integrated so far.
    #[error("the full model cannot be followed to the end: {reason}")]
    FullModel {
        /// Why.
        reason: String,
    },
    /// No time scales to separate.
    #[error("there is no gap between time scales: {reason}")]
    NoGap {
        /// What was found instead.
        reason: String,
    },
    /// What was to be fast leaves nothing slow.
    #[error("nothing is left that is slow when {what} are fast: every remaining combination is conserved")]
    NothingSlow {
        /// The fast species or reactions.
        what: String,
    },
    /// What was to be fast does not act alone, or not at all.
    #[error("{what} cannot be taken as fast: {reason}")]
    NotFast {
        /// The fast species or reactions.
        what: String,
        /// Why not.
        reason: String,
    },
    /// Fast equations that leave species undetermined.
    #[error("the fast equations are singular: they leave {} undetermined", unknowns.join(", "))]
    Singular {
        /// The species.
        unknowns: Vec<String>,
    },
    /// Fast equations without a solution in closed form.
    #[error("the fast equations cannot be solved in closed form: {reason}")]
    NotSolvable {
        /// What remains.
        reason: String,
    },
    /// A solution of the fast equations that is no state of the network.
    #[error("the solution of the fast equations gives {species} = {value} at time {time}, which is no concentration")]
    NotAState {
        /// The species.
        species: String,
        /// Its value.
        value: f64,
        /// When.
        time: f64,
    },
    /// A candidate that does not serve.
    #[error("{reason}")]
    NotValid {
        /// Why.
        reason: String,
    },
    /// The user interrupted.
    #[error("interrupted")]
    Cancelled,
    /// An integration that was asked wrongly.
    #[error(transparent)]
    Ode(#[from] OdeError),
    /// A reduced network that could not be bound to numbers.
    #[error(transparent)]
    Kinetics(#[from] KineticsError),
    /// A simulation that could not be made.
    #[error(transparent)]
    Dynamics(#[from] DynamicsError),
    /// Long-time behaviour that could not be found.
    #[error(transparent)]
    Bifurcation(#[from] BifurcationError),
}

impl ReduceError {
    /// Whether the request was wrong, rather than the network unsuitable.
    pub fn is_bad_input(&self) -> bool {
        matches!(self, ReduceError::Unknown { .. } | ReduceError::Setting { .. })
    }
}
