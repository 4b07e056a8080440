//! Models that are read, and what is said of those that are not.

use super::*;
use crate::diagnostic::Problem;
use crate::kinetics::Kinetics;
use crate::network::*;
use crate::units::AVOGADRO;

mod control;
mod messages;
mod reference;
mod round_trip;
mod units;

fn network(text: &str) -> Network {
    match parse(text, "test.crn") {
        Ok((network, _)) => network,
        Err(problems) => panic!("{text}\n{problems}"),
    }
}

fn kinetics(text: &str) -> Kinetics {
    Kinetics::new(&network(text)).unwrap_or_else(|e| panic!("{text}\n{e}"))
}

fn problems(text: &str) -> Vec<Problem> {
    match parse(text, "test.crn") {
        Ok((network, _)) => panic!("{text}\nis read as\n{}", network.to_crn()),
        Err(problems) => problems.list.into_iter().map(|d| d.problem).collect(),
    }
}

/// The value of an expression at 3 A and 5 B, with parameters k = 2 and x = 0.5, at time 7.
fn value_of(text: &str) -> f64 {
    let model = format!("species A = 3, B = 5\nparameter k = 2, x = 0.5\nA -> B @ propensity(if(A > 0, {text}, 0))");
    kinetics(&model).propensity(ReactionId(0), 7.0, &[3.0, 5.0])
}

/// The models of the directory `/models`, by name.
pub(super) const MODELS: &[(&str, &str)] = &[
    ("dimerisation", include_str!("../../../../../models/dimerisation.crn")),
    ("epidermis", include_str!("../../../../../models/epidermis.crn")),
    ("immigration-death", include_str!("../../../../../models/immigration-death.crn")),
    ("kurtz-limit", include_str!("../../../../../models/kurtz-limit.crn")),
    ("lotka-volterra", include_str!("../../../../../models/lotka-volterra.crn")),
    ("michaelis-menten", include_str!("../../../../../models/michaelis-menten.crn")),
    ("schloegl", include_str!("../../../../../models/schloegl.crn")),
    ("telegraph", include_str!("../../../../../models/telegraph.crn")),
];

#[test]
fn the_models_of_the_house_are_read_without_a_warning() {
    for (name, text) in MODELS {
        match parse(text, name) {
            Ok((network, warnings)) => {
                assert!(warnings.is_empty(), "{name}: {warnings:?}");
                Kinetics::new(&network).unwrap_or_else(|e| panic!("{name}: {e}"));
                assert!(text.starts_with("# "), "{name} does not open with its source");
            }
            Err(problems) => panic!("{problems}"),
        }
    }
}

#[test]
fn the_epidermis_model_has_the_propensities_of_the_paper() {
    let kinetics = kinetics(MODELS[1].1);
    assert_eq!(kinetics.initial(), [10.0, 0.0]);
    let expected = [0.09196 * 10.0, 0.924 * 10.0, 0.08404 * 10.0, 0.31 * 3.0];
    for (i, expected) in expected.into_iter().enumerate() {
        let found = kinetics.propensity(ReactionId::from(i), 0.0, &[10.0, 3.0]);
        assert!((found - expected).abs() < 1e-14, "{i}: {found} is not {expected}");
    }
}

#[test]
fn schloegl_has_the_propensities_of_the_literature() {
    let kinetics = kinetics(MODELS[6].1);
    let x = 250.0;
    let counts = [1e5, 2e5, x];
    let expected = [3e-7 / 2.0 * 1e5 * x * (x - 1.0), 1e-4 / 6.0 * x * (x - 1.0) * (x - 2.0), 1e-3 * 2e5, 3.5 * x];
    for (i, expected) in expected.into_iter().enumerate() {
        let found = kinetics.propensity(ReactionId::from(i), 0.0, &counts);
        assert!((found / expected - 1.0).abs() < 1e-14, "{i}: {found} is not {expected}");
    }
    assert!(kinetics.network().species[0].clamped && !kinetics.network().species[2].clamped);
}

// The convention: 2A -> 0 at k = 3 in V = 16, 7 molecules.

