//! `kurtz simulate`: an ensemble of exact trajectories of a network, reduced to what is to be kept.

use super::checkpoint::CheckpointFile;
use super::findings::{Findings, provenance};
use super::grid::output_times;
use super::leaping::{Leaping, judged, statement};
use super::precision::Precision;
use super::{ModelChoice, WholeModel, summary};
use crate::Error;
use kurtz_dynamics::drawn::{Draw, Drawn};
use kurtz_dynamics::ensemble::{Checkpoint, PathSink, StreamRecorder};
use kurtz_dynamics::ensemble::{Ensemble, Histogram, HistogramRecorder, MomentRecorder, Paths, PathsRecorder};
use kurtz_dynamics::hybrid::{Hybrid, Partition, Treatment};
use kurtz_dynamics::leap::LeapError;
use kurtz_dynamics::method::{Halt, Method, Stop, method_named};
use kurtz_dynamics::ssa::Direct;
use kurtz_dynamics::ssa::automatic;
use kurtz_dynamics::{MomentSeries, Progress};
use kurtz_model::kinetics::{Changes, KineticsError};
use kurtz_model::{Kinetics, Network, ReactionId, System};
use kurtz_report::{Axis, Band, Bars, Cell, DataTable, Figure, Line, Panel, Report, Section, Table};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// Settings of [`run`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The model.
    pub model: ModelChoice,
    /// Name of the method; `auto`, the default, is the fastest exact one (`lanes` for networks of up to 128 reactions,
    /// `composition-rejection` for larger ones) where rates are constant, else `hybrid`.
    pub method: String,
    /// Names of reactions that flow instead of happening molecule by molecule (method `hybrid`). Default: none.
    pub continuous: Vec<String>,
    /// Let them flow by whole molecules in steps of this length, in the model's unit of time, as in published work,
    /// instead of integrating. Default: integrate.
    pub current_step: Option<f64>,
    /// Names of what to observe (species, parameters, compartments, reactions); all species if empty, the default.
    pub variables: Vec<String>,
    /// Number of independent trajectories. Default 1000.
    pub trajectories: u64,
    /// First and last output time, in the model's unit; simulation begins at 0.
    pub start: f64,
    /// Last output time.
    pub end: f64,
    /// Number of output steps. Default 100.
    pub steps: usize,
    /// Seed. Default 1.
    pub seed: u64,
    /// Highest order of moments kept, 1 to 4. Default 2.
    pub order: u32,
    /// Keep the sampling covariance across times of the moments up to this order (at most `order`); 0 for none, the
    /// default. Learning from networks whose means do not close wants that of orders 3 and 4 too.
    pub covariance: u32,
    /// How methods that leap go about it.
    pub leaping: Leaping,
    /// Parameters and initial amounts that each trajectory draws for itself. Default: none.
    pub draws: Vec<Draw>,
    /// Keep the state of the ensemble in this file, every ten seconds and when it is interrupted, and go on from it. Default:
    /// none.
    pub checkpoint: Option<PathBuf>,
    /// As many trajectories as this precision takes, instead of `trajectories`. Default: none.
    pub precision: Option<Precision>,
    /// Keep every trajectory on the output grid. Default false.
    pub record_trajectories: bool,
    /// Keep the law of each species at each output time. Default false.
    pub record_histograms: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            model: ModelChoice::default(),
            method: "auto".into(),
            continuous: Vec::new(),
            current_step: None,
            variables: Vec::new(),
            trajectories: 1000,
            start: 0.0,
            end: 1.0,
            steps: 100,
            seed: 1,
            order: 2,
            covariance: 0,
            leaping: Leaping::default(),
            draws: Vec::new(),
            checkpoint: None,
            precision: None,
            record_trajectories: false,
            record_histograms: false,
        }
    }
}

/// What was kept of an ensemble.
#[derive(Debug)]
pub struct Sample {
    /// The model.
    pub model: WholeModel,
    /// The network as it was simulated: with its changes, in molecules.
    pub network: Network,
    /// Moments over time.
    pub moments: MomentSeries,
    /// Joint laws, if asked for.
    pub histogram: Option<Histogram>,
    /// Trajectories: all if asked for, else the first few.
    pub paths: Paths,
    /// Number of events in all trajectories.
    pub events: u64,
    /// The systematic error of the method, if it is approximate.
    pub error: Option<LeapError>,
    /// Wall time, in seconds.
    pub seconds: f64,
    checkpoint: Option<CheckpointFile>,
    /// Names of references to cite.
    pub references: Vec<&'static str>,
}

