//! `kurtz scan`: ensembles of a model over a grid of conditions, each finished one kept in a file.

mod condition;
mod figures;
mod grid;
mod store;
mod work;

pub use condition::{Condition, Counted, Course, Edge, Oscillation, Range, Trace};
pub(super) use grid::points;
pub use grid::{Point, Varied, parse_values};

use super::findings::{Findings, provenance};
use super::simulate::{flowing, sound_method};
use super::{ModelChoice, WholeModel, output_times};
use crate::Error;
use kurtz_dynamics::Progress;
use kurtz_dynamics::hybrid::{Hybrid, Preparation, WithPreparation};
use kurtz_dynamics::method::Method;
use kurtz_model::kinetics::Changes;
use kurtz_model::system::Observable;
use kurtz_model::{Initial, Network, System, Value, Variable};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::Arc;

/// Settings of [`run`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The model.
    pub model: ModelChoice,
    /// What is varied; every combination of the values is a condition. Default: nothing, one condition.
    pub vary: Vec<Varied>,
    /// Name of the method; `auto`, the default, is `direct` where that applies, else `hybrid`.
    pub method: String,
    /// Names of reactions that flow instead of happening molecule by molecule (method `hybrid`). Default: none.
    pub continuous: Vec<String>,
    /// Let them flow by whole molecules in steps of this length, as in published work. Default: integrate.
    pub current_step: Option<f64>,
    /// What happens before the start of every trajectory. Default: nothing.
    pub preparation: Preparation,
    /// Names of what to observe (species, parameters, compartments, reactions); all species if empty, the default. Species
    /// are in the unit in which the model gives them.
    pub variables: Vec<String>,
    /// Trajectories of each condition, at least 2. Default 100.
    pub trajectories: u64,
    /// Last output time, in the model's unit; simulation begins at 0.
    pub end: f64,
    /// Number of output steps. Default 1000.
    pub steps: usize,
    /// Begin and end of the window in which ranges, peaks and averages are taken. Default: the second half.
    pub window: Option<[f64; 2]>,
    /// Another window for the averages and peaks of single trajectories. Default: that above.
    pub trace_window: Option<[f64; 2]>,
    /// Single trajectories are cut off at this value before they are averaged and searched for peaks, as in figures that end
    /// there. Default: they are not.
    pub trace_ceiling: Option<f64>,
    /// Least prominence of a peak, in units of the variable. Default: half the distance between the 5 % and the 95 % quantile
    /// of each trace.
    pub prominence: Option<f64>,
    /// Resamples of the bootstrap. Default 200.
    pub resamples: usize,
    /// Trajectories of each condition that are kept whole. Default 3.
    pub keep: usize,
    /// Seed; each condition has its own, made of this one and its values. Default 1.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            model: ModelChoice::default(),
            vary: Vec::new(),
            method: "auto".into(),
            continuous: Vec::new(),
            current_step: None,
            preparation: Preparation::default(),
            variables: Vec::new(),
            trajectories: 100,
            end: 1.0,
            steps: 1000,
            window: None,
            trace_window: None,
            trace_ceiling: None,
            prominence: None,
            resamples: 200,
            keep: 3,
            seed: 1,
        }
    }
}

/// Values of all trajectories of a condition at most (400 MB).
const MOST_VALUES: f64 = 5e7;

/// What a scan found.
#[derive(Debug)]
pub struct Scan {
    /// The model.
    pub model: WholeModel,
    /// All conditions, in the order of the grid.
    pub conditions: Vec<Condition>,
    /// How many of them were there already.
    pub found: usize,
}

/// A condition ready to be sampled.
pub(super) struct Job {
    point: Point,
    pub method: Box<dyn Method>,
    pub system: System,
    observables: Vec<Observable>,
    /// Of each variable: its unit, and what its recorded values are divided by.
    units: Vec<(String, f64)>,
    pub seed: u64,
    /// All that the result depends on.
    pub identity: serde_json::Value,
}

