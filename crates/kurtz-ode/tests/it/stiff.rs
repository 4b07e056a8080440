//! Stiff problems against reference solutions.

use kurtz_ode::{Integration, OdeMethod, Statistics, Tolerance, VectorField, solve};

use crate::problems::{Problem, gene_network, hires, robertson, van_der_pol};

/// Tolerances r relative, and `scale` r absolute for each variable.
fn settings(r: f64, scale: &[f64]) -> Integration {
    Integration {
        absolute_tolerance: Tolerance::Each(scale.iter().map(|s| s * r).collect()),
        ..Integration::with_tolerances(r, r)
    }
}

fn largest_relative_error(found: &[f64], expected: &[f64]) -> f64 {
    found.iter().zip(expected).map(|(x, e)| ((x - e) / e).abs()).fold(0.0, f64::max)
}

#[test]
fn robertson_agrees_with_the_literature_over_twelve_decades() {
    // Printed by the SUNDIALS example cvRoberts_dns, five digits at t = 0.4; IVP Testset (Mazzia & Magherini 2008),
    // sixteen digits at t = 1e11.
    let problem = robertson();
    let times: Vec<f64> = (0..13).map(|i| 0.4 * 10.0_f64.powi(i)).collect();
    let early = [9.8517e-1, 3.3864e-5, 1.4794e-2];
    let late = [0.2083340149701255e-7, 0.8333360770334713e-13, 0.999999979166505];
    for method in [OdeMethod::Stiff, OdeMethod::Auto] {
        let settings = settings(1e-10, &[1e-6, 1e-10, 1.0]).with_method(method);
        let solution = solve(&problem, &problem.x0, &times, &settings).unwrap();
        assert!(solution.is_complete());
        assert!(largest_relative_error(solution.state(0), &early) < 2e-5, "{:?}", solution.state(0));
        for i in 0..times.len() {
            assert!((solution.state(i).iter().sum::<f64>() - 1.0).abs() < 1e-9, "mass at {}", times[i]);
        }
        let solution = solve(&problem, &problem.x0, &[1e11], &settings).unwrap();
        let error = largest_relative_error(solution.state(0), &late);
        assert!(error < 1e-7, "{method:?}: {error:e}");
    }
}

#[test]
fn hires_agrees_with_the_reference_without_a_jacobian() {
    let problem = hires();
    let reference = [
        0.7371312573325668e-3,
        0.1442485726316185e-3,
        0.5888729740967575e-4,
        0.1175651343283149e-2,
        0.2386356198831331e-2,
        0.6238968252742796e-2,
        0.2849998395185769e-2,
        0.2850001604814231e-2,
    ];
    for (r, bound) in [(1e-3, 1e-2), (1e-6, 1e-4), (1e-8, 1e-6), (1e-10, 1e-7)] {
        let settings = settings(r, &[1e-4; 8]).with_method(OdeMethod::Stiff);
        let solution = solve(&problem, &problem.x0, &[321.8122], &settings).unwrap();
        let error = largest_relative_error(&solution.final_state, &reference);
        assert!(error < bound, "{r:e}: {error:e} {:?}", solution.statistics);
    }
}

#[test]
fn van_der_pol_relaxation_agrees_with_the_reference() {
    let problem = van_der_pol(1000.0);
    let reference = [0.1706167732170483e1, -0.8928097010247975e-3];
    for (r, bound) in [(1e-4, 2e-2), (1e-6, 1e-3), (1e-8, 1e-5), (1e-10, 1e-7), (1e-13, 1e-10)] {
        let settings = settings(r, &[1.0, 1.0]).with_method(OdeMethod::Stiff);
        let solution = solve(&problem, &problem.x0, &[2000.0], &settings).unwrap();
        let error = largest_relative_error(&solution.final_state, &reference);
        assert!(error < bound, "{r:e}: {error:e} {:?}", solution.statistics);
    }
}

#[test]
fn the_gene_network_agrees_with_the_reference_states() {
    // An independent Radau solution with tolerance 1e-10, four digits after the point.
    let problem = gene_network();
    let reference = [
        [0.0750, 4.9516, 0.0257, 0.0038, 0.0005],
        [0.4853, 4.5371, 0.0151, 0.0087, 0.0062],
        [3.1659, 1.8736, 0.0013, 0.0050, 0.0237],
        [5.2027, 0.0196, 0.0005, 0.0033, 0.0261],
    ];
    for method in [OdeMethod::Stiff, OdeMethod::Auto, OdeMethod::Explicit] {
        let settings = Integration::default().with_method(method);
        let solution = solve(&problem, &problem.x0, &[1.0, 10.0, 100.0, 1000.0], &settings).unwrap();
        for (i, row) in reference.iter().enumerate() {
            for (x, e) in solution.state(i).iter().zip(row) {
                assert!((x - e).abs() < 6e-5, "{method:?}, row {i}: {x} instead of {e}");
            }
            let total: f64 = solution.state(i)[2..].iter().sum();
            assert!((total - 0.03).abs() < 1e-10, "gene copies {total}");
        }
    }
}

#[test]
fn auto_switches_on_stiff_problems_only() {
    let problem = robertson();
    let solution = solve(&problem, &problem.x0, &[1e4], &settings(1e-6, &[1e-4, 1e-8, 1e-4])).unwrap();
    let time = solution.statistics.switched_to_stiff.expect("Robertson is stiff");
    assert!(time < 1.0, "switched only at {time}");
    let problem = van_der_pol(1.0);
    let solution = solve(&problem, &problem.x0, &[100.0], &Integration::default()).unwrap();
    assert_eq!(solution.statistics.switched_to_stiff, None);
    assert_eq!(solution.statistics.jacobians, 0);
}

