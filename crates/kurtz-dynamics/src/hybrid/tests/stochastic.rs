//! Random trajectories against laws that are known.

use super::*;
use crate::ensemble::{Ensemble, FinalsRecorder, HistogramRecorder, MomentRecorder, PathsRecorder};
use crate::method::{Method, Stop};
use crate::moment_series::MomentSeries;
use crate::ssa::Direct;
use kurtz_model::RateLaw;
use kurtz_testkit::oracle::{self, Law};
use kurtz_testkit::statistics::{FalsePositive, Sampled, assert_moments, assert_z};

const LINE: FalsePositive = FalsePositive(1e-6);

fn mixed(names: &[&str]) -> Hybrid {
    Hybrid { partition: Partition::Mixed(names.iter().map(|s| s.to_string()).collect()), ..Hybrid::default() }
}

/// Moments up to order 4 of some quantities at `times`.
fn moments(method: &dyn Method, network: &Network, names: &[&str], times: &[f64], n: u64) -> MomentSeries {
    let system = bound(network);
    let observables = names.iter().map(|name| system.observable(name).expect("known")).collect();
    let ensemble = Ensemble::at(&system, method, n, 1, times.to_vec()).observing(observables);
    let outcome = ensemble.run(MomentRecorder::new(4, 0), &Silent).expect("good settings");
    assert_eq!(outcome.halt, None);
    outcome.output.expect("finished")
}

/// Mean and variance of the one quantity at each time.
fn sampled(series: &MomentSeries, n: u64) -> Vec<Sampled> {
    let of = |t| Sampled { mean: series.value(t, 0), variance: series.value(t, 1), number: n };
    (0..series.times.len()).map(of).collect()
}

fn poisson(mean: f64) -> Law {
    Law { mean, variance: mean, kappa4: mean }
}

/// Immigration and death from nothing: Poisson with mean k/d (1 - e^-dt).
fn population(text: &str) -> Network {
    network(&format!("species X = 0\n 0 -> X @ 1\n X -> 0 @ 0.1\n{text}"))
}

#[test]
fn a_reset_at_a_time_between_the_output_times_is_exact() {
    // DSMTS 00028 and 00029 have this form. A Poisson law stays one: of what is there at 22.5, all is set to 50.
    for at in [25.0, 22.5] {
        let mut n = population("");
        n.events.push(event(&n, "reset", at_least(time(), at), &[("X", Expression::Number(50.0))]));
        let (runs, times) = (20_000, [10.0, 22.0, 25.0, 40.0]);
        let series = moments(&Hybrid::default(), &n, &["X"], &times, runs);
        let laws: Vec<Law> = times
            .iter()
            .map(|&t| {
                if t < at {
                    poisson(10.0 * (1.0 - (-0.1 * t).exp()))
                } else {
                    // Binomial survivors of 50 and Poisson newcomers.
                    let p = (-0.1 * (t - at)).exp();
                    let newcomers = 10.0 * (1.0 - p);
                    let q = 1.0 - p;
                    let binomial = 50.0 * p * q;
                    Law {
                        mean: 50.0 * p + newcomers,
                        variance: binomial + newcomers,
                        kappa4: binomial * (1.0 - 6.0 * p * q) + newcomers,
                    }
                }
            })
            .collect();
        assert_moments(&sampled(&series, runs), &laws, LINE);
    }
}

#[test]
fn batches_arrive_whole() {
    // 0 -> 5 X at 1, X -> 0 at 0.1 (DSMTS 00037): mean 50 (1 - e^-t/10), variance from the moment equations.
    let mut n = network("species X = 0\nparameter seen = 0\n 0 -> 5 X @ 1\n X -> 0 @ 0.1");
    n.events.push(event(&n, "look", at_least(time(), 7.0), &[("seen", Expression::Number(1.0))]));
    let (runs, times) = (20_000, [5.0, 20.0]);
    let series = moments(&Hybrid::default(), &n, &["X"], &times, runs);
    for (t, &time) in times.iter().enumerate() {
        let e = |rate: f64| (-rate * time).exp();
        let mean = 50.0 * (1.0 - e(0.1));
        // V' = -0.2 V + 25 + 0.1 mean.
        let variance = 150.0 * (1.0 - e(0.2)) - 50.0 * (e(0.1) - e(0.2));
        assert_z("mean", series.value(t, 0), mean, (variance / runs as f64).sqrt(), LINE);
        let fourth = series.value(t, 3);
        assert_z("variance", series.value(t, 1), variance, ((fourth - variance * variance) / runs as f64).sqrt(), LINE);
    }
}