#[test]
fn pairs_follow_the_binomial_convention_by_default() {
    for header in ["", "convention binomial\n"] {
        let kinetics = kinetics(&format!("{header}volume 16\nspecies A = 7\n2 A -> 0 @ 3"));
        // a = k n (n - 1) / (2 V), phi = k c^2 / 2.
        assert_eq!(kinetics.propensity(ReactionId(0), 0.0, &[7.0]), 3.0 * 7.0 * 6.0 / 2.0 / 16.0);
        assert_eq!(kinetics.rate(ReactionId(0), 0.0, &[0.5]), 3.0 * 0.25 / 2.0);
    }
}

#[test]
fn pairs_follow_the_power_convention_if_the_model_says_so() {
    let kinetics = kinetics("convention power\nvolume 16\nspecies A = 7\nparameter k = 3\n2 A -> 0 @ k");
    // a = k n (n - 1) / V, phi = k c^2.
    assert_eq!(kinetics.propensity(ReactionId(0), 0.0, &[7.0]), 3.0 * 7.0 * 6.0 / 16.0);
    assert_eq!(kinetics.rate(ReactionId(0), 0.0, &[0.5]), 3.0 * 0.25);
}

#[test]
fn the_power_convention_concerns_mass_action_alone_and_each_species_for_itself() {
    let text = "convention power\nspecies A = 7, B = 4\n\
        3 A + 2 B -> 0 @ 1\nA + B -> 0 @ 1\n2 A -> 0 @ rate(A^2)\n2 A <-> 3 B @ 1, 1";
    let kinetics = kinetics(text);
    let at = |i: u32| kinetics.rate(ReactionId(i), 0.0, &[0.5, 0.25]);
    let expected = [0.125 * 0.0625, 0.125, 0.25, 0.25, 0.015625];
    for (i, expected) in (0..).zip(expected) {
        assert!((at(i) - expected).abs() < 1e-16, "{i}: {} is not {expected}", at(i));
    }
    // What is printed says the same in the default convention.
    let printed = kinetics.network().to_crn();
    assert!(!printed.contains("convention"));
    assert_eq!(network(&printed), *kinetics.network());
}

// Expressions.

#[test]
fn operators_bind_as_in_mathematics() {
    let table: [(&str, f64); 20] = [
        ("1 + 2*3", 7.0),
        ("2*3^2", 18.0),
        ("-2^2", -4.0),
        ("-A^2", -9.0),
        ("(-2)^2", 4.0),
        ("2^-1", 0.5),
        ("2^3^2", 512.0),
        ("2^-2^2", 0.0625),
        ("8 - 4 - 2", 2.0),
        ("16/4/2", 2.0),
        ("2*-3", -6.0),
        ("- -3", 3.0),
        ("1 - -1", 2.0),
        ("A/B*2", 1.2),
        ("1 + 1 < 3 && 2 < 1 || 1 == 1", 1.0),
        ("1 < 2 || 1/0 > 3 && 0", 1.0),
        ("!0 + 1", 2.0),
        ("!(1 == 1)", 0.0),
        ("A != B", 1.0),
        ("A >= 3 && B <= 5", 1.0),
    ];
    for (text, expected) in table {
        assert_eq!(value_of(text), expected, "{text}");
    }
}

#[test]
fn functions_have_their_values() {
    let table = [
        ("exp(1)", std::f64::consts::E),
        ("ln(2)", std::f64::consts::LN_2),
        ("log10(1000)", 3.0),
        ("sqrt(2)", std::f64::consts::SQRT_2),
        ("abs(-x)", 0.5),
        ("min(A, B, k)", 2.0),
        ("max(A, B, k)", 5.0),
        ("floor(2.7)", 2.0),
        ("ceil(2.2)", 3.0),
        ("sin(x)", 0.5f64.sin()),
        ("cos(x)", 0.5f64.cos()),
        ("tan(x)", 0.5f64.tan()),
        ("asin(x)", 0.5f64.asin()),
        ("acos(x)", 0.5f64.acos()),
        ("atan(x)", 0.5f64.atan()),
        ("sinh(x)", 0.5f64.sinh()),
        ("cosh(x)", 0.5f64.cosh()),
        ("tanh(x)", 0.5f64.tanh()),
        ("time", 7.0),
        ("pi", std::f64::consts::PI),
        ("volume", 1.0),
        ("if(A < B, 10, 20)", 10.0),
        ("piecewise(1, A > B, 2, A == 3, 3)", 2.0),
        ("piecewise(1, A > B, 2, A == 4, 3)", 3.0),
    ];
    for (text, expected) in table {
        assert!((value_of(text) - expected).abs() < 1e-15 * expected, "{text}");
    }
}

