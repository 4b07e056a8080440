//! Finite state projection: how long the master equation takes.

use divan::Bencher;
use kurtz_dynamics::fsp::{FspSettings, Propagation, Stop, solve};
use kurtz_model::{Kinetics, format::crn};

fn main() {
    divan::main();
}

const METHODS: [Propagation; 2] = [Propagation::Uniformisation, Propagation::Krylov];

fn measure(bencher: Bencher, model: &str, times: &[f64], tolerance: f64, propagation: Propagation) {
    let (network, _) = crn::parse(model, "bench.crn").expect("the model is well formed");
    let kinetics = Kinetics::new(&network).expect("the model has numbers");
    let settings = FspSettings { tolerance, propagation, ..FspSettings::default() };
    let once = solve(&kinetics, times, &settings).expect("the model can be solved");
    assert_eq!(once.stop, Stop::Finished);
    eprintln!("{propagation:?}, {tolerance:e}: {:?}", once.statistics);
    bencher.bench(|| solve(&kinetics, times, &settings));
}

/// The epidermis model to 20 weeks, four times (20,111 states in a box of the same leak).
const EPIDERMIS: &str = "species A = 10, B = 0
    A -> 2 A @ 0.0836*1.1
    A -> A + B @ 0.84*1.1
    A -> 2 B @ 0.0764*1.1
    B -> 0 @ 0.31";

#[divan::bench(args = METHODS)]
fn epidermis_to_1e_6(bencher: Bencher, propagation: Propagation) {
    measure(bencher, EPIDERMIS, &[1.0, 5.0, 10.0, 20.0], 1e-6, propagation);
}

#[divan::bench(args = METHODS)]
fn epidermis_to_1e_10(bencher: Bencher, propagation: Propagation) {
    measure(bencher, EPIDERMIS, &[1.0, 5.0, 10.0, 20.0], 1e-10, propagation);
}

/// A closed network of exactly 8,000 states, largest exit rate 178, to t = 5.
#[divan::bench(args = METHODS)]
fn closed_8000_states(bencher: Bencher, propagation: Propagation) {
    let model = "species A = 99, B = 0, C = 79, D = 0
        A -> B @ 1
        B -> A @ 0.7
        C -> D @ 0.9
        D -> C @ 1";
    measure(bencher, model, &[5.0], 1e-8, propagation);
}

/// A gene that switches a thousand times faster than its product changes: stiff.
#[divan::bench(args = METHODS)]
fn stiff_telegraph(bencher: Bencher, propagation: Propagation) {
    let model = "species G = 0, H = 1, M = 0
        H -> G @ 500
        G -> H @ 1000
        G -> G + M @ 60
        M -> 0 @ 1";
    measure(bencher, model, &[2.0, 10.0], 1e-8, propagation);
}

/// The same with a long-lived protein: stiff and about ten thousand states.
#[divan::bench(args = METHODS)]
fn stiff_expression(bencher: Bencher, propagation: Propagation) {
    let model = "species G = 0, H = 1, M = 0, P = 0
        H -> G @ 2000
        G -> H @ 4000
        G -> G + M @ 15
        M -> 0 @ 1
        M -> M + P @ 5
        P -> 0 @ 0.5";
    measure(bencher, model, &[5.0], 1e-6, propagation);
}
