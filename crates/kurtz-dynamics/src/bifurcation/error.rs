//! What can be wrong with a request for a bifurcation diagram.

use kurtz_ode::continuation::ContinuationError;

/// Why there is no bifurcation diagram.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BifurcationError {
    /// A name that is no parameter, species or compartment.
    #[error("there is no parameter, species or compartment `{name}`; there are {}", known.join(", "))]
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// A quantity that the rates, and the totals that the network conserves, do not depend on.
    #[error(
        "`{name}` has no effect on the equations: no rate, no size and no conserved total depends on it; choose another parameter"
    )]
    NoEffect {
        /// The quantity.
        name: String,
    },
    /// A rate that depends on time.
    #[error("the rate of reaction `{reaction}` depends on time, so that there are no steady states to follow")]
    TimeDependent {
        /// The reaction.
        reaction: String,
    },
    /// A network with parts that these equations leave out.
    #[error("the network has {what}, which continuation does not follow; remove them, or write them as reactions")]
    NotFollowed {
        /// Which parts.
        what: &'static str,
    },
    /// Every species is clamped or conserved alone.
    #[error("no species of this network can change")]
    NothingChanges,
    /// Somebody asked to stop.
    #[error("interrupted")]
    Cancelled,
    /// Wrong settings, or no branch at all.
    #[error(transparent)]
    Continuation(#[from] ContinuationError),
}
