//! `kurtz bench`: how many events a second each exact method makes of the built-in models on this machine.

use crate::Error;
use kurtz_dynamics::ensemble::Ensemble;
use kurtz_dynamics::method::{Method, Stop, method_named};
use kurtz_dynamics::ssa::automatic;
use kurtz_dynamics::{DynamicsError, Progress};
use kurtz_model::Kinetics;
use kurtz_model::format::crn;
use kurtz_report::{Cell, DataTable, Table};
use serde::{Deserialize, Serialize};
use std::time::Instant;

/// Settings of [`run`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Names of models, of [`names`]; all if empty, the default.
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
    text: fn() -> String,
    /// Time to which it is followed.
    end: f64,
}

macro_rules! zoo {
    ($name:literal, $end:expr) => {
        Entry { name: $name, text: || include_str!(concat!("../../../../models/", $name, ".crn")).into(), end: $end }
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
    Entry { name: "chain-100", text: || chain(100, 10), end: 20.0 },
    Entry { name: "chain-801", text: || chain(801, 10), end: 5.0 },
    Entry { name: "chain-5001", text: || chain(5001, 10), end: 1.0 },
];

/// Names of the models.
pub fn names() -> Vec<&'static str> {
    ZOO.iter().map(|entry| entry.name).collect()
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
    pub model: &'static str,
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
    let chosen = |name: &String| {
        let unknown = || Error::Unknown { kind: "built-in model", name: name.clone(), known: names().join(", ") };
        ZOO.iter().find(|entry| entry.name == name).ok_or_else(unknown)
    };
    let entries = match settings.models.is_empty() {
        true => ZOO.iter().collect(),
        false => settings.models.iter().map(chosen).collect::<Result<Vec<_>, _>>()?,
    };
    let methods = settings.methods.iter().map(|name| method_named(name)).collect::<Result<Vec<_>, _>>()?;
    let mut measurements = Vec::new();
    progress.begin("measurements", (entries.len() * methods.len()) as u64);
    for entry in entries {
        let (network, _) = crn::parse(&(entry.text)(), entry.name)?;
        let kinetics = Kinetics::new(&network)?;
        let automatic = automatic(&kinetics).name();
        for method in &methods {
            let (events, seconds) = match measure(&kinetics, &**method, entry.end, settings, progress) {
                Err(Error::Dynamics(DynamicsError::TimeDependent { .. })) => continue,
                measured => measured?,
            };
            measurements.push(Measurement {
                model: entry.name,
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
        for (list, name) in [(&mut methods, m.method.as_str()), (&mut models, m.model)] {
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
        .column("model", text(|m| m.model.into()))
        .column("species", whole(|m| m.species))
        .column("reactions", whole(|m| m.reactions))
        .column("method", text(|m| m.method.clone()))
        .column("automatic", whole(|m| m.is_automatic.into()))
        .column("events", whole(|m| m.events as usize))
        .column("seconds", numbers(|m| m.seconds))
        .column("events-per-second", numbers(Measurement::rate))
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
    }

    #[test]
    fn names_that_there_are_not_are_refused() {
        let settings = Settings { models: vec!["epidermas".into()], ..Settings::default() };
        let error = run(&settings, &Silent).expect_err("no such model").to_string();
        assert!(error.contains("`epidermas`") && error.contains("epidermis"), "{error}");
    }
}
