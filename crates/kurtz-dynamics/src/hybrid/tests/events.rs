//! Events, in the equations.

use super::*;

/// y and v under gravity 10, from height 5 at rest.
fn ball() -> Network {
    let mut n = network("species X = 0\nparameter y = 5, v = 0, hits = 0\n 0 -> X @ 0");
    let v = value_of(&n, "v");
    rule(&mut n, RuleKind::Rate, "y", v);
    rule(&mut n, RuleKind::Rate, "v", Expression::Number(-10.0));
    n
}

#[test]
fn a_ball_bounces_where_it_meets_the_ground() {
    let mut n = ball();
    let (y, v, hits) = (value_of(&n, "y"), value_of(&n, "v"), value_of(&n, "hits"));
    let bounce = [("v", -0.5 * v), ("hits", hits + 1.0)];
    n.events.push(event(&n, "bounce", Expression::binary(B::LessEqual, y, 0.0), &bounce));
    // Hits at 1, 2, 2.5, 2.75: speeds 10, then 5, 2.5, 1.25 upwards.
    let run = course(&n, &["y", "v", "hits"], &[0.5, 1.5, 2.25, 2.6]);
    assert_near(run.row(0)[0], 5.0 - 1.25, 1e-8);
    assert_near(run.row(1)[0], 5.0 * 0.5 - 1.25, 1e-7);
    assert_near(run.row(2)[0], 2.5 * 0.25 - 5.0 * 0.0625, 1e-7);
    assert_eq!([0, 1, 2, 3].map(|i| run.row(i)[2]), [0.0, 1.0, 2.0, 3.0]);
}

#[test]
fn doses_come_at_their_times_and_show_at_them() {
    let mut n = network("species A = 0\n A -> 0 @ 0.5");
    for (name, at) in [("first", 0.0), ("second", 2.0), ("third", 3.3)] {
        let a = value_of(&n, "A");
        n.events.push(event(&n, name, at_least(time(), at), &[("A", a + 10.0)]));
    }
    let run = course(&n, &["A"], &[0.0, 2.0, 3.3, 4.3]);
    let decay = |t: f64| (-0.5 * t).exp();
    let second = 10.0 * decay(2.0) + 10.0;
    let third = second * decay(1.3) + 10.0;
    for (value, truth) in run.values.iter().zip([10.0, second, third, third * decay(1.0)]) {
        assert_near(*value, truth, 1e-8);
    }
}

#[test]
fn after_is_not_at() {
    let mut n = network("species X = 0\nparameter at = 0, after = 0, same = 0\n 0 -> X @ 0");
    let set = |name| [(name, Expression::Number(1.0))];
    n.events.push(event(&n, "e", at_least(time(), 2.0), &set("at")));
    n.events.push(event(&n, "f", Expression::binary(B::Greater, time(), 2.0), &set("after")));
    n.events.push(event(&n, "g", Expression::binary(B::Equal, time(), 2.0), &set("same")));
    let run = course(&n, &["at", "after", "same"], &[1.0, 2.0, 2.0f64.next_up(), 3.0]);
    assert_eq!(run.values, [0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]);
}

#[test]
fn what_holds_at_the_start_triggers_only_if_it_did_not_before() {
    let mut n = network("species X = 0\nparameter a = 0, b = 0\n 0 -> X @ 0");
    n.events.push(event(&n, "e", at_least(time(), 0.0), &[("a", Expression::Number(1.0))]));
    n.events.push(event(&n, "f", at_least(time(), 0.0), &[("b", Expression::Number(1.0))]));
    n.events[1].initially_true = true;
    assert_eq!(course(&n, &["a", "b"], &[0.0, 1.0]).values, [1.0, 0.0, 1.0, 0.0]);
}