// Layout.

#[test]
fn reactions_are_written_in_many_ways() {
    let reference = network("species A, B\nreaction_1: 2 A -> B @ 1");
    for line in
        ["2A -> B @ 1", "2*A->B@1", "2 A \u{2192} B @ 1 # pairs", "A + A -> B @ 1 // pairs", "\t2  A  ->  B  @  1  "]
    {
        assert_eq!(network(&format!("species A, B\n{line}")), reference, "{line}");
    }
    for empty in ["A -> 0 @ 1", "A -> \u{2205} @ 1", "A -> @ 1"] {
        assert!(network(&format!("species A\n{empty}")).reactions[0].products.is_empty(), "{empty}");
    }
    for empty in ["0 -> A @ 1", "\u{2205} -> A @ 1", "-> A @ 1", "r: -> A @ 1"] {
        assert!(network(&format!("species A\n{empty}")).reactions[0].reactants.is_empty(), "{empty}");
    }
}

#[test]
fn a_coefficient_is_not_an_exponent() {
    let network = network("species E, e2, S\n2E + S -> 2e2*3 + S @ 1".replace("2e2*3", "2 e2").as_str());
    assert_eq!(network.reactions[0].reactants[0], (SpeciesId(0), 2));
    assert!(matches!(problems("species e2\n2e2 -> 0 @ 1")[0], Problem::BadStoichiometry { .. }));
}

#[test]
fn reversible_reactions_give_two() {
    let text = "species A, B, C\nparameter k = 1\nA + B <-> C @ k, propensity(k*C)\n\
        fold, unfold: A <-> B @ rate(k*A), 2*k\nopen: B \u{21cc} C @ 1, 2";
    let network = network(text);
    let names: Vec<&str> = network.reactions.iter().map(|r| r.name.as_str()).collect();
    assert_eq!(names, ["reaction_1", "reaction_1_reverse", "fold", "unfold", "open", "open_reverse"]);
    assert_eq!(network.reactions[1].reverse_of, Some(ReactionId(0)));
    assert_eq!(network.reactions[1].reactants, network.reactions[0].products);
    assert!(matches!(network.reactions[1].rate, RateLaw::Propensity(_)));
    assert!(matches!(network.reactions[2].rate, RateLaw::Rate(_)));
}

#[test]
fn names_of_unnamed_reactions_depend_on_their_place_among_reactions_alone() {
    let network = network("species A\nA -> 0 @ 1\n\n# nothing\nparameter k = 1\nnamed: A -> 0 @ k\nA -> 0 @ 2");
    let names: Vec<&str> = network.reactions.iter().map(|r| r.name.as_str()).collect();
    assert_eq!(names, ["reaction_1", "named", "reaction_3"]);
}

#[test]
fn statements_go_on_in_brackets_and_after_operators() {
    let text = "species A = 1,\n  B = 2\nparameter k =  1 +\n 2, j = (3\n + 4)\n\
        A -> B @ rate(\n  k*A\n  + j\n)\nA + \n B -> 0 @ k *\n j";
    let network = network(text);
    assert_eq!((network.species.len(), network.parameters.len(), network.reactions.len()), (2, 2, 2));
}

#[test]
fn order_of_declaration_does_not_matter() {
    let network = network("A -> B @ k2\nparameter k2 = 2*k1, k1 = 3\nspecies B, A = n\nparameter n = 5");
    let kinetics = Kinetics::new(&network).expect("good values");
    assert_eq!(kinetics.propensity(ReactionId(0), 0.0, &[0.0, 5.0]), 30.0);
    assert_eq!(kinetics.initial(), [0.0, 5.0]);
}

#[test]
fn line_ends_of_all_systems_and_a_byte_order_mark_are_read() {
    let reference = network("species A = 1\nA -> 0 @ 1\n");
    assert_eq!(network("species A = 1\r\nA -> 0 @ 1\r\n"), reference);
    assert_eq!(network("species A = 1\rA -> 0 @ 1\r"), reference);
    assert_eq!(network("\u{feff}species A = 1\nA -> 0 @ 1"), reference);
    assert_eq!(parse_bytes(b"\xef\xbb\xbfspecies A = 1\nA -> 0 @ 1", "t").expect("read").0, reference);
}

