//! The solver against closed forms, and its promises.

use super::*;
use crate::moment_series::MomentIndex;
use crate::progress::Cancel;
use crate::stats::{ChiSquareSettings, chi_square, hellinger, kullback_leibler, sampling_floor, total_variation};
use kurtz_model::format::crn;
use kurtz_model::kinetics::{Changes, KineticsError};
use statrs::distribution::{Binomial, Discrete, Poisson};
use statrs::function::gamma::ln_gamma;

fn model(text: &str) -> Kinetics {
    let (network, _) = crn::parse(text, "test.crn").expect("the model is well formed");
    Kinetics::new(&network).expect("the model has numbers")
}

fn with(tolerance: f64, propagation: Propagation) -> FspSettings {
    FspSettings { tolerance, propagation, ..FspSettings::default() }
}

const BOTH: [Propagation; 2] = [Propagation::Uniformisation, Propagation::Krylov];

/// SPCM (Clayton et al. 2007; spec of the paper's table I): r1, r2, lambda, Gamma.
fn epidermis(r1: f64, r2: f64, lambda: f64, gamma: f64) -> Kinetics {
    let r = 1.0 - r1 - r2;
    model(&format!(
        "species A = 10, B = 0
        A -> 2 A @ {}
        A -> A + B @ {}
        A -> 2 B @ {}
        B -> 0 @ {gamma}",
        r1 * lambda,
        r * lambda,
        r2 * lambda
    ))
}

#[test]
fn immigration_and_death_give_the_poisson_law_within_the_bound() {
    let (k, d) = (30.0, 0.7);
    let kinetics = model("species A = 0\n0 -> A @ 30\nA -> 0 @ 0.7");
    for propagation in BOTH {
        let times = [0.1, 1.0, 3.0, 20.0];
        let solution = solve(&kinetics, &times, &with(1e-9, propagation)).unwrap();
        assert_eq!(solution.stop, Stop::Finished);
        for (t, law) in times.iter().zip(&solution.distributions) {
            let exact = Poisson::new(k / d * (1.0 - (-d * t).exp())).unwrap();
            let error: f64 = law.iter().map(|(n, p)| (p - exact.pmf(n[0] as u64)).abs()).sum::<f64>()
                + (1.0 - law.iter().map(|(n, _)| exact.pmf(n[0] as u64)).sum::<f64>());
            assert!(law.error_bound() <= 1e-9);
            // statrs gives the reference to about 1e-13.
            assert!(error <= law.error_bound() + 1e-12, "{propagation:?} t {t}: {error:e} {:e}", law.error_bound());
        }
    }
}

#[test]
fn independent_deaths_and_conversions_give_binomial_laws() {
    let kinetics = model("species A = 50, B = 0\nA -> B @ 0.8\nB -> A @ 0.3");
    for propagation in BOTH {
        let solution = solve(&kinetics, &[0.5, 4.0], &with(1e-10, propagation)).unwrap();
        for (&t, law) in solution.times.iter().zip(&solution.distributions) {
            let stays = 0.3 / 1.1 + 0.8 / 1.1 * (-1.1 * t).exp();
            let exact = Binomial::new(stays, 50).unwrap();
            for n in 0..=50 {
                let error = law.probability(&[n, 50 - n]) - exact.pmf(n as u64);
                assert!(error.abs() < 1e-10, "{propagation:?} t {t} n {n}: {error:e}");
            }
        }
    }
    let death = model("species A = 30\nA -> 0 @ 1");
    let law = &solve(&death, &[1.5], &with(1e-12, Propagation::Auto)).unwrap().distributions[0];
    let exact = Binomial::new((-1.5f64).exp(), 30).unwrap();
    assert!((0..=30).all(|n| (law.probability(&[n]) - exact.pmf(n as u64)).abs() < 1e-12));
}

