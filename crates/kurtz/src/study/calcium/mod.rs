//! How far noisy calcium oscillations reach: figures 2c, 6 and 7 of O. K. Ernst, T. M. Bartol, T. J. Sejnowski, E. Mjolsness,
//! arXiv:2109.05053, and the time courses behind figure 3.
//!
//! Ensembles of the receptor network are scanned along a ligand, for several volumes and numbers of receptors, and compared
//! with the published numbers in standard errors; beside them stand the two deterministic limits. Finished conditions are kept
//! in the directory of the report.

mod courses;
mod deterministic;
mod linear_noise;
mod published;
mod ranges;
mod receptors;
mod traces;
mod treatments;

use super::findings::{Findings, provenance};
use super::scan::{self, Condition, Course, Scan, Varied};
use super::{ModelChoice, WholeModel};
use crate::Error;
use kurtz_dynamics::Progress;
use kurtz_dynamics::hybrid::{Phase, Preparation, Spread, Variates};
use kurtz_report::{Cell, Report, Section, Table};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Settings of the study.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The model that is simulated.
    pub model: ModelChoice,
    /// The same with so few receptors per ligand that binding consumes none: the published deterministic curve is its.
    pub limit: PathBuf,
    /// Directory of the published numbers.
    pub published: PathBuf,
    /// Name of the species that is observed. Default Ca.
    pub observed: String,
    /// Name of the species that is varied. Default IP3.
    pub ligand: String,
    /// Name of the parameter that is the number of receptor subunits. Default subunits.
    pub receptors: String,
    /// Seed. Default 1.
    pub seed: u64,
    /// Reactions that flow. Default: leak, both ways, and pump.
    pub continuous: Vec<String>,
    /// Length of the steps in which they do. Default 1e-3 s, as published.
    pub current_step: f64,
    /// Amounts that are drawn at the start. Default: none.
    pub draw: Vec<Spread>,
    /// The phase before the start. Default: none.
    pub phase: Option<Phase>,
    /// Time between outputs. Default 0.1 s, as published.
    pub every: f64,
    /// Resamples of bootstraps. Default 200.
    pub resamples: usize,
    /// Values between which the deterministic equations are followed, and steps.
    pub deterministic: (f64, f64, usize),
    /// Number of receptors at which the finite deterministic limit is shown.
    pub finite: f64,
    /// The ensembles of figure 2c.
    pub ensembles: Vec<Ensemble>,
    /// Ensembles whose mean and standard deviation over time are compared.
    pub courses: Vec<Ensemble>,
    /// Comparison of the treatments of currents. Default: none.
    pub treatments: Option<treatments::Settings>,
    /// Where finished conditions are kept, in `conditions`: the directory of the report.
    #[serde(skip)]
    pub directory: PathBuf,
}

/// One ensemble.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ensemble {
    /// Name of its directory.
    pub name: String,
    /// Volume of the cytosol, in the unit of the model.
    pub volume: f64,
    /// Number of receptor subunits.
    pub receptors: f64,
    /// Values of the ligand, as text: a list or a range.
    pub ligand: String,
    /// Trajectories.
    pub trajectories: u64,
    /// Last time.
    pub end: f64,
    /// Window of the range.
    pub window: [f64; 2],
    /// Where the random initial amounts come from.
    pub variates: Variates,
    /// Name of the published numbers in `ranges.csv`; empty if there are none.
    pub published: String,
    /// Standard deviation of the ligand's total that all published runs share, and that ours do not: its effect, by the slope
    /// of the published curve, is added to the error.
    pub shared: f64,
    /// Whether the published runs were approximate (tau-leaping): agreement is then asked for less strictly.
    pub approximate: bool,
    /// Trajectories that are kept whole.
    pub keep: usize,
}