/// Trajectories shown in the report.
const SHOWN: u64 = 10;
/// Rows of the moment covariance beyond which it is not kept: its size and cost grow with the square.
const LARGEST_COVARIANCE: usize = 2000;

/// Of this many species all are recorded, even if only some are asked for.
const MOST_UNASKED: usize = 100;
/// Values of moments that are kept at most (1 GB with what belongs to them).
const MOST_VALUES: f64 = 3e7;

/// Samples an ensemble.
///
/// # Errors
/// Mistakes in the model or settings; trajectories that cannot be completed (explosion, bad rates), with the reason;
/// interruption.
pub fn run(settings: &Settings, progress: &dyn Progress) -> Result<Sample, Error> {
    match &settings.precision {
        None => sample(settings, None, progress),
        Some(precision) => precision.run(settings, |settings| sample(settings, None, progress)),
    }
}

/// As [`run`], handing every trajectory on the output grid to a sink while it runs; a precision is not looked at.
///
/// # Errors
/// As [`run`].
pub fn run_into(settings: &Settings, sink: Arc<Mutex<dyn PathSink>>, progress: &dyn Progress) -> Result<Sample, Error> {
    sample(settings, Some(sink), progress)
}

/// Samples as many trajectories as the settings say.
fn sample(
    settings: &Settings,
    sink: Option<Arc<Mutex<dyn PathSink>>>,
    progress: &dyn Progress,
) -> Result<Sample, Error> {
    let model = settings.model.read_whole()?;
    let times = output_times(settings.start, settings.end, settings.steps)?;
    let points = times.len();
    let molecules = System::new(&model.system.network().in_molecules(), &Changes::default())?;
    let variables = settings.variables.iter().map(|name| model.observable(&molecules, name));
    let mut observables = variables.collect::<Result<Vec<_>, Error>>()?;
    if observables.is_empty() && molecules.network().species.is_empty() {
        return Err(Error::NoSpecies { path: settings.model.path.clone() });
    }
    // Counts are recorded without further ado, but not the moments of all pairs of very many species.
    let few = molecules.network().species.len() <= MOST_UNASKED;
    if few && settings.variables.iter().all(|name| molecules.network().species_named(name).is_some()) {
        observables.clear();
    }
    let flowing = flowing(&settings.method, &settings.continuous, settings.current_step)?;
    // The same propensities by faster kernels (but not the same flows); what is observed is that of the laws as they are written.
    let network = if flowing.is_some() { molecules.network().clone() } else { molecules.network().in_mass_action() };
    let engine = match Kinetics::new(&network) {
        // A negative law is to be refused in its own words.
        Err(KineticsError::BadConstant { .. }) => molecules.clone(),
        _ => System::new(&network, &Changes::default())?,
    };
    let (method, kinetics) = match flowing {
        Some(hybrid) => (Box::new(hybrid) as Box<dyn Method>, None),
        None => chosen_method(&settings.method, &engine)?,
    };
    let begun = Instant::now();
    let (method, error) = match &kinetics {
        None => (method, None),
        Some(kinetics) => {
            let species: Vec<_> =
                settings.variables.iter().filter_map(|name| engine.network().species_named(name)).collect();
            let seed = settings.seed;
            match judged(&settings.method, &settings.leaping, kinetics, &species, &times, seed, progress)? {
                None => (method, None),
                Some(Ok((method, error))) => (method, Some(error)),
                Some(Err(halt)) => return Err(halted(&halt, engine.network(), method.name())),
            }
        }
    };
    let method = with_draws(method, settings, kinetics.is_some());
    let ensemble = match &kinetics {
        Some(kinetics) if observables.is_empty() => {
            check_initial_state(kinetics)?;
            Ensemble::at(kinetics, method.as_ref(), settings.trajectories, settings.seed, times)
        }
        _ => Ensemble::at(&engine, method.as_ref(), settings.trajectories, settings.seed, times),
    };
    let variables = if observables.is_empty() { engine.network().species.len() } else { observables.len() };
    let ensemble = ensemble.observing(observables);
    check_number_of_moments(variables, settings.order, points)?;
    let kept = if settings.record_trajectories { settings.trajectories } else { SHOWN };
    let covariance_order = covariance_order(settings, variables, points)?;
    let recorders = (
        MomentRecorder::new(settings.order, covariance_order),
        PathsRecorder::new(kept),
        settings.record_histograms.then(HistogramRecorder::default),
        sink.map(StreamRecorder::new),
    );
    let checkpoint = checkpoint(settings, engine.network())?;
    let kept = checkpoint.as_ref().map(|file| file as &dyn Checkpoint);
    let outcome = ensemble.run_from(recorders, kept, progress)?;
    if let Some(failure) = checkpoint.as_ref().filter(|_| outcome.halt.is_some()).and_then(CheckpointFile::failure) {
        let expected = "the state could not be kept: name a file that can be written";
        return Err(Error::Setting { setting: "checkpoint", found: failure, expected });
    }
    if let Some(halt) = &outcome.halt {
        return Err(halted(halt, engine.network(), method.name()));
    }
    let Some((moments, paths, histogram, _)) = outcome.output else {
        return Err(Error::Interrupted);
    };
    Ok(Sample {
        references: method.references().to_vec(),
        network: molecules.network().clone(),
        model,
        moments,
        histogram,
        paths,
        error,
        events: outcome.events,
        seconds: begun.elapsed().as_secs_f64(),
        checkpoint,
    })
}