#[test]
fn dimerisation_with_a_reset_agrees_with_direct_simulation_piece_by_piece() {
    // 2 P <-> P2 from 100; at 10 both are set back. After that the law is that of the start, 10 later.
    let mut n = network("species P = 100, P2 = 0\n 2 P -> P2 @ propensity(0.001*P*(P - 1)/2)\n P2 -> 2 P @ 0.01");
    let set = [("P", Expression::Number(100.0)), ("P2", Expression::Number(0.0))];
    let plain = kurtz_model::Kinetics::new(&n).expect("rate laws");
    n.events.push(event(&n, "reset", at_least(time(), 10.0), &set));
    let runs = 20_000;
    let series = moments(&Hybrid::default(), &n, &["P"], &[4.0, 10.0, 14.0], runs);
    let method = Direct::default();
    let again = Ensemble::at(&plain, &method, runs, 2, vec![4.0]).run(MomentRecorder::new(4, 0), &Silent);
    let truth = again.expect("good").output.expect("finished");
    assert_eq!((series.value(1, 0), series.value(1, 1)), (100.0, 0.0));
    let position = truth.position(&crate::MomentIndex(vec![2, 0])).expect("recorded");
    for t in [0, 2] {
        let variance = truth.value(0, position);
        let error = (2.0 * variance / runs as f64).sqrt();
        assert_z("mean", series.value(t, 0), truth.value(0, 0), error, LINE);
        assert_z(
            "variance",
            series.value(t, 1),
            variance,
            (2.0 * 2.0 * variance * variance / runs as f64).sqrt(),
            LINE,
        );
    }
}

#[test]
fn an_event_triggered_by_a_count_happens_with_the_reaction() {
    // As soon as there are 5, all are removed: X is 0 to 4 and counts are renewed; log counts the removals.
    let mut n = network("species X = 0\nparameter log = 0\n 0 -> X @ 1");
    let (x, log) = (value_of(&n, "X"), value_of(&n, "log"));
    n.events.push(event(&n, "full", at_least(x, 5.0), &[("X", Expression::Number(0.0)), ("log", log + 1.0)]));
    let system = bound(&n);
    let method = Hybrid::default();
    let ensemble = Ensemble::at(&system, &method, 4000, 5, vec![20.0]);
    let all = ["X", "log"].map(|name| system.observable(name).expect("known"));
    let finals = ensemble.observing(all.to_vec()).run(FinalsRecorder, &Silent).expect("good").output.expect("finished");
    let arrived = |row: &[f64]| 5.0 * row[1] + row[0];
    let sample = Sampled::of(finals.values.chunks(2).map(arrived));
    assert!(finals.values.chunks(2).all(|row| (0.0..5.0).contains(&row[0])));
    assert_moments(&[sample], &[poisson(20.0)], LINE);
}

#[test]
fn a_rate_that_oscillates_gives_a_poisson_law_of_known_mean() {
    // 0 -> X at 20 (1 + sin 3t): Poisson with mean 20 t + 20/3 (1 - cos 3t).
    let mut n = network("species X = 0\n 0 -> X @ 1");
    let sine = Expression::call(kurtz_model::expression::Function::Sin, [3.0 * time()]);
    n.reactions[0].rate = RateLaw::Propensity(20.0 * (1.0 + sine));
    let (runs, times) = (20_000, [0.3, 1.0, 2.5]);
    let series = moments(&Hybrid::default(), &n, &["X"], &times, runs);
    let laws = times.map(|t| poisson(20.0 * t + 20.0 / 3.0 * (1.0 - (3.0 * t).cos())));
    assert_moments(&sampled(&series, runs), &laws, LINE);
}

#[test]
fn a_rate_that_is_switched_by_the_clock_gives_a_poisson_law_of_known_mean() {
    // 40 during the first half of every unit of time, else 0.
    let mut n = network("species X = 0\n 0 -> X @ 1");
    let floor = Expression::call(kurtz_model::expression::Function::Floor, [time()]);
    let early = Expression::binary(B::Less, time() - floor, 0.5);
    n.reactions[0].rate = RateLaw::Propensity(Expression::piecewise([(Expression::Number(40.0), early)], 0.0));
    let (runs, times) = (10_000, [0.25, 0.75, 1.25]);
    let series = moments(&Hybrid::default(), &n, &["X"], &times, runs);
    assert_moments(&sampled(&series, runs), &[10.0, 20.0, 30.0].map(poisson), LINE);
}

/// A gene that switches on and off, and a product that flows.
fn telegraph() -> Network {
    network(
        "species Off = 1, On = 0, M = 0
         on: Off -> On @ 0.4\n off: On -> Off @ 0.7\n make: On -> On + M @ 12\n decay: M -> 0 @ 0.9",
    )
}