/// Means and second moments of SPCM by the five linear moment equations, by Runge-Kutta steps far below rounding.
fn epidermis_moments(r1: f64, r2: f64, lambda: f64, gamma: f64, t: f64) -> [f64; 5] {
    let (a11, a21, a22) = ((r1 - r2) * lambda, (1.0 - r1 + r2) * lambda, -gamma);
    let b11 = (r1 + r2) * lambda;
    let b21 = (1.0 - r1 + 3.0 * r2) * lambda;
    let flow = |x: [f64; 5]| {
        let [a, b, va, vb, c] = x;
        [
            a11 * a,
            a21 * a + a22 * b,
            b11 * a + 2.0 * a11 * va,
            b21 * a + gamma * b + 2.0 * a22 * vb + 2.0 * a21 * c,
            -2.0 * r2 * lambda * a + a21 * va + (a11 + a22) * c,
        ]
    };
    runge_kutta(flow, [10.0, 0.0, 0.0, 0.0, 0.0], t, 4000)
}

fn runge_kutta<const N: usize>(flow: impl Fn([f64; N]) -> [f64; N], start: [f64; N], t: f64, steps: usize) -> [f64; N] {
    let h = t / steps as f64;
    let along = |x: [f64; N], k: [f64; N], h: f64| std::array::from_fn(|i| x[i] + h * k[i]);
    let mut x = start;
    for _ in 0..steps {
        let k1 = flow(x);
        let k2 = flow(along(x, k1, 0.5 * h));
        let k3 = flow(along(x, k2, 0.5 * h));
        let k4 = flow(along(x, k3, h));
        x = std::array::from_fn(|i| x[i] + h / 6.0 * (k1[i] + 2.0 * k2[i] + 2.0 * k3[i] + k4[i]));
    }
    x
}

#[test]
fn epidermis_moments_match_the_exact_linear_equations() {
    let kinetics = epidermis(0.0836, 0.0764, 1.1, 0.31);
    let times = [1.0, 5.0, 10.0, 20.0];
    for (propagation, tolerance, times) in
        [(Propagation::Uniformisation, 1e-13, &times[..]), (Propagation::Krylov, 1e-11, &times[..1])]
    {
        let solution = solve(&kinetics, times, &with(tolerance, propagation)).unwrap();
        let moments = solution.moments(2).unwrap();
        for (i, &t) in times.iter().enumerate() {
            let exact = epidermis_moments(0.0836, 0.0764, 1.1, 0.31, t);
            let index = |a: u8, b: u8| moments.position(&MomentIndex(vec![a, b])).unwrap();
            let found = [(1, 0), (0, 1), (2, 0), (0, 2), (1, 1)].map(|(a, b)| moments.value(i, index(a, b)));
            for (x, y) in found.iter().zip(exact) {
                assert!((x - y).abs() < 1e-8 * y.abs(), "{propagation:?} t {t}: {found:?} {exact:?}");
            }
        }
    }
}

#[test]
fn telegraph_relaxes_to_the_beta_poisson_law() {
    // Peccoud & Ycart 1995: with on = 0.9, off = 0.6, decay 1, production 20, the product is Poisson(20 x),
    // x ~ Beta(0.9, 0.6), long after the start; the slowest mode decays as e^-t.
    let (on, off, k) = (0.9, 0.6, 20.0f64);
    let kinetics = model("species G = 0, H = 1, M = 0\nH -> G @ 0.9\nG -> H @ 0.6\nG -> G + M @ 20\nM -> 0 @ 1");
    let solution = solve(&kinetics, &[40.0], &with(1e-9, Propagation::Auto)).unwrap();
    let law = solution.distributions[0].marginal(&["M"]).unwrap();
    let log_beta = |a: f64, b: f64| ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b);
    for n in 0..60i32 {
        // int x^n e^-kx x^(on-1) (1-x)^(off-1) dx as a series in (1 - x): e^-k sum_j k^j / j! B(on + n, off + j).
        let m = f64::from(n);
        let series: f64 = (0..200)
            .map(|j| {
                let j = f64::from(j);
                (j * k.ln() - ln_gamma(j + 1.0) + log_beta(on + m, off + j) - log_beta(on, off)).exp()
            })
            .sum();
        let exact = series * (m * k.ln() - ln_gamma(m + 1.0) - k).exp();
        let found = law.probability(&[n.into()]);
        assert!((found - exact).abs() < 1.1e-9, "n {n}: {found} {exact}");
    }
}