impl Default for Ensemble {
    fn default() -> Self {
        Ensemble {
            name: String::new(),
            volume: 1e-14,
            receptors: 100.0,
            ligand: "0.1:2:0.1".into(),
            trajectories: 100,
            end: 50.0,
            window: [10.1, 50.0],
            variates: Variates::Each,
            published: String::new(),
            shared: 0.0,
            approximate: false,
            keep: 3,
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            model: ModelChoice::default(),
            limit: PathBuf::new(),
            published: PathBuf::new(),
            observed: "Ca".into(),
            ligand: "IP3".into(),
            receptors: "subunits".into(),
            seed: 1,
            continuous: Vec::new(),
            current_step: 1e-3,
            draw: Vec::new(),
            phase: None,
            every: 0.1,
            resamples: 200,
            deterministic: (0.05, 2.0, 195),
            finite: 100.0,
            ensembles: Vec::new(),
            courses: Vec::new(),
            treatments: None,
            directory: PathBuf::new(),
        }
    }
}

/// An ensemble and its conditions.
pub(super) struct Sampled<'a> {
    pub ensemble: &'a Ensemble,
    pub conditions: Vec<Condition>,
}

impl Settings {
    /// What is wrong with them, if anything.
    pub(super) fn check(&self) -> Result<(), String> {
        for (path, what) in [(&self.model.path, "model"), (&self.limit, "limit"), (&self.published, "published")] {
            if path.as_os_str().is_empty() {
                return Err(format!("names no `{what}`"));
            }
        }
        if self.ensembles.is_empty() {
            return Err("names no `ensembles`".into());
        }
        let all = || self.ensembles.iter().chain(&self.courses);
        for (i, ensemble) in all().enumerate() {
            if ensemble.name.is_empty() || all().take(i).any(|other| other.name == ensemble.name) {
                return Err(format!("each ensemble needs a name of its own; `{}` is none", ensemble.name));
            }
            scan::parse_values(&ensemble.ligand).map_err(|e| format!("ensemble `{}`: {e}", ensemble.name))?;
        }
        Ok(())
    }

    fn scan(&self, ensemble: &Ensemble) -> scan::Settings {
        let one = |name: &str, value| Varied { name: name.into(), values: vec![value] };
        let values = scan::parse_values(&ensemble.ligand).unwrap_or_default();
        scan::Settings {
            model: self.model.clone(),
            vary: vec![
                one("volume", ensemble.volume),
                one(&self.receptors, ensemble.receptors),
                Varied { name: self.ligand.clone(), values },
            ],
            method: "hybrid".into(),
            continuous: self.continuous.clone(),
            current_step: Some(self.current_step),
            preparation: Preparation {
                draw: self.draw.clone(),
                variates: ensemble.variates,
                phase: self.phase.clone(),
            },
            variables: vec![self.observed.clone()],
            trajectories: ensemble.trajectories,
            end: ensemble.end,
            steps: (ensemble.end / self.every).round() as usize,
            window: Some(ensemble.window),
            trace_window: Some([10.1, 49.8]),
            trace_ceiling: Some(1.0),
            prominence: None,
            resamples: self.resamples,
            keep: ensemble.keep,
            seed: self.seed,
        }
    }

    fn sample<'a>(&self, ensemble: &'a Ensemble, progress: &dyn Progress) -> Result<Sampled<'a>, Error> {
        progress.message(&format!("ensemble {}", ensemble.name));
        let directory = self.directory.join("conditions").join(&ensemble.name);
        let Scan { conditions, .. } = scan::run(&self.scan(ensemble), &directory, false, progress)?;
        Ok(Sampled { ensemble, conditions })
    }
}

impl Sampled<'_> {
    /// Values of the ligand and what was observed there.
    pub fn points<'s>(&'s self, ligand: &'s str) -> impl Iterator<Item = (f64, &'s Condition, &'s Course)> + 's {
        self.conditions.iter().filter_map(move |c| Some((c.point.value(ligand)?, c, c.courses.first()?)))
    }

    /// Volume and receptors, for legends.
    pub fn label(&self) -> String {
        label(self.ensemble.volume, self.ensemble.receptors)
    }
}