/// Visits all conditions that are not in `directory` yet, and keeps each there as soon as it is finished.
///
/// # Errors
/// Mistakes in the model or settings; conditions in the directory that come from other settings, unless they are to be
/// `replaced`; trajectories that cannot be completed; interruption, all finished conditions being kept.
pub fn run(settings: &Settings, directory: &Path, replace: bool, progress: &dyn Progress) -> Result<Scan, Error> {
    let model = settings.model.read_whole()?;
    let times = output_times(0.0, settings.end, settings.steps)?;
    let window = window_of(settings.window, settings.end, &times)?;
    let trace_window = window_of(settings.trace_window.or(settings.window), settings.end, &times)?;
    let points = grid::points(&model.network, &settings.vary)?;
    let variables = variables(settings, &model)?;
    check_sizes(settings, times.len() * variables.len())?;
    let jobs = points.into_iter().map(|point| job(settings, point, &variables)).collect::<Result<Vec<_>, Error>>()?;
    let store = store::Store::open(directory)?;
    let mut found: Vec<Option<Condition>> = Vec::new();
    for job in &jobs {
        found.push(store.read(&job.point, &job.identity, replace)?);
    }
    let known = found.iter().filter(|c| c.is_some()).count();
    if known > 0 {
        progress.message(&format!("{known} of {} conditions are there already", jobs.len()));
    }
    let wanted: Vec<usize> = (0..jobs.len()).filter(|&i| found[i].is_none()).collect();
    let windows = work::Windows { ensemble: window, trace: trace_window };
    let finished = work::sample(settings, &jobs, &wanted, &times, windows, &variables, &store, progress)?;
    for (i, condition) in finished {
        found[i] = Some(condition);
    }
    let conditions: Option<Vec<Condition>> = found.into_iter().collect();
    let conditions = conditions.ok_or(Error::Interrupted)?;
    Ok(Scan { model, conditions, found: known })
}

/// First and one past the last output time in the window.
fn window_of(wanted: Option<[f64; 2]>, end_time: f64, times: &[f64]) -> Result<(usize, usize), Error> {
    let [from, to] = wanted.unwrap_or([0.5 * end_time, end_time]);
    // A little more than rounding on either side.
    let slack = 1e-9 * end_time;
    let first = times.partition_point(|&t| t < from - slack);
    let end = times.partition_point(|&t| t <= to + slack);
    if first < end && from.is_finite() && to.is_finite() && to <= end_time + slack {
        return Ok((first, end));
    }
    let expected = "it must hold an output time and end with the simulation or before";
    Err(Error::Setting { setting: "window", found: format!("{from} to {to}"), expected })
}

fn variables(settings: &Settings, model: &WholeModel) -> Result<Vec<String>, Error> {
    let names: Vec<String> = if settings.variables.is_empty() {
        model.network.species.iter().map(|s| s.name.clone()).collect()
    } else {
        settings.variables.clone()
    };
    if names.is_empty() {
        return Err(Error::NoSpecies { path: settings.model.path.clone() });
    }
    if let Some((_, twice)) = names.iter().enumerate().find(|(i, name)| names[..*i].contains(name)) {
        let expected = "each is observed once";
        return Err(Error::Setting { setting: "variables", found: format!("`{twice}` twice"), expected });
    }
    Ok(names)
}

fn check_sizes(settings: &Settings, per_trajectory: usize) -> Result<(), Error> {
    let bad = |setting, found: String, expected| Err(Error::Setting { setting, found, expected });
    if settings.trajectories < 2 {
        return bad("trajectories", settings.trajectories.to_string(), "at least 2 are needed for errors");
    }
    if settings.trajectories as f64 * per_trajectory as f64 > MOST_VALUES {
        let found = format!("{:.1e} values of one condition", settings.trajectories as f64 * per_trajectory as f64);
        return bad("trajectories", found, "name the variables that matter, or take fewer steps or trajectories");
    }
    if settings.prominence.is_some_and(|p| !(p >= 0.0 && p.is_finite())) {
        return bad("prominence", format!("{:?}", settings.prominence), "it must be a finite number >= 0");
    }
    if settings.resamples < 2 {
        return bad("resamples", settings.resamples.to_string(), "at least 2 are needed");
    }
    Ok(())
}

