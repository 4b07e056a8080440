//! `kurtz simulate --method ode`: the mass-action equations of a network, integrated.

use super::grid::output_times;
use super::{ModelChoice, ModelFile};
use crate::Error;
use kurtz_dynamics::mass_action::{MassAction, View};
use kurtz_model::{Expression, Initial, RateLaw, SpeciesId, Symbol, Value};
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
    of_model(settings.model.read()?, settings)
}

fn of_model(model: ModelFile, settings: &Settings) -> Result<Course, Error> {
    let times = output_times(settings.start, settings.end, settings.steps)?;
    let field = MassAction::new(&model.kinetics, View::Counts);
    let integration = Integration {
        method: settings.method,
        relative_tolerance: settings.relative_tolerance,
        absolute_tolerance: settings.absolute_tolerance.into(),
        // What a law does between two switches is smooth, but may be a short pulse.
        largest_step: depends_on_time(&model).then(|| settings.end / settings.steps.max(100) as f64),
        ..Integration::default()
    };
    let counts = through(&field, &times, &integration, &switches(&model, settings.end))?;
    Ok(Course { model, times, counts })
}

fn depends_on_time(model: &ModelFile) -> bool {
    (0..model.network.reactions.len()).any(|r| model.kinetics.depends_on_time(r.into()))
}

/// Integrates from switch to switch, from the first number after one to the last before the next, so that no step and no
/// stage of a step sees both sides. Gives the states at `times`.
fn through(field: &MassAction, times: &[f64], settings: &Integration, switches: &[f64]) -> Result<Vec<f64>, Error> {
    let end = times.last().copied().unwrap_or(0.0);
    let mut counts = Vec::with_capacity(times.len() * field.dimension());
    let (mut state, mut first_time, mut done) = (field.initial_state(), 0.0, 0);
    for (i, &until) in switches.iter().chain([&end]).enumerate() {
        let is_last = i == switches.len();
        let stop = if is_last { end } else { until.next_down() };
        let inside = times[done..].iter().take_while(|&&t| t <= until).count();
        // The state has no jump: at the switch itself it is that just before.
        let mut stretch: Vec<f64> = times[done..done + inside].iter().map(|t| t.min(stop)).collect();
        if stretch.last() != Some(&stop) {
            stretch.push(stop);
        }
        let solution = solve(field, &state, &stretch, &Integration { first_time, ..settings.clone() })?;
        if !solution.is_complete() {
            let method = "the integration of the mass-action equations".into();
            return Err(Error::Stopped { method, reason: solution.stop.describe(&field.names()) });
        }
        counts.extend_from_slice(&solution.states[..inside * field.dimension()]);
        state = solution.state(stretch.len() - 1).to_vec();
        (first_time, done) = (until.next_up(), done + inside);
    }
    Ok(counts)
}

/// The times in (0, end) at which a rate law compares time with a constant.
fn switches(model: &ModelFile, end: f64) -> Vec<f64> {
    let mut found = Vec::new();
    for reaction in &model.kinetics.network().reactions {
        let (RateLaw::MassAction(law) | RateLaw::Rate(law) | RateLaw::Propensity(law)) = &reaction.rate;
        law.for_each_comparison(&mut |left, right| {
            for (time, limit) in [(left, right), (right, left)] {
                let is_time = *time == Expression::from(Symbol::Time);
                let value = model.kinetics.value_of_constant(limit);
                found.extend(value.filter(|&at| is_time && at > 0.0 && at < end));
            }
        });
    }
    found.sort_by(f64::total_cmp);
    found.dedup();
    found
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

#[cfg(test)]
mod tests {
    use super::*;
    use kurtz_model::Kinetics;
    use kurtz_model::format::crn;

    fn course(text: &str, end: f64, steps: usize) -> Vec<f64> {
        let (network, warnings) = crn::parse(text, "test.crn").unwrap();
        let kinetics = Kinetics::new(&network).unwrap();
        let model = ModelFile { name: "test.crn".into(), network, kinetics, warnings };
        let settings = Settings { end, steps, ..Settings::default() };
        of_model(model, &settings).unwrap().counts
    }

    #[test]
    fn a_pulse_between_two_output_times_is_not_stepped_over() {
        let pulse = "species A = 0\n0 -> A @ rate(if(time > 50 && time < 50.5, 100, 0))";
        let counts = course(pulse, 100.0, 2);
        assert!((counts[2] - 50.0).abs() < 1e-6, "{counts:?}");
    }

    #[test]
    fn a_rate_that_ends_ends_exactly() {
        let counts = course("species A = 5, B = 0\nparameter t1 = 2\nA -> B @ rate(if(time < t1, 1, 0)*A)", 3.0, 3);
        let expected = 5.0 * (-2.0_f64).exp();
        assert!((counts[4] - expected).abs() < 1e-7 && (counts[6] - expected).abs() < 1e-7, "{counts:?}");
    }
}
