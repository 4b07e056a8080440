//! `result.json`.

use super::{Kind, Learned, Settings, Source};
use crate::Error;
use crate::study::findings::provenance;
use kurtz_learn::LearnReport;
use kurtz_learn::series::{NoiseModel, NoiseSource};
use kurtz_report::{Provenance, ReportError};
use serde::Serialize;
use std::collections::BTreeMap;

/// Units of the data, as they were understood; empty where there is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Units {
    /// Of time.
    pub time: String,
    /// Of amounts.
    pub amount: String,
}

/// The noise of measurements.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Noise {
    /// Where it is known from.
    pub source: NoiseSource,
    /// Of each observable.
    pub models: BTreeMap<String, NoiseModel>,
}

/// Everything that was learned, for programs; described in `docs/reference/learn.md`.
#[derive(Clone, Debug, Serialize)]
pub struct LearnResult {
    /// Version of the layout: 1.
    pub schema: u32,
    /// What the data were taken as.
    pub kind: Kind,
    /// Units of the data.
    pub units: Units,
    /// Unit of each rate constant, by reaction.
    pub rate_units: BTreeMap<String, String>,
    /// The files.
    pub sources: Vec<Source>,
    /// The noise of measurements; of courses only.
    pub noise: Option<Noise>,
    /// What was learned.
    #[serde(flatten)]
    pub report: LearnReport,
    /// The learned network as `.crn`.
    pub network: String,
    /// Version, seed, settings, command.
    pub provenance: Provenance,
}

impl Learned {
    /// Everything that was learned, for programs.
    ///
    /// # Errors
    /// Settings that cannot be recorded.
    pub fn result(&self, settings: &Settings) -> Result<LearnResult, Error> {
        let names = self.report.reactions.iter().map(|r| r.name.clone());
        let noise = self.noise.as_ref().map(|(source, models)| Noise {
            source: *source,
            // What the data bring has no model.
            models: models.iter().filter(|_| *source != NoiseSource::Columns).cloned().collect(),
        });
        Ok(LearnResult {
            schema: 1,
            kind: self.kind,
            units: self.units.clone(),
            rate_units: names.zip(self.rate_units.iter().cloned()).collect(),
            sources: self.sources.clone(),
            noise,
            report: self.report.clone(),
            network: self.network.to_crn(),
            provenance: self.provenance(settings)?,
        })
    }

    /// The same as indented JSON.
    ///
    /// # Errors
    /// As [`Learned::result`].
    pub fn json(&self, settings: &Settings) -> Result<String, Error> {
        let name = "result.json".to_string();
        let json = serde_json::to_string_pretty(&self.result(settings)?)
            .map_err(|source| ReportError::Json { name, source })?;
        Ok(json + "\n")
    }

    pub(super) fn provenance(&self, settings: &Settings) -> Result<Provenance, Error> {
        let mut record = provenance().seed(settings.seed).threads(rayon::current_num_threads()).settings(settings)?;
        if let Some(model) = &self.model {
            model.record(&mut record);
        }
        self.references.iter().for_each(|key| record.cite(*key));
        Ok(record)
    }
}
