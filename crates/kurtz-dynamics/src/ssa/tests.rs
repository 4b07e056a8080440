//! Claims about every exact method, over the list of methods.

use crate::ensemble::{Ensemble, FinalsRecorder, HistogramRecorder, MomentRecorder};
use crate::error::DynamicsError;
use crate::method::{Stop, method_named, methods};
use crate::progress::{Cancel, Silent};
use crate::rng::{Purpose, SimRng};
use crate::ssa::{Direct, Trace};
use crate::testing::networks::*;
use crate::{Method, MomentSeries};
use kurtz_model::kinetics::Changes;
use kurtz_model::{Kinetics, ReactionId, SpeciesId};
use kurtz_testkit::oracle::{self, Law};
use kurtz_testkit::statistics::assert_z;
use kurtz_testkit::{FalsePositive, Sampled, assert_moments, chi_square};

mod soundness;

const LINE: FalsePositive = FalsePositive(1e-6);

fn moments(method: &dyn Method, kinetics: &Kinetics, n: u64, end: f64, steps: usize) -> MomentSeries {
    let outcome = Ensemble::new(kinetics, method, n, 20_261, end, steps).run(MomentRecorder::new(2, 2), &Silent);
    let outcome = outcome.expect("the network is good");
    assert_eq!(outcome.halt, None);
    outcome.output.expect("all blocks finished")
}

/// Mean and variance of the only (or a chosen) species at each time after the start.
fn sampled(series: &MomentSeries, mean: usize, variance: usize) -> Vec<Sampled> {
    let number = series.trajectories.expect("sampled");
    let at = |t| Sampled { mean: series.value(t, mean), variance: series.value(t, variance), number };
    (1..series.times.len()).map(at).collect()
}

// 20 000 trajectories, 4 times, 2 statistics, 2 methods: 16 comparisons.
// Power: a bias of 7.2 sigma / sqrt(n), 5 % of a standard deviation, is seen with 99 % probability.
#[test]
fn immigration_death_has_the_mean_and_variance_of_its_exact_law() {
    let kinetics = immigration_death(3.0, 0.5, 20);
    let laws: Vec<Law> = (1..=4).map(|t| oracle::immigration_death(3.0, 0.5, 20, f64::from(t))).collect();
    for method in methods() {
        let series = moments(&*method, &kinetics, 20_000, 4.0, 4);
        assert_moments(&sampled(&series, 0, 1), &laws, LINE);
    }
}

#[test]
fn pure_birth_has_the_mean_and_variance_of_a_negative_binomial_law() {
    let kinetics = kinetics("species A = 3\n A -> 2 A @ 0.8");
    let laws: Vec<Law> = (1..=3).map(|t| oracle::yule(0.8, 3, f64::from(t))).collect();
    for method in methods() {
        let series = moments(&*method, &kinetics, 20_000, 3.0, 3);
        assert_moments(&sampled(&series, 0, 1), &laws, LINE);
    }
}

#[test]
fn telegraph_reaches_the_beta_poisson_law() {
    let (on, off, k, d) = (0.4, 0.7, 12.0, 0.9);
    let kinetics = telegraph(on, off, k, d);
    let law = oracle::telegraph_stationary(on, off, k, d, 60);
    for method in methods() {
        let ensemble = Ensemble::new(&kinetics, &*method, 20_000, 5, 40.0, 1);
        let recorders = (MomentRecorder::new(2, 0), HistogramRecorder::new(vec![SpeciesId(2)], vec![1]));
        let (series, histogram) = ensemble.run(recorders, &Silent).expect("good").output.expect("finished");
        let stationary = oracle::telegraph_stationary_law(on, off, k, d);
        assert_moments(&sampled(&series, 2, 8), &[stationary], LINE);
        let observed: Vec<u64> = (0..=60).map(|m| histogram.states[0].get(&vec![m]).copied().unwrap_or(0)).collect();
        chi_square(&observed, &law, 20_000).assert_plausible(LINE);
    }
}

