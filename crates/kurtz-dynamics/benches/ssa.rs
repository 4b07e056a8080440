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

/// Those that follow one trajectory at a time.
const METHODS: [&str; 6] =
    ["direct", "first-reaction", "next-reaction", "sorting-direct", "composition-rejection", "rejection"];
/// Those whose cost hardly grows with the number of reactions.
const SPARSE: [&str; 4] = ["direct", "next-reaction", "composition-rejection", "rejection"];

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

/// One short trajectory of the epidermis network, alone and to a grid of 20 weeks, with a sampler that is kept.
#[divan::bench(args = ["direct", "lanes"])]
fn one_short_trajectory(bencher: Bencher<'_, '_>, method: &str) {
    let kinetics = networks::epidermis();
    let method = method_named(method).expect("a name of the list");
    let mut sampler = method.sampler(&kinetics).expect("a network that can be simulated");
    let (mut i, mut counts) = (0, [0.0; 2]);
    bencher.bench_local(|| {
        i += 1;
        sampler.start(0.0, &[10, 0], SimRng::new(1, i, Purpose::Events));
        (1..=20).for_each(|week| {
            sampler.advance_to(f64::from(week), &Silent);
            sampler.copy_values(&mut counts);
        });
        counts
    });
}

/// Closed chains of ever more reactions, ten molecules a species: the cost of an event against the size of a network.
#[divan::bench(args = [10, 100, 1_000, 10_000, 100_000], consts = [0, 1, 2, 3])]
fn chain_of_reactions<const METHOD: usize>(bencher: Bencher<'_, '_>, reactions: usize) {
    let species = reactions / 2 + 1;
    let network = chain_of(species, 10);
    // About 20 events a unit of time and species.
    follow(bencher, SPARSE[METHOD], &network, 1e6 / (20.0 * species as f64), 1);
}

#[divan::bench]
fn laws_given_as_expressions(bencher: Bencher<'_, '_>) {
    let kinetics = kinetics("species A = 100\n 0 -> A @ rate(100/(1 + (A/200)^2))\n A -> 0 @ rate(0.5*A)");
    follow(bencher, "direct", &kinetics, 100.0, 10);
}

/// Ensembles in vector lanes, one core, recorded at the end.
#[divan::bench(args = ["epidermis", "dimerisation", "lotka-volterra", "schloegl", "chain-33"])]
fn in_lanes(bencher: Bencher<'_, '_>, model: &str) {
    let (kinetics, end, trajectories) = match model {
        "epidermis" => (networks::epidermis(), 20.0, 20_000),
        "dimerisation" => (networks::dimerisation(0.01, 1.0, 1000), 100.0, 256),
        "lotka-volterra" => (networks::lotka_volterra(), 3.0, 256),
        "schloegl" => (networks::schloegl(), 10.0, 2_560),
        _ => (chain(33, 1000), 10.0, 256),
    };
    let method = method_named("lanes").expect("a name of the list");
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
    let run = || {
        let ensemble = Ensemble::new(&kinetics, &*method, trajectories, 1, end, 1);
        pool.install(|| ensemble.run((), &Silent)).expect("a good network").events
    };
    bencher.counter(ItemsCount::new(run())).bench(run);
}

/// 20 000 trajectories of the epidermis network, recorded weekly with the covariance of 105 moments; one core.
#[divan::bench]
fn epidermis_ensemble_with_moment_covariance(bencher: Bencher<'_, '_>) {
    let kinetics = networks::epidermis();
    let method = method_named("lanes").expect("a name of the list");
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
    let run = || {
        let ensemble = Ensemble::new(&kinetics, &*method, 20_000, 1, 20.0, 20);
        pool.install(|| ensemble.run(MomentRecorder::new(2, 2), &Silent)).expect("a good network").events
    };
    bencher.counter(ItemsCount::new(run())).bench(run);
}
