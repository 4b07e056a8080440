//! `kurtz bench`: how many events a second each exact method makes of the built-in models on this machine.

use super::findings::{Findings, provenance};
use crate::Error;
use kurtz_dynamics::ensemble::Ensemble;
use kurtz_dynamics::method::{Method, Stop, method_named};
use kurtz_dynamics::ssa::automatic;
use kurtz_dynamics::{DynamicsError, Progress};
use kurtz_model::Kinetics;
use kurtz_model::format::crn;
use kurtz_report::{Axis, Cell, DataTable, Figure, Line, Panel, Points, Report, Section, Table};
use serde::{Deserialize, Serialize};
use std::time::Instant;

/// Settings of [`run`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Names of models, of [`names`], or `chain-N` of any N; all of [`names`] if empty, the default.
    pub models: Vec<String>,
    /// Names of methods. Default: all exact ones but `first-reaction` and `sorting-direct`, which are slow by nature.
    pub methods: Vec<String>,
    /// Seconds that each measurement should take at least. Default 0.3.
    pub seconds: f64,
    /// Seed. Default 1.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        let methods = ["lanes", "direct", "next-reaction", "composition-rejection", "rejection"];
        Settings { models: Vec::new(), methods: methods.map(String::from).into(), seconds: 0.3, seed: 1 }
    }
}

/// A model to be measured.
struct Entry {
    name: &'static str,
    /// Its `.crn` text.
    text: &'static str,
    /// Time to which it is followed.
    end: f64,
}

macro_rules! zoo {
    ($name:literal, $end:expr) => {
        Entry { name: $name, text: include_str!(concat!("../../../../models/", $name, ".crn")), end: $end }
    };
}

/// The models, from small to large.
const ZOO: &[Entry] = &[
    zoo!("immigration-death", 100.0),
    zoo!("dimerisation", 5.0),
    zoo!("michaelis-menten", 20.0),
    zoo!("sir", 5.0),
    zoo!("lotka-volterra", 1.0),
    zoo!("schloegl", 10.0),
    zoo!("epidermis", 20.0),
    zoo!("vilar-oscillator", 20.0),
    zoo!("de-young-keizer", 0.1),
];

/// Sizes of the chains measured by default.
const CHAINS: [usize; 3] = [100, 801, 5001];
/// Species of the longest chain.
const LONGEST_CHAIN: usize = 1_000_000;

/// Names of the models.
pub fn names() -> Vec<String> {
    let chains = CHAINS.iter().map(|n| format!("chain-{n}"));
    ZOO.iter().map(|entry| entry.name.to_owned()).chain(chains).collect()
}

/// A model by its name: its text and the time to which it is followed.
fn model_named(name: &str) -> Option<(String, f64)> {
    if let Some(entry) = ZOO.iter().find(|entry| entry.name == name) {
        return Some((entry.text.to_owned(), entry.end));
    }
    let n: usize = name.strip_prefix("chain-")?.parse().ok()?;
    // About 1e5 events: 20 a unit of time and species.
    (2..=LONGEST_CHAIN).contains(&n).then(|| (chain(n, 10), (5000.0 / n as f64).min(20.0)))
}

/// A closed chain of `n` isomers X0 <-> X1 <-> ..., 2 (n - 1) reactions with constants 1, `each` molecules of each.
pub fn chain(n: usize, each: u32) -> String {
    let species: Vec<String> = (0..n).map(|i| format!("X{i} = {each}")).collect();
    let reactions = (1..n).map(|i| format!("X{} <-> X{i} @ 1, 1\n", i - 1));
    format!("species {}\n{}", species.join(", "), reactions.collect::<String>())
}

/// One measurement.
#[derive(Clone, Debug, PartialEq)]
pub struct Measurement {
    /// Name of the model.
    pub model: String,
    /// Number of its species.
    pub species: usize,
    /// Number of its reactions.
    pub reactions: usize,
    /// Name of the method.
    pub method: String,
    /// Whether it is what `auto` chooses for this model.
    pub is_automatic: bool,
    /// Events.
    pub events: u64,
    /// Wall time, in seconds.
    pub seconds: f64,
}

impl Measurement {
    /// Events per second.
    pub fn rate(&self) -> f64 {
        self.events as f64 / self.seconds
    }
}

