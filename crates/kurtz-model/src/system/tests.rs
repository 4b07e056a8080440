use super::*;
use crate::kinetics::Kinetics;
use crate::network::{Event, Rule, RuleKind, Value};
use crate::units::Unit;

fn network(text: &str) -> Network {
    crate::format::crn::parse(text, "test.crn").unwrap_or_else(|problems| panic!("{text}\n{problems}")).0
}

fn bound(network: &Network) -> System {
    System::new(network, &Changes::default()).unwrap_or_else(|error| panic!("{error}"))
}

fn species(network: &Network, name: &str) -> Variable {
    Variable::Species(network.species_named(name).expect("it is there"))
}

fn parameter(network: &Network, name: &str) -> Variable {
    Variable::Parameter(network.parameter_named(name).expect("it is there"))
}

fn symbol(variable: Variable) -> Expression {
    Expression::Symbol(variable.into())
}

fn assign(network: &mut Network, variable: Variable, expression: Expression) {
    network.rules.push(Rule { variable, kind: RuleKind::Assignment, expression });
}

/// The value of an observable at a state and time.
fn value(system: &System, observable: &Observable, state: &[f64], time: f64) -> f64 {
    let program = system.program(std::slice::from_ref(&observable.expression));
    let inputs: Vec<f64> = state.iter().copied().chain([time]).collect();
    let mut out = [0.0];
    program.evaluate(&inputs, &mut vec![0.0; program.register_count()], &mut out);
    out[0]
}

#[test]
fn quantities_are_constant_state_or_assigned() {
    let mut n = network(
        "volume 2\nspecies A = 3, B = 0\nclamped species C = 5, D = 1\nparameter k = 0.5, p = 1, q = 2, r = 4
         A -> B @ k",
    );
    let (d, p, q, r) = (species(&n, "D"), parameter(&n, "p"), parameter(&n, "q"), parameter(&n, "r"));
    // q := p + A and p := 2 B, in the wrong order; r' = q; an event sets D.
    let sum = symbol(p) + symbol(species(&n, "A"));
    assign(&mut n, q, sum);
    let double = 2.0 * symbol(species(&n, "B"));
    assign(&mut n, p, double);
    n.rules.push(Rule { variable: r, kind: RuleKind::Rate, expression: symbol(q) });
    n.events.push(Event {
        name: "e".into(),
        trigger: Expression::Number(0.0),
        initially_true: true,
        persistent: true,
        delay: None,
        priority: None,
        values_from_trigger_time: true,
        assignments: vec![(d, Expression::Number(0.0))],
    });
    let system = bound(&n);
    assert_eq!(system.state_names(), ["A", "B", "D", "r"]);
    assert_eq!(system.initial(), [3.0, 0.0, 1.0, 4.0]);
    assert_eq!(system.role(species(&n, "C")), &Role::Constant(5.0));
    let state = [3.0, 7.0, 1.0, 4.0];
    assert_eq!(value(&system, &system.observable("q").expect("known"), &state, 0.0), 17.0);
    assert_eq!(value(&system, &system.observable("p").expect("known"), &state, 0.0), 14.0);
    assert_eq!(value(&system, &system.observable("volume").expect("known"), &state, 0.0), 2.0);
    assert_eq!(value(&system, &system.concentration("B").expect("known"), &state, 0.0), 3.5);
    assert!(matches!(system.observable("nobody"), Err(KineticsError::UnknownQuantity { .. })));
    let derivatives = system.derivatives(|_| true);
    let of = |i: usize| {
        let rate = Observable { name: String::new(), expression: derivatives[i].clone().expect("it changes") };
        value(&system, &rate, &state, 0.0)
    };
    assert_eq!((of(0), of(1), of(3)), (-1.5, 1.5, 17.0));
    assert_eq!(derivatives[2], None);
    assert!(system.derivatives(|_| false)[0].is_none());
}

#[test]
fn events_of_pairs_count_pairs_and_flows_square() {
    let n = network("volume 4\nspecies A = 10, B = 0\nparameter k = 3\ntwo: 2 A -> B @ k");
    let system = bound(&n);
    let of = |expression| value(&system, &Observable { name: String::new(), expression }, &[10.0, 0.0], 0.0);
    assert_eq!(of(system.propensity(ReactionId(0))), 3.0 * 10.0 * 9.0 / 2.0 / 4.0);
    assert_eq!(of(system.flow(ReactionId(0))), 3.0 * 10.0 * 10.0 / 2.0 / 4.0);
    let kinetics = Kinetics::new(&n).expect("good values");
    assert_eq!(of(system.propensity(ReactionId(0))), kinetics.propensity(ReactionId(0), 0.0, &[10.0, 0.0]));
}

#[test]
fn initial_values_read_each_other_and_circles_are_refused_by_name() {
    let mut n = network("volume 2\nspecies A = 3, B = concentration(5)\nparameter p = 1, q = 2\nA -> B @ q");
    let (a, p, q) = (species(&n, "A"), parameter(&n, "p"), parameter(&n, "q"));
    n.parameters[0].value = Value::Expression(symbol(a) + symbol(species(&n, "B")));
    n.compartments[0].size = Value::Expression(2.0 * symbol(q));
    assert_eq!(bound(&n).initial_value(p), 3.0 + 5.0 * 4.0);
    n.parameters[1].value = Value::Expression(symbol(p));
    let error = System::new(&n, &Changes::default()).expect_err("it goes in circles");
    assert!(matches!(&error, KineticsError::Cycle { through, .. } if through.contains(&"q".into())), "{error}");
    assert!(error.to_string().contains("volume"), "{error}");
}

