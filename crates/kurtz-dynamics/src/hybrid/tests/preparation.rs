//! Counting by partial propensities, and initial states that come about before the start.

use super::*;
use crate::ensemble::{Ensemble, FinalsRecorder, MomentRecorder};
use crate::method::Method;
use crate::rng::{Purpose, SimRng};
use crate::ssa::Direct;
use kurtz_model::ReactionId;
use kurtz_testkit::oracle::Law;
use kurtz_testkit::statistics::{FalsePositive, Sampled, assert_moments, assert_z};
use std::sync::Arc;

const LINE: FalsePositive = FalsePositive(1e-6);

fn prepared(network: &Network, preparation: &Preparation) -> WithPreparation {
    let system = bound(network);
    let method = Hybrid::default();
    let prepared = Arc::new(preparation.bind(network, &system, &method).expect("a good preparation"));
    WithPreparation { method, prepared }
}

/// Columns of final values.
fn finals(method: &dyn Method, network: &Network, names: &[&str], time: f64, n: u64) -> Vec<Vec<f64>> {
    let system = bound(network);
    let observables = names.iter().map(|name| system.observable(name).expect("known")).collect();
    let ensemble = Ensemble::at(&system, method, n, 1, vec![time]).observing(observables);
    let outcome = ensemble.run(FinalsRecorder, &Silent).expect("good settings");
    assert_eq!(outcome.halt, None);
    let values = outcome.output.expect("finished").values;
    (0..names.len()).map(|k| values.iter().skip(k).step_by(names.len()).copied().collect()).collect()
}

/// Laws of all orders, a partner of three factors, more than four partners and more than four changes in one reaction.
fn rich() -> Network {
    network(
        "species A = 30, B = 20, C = 8, D = 5, E = 0, F = 3, G = 2
         0 -> A @ 6\n A -> 0 @ 0.2\n 2 A -> B @ 0.02\n B -> 2 A @ 0.4\n A + C -> D + F @ 0.01\n D + F -> A + C @ 0.05
         B + C -> E + C @ 0.02\n 3 C + A -> 3 C @ 0.0005\n 3 C + E -> 3 C + B @ 0.001\n E + G -> F + G @ 0.1
         A + B + D -> C + E + G @ 0.001\n C + E + G -> A + B + D @ 0.01\n F + C -> C + D @ 0.02\n F -> G @ 0.1\n G -> F @ 0.2",
    )
}

#[test]
fn sums_follow_every_reaction() {
    let n = rich();
    let system = bound(&n);
    let ids: Vec<ReactionId> = (0..n.reactions.len()).map(ReactionId::from).collect();
    let products = swift::products(&system, &ids).expect("mass action");
    let changes: Vec<_> = ids.iter().map(|&id| discrete::state_change(&system, id)).collect();
    let partials = partial::Partials::new(system.state().len(), &products, &changes).expect("they fit");
    let mut amounts = system.initial().to_vec();
    let mut draws = partial::Draws::default();
    let mut sums = draws.start(&partials, &amounts);
    let mut rng = SimRng::new(5, 0, Purpose::Events);
    let mut happened = vec![0; ids.len()];
    let propensity = |j: usize, x: &[f64]| {
        let product: &product::Product = &products[j];
        product.factors.iter().fold(product.constant, |a, &(i, offset)| a * (x[i] - offset).max(0.0))
    };
    for _ in 0..20_000 {
        let total: f64 = (0..ids.len()).map(|j| propensity(j, &amounts)).sum();
        assert!((sums.total() / total - 1.0).abs() < 1e-12, "{} {total}", sums.total());
        let place = draws.choose(&partials, &sums, rng.uniform(), rng.uniform()).expect("something can happen");
        let reaction = partials.reaction(place);
        let a = propensity(reaction, &amounts);
        assert!(a > 0.0 && (draws.propensity(&partials, place) / a - 1.0).abs() < 1e-12);
        sums = draws.fire(&partials, place).expect("there are molecules");
        changes[reaction].iter().for_each(|&(i, d)| amounts[i] += d);
        happened[reaction] += 1;
        assert!((0..amounts.len()).all(|i| draws.amount(i) == amounts[i]));
    }
    assert!(happened.iter().all(|&k| k > 0), "{happened:?}");
}