/// Measures, on the threads of the current rayon pool.
///
/// # Errors
/// Names of models or methods that there are not; a method that does not apply; interruption.
pub fn run(settings: &Settings, progress: &dyn Progress) -> Result<Vec<Measurement>, Error> {
    if !(settings.seconds > 0.0 && settings.seconds <= 3600.0) {
        return Err(Error::Setting {
            setting: "seconds",
            found: settings.seconds.to_string(),
            expected: "it must be above 0 and at most 3600",
        });
    }
    let names = if settings.models.is_empty() { names() } else { settings.models.clone() };
    let chosen = |name: &String| {
        let known = || format!("{}, or chain-N of N species up to {LONGEST_CHAIN}", self::names().join(", "));
        model_named(name).ok_or_else(|| Error::Unknown { kind: "built-in model", name: name.clone(), known: known() })
    };
    let models = names.iter().map(chosen).collect::<Result<Vec<_>, _>>()?;
    let methods = settings.methods.iter().map(|name| method_named(name)).collect::<Result<Vec<_>, _>>()?;
    let mut measurements = Vec::new();
    progress.begin("measurements", (models.len() * methods.len()) as u64);
    for (name, (text, end)) in names.iter().zip(models) {
        let (network, _) = crn::parse(&text, name)?;
        let kinetics = Kinetics::new(&network)?;
        let automatic = automatic(&kinetics).name();
        for method in &methods {
            let (events, seconds) = match measure(&kinetics, &**method, end, settings, progress) {
                Err(Error::Dynamics(DynamicsError::TimeDependent { .. })) => continue,
                measured => measured?,
            };
            measurements.push(Measurement {
                model: name.clone(),
                species: network.species.len(),
                reactions: network.reactions.len(),
                method: method.name().into(),
                is_automatic: method.name() == automatic,
                events,
                seconds,
            });
            progress.advance(1);
        }
    }
    Ok(measurements)
}

/// Events and seconds of one ensemble that takes long enough.
fn measure(
    kinetics: &Kinetics,
    method: &dyn Method,
    end: f64,
    settings: &Settings,
    progress: &dyn Progress,
) -> Result<(u64, f64), Error> {
    let quiet = Quiet(progress);
    let mut trajectories = 1;
    loop {
        let ensemble = Ensemble::new(kinetics, method, trajectories, settings.seed, end, 1);
        let begun = Instant::now();
        let outcome = ensemble.run((), &quiet)?;
        let seconds = begun.elapsed().as_secs_f64();
        if let Some(halt) = &outcome.halt {
            return Err(match halt.stop {
                Stop::Cancelled => Error::Interrupted,
                _ => super::simulate::halted(halt, kinetics.network(), method.name()),
            });
        }
        if seconds >= settings.seconds {
            return Ok((outcome.events, seconds));
        }
        // Towards 1.3 times the time wanted, but not by more than 16 times the work at once.
        let factor = (1.3 * settings.seconds / seconds.max(1e-6)).clamp(2.0, 16.0);
        trajectories = (trajectories as f64 * factor).ceil() as u64;
    }
}

/// Asks whether to give up, but counts nothing: trajectories are not what is counted here.
struct Quiet<'a>(&'a dyn Progress);

impl Progress for Quiet<'_> {
    fn cancelled(&self) -> bool {
        self.0.cancelled()
    }
}

/// A row for each model, a column for each method: million events per second, the choice of `auto` marked.
pub fn table(measurements: &[Measurement]) -> Table {
    let mut methods: Vec<&str> = Vec::new();
    let mut models: Vec<&str> = Vec::new();
    for m in measurements {
        for (list, name) in [(&mut methods, m.method.as_str()), (&mut models, m.model.as_str())] {
            if !list.contains(&name) {
                list.push(name);
            }
        }
    }
    let headings = ["model", "species", "reactions"].into_iter().chain(methods.iter().copied());
    let mut table = Table::new(headings).caption("Million events per second; * is what `--method auto` chooses.");
    for model in models {
        let of_model: Vec<&Measurement> = measurements.iter().filter(|m| m.model == model).collect();
        let first = of_model[0];
        let mut row =
            vec![Cell::text(model), Cell::text(first.species.to_string()), Cell::text(first.reactions.to_string())];
        for method in &methods {
            let text = of_model.iter().find(|m| m.method == *method).map_or("-".to_owned(), |m| {
                let rate = m.rate() / 1e6;
                let digits = if rate >= 100.0 { 0 } else { 1 };
                format!("{rate:.digits$}{}", if m.is_automatic { " *" } else { "" })
            });
            row.push(Cell::text(text));
        }
        table.push(row);
    }
    table
}