#[test]
fn species_live_in_compartments_and_can_be_clamped() {
    let text = "volume 1e-14 L\ncompartment ER = 0.185*volume\ntime s\n\
        species Ca = 0.25 uM, Ca_ER in ER = 10 uM\nclamped species IP3 = 0.5 uM\n\
        leak: Ca_ER -> Ca @ 0.1 1/s\nuptake: Ca -> Ca_ER @ 1 1/s";
    let kinetics = kinetics(text);
    let network = kinetics.network();
    assert_eq!(network.compartments.len(), 2);
    assert_eq!(network.reactions[0].compartment, CompartmentId(1));
    assert_eq!(network.reactions[1].compartment, CompartmentId(0));
    assert!(network.species[2].clamped);
    let expected = [0.25 * 6022.14076, 10.0 * 0.185 * 6022.14076, 0.5 * 6022.14076];
    for (found, expected) in kinetics.initial().iter().zip(expected) {
        assert!((found / expected - 1.0).abs() < 1e-15, "{found} is not {expected}");
    }
    let only = self::network("compartment cell = 2\nspecies A = 1\nA -> 0 @ 1*cell");
    assert_eq!((only.compartments.len(), only.compartments[0].name.as_str()), (1, "cell"));
}

// Values that no model can have.

#[test]
fn every_kind_of_problem_is_told_apart() {
    let with = |line: &str| problems(&format!("species A = 1, B\nparameter k = 1\nA -> B @ k\n{line}"));
    type Claim = fn(&Problem) -> bool;
    let table: &[(&str, Claim)] = &[
        ("species A", |p| matches!(p, Problem::Duplicate { line: 1, .. })),
        ("parameter A = 1", |p| matches!(p, Problem::UsedForTwoThings { line: 1, .. })),
        ("k: A -> 0 @ 1", |p| matches!(p, Problem::UsedForTwoThings { line: 2, .. })),
        ("A -> C @ k", |p| matches!(p, Problem::Undeclared { .. })),
        ("A -> B @ q", |p| matches!(p, Problem::UnknownName { .. })),
        ("A -> k @ 1", |p| matches!(p, Problem::WrongKind { .. })),
        ("A -> B", |p| matches!(p, Problem::MissingRate)),
        ("A -> B @", |p| matches!(p, Problem::Unexpected { .. })),
        ("A -> B k", |p| matches!(p, Problem::MissingRate)),
        ("A <-> B @ k", |p| matches!(p, Problem::MissingBackwardRate)),
        ("A -> B @ k, k", |p| matches!(p, Problem::TwoRates)),
        ("A => B @ k", |p| matches!(p, Problem::WrongArrow { .. })),
        ("A -> B @ A*k", |p| matches!(p, Problem::ConstantDepends { .. })),
        ("A -> B @ time", |p| matches!(p, Problem::ConstantDepends { .. })),
        ("A -> B @ -1", |p| matches!(p, Problem::Negative { .. })),
        ("A -> B @ k - 2", |p| matches!(p, Problem::Negative { .. })),
        ("A -> B @ 1/(k - 1)", |p| matches!(p, Problem::ValueNotFinite { .. })),
        ("A -> B @ nan", |p| matches!(p, Problem::ValueNotFinite { .. })),
        ("A -> B @ inf", |p| matches!(p, Problem::ValueNotFinite { .. })),
        ("A -> B @ rate(-1)", |p| matches!(p, Problem::Negative { .. })),
        ("species C = inf", |p| matches!(p, Problem::ValueNotFinite { .. })),
        ("1.5 A -> B @ k", |p| matches!(p, Problem::FractionalOrder { .. })),
        ("2.0 A -> B @ k", |p| matches!(p, Problem::BadStoichiometry { .. })),
        ("A -> q B @ k", |p| matches!(p, Problem::UnknownName { .. })),
        ("A -> A B @ k", |p| matches!(p, Problem::Unexpected { .. })),
        ("0 A -> B @ k", |p| matches!(p, Problem::BadStoichiometry { .. })),
        ("0 + A -> B @ k", |p| matches!(p, Problem::EmptySideInSum)),
        ("1000001 A -> B @ k", |p| matches!(p, Problem::HugeStoichiometry { count: 1_000_001, .. })),
        ("99999999999999999999999 A -> B @ k", |p| matches!(p, Problem::HugeStoichiometry { .. })),
        ("1000000 A + A -> B @ k", |p| matches!(p, Problem::HugeStoichiometry { count: 1_000_001, .. })),
        ("species C = 10.5", |p| matches!(p, Problem::FractionalCount { .. })),
        ("species C = k/3", |p| matches!(p, Problem::FractionalCount { .. })),
        ("species C = -1", |p| matches!(p, Problem::Negative { .. })),
        ("species C = concentration(-1)", |p| matches!(p, Problem::Negative { .. })),
        ("species C = NaN", |p| matches!(p, Problem::NotFinite { .. })),
        ("species C = 1e16", |p| matches!(p, Problem::HugeCount { .. })),
        ("species C = 1e999", |p| matches!(p, Problem::NumberTooLarge { .. })),
        ("species C = C", |p| matches!(p, Problem::Cycle { .. })),
        ("species C = D, D = 2*C", |p| matches!(p, Problem::Cycle { .. })),
        ("parameter y", |p| matches!(p, Problem::MissingValue { .. })),
        ("parameter y\ndy/dt = 1", |p| matches!(p, Problem::MissingValue { .. })),
        ("q := 1", |p| matches!(p, Problem::UnknownName { .. })),
        ("k := q", |p| matches!(p, Problem::UnknownName { .. })),
        ("k := 1\nk := 2", |p| matches!(p, Problem::TwoRules { line: 4, .. })),
        ("k := 1\ndk/dt = 2", |p| matches!(p, Problem::TwoRules { line: 4, .. })),
        ("parameter y := z, z := y", |p| matches!(p, Problem::Cycle { .. })),
        ("parameter y := 2*y", |p| matches!(p, Problem::Cycle { .. })),
        ("parameter y := z, z = 2*y", |p| matches!(p, Problem::Cycle { .. })),
        ("A := 1", |p| matches!(p, Problem::RuleOfReactant { .. })),
        ("dA/dt = 1", |p| matches!(p, Problem::RuleOfReactant { .. })),
        ("r: A -> B @ k\nr := 1", |p| matches!(p, Problem::WrongKind { .. })),
        ("clamped species C = 1\nC := [k]", |p| matches!(p, Problem::WrongKind { .. })),
        ("A -> B @ [A]", |p| matches!(p, Problem::ConstantDepends { .. })),
        ("when time > 1: q = 1", |p| matches!(p, Problem::UnknownName { .. })),
        ("when q > 1: A = 1", |p| matches!(p, Problem::UnknownName { .. })),
        ("when time > 1, after q: A = 1", |p| matches!(p, Problem::UnknownName { .. })),
        ("when time > 1: A = 1, A = 2", |p| matches!(p, Problem::SetTwice { .. })),
        ("k := 2\nwhen time > 1: k = 1", |p| matches!(p, Problem::SetDespiteRule { line: 4, .. })),
        ("when time > 1", |p| matches!(p, Problem::Unexpected { .. })),
        ("when time > 1: A := 2", |p| matches!(p, Problem::Unexpected { .. })),
        ("when time > 1, at once: A = 2", |p| matches!(p, Problem::Unexpected { .. })),
        ("when time > 1, after 1, after 2: A = 2", |p| matches!(p, Problem::Unexpected { .. })),
        ("k: when time > 1: A = 2", |p| matches!(p, Problem::UsedForTwoThings { .. })),
        ("event_1: A -> 0 @ 1\nwhen time > 1: A = 2", |p| matches!(p, Problem::UsedForTwoThings { .. })),
        ("volume := -1", |p| matches!(p, Problem::NotPositive { .. })),
        ("amount L", |p| matches!(p, Problem::WrongDimension { .. })),
        ("species C in ER", |p| matches!(p, Problem::Undeclared { .. })),
        ("species C = 5 uM", |p| matches!(p, Problem::NoReferenceUnit { .. })),
        ("volume 0", |p| matches!(p, Problem::NotPositive { .. })),
        ("volume -2", |p| matches!(p, Problem::NotPositive { .. })),
        ("volume 1 s", |p| matches!(p, Problem::WrongDimension { .. })),
        ("volume 1\nvolume 2", |p| matches!(p, Problem::Repeated { .. })),
        ("time L", |p| matches!(p, Problem::WrongDimension { .. })),
        ("time fortnight", |p| matches!(p, Problem::Unit(_))),
        ("parameter a = b, b = a", |p| matches!(p, Problem::Cycle { .. })),
        ("parameter a = a", |p| matches!(p, Problem::Cycle { .. })),
        ("volume v\nparameter v = 2*volume", |p| matches!(p, Problem::Cycle { .. })),
        ("parameter a =", |p| matches!(p, Problem::Unexpected { .. })),
        ("parameter exp = 1", |p| matches!(p, Problem::Reserved { .. })),
        ("parameter a = exp(1, 2)", |p| matches!(p, Problem::ArgumentCount { .. })),
        ("parameter a = log(2)", |p| matches!(p, Problem::UnknownFunction { .. })),
        ("parameter a = 1 < 2 < 3", |p| matches!(p, Problem::ChainedComparison)),
        ("parameter a = (1 + 2", |p| matches!(p, Problem::UnclosedBracket)),
        ("parameter a = 1 + 2)", |p| matches!(p, Problem::Unexpected { .. })),
        ("model \"x", |p| matches!(p, Problem::UnterminatedText)),
        ("convention mine", |p| matches!(p, Problem::UnknownConvention { .. })),
        ("parameters a = 1", |p| matches!(p, Problem::UnknownStatement { .. })),
        ("A -> B @ k;", |p| matches!(p, Problem::StrayCharacters { .. })),
        ("A -> B @ k $$$", |p| matches!(p, Problem::StrayCharacters { .. })),
    ];
    for (line, expected) in table {
        let found = with(line);
        assert!(found.iter().any(expected), "{line}: {found:?}");
        assert!(found.len() == 1, "{line}: more than one problem: {found:?}");
    }
}