/// Binds the model at a condition.
pub(super) fn job(settings: &Settings, point: Point, variables: &[String]) -> Result<Job, Error> {
    let base = settings.model.read_whole()?;
    let changes = point.changes(&base.network, &settings.model.changes);
    let model = ModelChoice { path: settings.model.path.clone(), changes }.read_whole()?;
    let own = model.system.network();
    let molecules = System::new(&own.in_molecules(), &Changes::default())?;
    let observables = variables.iter().map(|name| model.observable(&molecules, name));
    let observables = observables.collect::<Result<Vec<_>, Error>>()?;
    let units = variables.iter().map(|name| unit_of(own, name)).collect::<Result<Vec<_>, Error>>()?;
    let hybrid = flowing(&settings.method, &settings.continuous, settings.current_step)?;
    let (method, system): (Box<dyn Method>, System) = if hybrid.is_some() || !settings.preparation.is_none() {
        if hybrid.is_none() && !matches!(settings.method.as_str(), "auto" | "hybrid") {
            let expected = "only the method `hybrid` prepares initial states";
            return Err(Error::Setting { setting: "preparation", found: settings.method.clone(), expected });
        }
        let method = hybrid.unwrap_or_default();
        let prepared = settings.preparation.bind(own, &molecules, &method)?;
        if settings.preparation.is_none() {
            (Box::new(method), molecules)
        } else {
            (Box::new(WithPreparation { method, prepared: Arc::new(prepared) }), molecules)
        }
    } else {
        sound_method(&settings.method, &molecules)?
    };
    let seed = seed_of(settings.seed, &point);
    let identity = serde_json::json!({
        "format": 1,
        "random_numbers": kurtz_dynamics::rng::VERSION,
        "model": own.hash(),
        "point": point,
        "method": settings.method,
        "continuous": settings.continuous,
        "current_step": settings.current_step,
        "preparation": settings.preparation,
        "variables": variables,
        "trajectories": settings.trajectories,
        "end": settings.end,
        "steps": settings.steps,
        "window": settings.window,
        "trace_window": settings.trace_window,
        "trace_ceiling": settings.trace_ceiling,
        "prominence": settings.prominence,
        "resamples": settings.resamples,
        "keep": settings.keep,
        "seed": seed,
    });
    Ok(Job { point, method, system, observables, units, seed, identity })
}

/// The unit in which the model gives a quantity, and how many molecules (or own units) one of it is.
pub(in crate::study) fn unit_of(network: &Network, name: &str) -> Result<(String, f64), Error> {
    let Some(id) = network.species_named(name) else { return Ok((String::new(), 1.0)) };
    let unit = match &network.species[id.index()].initial {
        Initial::Count(_) => return Ok(("molecules".into(), 1.0)),
        Initial::Concentration(Value::Quantity(q)) => q.unit.text.clone(),
        Initial::Concentration(Value::Expression(_)) => network.volume_unit.text.clone(),
    };
    let one = Changes { initial: vec![(name.to_owned(), 1.0)], ..Changes::default() };
    let with_one = System::new(network, &one)?;
    let molecules = System::new(&with_one.network().in_molecules(), &Changes::default())?;
    let unit = if matches!(network.species[id.index()].initial, Initial::Concentration(Value::Expression(_))) {
        format!("molecules/{unit}")
    } else {
        unit
    };
    Ok((unit, molecules.initial_value(Variable::Species(id))))
}

/// The seed of a condition: that of the scan, mixed with its name, whatever else the grid holds.
fn seed_of(seed: u64, point: &Point) -> u64 {
    // FNV-1a over the name, then the finaliser of SplitMix64.
    let hash =
        point.name().bytes().fold(0xcbf2_9ce4_8422_2325u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
    let mut z = hash ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Scan {
    /// Total events of all conditions, and seconds of all threads spent on them.
    pub fn cost(&self) -> (u64, f64) {
        self.conditions.iter().fold((0, 0.0), |(e, s), c| (e + c.events, s + c.seconds))
    }

    /// The report of a scan, with its tables.
    ///
    /// # Errors
    /// Settings that cannot be recorded.
    pub fn findings(&self, settings: &Settings) -> Result<Findings, Error> {
        let mut provenance =
            provenance().seed(settings.seed).threads(rayon::current_num_threads()).settings(settings)?;
        self.model.record(&mut provenance);
        Hybrid::default().references().iter().for_each(|key| provenance.cite(*key));
        let title = self.model.network.name.clone().unwrap_or_else(|| self.model.name.clone());
        let mut report = kurtz_report::Report::new(format!("Scan of {title}"));
        report.sections.extend(figures::sections(self, settings));
        report.provenance = Some(provenance);
        let data = vec![figures::table(self), figures::courses(self), figures::traces(self)];
        Ok(Findings { report, data, files: vec![("model.crn".into(), self.model.network.to_crn().into_bytes())] })
    }

    /// One row a condition and variable: range, peaks, period.
    pub fn table(&self) -> kurtz_report::DataTable {
        figures::table(self)
    }
}
