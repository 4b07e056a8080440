//! What can keep a job from its result.

use kurtz_dynamics::DynamicsError;
use kurtz_dynamics::bifurcation::BifurcationError;
use kurtz_dynamics::data::DataError;
use kurtz_dynamics::moments::MomentsError;
use kurtz_dynamics::stats::StatsError;
use kurtz_learn::LearnError;
use kurtz_learn::reduce::ReduceError;
use kurtz_model::diagnostic::Diagnostics;
use kurtz_model::kinetics::KineticsError;
use kurtz_ode::OdeError;
use kurtz_report::ReportError;
use std::path::PathBuf;

/// Why a job gave no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A model file with mistakes.
    #[error(transparent)]
    Model(#[from] Diagnostics),
    /// A model that cannot be bound to numbers.
    #[error(transparent)]
    Kinetics(#[from] KineticsError),
    /// A data file with mistakes.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A request that simulation cannot serve.
    #[error(transparent)]
    Dynamics(#[from] DynamicsError),
    /// A request that integration cannot serve.
    #[error(transparent)]
    Ode(#[from] OdeError),
    /// Branches that cannot be followed.
    #[error(transparent)]
    Bifurcation(#[from] BifurcationError),
    /// Moment equations that cannot be derived or closed.
    #[error(transparent)]
    Moments(#[from] MomentsError),
    /// Laws that cannot be compared.
    #[error(transparent)]
    Stats(#[from] StatsError),
    /// Data that cannot be learned from.
    #[error(transparent)]
    Learn(#[from] LearnError),
    /// A network that is not reduced.
    #[error(transparent)]
    Reduce(#[from] ReduceError),
    /// Results that could not be written.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// A model in which there is nothing to follow.
    #[error("{}: the model has no species; declare some, as in `species A = 10`", path.display())]
    NoSpecies {
        /// The file.
        path: PathBuf,
    },
    /// A network that a format cannot hold.
    #[error("{file} cannot hold this model: {reason}")]
    NotExpressible {
        /// The file that was to be written.
        file: String,
        /// What it cannot say.
        reason: String,
    },
    /// A condition of a scan that comes from other settings.
    #[error(
        "{}: {reason}; choose another directory, or replace what is there (--replace)", path.display()
    )]
    OtherScan {
        /// The file.
        path: PathBuf,
        /// What is different.
        reason: String,
    },
    /// A study file with mistakes.
    #[error("{}: {message}", path.display())]
    StudyFile {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        message: String,
    },
    /// A name that nothing has.
    #[error("there is no {kind} `{name}`; there are {known}")]
    Unknown {
        /// What kind of thing was asked for.
        kind: &'static str,
        /// The name.
        name: String,
        /// What there is.
        known: String,
    },
    /// A setting out of its range.
    #[error("{setting} is {found}; {expected}")]
    Setting {
        /// The setting, as the user names it.
        setting: &'static str,
        /// What was given.
        found: String,
        /// What it must be.
        expected: &'static str,
    },
    /// A method that stopped short of its end, for a reason that lies in the model.
    #[error("{method} stopped: {reason}")]
    Stopped {
        /// The method.
        method: String,
        /// Why.
        reason: String,
    },
    /// A method that does not apply to this model or these data.
    #[error("{method} does not apply: {reason}")]
    Declined {
        /// The method.
        method: String,
        /// Why, and what does.
        reason: String,
    },
    /// The user interrupted.
    #[error("interrupted")]
    Interrupted,
}

/// Kinds of errors that a shell can tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The input is at fault: exit code 2.
    BadInput,
    /// The method declines: exit code 3.
    Declined,
    /// The user interrupted: exit code 130.
    Interrupted,
}

impl Error {
    /// Who is at fault.
    pub fn class(&self) -> Class {
        match self {
            Error::Stopped { .. } | Error::Declined { .. } | Error::Kinetics(KineticsError::NeedsSystem { .. }) => {
                Class::Declined
            }
            Error::Dynamics(
                DynamicsError::TimeDependent { .. }
                | DynamicsError::NoSingleEvents { .. }
                | DynamicsError::LinearNoise { .. }
                | DynamicsError::BadPropensity { .. }
                | DynamicsError::MissingReactants { .. },
            ) => Class::Declined,
            Error::Bifurcation(
                BifurcationError::TimeDependent { .. }
                | BifurcationError::NotFollowed { .. }
                | BifurcationError::NothingChanges,
            ) => Class::Declined,
            Error::Bifurcation(BifurcationError::Cancelled) => Class::Interrupted,
            Error::Learn(
                LearnError::NotIdentifiable { .. }
                | LearnError::Intractable { .. }
                | LearnError::Diverged { .. }
                | LearnError::TooManyCandidates { .. }
                | LearnError::NotMassAction { .. }
                | LearnError::UnobservedSpecies { .. }
                | LearnError::Moments(_),
            )
            | Error::Moments(_) => Class::Declined,
            Error::Interrupted | Error::Learn(LearnError::Cancelled) | Error::Reduce(ReduceError::Cancelled) => {
                Class::Interrupted
            }
            Error::Reduce(error) if !error.is_bad_input() => Class::Declined,
            _ => Class::BadInput,
        }
    }
}