#[test]
fn dimerisation_has_the_means_of_the_published_convention() {
    // 2A <-> B with kf = 1, kr = 0.4 at V = 20 from 40 A (propensity k n (n - 1) / (2 V)).
    let kinetics = model("volume 20\nspecies A = 40, B = 0\n2 A -> B @ 1\nB -> 2 A @ 0.4");
    let solution = solve(&kinetics, &[0.5, 1.0, 2.0, 5.0], &with(1e-10, Propagation::Auto)).unwrap();
    let means: Vec<f64> = solution.distributions.iter().map(|law| law.mean()[0] / 20.0).collect();
    for (found, printed) in means.iter().zip([1.08762, 0.85390, 0.74167, 0.72090]) {
        assert!((found - printed).abs() < 5.1e-6, "{means:?}");
    }
    // A closed network leaks nothing.
    assert!(solution.leaked.iter().all(|&l| l < 1e-11), "{:?}", solution.leaked);
}

#[test]
fn means_approach_mass_action_as_one_over_the_volume() {
    // 0 -> A at 1, 2A -> 0 at 1, c(0) = 3: dc/dt = 1 - c^2, c = coth(t + arcoth 3).
    let times = [0.5, 1.0, 2.0, 5.0];
    let limit = [0.187859, 0.157939, 0.133051, 0.125053];
    let concentration = |t: f64| 1.0 / (t + (1.0f64 / 3.0).atanh()).tanh();
    let deviation = |volume: f64| -> Vec<f64> {
        let kinetics = model(&format!("volume {volume}\nspecies A = {}\n0 -> A @ 1\n2 A -> 0 @ 1", 3.0 * volume));
        let solution = solve(&kinetics, &times, &with(1e-11, Propagation::Auto)).unwrap();
        assert_eq!(solution.stop, Stop::Finished);
        solution.distributions.iter().zip(times).map(|(p, t)| p.mean()[0] - volume * concentration(t)).collect()
    };
    let at = [10.0, 100.0, 1000.0].map(deviation);
    let printed =
        [[0.1900, 0.1601, 0.1355, 0.1275], [0.1881, 0.1582, 0.1333, 0.1253], [0.18788, 0.15796, 0.13307, 0.12508]];
    for i in 0..4 {
        assert!((at[0][i] - printed[0][i]).abs() < 6e-5, "V 10: {:?}", at[0]);
        assert!((at[1][i] - printed[1][i]).abs() < 6e-5, "V 100: {:?}", at[1]);
        assert!((at[2][i] - printed[2][i]).abs() < 6e-6, "V 1000: {:?}", at[2]);
        // The next order is 1/V^2: extrapolation from 100 and 1000 leaves less than 1e-5.
        let extrapolated = (10.0 * at[2][i] - at[1][i]) / 9.0;
        assert!((extrapolated - limit[i]).abs() < 1e-5, "{i}: {extrapolated}");
        // Slope of log(deviation / V) between V = 100 and 1000.
        let slope = (at[2][i] / at[1][i]).log10() - 1.0;
        assert!((slope + 1.0).abs() < 2e-3, "{i}: {slope}");
    }
}

#[test]
fn uniformisation_krylov_and_the_dense_exponential_agree() {
    // Two species, second order, 66 states reachable: A + B + C = 10 with A -> B, B + C -> 2 A, 2 B -> C + B, C -> A.
    let kinetics =
        model("species A = 6, B = 3, C = 1\nA -> B @ 1.3\nB + C -> 2 A @ 0.8\n2 B -> C + B @ 0.6\nC -> A @ 0.2");
    let transitions = transitions::Transitions::new(&kinetics).unwrap();
    let mut space = space::StateSpace::new(vec![6, 3, 1], &transitions).unwrap();
    space.grow(&[0], usize::MAX, 1000, &transitions).unwrap();
    let n = space.len();
    let mut matrix = vec![0.0; n * n];
    for j in 0..n {
        for jump in 0..transitions.len() {
            let target: Vec<i64> = space.state(j).iter().zip(transitions.change(jump)).map(|(n, d)| n + d).collect();
            let rate = space.propensities(j)[jump];
            if rate > 0.0 {
                let i = (0..n).find(|&i| space.state(i) == target).unwrap();
                matrix[i * n + j] += 1.7 * rate;
                matrix[j * n + j] -= 1.7 * rate;
            }
        }
    }
    let exponential = dense_exponential::dense_exponential(&matrix, n);
    let start = (0..n).find(|&i| space.state(i) == [6, 3, 1]).unwrap();
    for propagation in BOTH {
        let solution = solve(&kinetics, &[0.3, 1.7], &with(1e-11, propagation)).unwrap();
        let law = &solution.distributions[1];
        assert_eq!(law.len(), n);
        for i in 0..n {
            let (found, exact) = (law.probability(space.state(i)), exponential[i * n + start]);
            assert!((found - exact).abs() < 1e-11, "{propagation:?} {:?}: {found} {exact}", space.state(i));
        }
    }
}

