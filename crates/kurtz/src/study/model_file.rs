//! A model from a file, with the changes a user asked for.

use crate::Error;
use kurtz_model::diagnostic::{Diagnostic, Problem, Severity};
use kurtz_model::format::{self, Format};
use kurtz_model::kinetics::{Changes, KineticsError};
use kurtz_model::system::Observable;
use kurtz_model::{Kinetics, Network, SpeciesId, System};
use kurtz_report::Provenance;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Which model, and what to change in it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModelChoice {
    /// The file, `.crn` or SBML.
    pub path: PathBuf,
    /// Values to change before anything is computed, each in the unit the model declares for it.
    pub changes: Changes,
}

/// A whole model with its rules and events, read and bound to numbers.
#[derive(Clone, Debug)]
pub struct WholeModel {
    /// Name for messages and provenance: that of the file.
    pub name: String,
    /// The network as it is in the file.
    pub network: Network,
    /// The network with its changes, bound to numbers.
    pub system: System,
    /// Whether results for a species are concentrations unless one asks for amounts, `[species]`.
    pub in_concentration: Vec<bool>,
    /// What is odd about it but not wrong.
    pub warnings: Vec<Diagnostic>,
}

/// A model of rate laws alone, read and bound to numbers.
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

/// Whether a value that rate laws alone cannot have was written in the file on purpose, `inf` or `amount(-1)`: by mistake it
/// would have been refused there. A value that a change brought was not.
fn is_said(network: &Network, error: &KineticsError) -> bool {
    let is_value = matches!(error, KineticsError::BadValue { .. });
    is_value && Kinetics::new(network).is_err_and(|unchanged| unchanged.to_string() == error.to_string())
}

impl ModelChoice {
    /// Reads the model with its rules and events and applies the changes.
    ///
    /// # Errors
    /// Mistakes in the file, and changes to what it does not have.
    pub fn read_whole(&self) -> Result<WholeModel, Error> {
        let source = format::read(&self.path)?;
        let system = System::new(&source.network, &self.changes)?;
        // What somebody wrote by hand is held to more: constants are not negative, values are numbers.
        if source.format == Format::Crn
            && let Err(error) = Kinetics::new(system.network())
            && !matches!(error, KineticsError::NeedsSystem { .. })
            && !is_said(&source.network, &error)
        {
            return Err(error.into());
        }
        let name = self.path.file_name().unwrap_or(self.path.as_os_str()).to_string_lossy().into_owned();
        Ok(WholeModel {
            name,
            network: source.network,
            system,
            in_concentration: source.in_concentration,
            warnings: source.warnings,
        })
    }

    /// Reads a model of rate laws alone and applies the changes.
    ///
    /// # Errors
    /// Mistakes in the file, changes to what it does not have, and what rate laws cannot express.
    pub fn read(&self) -> Result<ModelFile, Error> {
        let WholeModel { name, network, system, mut warnings, .. } = self.read_whole()?;
        let (network, kinetics) = match Kinetics::with_changes(&network, &self.changes) {
            Ok(kinetics) => (network, kinetics),
            Err(KineticsError::NeedsSystem { .. }) => {
                let (followed, left_out) = system.network().followed()?;
                if !left_out.is_empty() {
                    let problem = Problem::LeftOut { names: left_out };
                    warnings.push(Diagnostic { severity: Severity::Warning, problem, place: None, help: None });
                }
                let kinetics = Kinetics::new(&followed)?;
                (followed, kinetics)
            }
            Err(error) => return Err(error.into()),
        };
        if network.species.is_empty() {
            return Err(Error::NoSpecies { path: self.path.clone() });
        }
        Ok(ModelFile { name, network, kinetics, warnings })
    }
}

impl WholeModel {
    /// Records this model, with its changes, in the provenance of a result.
    pub fn record(&self, provenance: &mut Provenance) {
        provenance.model(self.name.clone(), self.system.network().hash());
    }

    /// The quantity of this name in `system`, which is that of this model, perhaps in other units.
    ///
    /// # Errors
    /// If nothing has this name.
    pub(super) fn observable(&self, system: &System, name: &str) -> Result<Observable, Error> {
        let known = || self.network.species.iter().map(|s| s.name.as_str()).collect::<Vec<_>>().join(", ");
        system.observable(name).map_err(|error| match error {
            KineticsError::UnknownQuantity { name } => {
                Error::Unknown { kind: "species, parameter, compartment or reaction", name, known: known() }
            }
            other => other.into(),
        })
    }

    /// The unit of time, in words, for axes and tables; empty if the model has none.
    pub fn time_unit(&self) -> &str {
        &self.network.time_unit.text
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
