//! The equations: closed forms.

use super::*;
use kurtz_model::expression::Function;

#[test]
fn reactions_of_all_laws_flow_at_their_rates() {
    // dA/dt = -k A^2 / V with k = 1 (2A at k c^2/2, two of each): A = A0 / (1 + A0 t / V).
    let n = network("volume 2\nspecies A = 10\n 2 A -> 0 @ 1");
    let run = course(&n, &["A"], &[0.0, 1.0, 30.0]);
    assert_near(run.row(1)[0], 10.0 / 6.0, 1e-8);
    assert_near(run.row(2)[0], 10.0 / 151.0, 1e-8);
}

#[test]
fn stiff_equations_are_integrated() {
    let n = network(
        "species A = 1, B = 0, C = 0
         A -> B @ 0.04\n B + C -> A + C @ 1e4\n B -> C @ propensity(3e7*B^2)",
    );
    // Robertson's problem at t = 4e4 (Hairer & Wanner, reference solution of the test set: 3.8e-2 and so on).
    let run = course(&n, &["A", "B", "C"], &[0.0, 0.4, 4e4]);
    assert_near(run.row(1)[0], 0.985_172_1, 1e-6);
    assert_near(run.row(1)[1], 3.386_395e-5, 1e-5);
    assert_near(run.row(2)[0], 0.038_98, 1e-3);
    assert_near(run.row(2).iter().sum::<f64>(), 1.0, 1e-9);
}

#[test]
fn small_amounts_are_as_precise_as_large_ones() {
    for scale in [1e-18, 1.0, 1e15] {
        let mut n = network("species A = 1, B = 0\n A -> B @ 1\n B -> 0 @ 2");
        n.species[0].initial = kurtz_model::Initial::Count(kurtz_model::Value::Expression(Expression::Number(scale)));
        let run = course(&n, &["A", "B"], &[0.0, 1.5]);
        let (a, b) = ((-1.5f64).exp(), (-1.5f64).exp() - (-3f64).exp());
        assert_near(run.row(1)[0] / scale, a, 1e-7);
        assert_near(run.row(1)[1] / scale, b, 1e-7);
    }
}

#[test]
fn rules_flow_and_follow() {
    let mut n = network("species A = 4\nparameter p = 1, q = 0, r = 7\n A -> 0 @ 0.5");
    // p' = -p + q, q := 2 A, so that p = e^-t (1 + 4 * 4 (e^(t/2) - 1)).
    let (p, q, a) = (value_of(&n, "p"), value_of(&n, "q"), value_of(&n, "A"));
    rule(&mut n, RuleKind::Rate, "p", q - p);
    rule(&mut n, RuleKind::Assignment, "q", 2.0 * a);
    let run = course(&n, &["p", "q", "r"], &[0.0, 2.0]);
    assert_eq!(run.row(0), [1.0, 8.0, 7.0]);
    assert_near(run.row(1)[0], (-2f64).exp() * (1.0 + 16.0 * (1f64.exp() - 1.0)), 1e-8);
    assert_near(run.row(1)[1], 8.0 * (-1f64).exp(), 1e-8);
}

#[test]
fn concentrations_follow_a_growing_compartment() {
    let mut n = network("volume 1\nspecies A = 6, B = 0\n A + A -> B @ 0");
    n.reactions[0].rate = kurtz_model::RateLaw::MassAction(Expression::Number(1.0));
    let v = value_of(&n, "volume");
    rule(&mut n, RuleKind::Rate, "volume", v);
    let system = bound(&n);
    // V = e^t, A' = -A^2 / V: 1/A = 1/6 + 1 - e^-t.
    let observables = [system.observable("A").expect("known"), system.concentration("A").expect("known")];
    let settings = Integrate::default();
    let run = integrate(&system, &[0.0, 1.0], &observables, &settings, &Silent).expect("good");
    let a = 1.0 / (1.0 / 6.0 + 1.0 - (-1f64).exp());
    assert_near(run.row(1)[0], a, 1e-7);
    assert_near(run.row(1)[1], a / 1f64.exp(), 1e-7);
}

#[test]
fn short_pulses_are_not_stepped_over() {
    // A rate of 1000 from 50.5 to 50.501, and 0 otherwise.
    let mut n = network("species A = 0\n 0 -> A @ 1");
    let pulse = Expression::binary(B::And, at_least(time(), 50.5), Expression::binary(B::Less, time(), 50.501));
    n.reactions[0].rate =
        kurtz_model::RateLaw::Propensity(Expression::piecewise([(Expression::Number(1000.0), pulse)], 0.0));
    let run = course(&n, &["A"], &[0.0, 50.5, 50.5005, 100.0]);
    assert_eq!(run.row(1), [0.0]);
    assert_near(run.row(2)[0], 0.5, 1e-6);
    assert_near(run.row(3)[0], 1.0, 1e-6);
}