#[test]
fn all_problems_are_found_at_once() {
    let text = "species A = 1.5, A = 2\nparameter k = q\nA -> B @ k k\nA -> @ j\nA B -> @ 1\nspecies C = -2";
    let found = problems(text);
    assert_eq!(found.len(), 7, "{found:?}");
}

#[test]
fn a_bracket_that_is_never_closed_costs_one_statement() {
    let found = problems("species A = (1 + 2\nparameter k = q\nr: A -> 0 @ (k\nA -> 0 @ j");
    assert!(matches!(found[0], Problem::UnclosedBracket));
    assert_eq!(found.iter().filter(|p| matches!(p, Problem::UnclosedBracket)).count(), 2, "{found:?}");
    assert!(found.contains(&Problem::UnknownName { name: "q".into() }));
    assert!(found.contains(&Problem::UnknownName { name: "j".into() }));
}

#[test]
fn files_that_are_no_models_are_refused_by_name() {
    let refused = |bytes: &[u8]| parse_bytes(bytes, "f.crn").expect_err("refused").list[0].problem.clone();
    let utf16 = |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
    let file = || "f.crn".to_string();
    assert_eq!(refused(b""), Problem::EmptyFile { file: file() });
    assert_eq!(refused(b" \n# nothing\n"), Problem::EmptyFile { file: file() });
    assert_eq!(refused(b"time s"), Problem::NoSpecies);
    assert_eq!(refused(&[&[0xff, 0xfe][..], &utf16("species A")].concat()), Problem::Utf16 { file: file() });
    assert_eq!(refused(&utf16("species A = 1")), Problem::Utf16 { file: file() });
    assert_eq!(refused(b"species A\xff = 1"), Problem::NotUtf8 { file: file(), offset: 9 });
    assert_eq!(refused(b"species A\0 = 1"), Problem::NulByte { file: file() });
    assert_eq!(refused(b"<?xml version='1.0'?>\n<sbml/>"), Problem::Xml);
    assert_eq!(refused(b"\n<sbml level='3'>"), Problem::Xml);
    let missing = read("no/such/file.crn").expect_err("refused");
    assert!(matches!(missing.list[0].problem, Problem::Unreadable { .. }));
}

