//! What the tests of this crate learn from: the network of Clayton et al. 2007, and courses of networks with noise.

use crate::invariants::{Course, Record};
use crate::library::ReactionLibrary;
use crate::reactions::{Amounts, Candidate, network_of};
use crate::synthetic::{ExactMoments, FirstOrderNetwork};
use kurtz_dynamics::moments::Stoichiometry;
use kurtz_dynamics::rng::{Purpose, SimRng};
use kurtz_dynamics::{MassAction, View};
use kurtz_model::expression::BinaryOperator;
use kurtz_model::{Expression, Kinetics, Network, Parameter, ParameterId, Quantity, RateLaw, Symbol, Unit, Value};
use kurtz_ode::{Integration, VectorField, solve};

pub(crate) const R1: f64 = 0.0836;
pub(crate) const R2: f64 = 0.0764;
pub(crate) const LAMBDA: f64 = 1.1;
pub(crate) const GAMMA: f64 = 0.31;

/// True rate constants of [`candidates`].
pub(crate) const RATES: [f64; 6] = [R1 * LAMBDA, (1.0 - R1 - R2) * LAMBDA, R2 * LAMBDA, GAMMA, 0.0, 0.0];

/// A -> 2A, A -> A+B, A -> 2B, B -> 0, A -> 0, A -> B.
pub(crate) fn candidates() -> Vec<Stoichiometry> {
    let reaction = |r: [u32; 2], p: [u32; 2]| Stoichiometry { reactants: r.to_vec(), products: p.to_vec() };
    vec![
        reaction([1, 0], [2, 0]),
        reaction([1, 0], [1, 1]),
        reaction([1, 0], [0, 2]),
        reaction([0, 1], [0, 0]),
        reaction([1, 0], [0, 0]),
        reaction([1, 0], [0, 1]),
    ]
}

pub(crate) fn species() -> Vec<String> {
    vec!["A".into(), "B".into()]
}

pub(crate) fn names() -> Vec<String> {
    ["A -> 2A", "A -> A+B", "A -> 2B", "B -> 0", "A -> 0", "A -> B"].map(String::from).to_vec()
}

pub(crate) fn library() -> ReactionLibrary {
    ReactionLibrary::new(&species(), names(), &candidates(), 1.0, 2, 2, None).expect("the network is of first order")
}

/// Exact moments from `n` cells of kind A, at `weeks` x `per_week` + 1 times.
pub(crate) fn exact(n: f64, weeks: usize, per_week: usize) -> ExactMoments {
    let network = FirstOrderNetwork { species: species(), reactions: candidates(), rates: RATES.to_vec(), volume: 1.0 };
    let times: Vec<f64> = (0..=weeks * per_week).map(|i| i as f64 / per_week as f64).collect();
    ExactMoments::new(&network, &[n, 0.0], &times).expect("the network is of first order")
}

/// The network with r1, r2, lambda, Gamma as given; the rate of its second reaction is by way of `mu`.
pub(crate) fn network(parameters: [f64; 4]) -> Network {
    let named: Vec<Candidate> = candidates().into_iter().take(4).map(|s| Candidate::new(&species(), s)).collect();
    let pairs: Vec<(&Candidate, f64)> = named.iter().map(|c| (c, 1.0)).collect();
    let mut network = network_of(&species(), &[10.0, 0.0], Amounts::Counts, 1.0, &pairs);
    let plain = |value| Value::Quantity(Quantity { value, unit: Unit::unspecified() });
    let symbol = |i: usize| Expression::Symbol(Symbol::Parameter(ParameterId::from(i)));
    let times = |a, b| Expression::binary(BinaryOperator::Multiply, a, b);
    let less = |a, b| Expression::binary(BinaryOperator::Subtract, a, b);
    let names = ["r1", "r2", "lambda", "Gamma"];
    network.parameters =
        names.iter().zip(parameters).map(|(n, v)| Parameter { name: (*n).into(), value: plain(v) }).collect();
    let rest = less(less(Expression::Number(1.0), symbol(0)), symbol(1));
    network.parameters.push(Parameter { name: "mu".into(), value: Value::Expression(times(rest, symbol(2))) });
    let constants = [times(symbol(0), symbol(2)), symbol(4), times(symbol(1), symbol(2)), symbol(3)];
    network.reactions.iter_mut().zip(constants).for_each(|(r, k)| r.rate = RateLaw::MassAction(k));
    network
}

/// The directory of the data that Ernst et al. (2021) learned from, or none with a message.
pub(crate) fn published_learning_data() -> Option<std::path::PathBuf> {
    let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/reference/ip3/learning");
    if !directory.is_dir() {
        eprintln!("skipped: no {}", directory.display());
        return None;
    }
    Some(directory)
}

/// A file of one number a line.
pub(crate) fn published_vector(directory: &std::path::Path, name: &str) -> Vec<f64> {
    let text = std::fs::read_to_string(directory.join(name)).expect("the file is there");
    text.split_whitespace().map(|w| w.parse().expect("a number")).collect()
}

/// The concentrations of a network over time, exact to ten digits; `initial` replaces initial concentrations, if any.
pub(crate) fn course(model: &str, times: &[f64], initial: Option<&[f64]>) -> Record {
    let (network, _) = kurtz_model::format::crn::parse(model, "test").expect("the model is valid");
    let field = MassAction::new(&Kinetics::new(&network).expect("values are bound"), View::Concentrations);
    let settings = Integration::with_tolerances(1e-10, 1e-14);
    let start = initial.map_or_else(|| field.initial_state(), <[f64]>::to_vec);
    let solution = solve(&field, &start, times, &settings).expect("the times increase");
    let course = Course { name: "1".into(), times: times.to_vec(), values: solution.states };
    Record::new(field.names(), vec![course]).expect("the course is complete")
}

/// Equation (15) of Yang et al. 2020, t = 0..1000 in steps of 1: P, M, G, GP, GP2.
pub(crate) fn gene_network() -> Record {
    let model = "volume 1\nspecies P = 0, M = 5\n\
        species G = concentration(0.01), GP = concentration(0.01), GP2 = concentration(0.01)\n\
        G + P <-> GP @ 3, 2.4\nGP + P <-> GP2 @ 9, 6\nG -> G + M @ 0.05\nGP -> GP + M @ 0.05\n\
        M -> M + P @ 0.01\nM -> 0 @ 0.01\n";
    let times: Vec<f64> = (0..=1000).map(f64::from).collect();
    course(model, &times, None)
}

pub(crate) fn normal(rng: &mut SimRng) -> f64 {
    (-2.0 * rng.uniform().ln()).sqrt() * (std::f64::consts::TAU * rng.uniform()).cos()
}

/// The record with each value multiplied by 1 + `noise` times a standard normal variate.
pub(crate) fn noisy(record: &Record, noise: f64, seed: u64) -> Record {
    let mut record = record.clone();
    for (k, course) in record.courses.iter_mut().enumerate() {
        let mut rng = SimRng::new(seed, k as u64, Purpose::Noise);
        course.values.iter_mut().for_each(|x| *x *= 1.0 + noise * normal(&mut rng));
    }
    record
}

/// Standard normal numbers that look random, from a counter.
pub(crate) fn noise(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed;
    let mut uniform = move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    };
    move || {
        let (u, v): (f64, f64) = (1.0 - uniform(), uniform());
        (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    }
}