#[test]
fn counting_has_the_law_of_the_direct_method() {
    let n = rich();
    let counting = prepared(&n, &Preparation::default());
    let names = ["A", "B", "C", "D", "E", "F", "G"];
    let runs = 6000;
    let columns = finals(&counting, &n, &names, 3.0, runs);
    let system = bound(&n);
    let direct = Direct::default();
    let other = Ensemble::at(&system, &direct, runs, 7, vec![3.0]).run(MomentRecorder::new(4, 0), &Silent);
    let other = other.expect("good").output.expect("finished");
    for (s, values) in columns.iter().enumerate() {
        let ours = Sampled::of(values.iter().copied());
        let moment = |order: u8| {
            let mut index = vec![0; names.len()];
            index[s] = order;
            other.value(0, other.position(&crate::MomentIndex(index)).expect("recorded"))
        };
        let (mean, variance, fourth) = (moment(1), moment(2), moment(4));
        let error = (2.0 * variance / runs as f64).sqrt();
        assert_z("mean", ours.mean, mean, error, LINE);
        assert_z(
            "variance",
            ours.variance,
            variance,
            (2.0 * (fourth - variance * variance) / runs as f64).sqrt(),
            LINE,
        );
    }
}

/// Receptors S bind A, which the phase holds: T is then binomial, S + T conserved, and A what it was.
fn receptors() -> Network {
    network("species A = 50, S = 100, T = 0\n S + A -> T @ 0.02\n T -> S + A @ 0.5")
}

fn phase(average_from: Option<f64>) -> Option<Phase> {
    Some(Phase { hold: vec!["A".into()], duration: 20.0, average_from, every: 0.1 })
}

#[test]
fn a_phase_with_a_held_species_reaches_its_equilibrium() {
    let n = receptors();
    let method = prepared(&n, &Preparation { phase: phase(None), ..Preparation::default() });
    let runs = 3000;
    let [a, s, t] = &finals(&method, &n, &["A", "S", "T"], 0.0, runs)[..] else { panic!("three columns") };
    assert!(a.iter().all(|&x| x == 50.0));
    assert!(s.iter().zip(t).all(|(s, t)| s + t == 100.0));
    // Independent subunits: p = 0.02 50 / (0.02 50 + 0.5).
    let p: f64 = 1.0 / 1.5;
    let variance = 100.0 * p * (1.0 - p);
    let law = Law { mean: 100.0 * p, variance, kappa4: variance * (1.0 - 6.0 * p * (1.0 - p)) };
    assert_moments(&[Sampled::of(t.iter().copied())], &[law], LINE);
    // Afterwards A is free, and A + T is what it was then.
    let [a, t] = &finals(&method, &n, &["A", "T"], 2.0, 200)[..] else { panic!("two columns") };
    let total: f64 = a.iter().zip(t).map(|(a, t)| a + t).sum::<f64>() / 200.0;
    assert_z("total", total, 50.0 + 100.0 * p, (variance / 200.0).sqrt(), LINE);
}

#[test]
fn averages_are_rounded_one_by_one() {
    let n = receptors();
    let method = prepared(&n, &Preparation { phase: phase(Some(8.0)), ..Preparation::default() });
    let [s, t] = &finals(&method, &n, &["S", "T"], 0.0, 2000)[..] else { panic!("two columns") };
    let totals: Vec<f64> = s.iter().zip(t).map(|(s, t)| s + t).collect();
    assert!(s.iter().chain(t).all(|x| x.fract() == 0.0));
    // S + T = 100 on average, both with the same fraction on opposite sides: halves alone round away.
    assert!(totals.iter().all(|total| (total - 100.0).abs() <= 1.0));
    let mean = t.iter().sum::<f64>() / 2000.0;
    let p: f64 = 1.0 / 1.5;
    // Averaging 12 s of a process that forgets at the rate 1.5 leaves 2 / (1.5 12) of the variance; 1/12 by rounding.
    let variance = 100.0 * p * (1.0 - p) / 9.0 + 1.0 / 12.0;
    assert_z("mean", mean, 100.0 * p, (variance / 2000.0).sqrt(), LINE);
}