#[test]
fn what_leaked_bounds_the_distance_to_a_much_better_solution() {
    let kinetics = epidermis(0.0836, 0.0764, 1.1, 0.31);
    let times = [1.0, 5.0];
    let better = solve(&kinetics, &times, &with(1e-12, Propagation::Uniformisation)).unwrap();
    for propagation in BOTH {
        for tolerance in [1e-2, 1e-4, 1e-6] {
            let coarse = solve(&kinetics, &times, &with(tolerance, propagation)).unwrap();
            for (p, q) in coarse.distributions.iter().zip(&better.distributions) {
                assert!(p.error_bound() <= tolerance);
                let distance = 2.0 * total_variation(p, q).unwrap().value;
                assert!(distance <= p.error_bound() + q.error_bound(), "{propagation:?} {tolerance:e}");
                // It is not a bound that anything would meet: what is missing is most of it.
                assert!(distance >= 0.3 * p.error_bound(), "{propagation:?} {distance:e} {:e}", p.error_bound());
                if propagation == Propagation::Uniformisation {
                    assert!(p.iter().all(|(n, p)| p <= q.probability(n) + 1e-12));
                }
            }
        }
    }
}

#[test]
fn the_space_grows_from_one_state_to_what_is_needed_and_shrinks_again() {
    // Ten thousand molecules decay to about one: the states left behind are dropped.
    let kinetics = model("species A = 10000\nA -> 0 @ 1");
    let solution = solve(&kinetics, &[9.0], &with(1e-8, Propagation::Uniformisation)).unwrap();
    let exact = Binomial::new((-9.0f64).exp(), 10_000).unwrap();
    let law = &solution.distributions[0];
    assert!((0..20).all(|n| (law.probability(&[n]) - exact.pmf(n as u64)).abs() < 1e-8));
    assert!(law.len() < 100, "{} states", law.len());
    let statistics = solution.statistics;
    assert!(statistics.grown > 3 && statistics.pruned > 3 && statistics.most_states < 2000, "{statistics:?}");
}

#[test]
fn an_initial_law_is_propagated_as_the_mixture_of_its_states() {
    let text = |n: i64| format!("species A = {n}\n0 -> A @ 3\nA -> 0 @ 1");
    let settings = with(1e-10, Propagation::Auto);
    let alone = |n: i64| solve(&model(&text(n)), &[0.7], &settings).unwrap().distributions[0].clone();
    let (two, nine) = (alone(2), alone(9));
    let initial = Distribution::new(&["A".to_owned()], vec![9, 2], vec![0.25, 0.75]).unwrap();
    let mixed = solve_from(&model(&text(0)), Some(&initial), &[0.0, 0.7], &settings, &Silent).unwrap();
    assert_eq!(mixed.distributions[0].probability(&[9]), 0.25);
    for n in 0..30 {
        let expected = 0.75 * two.probability(&[n]) + 0.25 * nine.probability(&[n]);
        assert!((mixed.distributions[1].probability(&[n]) - expected).abs() < 2e-10);
    }
    // In two legs: the error bounds add up.
    let halfway = solve(&model(&text(2)), &[0.3], &settings).unwrap().distributions.remove(0);
    let second = solve_from(&model(&text(0)), Some(&halfway), &[0.4], &settings, &Silent).unwrap();
    let distance = total_variation(&second.distributions[0], &two).unwrap();
    assert!(distance.value < 2e-10 && second.distributions[0].error_bound() >= halfway.error_bound());
}

