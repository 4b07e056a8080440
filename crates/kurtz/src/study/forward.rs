//! `kurtz simulate --method ode --sensitivity`: how the solution of the equations depends on parameters.

use super::findings::{Findings, provenance};
use super::grid::output_times;
use super::{ModelChoice, ModelFile};
use crate::Error;
use kurtz_dynamics::moments::Sensitivity;
use kurtz_dynamics::{MassAction, View};
use kurtz_model::kinetics::KineticsError;
use kurtz_ode::{Integration, Sensitivities, Tolerance, VectorField, solve};
use kurtz_report::{Axis, DataTable, Figure, Line, Panel, Report, Section};
use serde::{Deserialize, Serialize};

/// Settings of [`run`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The model.
    pub model: ModelChoice,
    /// Names of the parameters.
    pub parameters: Vec<String>,
    /// First output time, in the model's unit; integration begins at 0. Default 0.
    pub start: f64,
    /// Last output time. Default 1.
    pub end: f64,
    /// Number of output steps. Default 100.
    pub steps: usize,
    /// Relative tolerance of the solution and of its derivatives, in [1e-14, 1). Default 1e-8.
    pub relative_tolerance: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            model: ModelChoice::default(),
            parameters: Vec::new(),
            start: 0.0,
            end: 1.0,
            steps: 100,
            relative_tolerance: 1e-8,
        }
    }
}

/// Derivatives of a solution by parameters.
#[derive(Debug)]
pub struct Forward {
    /// The model.
    pub model: ModelFile,
    /// Output times.
    pub times: Vec<f64>,
    /// Names of the parameters, and their values in the network's own units.
    pub parameters: Vec<(String, f64)>,
    /// Names of the species.
    pub species: Vec<String>,
    /// d(number of molecules)/dp per unit of the parameter in the network's own units, `[times x species x parameters]`.
    pub derivatives: Vec<f64>,
}

/// Integrates the equations of a network and of their derivatives by parameters.
///
/// # Errors
/// Mistakes in the model or the settings; rules, events, rates that change in time; integrations that end early.
pub fn run(settings: &Settings) -> Result<Forward, Error> {
    let model = settings.model.read()?;
    let times = output_times(settings.start, settings.end, settings.steps)?;
    let network = model.kinetics.network();
    let ids = settings.parameters.iter().map(|name| {
        network.parameter_named(name).ok_or_else(|| {
            let known = network.parameters.iter().map(|p| p.name.clone()).collect();
            Error::from(KineticsError::Unknown { kind: "parameter", name: name.clone(), known })
        })
    });
    let ids = ids.collect::<Result<Vec<_>, Error>>()?;
    let values = model.kinetics.parameters();
    let parameters: Vec<(String, f64)> =
        ids.iter().zip(&settings.parameters).map(|(id, name)| (name.clone(), values[id.index()])).collect();
    let field = MassAction::with_sensitivity(&model.kinetics, View::Counts, Sensitivity::Parameters(ids));
    let start = field.initial_state();
    let species = field.names();
    // Species that are not there yet are as large as the others.
    let largest = start.iter().fold(0.0_f64, |m, x| m.max(x.abs())).max(f64::MIN_POSITIVE);
    let size = |x: &f64| if *x > 0.0 { *x } else { largest };
    let integration = Integration {
        relative_tolerance: settings.relative_tolerance,
        absolute_tolerance: Tolerance::Each(
            start.iter().map(|x| (1e-3 * settings.relative_tolerance * size(x)).max(1e-300)).collect(),
        ),
        sensitivities: Sensitivities::Parameters,
        sensitivity_tolerance: Some(settings.relative_tolerance),
        ..Integration::default()
    };
    let solution = solve(&field, &start, &times, &integration)?;
    if !solution.is_complete() {
        let method = "the integration of the equations".into();
        return Err(Error::Stopped { method, reason: solution.stop.describe(&species) });
    }
    Ok(Forward { times, parameters, species, derivatives: solution.sensitivities, model })
}

