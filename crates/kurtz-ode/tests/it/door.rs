//! Input that is refused, and the shape of what comes back.

use kurtz_ode::{Integration, OdeError, OdeMethod, Sensitivities, Stepper, Stop, Tolerance, solve};

use crate::problems::{Problem, decay, oscillator};

fn refusal(x0: &[f64], times: &[f64], settings: &Integration) -> OdeError {
    solve(&oscillator(), x0, times, settings).expect_err("refused")
}

#[test]
fn bad_input_is_refused_with_its_place() {
    let good = Integration::default();
    let x0 = [0.0, 1.0];
    assert_eq!(refusal(&[1.0], &[1.0], &good), OdeError::StateLength { expected: 2, found: 1 });
    assert!(matches!(refusal(&[1.0, f64::NAN], &[1.0], &good), OdeError::InitialValue { variable: 1, .. }));
    assert_eq!(refusal(&x0, &[], &good), OdeError::NoTimes);
    assert!(matches!(refusal(&x0, &[1.0, f64::NAN], &good), OdeError::TimeNotFinite { index: 1, .. }));
    let decreasing = OdeError::TimesNotIncreasing { index: 2, previous: 2.0, next: 1.0 };
    assert_eq!(refusal(&x0, &[0.0, 2.0, 1.0], &good), decreasing);
    let repeated = OdeError::TimesNotIncreasing { index: 1, previous: 2.0, next: 2.0 };
    assert_eq!(refusal(&x0, &[2.0, 2.0], &good), repeated);
    assert_eq!(refusal(&x0, &[-1.0, 2.0], &good), OdeError::TimeBeforeFirst { time: -1.0, first_time: 0.0 });
    for r in [0.0, -1e-6, 1.0, f64::NAN] {
        let settings = Integration { relative_tolerance: r, ..good.clone() };
        assert!(matches!(refusal(&x0, &[1.0], &settings), OdeError::RelativeTolerance { .. }), "{r}");
    }
    let settings = Integration { absolute_tolerance: 0.0.into(), ..good.clone() };
    assert_eq!(refusal(&x0, &[1.0], &settings), OdeError::AbsoluteTolerance { variable: 0, found: 0.0 });
    let settings = Integration { absolute_tolerance: vec![1e-6, -1.0].into(), ..good.clone() };
    assert_eq!(refusal(&x0, &[1.0], &settings), OdeError::AbsoluteTolerance { variable: 1, found: -1.0 });
    let settings = Integration { absolute_tolerance: vec![1e-6].into(), ..good.clone() };
    assert_eq!(refusal(&x0, &[1.0], &settings), OdeError::ToleranceLength { expected: 2, found: 1 });
    let settings = Integration { initial_step: Some(0.0), ..good.clone() };
    assert_eq!(refusal(&x0, &[1.0], &settings), OdeError::StepSize { setting: "initial_step", found: 0.0 });
    let settings = good.clone().with_method(OdeMethod::Euler { step: -1.0 });
    assert_eq!(refusal(&x0, &[1.0], &settings), OdeError::StepSize { setting: "step", found: -1.0 });
    let settings = good.with_sensitivities(Sensitivities::Parameters);
    assert_eq!(refusal(&x0, &[1.0], &settings), OdeError::NoParameters);
}

#[test]
fn a_field_without_variables_is_refused() {
    let nothing =
        Problem { x0: vec![], parameters: vec![], rate: |_, _, _, _| {}, jacobian: None, parameter_jacobian: None };
    assert_eq!(solve(&nothing, &[], &[1.0], &Integration::default()), Err(OdeError::NoVariables));
}

#[test]
fn output_times_do_not_change_the_steps() {
    for method in [OdeMethod::Explicit, OdeMethod::Stiff] {
        let settings = Integration::default().with_method(method);
        let few = solve(&oscillator(), &[0.0, 1.0], &[10.0], &settings).unwrap();
        let times: Vec<f64> = (0..=1000).map(|i| f64::from(i) * 0.01).collect();
        let many = solve(&oscillator(), &[0.0, 1.0], &times, &settings).unwrap();
        assert_eq!(few.statistics, many.statistics);
        assert_eq!(few.final_state, many.final_state);
        assert_eq!(many.times, times);
        assert_eq!(many.states.len(), 2002);
    }
}