fn label(volume: f64, receptors: f64) -> String {
    format!("{receptors} subunits, {volume:e} L")
}

/// Runs the study.
///
/// # Errors
/// Mistakes in models or settings; published numbers that cannot be read; interruption, what is finished being kept.
pub fn run(settings: &Settings, progress: &dyn Progress) -> Result<Findings, Error> {
    let model = settings.model.read_whole()?;
    let published = published::Published::read(&settings.published)?;
    let mut provenance = provenance().seed(settings.seed).threads(rayon::current_num_threads()).settings(settings)?;
    model.record(&mut provenance);
    for key in ["deyoung1992", "ernst2021", "ramaswamy2009", "gillespie1977", "davis1984"] {
        provenance.cite(key);
    }
    let curves = provenance.timed("deterministic limits", || deterministic::run(settings, progress))?;
    let sampled = provenance.timed("ensembles", || {
        settings.ensembles.iter().map(|e| settings.sample(e, progress)).collect::<Result<Vec<_>, Error>>()
    })?;
    let courses = provenance.timed("time courses", || {
        settings.courses.iter().map(|e| settings.sample(e, progress)).collect::<Result<Vec<_>, Error>>()
    })?;
    let totals = provenance.timed("conservation", || receptors::totals(settings, &model, progress))?;
    let treatments = match &settings.treatments {
        Some(wanted) => {
            Some(provenance.timed("treatments of currents", || treatments::run(settings, wanted, progress))?)
        }
        None => None,
    };
    let title = "How far calcium oscillations reach";
    let mut report = Report::new(title).subtitle(
        "IP3-dependent calcium oscillations: stochastic ensembles for several volumes and numbers of receptors beside the \
         deterministic limits and the published numbers",
    );
    let parts = [
        ranges::section(settings, &sampled, &curves, &published),
        curves.section(&published),
        traces::section(settings, &sampled, &published),
        receptors::map_section(),
        courses::section(settings, &courses, &published)?,
        totals.section(),
    ];
    let checks = [
        curves.checks(&published),
        ranges::checks(settings, &sampled, &published),
        traces::checks(settings, &sampled, &published),
        receptors::map_checks(),
        courses::checks(settings, &courses, &published)?,
        totals.checks(),
    ];
    report.sections.extend(parts);
    report.checks.extend(checks.into_iter().flatten());
    if let Some(treatments) = &treatments {
        report.sections.push(treatments.section());
        report.checks.extend(treatments.checks());
    }
    report.sections.push(cost_section(&model, sampled.iter().chain(&courses)));
    report.provenance = Some(provenance);
    let mut data = vec![ranges::table(settings, &sampled, &published), curves.table()];
    data.extend(treatments.iter().map(treatments::Treatments::table));
    Ok(Findings { report, data, files: vec![("model.crn".into(), model.network.to_crn().into_bytes())] })
}

fn cost_section<'a>(model: &WholeModel, sampled: impl Iterator<Item = &'a Sampled<'a>>) -> Section {
    let mut table =
        Table::new(["ensemble", "conditions", "trajectories", "events", "thread seconds", "million events/s"]).caption(
            "Events after the start; seconds include the phase before it. Conditions found finished are counted too.",
        );
    for s in sampled {
        let events: u64 = s.conditions.iter().map(|c| c.events).sum();
        let seconds: f64 = s.conditions.iter().map(|c| c.seconds).sum();
        table.push([
            Cell::text(s.ensemble.name.clone()),
            Cell::Integer(s.conditions.len() as i64),
            Cell::Integer(s.conditions.iter().map(|c| c.trajectories as i64).sum()),
            Cell::Integer(events as i64),
            Cell::digits(seconds, 3),
            Cell::digits(1e-6 * events as f64 / seconds, 3),
        ]);
    }
    Section::new("Cost and model").table(table).code(model.network.to_crn())
}
