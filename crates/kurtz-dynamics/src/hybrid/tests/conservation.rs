//! What is conserved, and what the noise of single molecules adds to that of currents.

use super::*;
use crate::ensemble::{Ensemble, MomentRecorder, PathsRecorder};
use crate::ssa::Direct;
use kurtz_model::kinetics::Changes;
use kurtz_testkit::statistics::{FalsePositive, assert_z};

const LINE: FalsePositive = FalsePositive(1e-6);

fn currents(names: &[&str], treatment: Treatment) -> Hybrid {
    let partition = Partition::Mixed(names.iter().map(|s| s.to_string()).collect());
    Hybrid { partition, treatment, ..Hybrid::default() }
}

/// The De Young-Keizer model at 0.7 uM IP3: calcium, IP3 and receptors are conserved in every run, to the molecule beside
/// currents of whole molecules, to rounding beside integrated ones.
#[test]
fn ligands_and_receptors_are_conserved_in_every_run() {
    let n = network(include_str!("../../../../../models/de-young-keizer.crn"));
    let changes = Changes { initial: vec![("IP3".into(), 0.7)], ..Changes::default() };
    let changed = System::new(&n, &changes).expect("good values");
    let molecules = changed.network().in_molecules();
    let system = System::new(&molecules, &Changes::default()).expect("good values");
    let laws = molecules.conservation_laws();
    assert_eq!(laws.len(), 3);
    let names = ["leak", "leak_reverse", "pump"];
    for (treatment, most) in [(Treatment::FixedSteps(1e-3), 0.0), (Treatment::Integrated, 1e-8)] {
        let method = currents(&names, treatment);
        let times: Vec<f64> = (0..=30).map(|i| f64::from(i) * 0.1).collect();
        let ensemble = Ensemble::at(&system, &method, 3, 1, times).observing(system.amounts());
        let outcome = ensemble.run(PathsRecorder::new(3), &Silent).expect("good settings");
        assert!(outcome.events > 100_000, "{}", outcome.events);
        let paths = outcome.output.expect("finished");
        let width = paths.variables.len();
        for run in paths.values.chunks(31 * width) {
            for law in &laws {
                let first = law.total(&run[..width]);
                let changed = run.chunks(width).map(|row| (law.total(row) - first).abs()).fold(0.0, f64::max);
                assert!(changed <= most, "{treatment:?}: {changed}");
            }
        }
    }
}

/// X is Poisson with mean m and forgets at the rate 10; M' = X - M. As a current M has the variance m / 11, as single molecules
/// that and its own Poisson noise m (the linear noise approximation is exact for linear networks): a gap that is constant in
/// molecules squared per molecule, and vanishes relative to the mean squared as the system grows.
#[test]
fn the_noise_of_single_molecules_is_missing_in_currents_and_vanishes_with_size() {
    let mut relative = Vec::new();
    for m in [5.0, 20.0, 80.0] {
        let n = network(&format!(
            "species X = {m}, M = {m}\n 0 -> X @ {}\n X -> 0 @ 10\n make: X -> X + M @ 1\n loss: M -> 0 @ 1",
            10.0 * m
        ));
        let system = bound(&n);
        let observed = vec![system.observable("M").expect("known")];
        let runs = 1500;
        let variance = |method: &dyn crate::Method| {
            let ensemble = Ensemble::at(&system, method, runs, 3, vec![6.0]).observing(observed.clone());
            let series = ensemble.run(MomentRecorder::new(2, 0), &Silent).expect("good").output.expect("finished");
            series.value(0, 1)
        };
        let flowing = variance(&currents(&["make", "loss"], Treatment::Integrated));
        let counted = variance(&Direct::default());
        // Both laws are close to normal: a kurtosis of 3.5 is above theirs.
        let error = |v: f64| v * (2.5 / runs as f64).sqrt();
        assert_z("currents", flowing, m / 11.0, error(m / 11.0), LINE);
        assert_z("single molecules", counted, m / 11.0 + m, error(m / 11.0 + m), LINE);
        relative.push((counted - flowing) / (m * m));
    }
    assert!(relative.windows(2).all(|pair| pair[1] < 0.5 * pair[0]), "{relative:?}");
}