#[test]
fn telegraph_follows_its_moment_equations_before_it_is_stationary() {
    let (on, off, k, d) = (0.4, 0.7, 12.0, 0.9);
    for method in methods() {
        let series = moments(&*method, &telegraph(on, off, k, d), 20_000, 3.0, 3);
        for t in 1..=3 {
            // The standard errors are the ensemble's own here; tests of the covariance say that they are right.
            let (mean, variance) = oracle::telegraph_moments(on, off, k, d, series.times[t]);
            let error = |m| series.standard_error(t, m).expect("recorded");
            assert_z("mean", series.value(t, 2), mean, error(2), LINE);
            assert_z("variance", series.value(t, 8), variance * (1.0 - 1.0 / 20_000.0), error(8), LINE);
        }
    }
}

// Standard errors are those of a million trajectories by an independent program, scaled.
#[test]
fn epidermis_has_all_five_moments_of_the_linear_system() {
    for method in methods() {
        let n = 20_000;
        let series = moments(&*method, &epidermis(), n, 20.0, 20);
        for (week, _, errors) in oracle::EPIDERMIS_TABLE {
            for (m, exact) in oracle::epidermis_moments(week).into_iter().enumerate() {
                let exact = if m < 2 { exact } else { exact * (1.0 - 1.0 / n as f64) };
                let error = errors[m] * (1e6 / n as f64).sqrt();
                let what = format!("{}, week {week}, moment {m}", method.name());
                assert_z(&what, series.value(week as usize, m), exact, error, LINE);
            }
        }
        // 100 degrees of freedom at 1e-6 on either side.
        let chi2 = weekly_chi_square(&series);
        assert!((46.0..181.0).contains(&chi2), "{}: chi2 = {chi2}", method.name());
    }
}

#[test]
#[ignore = "a minute: a million trajectories; cargo test --release -p kurtz-dynamics -- --ignored million"]
fn a_million_epidermis_trajectories_have_plausible_moments_with_their_full_covariance() {
    let series = moments(&Direct::default(), &epidermis(), 1_000_000, 20.0, 20);
    for (week, _, errors) in oracle::EPIDERMIS_TABLE {
        for (m, exact) in oracle::epidermis_moments(week).into_iter().enumerate() {
            let error = series.standard_error(week as usize, m).expect("recorded");
            // The reference prints two digits of its standard errors.
            assert!((error / errors[m] - 1.0).abs() < 0.06, "{error} {}", errors[m]);
            assert_z(&format!("week {week}, moment {m}"), series.value(week as usize, m), exact, error, LINE);
        }
    }
    let chi2 = weekly_chi_square(&series);
    println!("chi-square of 100 weekly moments: {chi2:.1}");
    assert!((60.0..145.0).contains(&chi2), "chi2 = {chi2}");
}

/// (y - exact)^T C^-1 (y - exact) of the five moments at weeks 1 to 20, with the sampling covariance C.
fn weekly_chi_square(series: &MomentSeries) -> f64 {
    let covariance = series.covariance.as_ref().expect("recorded");
    let (k, size) = (5, 5 * series.times.len());
    let n = size - k;
    let residual: Vec<f64> =
        (0..n).map(|i| series.values[k + i] - oracle::epidermis_moments(series.times[1 + i / k])[i % k]).collect();
    // Cholesky, then chi2 = |L^-1 r|^2.
    let mut l: Vec<Vec<f64>> = (0..n).map(|i| covariance[(k + i) * size + k..][..n].to_vec()).collect();
    let mut chi2 = 0.0;
    let mut y = vec![0.0; n];
    for i in 0..n {
        for j in 0..=i {
            let sum: f64 = (0..j).map(|m| l[i][m] * l[j][m]).sum();
            l[i][j] = if i == j { (l[i][i] - sum).sqrt() } else { (l[i][j] - sum) / l[j][j] };
        }
        let sum: f64 = (0..i).map(|m| l[i][m] * y[m]).sum();
        y[i] = (residual[i] - sum) / l[i][i];
        chi2 += y[i] * y[i];
    }
    chi2
}

