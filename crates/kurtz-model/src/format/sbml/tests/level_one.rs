//! Level 1: names for ids, formulas as text, rules by what they are about.

use crate::diagnostic::Problem;
use crate::format::sbml::{SbmlProblem as P, read};
use crate::kinetics::Changes;
use crate::network::*;
use crate::system::System;

fn document(version: u32, lists: &str) -> String {
    format!(
        "<sbml xmlns=\"http://www.sbml.org/sbml/level1\" level=\"1\" version=\"{version}\"><model name=\"m\">{lists}</model></sbml>"
    )
}

/// The value of a formula over a = 2 and b = 3.
fn formula(text: &str) -> f64 {
    let lists = format!(
        "<listOfParameters><parameter name=\"a\" value=\"2\"/><parameter name=\"b\" value=\"3\"/><parameter name=\"z\"/></listOfParameters>\
         <listOfRules><parameterRule name=\"z\" formula=\"{text}\"/></listOfRules>"
    );
    let (network, _) =
        read(document(2, &lists).as_bytes(), "one.xml").unwrap_or_else(|error| panic!("{text}: {error}"));
    System::new(&network, &Changes::default()).expect("good").initial_value(Variable::Parameter(ParameterId(2)))
}

fn refused(text: &str) -> P {
    let lists = format!(
        "<listOfParameters><parameter name=\"z\"/></listOfParameters>\n<listOfRules>\n<parameterRule name=\"z\" formula=\"{text}\"/></listOfRules>"
    );
    let refused = read(document(2, &lists).as_bytes(), "one.xml").expect_err(text);
    assert_eq!(refused.list[0].place.as_ref().map(|place| place.line), Some(3), "{text}");
    match refused.list.into_iter().next().map(|d| d.problem) {
        Some(Problem::Sbml(problem)) => problem,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn formulas_mean_what_level_one_says() {
    // Signs bind tighter than powers, and powers bind from the left, as libSBML reads them too.
    let table = [
        ("a + b*2", 8.0),
        ("(a + b)*2", 10.0),
        ("a - b - 1", -2.0),
        ("12/a/b", 2.0),
        ("12/a*b", 18.0),
        ("a^b^2", 64.0),
        ("-a^2", 4.0),
        ("2*-a^2", 8.0),
        ("--a", 2.0),
        ("a^-b", 0.125),
        ("1e1 + 1.5E-1 + .5 + 2.", 12.65),
        ("pow(a, b)", 8.0),
        ("sqr(b) + sqrt(16)", 13.0),
        ("abs(-b) + ceil(1.2) + floor(1.8)", 6.0),
        ("log(exp(2)) + log10(1000)", 5.0),
        ("acos(1) + asin(0) + atan(0) + cos(0) + sin(0) + tan(0)", 1.0),
        (" pow ( a + 1 , -( b - 4 ) ) ", 3.0),
    ];
    for (text, expected) in table {
        assert!((formula(text) - expected).abs() < 1e-12, "{text} is {}, not {expected}", formula(text));
    }
}

#[test]
fn broken_formulas_are_refused_with_their_line() {
    for text in ["", "1 +", "* 2", "1 2", "(1", "1)", "1,2", "(1,2)", "1 $ 2", "1.2.3", "2z", "z z", "1 &lt; 2"] {
        assert!(matches!(refused(text), P::Math { .. }), "{text}: {:?}", refused(text));
    }
    assert!(matches!(refused("y + 1"), P::Dangling { .. }));
    assert!(matches!(refused("uui(1, 2)"), P::Dangling { .. }));
    assert!(matches!(refused("pow(1)"), P::Arguments { .. }));
    assert!(matches!(refused("sin()"), P::Arguments { .. }));
    assert!(matches!(refused(&"-(".repeat(100_000)), P::Math { .. }));
    let no_formula = document(
        2,
        "<listOfParameters><parameter name=\"z\"/></listOfParameters><listOfRules><parameterRule name=\"z\"/></listOfRules>",
    );
    assert!(read(no_formula.as_bytes(), "one.xml").is_err());
}

#[test]
fn models_of_both_versions_are_read() {
    for (version, word) in [(1, "specie"), (2, "species")] {
        let lists = format!(
            "<listOfCompartments><compartment name=\"C\" volume=\"2\"/><compartment name=\"D\"/></listOfCompartments>\
             <listOfSpecies><{word} name=\"A\" compartment=\"C\" initialAmount=\"10\"/>\
             <{word} name=\"B\" compartment=\"C\" initialAmount=\"0\"/>\
             <{word} name=\"S\" compartment=\"C\" initialAmount=\"4\" boundaryCondition=\"true\"/></listOfSpecies>\
             <listOfParameters><parameter name=\"k\" value=\"7\"/></listOfParameters>\
             <listOfRules><{word}ConcentrationRule {word}=\"S\" type=\"rate\" formula=\"-k*S\"/>\
             <compartmentVolumeRule compartment=\"D\" formula=\"k + 1\"/></listOfRules>\
             <listOfReactions><reaction name=\"r\"><listOfReactants><{word}Reference {word}=\"A\" stoichiometry=\"2\"/></listOfReactants>\
             <listOfProducts><{word}Reference {word}=\"B\" stoichiometry=\"3\" denominator=\"2\"/></listOfProducts>\
             <kineticLaw formula=\"C*k*A\"><listOfParameters><parameter name=\"k\" value=\"0.5\"/></listOfParameters></kineticLaw>\
             </reaction></listOfReactions>"
        );
        let (network, notes) =
            read(document(version, &lists).as_bytes(), "one.xml").unwrap_or_else(|error| panic!("{error}"));
        assert_eq!((notes.level, notes.version, &notes.in_concentration[..]), (1, version, &[true; 3][..]));
        let reaction = &network.reactions[0];
        assert_eq!(reaction.reactants, [(SpeciesId(0), 2)]);
        assert_eq!(reaction.yields[0].1.as_number(), Some(1.5));
        let system = System::new(&network, &Changes::default()).expect("good");
        let start = |s| Variable::of(s).map_or(0.0, |v| system.initial_value(v));
        // 2 L * 0.5 * 10/2
        assert_eq!(system.propensity(ReactionId(0)).evaluate(&start), 5.0);
        // The amount of S: 2 L * (-7 * 4/2)
        let rate = network.rules.iter().find(|rule| rule.kind == RuleKind::Rate).expect("a rate rule");
        assert_eq!(rate.expression.evaluate(&start), -28.0);
        assert_eq!(system.initial_value(Variable::Compartment(CompartmentId(1))), 8.0);
        let other = document(3 - version, &lists);
        assert!(read(other.as_bytes(), "one.xml").is_err(), "the words of the other version");
    }
}
