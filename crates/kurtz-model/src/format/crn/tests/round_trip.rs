//! What is printed is read as what it was, and nothing that is read makes the reader fail.

use super::*;
use crate::System;
use crate::expression::{BinaryOperator, Expression, Function, Symbol, UnaryOperator};
use crate::kinetics::Changes;
use crate::units::Unit;
use proptest::prelude::*;
use std::sync::Arc;

#[test]
fn what_other_formats_can_say_is_held() {
    // Infinite and missing values, laws that run backwards, time without its unit, amounts below 0.
    let text = "time s\nspecies A = amount(nan), B = amount(-2), C = concentration(inf)\nparameter p = nan, q = -inf, r = q + 1\n\
                back: A -> B @ propensity(-1)\nwild: B -> C @ propensity(inf*cosh(time))\n\
                p := piecewise(-inf, time > 3, nan)\nend: when time > inf, after inf: q = nan\n";
    let read = network(text);
    assert_eq!(read, network(&read.to_crn()));
    assert!(read.validate().is_ok());
    let value = |i: usize| read.parameters[i].value.clone();
    assert!(matches!(value(1), Value::Quantity(q) if q.value == f64::NEG_INFINITY));
    assert!(matches!(value(0), Value::Quantity(q) if q.value.is_nan()));
}

#[test]
fn the_models_of_the_house_survive_printing() {
    for (name, text) in MODELS {
        let network = network(text);
        let printed = network.to_crn();
        assert_eq!(self::network(&printed), network, "{name}:\n{printed}");
        assert_eq!(self::network(&printed).to_crn(), printed, "{name}: not canonical");
        assert_eq!(network.validate().map(|w| w.len()), Ok(0), "{name}");
    }
}

#[test]
fn the_hash_is_that_of_the_model_not_of_its_layout() {
    let one = network("species A = 10 # cells\nparameter k = 1.0\ndecay: A -> 0 @ k");
    let same = network("parameter k = 1\n\nspecies   A = 1e1\ndecay :A->\u{2205}@k");
    let other = network("species A = 10\nparameter k = 1.0000000000000002\ndecay: A -> 0 @ k");
    assert_eq!(one.hash(), same.hash());
    assert_ne!(one.hash(), other.hash());
    assert_eq!(one.hash().len(), 64);
    assert_eq!(one.to_crn(), "species A = 10\nparameter k = 1\ndecay: A -> 0 @ k\n");
    // printf 'species A = 10\nparameter k = 1\ndecay: A -> 0 @ k\n' | sha256sum
    assert_eq!(one.hash(), "29985a90d7cdb7b27bce6254d99ee652a39de4771220ca55a6f390cc733117d5");
}

#[test]
fn values_keep_their_form() {
    let text = "time s\nvolume 1e-14 L in fL\ncompartment ER = (0.1) in fL\n\
        species A = 10, B = 0.25 uM, C = concentration(3), D in ER = concentration(-2*k), E = (7), F = 5 molecules\n\
        parameter k = -2, j = (-2), i = -k, h = 2*k^-2, g = 3 1/(uM s)\n\
        A + B + C + D + E + F -> 0 @ rate(-(2)*A + h + i + j + 1e9*g)";
    let network = network(text);
    assert_eq!(self::network(&network.to_crn()), network, "{}", network.to_crn());
}