#[test]
fn switched_production_with_continuous_decay_has_its_exact_moments() {
    let n = telegraph();
    let (runs, times) = (20_000, [0.5, 2.0, 20.0]);
    let series = moments(&mixed(&["make", "decay"]), &n, &["M"], &times, runs);
    for (t, &time) in times.iter().enumerate() {
        // The discrete law is a Poisson mixture over this one: equal means, variance less the mean.
        let (mean, variance) = oracle::telegraph_moments(0.4, 0.7, 12.0, 0.9, time);
        let variance = variance - mean;
        assert_z("mean", series.value(t, 0), mean, (variance / runs as f64).sqrt(), LINE);
        let fourth = series.value(t, 3);
        assert_z("variance", series.value(t, 1), variance, ((fourth - variance * variance) / runs as f64).sqrt(), LINE);
    }
}

#[test]
fn switched_production_with_continuous_decay_has_its_beta_law() {
    // M d/k is Beta(on/d, off/d) in the stationary state; with on = 0.9, off = 1.8, d = 0.9 it is Beta(1, 2): the
    // probability of a value below x is 1 - (1 - x)^2.
    let n = network(
        "species Off = 1, On = 0, M = 0
         on: Off -> On @ 0.9\n off: On -> Off @ 1.8\n make: On -> On + M @ 12\n decay: M -> 0 @ 0.9",
    );
    let system = bound(&n);
    let method = mixed(&["make", "decay"]);
    let runs = 20_000;
    let ensemble = Ensemble::at(&system, &method, runs, 3, vec![15.0]);
    let ensemble = ensemble.observing(vec![system.observable("M").expect("known")]);
    let finals = ensemble.run(FinalsRecorder, &Silent).expect("good").output.expect("finished");
    let mut bins = [0u64; 20];
    for m in &finals.values {
        let x: f64 = m * 0.9 / 12.0;
        assert!((0.0..1.0).contains(&x));
        bins[((1.0 - (1.0 - x).powi(2)) * 20.0) as usize] += 1;
    }
    let expected = runs as f64 / 20.0;
    let statistic = bins.iter().map(|&k| (k as f64 - expected).powi(2) / expected).sum();
    kurtz_testkit::statistics::ChiSquare { statistic, freedom: 19 }.assert_plausible(LINE);
}

#[test]
fn the_path_converges_with_the_tolerance() {
    // Propensities that read what flows: the same random numbers, the path at decreasing tolerances.
    let n = network(
        "species A = 20, M = 5\n make: 0 -> M @ propensity(30 - M)\n birth: 0 -> A @ propensity(2*M)\n death: A -> 0 @ 1",
    );
    let system = bound(&n);
    let last = |relative_tolerance| {
        let method = Hybrid { relative_tolerance, ..mixed(&["make"]) };
        let ensemble =
            Ensemble::at(&system, &method, 1, 4, vec![1.0]).observing(vec![system.observable("M").expect("known")]);
        ensemble.run(FinalsRecorder, &Silent).expect("good").output.expect("finished").values[0]
    };
    let truth = 30.0 - 25.0 * (-1f64).exp();
    let errors = [1e-3, 1e-6, 1e-9].map(|r| (last(r) - truth).abs());
    assert!(errors[1] < 1e-4 && errors[2] < 1e-7, "{errors:?}");
}

#[test]
fn many_reactions_beside_a_slow_flow_have_exact_moments() {
    // X is Poisson with mean 20 and forgets at the rate 10; M' = X - M flows: Var M = 20 / (1 (10 + 1)).
    let n = network("species X = 20, M = 20\n 0 -> X @ 200\n X -> 0 @ 10\n make: X -> X + M @ 1\n loss: M -> 0 @ 1");
    let method = mixed(&["make", "loss"]);
    let plan = plan::Plan::new(&bound(&n), &method.partition, &[]).expect("good");
    assert!(plan.swift.is_some());
    let runs = 1500;
    let series = moments(&method, &n, &["M"], &[7.0], runs);
    let variance = 20.0 / 11.0;
    assert_z("mean", series.value(0, 0), 20.0, (variance / runs as f64).sqrt(), LINE);
    // Close to Gaussian; a kurtosis of 4 is above its own.
    assert_z("variance", series.value(0, 1), variance, (3.0 / runs as f64).sqrt() * variance, LINE);
    let method = Hybrid { relative_tolerance: 1e-3, ..method };
    let coarse = moments(&method, &n, &["M"], &[7.0], runs);
    assert_z("mean", coarse.value(0, 0), 20.0, (variance / runs as f64).sqrt() + 0.02, LINE);
}

