//! What values are taken as.

use super::Settings;
use super::frame::{Frame, Values};
use kurtz_learn::reactions::Amounts;
use serde::{Deserialize, Serialize};

/// What the data are taken as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Moments over ensembles.
    Moments,
    /// Trajectories of counts, many of each condition, on a common grid.
    Ensemble,
    /// Values with measurement noise that follow the mass-action equations.
    Courses,
    /// Single trajectories of counts without measurement noise.
    Trace,
}

impl Kind {
    /// In words.
    pub fn describe(self) -> &'static str {
        match self {
            Kind::Moments => "moments over ensembles",
            Kind::Ensemble => "ensembles of trajectories, reduced to their moments",
            Kind::Courses => "courses over time with measurement noise",
            Kind::Trace => "single trajectories of counts",
        }
    }
}

/// With so many trajectories of each condition, their moments are taken.
const MANY: usize = 20;

/// What values are: with noise (said, in columns, or as gaps or broken numbers show) courses; else whole counts are
/// realisations of the stochastic network.
pub(super) fn of(settings: &Settings, frame: &Frame, values: &Values) -> Kind {
    let noisy = settings.noise.is_some() || values.series.iter().any(|s| s.standard_errors.is_some());
    let whole = values.series.iter().all(|s| s.values.iter().all(|x| x.fract() == 0.0));
    if noisy || !whole || frame.amounts != Amounts::Counts {
        return Kind::Courses;
    }
    let many = values.conditions().iter().all(|c| {
        let trajectories: Vec<_> = values.series.iter().filter(|s| s.condition == *c).collect();
        trajectories.len() >= MANY && trajectories.iter().all(|s| s.times == trajectories[0].times)
    });
    if many { Kind::Ensemble } else { Kind::Trace }
}