#[test]
fn what_the_text_cannot_say_is_refused() {
    let good = network("volume 1\ncompartment ER = 2\nspecies A = 1, B in ER\nparameter k = 1\nA <-> B @ k, k");
    assert!(good.validate().is_ok());
    let spoil = |change: fn(&mut Network)| {
        let mut network = good.clone();
        change(&mut network);
        network.validate().expect_err("refused").list[0].problem.clone()
    };
    let k = |x| RateLaw::MassAction(Expression::Number(x));
    assert!(matches!(spoil(|n| n.reactions[0].compartment = CompartmentId(1)), Problem::NotRepresentable { .. }));
    assert!(matches!(spoil(|n| n.reactions[0].reactants.push((SpeciesId(0), 1))), Problem::NotRepresentable { .. }));
    assert!(matches!(spoil(|n| n.reactions[0].reactants[0].0 = SpeciesId(9)), Problem::Dangling { index: 9, .. }));
    assert!(matches!(spoil(|n| n.reactions[1].reverse_of = Some(ReactionId(9))), Problem::Dangling { .. }));
    assert!(matches!(spoil(|n| n.compartments.clear()), Problem::Dangling { .. }));
    assert!(matches!(spoil(|n| n.species[0].name = "two words".into()), Problem::Unexpected { .. }));
    assert!(matches!(spoil(|n| n.species[0].name = "k".into()), Problem::UsedForTwoThings { .. }));
    let mut negative = good.clone();
    negative.reactions[0].rate = k(-1.0);
    assert!(matches!(negative.validate().expect_err("refused").list[0].problem, Problem::Negative { .. }));
    let mut nan = good.clone();
    nan.reactions[0].rate = k(f64::NAN);
    assert!(nan.validate().is_err());
}

// Random networks.

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        (0..20i32).prop_map(f64::from),
        Just(-0.0),
        any::<f64>().prop_filter("finite", |x| x.is_finite()),
        (0.0..10.0f64),
    ]
}

fn symbol(species: usize, parameters: usize) -> BoxedStrategy<Expression> {
    let parameter = (0..parameters).prop_map(|i| Symbol::Parameter(ParameterId::from(i)));
    let compartment = Just(Symbol::Compartment(CompartmentId(0)));
    let symbols = if species == 0 {
        prop_oneof![4 => parameter, 1 => compartment].boxed()
    } else {
        let species = (0..species).prop_map(|i| Symbol::Species(SpeciesId::from(i)));
        prop_oneof![4 => parameter, 1 => compartment, 4 => species, 1 => Just(Symbol::Time)].boxed()
    };
    symbols.prop_map(Expression::Symbol).boxed()
}

const BINARY: [BinaryOperator; 13] = [
    BinaryOperator::Add,
    BinaryOperator::Subtract,
    BinaryOperator::Multiply,
    BinaryOperator::Divide,
    BinaryOperator::Power,
    BinaryOperator::Less,
    BinaryOperator::LessEqual,
    BinaryOperator::Greater,
    BinaryOperator::GreaterEqual,
    BinaryOperator::Equal,
    BinaryOperator::NotEqual,
    BinaryOperator::And,
    BinaryOperator::Or,
];

fn expression(species: usize, parameters: usize) -> BoxedStrategy<Expression> {
    let leaf = prop_oneof![number().prop_map(Expression::Number), symbol(species, parameters)];
    let tree = leaf.prop_recursive(5, 40, 3, |inner| {
        let unary = prop::sample::select(vec![UnaryOperator::Negate, UnaryOperator::Not]);
        let function = prop::sample::select(Function::ALL.to_vec());
        prop_oneof![
            1 => (unary, inner.clone()).prop_map(|(o, a)| Expression::Unary(o, Arc::new(a))),
            3 => (prop::sample::select(BINARY.to_vec()), inner.clone(), inner.clone())
                .prop_map(|(o, a, b)| Expression::Binary(o, Arc::new(a), Arc::new(b))),
            1 => (function, inner.clone(), inner.clone()).prop_map(|(f, a, b)| {
                let two = matches!(f, Function::Min | Function::Max);
                Expression::Call(f, if two { vec![a, b].into() } else { vec![a].into() })
            }),
            1 => (inner.clone(), inner.clone(), inner).prop_map(|(a, b, c)| {
                Expression::Piecewise(vec![(a, b)].into(), Arc::new(c))
            }),
        ]
    });
    tree.boxed()
}