#[test]
fn dimerisation_has_the_law_of_its_master_equation() {
    let (k, d, a) = (0.02, 0.1, 40);
    let kinetics = dimerisation(k, d, a);
    // State: the number of B.
    let free = |b: usize| (a as usize - 2 * b) as f64;
    let up = |b: usize| k * free(b) * (free(b) - 1.0) / 2.0;
    for (t, time) in [0.5, 5.0].into_iter().enumerate() {
        let law = oracle::birth_death_law(21, up, |b| d * b as f64, 0, time);
        for method in methods() {
            let mut ensemble = Ensemble::new(&kinetics, &*method, 20_000, 9, 5.0, 1);
            ensemble.times = vec![0.5, 5.0];
            let histogram = HistogramRecorder::new(vec![SpeciesId(1)], vec![]);
            let found = ensemble.run(histogram, &Silent).expect("good").output.expect("finished");
            let observed: Vec<u64> = (0..21).map(|b| found.states[t].get(&vec![b]).copied().unwrap_or(0)).collect();
            chi_square(&observed, &law, 20_000).assert_plausible(LINE);
        }
    }
}

// The same network by flat tables (at most 8 reactions), and by the sparse form (a ninth reaction that never happens).
#[test]
fn sparse_networks_and_expression_laws_have_the_same_law_as_small_ones() {
    let idle: String = (0..30).map(|_| "\n C -> 0 @ 1").collect();
    let laws = [
        format!("species A = 20, C = 0\n 0 -> A @ 3\n A -> 0 @ 0.5{idle}"),
        "species A = 20\n 0 -> A @ propensity(3)\n A -> 0 @ rate(0.5*A)".to_owned(),
    ];
    let exact: Vec<Law> = (1..=2).map(|t| oracle::immigration_death(3.0, 0.5, 20, f64::from(t))).collect();
    for text in laws {
        for method in methods() {
            let series = moments(&*method, &kinetics(&text), 20_000, 2.0, 2);
            let variance = series.indices.iter().position(|i| i.0[0] == 2).expect("recorded");
            assert_moments(&sampled(&series, 0, variance), &exact, LINE);
        }
    }
}

#[test]
fn a_large_chain_keeps_its_molecules_and_spreads_them_evenly() {
    let n = 60;
    let kinetics = chain(n, 600);
    for method in methods() {
        let trace = Trace::sample(&*method, &kinetics, 4, 0, 30.0, 200_000).expect("good");
        assert!(trace.counts.chunks(n).all(|state| state.iter().sum::<i64>() == 600 && state.iter().all(|&x| x >= 0)));
    }
    // Six isomers relax quickly: every one is Binomial(60, 1/6) in the end.
    let (p, n) = (1.0 / 6.0, 60.0);
    let law = Law { mean: n * p, variance: n * p * (1.0 - p), kappa4: n * p * (1.0 - p) * (1.0 - 6.0 * p * (1.0 - p)) };
    for method in methods() {
        let series = moments(&*method, &chain(6, 60), 3_000, 60.0, 1);
        for s in 0..6 {
            let variance = series.indices.iter().position(|i| i.0[s] == 2).expect("recorded");
            assert_moments(&sampled(&series, s, variance), &[law], LINE);
        }
    }
}

#[test]
fn a_finer_grid_does_not_change_a_path() {
    for method in methods() {
        for kinetics in [epidermis(), chain(20, 50)] {
            let species = kinetics.network().species.len();
            let path = |steps| {
                let ensemble = Ensemble::new(&kinetics, &*method, 3, 77, 4.0, steps);
                ensemble.run(crate::ensemble::PathsRecorder::new(3), &Silent).expect("good").output.expect("finished")
            };
            let (coarse, fine) = (path(2), path(64));
            for i in 0..3 {
                let at =
                    |values: &[f64], times: usize, t: usize| values[(i * times + t) * species..][..species].to_vec();
                for t in 0..3 {
                    assert_eq!(at(&coarse.values, 3, t), at(&fine.values, 65, 32 * t));
                }
                // Event by event it is the same trajectory again.
                let trace = Trace::sample(&*method, &kinetics, 77, i as u64, 4.0, usize::MAX).expect("good");
                for (t, &time) in fine.times.iter().enumerate() {
                    let counts: Vec<f64> = trace.at(time).iter().map(|&n| n as f64).collect();
                    assert_eq!(counts, at(&fine.values, 65, t));
                }
            }
        }
    }
}

