//! The models in `models/` and the ways to give a rate, from text to law, against what is known of them.

mod closed_forms;
mod conventions;
mod published;
mod sbml_suite;
mod volume;
mod zoo;

use kurtz::dynamics::Distribution;
use kurtz::dynamics::fsp::{FspSettings, Stop, solve};
use kurtz::model::Kinetics;
use kurtz::model::kinetics::Changes;
use kurtz::study::ModelChoice;
use kurtz_testkit::FalsePositive;
use kurtz_testkit::oracle::Law;
use std::path::PathBuf;

/// Where the models are.
fn models() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "..", "..", "models"].iter().collect()
}

/// A model of the zoo with some initial counts and parameters changed.
fn model(name: &str, initial: &[(&str, f64)], parameters: &[(&str, f64)]) -> Kinetics {
    let owned = |list: &[(&str, f64)]| list.iter().map(|&(name, value)| (name.to_string(), value)).collect();
    bound(name, Changes { initial: owned(initial), parameters: owned(parameters), volume: None })
}

/// A model of the zoo with changes.
fn bound(name: &str, changes: Changes) -> Kinetics {
    let choice = ModelChoice { path: models().join(format!("{name}.crn")), changes };
    choice.read().unwrap_or_else(|error| panic!("{error}")).kinetics
}

/// The law at each time by finite state projection, to 1e-11.
fn laws(kinetics: &Kinetics, times: &[f64]) -> Vec<Distribution> {
    let settings = FspSettings { tolerance: 1e-11, ..FspSettings::default() };
    let solution = solve(kinetics, times, &settings).expect("the model has a master equation");
    assert_eq!(solution.stop, Stop::Finished);
    solution.distributions
}

/// Mean, variance and fourth cumulant of one species of a law.
fn law_of(joint: &Distribution, species: &str) -> Law {
    let marginal = joint.marginal(&[species]).expect("a species of the model");
    let mean = marginal.mean()[0];
    let central = |e: i32| marginal.iter().map(|(n, p)| (n[0] as f64 - mean).powi(e) * p).sum::<f64>();
    Law { mean, variance: central(2), kappa4: central(4) - 3.0 * central(2) * central(2) }
}

/// Fails unless two numbers agree to `tolerance`, relative to 1 + their size.
#[track_caller]
fn assert_close(what: &str, value: f64, truth: f64, tolerance: f64) {
    assert!((value - truth).abs() <= tolerance * (1.0 + truth.abs()), "{what}: {value} but {truth} expected");
}

const ONE_IN_A_MILLION: FalsePositive = FalsePositive(1e-6);
