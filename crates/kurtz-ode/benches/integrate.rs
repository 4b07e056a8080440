//! Speed of the integrators on small kinetics: `cargo bench -p kurtz-ode`.

use divan::{Bencher, black_box};
use kurtz_ode::{Integration, OdeMethod, Sensitivities, Tolerance, solve};

#[path = "../tests/it/problems.rs"]
#[allow(dead_code)]
mod problems;

use problems::{Problem, hires, moments, robertson, van_der_pol};

fn main() {
    divan::main();
}

fn settings(r: f64, scale: &[f64], method: OdeMethod) -> Integration {
    Integration {
        absolute_tolerance: Tolerance::Each(scale.iter().map(|s| s * r).collect()),
        ..Integration::with_tolerances(r, r).with_method(method)
    }
}

fn run(bencher: Bencher, problem: Problem, times: &[f64], settings: Integration) {
    bencher.bench(|| solve(black_box(&problem), &problem.x0, times, &settings).expect("valid input"));
}

const TOLERANCES: [f64; 4] = [1e-4, 1e-6, 1e-8, 1e-10];

#[divan::bench(args = TOLERANCES)]
fn robertson_to_1e11(bencher: Bencher, r: f64) {
    run(bencher, robertson(), &[1e11], settings(r, &[1e-2, 1e-6, 1e-2], OdeMethod::Stiff));
}

#[divan::bench(args = TOLERANCES)]
fn hires_by_differences(bencher: Bencher, r: f64) {
    run(bencher, hires(), &[321.8122], settings(r, &[1e-4; 8], OdeMethod::Stiff));
}

#[divan::bench(args = TOLERANCES)]
fn van_der_pol_1000(bencher: Bencher, r: f64) {
    run(bencher, van_der_pol(1000.0), &[2000.0], settings(r, &[1.0, 1.0], OdeMethod::Stiff));
}

fn thousand_times() -> Vec<f64> {
    (1..=1000).map(f64::from).collect()
}

#[divan::bench(args = TOLERANCES)]
fn gene_network_1000_outputs(bencher: Bencher, r: f64) {
    run(bencher, problems::gene_network(), &thousand_times(), settings(r, &[1e-2; 5], OdeMethod::Stiff));
}

#[divan::bench(args = TOLERANCES)]
fn gene_network_auto(bencher: Bencher, r: f64) {
    run(bencher, problems::gene_network(), &[1000.0], settings(r, &[1e-2; 5], OdeMethod::Auto));
}

#[divan::bench(args = TOLERANCES)]
fn gene_network(bencher: Bencher, r: f64) {
    run(bencher, problems::gene_network(), &[1000.0], settings(r, &[1e-2; 5], OdeMethod::Stiff));
}

#[divan::bench(args = TOLERANCES)]
fn gene_network_7_sensitivities(bencher: Bencher, r: f64) {
    let settings = settings(r, &[1e-2; 5], OdeMethod::Stiff).with_sensitivities(Sensitivities::Parameters);
    run(bencher, problems::gene_network(), &[1000.0], settings);
}

#[divan::bench(args = TOLERANCES)]
fn moments_5(bencher: Bencher, r: f64) {
    run(bencher, moments(), &weeks(), settings(r, &[1.0; 5], OdeMethod::Explicit));
}

#[divan::bench(args = TOLERANCES)]
fn moments_5_with_4_sensitivities(bencher: Bencher, r: f64) {
    let settings = settings(r, &[1.0; 5], OdeMethod::Explicit).with_sensitivities(Sensitivities::Parameters);
    run(bencher, moments(), &weeks(), settings);
}

fn weeks() -> Vec<f64> {
    (0..=20).map(f64::from).collect()
}