/// The checkpoint of an ensemble, if it is to have one.
fn checkpoint(settings: &Settings, network: &Network) -> Result<Option<CheckpointFile>, Error> {
    let Some(path) = &settings.checkpoint else { return Ok(None) };
    // The model is known by its contents, wherever it lies.
    let mut same = Settings { checkpoint: None, ..settings.clone() };
    same.model.path = PathBuf::new();
    let same = serde_json::to_string(&same).map_err(|error| Error::Setting {
        setting: "checkpoint",
        found: error.to_string(),
        expected: "settings must be numbers",
    })?;
    let (version, numbers) = (env!("CARGO_PKG_VERSION"), kurtz_dynamics::rng::VERSION);
    let identity = format!("{version} {numbers} {} {same}", network.hash());
    CheckpointFile::open(path, identity).map(Some)
}

fn covariance_order(settings: &Settings, species: usize, points: usize) -> Result<u32, Error> {
    let order = settings.covariance;
    let bad = |found: String, expected| Err(Error::Setting { setting: "covariance", found, expected });
    if order > settings.order {
        return bad(order.to_string(), "moments are kept up to a lower order; raise that order too");
    }
    let rows = MomentRecorder::new(order, order).covariance_rows(species, points);
    if order > 0 && rows > LARGEST_COVARIANCE {
        return bad(
            format!("asked for {rows} values (moments times output times)"),
            "at most 2000 are kept with their covariance: take fewer steps or a lower order",
        );
    }
    Ok(order)
}

/// Refuses to keep more moments than fit into memory.
fn check_number_of_moments(variables: usize, order: u32, points: usize) -> Result<(), Error> {
    let moments: f64 = (1..=order).map(|i| (variables as f64 + f64::from(i)) / f64::from(i)).product();
    if moments * points as f64 > MOST_VALUES {
        return Err(Error::Setting {
            setting: "order",
            found: format!(
                "{order}, which of {variables} quantities at {points} times gives {moments:.1e} moments each"
            ),
            expected: "name the few that matter by --vars, take fewer steps, or a lower order",
        });
    }
    Ok(())
}

/// The method for reactions of which some flow, if so.
pub(super) fn flowing(method: &str, names: &[String], step: Option<f64>) -> Result<Option<Hybrid>, Error> {
    if names.is_empty() {
        return match step {
            None => Ok(None),
            Some(step) => Err(Error::Setting {
                setting: "current_step",
                found: step.to_string(),
                expected: "name the reactions that flow too (--continuous)",
            }),
        };
    }
    if !matches!(method, "auto" | "hybrid") {
        return Err(Error::Setting {
            setting: "continuous",
            found: names.join(","),
            expected: "only the method `hybrid` lets reactions flow",
        });
    }
    let treatment = step.map_or(Treatment::Integrated, Treatment::FixedSteps);
    Ok(Some(Hybrid { partition: Partition::Mixed(names.to_vec()), treatment, ..Hybrid::default() }))
}

/// The method, on parameters drawn for each trajectory if so.
fn with_draws(method: Box<dyn Method>, settings: &Settings, is_of_rates: bool) -> Box<dyn Method> {
    if settings.draws.is_empty() {
        return method;
    }
    // Trajectories of different parameters do not share lanes.
    let method = if is_of_rates && settings.method == "auto" { Box::new(Direct::default()) } else { method };
    Box::new(Drawn { method: Arc::from(method), draws: settings.draws.clone() })
}