#[test]
fn steps_in_a_law_are_met_where_they_are() {
    // A' = -ceil(A): from 3.5, 0.5/4 to 3, then 1/3 to 2, 1/2 to 1, and 1 to 0.
    let mut n = network("species A = 3\n A -> 0 @ 1");
    n.species[0].initial = kurtz_model::Initial::Count(kurtz_model::Value::Expression(Expression::Number(3.5)));
    n.reactions[0].rate = kurtz_model::RateLaw::Propensity(Expression::call(Function::Ceil, [value_of(&n, "A")]));
    let times = [0.125, 0.125 + 1.0 / 3.0, 0.125 + 1.0 / 3.0 + 0.25, 0.125 + 1.0 / 3.0 + 1.0];
    let run = course(&n, &["A"], &times);
    for (value, truth) in run.values.iter().zip([3.0, 2.0, 1.5, 0.5]) {
        assert_near(*value, truth, 1e-8);
    }
}

#[test]
fn what_is_not_a_number_is_shown_and_not_integrated() {
    let mut n = network("species A = 4\nparameter p = 1, q = 0\n A -> 0 @ 0.5");
    n.parameters[0].value = kurtz_model::Value::Expression(Expression::Number(f64::NAN));
    let p = value_of(&n, "p");
    rule(&mut n, RuleKind::Assignment, "q", p + 1.0);
    let run = course(&n, &["A", "p", "q"], &[0.0, 2.0]);
    assert_near(run.row(1)[0], 4.0 * (-1f64).exp(), 1e-8);
    assert!(run.row(1)[1].is_nan() && run.row(1)[2].is_nan());
}

#[test]
fn a_quantity_without_a_value_flows_once_an_event_gives_it_one() {
    let mut n = network("species X = 0\nparameter p = 1\n 0 -> X @ 1");
    n.parameters[0].value = kurtz_model::Value::Expression(Expression::Number(f64::NAN));
    rule(&mut n, RuleKind::Rate, "p", Expression::Number(3.0));
    n.events.push(event(&n, "begin", at_least(time(), 2.0), &[("p", Expression::Number(10.0))]));
    let run = course(&n, &["X", "p"], &[1.0, 2.0, 4.0]);
    assert!(run.row(0)[1].is_nan());
    assert_eq!(run.row(1)[1], 10.0);
    assert_near(run.row(2)[1], 16.0, 1e-9);
    assert_near(run.row(2)[0], 4.0, 1e-9);
}

#[test]
fn laws_that_undo_each_other_end_with_their_reason() {
    // A rises below 1 and falls above: it cannot stay and cannot leave.
    let mut n = network("species X = 0\nparameter a = 0\n 0 -> X @ 0");
    let below = Expression::binary(B::Less, value_of(&n, "a"), 1.0);
    rule(&mut n, RuleKind::Rate, "a", Expression::piecewise([(Expression::Number(1.0), below)], -1.0));
    let run = course(&n, &["a"], &[0.5, 2.0]);
    assert_eq!(run.times, [0.5]);
    let stop = run.stop.expect("it stands still");
    assert!(stop.describe(&n).contains("back and forth"), "{}", stop.describe(&n));
}

#[test]
fn blow_up_ends_with_the_times_reached() {
    let n = network("species A = 1\n grow: 2 A -> 3 A @ 2");
    // A' = A^2 from 1 is 1 / (1 - t).
    let run = course(&n, &["A"], &[0.0, 0.5, 2.0]);
    assert_eq!(run.times, [0.0, 0.5]);
    assert_near(run.row(1)[0], 2.0, 1e-8);
    let stop = run.stop.expect("it blows up");
    assert!(stop.describe(&n).contains("`A` grows without bound"), "{}", stop.describe(&n));
}

#[test]
fn a_pulse_as_wide_as_a_row_is_not_stepped_over() {
    // p' = a normal density around t = 41.3, as wide as half a row; nothing happens before.
    let mut n = network("species X = 0\nparameter p = 0\n 0 -> X @ 0");
    let z = (time() - 41.3) / 0.05;
    let density = Expression::call(Function::Exp, [-0.5 * z.powi(2)]);
    rule(&mut n, RuleKind::Rate, "p", density * (1.0 / (0.05 * (2.0 * std::f64::consts::PI).sqrt())));
    let grid: Vec<f64> = (0..=1000).map(|i| 0.1 * f64::from(i)).collect();
    assert_near(course(&n, &["p"], &grid).values[1000], 1.0, 1e-7);
}