#[test]
fn an_absorbed_trajectory_says_since_when_and_stays() {
    let kinetics = kinetics("species A = 5\n A -> 0 @ 1");
    for method in methods() {
        let mut sampler = method.sampler(&kinetics).expect("good");
        sampler.start(0.0, &[5], SimRng::new(1, 0, Purpose::Events));
        let Stop::Absorbed { since } = sampler.advance_to(1000.0, &Silent) else { panic!("not absorbed") };
        assert!(since < 100.0);
        assert_eq!((sampler.time(), sampler.events()), (1000.0, 5));
        assert_eq!(sampler.advance_to(f64::INFINITY, &Silent), Stop::Absorbed { since });
        let ensemble = Ensemble::new(&kinetics, &*method, 100, 1, 1000.0, 1);
        let outcome = ensemble.run(FinalsRecorder, &Silent).expect("good");
        assert_eq!((outcome.absorbed, outcome.events), (100, 500));
        assert_eq!(outcome.output.expect("finished").absorbed[0], since);
    }
}

#[test]
fn explosions_end_with_their_reason() {
    for method in methods() {
        for text in
            ["species A = 10\n 2 A -> 3 A @ 1", "species A = 10, B = 0\n A -> 2 A @ propensity(A^1.5)\n B -> 0 @ 1"]
        {
            let kinetics = kinetics(text);
            let outcome = Ensemble::new(&kinetics, &*method, 300, 1, 100.0, 10).run((), &Silent).expect("good");
            let stop = outcome.halt.expect("it cannot reach the end").stop;
            assert!(matches!(stop, Stop::Explosion { .. }), "{stop:?}");
            assert!(stop.describe(kinetics.network()).contains("explodes"));
        }
    }
}

#[test]
fn exponential_growth_is_not_taken_for_an_explosion() {
    let mut sampler = Direct { max_events: 1 << 22 }.sampler(&kinetics("species A = 10\n A -> 2 A @ 1")).expect("good");
    sampler.start(0.0, &[10], SimRng::new(1, 0, Purpose::Events));
    let Stop::EventLimit { events, .. } = sampler.advance_to(1e9, &Silent) else { panic!("no event limit") };
    assert_eq!(events, 1 << 22);
}

#[test]
fn the_event_limit_is_exact() {
    let kinetics = immigration_death(10.0, 1.0, 0);
    let mut sampler = Direct { max_events: 5000 }.sampler(&kinetics).expect("good");
    sampler.start(0.0, &[0], SimRng::new(1, 0, Purpose::Events));
    assert!(matches!(sampler.advance_to(1e9, &Silent), Stop::EventLimit { events: 5000, .. }));
    assert!(matches!(sampler.next_event(1e9), Err(Stop::EventLimit { events: 5000, .. })));
}

#[test]
fn a_law_that_is_positive_without_reactants_is_named() {
    let kinetics = kinetics("species A = 3\n decay: A -> 0 @ propensity(1)");
    for method in methods() {
        let trace = Trace::sample(&*method, &kinetics, 1, 0, 100.0, 1000).expect("good");
        let Stop::NegativeCount { reaction, species, ref counts, .. } = trace.stop else { panic!("{:?}", trace.stop) };
        assert_eq!((reaction, species, &counts[..]), (ReactionId(0), SpeciesId(0), &[0][..]));
        assert_eq!(trace.counts, [3, 2, 1, 0]);
        assert!(trace.stop.describe(kinetics.network()).starts_with("reaction `decay` would make `A` negative"));
    }
}

#[test]
fn a_negative_or_undefined_propensity_is_named() {
    for (law, value) in [("5.5 - A", -0.5), ("1/(6 - A)", f64::INFINITY), ("ln(-A)", f64::NAN)] {
        let kinetics = kinetics(&format!("species A = 1, B = 9\n grow: 0 -> A @ propensity({law})\n B -> 0 @ 0.1"));
        for method in methods() {
            let trace = Trace::sample(&*method, &kinetics, 1, 0, 1000.0, 1000).expect("good");
            let Stop::BadPropensity { reaction, propensity, ref counts, .. } = trace.stop else {
                panic!("{:?}", trace.stop)
            };
            assert_eq!(reaction, ReactionId(0));
            assert!(propensity == value || propensity.is_nan() && value.is_nan(), "{law}: {propensity}");
            assert_eq!(counts, trace.counts.chunks(2).last().expect("there is a start"));
        }
    }
}

