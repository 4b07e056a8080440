//! `kurtz learn`: from data of a user to reactions and rate constants.
//!
//! | data | learned by |
//! |---|---|
//! | moments over ensembles, or directories of `kurtz simulate --output` | equations of the moments |
//! | many trajectories of counts | their moments, with the sampling covariance |
//! | values with measurement noise | mass-action equations |
//! | one trajectory of counts | the likelihood of its events or transitions |

mod courses;
mod ensemble;
mod figures;
mod findings;
mod frame;
mod input;
mod kind;
mod moments;
mod network;
mod offer;
mod result;
mod traces;

pub use input::{Input, Source};
pub use kind::Kind;
pub use result::{LearnResult, Units};

use super::ModelFile;
use crate::Error;
use frame::Frame;
use kurtz_dynamics::Progress;
use kurtz_learn::LearnReport;
use kurtz_learn::series::{NoiseModel, NoiseSource};
use kurtz_model::Network;
use kurtz_model::kinetics::Changes;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// What values are, where no column says so with a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Quantity {
    /// Numbers of molecules.
    Counts,
    /// Amounts per volume.
    Concentration,
}

/// Settings of [`run`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The data, as they were named.
    pub data: Vec<PathBuf>,
    /// A model that gives species, volume and the reactions to choose from.
    pub model: Option<PathBuf>,
    /// Changes to the model; without one only a volume is possible.
    pub changes: Changes,
    /// A file of candidate reactions, one a line.
    pub candidates: Option<PathBuf>,
    /// Without model or candidates: all reactions of at most so many molecules are candidates, 1 to 3. Default 2.
    pub order: u32,
    /// What values are, where no column has a unit.
    pub quantity: Option<Quantity>,
    /// Standard error of each measurement, in the unit of the data.
    pub noise: Option<NoiseModel>,
    /// Number of trajectories behind moments, where no column says so.
    pub trajectories: Option<u64>,
    /// Rate constants that are fixed: reaction (by name or equation) and value.
    pub fix: Vec<(String, f64)>,
    /// Candidates that are certainly there, by name or equation.
    pub known: Vec<String>,
    /// Seed of starts and of randomised tests of fit. Default 1.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            data: Vec::new(),
            model: None,
            changes: Changes::default(),
            candidates: None,
            order: 2,
            quantity: None,
            noise: None,
            trajectories: None,
            fix: Vec::new(),
            known: Vec::new(),
            seed: 1,
        }
    }
}

/// What was learned, ready to be shown and written.
#[derive(Debug)]
pub struct Learned {
    /// What the data were taken as.
    pub kind: Kind,
    /// Rates are in `rate_units`.
    pub report: LearnReport,
    /// The chosen reactions at their rates.
    pub network: Network,
    /// Unit of the constant of each candidate, empty where the data have none.
    pub rate_units: Vec<String>,
    /// Units of the data, as they were understood.
    pub units: Units,
    /// The files.
    pub sources: Vec<Source>,
    /// Where standard errors of measurements come from, and their model for each observable.
    pub noise: Option<(NoiseSource, Vec<(String, NoiseModel)>)>,
    /// Data beside what was learned.
    pub fits: Vec<Fit>,
    /// Numbers that are evenly spread over [0, 1] if the model is right; of traces only.
    pub uniform: Vec<f64>,
    /// The model, if one was given.
    pub model: Option<ModelFile>,
    /// Keys of the references to cite.
    pub references: Vec<&'static str>,
}

/// One observable of one condition beside the learned curve.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// The condition.
    pub condition: String,
    /// The observable: a species or a moment.
    pub observable: String,
    /// Its unit, empty if it has none.
    pub unit: String,
    /// Times of the data.
    pub times: Vec<f64>,
    /// The data, NaN where nothing was measured.
    pub values: Vec<f64>,
    /// Their standard errors; empty where there are none.
    pub errors: Vec<f64>,
    /// What the learned network predicts there; empty where it predicts nothing.
    pub predicted: Vec<f64>,
    /// Times of the curve.
    pub curve_times: Vec<f64>,
    /// The learned curve.
    pub curve: Vec<f64>,
}

/// Learns from data read before.
///
/// # Errors
/// Data, models and settings with mistakes; data that do not determine what was asked for; interruption.
pub fn run(settings: &Settings, inputs: Vec<Input>, progress: &dyn Progress) -> Result<Learned, Error> {
    let (frame, data) = Frame::new(settings, inputs)?;
    match data {
        frame::Data::Moments(series) => moments::learn(settings, frame, series, Kind::Moments, Vec::new(), progress),
        frame::Data::Values(values) => match kind::of(settings, &frame, &values) {
            Kind::Ensemble => ensemble::learn(settings, frame, values, progress),
            Kind::Trace => traces::learn(settings, frame, values, progress),
            _ => courses::learn(settings, frame, values, progress),
        },
    }
}
