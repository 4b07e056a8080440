//! `kurtz solve`: the master equation of a network by finite state projection.

use super::findings::{Findings, provenance};
use super::grid::output_times;
use super::{ModelChoice, ModelFile, summary};
use crate::Error;
use kurtz_dynamics::fsp::{FspSettings, FspSolution, Stop, solve_from};
use kurtz_dynamics::{Distribution, MomentSeries, Progress};
use kurtz_report::{Axis, Bars, Cell, DataTable, Figure, Panel, Report, Section, Table};
use serde::{Deserialize, Serialize};

/// Settings of [`run`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The model.
    pub model: ModelChoice,
    /// Last time, in the model's unit.
    pub end: f64,
    /// Number of output steps. Default 20.
    pub steps: usize,
    /// How the master equation is solved.
    pub projection: FspSettings,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { model: ModelChoice::default(), end: 1.0, steps: 20, projection: FspSettings::default() }
    }
}

/// The model and its law over time.
#[derive(Debug)]
pub struct Law {
    /// The model.
    pub model: ModelFile,
    /// Its law at each time, with error bounds.
    pub solution: FspSolution,
}

/// Solves the master equation of a model.
///
/// # Errors
/// Mistakes in the model or the settings; networks without a master equation of whole numbers; state spaces beyond
/// the limit; interruption.
pub fn run(settings: &Settings, progress: &dyn Progress) -> Result<Law, Error> {
    let model = settings.model.read()?;
    let times = output_times(0.0, settings.end, settings.steps)?;
    model.check_initial_state()?;
    let solution = solve_from(&model.kinetics, None, &times, &settings.projection, progress)?;
    match &solution.stop {
        Stop::Finished => Ok(Law { model, solution }),
        Stop::Cancelled { .. } => Err(Error::Interrupted),
        stop => Err(Error::Stopped { method: "finite state projection".into(), reason: stop.to_string() }),
    }
}

impl Law {
    /// Means and variances over time.
    pub fn moments(&self) -> MomentSeries {
        let solution = &self.solution;
        Distribution::moment_series(&solution.times, &solution.distributions, 2)
            .expect("a finished solution has laws over the same species at all its times")
    }

    /// The report of this law, with its tables.
    ///
    /// # Errors
    /// Settings that cannot be recorded.
    pub fn findings(&self, settings: &Settings) -> Result<Findings, Error> {
        let mut provenance = provenance().threads(rayon::current_num_threads()).settings(settings)?;
        self.model.record(&mut provenance);
        provenance.cite("munsky2006");
        let moments = self.moments();
        let solution = &self.solution;
        let mut table = Table::new(["time", "states", "bound on the error of the probabilities (1-norm)"]);
        for (time, law) in solution.times.iter().zip(&solution.distributions) {
            table.push([Cell::from(*time), Cell::from(law.len() as f64), Cell::digits(law.error_bound(), 2)]);
        }
        let title = self.model.network.name.clone().unwrap_or_else(|| self.model.name.clone());
        let mut section = Section::new("Law").figure(super::simulate::mean_figure(&moments, self.model.time_unit()));
        if let (Some(law), Some(time)) = (solution.distributions.last(), solution.times.last()) {
            section = section.figure(self.marginal_figure(law, *time));
        }
        let report = Report::new(format!("Master equation of {title}"))
            .section(section.table(table))
            .section(Section::new("Model").code(self.model.kinetics.network().to_crn()))
            .provenance(provenance);
        let mut data =
            vec![summary::means_and_deviations("summary", &moments, None), summary::moments("moments", &moments)];
        data.extend(solution.distributions.last().map(law_table));
        Ok(Findings { report, data, files: Vec::new() })
    }

    fn marginal_figure(&self, law: &Distribution, time: f64) -> Figure {
        let caption = format!("Law of each species at time {time} {}.", self.model.time_unit());
        let mut figure = Figure::new("laws").caption(caption);
        for name in law.species() {
            let Ok(marginal) = law.marginal(&[name]) else { continue };
            let (Some(&first), Some(&last)) = (marginal.states().iter().min(), marginal.states().iter().max()) else {
                continue;
            };
            let heights: Vec<f64> = (first..=last).map(|n| marginal.probability(&[n])).collect();
            figure = figure.panel(
                Panel::new()
                    .x(Axis::new(name.clone()).unit("molecules"))
                    .y(Axis::new("probability").from_zero())
                    .with(Bars::of_counts("", first, heights)),
            );
        }
        figure
    }
}

/// A law as columns: the counts of each species, and the probability.
fn law_table(law: &Distribution) -> DataTable {
    let mut table = DataTable::new("law");
    for (s, name) in law.species().iter().enumerate() {
        let counts: Vec<i64> = law.states().iter().skip(s).step_by(law.species().len()).copied().collect();
        table = table.column(name.clone(), counts);
    }
    table.column("probability", law.probabilities().to_vec())
}