#[test]
fn what_cannot_be_simulated_is_refused() {
    let timed = kinetics("species A = 1\n A -> 0 @ propensity(A*(1 + sin(time)))");
    for name in ["direct", "first-reaction"] {
        let method = method_named(name).expect("known");
        assert!(matches!(method.sampler(&timed), Err(DynamicsError::TimeDependent { .. })));
    }
    let changes = Changes { initial: vec![("A".into(), 1.5)], ..Changes::default() };
    let fraction = Kinetics::with_changes(&network("species A = 1\n A -> 0 @ 1"), &changes).expect("numbers");
    let refused = Ensemble::new(&fraction, &Direct::default(), 1, 1, 1.0, 1).run((), &Silent);
    assert!(matches!(refused, Err(DynamicsError::Kinetics(_))));
    assert!(method_named("direkt").expect_err("unknown").to_string().contains("first-reaction"));
    let huge = kinetics("species A = 9e15\n A -> 0 @ 1e-20");
    let mut sampler = Direct::default().sampler(&huge).expect("good");
    sampler.start(0.0, &[9_000_000_000_000_000], SimRng::new(1, 0, Purpose::Events));
    assert!(matches!(sampler.advance_to(1.0, &Silent), Stop::CountOverflow { .. }));
}

#[test]
fn an_interrupted_trajectory_can_go_on() {
    let kinetics = immigration_death(1000.0, 1.0, 0);
    let (cancel, mut uninterrupted) = (Cancel::new(), Direct::default().sampler(&kinetics).expect("good"));
    cancel.cancel();
    let mut sampler = Direct::default().sampler(&kinetics).expect("good");
    let mut ends = [[0], [0]];
    for sampler in [&mut sampler, &mut uninterrupted] {
        sampler.start(0.0, &[0], SimRng::new(1, 0, Purpose::Events));
    }
    assert_eq!(sampler.advance_to(50.0, &cancel), Stop::Cancelled);
    assert!(sampler.time() < 50.0);
    assert_eq!(sampler.advance_to(50.0, &Silent), Stop::Horizon);
    assert_eq!(uninterrupted.advance_to(50.0, &Silent), Stop::Horizon);
    sampler.copy_counts(&mut ends[0]);
    uninterrupted.copy_counts(&mut ends[1]);
    assert_eq!(ends[0], ends[1]);
}

#[test]
fn a_clamped_species_acts_but_does_not_change() {
    let mut network = network("species A = 4, B = 0\n A -> B @ 1");
    network.species[0].clamped = true;
    let kinetics = Kinetics::new(&network).expect("good");
    for method in methods() {
        // B is Poisson with mean 4 t.
        let series = moments(&*method, &kinetics, 20_000, 2.0, 1);
        assert_eq!(series.value(1, 0), 4.0);
        assert_moments(&sampled(&series, 1, 4), &[Law { mean: 8.0, variance: 8.0, kappa4: 8.0 }], LINE);
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(40))]

    /// A + B <-> C, C -> D: A + C + D and B + C + D are conserved, and no count is ever negative.
    #[test]
    fn conserved_sums_stay_and_counts_are_never_negative(
        a in 0i64..40, b in 0i64..40, seed in 0u64..1000, on in 0.01f64..3.0, off in 0.01f64..3.0,
    ) {
        let kinetics = kinetics(&format!(
            "species A = {a}, B = {b}, C = 0, D = 0\n A + B -> C @ {on}\n C -> A + B @ {off}\n C -> D @ 0.1"
        ));
        for method in methods() {
            let trace = Trace::sample(&*method, &kinetics, seed, 0, 20.0, 2000).expect("good");
            for n in trace.counts.chunks(4) {
                proptest::prop_assert!(n.iter().all(|&x| x >= 0));
                proptest::prop_assert_eq!((n[0] + n[2] + n[3], n[1] + n[2] + n[3]), (a, b));
            }
            proptest::prop_assert!(trace.times.windows(2).all(|t| t[0] <= t[1]));
        }
    }
}