#[test]
fn the_largest_priority_goes_first_and_is_computed_anew_after_each() {
    let mut n = network("species X = 0\nparameter log = 0, boost = 0\n 0 -> X @ 0");
    // Each appends its digit. After 3 (priority 9), 1 has priority 5 + boost.
    for digit in 1..=3 {
        let (log, boost) = (value_of(&n, "log"), value_of(&n, "boost"));
        let append = ("log", 10.0 * log + f64::from(digit));
        let mut e = event(&n, &format!("e{digit}"), at_least(time(), 1.0), &[append]);
        e.values_from_trigger_time = false;
        e.priority = Some(match digit {
            1 => 1.0 + boost,
            2 => Expression::Number(4.0),
            _ => Expression::Number(9.0),
        });
        if digit == 3 {
            e.assignments.push((of(&n, "boost"), Expression::Number(7.0)));
        }
        n.events.push(e);
    }
    assert_eq!(course(&n, &["log"], &[0.0, 1.0]).values, [0.0, 312.0]);
}

#[test]
fn values_come_from_the_time_that_was_asked_for() {
    let mut n = network("species X = 0\nparameter p = 0, q = 0\n 0 -> X @ 0");
    rule(&mut n, RuleKind::Rate, "p", Expression::Number(1.0));
    for from_trigger in [true, false] {
        let p = value_of(&n, "p");
        let mut e = event(&n, "e", at_least(time(), 1.0), &[("q", p)]);
        (e.delay, e.values_from_trigger_time) = (Some(Expression::Number(2.0)), from_trigger);
        n.events = vec![e];
        let run = course(&n, &["q"], &[2.9, 3.0]);
        assert_eq!(run.row(0), [0.0]);
        assert_near(run.row(1)[0], if from_trigger { 1.0 } else { 3.0 }, 1e-8);
    }
}

#[test]
fn what_does_not_persist_is_taken_back() {
    let mut n = network("species X = 0\nparameter q = 0\n 0 -> X @ 0");
    // True from 1 to 2; the delay is 1.5.
    let window = Expression::binary(B::And, at_least(time(), 1.0), Expression::binary(B::Less, time(), 2.0));
    for persistent in [true, false] {
        let mut e = event(&n, "e", window.clone(), &[("q", Expression::Number(1.0))]);
        (e.delay, e.persistent) = (Some(Expression::Number(1.5)), persistent);
        n.events = vec![e];
        let reached = f64::from(u8::from(persistent));
        assert_eq!(course(&n, &["q"], &[2.4, 2.5, 3.0]).values, [0.0, reached, reached]);
    }
}

#[test]
fn events_trigger_each_other_at_one_instant() {
    let mut n = network("species X = 0\nparameter p = 0, q = 0\n 0 -> X @ 0");
    let (p, q) = (value_of(&n, "p"), value_of(&n, "q"));
    n.events.push(event(&n, "start", at_least(time(), 1.0), &[("p", Expression::Number(1.0))]));
    let set = [("q", q.clone() + 1.0), ("p", Expression::Number(0.0))];
    n.events.push(event(&n, "echo", at_least(p, 1.0), &set));
    assert_eq!(course(&n, &["p", "q"], &[1.0]).values, [0.0, 1.0]);
    // The echo calls again, for ever.
    n.events.push(event(
        &n,
        "again",
        at_least(q, 1.0),
        &[("p", Expression::Number(1.0)), ("q", Expression::Number(0.0))],
    ));
    let run = course(&n, &["p"], &[0.5, 1.5]);
    assert_eq!(run.times, [0.5]);
    let stop = run.stop.expect("it never ends");
    assert!(stop.describe(&n).contains("without end at time 1,"), "{}", stop.describe(&n));
}

#[test]
fn conditions_that_hold_for_a_moment_are_seen() {
    // sin(t)^40 > 0.999 holds for some 0.014 around odd multiples of pi/2; nothing else moves.
    let mut n = network("species X = 0\nparameter count = 0\n 0 -> X @ 0");
    let count = value_of(&n, "count");
    let sine = Expression::call(kurtz_model::expression::Function::Sin, [time()]);
    let trigger = Expression::binary(B::Greater, sine.powi(40), 0.999);
    n.events.push(event(&n, "peak", trigger, &[("count", count + 1.0)]));
    assert_eq!(course(&n, &["count"], &[100.0]).values, [32.0]);
    // A parabola that dips below 0 by 1e-6: within +-1e-3 of t = 5, of a rule alone.
    let mut n = network("species X = 0\nparameter p = 25, slope = -10, count = 0\n 0 -> X @ 0");
    let (count, slope, p) = (value_of(&n, "count"), value_of(&n, "slope"), value_of(&n, "p"));
    rule(&mut n, RuleKind::Rate, "p", slope);
    rule(&mut n, RuleKind::Rate, "slope", Expression::Number(2.0));
    n.events.push(event(&n, "dip", Expression::binary(B::Less, p, 1e-6), &[("count", count + 1.0)]));
    assert_eq!(course(&n, &["count"], &[10.0]).values, [1.0]);
}