/// Networks whose values are good: definitions only of earlier parameters that stay finite and positive.
fn networks() -> impl Strategy<Value = Network> {
    let units = prop::sample::select(vec!["", "1/s", "uM", "1/(uM s)", "um^3", "1"]);
    let quantity = (0.0..1e9f64, units).prop_map(|(value, unit)| {
        let unit = if unit.is_empty() { Unit::unspecified() } else { Unit::parse(unit).expect("a unit") };
        Value::Quantity(Quantity { value, unit })
    });
    let sides = |n: usize| prop::collection::btree_map(0..n, 1..4u32, 0..3);
    (1..5usize, 1..4usize).prop_flat_map(move |(species, parameters)| {
        let law = (0..3, expression(species, parameters), number()).boxed();
        (
            prop::option::of(".{0,12}"),
            prop::collection::vec((0..3, 0..50u32, 0.0..10.0f64, any::<bool>()), species),
            prop::collection::vec(quantity.clone(), parameters),
            prop::collection::vec((sides(species), sides(species), law.clone(), any::<bool>(), law), 0..5),
            prop::sample::select(vec!["L", "fL", "um^3"]),
            (
                yields(species, parameters),
                controls(species, parameters),
                prop::sample::select(vec!["", "mol", "molecules"]),
            ),
        )
            .prop_map(
                move |(title, species, values, reactions, volume_unit, (yields, controls, amount_unit))| {
                    let mut network = build(title, species, values, reactions, volume_unit);
                    if !amount_unit.is_empty() {
                        network.amount_unit = Unit::parse(amount_unit).expect("a unit");
                    }
                    add_yields(&mut network, yields);
                    (network.rules, network.events) = controls;
                    for rule in &network.rules {
                        if let Variable::Species(s) = rule.variable {
                            network.species[s.index()].clamped = true;
                        }
                    }
                    network
                },
            )
    })
}

fn yields(species: usize, parameters: usize) -> impl Strategy<Value = Vec<(usize, SpeciesId, Expression)>> {
    let species_id = (0..species).prop_map(SpeciesId::from);
    let number = prop_oneof![number().prop_map(Expression::Number), expression(species, parameters)];
    prop::collection::vec((0..5usize, species_id, number), 0..4)
}

/// Yields for reactions in one direction, and for both halves of one that goes both ways.
fn add_yields(network: &mut Network, yields: Vec<(usize, SpeciesId, Expression)>) {
    for (i, species, e) in yields {
        // A yield alone decides the compartment of a reaction without other species.
        let whole = |r: &Reaction| !r.reactants.is_empty() || !r.products.is_empty();
        if !network.reactions.get(i).is_some_and(|r| whole(r) && r.reverse_of.is_none()) {
            continue;
        }
        let backward = network.reactions.get(i + 1).is_some_and(|b| b.reverse_of.is_some());
        let taken = resolve::negated(&e);
        if backward
            && (resolve::negated(&taken) != e || matches!(network.reactions[i + 1].rate, RateLaw::MassAction(_)))
        {
            continue;
        }
        network.reactions[i].yields.push((species, e));
        if backward {
            network.reactions[i + 1].yields.push((species, taken));
        }
    }
}

/// Rules, one for a variable, and events that set what no rule gives.
fn controls(species: usize, parameters: usize) -> impl Strategy<Value = (Vec<Rule>, Vec<Event>)> {
    let variable = (0..species + parameters + 2).prop_map(move |i| {
        match (i.checked_sub(species), i.checked_sub(species + parameters)) {
            (None, _) => Variable::Species(SpeciesId::from(i)),
            (Some(p), None) => Variable::Parameter(ParameterId::from(p)),
            (_, Some(c)) => Variable::Compartment(CompartmentId::from(c)),
        }
    });
    let kind = prop::sample::select(vec![RuleKind::Assignment, RuleKind::Rate]);
    let e = expression(species, parameters);
    let rules = prop::collection::vec((variable.clone(), kind, e.clone()), 0..3);
    let event = (
        e.clone(),
        prop::option::of(e.clone()),
        prop::option::of(e.clone()),
        any::<(bool, bool, bool)>(),
        prop::collection::vec((variable, e), 0..3),
    );
    (rules, prop::collection::vec(event, 0..3)).prop_map(|(rules, events)| {
        let mut seen = std::collections::HashSet::new();
        let rules: Vec<Rule> = rules
            .into_iter()
            .filter(|(variable, ..)| seen.insert(*variable))
            .map(|(variable, kind, expression)| Rule { variable, kind, expression })
            .collect();
        let event = |(i, (trigger, delay, priority, flags, assignments)): (usize, EventParts)| {
            let mut seen = seen.clone();
            let (initially_true, persistent, values_from_trigger_time) = flags;
            let assignments = assignments.into_iter().filter(|(variable, _)| seen.insert(*variable)).collect();
            Event {
                name: if i % 2 == 0 { format!("event_{}", i + 1) } else { "when".into() },
                trigger,
                initially_true,
                persistent,
                delay,
                priority,
                values_from_trigger_time,
                assignments,
            }
        };
        let events = events.into_iter().enumerate().map(event).collect();
        (rules, events)
    })
}

