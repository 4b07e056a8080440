//! `kurtz bifurcate`: steady states and limit cycles of the mass-action equations along a parameter.

mod figure;
mod shown;
mod tables;

use super::findings::{Findings, provenance};
use super::{ModelChoice, ModelFile};
use crate::Error;
use kurtz_dynamics::Progress;
use kurtz_dynamics::bifurcation::{BifurcationError, Diagram, DiagramSettings, NetworkFamily};
use kurtz_ode::continuation::{Continuation, ContinuationError, CycleEnd, SpecialKind};
use kurtz_report::{DataTable, Report, Section, Table};
use serde::{Deserialize, Serialize};
use shown::Shown;

/// Settings of [`run`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The model.
    pub model: ModelChoice,
    /// Name of the quantity that is varied: a parameter, a clamped species, the initial amount of a species, or a
    /// compartment; in the unit in which the model gives it.
    pub parameter: String,
    /// Its lowest value.
    pub from: f64,
    /// Its highest value.
    pub to: f64,
    /// Species to show. Default none: all, up to four in figures.
    pub vars: Option<Vec<String>>,
    /// Number of equal steps of the range at whose ends attractors are tabulated. Default 100.
    pub steps: usize,
    /// States from which further steady states are sought, at each end and the middle of the range. Default 30.
    pub starts: usize,
    /// Follow limit cycles. Default true.
    pub cycles: bool,
    /// Largest step along branches of steady states, the range being 1. Default 0.02.
    pub largest_step: f64,
}

impl Default for Settings {
    fn default() -> Self {
        let DiagramSettings { continuation, starts, cycles } = DiagramSettings::default();
        Settings {
            model: ModelChoice::default(),
            parameter: String::new(),
            from: 0.0,
            to: 1.0,
            vars: None,
            steps: 100,
            starts,
            cycles,
            largest_step: continuation.largest_step,
        }
    }
}

/// A bifurcation diagram, and how its numbers are shown.
#[derive(Debug)]
pub struct Bifurcations {
    /// The model.
    pub model: ModelFile,
    /// The diagram, in concentrations of the network's own units.
    pub diagram: Diagram,
    /// Values of the parameter at which attractors are tabulated.
    pub values: Vec<f64>,
    shown: Shown,
}

/// Finds the branches of a model in a range of a parameter.
///
/// # Errors
/// Mistakes in the model or the settings; networks that have no steady states to follow; ranges in which none was found.
pub fn run(settings: &Settings, progress: &dyn Progress) -> Result<Bifurcations, Error> {
    let model = settings.model.read()?;
    let (from, to) = (settings.from, settings.to);
    if !(from.is_finite() && to.is_finite() && from < to) {
        return Err(BifurcationError::from(ContinuationError::Range { from, to }).into());
    }
    if !(1..=100_000).contains(&settings.steps) {
        let expected = "it must be from 1 to 100 000";
        return Err(Error::Setting { setting: "steps", found: settings.steps.to_string(), expected });
    }
    let shown = Shown::new(&model, settings)?;
    let family = NetworkFamily::new(&model.kinetics, &settings.parameter)?;
    let step = (to - from) / settings.steps as f64;
    // The ends are among the points anyway.
    let values: Vec<f64> =
        (0..=settings.steps).map(|i| if i == settings.steps { to } else { from + i as f64 * step }).collect();
    let wanted = DiagramSettings {
        continuation: Continuation {
            from,
            to,
            at: values.clone(),
            largest_step: settings.largest_step,
            ..Continuation::default()
        },
        starts: settings.starts,
        cycles: settings.cycles,
    };
    let diagram = Diagram::of(&family, &wanted, progress)?;
    if diagram.is_empty() {
        return Err(Error::Declined {
            method: "continuation".into(),
            reason: format!(
                "no steady state and no limit cycle was found with {} between {from} and {to}; amounts may grow for ever \
                 there, or the initial amounts may be far from any: try `kurtz simulate --method ode`, another range, or \
                 more starts",
                settings.parameter
            ),
        });
    }
    Ok(Bifurcations { model, diagram, values, shown })
}

impl Bifurcations {
    /// Special points of all branches: folds, branch points, Hopf points, and what happens to cycles.
    pub fn special_points(&self) -> Table {
        tables::special_points(&self.diagram, &self.shown)
    }

