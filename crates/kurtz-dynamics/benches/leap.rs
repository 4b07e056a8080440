//! Trajectories per second of leaping methods beside the direct method, on networks of many molecules.
//!
//! `cargo bench -p kurtz-dynamics --bench leap`; one item is one trajectory, recorded at its end.

#[path = "../testing/networks.rs"]
mod networks;

use divan::Bencher;
use divan::counter::ItemsCount;
use kurtz_dynamics::ensemble::FinalsRecorder;
use kurtz_dynamics::progress::Silent;
use kurtz_dynamics::variates::{binomial, normal, poisson};
use kurtz_dynamics::{Ensemble, method_named};
use kurtz_model::Kinetics;

fn main() {
    divan::main();
}

fn follow(bencher: Bencher<'_, '_>, method: &str, kinetics: &Kinetics, end: f64, trajectories: u64) {
    let method = method_named(method).expect("a name of the list");
    bencher.counter(ItemsCount::new(trajectories)).bench(|| {
        let ensemble = Ensemble::at(kinetics, &*method, trajectories, 1, vec![end]);
        let run = ensemble.run(FinalsRecorder, &Silent).expect("a network that can be simulated");
        assert!(run.halt.is_none());
        run.events
    });
}

/// The decaying dimer (Rathinam, Petzold, Cao & Gillespie 2003): 80 million events per unit of time.
#[divan::bench(args = ["direct", "tau-leap", "implicit-tau-leap"], sample_count = 3)]
fn stiff_dimer_to_0_01(bencher: Bencher<'_, '_>, method: &str) {
    let text =
        "species S1 = 4150, S2 = 39565, S3 = 3445\n S1 -> 0 @ 1\n 2 S1 -> S2 @ 10\n S2 -> 2 S1 @ 1000\n S2 -> S3 @ 0.1";
    follow(bencher, method, &networks::kinetics(text), 0.01, 10);
}

#[divan::bench(args = ["direct", "tau-leap", "langevin"], sample_count = 10)]
fn lotka_volterra_to_3(bencher: Bencher<'_, '_>, method: &str) {
    follow(bencher, method, &networks::lotka_volterra(), 3.0, 100);
}

#[divan::bench(args = ["direct", "tau-leap", "adaptive-hybrid"], sample_count = 10)]
fn gene_of_one_copy_to_4(bencher: Bencher<'_, '_>, method: &str) {
    let text = "species Off = 1, On = 0, P = 0\n Off -> On @ 3\n On -> Off @ 2\n On -> On + P @ 20000\n P -> 0 @ 1";
    follow(bencher, method, &networks::kinetics(text), 4.0, 100);
}

#[divan::bench(args = [0.5, 5.0, 50.0, 1e6, 1e12])]
fn poisson_variate(bencher: Bencher<'_, '_>, mean: f64) {
    let mut rng = kurtz_dynamics::rng::SimRng::new(1, 0, kurtz_dynamics::rng::Purpose::Events);
    bencher.bench_local(|| poisson(mean, &mut rng));
}

#[divan::bench(args = [20.0, 1e3, 1e9])]
fn binomial_variate(bencher: Bencher<'_, '_>, trials: f64) {
    let mut rng = kurtz_dynamics::rng::SimRng::new(1, 0, kurtz_dynamics::rng::Purpose::Events);
    bencher.bench_local(|| binomial(trials, 0.3, &mut rng));
}

#[divan::bench]
fn normal_variate(bencher: Bencher<'_, '_>) {
    let mut rng = kurtz_dynamics::rng::SimRng::new(1, 0, kurtz_dynamics::rng::Purpose::Events);
    bencher.bench_local(|| normal(&mut rng));
}