#[test]
fn currents_in_fixed_steps_approach_the_integrated_ones() {
    // The same network; M is now counted, and of its variance 1/12 of truncation is noise of the treatment.
    let n = network("species X = 20, M = 200\n 0 -> X @ 200\n X -> 0 @ 10\n make: X -> X + M @ 10\n loss: M -> 0 @ 1");
    let runs = 1500;
    let variance = 100.0 * 20.0 / 11.0;
    for step in [0.1, 1e-3] {
        let method = Hybrid { treatment: Treatment::FixedSteps(step), ..mixed(&["make", "loss"]) };
        let series = moments(&method, &n, &["M"], &[7.0], runs);
        let lag = 200.0 * 2.0 * step / 20.0;
        assert_z("mean", series.value(0, 0), 200.0, (variance / runs as f64).sqrt() + lag, LINE);
        assert_z("variance", series.value(0, 1), variance, ((3.0 / runs as f64).sqrt() + step) * variance, LINE);
    }
    let refused = Hybrid { treatment: Treatment::FixedSteps(0.0), ..mixed(&["make", "loss"]) };
    let refused = Ensemble::at(&bound(&n), &refused, 1, 1, vec![1.0]).run((), &Silent);
    assert!(matches!(refused, Err(crate::DynamicsError::BadSetting { .. })), "{refused:?}");
}

#[test]
fn currents_pass_by_whole_molecules_in_the_published_order() {
    // A -> B flows at 2.5 per time, in steps of 1; nothing reacts. z = 2.5 at the start; at 1, 2 pass and z = 0.5 + 2.5;
    // at 2, 3 pass and z = 2.5; at 3, 2 pass; and so on until A is empty. Rows come before the step of their time.
    let n = network("species A = 9, B = 0, C = 0\n move: A -> B @ propensity(2.5)\n C -> 0 @ 1");
    let method = Hybrid { treatment: Treatment::FixedSteps(1.0), ..mixed(&["move"]) };
    let system = bound(&n);
    let times = vec![0.0, 1.0, 1.5, 2.5, 3.5, 4.5, 5.5];
    let paths = Ensemble::at(&system, &method, 1, 1, times).run(PathsRecorder::new(1), &Silent);
    let values = paths.expect("good").output.expect("finished").values;
    let b: Vec<f64> = values.chunks(3).map(|row| row[1]).collect();
    assert_eq!(b, [0.0, 0.0, 2.0, 5.0, 7.0, 9.0, 9.0]);
    assert!(values.chunks(3).all(|row| row[0] + row[1] == 9.0));
}

#[test]
fn reactions_that_read_what_flows_follow_it_exactly() {
    // 0 -> A at M per time, M' = 4 - 2 M from 30 without noise: A is Poisson with mean the integral of M.
    let n = network("species A = 0, M = 30, X = 0\n make: 0 -> M @ 4\n loss: M -> 0 @ 2\n M -> M + A @ 10");
    let runs = 4000;
    let series = moments(&mixed(&["make", "loss"]), &n, &["A"], &[0.1, 1.0], runs);
    let laws = [0.1, 1.0].map(|t: f64| poisson(10.0 * (2.0 * t + 14.0 * (1.0 - (-2.0 * t).exp()))));
    assert_moments(&sampled(&series, runs), &laws, LINE);
}

#[test]
fn amounts_that_flow_and_jump_are_conserved() {
    // A flows to B and jumps back in whole molecules; A + B stays.
    let n = network("species A = 3, B = 2\n there: A -> B @ 1.3\n back: B -> A @ 0.7");
    let system = bound(&n);
    let method = mixed(&["there"]);
    let times: Vec<f64> = (0..50).map(|i| f64::from(i) * 0.3).collect();
    let paths = Ensemble::at(&system, &method, 20, 4, times).run(PathsRecorder::new(20), &Silent);
    let paths = paths.expect("good").output.expect("finished");
    let mut jumped = false;
    for state in paths.values.chunks(2) {
        assert!((state[0] + state[1] - 5.0).abs() < 1e-12, "{state:?}");
        assert!(state[0] >= 0.0 && state[1] >= -1e-9, "{state:?}");
        jumped |= state[0] > 3.0;
    }
    assert!(jumped, "some molecule came back");
}

