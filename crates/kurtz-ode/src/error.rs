//! What can be wrong with a question. How an answer ended is in [`Stop`](crate::Stop).

/// Bad input of an integration.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum OdeError {
    /// The field has no variables.
    #[error("the vector field has no variables, so there is nothing to integrate")]
    NoVariables,
    /// The initial state has another length than the field.
    #[error("the initial state has {found} values, but the vector field has {expected} variables")]
    StateLength {
        /// Dimension of the field.
        expected: usize,
        /// Length of the initial state given.
        found: usize,
    },
    /// An initial value is NaN or infinite.
    #[error("the initial value of variable {variable} is {value}; give a finite number")]
    InitialValue {
        /// Index of the variable.
        variable: usize,
        /// The value given.
        value: f64,
    },
    /// No output time was given.
    #[error("no output times were given; give at least one")]
    NoTimes,
    /// A time is NaN or infinite.
    #[error("time {value} at position {index} is not finite")]
    TimeNotFinite {
        /// Position in the list of times.
        index: usize,
        /// The value given.
        value: f64,
    },
    /// Output times do not increase strictly.
    #[error("output times must increase strictly, but time {next} at position {index} follows {previous}")]
    TimesNotIncreasing {
        /// Position of the later time in the list.
        index: usize,
        /// The time before it.
        previous: f64,
        /// The time itself.
        next: f64,
    },
    /// An output time lies before the time of the initial state.
    #[error("output time {time} lies before {first_time}, the time of the initial state; set `first_time`")]
    TimeBeforeFirst {
        /// The first output time.
        time: f64,
        /// The time of the initial state.
        first_time: f64,
    },
    /// The relative tolerance is not in [1e-14, 1).
    #[error("the relative tolerance is {found}; give a number of at least 1e-14 and below 1")]
    RelativeTolerance {
        /// The value given.
        found: f64,
    },
    /// An absolute tolerance is not positive and finite.
    #[error("the absolute tolerance of variable {variable} is {found}; give a positive number")]
    AbsoluteTolerance {
        /// Index of the variable.
        variable: usize,
        /// The value given.
        found: f64,
    },
    /// There are neither one nor n absolute tolerances.
    #[error("{found} absolute tolerances were given for {expected} variables; give one, or one for each")]
    ToleranceLength {
        /// Dimension of the field.
        expected: usize,
        /// Number of tolerances given.
        found: usize,
    },
    /// A step size is not positive and finite.
    #[error("`{setting}` is {found}; give a positive number")]
    StepSize {
        /// The setting: `initial_step`, `largest_step` or `step`.
        setting: &'static str,
        /// The value given.
        found: f64,
    },
    /// The tolerance of the sensitivities is not in [1e-14, 1).
    #[error("the tolerance of the sensitivities is {found}; give a number of at least 1e-14 and below 1")]
    SensitivityTolerance {
        /// The value given.
        found: f64,
    },
    /// Sensitivities to parameters were asked of a field that has none.
    #[error("the vector field has no parameters, so it has no sensitivities to them")]
    NoParameters,
}