#[test]
fn depth_and_length_are_limited_before_the_stack_is() {
    let deep =
        |open: &str, close: &str, n: usize| format!("species A\nA -> 0 @ rate({}A{})", open.repeat(n), close.repeat(n));
    for (open, close) in
        [("(", ")"), ("-", ""), ("!", ""), ("2^", ""), ("exp(", ")"), ("if(1, 2, ", ")"), ("A + (", ")")]
    {
        for n in [1_000, 100_000] {
            let found = problems(&deep(open, close, n));
            assert!(matches!(found[0], Problem::NestedTooDeep { .. }), "{open}: {:?}", found[0]);
        }
        network(&deep(open, close, 60));
    }
    let chain = |n: usize| format!("species A\nA -> 0 @ rate(A{})", " + A".repeat(n));
    assert!(matches!(problems(&chain(100_000))[0], Problem::ExpressionTooLong { .. }));
    let long = network(&chain(1000));
    let kinetics = Kinetics::new(&long).expect("good values");
    assert_eq!(kinetics.rate(ReactionId(0), 0.0, &[1.0]), 1001.0);
    assert_eq!(network(&long.to_crn()), long);
    let definitions: String = (0..5000).map(|i| format!("parameter p{i} = p{}\n", i + 1)).collect();
    let found = problems(&format!("{definitions}parameter p5000 = 1\nspecies A\nA -> 0 @ p0"));
    assert!(matches!(found[0], Problem::ChainTooLong { .. }));
}