type EventParts = (Expression, Option<Expression>, Option<Expression>, (bool, bool, bool), Vec<(Variable, Expression)>);

type Side = std::collections::BTreeMap<usize, u32>;
type Law = (i32, Expression, f64);

fn build(
    title: Option<String>,
    species: Vec<(i32, u32, f64, bool)>,
    values: Vec<Value>,
    reactions: Vec<(Side, Side, Law, bool, Law)>,
    volume_unit: &str,
) -> Network {
    let clean = |t: String| t.chars().filter(|c| !c.is_control()).collect::<String>();
    let mut network = Network {
        name: title.map(clean),
        time_unit: Unit::parse("min").expect("a unit"),
        volume_unit: Unit::parse(volume_unit).expect("a unit"),
        ..Network::default()
    };
    let size = Quantity { value: 1e-14, unit: Unit::parse("L").expect("a unit") };
    network.compartments[0].size = Value::Quantity(size);
    let er = Expression::Binary(
        BinaryOperator::Multiply,
        Arc::new(Expression::Number(0.5)),
        Arc::new(Expression::Symbol(Symbol::Compartment(CompartmentId(0)))),
    );
    network.compartments.push(Compartment { name: "ER".into(), size: Value::Expression(er) });
    for (i, (form, count, concentration, clamped)) in species.into_iter().enumerate() {
        let bare = |value| Value::Quantity(Quantity { value, unit: Unit::unspecified() });
        let initial = match form {
            0 => Initial::Count(bare(f64::from(count))),
            1 => Initial::Concentration(bare(concentration)),
            _ => {
                let unit = Unit::parse("nM").expect("a unit");
                Initial::Concentration(Value::Quantity(Quantity { value: concentration, unit }))
            }
        };
        let compartment = CompartmentId::from(usize::from(count % 3 == 0));
        network.species.push(Species { name: format!("S{i}"), compartment, initial, clamped });
    }
    for (i, value) in values.into_iter().enumerate() {
        network.parameters.push(Parameter { name: format!("p{i}"), value });
    }
    for (i, (left, right, forward, reversible, backward)) in reactions.into_iter().enumerate() {
        let side = |s: &Side| s.iter().map(|(&s, &n)| (SpeciesId::from(s), n)).collect::<Vec<_>>();
        let law = |(form, e, k): Law| match form {
            0 => RateLaw::MassAction(Expression::Number(k.abs())),
            1 => RateLaw::Rate(e),
            _ => RateLaw::Propensity(e),
        };
        let mut push = |name: String, reactants: Vec<_>, products: Vec<_>, rate, reverse_of| {
            let first: Option<&(SpeciesId, u32)> = reactants.first().or(products.first());
            let compartment = first.map_or(CompartmentId(0), |(s, _)| network.species[s.index()].compartment);
            network.reactions.push(Reaction {
                name,
                reactants,
                products,
                yields: Vec::new(),
                rate,
                compartment,
                reverse_of,
            });
            ReactionId::from(network.reactions.len() - 1)
        };
        let id = push(format!("r{i}"), side(&left), side(&right), law(forward), None);
        if reversible {
            let name = if i % 2 == 0 { format!("r{i}_reverse") } else { format!("back{i}") };
            push(name, side(&right), side(&left), law(backward), Some(id));
        }
    }
    network
}

/// What is read from printed text, even where values or units are refused.
fn read_unchecked(text: &str) -> Result<Network, String> {
    let mut faults = Vec::new();
    let model = parser::parse_statements(text, &mut faults);
    match faults.first() {
        Some(fault) => Err(fault.problem.to_string()),
        None => Ok(resolve::resolve(text, &model, &mut faults).network),
    }
}

