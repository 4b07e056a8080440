//! Events per second of the exact methods on small networks, larger ones, and a whole ensemble.
//!
//! `cargo bench -p kurtz-dynamics --bench ssa`; one item is one event.

#[path = "../testing/networks.rs"]
mod networks;

use divan::Bencher;
use divan::counter::ItemsCount;
use kurtz_dynamics::progress::Silent;
use kurtz_dynamics::rng::{Purpose, SimRng};
use kurtz_dynamics::{Ensemble, Method, MomentRecorder, method_named};
use kurtz_model::Kinetics;
use networks::*;

fn main() {
    divan::main();
}

const METHODS: [&str; 2] = ["direct", "first-reaction"];

/// Trajectories one after the other; their number is chosen to give about a million events.
fn follow(bencher: Bencher<'_, '_>, method: &str, kinetics: &Kinetics, end: f64, trajectories: u64) {
    let method = method_named(method).expect("a name of the list");
    let initial = kinetics.initial_counts().expect("whole counts");
    let run = |method: &dyn Method| {
        let mut sampler = method.sampler(kinetics).expect("a network that can be simulated");
        (0..trajectories)
            .map(|i| {
                sampler.start(0.0, &initial, SimRng::new(1, i, Purpose::Events));
                let stop = sampler.advance_to(end, &Silent);
                assert!(stop.is_complete(), "{stop:?}");
                sampler.events()
            })
            .sum::<u64>()
    };
    let events = run(&*method);
    bencher.counter(ItemsCount::new(events)).bench(|| run(&*method));
}

#[divan::bench(args = METHODS)]
fn epidermis(bencher: Bencher<'_, '_>, method: &str) {
    follow(bencher, method, &networks::epidermis(), 20.0, 2_000);
}

#[divan::bench(args = METHODS)]
fn dimerisation(bencher: Bencher<'_, '_>, method: &str) {
    follow(bencher, method, &networks::dimerisation(0.01, 1.0, 1000), 100.0, 10);
}

#[divan::bench(args = METHODS)]
fn lotka_volterra(bencher: Bencher<'_, '_>, method: &str) {
    follow(bencher, method, &networks::lotka_volterra(), 3.0, 10);
}

#[divan::bench(args = METHODS)]
fn schloegl(bencher: Bencher<'_, '_>, method: &str) {
    follow(bencher, method, &networks::schloegl(), 10.0, 50);
}

#[divan::bench(args = METHODS)]
fn telegraph(bencher: Bencher<'_, '_>, method: &str) {
    follow(bencher, method, &networks::telegraph(0.4, 0.7, 100.0, 1.0), 100.0, 100);
}

#[divan::bench]
fn chain_of_100_species(bencher: Bencher<'_, '_>) {
    follow(bencher, "direct", &chain(100, 1000), 100.0, 10);
}

#[divan::bench]
fn chain_of_800_species(bencher: Bencher<'_, '_>) {
    follow(bencher, "direct", &chain(800, 10_000), 50.0, 1);
}

#[divan::bench]
fn laws_given_as_expressions(bencher: Bencher<'_, '_>) {
    let kinetics = kinetics("species A = 100\n 0 -> A @ rate(100/(1 + (A/200)^2))\n A -> 0 @ rate(0.5*A)");
    follow(bencher, "direct", &kinetics, 100.0, 10);
}

/// 20 000 trajectories of the epidermis network, recorded weekly with the covariance of 105 moments; one core.
#[divan::bench]
fn epidermis_ensemble_with_moment_covariance(bencher: Bencher<'_, '_>) {
    let kinetics = networks::epidermis();
    let method = method_named("direct").expect("a name of the list");
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
    let run = || {
        let ensemble = Ensemble::new(&kinetics, &*method, 20_000, 1, 20.0, 20);
        pool.install(|| ensemble.run(MomentRecorder::new(2, 2), &Silent)).expect("a good network").events
    };
    bencher.counter(ItemsCount::new(run())).bench(run);
}
