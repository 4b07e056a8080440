//! Derivation and evaluation of moment equations.

use divan::{Bencher, black_box};
use kurtz_dynamics::moments::closure::Gaussian;
use kurtz_dynamics::moments::{
    ClosedMoments, Form, MomentHierarchy, ReactionContributions, Sensitivity, Stoichiometry,
};
use kurtz_model::format::crn;
use kurtz_model::{Kinetics, Network};
use kurtz_ode::VectorField;

fn main() {
    divan::main();
}

const EPIDERMIS: &str = "species A = 10, B = 0\nparameter lambda = 1.1, r1 = 0.0836, r2 = 0.0764, Gamma = 0.31\n\
    A -> 2 A @ r1*lambda\nA -> A + B @ (1 - r1 - r2)*lambda\nA -> 2 B @ r2*lambda\nB -> 0 @ Gamma\n";

const THREE_SPECIES: &str = "species A = 20, B = 10, C = 5\nparameter k = 0.1\nvolume 10\n\
    0 -> A @ k\nA -> 2 A @ k\nA + B -> C @ k\nC -> A + B @ 2*k\n2 A -> B @ k\nB -> 2 A @ k/3\nB + C -> 2 B @ k\n\
    C -> 0 @ k\n2 C -> A @ k\nA -> 0 @ k\n";

fn network(text: &str) -> Network {
    crn::parse(text, "bench").expect("the text is a model").0
}

#[divan::bench(args = [1, 2, 3, 4])]
fn derive_epidermis(bencher: Bencher, order: u32) {
    let network = network(EPIDERMIS);
    bencher.bench(|| MomentHierarchy::derive(black_box(&network), order, Form::Central));
}

#[divan::bench(args = [1, 2, 3, 4])]
fn derive_three_species_of_second_order(bencher: Bencher, order: u32) {
    let network = network(THREE_SPECIES);
    bencher.bench(|| MomentHierarchy::derive(black_box(&network), order, Form::Central));
}

#[divan::bench(args = [1, 2, 3, 4])]
fn close_three_species_by_gaussian(bencher: Bencher, order: u32) {
    let network = network(THREE_SPECIES);
    let hierarchy = MomentHierarchy::derive(&network, order, Form::Central).expect("polynomial");
    let kinetics = Kinetics::new(&network).expect("good values");
    bencher.bench(|| ClosedMoments::new(black_box(&hierarchy), &kinetics, Some(&Gaussian), Sensitivity::Rates));
}

fn closed(text: &str, order: u32) -> ClosedMoments {
    let network = network(text);
    let hierarchy = MomentHierarchy::derive(&network, order, Form::Central).expect("polynomial");
    let kinetics = Kinetics::new(&network).expect("good values");
    ClosedMoments::new(&hierarchy, &kinetics, Some(&Gaussian), Sensitivity::None).expect("closed")
}

#[divan::bench(args = [2, 3, 4])]
fn evaluate_three_species(bencher: Bencher, order: u32) {
    let field = closed(THREE_SPECIES, order);
    let (x, mut dx) = (field.initial_state(), vec![0.0; field.dimension()]);
    bencher.bench_local(|| field.evaluate(0.0, black_box(&x), &mut dx));
}

#[divan::bench(args = [2, 3, 4])]
fn jacobian_of_three_species(bencher: Bencher, order: u32) {
    let field = closed(THREE_SPECIES, order);
    let (x, mut jacobian) = (field.initial_state(), vec![0.0; field.dimension().pow(2)]);
    bencher.bench_local(|| field.jacobian(0.0, black_box(&x), &mut jacobian));
}

/// All reactions of two species with at most two reactants and two products.
fn candidates() -> Vec<Stoichiometry> {
    let sides: Vec<Vec<u32>> = (0..3).flat_map(|a| (0..3 - a).map(move |b| vec![a, b])).collect();
    let pairs = sides.iter().flat_map(|r| sides.iter().map(move |p| (r.clone(), p.clone())));
    pairs.filter(|(r, p)| r != p).map(|(reactants, products)| Stoichiometry { reactants, products }).collect()
}

#[divan::bench]
fn contributions_of_thirty_candidates(bencher: Bencher) {
    let candidates = candidates();
    bencher.bench(|| ReactionContributions::new(2, black_box(&candidates), 1.0, 2, 2, Some(&Gaussian)));
}

#[divan::bench]
fn evaluate_thirty_candidates(bencher: Bencher) {
    let contributions = ReactionContributions::new(2, &candidates(), 1.0, 2, 2, Some(&Gaussian)).expect("closed");
    let mut out = vec![0.0; contributions.indices().len() * contributions.reaction_count()];
    bencher.bench_local(|| contributions.evaluate(black_box(&[10.0, 20.0, 3.0, -1.0, 15.0]), &mut out));
}