/// The measurements, a row for each.
pub fn data(measurements: &[Measurement]) -> DataTable {
    let text = |f: fn(&Measurement) -> String| measurements.iter().map(f).collect::<Vec<_>>();
    let numbers = |f: fn(&Measurement) -> f64| measurements.iter().map(f).collect::<Vec<_>>();
    let whole = |f: fn(&Measurement) -> usize| measurements.iter().map(|m| f(m) as i64).collect::<Vec<_>>();
    DataTable::new("bench")
        .column("model", text(|m| m.model.clone()))
        .column("species", whole(|m| m.species))
        .column("reactions", whole(|m| m.reactions))
        .column("method", text(|m| m.method.clone()))
        .column("automatic", whole(|m| m.is_automatic.into()))
        .column("events", whole(|m| m.events as usize))
        .column("seconds", numbers(|m| m.seconds))
        .column("events-per-second", numbers(Measurement::rate))
}

/// The cost of an event against the number of reactions, of the chains; `None` if fewer than two were measured.
pub fn figure(measurements: &[Measurement]) -> Option<Figure> {
    let chains: Vec<&Measurement> = measurements.iter().filter(|m| m.model.starts_with("chain-")).collect();
    let mut sizes: Vec<usize> = chains.iter().map(|m| m.reactions).collect();
    sizes.sort_unstable();
    sizes.dedup();
    if sizes.len() < 2 {
        return None;
    }
    let mut methods: Vec<&str> = Vec::new();
    chains.iter().for_each(|m| {
        if !methods.contains(&m.method.as_str()) {
            methods.push(&m.method);
        }
    });
    let mut panel = Panel::new().x(Axis::new("reactions").log()).y(Axis::new("time of an event").unit("ns").log());
    for method in methods {
        let mut of: Vec<(f64, f64)> =
            chains.iter().filter(|m| m.method == method).map(|m| (m.reactions as f64, 1e9 / m.rate())).collect();
        of.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (x, y): (Vec<f64>, Vec<f64>) = of.into_iter().unzip();
        panel = panel.with(Line::new(method, x.clone(), y.clone())).with(Points::new(method, x, y));
    }
    Some(Figure::new("cost-of-an-event").panel(panel).caption(
        "Time of an event of closed chains of isomers X0 ⇌ X1 ⇌ ..., ten molecules each, against the number of reactions.",
    ))
}

/// The report, with its table.
///
/// # Errors
/// Settings that cannot be recorded.
pub fn findings(measurements: &[Measurement], settings: &Settings) -> Result<Findings, Error> {
    let provenance = provenance().seed(settings.seed).threads(rayon::current_num_threads()).settings(settings)?;
    let mut section = Section::new("Events per second").table(table(measurements));
    if let Some(figure) = figure(measurements) {
        section = section.figure(figure);
    }
    let report = Report::new("Speed of exact methods").section(section).provenance(provenance);
    Ok(Findings { report, data: vec![data(measurements)], files: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use kurtz_dynamics::progress::Silent;

    #[test]
    fn every_built_in_model_is_measured_by_every_method() {
        let models = ["epidermis", "vilar-oscillator", "chain-100"].map(String::from);
        let settings = Settings { models: models.into(), seconds: 1e-3, ..Settings::default() };
        let measurements = run(&settings, &Silent).expect("all of them apply");
        assert_eq!(measurements.len(), 3 * settings.methods.len());
        assert!(measurements.iter().all(|m| m.events > 0 && m.seconds > 0.0));
        let marked = measurements.iter().filter(|m| m.is_automatic).count();
        assert_eq!(marked, 3);
        assert_eq!(measurements[0].reactions, 4);
        let text = table(&measurements).to_text();
        assert!(text.contains("chain-100") && text.contains(" *"), "{text}");
        assert!(figure(&measurements).is_none());
    }

    #[test]
    fn the_cost_of_events_is_drawn_against_the_size_of_chains() {
        let models = ["chain-3", "chain-12"].map(String::from);
        let settings = Settings { models: models.into(), seconds: 1e-3, ..Settings::default() };
        let measurements = run(&settings, &Silent).expect("all of them apply");
        assert_eq!(measurements[0].reactions, 4);
        let panels = figure(&measurements).expect("two sizes").panels;
        assert_eq!(panels[0].series.len(), 2 * settings.methods.len());
        assert!(findings(&measurements, &settings).is_ok());
    }

    #[test]
    fn names_that_there_are_not_are_refused() {
        for name in ["epidermas", "chain-1", "chain-", "chain-1e3"] {
            let settings = Settings { models: vec![name.into()], ..Settings::default() };
            let error = run(&settings, &Silent).expect_err("no such model").to_string();
            assert!(error.contains(&format!("`{name}`")) && error.contains("epidermis"), "{error}");
        }
    }
}
