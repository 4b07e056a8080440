//! Forward sensitivities against closed forms and differences.

use kurtz_ode::{Integration, OdeMethod, Sensitivities, Tolerance, solve};

use crate::problems::{Problem, gene_network, logistic, logistic_solution, moments, robertson};

const METHODS: [OdeMethod; 4] =
    [OdeMethod::Explicit, OdeMethod::Stiff, OdeMethod::Auto, OdeMethod::RungeKutta4 { step: 0.01 }];

#[test]
fn logistic_growth_has_the_exact_derivatives() {
    let times = [0.0, 0.7, 2.0, 5.0, 10.0];
    for method in METHODS {
        let settings = Integration::default().with_method(method).with_sensitivities(Sensitivities::Both);
        let solution = solve(&logistic(0.3, 1.1, 4.0), &[0.3], &times, &settings).unwrap();
        assert_eq!((solution.directions, solution.sensitivities.len()), (3, 15));
        assert_eq!(solution.sensitivity(0), [0.0, 0.0, 1.0]);
        for (i, &t) in times.iter().enumerate() {
            let (_, exact) = logistic_solution(t, 0.3, 1.1, 4.0);
            for (s, e) in solution.sensitivity(i).iter().zip(exact) {
                assert!((s - e).abs() < 1e-6, "{method:?} at {t}: {s} instead of {e}");
            }
        }
    }
}

/// Central differences of the solution by each parameter, `[times x n x p]`.
fn differences(problem: impl Fn() -> Problem, times: &[f64], settings: &Integration) -> Vec<f64> {
    let base = problem();
    let (n, p) = (base.x0.len(), base.parameters.len());
    let mut out = vec![0.0; times.len() * n * p];
    for k in 0..p {
        let shift = 1e-4 * base.parameters[k];
        let at = |sign: f64| {
            let mut moved = problem();
            moved.parameters[k] += sign * shift;
            solve(&moved, &moved.x0, times, settings).unwrap().states
        };
        for (i, (a, b)) in at(1.0).iter().zip(at(-1.0)).enumerate() {
            out[i * p + k] = (a - b) / (2.0 * shift);
        }
    }
    out
}

#[test]
fn stiff_networks_agree_with_differences() {
    let times = [0.5, 40.0, 1000.0];
    for (problem, scale) in [(gene_network as fn() -> Problem, vec![1e-2; 5]), (robertson, vec![1e-2, 1e-7, 1e-2])] {
        let fine = Integration {
            absolute_tolerance: Tolerance::Each(scale.iter().map(|s| 1e-12 * s).collect()),
            ..Integration::with_tolerances(1e-12, 1e-12).with_method(OdeMethod::Stiff)
        };
        let expected = differences(problem, &times, &fine);
        let base = problem();
        let (n, p) = (base.x0.len(), base.parameters.len());
        for exact_jacobian in [true, false] {
            let field = Problem { jacobian: base.jacobian.filter(|_| exact_jacobian), ..problem() };
            let settings = Integration {
                relative_tolerance: 1e-8,
                absolute_tolerance: Tolerance::Each(scale.iter().map(|s| 1e-8 * s).collect()),
                ..fine.clone().with_sensitivities(Sensitivities::Parameters)
            };
            let solution = solve(&field, &field.x0, &times, &settings).unwrap();
            for i in 0..times.len() * n {
                for k in 0..p {
                    let (s, e) = (solution.sensitivities[i * p + k], expected[i * p + k]);
                    let x = solution.states[i];
                    // In units of relative change: d ln x / d ln p, to 1e-5; differences are good to 1e-7.
                    let error = (s - e) * base.parameters[k] / x;
                    assert!(error.abs() < 1e-5, "state {i}, parameter {k}, exact {exact_jacobian}: {s} {e}");
                }
            }
        }
    }
}

#[test]
fn sensitivities_do_not_change_the_solution() {
    for method in [OdeMethod::Explicit, OdeMethod::Stiff, OdeMethod::RungeKutta4 { step: 0.05 }] {
        let problem = gene_network();
        let settings = Integration::default().with_method(method);
        let plain = solve(&problem, &problem.x0, &[5.0, 50.0], &settings).unwrap();
        let with = settings.with_sensitivities(Sensitivities::Parameters);
        let both = solve(&problem, &problem.x0, &[5.0, 50.0], &with).unwrap();
        assert_eq!(plain.states, both.states);
        assert_eq!(plain.statistics.accepted, both.statistics.accepted);
    }
}

#[test]
fn controlled_sensitivities_are_more_accurate() {
    let times = [2.0, 10.0];
    for method in [OdeMethod::Explicit, OdeMethod::Stiff] {
        let error = |tolerance: Option<f64>| {
            let settings = Integration { sensitivity_tolerance: tolerance, ..Integration::with_tolerances(1e-3, 1e-3) };
            let settings = settings.with_method(method).with_sensitivities(Sensitivities::Parameters);
            let solution = solve(&logistic(0.3, 1.1, 4.0), &[0.3], &times, &settings).unwrap();
            let (_, exact) = logistic_solution(2.0, 0.3, 1.1, 4.0);
            (solution.sensitivity(0)[0] - exact[0]).abs()
        };
        assert!(error(Some(1e-8)) < 1e-6, "{method:?}: {:e}", error(Some(1e-8)));
        assert!(error(Some(1e-8)) < 0.1 * error(None), "{method:?}");
    }
}

#[test]
fn initial_values_of_a_linear_system_give_its_propagator() {
    let field = crate::problems::oscillator();
    for method in METHODS {
        let settings = Integration::default().with_method(method).with_sensitivities(Sensitivities::InitialValues);
        let solution = solve(&field, &[0.0, 1.0], &[1.0], &settings).unwrap();
        let (s, c) = 1.0_f64.sin_cos();
        for (found, exact) in solution.sensitivity(0).iter().zip([c, s, -s, c]) {
            assert!((found - exact).abs() < 1e-7, "{method:?}: {:?}", solution.sensitivities);
        }
    }
}

#[test]
fn moments_agree_with_differences_explicitly() {
    let times = [1.0, 5.0, 20.0];
    let fine = Integration::with_tolerances(1e-12, 1e-12).with_method(OdeMethod::Explicit);
    let expected = differences(moments, &times, &fine);
    let settings = Integration::default().with_method(OdeMethod::Explicit);
    let problem = moments();
    let solution =
        solve(&problem, &problem.x0, &times, &settings.with_sensitivities(Sensitivities::Parameters)).unwrap();
    for (i, (s, e)) in solution.sensitivities.iter().zip(&expected).enumerate() {
        assert!((s - e).abs() < 1e-5 * (1.0 + e.abs()), "entry {i}: {s} instead of {e}");
    }
}