#[test]
fn many_output_times_change_nothing_but_the_output() {
    let kinetics = model("species A = 0\n0 -> A @ 30\nA -> 0 @ 0.7");
    let many: Vec<f64> = (0..=200).map(|i| 0.02 * f64::from(i)).collect();
    for propagation in BOTH {
        let settings = with(1e-10, propagation);
        let dense = solve(&kinetics, &many, &settings).unwrap();
        let sparse = solve(&kinetics, &[4.0], &settings).unwrap();
        assert_eq!(dense.times, many);
        assert!(dense.statistics.products <= 2 * sparse.statistics.products, "{:?}", dense.statistics);
        assert!(total_variation(&dense.distributions[200], &sparse.distributions[0]).unwrap().value < 1e-10);
        for (t, law) in many.iter().zip(&dense.distributions) {
            assert!((law.mean()[0] - 30.0 / 0.7 * (1.0 - (-0.7 * t).exp())).abs() < 1e-7, "{propagation:?} t {t}");
        }
    }
}

#[test]
fn a_chain_at_rest_costs_nothing_more() {
    let kinetics = model("species A = 40, B = 0\nA -> B @ 50\nB -> A @ 20");
    let early = solve(&kinetics, &[1.0], &with(1e-8, Propagation::Uniformisation)).unwrap();
    let late = solve(&kinetics, &[1e5], &with(1e-8, Propagation::Uniformisation)).unwrap();
    assert!(late.statistics.products < 20 * early.statistics.products, "{:?}", late.statistics);
    let exact = Binomial::new(5.0 / 7.0, 40).unwrap();
    assert!((0..=40).all(|n| (late.distributions[0].probability(&[40 - n, n]) - exact.pmf(n as u64)).abs() < 1e-8));
}

#[test]
fn an_explosive_network_ends_with_a_reason() {
    let kinetics = model("species A = 10\n2 A -> 3 A @ 1");
    let solution = solve(&kinetics, &[0.01, 1.0], &FspSettings { max_work: 1e9, ..FspSettings::default() }).unwrap();
    assert!(matches!(&solution.stop, Stop::WorkLimit { growing, .. } if growing[0].0 == "A"), "{}", solution.stop);
    assert_eq!(solution.times, [0.01]);
    let message = solution.stop.to_string();
    assert!(message.contains("growing: A (held: 10 to"), "{message}");
}

#[test]
fn a_space_beyond_the_limit_ends_with_its_size_and_species() {
    let kinetics = model("species A = 0, B = 0\n0 -> A @ 100\nA -> A + B @ 1");
    let settings = FspSettings { max_states: 2000, ..FspSettings::default() };
    let solution = solve(&kinetics, &[1e-3, 10.0], &settings).unwrap();
    assert_eq!(solution.times, [1e-3]);
    match &solution.stop {
        Stop::StateLimit { time, states, limit: 2000, growing } => {
            assert!(*time > 0.0 && *states < 2000);
            assert_eq!(growing.iter().map(|g| g.0.as_str()).collect::<Vec<_>>(), ["A", "B"]);
        }
        other => panic!("{other}"),
    }
}

#[test]
fn an_interrupted_solution_says_when() {
    let cancel = Cancel::new();
    cancel.cancel();
    let kinetics = epidermis(0.0836, 0.0764, 1.1, 0.31);
    for propagation in BOTH {
        let solution = solve_from(&kinetics, None, &[1.0], &with(1e-8, propagation), &cancel).unwrap();
        assert!(matches!(solution.stop, Stop::Cancelled { .. }));
        assert!(solution.times.is_empty());
    }
}