/// Set `PROPTEST_CASES` to look longer.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(300)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_printed_is_read_as_what_it_was(network in networks()) {
        let printed = network.to_crn();
        prop_assert_eq!(read_unchecked(&printed), Ok(network), "{}", printed);
    }

    #[test]
    fn random_bytes_never_make_it_fail(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = parse_bytes(&bytes, "random").map_err(|problems| problems.to_string());
    }

    #[test]
    fn random_words_never_make_it_fail(
        words in prop::collection::vec(prop::sample::select(WORDS.to_vec()), 0..60),
    ) {
        let text: String = words.concat();
        match parse(&text, "words") {
            Ok((network, _)) => {
                // What is read can be bound to numbers and printed.
                prop_assert!(System::new(&network, &Changes::default()).is_ok(), "{}", text);
                let printed = network.to_crn();
                prop_assert_eq!(parse(&printed, "printed").map(|(n, _)| n), Ok(network), "{}", printed);
            }
            Err(problems) => prop_assert!(!problems.to_string().is_empty()),
        }
    }

    #[test]
    fn mutated_models_never_make_it_fail(
        model in 0..MODELS.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0..4, prop::sample::select(WORDS.to_vec())), 1..6),
    ) {
        let mut text: Vec<char> = MODELS[model].1.lines().filter(|l| !l.starts_with('#')).flat_map(|l| l.chars().chain(['\n'])).collect();
        for (place, kind, word) in changes {
            let at = place.index(text.len().max(1)).min(text.len().saturating_sub(1));
            if text.is_empty() {
                break;
            }
            match kind {
                0 => drop(text.remove(at)),
                1 => drop(text.splice(at..at, word.chars())),
                2 => drop(text.splice(at..at + 1, word.chars())),
                _ => text.truncate(at.max(1)),
            }
        }
        let text: String = text.into_iter().collect();
        match parse(&text, "mutated") {
            Ok((network, _)) => {
                prop_assert!(System::new(&network, &Changes::default()).is_ok(), "{}", text);
                let printed = network.to_crn();
                prop_assert_eq!(parse(&printed, "printed").map(|(n, _)| n), Ok(network), "{}", printed);
            }
            Err(problems) => prop_assert!(!problems.to_string().is_empty()),
        }
    }
}

/// Pieces of models, good and bad.
const WORDS: &[&str] = &[
    "A",
    "B",
    "k",
    " ",
    "\n",
    "\nspecies A = ",
    "\nspecies B",
    "\nparameter k = ",
    "\nvolume ",
    "\ntime s\n",
    "\nmodel \"x\"",
    "\ncompartment ER = ",
    "\nclamped species C = ",
    "\nconvention power\n",
    "\nA -> B @ ",
    "\nA + 2 B <-> 0 @ ",
    "r: ",
    "->",
    "<->",
    "@",
    "=",
    ",",
    ":",
    "+",
    "-",
    "*",
    "/",
    "^",
    "(",
    ")",
    "<",
    "<=",
    "==",
    "&&",
    "||",
    "!",
    "0",
    "1",
    "2.5",
    "1e-3",
    "1e400",
    " uM",
    " 1/s",
    " L",
    " in ",
    "in ER",
    "rate(",
    "propensity(",
    "concentration(",
    "exp(",
    "min(",
    "piecewise(",
    "if(",
    "time",
    "volume",
    "pi",
    "nan",
    "#",
    "//",
    "\"",
    "\\",
    "\u{2205}",
    "\u{2192}",
    "\u{3bb}",
    "\u{feff}",
    "\t",
    "\r\n",
    "[A]",
    "[",
    "]",
    "`",
    "`time`",
    "\nk := ",
    "\ndk/dt = ",
    "\nwhen time > 1",
    "\ne: when A < 2, after ",
    ", priority ",
    ", also at start",
    ": A = ",
    "amount(",
    "\namount mol\n",
    ";",
    "$",
    "'",
    "12345678901234567890",
];