#[test]
fn an_event_that_falls_on_an_output_time_shows_at_it() {
    // x reaches 1 at t = 10, as exactly as sums of 0.1 do; y = exp(t) reaches e^2 at t = 2.
    let mut n = network("species X = 0\nparameter x = 0, y = 1, hit = 0, grown = 0\n 0 -> X @ 0");
    let (x, y) = (value_of(&n, "x"), value_of(&n, "y"));
    rule(&mut n, RuleKind::Rate, "x", Expression::Number(0.1));
    rule(&mut n, RuleKind::Rate, "y", y.clone());
    n.events.push(event(&n, "hit", at_least(x, 1.0), &[("hit", Expression::Number(1.0))]));
    n.events.push(event(&n, "grown", at_least(y, 2f64.exp()), &[("grown", Expression::Number(1.0))]));
    let grid: Vec<f64> = (0..=10).map(f64::from).collect();
    let run = course(&n, &["hit", "grown"], &grid);
    assert_eq!(run.column(0), [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
    assert_eq!(run.column(1), [0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]);
}

/// The time since the last multiple of a period.
fn phase(period: f64) -> Expression {
    let whole = Expression::call(kurtz_model::expression::Function::Floor, [time() / period]);
    time() - period * whole
}

#[test]
fn no_period_of_a_clock_is_missed() {
    // Above 0.3 from 0.3 + 1.25 k on, where nothing flows.
    let mut n = network("species X = 0\nparameter count = 0\n 0 -> X @ 0");
    let count = value_of(&n, "count");
    let above = Expression::binary(B::Greater, phase(1.25), 0.3);
    n.events.push(event(&n, "tick", above.clone(), &[("count", count + 1.0)]));
    assert_eq!(course(&n, &["count"], &[0.3, 1.0, 10.0]).values, [0.0, 1.0, 8.0]);
    // A pulse of 0.01 in a period of 1.25, in a law alone: 8 of them in 10, and 8,000 in 10,000.
    let mut n = network("species X = 0\nparameter p = 0\n 0 -> X @ 0");
    let late = Expression::binary(B::GreaterEqual, phase(1.25), 1.24);
    let pulse = Expression::piecewise([(Expression::Number(100.0), late)], Expression::Number(0.0));
    rule(&mut n, RuleKind::Rate, "p", pulse);
    let run = course(&n, &["p"], &[10.0, 10_000.0]);
    assert_near(run.values[0], 8.0, 1e-9);
    assert_near(run.values[1], 8_000.0, 1e-5);
}

#[test]
fn a_law_may_change_right_after_the_start() {
    let mut n = network("species X = 0\nparameter p = 0\n 0 -> X @ 0");
    let first = Expression::binary(B::LessEqual, time(), 0.0);
    rule(
        &mut n,
        RuleKind::Rate,
        "p",
        Expression::piecewise([(Expression::Number(1.0), first)], Expression::Number(2.0)),
    );
    let run = course(&n, &["p"], &[0.0, 5.0]);
    assert!(run.stop.is_none(), "{:?}", run.stop);
    assert_near(run.row(1)[0], 10.0, 1e-9);
}

#[test]
fn more_than_is_not_at_least_where_it_flows() {
    let mut n = network("species X = 0\nparameter x = 0, at = 0, after = 0\n 0 -> X @ 0");
    let x = value_of(&n, "x");
    rule(&mut n, RuleKind::Rate, "x", Expression::Number(0.1));
    n.events.push(event(&n, "at", at_least(x.clone(), 1.0), &[("at", Expression::Number(1.0))]));
    n.events.push(event(&n, "after", Expression::binary(B::Greater, x, 2.0), &[("after", Expression::Number(1.0))]));
    let grid: Vec<f64> = (0..=21).map(f64::from).collect();
    let run = course(&n, &["at", "after"], &grid);
    assert_eq!([9, 10, 20, 21].map(|i| run.row(i).to_vec()), [[0.0, 0.0], [1.0, 0.0], [1.0, 0.0], [1.0, 1.0]]);
}

#[test]
fn what_one_event_sets_is_set_at_once() {
    // Late, with the values of t = 1: [S] = 4 in a compartment that has grown meanwhile, and p, which triggers another
    // event that copies [S]. That must see the new one.
    let math = |inner: &str| format!("<math xmlns=\"http://www.w3.org/1998/Math/MathML\">{inner}</math>");
    let time = "<csymbol encoding=\"text\" definitionURL=\"http://www.sbml.org/sbml/symbols/time\">t</csymbol>";
    let set = |id: &str, inner: &str| format!("<eventAssignment variable=\"{id}\">{}</eventAssignment>", math(inner));
    let event = |id: &str, trigger: &str, delay: &str, assignments: &str| {
        format!(
            "<event id=\"{id}\"><trigger>{}</trigger>{delay}<listOfEventAssignments>{assignments}</listOfEventAssignments></event>",
            math(trigger)
        )
    };
    let delay = format!("<delay>{}</delay>", math("<cn>2</cn>"));
    let at_one = format!("<apply><geq/>{time}<cn>1</cn></apply>");
    let text = format!(
        "<sbml xmlns=\"http://www.sbml.org/sbml/level2/version4\" level=\"2\" version=\"4\"><model>\
         <listOfCompartments><compartment id=\"C\" constant=\"false\"/></listOfCompartments>\
         <listOfSpecies><species id=\"S\" compartment=\"C\" initialAmount=\"7\"/></listOfSpecies>\
         <listOfParameters><parameter id=\"p\" value=\"0\" constant=\"false\"/><parameter id=\"q\" value=\"0\" constant=\"false\"/></listOfParameters>\
         <listOfRules><assignmentRule variable=\"C\">{}</assignmentRule></listOfRules><listOfEvents>{}{}</listOfEvents></model></sbml>",
        math(&format!("<apply><plus/><cn>1</cn>{time}</apply>")),
        event("late", &at_one, &delay, &format!("{}{}", set("p", "<cn>1</cn>"), set("S", "<cn>4</cn>"))),
        event("copy", "<apply><gt/><ci>p</ci><cn>0.5</cn></apply>", "", &set("q", "<ci>S</ci>")),
    );
    let (n, _) = kurtz_model::format::sbml::read(text.as_bytes(), "late.xml").expect("a good model");
    let run = course(&n, &["q", "S", "p"], &[2.9, 3.0, 4.0]);
    assert_eq!(run.row(0), [0.0, 7.0, 0.0]);
    // The size is 4 at t = 3.
    assert_eq!(run.row(1), [4.0, 16.0, 1.0]);
    assert_eq!(run.row(2), [4.0, 16.0, 1.0]);
    // The size is 1 + p here: the amount is that in the size that the event itself brings about.
    let text = text.replace(&format!("<plus/><cn>1</cn>{time}"), "<plus/><cn>1</cn><ci>p</ci>");
    let (n, _) = kurtz_model::format::sbml::read(text.as_bytes(), "late.xml").expect("a good model");
    let run = course(&n, &["q", "S", "p", "C"], &[2.9, 3.0]);
    assert_eq!(run.row(0), [0.0, 7.0, 0.0, 1.0]);
    assert_eq!(run.row(1), [4.0, 8.0, 1.0, 2.0]);
}

#[test]
fn a_negative_delay_is_named() {
    let mut n = network("species X = 0\n 0 -> X @ 0");
    let mut e = event(&n, "late", at_least(time(), 1.0), &[("X", Expression::Number(1.0))]);
    e.delay = Some(Expression::Number(-2.0));
    n.events.push(e);
    let stop = course(&n, &["X"], &[2.0]).stop.expect("it cannot go on");
    assert!(stop.describe(&n).starts_with("the delay of event `late` is -2 at time 1"), "{}", stop.describe(&n));
}