/// The method of this name, and the rate laws alone if they are all that it follows.
pub(super) fn chosen_method(name: &str, system: &System) -> Result<(Box<dyn Method>, Option<Kinetics>), Error> {
    let kinetics = Kinetics::new(system.network());
    let in_time = |k: &Kinetics| (0..k.network().reactions.len()).any(|r| k.depends_on_time(ReactionId::from(r)));
    match (name, kinetics) {
        ("auto", Ok(kinetics)) if !in_time(&kinetics) => Ok((automatic(&kinetics), Some(kinetics))),
        ("auto", Ok(_) | Err(KineticsError::NeedsSystem { .. })) => Ok((method_named("hybrid")?, None)),
        ("auto", Err(error)) => Err(error.into()),
        ("hybrid", _) => Ok((method_named(name)?, None)),
        (_, kinetics) => Ok((method_named(name)?, Some(kinetics?))),
    }
}

/// The method of this name for a system in molecules, and the same system in the form that it is fastest with; rate laws that
/// cannot be started are refused.
pub(super) fn sound_method(name: &str, molecules: &System) -> Result<(Box<dyn Method>, System), Error> {
    let network = molecules.network().in_mass_action();
    let engine = match Kinetics::new(&network) {
        Err(KineticsError::BadConstant { .. }) => molecules.clone(),
        _ => System::new(&network, &Changes::default())?,
    };
    let (method, kinetics) = chosen_method(name, &engine)?;
    if let Some(kinetics) = &kinetics {
        check_initial_state(kinetics)?;
    }
    Ok((method, engine))
}

/// Refuses a model that no method of whole numbers can start from: initial counts that are not whole or too large, a
/// propensity that is negative or not finite at the start.
fn check_initial_state(kinetics: &Kinetics) -> Result<(), Error> {
    let counts: Vec<f64> = kinetics.initial_counts()?.into_iter().map(|n| n as f64).collect();
    Ok(kinetics.check_state(0.0, &counts)?)
}

/// Why an ensemble is not complete, as an error.
pub(super) fn halted(halt: &Halt, network: &Network, method: &str) -> Error {
    if halt.stop == Stop::Cancelled {
        return Error::Interrupted;
    }
    let reason = format!("in trajectory {} {}", halt.trajectory, halt.stop.describe(network));
    Error::Stopped { method: format!("method `{method}`"), reason }
}

impl Sample {
    /// The report of this ensemble, with its tables.
    ///
    /// # Errors
    /// Settings that cannot be recorded.
    pub fn findings(&self, settings: &Settings) -> Result<Findings, Error> {
        let mut provenance =
            provenance().seed(settings.seed).threads(rayon::current_num_threads()).settings(settings)?;
        self.model.record(&mut provenance);
        self.references.iter().for_each(|key| provenance.cite(*key));
        let events = self.events as f64;
        let table = Table::new(["trajectories", "events", "wall time (s)", "events per second"]).row([
            Cell::from(self.moments.trajectories.unwrap_or(settings.trajectories) as f64),
            Cell::from(events),
            Cell::digits(self.seconds, 3),
            Cell::digits(events / self.seconds, 3),
        ]);
        let title = self.model.network.name.clone().unwrap_or_else(|| self.model.name.clone());
        let mut section = Section::new("Ensemble").table(table);
        if let Some(statement) = self.statement(settings) {
            section = section.paragraph(format!("{statement}."));
        }
        let report = Report::new(format!("Simulation of {title}"))
            .section(section.figure(mean_figure(&self.moments, self.model.time_unit())).figure(self.path_figure()))
            .section(Section::new("Model").code(self.network.to_crn()))
            .provenance(provenance);
        let mut findings = Findings { report, data: self.tables(), files: Vec::new() };
        if let Some(histogram) = &self.histogram {
            let last = histogram.times.len() - 1;
            let figure = law_figure(histogram, last, self.model.time_unit());
            findings.report.sections[0] = findings.report.sections[0].clone().figure(figure);
            findings.data.push(histogram_table(histogram));
        }
        let json = serde_json::to_vec(&self.moments)
            .map_err(std::io::Error::from)
            .map_err(|source| kurtz_report::ReportError::Write { path: "moments.json".into(), source })?;
        findings.files.push(("moments.json".into(), json));
        findings.files.push(("model.crn".into(), self.network.to_crn().into_bytes()));
        Ok(findings)
    }

    /// Removes the checkpoint, if there was one, once results are safe.
    pub fn remove_checkpoint(&self) {
        if let Some(checkpoint) = &self.checkpoint {
            checkpoint.remove();
        }
    }

    /// How large the systematic error of an approximate method is, in words.
    pub fn statement(&self, settings: &Settings) -> Option<String> {
        self.error.as_ref().map(|error| statement(&settings.method, error))
    }

    fn tables(&self) -> Vec<DataTable> {
        vec![
            summary::means_and_deviations("summary", &self.moments, None),
            summary::moments("moments", &self.moments),
            paths_table(&self.paths),
        ]
    }