#[test]
fn initial_amounts_are_drawn_as_asked() {
    let n = network("species A = 100, B = 500\n A -> A @ 1\n A -> B @ 0.1\n B -> A @ 0.1");
    let spread = |species: &str, deviation| Spread { species: species.into(), deviation };
    let draw = vec![spread("A", 5.0), spread("B", 20.0)];
    let at_start = |variates| {
        let method = prepared(&n, &Preparation { draw: draw.clone(), variates, phase: None });
        finals(&method, &n, &["A", "B"], 0.0, 4000)
    };
    let each = at_start(Variates::Each);
    for (values, mean, deviation) in [(&each[0], 100.0, 5.0), (&each[1], 500.0, 20.0)] {
        let variance: f64 = deviation * deviation + 1.0 / 12.0;
        assert_moments(&[Sampled::of(values.iter().copied())], &[Law { mean, variance, kappa4: 0.0 }], LINE);
    }
    let products = each[0].iter().zip(&each[1]).map(|(a, b)| (a - 100.0) * (b - 500.0));
    assert_z("covariance", products.sum::<f64>() / 4000.0, 0.0, 5.0 * 20.0 / 4000f64.sqrt(), LINE);
    let together = at_start(Variates::Trajectory);
    assert!(together[0].iter().zip(&together[1]).all(|(a, b)| ((a - 100.0) * 4.0 - (b - 500.0)).abs() <= 2.5));
    assert!(together[0].iter().any(|&a| a != together[0][0]));
    let ensemble = at_start(Variates::Ensemble);
    assert!(ensemble.iter().all(|column| column.iter().all(|&x| x == column[0])));
    let given = at_start(Variates::Given(2.07));
    assert_eq!((given[0][0], given[1][0]), (110.0, 541.0));
}

#[test]
fn what_is_drawn_can_be_held() {
    // A is drawn and held; T settles around 100 kA / (kA + 0.5) of each trajectory's own A.
    let n = receptors();
    let draw = vec![Spread { species: "A".into(), deviation: 20.0 }];
    let preparation = Preparation { draw, variates: Variates::Each, phase: phase(None) };
    let [a, t] = &finals(&prepared(&n, &preparation), &n, &["A", "T"], 0.0, 1500)[..] else { panic!("two columns") };
    let residuals = a.iter().zip(t).map(|(a, t)| {
        let p = 0.02 * a / (0.02 * a + 0.5);
        (t - 100.0 * p) / (100.0 * p * (1.0 - p)).max(1e-9).sqrt()
    });
    // A binomial of no trials or small probability is far from normal, but its standardised square has mean 1.
    let sample = Sampled::of(residuals.filter(|z| z.is_finite()));
    assert_z("mean", sample.mean, 0.0, 1.0 / 1500f64.sqrt(), LINE);
    assert_z("variance", sample.variance, 1.0, (2.2f64 / 1500.0).sqrt(), LINE);
}

#[test]
fn bad_preparations_are_named() {
    let n = receptors();
    let refused = |preparation: &Preparation| {
        let error = preparation.bind(&n, &bound(&n), &Hybrid::default()).expect_err("it is bad");
        error.to_string()
    };
    let draw = |species: &str, deviation| Preparation {
        draw: vec![Spread { species: species.into(), deviation }],
        ..Preparation::default()
    };
    assert!(refused(&draw("Q", 1.0)).contains("`Q`"));
    assert!(refused(&draw("A", -1.0)).contains("deviation"));
    let with = |phase| Preparation { phase: Some(phase), ..Preparation::default() };
    let good = Phase { hold: vec!["A".into()], duration: 1.0, average_from: None, every: 0.1 };
    assert!(refused(&with(Phase { hold: vec!["Q".into()], ..good.clone() })).contains("`Q`"));
    assert!(refused(&with(Phase { duration: 0.0, ..good.clone() })).contains("duration"));
    assert!(refused(&with(Phase { average_from: Some(2.0), ..good })).contains("average"));
}