#[test]
fn what_is_no_master_equation_is_refused_by_name() {
    let refused = |text: &str| solve(&model(text), &[1.0], &FspSettings::default()).unwrap_err();
    assert!(matches!(
        refused("species A = 10\nminus: A -> 0 @ propensity(-0.0197*A)"),
        DynamicsError::BadPropensity { reaction, .. } if reaction == "minus"
    ));
    assert!(matches!(
        refused("species A = 9\npairs: 2 A -> 0 @ rate(A^2)"),
        DynamicsError::MissingReactants { reaction, state, .. } if reaction == "pairs" && state == "A = 1"
    ));
    assert!(matches!(
        refused("species A = 1\npulse: A -> 0 @ rate(time*A)"),
        DynamicsError::TimeDependent { reaction, .. } if reaction == "pulse"
    ));
    let kinetics = model("species A = 1\nA -> 0 @ 1");
    let settings = FspSettings::default();
    let changes = Changes { initial: vec![("A".into(), 2.5)], ..Changes::default() };
    let fractional = Kinetics::with_changes(kinetics.network(), &changes).unwrap();
    assert!(matches!(
        solve(&fractional, &[1.0], &settings),
        Err(DynamicsError::Kinetics(KineticsError::FractionalCount { species, value: 2.5 })) if species == "A"
    ));
    assert!(matches!(solve(&kinetics, &[], &settings), Err(DynamicsError::NoTimes)));
    assert!(matches!(solve(&kinetics, &[2.0, 1.0], &settings), Err(DynamicsError::BadGrid { index: 1, .. })));
    let bad = FspSettings { tolerance: 0.0, ..settings.clone() };
    assert!(matches!(solve(&kinetics, &[1.0], &bad), Err(DynamicsError::BadSetting { .. })));
    let other = Distribution::certain(&["B".to_owned()], &[1]).unwrap();
    assert!(matches!(
        solve_from(&kinetics, Some(&other), &[1.0], &settings, &Silent),
        Err(DynamicsError::InitialSpecies { .. })
    ));
    // Table I of the paper taken raw is no generator: its k2 < 0 is refused when the network is bound.
    let (network, _) = crn::parse("species A = 10, B = 0\nparameter k = 1\nk2: A -> B @ k", "raw.crn").unwrap();
    let raw = Changes { parameters: vec![("k".to_owned(), -0.0197)], ..Changes::default() };
    let error = Kinetics::with_changes(&network, &raw).unwrap_err().to_string();
    assert!(error.contains("`k2`"), "{error}");
}

#[test]
fn clamped_species_act_without_being_counted() {
    let mut network = crn::parse("species S = 4, A = 0\nS -> A @ 2\nA -> 0 @ 1", "test.crn").unwrap().0;
    network.species[0].clamped = true;
    let kinetics = Kinetics::new(&network).unwrap();
    let solution = solve(&kinetics, &[1.0], &with(1e-11, Propagation::Auto)).unwrap();
    let law = &solution.distributions[0];
    assert_eq!(law.species(), ["A"]);
    let exact = Poisson::new(8.0 * (1.0 - (-1.0f64).exp())).unwrap();
    assert!((0..30).all(|n| (law.probability(&[n]) - exact.pmf(n as u64)).abs() < 1e-11));
}

#[test]
fn nothing_happens_without_reactions_or_reactants() {
    for text in ["species A = 3", "species A = 0\nA -> 0 @ 1", "species A = 1\n2 A -> 0 @ 1"] {
        let kinetics = model(text);
        let law = &solve(&kinetics, &[0.0, 1e6], &FspSettings::default()).unwrap().distributions[1];
        assert_eq!((law.total(), law.error_bound()), (1.0, 0.0), "{text}");
    }
}

#[test]
fn learned_rates_are_as_far_from_the_truth_as_published() {
    // Table I of the paper with k1, k2 deleted, at 1, 5, 10, 20 weeks.
    let times = [1.0, 5.0, 10.0, 20.0];
    let settings = with(1e-7, Propagation::Auto);
    let truth = solve(&epidermis(0.0836, 0.0764, 1.1, 0.31), &times, &settings).unwrap();
    let learned = solve(&epidermis(0.0831, 0.0824, 1.1059, 0.3074), &times, &settings).unwrap();
    let distances = [[0.0245, 2e-3], [0.0526, 9e-3], [0.0729, 1.7e-2], [0.1007, 3.3e-2]];
    let floors = [0.0041, 0.0087, 0.0117, 0.0152];
    for (i, (p, q)) in truth.distributions.iter().zip(&learned.distributions).enumerate() {
        let variation = total_variation(p, q).unwrap();
        assert!((variation.value - distances[i][0]).abs() < 6e-5, "{i}: {variation:?}");
        assert!(variation.upper - variation.value <= 1e-7);
        let divergence = kullback_leibler(p, q).unwrap();
        assert!((divergence.value / distances[i][1] - 1.0).abs() < 0.25, "{i}: {divergence:?}");
        // Hellinger's bounds: h^2 <= TV <= h sqrt(2 - h^2).
        let h = hellinger(p, q).unwrap().value;
        assert!(h * h <= variation.value && variation.value <= h * (2.0 - h * h).sqrt());
        let floor = sampling_floor(p, 1_000_000);
        assert!((floor / floors[i] - 1.0).abs() < 0.02, "{i}: {floor}");
    }
}

