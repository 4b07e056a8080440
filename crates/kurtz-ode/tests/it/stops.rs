//! How integrations end when they do not reach the end.

use std::sync::atomic::AtomicBool;

use kurtz_ode::{Integration, OdeMethod, Stop, solve, solve_cancellable};

use crate::accuracy::ADAPTIVE;
use crate::problems::{Problem, decay, oscillator};

fn field(x0: Vec<f64>, rate: fn(f64, &[f64], &[f64], &mut [f64])) -> Problem {
    Problem { x0, parameters: vec![], rate, jacobian: None, parameter_jacobian: None }
}

#[test]
fn blow_up_is_reported_near_its_time() {
    for method in ADAPTIVE {
        for x0 in [0.5, 2.0, 37.0] {
            // x_0 decays, x_1' = x_1^2 is infinite at 1 / x_1(0).
            let square = field(vec![1.0, x0], |_, x, _, dx| {
                dx[0] = -x[0];
                dx[1] = x[1] * x[1];
            });
            let times = [0.5 / x0, 2.0 / x0];
            let solution = solve(&square, &square.x0, &times, &Integration::default().with_method(method)).unwrap();
            let Stop::BlowUp { time, variable } = solution.stop else { panic!("{method:?}: {:?}", solution.stop) };
            assert_eq!(variable, 1);
            assert!((time * x0 - 1.0).abs() < 1e-6, "{method:?}: {time} instead of {}", 1.0 / x0);
            assert_eq!(solution.times, times[..1]);
            assert!((solution.state(0)[1] - 2.0 * x0).abs() < 1e-5 * x0);
            assert!(solution.statistics.accepted < 5000);
        }
    }
}

#[test]
fn values_that_are_not_finite_name_variable_and_time() {
    for method in ADAPTIVE {
        // The square root of a negative number, from t = 1 on.
        let root = field(vec![1.0, 0.0], |t, x, _, dx| {
            dx[0] = -0.1 * x[0];
            dx[1] = (1.0 - t).sqrt();
        });
        let solution = solve(&root, &root.x0, &[2.0], &Integration::default().with_method(method)).unwrap();
        let Stop::NotFinite { time, variable } = solution.stop else { panic!("{method:?}: {:?}", solution.stop) };
        assert_eq!(variable, 1, "{method:?}");
        assert!((time - 1.0).abs() < 1e-3 && time <= 1.0, "{method:?}: {time}");
        assert!(solution.final_state.iter().all(|x| x.is_finite()));
        assert!(solution.times.is_empty());

        let never = field(vec![1.0, 0.0], |_, _, _, dx| dx.copy_from_slice(&[0.0, f64::NAN]));
        let solution = solve(&never, &never.x0, &[0.0, 2.0], &Integration::default().with_method(method)).unwrap();
        assert_eq!(solution.stop, Stop::NotFinite { time: 0.0, variable: 1 });
        assert_eq!(solution.times, [0.0]);

        // Exponential growth beyond the largest number.
        let growth = field(vec![1.0], |_, x, _, dx| dx[0] = x[0]);
        let solution = solve(&growth, &growth.x0, &[2000.0], &Integration::default().with_method(method)).unwrap();
        let Stop::NotFinite { time, variable: 0 } = solution.stop else { panic!("{method:?}: {:?}", solution.stop) };
        assert!((600.0..710.0).contains(&time), "{method:?}: {time}");
    }
    let growth = field(vec![1.0], |_, x, _, dx| dx[0] = x[0] * x[0]);
    for method in [OdeMethod::Euler { step: 0.25 }, OdeMethod::RungeKutta4 { step: 0.25 }] {
        let solution = solve(&growth, &growth.x0, &[20.0], &Integration::default().with_method(method)).unwrap();
        assert!(matches!(solution.stop, Stop::NotFinite { variable: 0, .. }), "{method:?}: {:?}", solution.stop);
    }
}

#[test]
fn a_singularity_of_the_rate_is_a_step_too_small() {
    // x' = -1 / (2 x), x = sqrt(1 - t): the state stays finite, and NaN lies beyond.
    let fall = field(vec![1.0], |_, x, _, dx| dx[0] = -0.5 / x[0]);
    for method in ADAPTIVE {
        let solution = solve(&fall, &fall.x0, &[2.0], &Integration::default().with_method(method)).unwrap();
        let Stop::StepTooSmall { time, variable: 0, .. } = solution.stop else {
            panic!("{method:?}: {:?}", solution.stop)
        };
        assert!((time - 1.0).abs() < 1e-6, "{method:?}: {time}");
    }
}

#[test]
fn jumps_of_the_field_are_passed() {
    let switch = field(vec![0.0], |t, _, _, dx| dx[0] = if t < 1.0 { 1.0 } else { -2.0 });
    for method in ADAPTIVE {
        let solution = solve(&switch, &switch.x0, &[0.5, 2.0], &Integration::default().with_method(method)).unwrap();
        assert!(solution.is_complete(), "{method:?}: {:?}", solution.stop);
        assert!((solution.state(1)[0] + 1.0).abs() < 1e-6, "{method:?}: {:?}", solution.state(1));
    }
}

#[test]
fn the_number_of_steps_is_bounded() {
    for method in [OdeMethod::Auto, OdeMethod::Stiff, OdeMethod::Euler { step: 0.01 }] {
        let settings = Integration { max_steps: 20, ..Integration::default() }.with_method(method);
        let solution = solve(&oscillator(), &[0.0, 1.0], &[1000.0], &settings).unwrap();
        let Stop::MaxSteps { time } = solution.stop else { panic!("{method:?}: {:?}", solution.stop) };
        assert!(time > 0.0 && time == solution.final_time);
        assert_eq!(solution.statistics.accepted + solution.statistics.rejected, 20);
    }
}

#[test]
fn a_caller_can_cancel() {
    let cancel = AtomicBool::new(true);
    let solution = solve_cancellable(&decay(1.0), &[1.0], &[0.0, 1.0], &Integration::default(), &cancel).unwrap();
    assert_eq!(solution.stop, Stop::Cancelled { time: 0.0 });
    assert_eq!(solution.times, [0.0]);
    assert_eq!(solution.final_state, [1.0]);
}