#[test]
fn noise_costs_neither_time_nor_memory() {
    let noise = "$ ( @ -> : = , \" 1e 2A ** ^ \u{3bb} ".repeat(20_000);
    assert!(parse(&noise, "noise").is_err());
    let lines = "a b c $ \n".repeat(20_000);
    let problems = parse(&lines, "noise").expect_err("refused");
    assert_eq!(problems.list.len(), 50);
    assert!(problems.omitted > 15_000);
    let each = |line: fn(usize) -> String| (0..10_000).map(line).collect::<String>();
    assert!(parse(&each(|_| "species A\nmodel \"x\"\ntime s\n".into()), "declared twice").is_err());
    assert!(parse(&each(|i| format!("species A{i}\nB{i} -> C{i} @ k{i}\n")), "not declared").is_err());
    assert!(parse(&each(|i| format!("species A{i} = -1.5\n")), "wrong values").is_err());
    let wide = format!("{}A0{} -> 0 @ 1", each(|i| format!("species A{i}\n")), each(|i| format!(" + A{i}")));
    assert_eq!(network(&wide).reactions[0].reactants.len(), 10_000);
}

#[test]
fn a_network_of_5000_reactions_is_read_and_printed() {
    let mut text = String::from("parameter k = 1\n");
    for i in 0..5000 {
        text += &format!("species S{i} = 1\nr{i}: S{i} -> S{} @ k*{i}\n", (i + 1) % 5000);
    }
    let network = network(&text);
    assert_eq!(network.reactions.len(), 5000);
    assert_eq!(self::network(&network.to_crn()), network);
}

// Warnings.

#[test]
fn what_is_probably_not_meant_is_said() {
    let warnings = |text: &str| -> Vec<Problem> {
        parse(text, "test.crn").expect("a good network").1.into_iter().map(|d| d.problem).collect()
    };
    let found = warnings(
        "species A = 1, B, C\nclamped species D = 1\nparameter k = 1, j = 2, i = j\nA -> 0 @ k\nA + D -> A @ i",
    );
    let name = |n: &str| n.to_string();
    assert_eq!(
        found,
        [
            Problem::UnusedSpecies { name: name("B") },
            Problem::UnusedSpecies { name: name("C") },
            Problem::NoChange { name: name("reaction_2") },
        ]
    );
    assert_eq!(warnings("species A\nparameter k = 1\nA -> 0 @ 1"), [Problem::UnusedParameter { name: name("k") }]);
    assert_eq!(warnings("species A = 1"), [Problem::NoReactions]);
    assert!(warnings("species A, B\nA -> 0 @ rate(B)").is_empty());
}
