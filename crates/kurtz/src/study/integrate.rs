//! `kurtz simulate --method ode`: the equations of a network with its rules and events, integrated.

use super::grid::output_times;
use super::{ModelChoice, WholeModel};
use crate::Error;
use kurtz_dynamics::Progress;
use kurtz_dynamics::hybrid::{Integrate, integrate};
use kurtz_dynamics::method::Stop;
use kurtz_model::system::Observable;
use kurtz_model::{Expression, Initial, SpeciesId, Value, Variable};
use kurtz_report::DataTable;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};

/// Settings of [`run`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The model.
    pub model: ModelChoice,
    /// Names of what to observe: species, parameters, compartments, reactions (their flux). Default: all species.
    pub variables: Option<Vec<String>>,
    /// Species to give as amounts. A species in neither list is given as the model gives its initial value; in SBML,
    /// as the species stands in formulas.
    pub amount: Vec<String>,
    /// Species to give as concentrations: in the unit in which the model gives the initial one, else in its own units.
    pub concentration: Vec<String>,
    /// First output time, in the model's unit; integration begins at 0.
    pub start: f64,
    /// Last output time.
    pub end: f64,
    /// Number of output steps. Default 100.
    pub steps: usize,
    /// How to integrate.
    pub integration: Integrate,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            model: ModelChoice::default(),
            variables: None,
            amount: Vec::new(),
            concentration: Vec::new(),
            start: 0.0,
            end: 1.0,
            steps: 100,
            integration: Integrate::default(),
        }
    }
}

/// What was observed over time.
#[derive(Debug)]
pub struct Course {
    /// The model.
    pub model: WholeModel,
    /// Output times.
    pub times: Vec<f64>,
    /// Names of what was observed.
    pub variables: Vec<String>,
    /// Their values, `[times x variables]`.
    pub values: Vec<f64>,
}

/// Integrates the equations of a model.
///
/// # Errors
/// Mistakes in the model or settings; an integration that ends before the end, with the reason; interruption.
pub fn run(settings: &Settings, progress: &dyn Progress) -> Result<Course, Error> {
    let model = settings.model.read_whole()?;
    let times = output_times(settings.start, settings.end, settings.steps)?;
    let species = || model.network.species.iter().map(|s| s.name.clone()).collect();
    let variables: Vec<String> = settings.variables.clone().unwrap_or_else(species);
    for name in settings.amount.iter().chain(&settings.concentration) {
        // A quantity that is no species may stand in the lists: there is but one way to give it.
        model.observable(&model.system, name)?;
    }
    let names = model.network.species.iter().map(|s| s.name.as_str());
    let species: HashMap<&str, SpeciesId> = names.zip((0..).map(SpeciesId)).collect();
    let [amount, concentration] = [&settings.amount, &settings.concentration].map(|list| list.iter().collect());
    let asked = Asked { species, amount, concentration };
    let observables = variables.iter().map(|name| observable(&model, &asked, name));
    let observables = observables.collect::<Result<Vec<_>, Error>>()?;
    let course = integrate(&model.system, &times, &observables, &settings.integration, progress)?;
    match course.stop {
        None => Ok(Course { model, times, variables, values: course.values }),
        Some(Stop::Cancelled) => Err(Error::Interrupted),
        Some(stop) => {
            let method = "the integration of the equations".into();
            Err(Error::Stopped { method, reason: stop.describe(model.system.network()) })
        }
    }
}

/// Species by their names, and those that are to be written as amounts or as concentrations.
struct Asked<'a> {
    species: HashMap<&'a str, SpeciesId>,
    amount: HashSet<&'a String>,
    concentration: HashSet<&'a String>,
}

fn observable(model: &WholeModel, asked: &Asked, name: &String) -> Result<Observable, Error> {
    let Some(&id) = asked.species.get(name.as_str()) else {
        return model.observable(&model.system, name);
    };
    let mut observable = Observable::of(&model.network, Variable::Species(id));
    let by_default = model.in_concentration[id.index()] || asked.concentration.contains(name);
    if asked.amount.contains(name) || !by_default {
        return Ok(observable);
    }
    let compartment = model.network.species[id.index()].compartment;
    observable.expression = observable.expression / Expression::from(compartment);
    let unit = unit_of_concentration(model, id);
    if unit != 1.0 {
        observable.expression = observable.expression / Expression::number(unit);
    }
    Ok(observable)
}

/// How many of the network's own units of concentration the one is in which its author gives that of a species.
fn unit_of_concentration(model: &WholeModel, species: SpeciesId) -> f64 {
    match &model.network.species[species.index()].initial {
        Initial::Concentration(Value::Quantity(q)) => model.network.own_units_in(&q.unit),
        _ => 1.0,
    }
}

impl Course {
    /// The course as columns `time, X, ...`.
    pub fn table(&self) -> DataTable {
        let mut table = DataTable::new("ode").column("time", self.times.clone()).spelling_non_numbers();
        for (i, name) in self.variables.iter().enumerate() {
            let values: Vec<f64> = self.values.iter().skip(i).step_by(self.variables.len()).copied().collect();
            table = table.column(name.clone(), values);
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kurtz_dynamics::progress::Silent;

    fn course(text: &str, end: f64, steps: usize) -> Vec<f64> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.crn");
        std::fs::write(&path, text).unwrap();
        let model = ModelChoice { path, ..ModelChoice::default() };
        run(&Settings { model, end, steps, ..Settings::default() }, &Silent).unwrap().values
    }

    #[test]
    fn what_was_written_on_purpose_may_be_infinite_or_negative() {
        let values =
            course("species A = amount(-1)\nparameter P = inf, Q = nan\ndecay: A -> 0 @ propensity(2*A)\n", 1.0, 1);
        assert_eq!(values[0], -1.0);
        assert!((values[1] + (-2.0f64).exp()).abs() < 1e-7, "{}", values[1]);
    }

    #[test]
    fn a_pulse_between_two_output_times_is_not_stepped_over() {
        let pulse = "species A = 0\n0 -> A @ rate(if(time > 50 && time < 50.5, 100, 0))";
        let values = course(pulse, 100.0, 2);
        assert!((values[2] - 50.0).abs() < 1e-6, "{values:?}");
    }

    #[test]
    fn a_rate_that_ends_ends_exactly() {
        let values = course("species A = 5, B = 0\nparameter t1 = 2\nA -> B @ rate(if(time < t1, 1, 0)*A)", 3.0, 3);
        let expected = 5.0 * (-2.0_f64).exp();
        assert!((values[4] - expected).abs() < 1e-7 && (values[6] - expected).abs() < 1e-7, "{values:?}");
    }

    #[test]
    fn an_event_is_seen_at_its_time() {
        let values = course("species A = 5\nA -> 0 @ 1\nwhen time >= 1: A = 7", 2.0, 2);
        assert!((values[1] - 7.0).abs() < 1e-12 && (values[2] - 7.0 * (-1.0_f64).exp()).abs() < 1e-7, "{values:?}");
    }
}