impl Forward {
    /// The derivative of one species by one parameter over time.
    fn course(&self, species: usize, parameter: usize) -> impl Iterator<Item = f64> + '_ {
        let (n, p) = (self.species.len(), self.parameters.len());
        self.derivatives.iter().skip(species * p + parameter).step_by(n * p).copied()
    }

    /// `time, parameter, X-derivative, ...`, in molecules per unit of the parameter in the network's own units.
    pub fn table(&self, of: Option<&[String]>) -> DataTable {
        let all = 0..self.parameters.len();
        let when: Vec<f64> = all.clone().flat_map(|_| self.times.iter().copied()).collect();
        let names = self.parameters.iter();
        let which: Vec<String> =
            names.flat_map(|(name, _)| std::iter::repeat_n(name.clone(), self.times.len())).collect();
        let mut table = DataTable::new("sensitivities").column("time", when).column("parameter", which);
        for (i, name) in self.species.iter().enumerate() {
            if of.is_none_or(|names| names.contains(name)) {
                let values: Vec<f64> = all.clone().flat_map(|k| self.course(i, k)).collect();
                table = table.column(format!("{name}-derivative"), values);
            }
        }
        table
    }

    /// The report, with its table.
    ///
    /// # Errors
    /// Settings that cannot be recorded.
    pub fn findings(&self, settings: &Settings) -> Result<Findings, Error> {
        let mut provenance = provenance().settings(settings)?;
        self.model.record(&mut provenance);
        let title = self.model.network.name.clone().unwrap_or_else(|| self.model.name.clone());
        let report = Report::new(format!("Sensitivities of {title}"))
            .section(Section::new("Sensitivities of the solution").figure(self.figure()))
            .section(Section::new("Model").code(self.model.kinetics.network().to_crn()))
            .provenance(provenance);
        Ok(Findings { report, data: vec![self.table(None)], files: Vec::new() })
    }

    /// Relative to the parameter: p dn/dp.
    fn figure(&self) -> Figure {
        let caption = "p dn/dp: the change of each species for a relative change of a parameter.";
        let mut figure = Figure::new("sensitivities").caption(caption);
        for (i, name) in self.species.iter().enumerate() {
            let mut panel = Panel::new()
                .x(Axis::new("time").unit(self.model.time_unit()))
                .y(Axis::new(format!("sensitivity of {name}")).unit("molecules"));
            for (k, (parameter, value)) in self.parameters.iter().enumerate() {
                let scale = if *value == 0.0 { 1.0 } else { *value };
                let course: Vec<f64> = self.course(i, k).map(|x| scale * x).collect();
                panel = panel.with(Line::new(parameter.clone(), self.times.clone(), course));
            }
            figure = figure.panel(panel);
        }
        figure
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivatives_of_a_decay_are_those_of_its_formula() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.crn");
        std::fs::write(&path, "species A = 1000, B = 0\nparameter k = 0.7, s = 3\nA -> B @ k\n0 -> A @ s").unwrap();
        let model = ModelChoice { path, ..ModelChoice::default() };
        let parameters = vec!["k".to_string(), "s".to_string()];
        let found = run(&Settings { model, parameters, end: 4.0, steps: 8, ..Settings::default() }).unwrap();
        let (k, s, a) = (0.7_f64, 3.0, 1000.0);
        for (i, &t) in found.times.iter().enumerate() {
            // A = s/k + (a - s/k) exp(-k t).
            let decay = (-k * t).exp();
            let by_k = -s / (k * k) * (1.0 - decay) - t * (a - s / k) * decay;
            let by_s = (1.0 - decay) / k;
            let row = &found.derivatives[4 * i..4 * i + 4];
            for (found, exact) in [(row[0], by_k), (row[1], by_s), (row[2], -by_k), (row[3], t - by_s)] {
                assert!((found - exact).abs() < 1e-5 * (1.0 + exact.abs()), "{t}: {found} {exact}");
            }
        }
    }
}
