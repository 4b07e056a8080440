//! Rules, events, yields, and names in quotes.

use super::*;
use crate::System;
use crate::expression::{BinaryOperator, Expression, Symbol};
use crate::kinetics::Changes;
use crate::units::Unit;

fn shown(network: &Network, e: &Expression) -> String {
    e.display(network).to_string()
}

#[test]
fn rules_say_what_a_quantity_is_or_how_it_changes() {
    let text = "species A = 3\nclamped species B = 2, C := 2*A\nparameter k = 1, total := A + B\n\
        compartment cell = 2\nA -> 0 @ k\nk := 1 + 0.5*time\ndB/dt = -0.1*B\ndcell/dt = 0.1*cell";
    let network = network(text);
    let found: Vec<_> = network.rules.iter().map(|r| (r.variable, r.kind, shown(&network, &r.expression))).collect();
    let (parameter, species) = (|i| Variable::Parameter(ParameterId(i)), |i| Variable::Species(SpeciesId(i)));
    let expected = [
        (species(2), RuleKind::Assignment, "2*A"),
        (parameter(1), RuleKind::Assignment, "A + B"),
        (parameter(0), RuleKind::Assignment, "1 + 0.5*time"),
        (species(1), RuleKind::Rate, "-0.1*B"),
        (Variable::Compartment(CompartmentId(0)), RuleKind::Rate, "0.1*cell"),
    ];
    assert_eq!(found, expected.map(|(v, k, e)| (v, k, e.to_string())));
}

#[test]
fn a_species_in_brackets_is_its_concentration() {
    let text = "compartment cell = 2, ER = 3\nspecies A in cell = 6\nclamped species B in ER = 6\nparameter k = 1, c = [A]\n\
        A -> 0 @ rate(k*[A]*A)\nA -> 0 @ propensity(k*[B]*A)\nB := 2*[A]";
    let network = network(text);
    assert!(matches!(&network.reactions[0].rate, RateLaw::Rate(e) if shown(&network, e) == "k*A*A"));
    assert!(matches!(&network.reactions[1].rate, RateLaw::Propensity(e) if shown(&network, e) == "k*(B/ER)*A"));
    assert_eq!(shown(&network, &network.rules[0].expression), "2*(A/cell)");
    assert!(matches!(&network.parameters[1].value, Value::Expression(e) if shown(&network, e) == "A/cell"));
}

#[test]
fn events_say_when_what_becomes_what() {
    let text = "time min\nspecies A = 3, B\nparameter d = 1\nA -> B @ 0.1\n\
        when A < 1: A = 3\n\
        dose: when time >= 2 && B > 1, after 30 s, priority d + 1, also at start, if it stays true, with new values:\n\
          A = A + 10, B = 0\n\
        watch: when B > 5:\nB -> 0 @ 1";
    let network = network(text);
    let [first, dose, watch] = network.events.as_slice() else {
        panic!("{} events", network.events.len());
    };
    assert_eq!((first.name.as_str(), shown(&network, &first.trigger)), ("event_1", "A < 1".into()));
    assert_eq!((first.initially_true, first.persistent, first.values_from_trigger_time), (true, true, true));
    assert_eq!((&first.delay, &first.priority), (&None, &None));
    assert_eq!(first.assignments, [(Variable::Species(SpeciesId(0)), Expression::Number(3.0))]);
    assert_eq!(dose.delay, Some(Expression::Number(0.5)));
    assert_eq!(dose.priority.as_ref().map(|e| shown(&network, e)), Some("d + 1".into()));
    assert_eq!((dose.initially_true, dose.persistent, dose.values_from_trigger_time), (false, false, false));
    assert_eq!(dose.assignments.len(), 2);
    assert!(watch.assignments.is_empty());
    assert_eq!(network.reactions.len(), 2);
}

#[test]
fn a_concentration_given_by_an_event_becomes_an_amount() {
    let text = "time s\nvolume 1e-15 L\nspecies A = 1 uM\nA -> 0 @ 1 1/s\nwhen time > 3: A = 2 uM, volume = 2e-15 L";
    let network = network(text);
    let [(_, amount), (_, size)] = network.events[0].assignments.as_slice() else {
        panic!("two assignments");
    };
    let volume = Expression::Symbol(Symbol::Compartment(CompartmentId(0)));
    let Expression::Binary(BinaryOperator::Multiply, number, by) = amount else {
        panic!("{amount:?}");
    };
    assert_eq!(**by, volume);
    assert!((number.as_number().expect("a number") / (2e-6 * AVOGADRO) - 1.0).abs() < 1e-15);
    assert!((size.as_number().expect("a number") / 2e-15 - 1.0).abs() < 1e-15);
}