#[test]
fn the_first_time_is_where_the_initial_state_holds() {
    for method in [OdeMethod::Explicit, OdeMethod::Stiff, OdeMethod::RungeKutta4 { step: 0.1 }] {
        let settings = Integration { first_time: -3.0, ..Integration::default() }.with_method(method);
        let solution = solve(&decay(1.0), &[2.0], &[-3.0, -2.0], &settings).unwrap();
        assert_eq!(solution.state(0), [2.0]);
        assert!((solution.state(1)[0] - 2.0 * (-1.0_f64).exp()).abs() < 1e-6);
        let solution = solve(&decay(1.0), &[2.0], &[-3.0], &settings).unwrap();
        assert_eq!((solution.stop, solution.states, solution.final_time), (Stop::End, vec![2.0], -3.0));
        assert_eq!(solution.statistics.evaluations, 0);
    }
}

#[test]
fn the_continuous_solution_agrees_with_the_output() {
    for method in [OdeMethod::Explicit, OdeMethod::Stiff, OdeMethod::RungeKutta4 { step: 0.01 }] {
        let settings = Integration { continuous: true, ..Integration::default() }.with_method(method);
        let times = [0.0, 0.3, 4.0, 9.99, 10.0];
        let solution = solve(&oscillator(), &[0.0, 1.0], &times, &settings).unwrap();
        for (i, &time) in times.iter().enumerate() {
            let state = solution.at(time).expect("inside");
            for (x, e) in state.iter().zip(solution.state(i)) {
                assert!((x - e).abs() < 1e-13, "{method:?} at {time}: {x} {e}");
            }
        }
        assert_eq!(solution.at(-0.1), None);
        assert_eq!(solution.at(10.1), None);
        let step = solve(&oscillator(), &[0.0, 1.0], &times, &Integration::default()).unwrap();
        assert_eq!(step.at(1.0), None);
    }
}

#[test]
fn a_stepper_restarts_after_an_event() {
    // A dose that doubles x at t = 1.
    for method in [OdeMethod::Auto, OdeMethod::Stiff, OdeMethod::RungeKutta4 { step: 0.01 }] {
        let field = decay(1.0);
        let mut stepper = Stepper::new(&field, &[1.0], &Integration::default().with_method(method)).unwrap();
        while stepper.step(1.0).is_none() {}
        assert_eq!(stepper.time(), 1.0);
        let doubled = 2.0 * stepper.state()[0];
        stepper.restart(1.0, &[doubled]).unwrap();
        assert_eq!(stepper.state_at(1.0), [doubled]);
        while stepper.step(2.0).is_none() {}
        assert!((stepper.state()[0] - 2.0 * (-2.0_f64).exp()).abs() < 1e-7);
        assert!(stepper.restart(1.0, &[f64::NAN]).is_err());
    }
}

#[test]
fn settings_read_and_print_as_text() {
    let text =
        r#"{"method": {"runge-kutta4": {"step": 0.25}}, "absolute_tolerance": [1e-6, 1e-9], "sensitivities": "both"}"#;
    let settings: Integration = serde_json::from_str(text).unwrap();
    assert_eq!(settings.method, OdeMethod::RungeKutta4 { step: 0.25 });
    assert_eq!(settings.absolute_tolerance, Tolerance::Each(vec![1e-6, 1e-9]));
    assert_eq!(settings.sensitivities, Sensitivities::Both);
    assert_eq!(settings.relative_tolerance, 1e-8);
    let again: Integration = serde_json::from_str(&serde_json::to_string(&settings).unwrap()).unwrap();
    assert_eq!(again, settings);
    assert!(serde_json::from_str::<Integration>(r#"{"relative_tolerence": 1e-3}"#).is_err());
    let plain: Integration = serde_json::from_str(r#"{"method": "stiff", "absolute_tolerance": 1e-3}"#).unwrap();
    assert_eq!(plain.absolute_tolerance, Tolerance::Same(1e-3));
}
