//! The three ways to give a rate and the two conventions for pairs, from a file as a user writes it to each result.

use crate::closed_forms::{agrees_with_dense, law_at};
use crate::{ONE_IN_A_MILLION, assert_close, law_of};
use kurtz::dynamics::progress::Silent;
use kurtz::study::{ModelChoice, check, integrate, moments, simulate};
use kurtz_testkit::{Sampled, assert_moments};
use std::path::Path;

const VOLUME: f64 = 16.0;
const K: f64 = 3.0;
const END: f64 = 0.4;

/// 2A -> 0 from 12 A in volume 16, with k = 3.
struct Pairs {
    /// What comes before the declarations, and the rate.
    text: [&'static str; 2],
    /// Events per time with n molecules.
    propensity: fn(f64) -> f64,
    /// n at `END` by the mass-action equation.
    deterministic: fn() -> f64,
}

/// dn/dt = -2 s n^2 from 12.
fn second_order(s: f64) -> f64 {
    12.0 / (1.0 + 2.0 * s * 12.0 * END)
}

const PAIRS: [Pairs; 4] = [
    // phi = k c^2 / 2
    Pairs {
        text: ["", "k"],
        propensity: |n| K * n * (n - 1.0) / (2.0 * VOLUME),
        deterministic: || second_order(K / (2.0 * VOLUME)),
    },
    // phi = k c^2
    Pairs {
        text: ["convention power\n", "k"],
        propensity: |n| K * n * (n - 1.0) / VOLUME,
        deterministic: || second_order(K / VOLUME),
    },
    // phi verbatim: V phi(n/V), with no binomial, so that it must be made to vanish for a single molecule.
    Pairs {
        text: ["convention power\n", "rate(k*A*max(A - 1/volume, 0))"],
        propensity: |n| K * n * (n - 1.0).max(0.0) / VOLUME,
        // dn/dt = -2 s n (n - 1) from 12: (n - 1)/n falls exponentially.
        deterministic: || 1.0 / (1.0 - 11.0 / 12.0 * (-2.0 * K / VOLUME * END).exp()),
    },
    // a(n) verbatim, whatever the volume.
    Pairs {
        text: ["convention power\n", "propensity(k*A*(A - 1)/10)"],
        propensity: |n| K * n * (n - 1.0) / 10.0,
        deterministic: || 1.0 / (1.0 - 11.0 / 12.0 * (-2.0 * K / 10.0 * END).exp()),
    },
];

fn choice(pairs: &Pairs, folder: &Path) -> ModelChoice {
    let [header, rate] = pairs.text;
    let text = format!("{header}volume {VOLUME}\nspecies A = 12\nparameter k = {K}\npairs: 2 A -> 0 @ {rate}\n");
    let path = folder.join("pairs.crn");
    std::fs::write(&path, text).expect("writable");
    ModelChoice { path, ..ModelChoice::default() }
}

#[test]
fn a_rate_means_the_same_to_every_method() {
    for pairs in &PAIRS {
        println!("{:?}", pairs.text);
        let folder = tempfile::tempdir().expect("a temporary directory");
        let model = choice(pairs, folder.path());
        let kinetics = model.read().expect("a good model").kinetics;
        let law = law_at(&kinetics, END);
        agrees_with_dense(&law, vec![12], END, |n| vec![(vec![-2], (pairs.propensity)(n[0] as f64))]);

        let settings = integrate::Settings { model: model.clone(), end: END, steps: 1, ..Default::default() };
        let course = integrate::run(&settings, &Silent).expect("integrable");
        assert_close("mass action", course.values[1], (pairs.deterministic)(), 1e-6);

        let trajectories = 20_000;
        for method in ["direct", "first-reaction"] {
            let settings = simulate::Settings {
                model: model.clone(),
                method: method.into(),
                trajectories,
                end: END,
                steps: 1,
                ..Default::default()
            };
            let moments = simulate::run(&settings, &Silent).expect("samples").moments;
            let sampled = Sampled { mean: moments.value(1, 0), variance: moments.value(1, 1), number: trajectories };
            assert_moments(&[sampled], &[law_of(&law, "A")], ONE_IN_A_MILLION);
        }
    }
}

#[test]
fn the_moment_equations_follow_the_convention() {
    for (pairs, first) in [(&PAIRS[0], K / VOLUME), (&PAIRS[1], 2.0 * K / VOLUME), (&PAIRS[3], 2.0 * K / 10.0)] {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let model = choice(pairs, folder.path());
        // Where the closure cannot matter: d<A>/dt at the start is minus twice the propensity, here 132 `first`.
        let end = 1e-6;
        let settings = moments::Settings {
            model,
            closure: Some("gaussian".into()),
            end: Some(end),
            steps: 1,
            ..Default::default()
        };
        let solution = moments::run(&settings).expect("closed").solution.expect("solved");
        assert_close("slope", (solution.value(1, 0) - 12.0) / end, -132.0 * first, 1e-4);
    }
}

#[test]
fn check_prints_the_propensity_and_the_rate_that_a_convention_means() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let shown = |pairs: &Pairs| check::run(&choice(pairs, folder.path())).expect("a good model").to_string();
    let line = |text: &str, what: &str| {
        let line = text.lines().find(|line| line.contains(what)).expect("printed");
        line.rsplit("  ").next().expect("a formula").trim().to_string()
    };
    let (binomial, power) = (shown(&PAIRS[0]), shown(&PAIRS[1]));
    assert_eq!(line(&binomial, "rate (concentrations)"), "k*A^2/2");
    assert_eq!(line(&power, "rate (concentrations)"), "k*A^2");
    assert_ne!(line(&binomial, "propensity (molecules)"), line(&power, "propensity (molecules)"));
    assert_eq!(line(&shown(&PAIRS[3]), "propensity (molecules)"), "k*A*(A - 1)/10");
}