#[test]
fn nothing_has_two_masters() {
    let good = network("species A = 3\nparameter p = 1, q = 2\nA -> 0 @ q");
    let refused = |breaking: &dyn Fn(&mut Network)| {
        let mut n = good.clone();
        breaking(&mut n);
        let error = System::new(&n, &Changes::default()).expect_err("it is broken");
        assert!(matches!(error, KineticsError::Overdetermined { .. }), "{error}");
    };
    let (a, p) = (species(&good, "A"), parameter(&good, "p"));
    refused(&|n| assign(n, a, Expression::Number(1.0)));
    refused(&|n| (0..2).for_each(|_| assign(n, p, Expression::Number(1.0))));
}

#[test]
fn values_set_by_a_rule_cannot_be_changed() {
    let mut n = network("species A = 3\nparameter p = 1\nA -> 0 @ p");
    let p = parameter(&n, "p");
    assign(&mut n, p, Expression::Number(2.0));
    let changes = Changes { parameters: vec![("p".into(), 5.0)], ..Changes::default() };
    assert_eq!(System::new(&n, &changes).expect_err("a rule"), KineticsError::SetByRule { name: "p".into() });
    assert_eq!(
        Kinetics::with_changes(&n, &changes).expect_err("a rule"),
        KineticsError::SetByRule { name: "p".into() }
    );
}

#[test]
fn rate_laws_read_assigned_parameters() {
    let mut n = network(
        "volume 2\nspecies A = 30, B = 4\nparameter k = 0.5, p = 1, third = 1
         a: A -> B @ p\nb: 2 A -> B @ k*p\nc: B -> A @ rate(p*B)\nd: B -> 0 @ propensity(p*B)\ne: B -> 0 @ third",
    );
    let (p, c) = (parameter(&n, "p"), parameter(&n, "third"));
    let rule = 1.0 + symbol(species(&n, "B")) * Expression::Symbol(Symbol::Time);
    assign(&mut n, p, rule);
    let triple = 3.0 * symbol(parameter(&n, "k"));
    assign(&mut n, c, triple);
    let kinetics = Kinetics::new(&n).expect("rules for parameters");
    assert!(kinetics.network().rules.is_empty());
    assert_eq!(kinetics.parameters(), [0.5, 1.0, 1.5]);
    let mut found = [0.0; 5];
    kinetics.propensities_into(10.0, &[30.0, 4.0], &mut found);
    let p = 41.0;
    assert_eq!(found, [p * 30.0, 0.5 * p * 30.0 * 29.0 / 4.0, p * 4.0, p * 4.0, 1.5 * 4.0]);
    assert!(kinetics.depends_on_time(ReactionId(0)) && !kinetics.depends_on_time(ReactionId(4)));
    assert!(kinetics.dependents(ReactionId(4)).contains(&ReactionId(0)), "the rule reads B");
}

#[test]
fn what_rate_laws_cannot_say_is_refused_by_name() {
    let n = network("species A = 3\nclamped species C = 1\nparameter p = 1\nA -> 0 @ p");
    let refused = |name: &str, breaking: &dyn Fn(&mut Network)| {
        let mut n = n.clone();
        breaking(&mut n);
        let error = Kinetics::new(&n).expect_err("it is more than rate laws");
        assert!(matches!(&error, KineticsError::NeedsSystem { what } if what.contains(name)), "{error}");
        bound(&n);
    };
    let (c, p) = (species(&n, "C"), parameter(&n, "p"));
    refused("`C`", &|n| assign(n, c, Expression::Number(1.0)));
    refused("`p`", &|n| n.rules.push(Rule { variable: p, kind: RuleKind::Rate, expression: Expression::Number(1.0) }));
    refused("`A`", &|n| n.reactions[0].yields.push((SpeciesId(0), Expression::Number(0.5))));
    let volume = Variable::Compartment(crate::CompartmentId(0));
    refused("`volume`", &|n| assign(n, volume, Expression::Number(1.0)));
}

#[test]
fn moles_become_molecules_with_the_same_dynamics() {
    let mut n = network(
        "volume 2\nspecies A = 3, B = 4\nclamped species C = 1\nparameter k = 0.5, p = 1
         a: A -> B @ k\nb: A + B -> 0 @ k\nc: A -> B @ rate(k*A/(p + B))\nd: A -> B @ propensity(k*A*B)",
    );
    n.amount_unit = Unit::parse("amol").expect("a unit");
    let s = n.amount_unit.scale;
    let rule = symbol(species(&n, "A")) * symbol(species(&n, "B"));
    let c = species(&n, "C");
    assign(&mut n, c, rule);
    let (moles, molecules) = (bound(&n), bound(&n.in_molecules()));
    assert_eq!(molecules.initial(), [(3.0 * s).round(), (4.0 * s).round()]);
    let state = [0.3, 1.7];
    let scaled = state.map(|x| x * s);
    for j in 0..4 {
        let of = |system: &System, state| {
            value(system, &Observable { name: String::new(), expression: system.flow(ReactionId(j)) }, state, 0.0)
        };
        let (a, b) = (of(&moles, &state) * s, of(&molecules, &scaled));
        assert!((a - b).abs() < 1e-12 * a, "reaction {j}: {a} and {b}");
    }
    let of = |system: &System, state| value(system, &system.observable("C").expect("known"), state, 0.0);
    assert!((of(&moles, &state) * s - of(&molecules, &scaled)).abs() < 1e-9 * s);
}