#[test]
fn rules_and_observables_follow_every_trajectory() {
    let mut n = population("parameter double = 0\n");
    let x = value_of(&n, "X");
    rule(&mut n, RuleKind::Assignment, "double", 2.0 * x);
    let system = bound(&n);
    for method in [&Direct::default() as &dyn Method, &Hybrid::default()] {
        let observables = ["X", "double"].map(|name| system.observable(name).expect("known")).to_vec();
        let ensemble = Ensemble::at(&system, method, 300, 5, vec![1.0, 5.0]).observing(observables);
        let paths = ensemble.run(PathsRecorder::new(300), &Silent).expect("good").output.expect("finished");
        assert_eq!(paths.variables, ["X", "double"]);
        assert!(paths.values.chunks(2).all(|row| row[1] == 2.0 * row[0]));
        assert!(paths.values.iter().any(|&x| x > 0.0));
    }
}

#[test]
fn threads_do_not_matter() {
    let mut n = telegraph();
    n.events.push(event(&n, "dose", at_least(time(), 1.0), &[("M", Expression::Number(3.0))]));
    let system = bound(&n);
    let method = mixed(&["make", "decay"]);
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        let ensemble = Ensemble::at(&system, &method, 600, 9, vec![0.5, 2.0]);
        pool.install(|| ensemble.run((MomentRecorder::new(2, 2), FinalsRecorder), &Silent).expect("good"))
    };
    let one = run(1);
    assert_eq!(one, run(2));
    assert_eq!(one, run(7));
}

#[test]
fn a_finer_grid_does_not_change_a_path() {
    let mut n = telegraph();
    n.events.push(event(&n, "dose", at_least(value_of(&n, "M"), 5.0), &[("M", Expression::Number(3.0))]));
    let system = bound(&n);
    for method in [mixed(&["make", "decay"]), Hybrid::default()] {
        let path = |steps: u32| {
            let times = (0..=steps).map(|i| 4.0 * f64::from(i) / f64::from(steps)).collect();
            let ensemble = Ensemble::at(&system, &method, 5, 9, times);
            ensemble.run(PathsRecorder::new(5), &Silent).expect("good").output.expect("finished").values
        };
        let (coarse, fine) = (path(2), path(64));
        for i in 0..5 {
            for t in 0..3 {
                assert_eq!(coarse[(i * 3 + t) * 3..][..3], fine[(i * 65 + 32 * t) * 3..][..3]);
            }
        }
    }
}

#[test]
fn what_cannot_be_counted_is_refused_by_name() {
    let mut n = population("");
    n.events.push(event(&n, "half", at_least(time(), 1.0), &[("X", Expression::Number(2.5))]));
    let system = bound(&n);
    let method = Hybrid::default();
    let halt = Ensemble::at(&system, &method, 1, 1, vec![2.0]).run((), &Silent).expect("good").halt;
    let stop = halt.expect("it cannot go on").stop;
    assert!(matches!(stop, Stop::FractionalCount { .. }));
    assert!(stop.describe(&n).contains("`half` sets `X` to 2.5 at time 1"), "{}", stop.describe(&n));

    let mut n = population("");
    n.reactions[0].yields.push((kurtz_model::SpeciesId(0), Expression::Number(0.5)));
    let refused = Ensemble::at(&bound(&n), &method, 1, 1, vec![2.0]).run((), &Silent);
    assert!(matches!(refused, Err(crate::DynamicsError::NotCounted { .. })), "{refused:?}");

    let unknown = mixed(&["nobody"]);
    let refused = Ensemble::at(&bound(&population("")), &unknown, 1, 1, vec![2.0]).run((), &Silent);
    assert!(refused.expect_err("unknown").to_string().contains("`nobody`"));
    let n = telegraph();
    let (system, method) = (bound(&n), mixed(&["make", "decay"]));
    let refused = Ensemble::at(&system, &method, 1, 1, vec![2.0]).run(HistogramRecorder::default(), &Silent);
    assert_eq!(refused.expect_err("real numbers"), crate::DynamicsError::NotWhole);
}

#[test]
fn nothing_left_to_react_still_runs_to_the_events() {
    let mut n = network("species X = 2, Y = 0\n X -> 0 @ 10\n Y -> 0 @ 10");
    n.events.push(event(&n, "refill", at_least(time(), 50.0), &[("Y", Expression::Number(7.0))]));
    let system = bound(&n);
    let method = Hybrid::default();
    let ensemble = Ensemble::at(&system, &method, 3, 1, vec![49.0, 50.0, 100.0]);
    let paths = ensemble.run(PathsRecorder::new(3), &Silent).expect("good");
    assert_eq!(paths.absorbed, 3);
    let values = paths.output.expect("finished").values;
    for path in values.chunks(6) {
        assert_eq!(path, [0.0, 0.0, 0.0, 7.0, 0.0, 0.0]);
    }
}
