//! `kurtz simulate --method ode`: the mass-action equations of a network, integrated.

use super::grid::output_times;
use super::{ModelChoice, ModelFile};
use crate::Error;
use kurtz_dynamics::mass_action::{MassAction, View};
use kurtz_model::{Initial, SpeciesId, Value};
use kurtz_ode::{Integration, OdeMethod, VectorField, solve};
use kurtz_report::DataTable;
use serde::{Deserialize, Serialize};

/// Settings of [`run`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The model.
    pub model: ModelChoice,
    /// First output time, in the model's unit; integration begins at 0.
    pub start: f64,
    /// Last output time.
    pub end: f64,
    /// Number of output steps. Default 100.
    pub steps: usize,
    /// Relative tolerance. Default 1e-8.
    pub relative_tolerance: f64,
    /// Absolute tolerance, in molecules. Default 1e-6.
    pub absolute_tolerance: f64,
    /// The integrator. Default automatic.
    pub method: OdeMethod,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            model: ModelChoice::default(),
            start: 0.0,
            end: 1.0,
            steps: 100,
            relative_tolerance: 1e-8,
            absolute_tolerance: 1e-6,
            method: OdeMethod::Auto,
        }
    }
}

/// Numbers of molecules over time by the mass-action equations.
#[derive(Debug)]
pub struct Course {
    /// The model.
    pub model: ModelFile,
    /// Output times.
    pub times: Vec<f64>,
    /// Numbers of molecules, not rounded, `[times x species]`.
    pub counts: Vec<f64>,
}

/// Integrates the mass-action equations of a model.
///
/// # Errors
/// Mistakes in the model or settings; an integration that ends before the end, with the reason.
pub fn run(settings: &Settings) -> Result<Course, Error> {
    let model = settings.model.read()?;
    let times = output_times(settings.start, settings.end, settings.steps)?;
    let field = MassAction::new(&model.kinetics, View::Counts);
    let integration = Integration {
        method: settings.method,
        relative_tolerance: settings.relative_tolerance,
        absolute_tolerance: settings.absolute_tolerance.into(),
        ..Integration::default()
    };
    let solution = solve(&field, &field.initial_state(), &times, &integration)?;
    if !solution.is_complete() {
        let method = "the integration of the mass-action equations".into();
        return Err(Error::Stopped { method, reason: solution.stop.describe(&field.names()) });
    }
    Ok(Course { model, times: solution.times, counts: solution.states })
}

impl Course {
    /// The course as columns `time, X, ...` of the species `of`, in the order given.
    ///
    /// `amount` are written as numbers of molecules, `concentration` as concentrations; a species in neither as the
    /// model gives its initial amount. Concentrations are in the unit in which the model gives the initial one, else
    /// in molecules per volume unit.
    ///
    /// # Errors
    /// Names that are not species of the model.
    pub fn table(&self, of: &[String], amount: &[String], concentration: &[String]) -> Result<DataTable, Error> {
        let network = &self.model.network;
        let mut table = DataTable::new("ode").column("time", self.times.clone());
        for name in amount.iter().chain(concentration) {
            self.model.species(name)?;
        }
        for name in of {
            let id = self.model.species(name)?;
            let as_count = amount.contains(name)
                || (!concentration.contains(name) && matches!(network.species[id.index()].initial, Initial::Count(_)));
            let scale = if as_count { 1.0 } else { self.molecules_per_unit(id) };
            let values: Vec<f64> =
                self.counts.iter().skip(id.index()).step_by(network.species.len()).map(|n| n / scale).collect();
            table = table.column(name.clone(), values);
        }
        Ok(table)
    }

    /// How many molecules one unit of concentration of a species is.
    fn molecules_per_unit(&self, id: SpeciesId) -> f64 {
        let network = &self.model.network;
        let unit = match &network.species[id.index()].initial {
            Initial::Concentration(Value::Quantity(q)) => {
                q.unit.coherent_scale(&network.volume_unit, &network.time_unit)
            }
            _ => 1.0,
        };
        self.model.kinetics.volume_of(id) * unit
    }
}
