//! What can be wrong with a question; how a branch ended is part of it instead.

/// Why there is no branch.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ContinuationError {
    /// A family without variables.
    #[error("the family has no variables, so there is nothing to follow")]
    NoVariables,
    /// The range of the parameter is empty, reversed or not finite.
    #[error("the parameter is to go from {from} to {to}; give two finite numbers, the smaller first")]
    Range {
        /// Lower end.
        from: f64,
        /// Upper end.
        to: f64,
    },
    /// A setting out of its range.
    #[error("`{setting}` is {found}; {expected}")]
    Setting {
        /// The setting.
        setting: &'static str,
        /// The value given.
        found: f64,
        /// What it must be.
        expected: &'static str,
    },
    /// A state of the wrong length.
    #[error("the state has {found} values, but the family has {expected} variables")]
    StateLength {
        /// Dimension of the family.
        expected: usize,
        /// Length given.
        found: usize,
    },
    /// Typical sizes that are not positive, or not one for each variable.
    #[error("the typical size of variable {variable} is {found}; give one positive number for each variable")]
    Sizes {
        /// Index of the variable.
        variable: usize,
        /// The value found; not a number if there is none.
        found: f64,
    },
    /// Newton's method found no steady state.
    #[error("no steady state was found at parameter {parameter} from the state given; start from another state")]
    NoSteadyState {
        /// The parameter value.
        parameter: f64,
    },
    /// Newton's method found no cycle.
    #[error("no limit cycle was found at parameter {parameter} near the state given; start nearer to it")]
    NoCycle {
        /// The parameter value.
        parameter: f64,
    },
    /// An integration could not be set up.
    #[error(transparent)]
    Ode(#[from] crate::OdeError),
}
