//! `kurtz simulate --until`: when a condition first holds.

use super::findings::{Findings, provenance};
use super::grid::output_times;
use super::simulate::{chosen_method, halted};
use super::{ModelChoice, WholeModel};
use crate::Error;
use kurtz_dynamics::Progress;
use kurtz_dynamics::passage::{Passages, first_passages};
use kurtz_model::format::crn;
use kurtz_model::kinetics::{Changes, KineticsError};
use kurtz_model::{Kinetics, System};
use kurtz_report::{Axis, Band, Cell, DataTable, Figure, Line, Panel, Report, Section, Table};
use serde::{Deserialize, Serialize};

/// Times at which survival is drawn.
const DRAWN: usize = 400;

/// Settings of [`run`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The model.
    pub model: ModelChoice,
    /// Name of the exact method; default `auto`.
    pub method: String,
    /// What is waited for, as a condition of an event is written: `A >= 100 && B == 0`; counts stand for species.
    pub until: String,
    /// Number of independent trajectories. Default 1000.
    pub trajectories: u64,
    /// The time, in the model's unit, at which trajectories are given up.
    pub end: f64,
    /// Number of steps of the table. Default 100.
    pub steps: usize,
    /// Seed. Default 1.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            model: ModelChoice::default(),
            method: "auto".into(),
            until: String::new(),
            trajectories: 1000,
            end: 1.0,
            steps: 100,
            seed: 1,
        }
    }
}

/// First-passage times of a model.
#[derive(Debug)]
pub struct Waiting {
    /// The model.
    pub model: WholeModel,
    /// The times.
    pub passages: Passages,
    /// Times of the table.
    pub times: Vec<f64>,
    /// Names of references to cite.
    pub references: Vec<&'static str>,
}

/// Samples first-passage times.
///
/// # Errors
/// Mistakes in the model, the condition or the settings; rules, events and rates that change in time; trajectories that
/// cannot be completed; interruption.
pub fn run(settings: &Settings, progress: &dyn Progress) -> Result<Waiting, Error> {
    let model = settings.model.read_whole()?;
    let times = output_times(0.0, settings.end, settings.steps)?;
    if settings.trajectories == 0 {
        return Err(Error::Setting { setting: "trajectories", found: "0".into(), expected: "it must be at least 1" });
    }
    let condition = crn::condition(&settings.until, model.system.network())?;
    let molecules = System::new(&model.system.network().in_molecules(), &Changes::default())?;
    let engine = System::new(&molecules.network().in_mass_action(), &Changes::default())?;
    let kinetics = Kinetics::new(engine.network()).map_err(|error| match error {
        KineticsError::NeedsSystem { .. } => {
            Error::Declined { method: "first passage".into(), reason: format!("{error}") }
        }
        other => other.into(),
    })?;
    // One trajectory after the other: lanes have no single events.
    let name = if matches!(settings.method.as_str(), "auto" | "lanes") { "direct" } else { &settings.method };
    let (method, _) = chosen_method(name, &engine)?;
    let Settings { trajectories, seed, end, .. } = *settings;
    let passages = first_passages(&kinetics, &*method, &condition, trajectories, seed, end, progress)?;
    if let Some(halt) = &passages.halt {
        return Err(halted(halt, engine.network(), method.name()));
    }
    Ok(Waiting { references: method.references().to_vec(), model, passages, times })
}

impl Waiting {
    /// How many got there and when, in a sentence.
    pub fn statement(&self, settings: &Settings) -> String {
        let (passages, n) = (&self.passages, self.passages.trajectories());
        let reached = passages.reached();
        let mut text = format!("`{}` held in {reached} of {n} trajectories by time {}", settings.until, settings.end);
        if let (Some((mean, error)), Some(deviation)) = (passages.mean(), passages.deviation()) {
            text += &format!("; mean time {mean:.6} +- {error:.2}, standard deviation {deviation:.4}");
        } else {
            let (mean, error) = passages.restricted_mean();
            text += &format!("; mean of the lesser of time and end {mean:.6} +- {error:.2}");
            if let Some(median) = passages.quantile(0.5) {
                text += &format!(", median {median:.4}");
            }
        }
        if passages.absorbed > 0 {
            text += &format!("; in {} nothing can happen any more", passages.absorbed);
        }
        text
    }

