//! What is known of each model without kurtz: closed forms, plain dense generators written down by hand, printed
//! values. The numbers of the models are repeated here on purpose.

use crate::{assert_close, law_of, laws, model, volume};
use kurtz::dynamics::fsp::{FspSettings, solve_from};
use kurtz::dynamics::progress::Silent;
use kurtz::dynamics::{Distribution, stats};
use kurtz::model::Kinetics;
use kurtz_testkit::oracle::{self, Matrix, solve_linear};
use std::collections::BTreeMap;

/// 2A <-> B, kf = 1, kr = 0.4, V = 20, 40 A: <A>/V by an independent program; and all of it by hand.
pub fn dimerisation() {
    let times = [0.5, 1.0, 2.0, 5.0];
    let found = laws(&model("dimerisation", &[], &[]), &times);
    for (law, truth) in found.iter().zip([1.08762, 0.85390, 0.74167, 0.72090]) {
        assert_close("<A>/V", law_of(law, "A").mean / 20.0, truth, 3e-6);
    }
    let start = vec![40, 0];
    let by_hand = |a: i64, b: i64| {
        let (a, b) = (a as f64, b as f64);
        vec![([-2, 1], a * (a - 1.0) / (2.0 * 20.0)), ([2, -1], 0.4 * b)]
    };
    agrees_with_dense(&found[0], start, 0.5, |n| by_hand(n[0], n[1]).into_iter().map(own).collect());
}

/// Moments that close.
pub fn epidermis() {
    let times = [1.0, 3.0, 6.0];
    for (law, time) in laws(&model("epidermis", &[], &[]), &times).iter().zip(times) {
        let truth = oracle::epidermis_moments(time);
        let (a, b) = (law_of(law, "A"), law_of(law, "B"));
        let covariance = law.covariance()[1];
        for (i, value) in [a.mean, b.mean, a.variance, covariance, b.variance].into_iter().enumerate() {
            assert_close(&format!("moment {i} at {time}"), value, truth[i], 1e-7);
        }
    }
}

/// Poisson at all times.
pub fn immigration_death() {
    let times = [2.0, 30.0];
    for (law, time) in laws(&model("immigration-death", &[], &[]), &times).iter().zip(times) {
        let poisson = oracle::poisson(10.0 * (1.0 - (-0.1 * time).exp()), 80);
        for (n, p) in (0..).zip(poisson) {
            assert_close(&format!("P({n}) at {time}"), law.probability(&[n]), p, 1e-10);
        }
    }
}

/// The coefficients of 1/V of van Kampen's expansion.
pub fn kurtz_limit() {
    volume::biases_are_those_of_the_system_size_expansion();
}

/// Without predation the prey are Yule's pure births and the predators only die; without births it is a finite chain.
pub fn lotka_volterra() {
    let time = 0.1;
    let apart = model("lotka-volterra", &[("Y1", 5.0), ("Y2", 7.0)], &[("hunt", 0.0)]);
    let law = &laws(&apart, &[time])[0];
    let (prey, predators) = (oracle::yule(10.0, 5, time), oracle::immigration_death(0.0, 10.0, 7, time));
    for (name, truth) in [("Y1", prey), ("Y2", predators)] {
        let found = law_of(law, name);
        assert_close(name, found.mean, truth.mean, 1e-8);
        assert_close(name, found.variance, truth.variance, 1e-7);
    }
    let barren = model("lotka-volterra", &[("Y1", 5.0), ("Y2", 4.0)], &[("birth", 0.0), ("hunt", 2.0)]);
    agrees_with_dense(&laws(&barren, &[time])[0], vec![5, 4], time, |n| {
        let (prey, predators) = (n[0] as f64, n[1] as f64);
        vec![(vec![-1, 1], 2.0 * prey * predators), (vec![0, -1], 10.0 * predators)]
    });
}

/// In real units, with few molecules so that the chain can be written down whole.
pub fn michaelis_menten() {
    let kinetics = model("michaelis-menten", &[("S", 7.0), ("E", 3.0)], &[]);
    // 1e6 / (M s) over Avogadro's number times 1e-16 litres.
    let bind = 1e6 / (6.022_140_76e23 * 1e-16);
    for time in [1.0, 20.0] {
        agrees_with_dense(&laws(&kinetics, &[time])[0], vec![7, 3, 0, 0], time, |n| {
            let [s, e, es] = [n[0], n[1], n[2]].map(|n| n as f64);
            let catalysis = vec![0, 1, -1, 1];
            vec![(vec![-1, -1, 1, 0], bind * s * e), (vec![1, 1, -1, 0], 1e-4 * es), (catalysis, 0.1 * es)]
        });
    }
}