#[test]
fn yields_are_fractions_and_numbers_that_change() {
    let text = "species A = 3, B, C\nparameter n = 2\n0.5 A + B -> 1.5 B + n C + (2*n) A @ rate(n*A)\n\
        A <-> 2.5*B @ 1, rate(B)\n2*A -> n*B @ 1";
    let network = network(text);
    let yields = |i: usize| -> Vec<String> {
        let part =
            |(s, e): &(SpeciesId, Expression)| format!("{} {}", shown(&network, e), network.species[s.index()].name);
        network.reactions[i].yields.iter().map(part).collect()
    };
    assert_eq!(yields(0), ["-0.5 A", "1.5 B", "n C", "2*n A"]);
    assert_eq!((network.reactions[0].reactants.len(), network.reactions[0].products.len()), (1, 0));
    assert_eq!((yields(1), yields(2)), (vec!["2.5 B".into()], vec!["-2.5 B".into()]));
    assert_eq!(network.reactions[3].reactants, [(SpeciesId(0), 2)]);
    assert_eq!(yields(3), ["n B"]);
}

#[test]
fn a_word_of_the_format_in_quotes_is_a_name() {
    let text = "species `species` = 3, `when`\nparameter `time` = 2, `pi` = 4, `in` = 1\ncompartment `volume` = 5\n\
        `rate`: `species` -> (`in`) `when` @ propensity(`time`*time*pi*`pi`*volume)\nd`in`/dt = [`when`]\n\
        `model`: when `species` < 2: `time` = 1";
    let network = network(text);
    let names: Vec<&str> = network.parameters.iter().map(|p| p.name.as_str()).collect();
    assert_eq!((names, network.species[0].name.as_str()), (vec!["time", "pi", "in"], "species"));
    assert_eq!((network.reactions[0].name.as_str(), network.events[0].name.as_str()), ("rate", "model"));
    let RateLaw::Propensity(law) = &network.reactions[0].rate else {
        panic!("a propensity");
    };
    let symbols = [
        Symbol::Parameter(ParameterId(0)),
        Symbol::Time,
        Symbol::Parameter(ParameterId(1)),
        Symbol::Compartment(CompartmentId(0)),
    ];
    assert_eq!(law.symbols(), symbols);
    assert_eq!(self::network(&network.to_crn()), network, "{}", network.to_crn());
}

#[test]
fn amounts_can_be_fractions_where_the_model_says_so() {
    let moles = network(
        "amount mol\ntime s\nvolume 2 L\nspecies A = 0.5, B = 250 mmol, C = 0.5 M\nparameter k = 1 M\nA -> B @ 1",
    );
    assert_eq!(moles.own_units_in(&Unit::parse("mmol").expect("a unit")), 1e-3);
    let found = System::new(&network(&moles.to_crn()), &Changes::default()).expect("good values");
    for (name, expected) in [("A", 0.5), ("B", 0.25), ("C", 1.0)] {
        let species = moles.species_named(name).expect("it is there");
        assert!((found.initial_value(Variable::Species(species)) - expected).abs() < 1e-15, "{name}");
    }
    assert!((found.initial_value(Variable::Parameter(ParameterId(0))) - 1.0).abs() < 1e-15);
    let said = network("species A = amount(0.5), B = amount(1e300), C = amount(3)\nA -> B @ 1");
    assert_eq!(said.species[0].initial, network("amount mol\nspecies A = 0.5").species[0].initial);
    assert!(said.to_crn().starts_with("species A = amount(0.5)\nspecies B = amount(1e300)\nspecies C = 3\n"));
}

#[test]
fn values_may_be_given_by_initial_amounts() {
    let text =
        "volume 4\nspecies A = 3, B = concentration(2*[A]), C = A + time\nparameter k = A*y, y := B + 1\nA -> B @ k";
    assert_eq!(network(&network(text).to_crn()), network(text));
    assert!(matches!(
        problems("species A = 3, B = A/2\nA -> B @ 1").as_slice(),
        [Problem::FractionalCount { value: 1.5, .. }]
    ));
}

#[test]
fn what_rules_and_events_use_is_used() {
    let warnings = |text: &str| parse(text, "test.crn").expect("a good network").1;
    assert!(warnings("parameter y := 2*time").is_empty());
    assert!(warnings("parameter n = 1, k = 2\nspecies A, B, C\nA -> n B @ 1\nwhen C > k: A = 1").is_empty());
    assert!(warnings("parameter s = 1\nwhen time > 2: s = 2").is_empty());
}