/// Reversible steps along a chain, the first half ten times as fast: dx_i/dt of first-order exchange with neighbours.
struct Chain(usize);

impl Chain {
    fn rate(&self, i: usize) -> f64 {
        if i < self.0 / 2 { 100.0 } else { 10.0 }
    }
}

impl VectorField for Chain {
    fn dimension(&self) -> usize {
        self.0
    }
    fn evaluate(&self, _time: f64, x: &[f64], dx: &mut [f64]) {
        dx.fill(0.0);
        for i in 0..self.0 - 1 {
            let flux = self.rate(i) * (x[i] - 0.5 * x[i + 1]);
            dx[i] -= flux;
            dx[i + 1] += flux;
        }
    }
}

#[test]
fn auto_leaves_diffusion_to_the_stiff_method_at_any_tolerance() {
    // All modes between the slowest and the fastest are present: no stage of an explicit step shows that it is at its limit of
    // stability, where it needs 3350 steps of this chain.
    let field = Chain(100);
    let start: Vec<f64> = (0..100).map(|i| if i == 0 { 1.0 } else { 0.0 }).collect();
    for r in [1e-4, 1e-6, 1e-8, 1e-10] {
        let settings = Integration::with_tolerances(r, 1e-3 * r);
        let auto = solve(&field, &start, &[40.0], &settings).unwrap();
        let explicit = solve(&field, &start, &[40.0], &settings.clone().with_method(OdeMethod::Explicit)).unwrap();
        let (steps, other) = (auto.statistics.accepted, explicit.statistics.accepted);
        assert!(auto.statistics.switched_to_stiff.is_some_and(|t| t < 5.0), "{r:e}: {:?}", auto.statistics);
        assert!(3 * steps < other, "{r:e}: {steps} steps instead of {other}");
    }
}

#[test]
fn differences_serve_as_well_as_the_exact_jacobian() {
    let exact = robertson();
    let differences = Problem { jacobian: None, ..robertson() };
    let settings = settings(1e-8, &[1e-4, 1e-8, 1e-4]).with_method(OdeMethod::Stiff);
    let times = [1.0, 1e3, 1e6];
    let a = solve(&exact, &exact.x0, &times, &settings).unwrap();
    let b = solve(&differences, &differences.x0, &times, &settings).unwrap();
    for i in 0..3 {
        assert!(largest_relative_error(a.state(i), b.state(i)) < 1e-5, "{:?} {:?}", a.state(i), b.state(i));
    }
    assert!(b.statistics.accepted < a.statistics.accepted * 5 / 4);
}

#[test]
fn dense_output_of_the_stiff_method_stays_near_the_tolerance() {
    let problem = gene_network();
    let times: Vec<f64> = (1..=400).map(|i| f64::from(i) * 0.25).collect();
    let fine = Integration::with_tolerances(1e-12, 1e-14).with_method(OdeMethod::Stiff);
    let reference = solve(&problem, &problem.x0, &times, &fine).unwrap();
    let settings = Integration::with_tolerances(1e-8, 1e-10).with_method(OdeMethod::Stiff);
    let solution = solve(&problem, &problem.x0, &times, &settings).unwrap();
    for i in 0..times.len() {
        for (x, e) in solution.state(i).iter().zip(reference.state(i)) {
            // Fast components may be off by some tolerances inside of steps that are long for them.
            assert!((x - e).abs() < 30.0 * (1e-8 * e.abs() + 1e-10), "at {}: {x} instead of {e}", times[i]);
        }
    }
}

#[test]
fn large_linear_chains_keep_their_mass() {
    /// x_0 -> x_1 -> ... -> x_n, rates over five decades.
    struct Chain(usize);
    impl Chain {
        fn rate(i: usize) -> f64 {
            10.0_f64.powi((i % 6) as i32)
        }
    }
    impl VectorField for Chain {
        fn dimension(&self) -> usize {
            self.0 + 1
        }
        fn evaluate(&self, _time: f64, x: &[f64], dx: &mut [f64]) {
            dx.fill(0.0);
            for i in 0..self.0 {
                let flux = Chain::rate(i) * x[i];
                dx[i] -= flux;
                dx[i + 1] += flux;
            }
        }
        fn jacobian(&self, _time: f64, _x: &[f64], jacobian: &mut [f64]) -> bool {
            jacobian.fill(0.0);
            let n = self.0 + 1;
            for i in 0..self.0 {
                jacobian[i * n + i] -= Chain::rate(i);
                jacobian[(i + 1) * n + i] += Chain::rate(i);
            }
            true
        }
    }
    let chain = Chain(40);
    let mut x0 = vec![0.0; 41];
    x0[0] = 1.0;
    let solution = solve(&chain, &x0, &[10.0, 1000.0], &Integration::default()).unwrap();
    assert!(solution.is_complete());
    assert!((solution.state(0).iter().sum::<f64>() - 1.0).abs() < 1e-9);
    assert!((solution.state(1)[40] - 1.0).abs() < 1e-7);
}

/// Value-stability: the work on Robertson. A change of the numerics changes these numbers; whoever changes them looks
/// whether for the better, and writes the new ones here.
#[test]
fn work_on_robertson_is_as_recorded() {
    let problem = robertson();
    let settings = settings(1e-6, &[1e-4, 1e-8, 1e-4]).with_method(OdeMethod::Stiff);
    let found = solve(&problem, &problem.x0, &[4e4], &settings).unwrap().statistics;
    let recorded = Statistics {
        accepted: 49,
        rejected: 0,
        evaluations: 821,
        jacobians: 42,
        factorisations: 49,
        newton_iterations: 154,
        ..Statistics::default()
    };
    assert_eq!(found, recorded);
}