/// Its stationary law is a product, since it is a chain of one species; and it has two peaks.
pub fn schloegl() {
    let kinetics = model("schloegl", &[], &[]);
    let up = |x: f64| 3e-7 * 1e5 * x * (x - 1.0) / 2.0 + 1e-3 * 2e5;
    let down = |x: f64| 1e-4 * x * (x - 1.0) * (x - 2.0) / 6.0 + 3.5 * x;
    let mut weights = vec![1.0];
    for x in 1..=1100 {
        let (below, here) = (f64::from(x - 1), f64::from(x));
        weights.push(weights[x as usize - 1] * up(below) / down(here));
    }
    let total: f64 = weights.iter().sum();
    let stationary: Vec<f64> = weights.iter().map(|w| w / total).collect();
    let peaks: Vec<usize> =
        (1..1100).filter(|&x| stationary[x] > stationary[x - 1] && stationary[x] > stationary[x + 1]).collect();
    assert!(matches!(peaks[..], [low, high] if low.abs_diff(85) <= 5 && high.abs_diff(565) <= 5), "{peaks:?}");

    let law = Distribution::new(&["X".to_string()], (0..=1100).collect(), stationary).expect("a law");
    let settings = FspSettings { tolerance: 1e-10, ..FspSettings::default() };
    let later = solve_from(&kinetics, Some(&law), &[1.0], &settings, &Silent).expect("it applies");
    let distance = stats::total_variation(&later.distributions[0], &law).expect("the same species");
    assert!(distance.value < 1e-9, "the stationary law moves by {}", distance.value);
}

/// A gene of two states: moments at all times, the whole law at rest.
pub fn telegraph() {
    let kinetics = model("telegraph", &[], &[]);
    let times = [0.2, 2.0, 50.0];
    let found = laws(&kinetics, &times);
    for (law, time) in found.iter().zip(times) {
        let (mean, variance) = oracle::telegraph_moments(1.0, 6.0, 120.0, 0.5, time);
        let m = law_of(law, "mRNA");
        assert_close("mean", m.mean, mean, 1e-7);
        assert_close("variance", m.variance, variance, 1e-6);
    }
    let at_rest = found[2].marginal(&["mRNA"]).expect("a species");
    for (n, p) in (0..).zip(oracle::telegraph_stationary(1.0, 6.0, 120.0, 0.5, 300)) {
        assert_close(&format!("P({n})"), at_rest.probability(&[n]), p, 1e-9);
    }
}

/// The law of the final size by the equations of N. T. J. Bailey (1975), solved from the bottom: of the chain of jumps,
/// an infection comes before a recovery with probability contact s / (contact s + recover).
pub fn sir() {
    let (s, i, contact, recover) = (6usize, 2usize, 0.4, 1.0);
    let small = model("sir", &[("S", s as f64), ("I", i as f64)], &[("contact", contact), ("recover", recover)]);
    let law = &laws(&small, &[60.0])[0];
    let all = s + i;
    // p[a][b]: the chain of jumps visits a susceptible and b infected.
    let mut p = vec![vec![0.0; all + 1]; s + 1];
    p[s][i] = 1.0;
    for a in (0..=s).rev() {
        for b in (1..=all - a).rev() {
            let infection = contact * a as f64 / (contact * a as f64 + recover);
            let here = p[a][b];
            if a > 0 {
                p[a - 1][b + 1] += here * infection;
            }
            p[a][b - 1] += here * (1.0 - infection);
        }
    }
    for a in 0..=s {
        let found: f64 = law.iter().filter(|(n, _)| n[0] == a as i64 && n[1] == 0).map(|(_, p)| p).sum();
        assert_close(&format!("P({a} never infected)"), found, p[a][0], 1e-9);
    }
}

fn own(event: ([i64; 2], f64)) -> (Vec<i64>, f64) {
    (event.0.to_vec(), event.1)
}

/// Fails unless a law is that of the chain with these events (change, propensity), from `start`, at `time`, by the
/// exponential of its dense generator.
#[track_caller]
pub fn agrees_with_dense(
    law: &Distribution,
    start: Vec<i64>,
    time: f64,
    events: impl Fn(&[i64]) -> Vec<(Vec<i64>, f64)>,
) {
    let after = |state: &[i64], change: &[i64]| -> Vec<i64> { state.iter().zip(change).map(|(n, d)| n + d).collect() };
    let mut index = BTreeMap::from([(start.clone(), 0)]);
    let mut open = vec![start];
    while let Some(state) = open.pop() {
        for (change, propensity) in events(&state) {
            let next = after(&state, &change);
            let new = index.len();
            if propensity > 0.0 && !index.contains_key(&next) {
                assert!(new < 400, "the chain is meant to be small");
                index.insert(next.clone(), new);
                open.push(next);
            }
        }
    }
    let mut generator = Matrix::zeros(index.len());
    for (state, &from) in &index {
        for (change, propensity) in events(state).into_iter().filter(|(_, propensity)| *propensity > 0.0) {
            generator[(index[&after(state, &change)], from)] += propensity;
            generator[(from, from)] -= propensity;
        }
    }
    let mut certain = vec![0.0; index.len()];
    certain[0] = 1.0;
    let truth = solve_linear(&generator, &certain, time);
    for (state, &i) in &index {
        assert_close(&format!("P({state:?})"), law.probability(state), truth[i], 1e-10);
    }
}

/// The law at `time` of a model given as text.
pub fn law_at(kinetics: &Kinetics, time: f64) -> Distribution {
    laws(kinetics, &[time]).remove(0)
}
