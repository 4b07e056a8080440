//! Inputs of subnets: what 12 reactions of 2 visible species and 1 hidden one would do to the parameters.
//!
//! `cargo bench -p kurtz-learn --bench approximation`. Issue: at most 50 us for 64 points with derivatives by latents.

use divan::{Bencher, black_box};
use kurtz_learn::approximation::{CandidateSet, CompiledInputs, InputMap, InputSettings};

fn main() {
    let map = lotka_volterra();
    let [values, latents, all] = map.operations();
    println!("operations a point: {values} for values, {latents} with derivatives by latents, {all} with all");
    divan::main();
}

fn lotka_volterra() -> CompiledInputs {
    let names = |list: &[&str]| list.iter().map(|s| s.to_string()).collect::<Vec<_>>();
    let set = CandidateSet::lotka_volterra(&names(&["Ca", "IP3"]), &names(&["X"]));
    InputSettings::reactions(set).build().expect("the published candidates can be derived")
}

fn points(count: usize) -> (Vec<f64>, Vec<f64>) {
    let value = |i: usize| 0.3 + 0.001 * i as f64;
    ((0..5 * count).map(value).collect(), (0..2 * count).map(value).collect())
}

/// 0: values; 1: derivatives by latents, too; 2: by standard parameters, too.
fn evaluate(bencher: Bencher, count: usize, derivatives: usize) {
    let map = lotka_volterra();
    let (standard, latents) = points(count);
    let mut values = vec![0.0; 60 * count];
    let (mut by_latents, mut by_standard) = (vec![0.0; 120 * count], vec![0.0; 300 * count]);
    bencher.bench_local(|| {
        map.evaluate(
            count,
            black_box(&standard),
            black_box(&latents),
            &mut values,
            (derivatives > 0).then_some(&mut by_latents[..]),
            (derivatives > 1).then_some(&mut by_standard[..]),
        );
    });
}

#[divan::bench(args = [1, 64])]
fn values(bencher: Bencher, count: usize) {
    evaluate(bencher, count, 0);
}

#[divan::bench(args = [1, 64])]
fn with_derivatives_by_latents(bencher: Bencher, count: usize) {
    evaluate(bencher, count, 1);
}

#[divan::bench(args = [1, 64])]
fn with_all_derivatives(bencher: Bencher, count: usize) {
    evaluate(bencher, count, 2);
}
