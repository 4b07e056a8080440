//! Learning the epidermis model from moments: structure, reactions, rate constants.
//!
//! `cargo bench -p kurtz-learn`

use divan::{Bencher, black_box};
use kurtz_dynamics::MomentSeries;
use kurtz_dynamics::moments::Stoichiometry;
use kurtz_learn::library::PolynomialLibrary;
use kurtz_learn::methods::{RateMethod, RateMethods};
use kurtz_learn::odenet::{Loss, loss_and_gradient};
use kurtz_learn::reactions::enumerate_candidates;
use kurtz_learn::synthetic::{ExactMoments, FirstOrderNetwork};
use kurtz_learn::{Candidate, Condition, EquationSettings, RateSettings, learn_equations, learn_reactions};

fn main() {
    divan::main();
}

fn species() -> Vec<String> {
    ["A", "B"].map(String::from).to_vec()
}

/// A -> 2A, A -> A+B, A -> 2B, B -> 0, A -> 0, A -> B.
fn candidates() -> Vec<Candidate> {
    let reactions =
        [([1, 0], [2, 0]), ([1, 0], [1, 1]), ([1, 0], [0, 2]), ([0, 1], [0, 0]), ([1, 0], [0, 0]), ([1, 0], [0, 1])];
    let candidate = |(r, p): ([u32; 2], [u32; 2])| {
        Candidate::new(&species(), Stoichiometry { reactants: r.to_vec(), products: p.to_vec() })
    };
    reactions.into_iter().map(candidate).collect()
}

fn exact(n: f64, per_week: usize) -> ExactMoments {
    let network = FirstOrderNetwork {
        species: species(),
        reactions: candidates().into_iter().map(|c| c.stoichiometry).collect(),
        rates: vec![0.09196, 0.924, 0.08404, 0.31, 0.0, 0.0],
        volume: 1.0,
    };
    let times: Vec<f64> = (0..=20 * per_week).map(|i| i as f64 / per_week as f64).collect();
    ExactMoments::new(&network, &[n, 0.0], &times).expect("the network is of first order")
}

fn series() -> MomentSeries {
    exact(10.0, 1).draw(1_000_000, 1)
}

fn means(n: f64, trajectories: u64) -> Condition {
    exact(n, 1).draw_condition(trajectories, 1, 1).expect("means are there")
}

/// Reactions and rates with intervals, out of the six candidates of the paper.
#[divan::bench]
fn reactions_of_six(bencher: Bencher) {
    let (series, candidates) = ([series()], candidates());
    bencher.bench(|| learn_reactions(black_box(&series), 1.0, &candidates, None, &RateSettings::default()));
}

/// The same out of all ten reactions of first order.
#[divan::bench]
fn reactions_of_ten(bencher: Bencher) {
    let candidates = enumerate_candidates(&species(), &Default::default()).expect("there are species");
    let series = [series()];
    bencher.bench(|| learn_reactions(black_box(&series), 1.0, &candidates, None, &RateSettings::default()));
}

/// Terms of the mean equations (eq. 11) from one initial state.
#[divan::bench]
fn mean_equations_from_one_start(bencher: Bencher) {
    let conditions = [means(10.0, 1_000_000)];
    bencher.bench(|| learn_equations(black_box(&conditions), &EquationSettings::default()));
}

/// The same from three.
#[divan::bench]
fn mean_equations_from_three_starts(bencher: Bencher) {
    let conditions = [5.0, 10.0, 20.0].map(|n| means(n, 333_333));
    bencher.bench(|| learn_equations(black_box(&conditions), &EquationSettings::default()));
}

/// Every row of the table of methods.
#[divan::bench(args = RateMethod::TABLE.iter().map(|m| m.label()))]
fn rates(bencher: Bencher, label: &str) {
    let method = *RateMethod::TABLE.iter().find(|m| m.label() == label).expect("labels are those of the table");
    let methods = RateMethods::new(&species(), &candidates(), 1.0, &[]).expect("the equations close");
    let per_week = if method.needs_dense_times() { 4 } else { 1 };
    let conditions = [exact(10.0, per_week).draw_condition(1_000_000, 1, 2).expect("moments are there")];
    bencher.bench(|| methods.rates(method, black_box(&conditions)));
}

/// One gradient by back-propagation through the solver: 80 steps, 10 weights.
#[divan::bench]
fn gradient(bencher: Bencher) {
    let library = PolynomialLibrary::full(species(), 1, 2);
    let condition = means(10.0, 1_000_000);
    let mut weights = [0.0; 10];
    (weights[0], weights[5], weights[6]) = (0.008, 1.09, -0.31);
    bencher.bench(|| {
        loss_and_gradient(&library, black_box(&weights), &condition.times, &condition.values, 0.25, Loss::Absolute)
    });
}