    /// `time, survival, survival-se`: the fraction for which the condition has not held yet.
    pub fn table(&self) -> DataTable {
        let mut sorted = self.passages.times.clone();
        sorted.sort_by(f64::total_cmp);
        let n = sorted.len() as f64;
        let later = |t: &f64| 1.0 - sorted.partition_point(|x| x <= t) as f64 / n;
        let survival: Vec<f64> = self.times.iter().map(later).collect();
        let error: Vec<f64> = survival.iter().map(|p| (p * (1.0 - p) / n).sqrt()).collect();
        DataTable::new("survival")
            .column("time", self.times.clone())
            .column("survival", survival)
            .column("survival-se", error)
    }

    /// The report, with its tables: survival, and the time and state of every trajectory.
    ///
    /// # Errors
    /// Settings that cannot be recorded.
    pub fn findings(&self, settings: &Settings) -> Result<Findings, Error> {
        let mut provenance =
            provenance().seed(settings.seed).threads(rayon::current_num_threads()).settings(settings)?;
        self.model.record(&mut provenance);
        self.references.iter().for_each(|key| provenance.cite(*key));
        let mut quantiles = Table::new(["fraction of trajectories", "got there by time"]);
        for fraction in [0.05, 0.25, 0.5, 0.75, 0.95] {
            let time = self.passages.quantile(fraction);
            quantiles.push([
                Cell::from(fraction),
                time.map_or_else(|| Cell::from(format!("after {}", settings.end)), |t| Cell::digits(t, 5)),
            ]);
        }
        let title = self.model.network.name.clone().unwrap_or_else(|| self.model.name.clone());
        let report = Report::new(format!("First passage in {title}"))
            .section(
                Section::new("First passage")
                    .paragraph(format!("{}.", self.statement(settings)))
                    .table(quantiles)
                    .figure(self.figure()),
            )
            .section(Section::new("Model").code(self.model.network.to_crn()))
            .provenance(provenance);
        let which: Vec<i64> = (0..self.passages.trajectories()).map(|i| i as i64).collect();
        let mut passages =
            DataTable::new("passages").column("trajectory", which).column("time", self.passages.times.clone());
        let species = &self.model.network.species;
        for (s, name) in species.iter().map(|s| s.name.clone()).enumerate() {
            let counts: Vec<i64> = self.passages.states.iter().skip(s).step_by(species.len()).copied().collect();
            passages = passages.column(name, counts);
        }
        Ok(Findings { report, data: vec![self.table(), passages], files: Vec::new() })
    }

    fn figure(&self) -> Figure {
        // Passages are known to the event, whatever the output times.
        let end = self.passages.end;
        let times: Vec<f64> = (0..=DRAWN).map(|i| end * i as f64 / DRAWN as f64).collect();
        let (survival, error): (Vec<f64>, Vec<f64>) = times.iter().map(|&t| self.passages.survival(t)).unzip();
        let edge = |sign: f64| {
            survival.iter().zip(&error).map(|(p, e)| (p + sign * 2.0 * e).clamp(0.0, 1.0)).collect::<Vec<f64>>()
        };
        let panel = Panel::new()
            .x(Axis::new("time").unit(self.model.time_unit()))
            .y(Axis::new("fraction still waiting").range(0.0, 1.0))
            .with(Band::new("", times.clone(), edge(-1.0), edge(1.0)))
            .with(Line::new("", times, survival.clone()));
        Figure::new("survival")
            .caption("Fraction of trajectories in which the condition has not held yet, with two standard errors.")
            .panel(panel)
    }
}