    fn path_figure(&self) -> Figure {
        let paths = &self.paths;
        let shown = paths.trajectories.min(SHOWN as usize);
        let (times, species) = (paths.times.len(), paths.variables.len());
        let mut figure =
            Figure::new("trajectories").caption(format!("The first {shown} trajectories, at the output times."));
        for (s, name) in paths.variables.iter().enumerate() {
            let mut panel = Panel::new()
                .x(Axis::new("time").unit(self.model.time_unit()))
                .y(Axis::new(name.clone()).unit("molecules"));
            for i in 0..shown {
                let values = &paths.values[i * times * species..][..times * species];
                let values: Vec<f64> = values.iter().skip(s).step_by(species).copied().collect();
                panel = panel.with(Line::steps("", paths.times.clone(), values).width(0.6).opacity(0.7));
            }
            figure = figure.panel(panel);
        }
        figure
    }
}

/// Mean and one standard deviation of every species over time.
pub(super) fn mean_figure(moments: &MomentSeries, time_unit: &str) -> Figure {
    let mut figure =
        Figure::new("means").caption("Mean (line) and mean ± one standard deviation (band) of each species.");
    let n = moments.species.len();
    for (s, name) in moments.species.iter().enumerate() {
        let column = |power| moments.position(&summary::single(n, s, power)).map(|m| summary::moment(moments, m));
        let (Some(mean), variance) = (column(1), column(2)) else { continue };
        let mut panel = Panel::new().x(Axis::new("time").unit(time_unit)).y(Axis::new(name.clone()).unit("molecules"));
        if let Some(variance) = variance {
            let edge = |sign: f64| -> Vec<f64> {
                mean.iter().zip(&variance).map(|(m, v)| m + sign * v.max(0.0).sqrt()).collect()
            };
            panel = panel.with(Band::new("mean ± sd", moments.times.clone(), edge(-1.0), edge(1.0)));
        }
        figure = figure.panel(panel.with(Line::new("mean ± sd", moments.times.clone(), mean)));
    }
    figure
}

fn law_figure(histogram: &Histogram, t: usize, time_unit: &str) -> Figure {
    let caption = format!("Law of each species at time {} {time_unit}.", histogram.times[t]);
    let mut figure = Figure::new("laws").caption(caption);
    for (s, name) in histogram.species.iter().enumerate() {
        let law = histogram.marginal(t, s);
        let (Some((&first, _)), Some((&last, _))) = (law.first_key_value(), law.last_key_value()) else { continue };
        let at = |n: i64| law.get(&n).map_or(0.0, |&count| count as f64 / histogram.trajectories as f64);
        let heights: Vec<f64> = (first..=last.min(first + 100_000)).map(at).collect();
        figure = figure.panel(
            Panel::new()
                .x(Axis::new(name.clone()).unit("molecules"))
                .y(Axis::new("probability").from_zero())
                .with(Bars::of_counts("", first, heights)),
        );
    }
    figure
}

fn histogram_table(histogram: &Histogram) -> DataTable {
    let (mut times, mut counts) = (Vec::new(), Vec::new());
    let mut states: Vec<Vec<i64>> = vec![Vec::new(); histogram.species.len()];
    for (time, law) in histogram.times.iter().zip(&histogram.states) {
        for (state, &n) in law {
            times.push(*time);
            counts.push(n as i64);
            states.iter_mut().zip(state).for_each(|(column, &n)| column.push(n));
        }
    }
    let mut table = DataTable::new("histogram").column("time", times);
    for (name, column) in histogram.species.iter().zip(states) {
        table = table.column(name.clone(), column);
    }
    table.column("trajectories", counts)
}

fn paths_table(paths: &Paths) -> DataTable {
    let (times, species) = (paths.times.len(), paths.variables.len());
    let which: Vec<i64> = (0..paths.trajectories).flat_map(|i| std::iter::repeat_n(i as i64, times)).collect();
    let when: Vec<f64> = (0..paths.trajectories).flat_map(|_| paths.times.iter().copied()).collect();
    let mut table = DataTable::new("trajectories").column("trajectory", which).column("time", when);
    for (s, name) in paths.variables.iter().enumerate() {
        let values: Vec<f64> = paths.values.iter().skip(s).step_by(species).copied().collect();
        let is_whole = values.iter().all(|x| x.fract() == 0.0);
        table = if is_whole {
            table.column(name.clone(), values.iter().map(|&x| x as i64).collect::<Vec<_>>())
        } else {
            table.column(name.clone(), values)
        };
    }
    table
}
