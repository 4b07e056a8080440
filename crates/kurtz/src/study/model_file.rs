//! A model from a file, with the changes a user asked for.

use crate::Error;
use kurtz_model::diagnostic::Diagnostic;
use kurtz_model::format::crn;
use kurtz_model::kinetics::Changes;
use kurtz_model::{Kinetics, Network, SpeciesId};
use kurtz_report::Provenance;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Which model, and what to change in it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModelChoice {
    /// The `.crn` file.
    pub path: PathBuf,
    /// Values to change before anything is computed, each in the unit the model declares for it.
    pub changes: Changes,
}

/// A model, read and bound to numbers.
#[derive(Clone, Debug)]
pub struct ModelFile {
    /// Name for messages and provenance: that of the file.
    pub name: String,
    /// The network as it is in the file.
    pub network: Network,
    /// The network with its changes, bound to numbers.
    pub kinetics: Kinetics,
    /// What is odd about it but not wrong.
    pub warnings: Vec<Diagnostic>,
}

impl ModelChoice {
    /// Reads the model and applies the changes.
    ///
    /// # Errors
    /// Mistakes in the file, and changes to what it does not have.
    pub fn read(&self) -> Result<ModelFile, Error> {
        let (network, warnings) = crn::read(&self.path)?;
        let kinetics = Kinetics::with_changes(&network, &self.changes)?;
        if network.species.is_empty() {
            return Err(Error::NoSpecies { path: self.path.clone() });
        }
        let name = self.path.file_name().unwrap_or(self.path.as_os_str()).to_string_lossy().into_owned();
        Ok(ModelFile { name, network, kinetics, warnings })
    }
}

impl ModelFile {
    /// Records this model, with its changes, in the provenance of a result.
    pub fn record(&self, provenance: &mut Provenance) {
        provenance.model(self.name.clone(), self.kinetics.network().hash());
    }

    /// Refuses a model that no method of whole numbers can start from.
    ///
    /// # Errors
    /// Initial counts that are not whole or too large; a propensity that is negative or not finite at the start.
    pub(super) fn check_initial_state(&self) -> Result<(), Error> {
        let counts: Vec<f64> = self.kinetics.initial_counts()?.into_iter().map(|n| n as f64).collect();
        Ok(self.kinetics.check_state(0.0, &counts)?)
    }

    /// The species of this name.
    ///
    /// # Errors
    /// If there is none.
    pub fn species(&self, name: &str) -> Result<SpeciesId, Error> {
        let known = || self.network.species.iter().map(|s| s.name.as_str()).collect::<Vec<_>>().join(", ");
        let id = self.network.species_named(name);
        id.ok_or_else(|| Error::Unknown { kind: "species", name: name.into(), known: known() })
    }

    /// The unit of time, in words, for axes and tables; empty if the model has none.
    pub fn time_unit(&self) -> &str {
        &self.network.time_unit.text
    }
}
