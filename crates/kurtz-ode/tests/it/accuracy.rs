//! Accuracy and order where the solution is known in closed form.

use kurtz_ode::{Integration, OdeMethod, Stepper, VectorField, solve};

use crate::problems::{Problem, decay, logistic, logistic_solution, oscillator};

pub const ADAPTIVE: [OdeMethod; 3] = [OdeMethod::Auto, OdeMethod::Explicit, OdeMethod::Stiff];

fn grid(end: f64, count: usize) -> Vec<f64> {
    (0..=count).map(|i| end * i as f64 / count as f64).collect()
}

#[test]
fn adaptive_methods_meet_the_tolerance_between_and_at_steps() {
    for method in ADAPTIVE {
        let settings = Integration::default().with_method(method);
        let times = grid(10.0, 57);
        let solution = solve(&decay(0.7), &[2.0], &times, &settings).unwrap();
        for (i, t) in times.iter().enumerate() {
            let exact = 2.0 * (-0.7 * t).exp();
            // Local errors of 1e-8 add up over some tens of steps.
            assert!((solution.state(i)[0] - exact).abs() < 1e-7, "{method:?} at {t}");
        }
        let solution = solve(&oscillator(), &[0.0, 1.0], &times, &settings).unwrap();
        for (i, t) in times.iter().enumerate() {
            assert!((solution.state(i)[0] - t.sin()).abs() < 3e-7, "{method:?} at {t}: {:?}", solution.state(i));
        }
        let solution = solve(&logistic(0.1, 1.3, 5.0), &[0.1], &times, &settings).unwrap();
        for (i, &t) in times.iter().enumerate() {
            let (exact, _) = logistic_solution(t, 0.1, 1.3, 5.0);
            assert!((solution.state(i)[0] - exact).abs() < 3e-7, "{method:?} at {t}");
        }
    }
}

#[test]
fn errors_are_proportional_to_the_tolerance() {
    let times = grid(20.0, 41);
    for method in ADAPTIVE {
        for exponent in [-4, -6, -8, -10, -12] {
            let r = 10.0_f64.powi(exponent);
            let settings = Integration::with_tolerances(r, r).with_method(method);
            let solution = solve(&oscillator(), &[0.0, 1.0], &times, &settings).unwrap();
            let error = |i: usize| (solution.state(i)[0] - times[i].sin()).abs();
            let largest = (0..times.len()).map(error).fold(0.0, f64::max);
            // Three periods of a neutrally stable orbit: errors add up, but stay within a factor of the tolerance; and
            // a thousandth of it would be work wasted.
            assert!(largest < 50.0 * r, "{method:?} at {r:e}: {largest:e}");
            assert!(largest > 1e-3 * r, "{method:?} at {r:e}: {largest:e}");
        }
    }
}

/// Orders seen when the step is halved, at the end and in the middle of steps.
fn measured_order(method: impl Fn(f64) -> OdeMethod, time: f64) -> f64 {
    let field = logistic(0.5, 1.0, 2.0);
    let error = |h: f64| {
        let settings = Integration::default().with_method(method(h));
        let solution = solve(&field, &[0.5], &[time, 2.0], &settings).unwrap();
        (solution.state(0)[0] - logistic_solution(time, 0.5, 1.0, 2.0).0).abs()
    };
    (error(1.0 / 32.0) / error(1.0 / 64.0)).log2()
}

#[test]
fn fixed_steps_converge_with_their_order() {
    let euler = |step| OdeMethod::Euler { step };
    let classical = |step| OdeMethod::RungeKutta4 { step };
    assert!((measured_order(euler, 1.0) - 1.0).abs() < 0.05);
    assert!((measured_order(classical, 1.0) - 4.0).abs() < 0.1);
    // 0.984375 = 63/64 is the middle of a step of 1/32 and the end of one of 1/64; 1 - 1/96 is inside of both.
    let inside = 1.0 - 1.0 / 96.0;
    assert!(measured_order(euler, inside) > 0.8);
    assert!(measured_order(classical, inside) > 3.7, "{}", measured_order(classical, inside));
}

