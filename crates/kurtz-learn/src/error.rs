//! What can go wrong in learning.

use kurtz_dynamics::error::DynamicsError;
use kurtz_dynamics::moments::MomentsError;
use kurtz_dynamics::stats::StatsError;
use kurtz_model::kinetics::KineticsError;

/// Why something could not be learned.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LearnError {
    /// Data whose shape does not fit.
    #[error("{what} must have {expected} values, not {found}")]
    Length {
        /// Which list.
        what: String,
        /// How many there should be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// A number out of its range.
    #[error("{what} is {value}; {expected}")]
    BadValue {
        /// Which value, in words.
        what: String,
        /// The value found.
        value: f64,
        /// What it must be.
        expected: &'static str,
    },
    /// There is nothing to learn from, or nothing to choose from.
    #[error("there are no {what}; give at least one")]
    Empty {
        /// What is missing.
        what: &'static str,
    },
    /// The data lack moments that are needed.
    #[error("the data have no moment {missing} of {}; record moments up to order {order}", species.join(", "))]
    MissingMoment {
        /// The missing moment, as powers of the species.
        missing: String,
        /// The species of the data.
        species: Vec<String>,
        /// The order that is needed.
        order: u32,
    },
    /// Conditions that do not observe the same things.
    #[error("condition `{condition}` observes {}, but the first condition observes {}", found.join(", "), expected.join(", "))]
    Observables {
        /// The condition that differs.
        condition: String,
        /// Its observables.
        found: Vec<String>,
        /// Those of the first.
        expected: Vec<String>,
    },
    /// A species that the data do not have.
    #[error("species `{species}` is not in the data, which have {}; leave it out of the candidates or measure it", known.join(", "))]
    UnobservedSpecies {
        /// The species.
        species: String,
        /// Those of the data.
        known: Vec<String>,
    },
    /// A covariance that is no covariance.
    #[error("the sampling covariance of condition `{condition}` is not positive semi-definite; check how it was made")]
    NotACovariance {
        /// The condition.
        condition: String,
    },
    /// The model ran away, or is too stiff for the integrator, at every step size tried.
    #[error(
        "the equations cannot be integrated beyond time {time} in condition `{condition}`; they blow up or are stiff"
    )]
    Diverged {
        /// The condition.
        condition: String,
        /// The time reached.
        time: f64,
    },
    /// More candidates than can be searched.
    #[error(
        "{count} candidate terms are too many to search exhaustively (at most {limit}); lower the order or leave some out"
    )]
    TooManyCandidates {
        /// How many there are.
        count: usize,
        /// How many can be.
        limit: usize,
    },
    /// A rate law that cannot be fitted here.
    #[error("reaction `{reaction}` has no mass-action constant; only such reactions can be candidates")]
    NotMassAction {
        /// The reaction.
        reaction: String,
    },
    /// A parameter that does not exist or cannot be fitted.
    #[error("there is no parameter `{name}` to fit; the network has {}", known.join(", "))]
    UnknownParameter {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// A file that cannot be read.
    #[error("{path}: {reason}")]
    File {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A name that stands for nothing.
    #[error("there is no {what} `{name}`; there are {}", known.join(", "))]
    UnknownName {
        /// What was to be named.
        what: &'static str,
        /// The name given.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// The data do not determine what was asked for.
    #[error("the data do not determine {what}: {reason}")]
    NotIdentifiable {
        /// What is not determined.
        what: String,
        /// Why, in words.
        reason: String,
    },
    /// A computation that would take too much.
    #[error("{what} cannot be computed: {reason}")]
    Intractable {
        /// What was to be computed.
        what: String,
        /// Why it cannot be, and what can be done.
        reason: String,
    },
    /// The user interrupted.
    #[error("interrupted")]
    Cancelled,
    /// A network that could not be bound to numbers.
    #[error(transparent)]
    Kinetics(#[from] KineticsError),
    /// A master equation that could not be solved.
    #[error(transparent)]
    Dynamics(#[from] DynamicsError),
    /// Moments of a law that could not be taken.
    #[error(transparent)]
    Statistics(#[from] StatsError),
    /// Moment equations that could not be derived.
    #[error(transparent)]
    Moments(#[from] MomentsError),
}