    /// What was found, in sentences.
    pub fn summary(&self) -> Vec<String> {
        let mut sentences = Vec::new();
        let diagram = &self.diagram;
        let count = |n: usize, what: &str, plural: &str| format!("{n} {}", if n == 1 { what } else { plural });
        sentences.push(format!(
            "{} of steady states with {} points, {} of limit cycles with {} points.",
            count(diagram.steady.len(), "branch", "branches"),
            diagram.steady.iter().map(|b| b.points.len()).sum::<usize>(),
            count(diagram.cycles.len(), "branch", "branches"),
            diagram.cycles.iter().map(|b| b.points.len()).sum::<usize>(),
        ));
        if diagram.steady.iter().all(|b| b.special.is_empty()) && diagram.cycles.iter().all(|b| b.special.is_empty()) {
            sentences.push("No bifurcation in this range.".into());
        }
        for branch in &diagram.cycles {
            let stable: Vec<f64> = branch.points.iter().filter(|c| c.is_stable()).map(|c| c.parameter).collect();
            let (low, high) =
                stable.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), p| (l.min(*p), h.max(*p)));
            let periods = branch.points.iter().filter(|c| c.is_stable()).map(|c| c.period);
            let (shortest, longest) =
                periods.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), p| (l.min(p), h.max(p)));
            let unit = &self.shown.unit;
            if !stable.is_empty() {
                sentences.push(format!(
                    "Stable oscillations with {} from {} to {}, with periods from {} to {}.",
                    self.shown.parameter,
                    short(low),
                    with_unit(high, unit),
                    short(shortest),
                    with_unit(longest, self.model.time_unit()),
                ));
            }
            for end in branch.ends {
                match end {
                    CycleEnd::LongPeriod => sentences.push(
                        "A branch of cycles ends where its period grows without bound: a homoclinic orbit, most often."
                            .into(),
                    ),
                    CycleEnd::NotConverged => sentences.push(
                        "A branch of cycles ends where the corrector no longer converged: what lies beyond is not known."
                            .into(),
                    ),
                    CycleEnd::MostPoints => {
                        sentences.push("A branch of cycles was cut at the largest number of points.".into());
                    }
                    _ => {}
                }
            }
        }
        sentences
    }

    /// Attractors at evenly spaced values: `parameter, kind, period, X-min, X-max, ...`.
    pub fn attractors(&self) -> DataTable {
        tables::attractors(&self.diagram, &self.shown, &self.values)
    }

    /// The report, with its figure and tables.
    ///
    /// # Errors
    /// Settings that cannot be recorded.
    pub fn findings(&self, settings: &Settings) -> Result<Findings, Error> {
        let mut provenance = provenance().settings(settings)?;
        self.model.record(&mut provenance);
        provenance.cite("keller1977");
        provenance.cite("kuznetsov1998");
        let title = self.model.network.name.clone().unwrap_or_else(|| self.model.name.clone());
        let mut section =
            Section::new("Branches").figure(figure::diagram(&self.diagram, &self.shown, (settings.from, settings.to)));
        for sentence in self.summary() {
            section = section.paragraph(sentence);
        }
        let report = Report::new(format!("Bifurcations of {title}"))
            .subtitle(format!("along {} from {} to {}", self.shown.parameter, settings.from, settings.to))
            .section(section.table(self.special_points()))
            .section(Section::new("Model").code(self.model.kinetics.network().to_crn()))
            .provenance(provenance);
        let mut data = vec![tables::steady(&self.diagram, &self.shown), self.attractors()];
        if !self.diagram.cycles.is_empty() {
            data.push(tables::cycles(&self.diagram, &self.shown));
        }
        if self.diagram.steady.iter().any(|b| b.special.iter().any(|s| s.kind == SpecialKind::Hopf)) {
            data.push(tables::hopf_points(&self.diagram, &self.shown));
        }
        Ok(Findings { report, data, files: Vec::new() })
    }
}

/// A number for a sentence, with its unit if it has one.
fn with_unit(value: f64, unit: &str) -> String {
    format!("{} {unit}", short(value)).trim_end().to_string()
}

/// A number for a sentence.
fn short(value: f64) -> String {
    kurtz_report::Cell::digits(value, 5).to_text()
}