#[test]
fn dense_output_of_one_step_has_its_order() {
    // One step of size h on a linear field, where the Newton iteration is exact: the interpolant's local error falls as
    // h^(order + 1).
    let error = |method: OdeMethod, h: f64| {
        let field = decay(1.0);
        let settings = Integration { initial_step: Some(h), ..Integration::with_tolerances(1e-4, 1e-4) };
        let mut stepper = Stepper::new(&field, &[1.0], &settings.with_method(method)).unwrap();
        assert_eq!(stepper.step(h), None);
        assert_eq!(stepper.time(), h);
        let inside = (1..20).map(|i| f64::from(i) / 20.0 * h);
        inside.map(|t| (stepper.state_at(t)[0] - (-t).exp()).abs()).fold(0.0, f64::max)
    };
    let order = (error(OdeMethod::Explicit, 0.2) / error(OdeMethod::Explicit, 0.1)).log2();
    assert!((4.7..5.3).contains(&order), "explicit: {order}");
    // Collocation with five stages has local order 6 inside of a step; its known leading error is subtracted.
    let order = (error(OdeMethod::Stiff, 0.6) / error(OdeMethod::Stiff, 0.3)).log2();
    assert!((6.5..7.5).contains(&order), "stiff: {order}");
}

#[test]
fn a_linear_system_agrees_with_the_matrix_exponential() {
    struct Linear([[f64; 4]; 4]);
    impl VectorField for Linear {
        fn dimension(&self) -> usize {
            4
        }
        fn evaluate(&self, _time: f64, x: &[f64], dx: &mut [f64]) {
            for (dx, row) in dx.iter_mut().zip(&self.0) {
                *dx = row.iter().zip(x).map(|(a, x)| a * x).sum();
            }
        }
    }
    let matrix = [[-1.0, 2.0, 0.0, 0.5], [0.3, -3.0, 1.0, 0.0], [0.0, 1.0, -20.0, 4.0], [0.2, 0.0, 19.0, -5.0]];
    let x0 = [1.0, -2.0, 0.5, 3.0];
    let time = 1.7;
    // Taylor series of exp(A t / 2^12) x 4096 times: exact to rounding, and independent of what is tested.
    let mut exact = x0;
    for _ in 0..4096 {
        let mut term = exact;
        for k in 1..12 {
            term = std::array::from_fn(|i| {
                (0..4).map(|j| matrix[i][j] * term[j]).sum::<f64>() * time / 4096.0 / f64::from(k)
            });
            exact = std::array::from_fn(|i| exact[i] + term[i]);
        }
    }
    for method in ADAPTIVE {
        let settings = Integration::with_tolerances(1e-10, 1e-12).with_method(method);
        let solution = solve(&Linear(matrix), &x0, &[time], &settings).unwrap();
        for i in 0..4 {
            assert!((solution.state(0)[i] - exact[i]).abs() < 1e-8, "{method:?} {i}: {:?}", solution.state(0));
        }
    }
}

#[test]
fn a_time_dependent_field_is_followed() {
    let forced = Problem {
        x0: vec![0.0],
        parameters: vec![],
        // x' = -50 (x - cos t) - sin t, x(0) = 0: x = cos t - exp(-50 t).
        rate: |t, x, _, dx| dx[0] = -50.0 * (x[0] - t.cos()) - t.sin(),
        jacobian: None,
        parameter_jacobian: None,
    };
    for method in ADAPTIVE {
        let times = grid(3.0, 30);
        let solution = solve(&forced, &[0.0], &times, &Integration::default().with_method(method)).unwrap();
        for (i, &t) in times.iter().enumerate() {
            let exact = t.cos() - (-50.0 * t).exp();
            let error = solution.state(i)[0] - exact;
            assert!(error.abs() < 3e-7, "{method:?} at {t}: {error:e}");
        }
    }
}