#[test]
fn the_result_does_not_depend_on_the_number_of_threads() {
    // Large enough for more than one task.
    let kinetics = model("species A = 0, B = 0\n0 -> A @ 900\nA -> 0 @ 1\n0 -> B @ 900\nB -> 0 @ 1");
    let solve_on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| solve(&kinetics, &[0.25], &with(1e-6, Propagation::Uniformisation)).unwrap())
    };
    let (one, seven) = (solve_on(1), solve_on(7));
    assert!(one.statistics.most_states > 33_000, "{:?}", one.statistics);
    assert_eq!(one.distributions, seven.distributions);
}

#[test]
fn a_histogram_of_draws_from_the_law_passes_the_chi_square_test() {
    let kinetics = epidermis(0.0836, 0.0764, 1.1, 0.31);
    let law = solve(&kinetics, &[5.0], &with(1e-10, Propagation::Auto)).unwrap().distributions.remove(0);
    // 100 000 draws by inversion at the points of a golden-ratio sequence: evenly spread, so the fit must be good.
    let mut cumulative = Vec::with_capacity(law.len());
    law.probabilities().iter().fold(0.0, |sum, p| {
        cumulative.push(sum + p);
        sum + p
    });
    let golden = 0.618_033_988_749_894_9;
    let draws: Vec<i64> = (1..=100_000)
        .flat_map(|i| {
            let u = (f64::from(i) * golden).fract();
            let position = cumulative.partition_point(|&c| c < u).min(law.len() - 1);
            law.states()[2 * position..2 * position + 2].to_vec()
        })
        .collect();
    let sampled = Distribution::from_samples(law.species(), &draws).unwrap();
    let settings = ChiSquareSettings::default();
    let test = chi_square(&sampled, &law, &settings).unwrap();
    assert!(test.p_value > 0.5 && test.degrees_of_freedom > 500, "{test:?}");
    // Ten per cent slower shedding is seen at once.
    let wrong = solve(&epidermis(0.0836, 0.0764, 1.1, 0.28), &[5.0], &with(1e-10, Propagation::Auto)).unwrap();
    assert!(chi_square(&sampled, &wrong.distributions[0], &settings).unwrap().p_value < 1e-6);
}

#[test]
fn large_stiff_networks_get_krylov_and_others_uniformisation() {
    let text = |on: f64| {
        let (off, rest) = (2.0 * on, "G -> G + M @ 15\nM -> 0 @ 1\nM -> M + P @ 4\nP -> 0 @ 0.5");
        format!("species G = 0, H = 1, M = 0, P = 0\nH -> G @ {on}\nG -> H @ {off}\n{rest}")
    };
    let solve = |on: f64, time: f64| solve(&model(&text(on)), &[time], &with(1e-6, Propagation::Auto)).unwrap();
    assert_eq!(solve(2.0, 2.0).statistics.windows[1], 0);
    let stiff = solve(3000.0, 2.0);
    assert!(stiff.statistics.windows[1] > 0, "{:?}", stiff.statistics);
    // The gene is on a third of the time: <M> = 5 (1 - e^-t), <P> = 40 (1 - 2 e^-t/2 + e^-t) up to 1 / switching.
    let mean = stiff.distributions[0].mean();
    assert!((mean[2] - 5.0 * (1.0 - (-2.0f64).exp())).abs() < 2e-3, "{mean:?}");
    assert!((mean[3] - 40.0 * (1.0 - 2.0 * (-1.0f64).exp() + (-2.0f64).exp())).abs() < 2e-2, "{mean:?}");
}
