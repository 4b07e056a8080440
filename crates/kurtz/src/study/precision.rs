//! As many trajectories as a precision takes.

use super::simulate::{Sample, Settings};
use super::summary;
use crate::Error;
use serde::{Deserialize, Serialize};

/// The precision asked of the mean of one quantity.
///
/// A pilot ensemble of another seed says how many trajectories that takes. The ensemble itself then has that number,
/// fixed before it begins, and no trajectory of the pilot: means are not biased by when one stopped, and it is the
/// same ensemble as one of as many trajectories asked for outright.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Precision {
    /// The quantity, one of those observed.
    pub variable: String,
    /// The standard error of its mean, at every output time, relative to the largest mean over these.
    pub relative: f64,
}

/// Trajectories of the pilot.
const PILOT: u64 = 1000;
/// What is taken beyond what the pilot says, since its variance is uncertain (by 4.5 % for Gaussian numbers).
const MARGIN: f64 = 1.1;
/// Trajectories at most.
const MOST: f64 = 1e9;
/// Ensembles before it is given up: each misses the aim in a few percent of cases.
const ATTEMPTS: usize = 8;

impl Precision {
    /// Samples with `sample` until the precision is reached.
    pub(super) fn run(
        &self,
        settings: &Settings,
        sample: impl Fn(&Settings) -> Result<Sample, Error>,
    ) -> Result<Sample, Error> {
        if !(self.relative > 0.0 && self.relative < 1.0) {
            return Err(Error::Setting {
                setting: "until_error",
                found: self.relative.to_string(),
                expected: "it must be between 0 and 1",
            });
        }
        let pilot = Settings {
            trajectories: PILOT,
            // Streams of other seeds are unrelated.
            seed: settings.seed ^ 0x9e37_79b9_7f4a_7c15,
            covariance: 0,
            record_trajectories: false,
            record_histograms: false,
            checkpoint: None,
            precision: None,
            ..settings.clone()
        };
        let mut trajectories = PILOT as f64 * (self.reached(&sample(&pilot)?)? / self.relative).powi(2);
        for _ in 0..ATTEMPTS {
            trajectories = (MARGIN * trajectories).ceil().max(100.0);
            if trajectories > MOST {
                return Err(Error::Declined {
                    method: "an ensemble of this precision".into(),
                    reason: format!("it would take {trajectories:.1e} trajectories; ask for less"),
                });
            }
            let settings = Settings { trajectories: trajectories as u64, precision: None, ..settings.clone() };
            let sample = sample(&settings)?;
            let reached = self.reached(&sample)?;
            if reached <= self.relative {
                return Ok(sample);
            }
            trajectories *= (reached / self.relative).powi(2);
        }
        Err(Error::Declined {
            method: "an ensemble of this precision".into(),
            reason: "its error does not fall as that of a mean does; the variance is perhaps infinite".into(),
        })
    }

    /// The largest standard error of the mean, relative to the largest mean.
    fn reached(&self, sample: &Sample) -> Result<f64, Error> {
        let moments = &sample.moments;
        let n = moments.species.len();
        let Some(s) = moments.species.iter().position(|name| *name == self.variable) else {
            let known = moments.species.join(", ");
            return Err(Error::Unknown { kind: "observed quantity", name: self.variable.clone(), known });
        };
        let column = |power| moments.position(&summary::single(n, s, power)).map(|m| summary::moment(moments, m));
        let (Some(means), Some(variances)) = (column(1), column(2)) else {
            return Err(Error::Setting {
                setting: "order",
                found: "1".into(),
                expected: "variances are needed to know the precision: keep moments of order 2",
            });
        };
        let largest = means.iter().fold(0.0f64, |a, m| a.max(m.abs()));
        let variance = variances.iter().fold(0.0f64, |a, v| a.max(*v));
        let number = moments.trajectories.unwrap_or(1) as f64;
        if variance == 0.0 {
            return Ok(0.0);
        }
        if largest == 0.0 {
            return Ok(f64::INFINITY);
        }
        Ok((variance / (number - 1.0)).sqrt() / largest)
    }

    /// What was reached, in a sentence.
    ///
    /// # Errors
    /// A quantity that was not observed.
    pub fn statement(&self, sample: &Sample) -> Result<String, Error> {
        Ok(format!(
            "{} trajectories: the standard error of the mean of `{}` is at most {:.3} % of its largest mean",
            sample.moments.trajectories.unwrap_or(0),
            self.variable,
            100.0 * self.reached(sample)?
        ))
    }
}
