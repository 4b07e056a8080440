//! What the parts of SBML mean, in small models worked out by hand.

use crate::expression::{Expression, Symbol};
use crate::format::sbml::read;
use crate::network::*;

const MATH: &str = "<math xmlns=\"http://www.w3.org/1998/Math/MathML\">";

fn model(level: &str, lists: &str) -> Network {
    let (namespace, level) = match level {
        "2.1" => ("http://www.sbml.org/sbml/level2".to_string(), "level=\"2\" version=\"1\""),
        "2.4" => ("http://www.sbml.org/sbml/level2/version4".to_string(), "level=\"2\" version=\"4\""),
        _ => ("http://www.sbml.org/sbml/level3/version2/core".to_string(), "level=\"3\" version=\"2\""),
    };
    let text = format!("<sbml xmlns=\"{namespace}\" {level}><model>{lists}</model></sbml>");
    read(text.as_bytes(), "small.xml").unwrap_or_else(|error| panic!("{error}")).0
}

/// Species A has 3 and B 4 molecules; parameter i is 10 + i, compartments have size 2, the time is 5.
fn at(expression: &Expression) -> f64 {
    expression.evaluate(&|symbol| match symbol {
        Symbol::Species(s) => 3.0 + f64::from(s.0),
        Symbol::Parameter(p) => 10.0 + f64::from(p.0),
        Symbol::Compartment(_) => 2.0,
        Symbol::Time => 5.0,
    })
}

/// The value of a formula in a rule, where species A stands for a concentration and B for an amount.
fn formula(math: &str) -> f64 {
    let lists = format!(
        "<listOfFunctionDefinitions><functionDefinition id=\"f\">{MATH}<lambda><bvar><ci>x</ci></bvar><bvar><ci>y</ci></bvar>\
         <apply><minus/><ci>x</ci><ci>y</ci></apply></lambda></math></functionDefinition></listOfFunctionDefinitions>\
         <listOfCompartments><compartment id=\"V\" size=\"2\" constant=\"false\"/></listOfCompartments>\
         <listOfSpecies><species id=\"A\" compartment=\"V\" initialAmount=\"3\" hasOnlySubstanceUnits=\"false\"/>\
         <species id=\"B\" compartment=\"V\" initialAmount=\"4\" hasOnlySubstanceUnits=\"true\"/></listOfSpecies>\
         <listOfParameters><parameter id=\"p\" value=\"10\"/><parameter id=\"z\" constant=\"false\"/></listOfParameters>\
         <listOfRules><assignmentRule variable=\"z\">{MATH}{math}</math></assignmentRule>\
         <rateRule variable=\"V\">{MATH}<cn>7</cn></math></rateRule></listOfRules>\
         <listOfReactions><reaction id=\"r\"><listOfReactants><speciesReference id=\"s\" species=\"A\" stoichiometry=\"2\" constant=\"true\"/>\
         </listOfReactants><kineticLaw>{MATH}<apply><times/><ci>k</ci><ci>A</ci></apply></math>\
         <listOfLocalParameters><localParameter id=\"k\" value=\"0.1\"/></listOfLocalParameters></kineticLaw></reaction></listOfReactions>"
    );
    let network = model("3.2", &lists);
    let rule = network.rules.iter().find(|rule| rule.kind == RuleKind::Assignment).expect("the rule");
    at(&rule.expression)
}

fn apply(inner: &str) -> f64 {
    formula(&format!("<apply>{inner}</apply>"))
}

#[test]
fn mathematics_means_what_it_says() {
    let cn = |x: f64| format!("<cn>{x}</cn>");
    let of = |name: &str, x: f64| apply(&format!("<{name}/>{}", cn(x)));
    let two = |name: &str, x: f64, y: f64| apply(&format!("<{name}/>{}{}", cn(x), cn(y)));
    let table = [
        (of("sec", 0.3), 1.0 / 0.3f64.cos()),
        (of("csch", 0.3), 1.0 / 0.3f64.sinh()),
        (of("arccot", -0.3), (1.0f64 / -0.3).atan()),
        (of("arcsech", 0.3), (1.0f64 / 0.3).acosh()),
        (of("arccoth", 3.0), (1.0f64 / 3.0).atanh()),
        (of("factorial", 5.0), 120.0),
        (of("ceiling", -1.5), -1.0),
        (of("log", 1000.0), 3.0),
        (of("minus", 2.0), -2.0),
        (two("quotient", -7.0, 2.0), -3.0),
        (two("rem", -7.0, 2.0), -1.0),
        (two("rem", 7.0, -2.0), 1.0),
        (two("implies", 1.0, 0.0), 0.0),
        (two("implies", 0.0, 0.0), 1.0),
        (two("xor", 2.0, 3.0), 0.0),
        (two("power", 2.0, -1.0), 0.5),
        (apply("<plus/>"), 0.0),
        (apply("<times/>"), 1.0),
        (apply("<and/>"), 1.0),
        (apply("<or/>"), 0.0),
        (apply("<xor/><true/><true/><true/>"), 1.0),
        (apply("<lt/><cn>1</cn><cn>2</cn><cn>2</cn>"), 0.0),
        (apply("<leq/><cn>1</cn><cn>2</cn><cn>2</cn>"), 1.0),
        (apply("<log/><logbase><cn>2</cn></logbase><cn>8</cn>"), 3.0),
        (apply("<root/><degree><cn>3</cn></degree><cn>-8</cn>"), -2.0),
        (apply("<max/><cn>1</cn><cn>3</cn><cn>2</cn>"), 3.0),
        (formula("<cn type=\"e-notation\"> 1.5 <sep/> -3 </cn>"), 1.5e-3),
        (formula("<cn type=\"rational\">1<sep/>4</cn>"), 0.25),
        (formula("<semantics><cn>4</cn><annotation>x</annotation></semantics>"), 4.0),
        (formula("<csymbol definitionURL=\"http://www.sbml.org/sbml/symbols/avogadro\">N</csymbol>"), 6.02214179e23),
        (formula("<csymbol definitionURL=\"http://www.sbml.org/sbml/symbols/time\">t</csymbol>"), 5.0),
        (formula("<piecewise><piece><cn>1</cn><false/></piece><otherwise><cn>2</cn></otherwise></piecewise>"), 2.0),
        // A stands for its concentration, B for its amount; functions take arguments in order.
        (apply("<ci>f</ci><ci>A</ci><ci>B</ci>"), 1.5 - 4.0),
        // The id of a reaction is its law, here k A with the second parameter but one (after p, z, s).
        (formula("<ci>r</ci>"), 13.0 * 1.5),
        (formula("<ci>s</ci>"), 12.0),
    ];
    for (i, (found, expected)) in table.into_iter().enumerate() {
        assert!((found - expected).abs() <= 1e-12 * f64::abs(expected), "{i}: {found} is not {expected}");
    }
    assert!(formula("<piecewise><piece><cn>1</cn><false/></piece></piecewise>").is_nan());
}

#[test]
fn rates_of_change_are_the_right_hand_sides() {
    let rate = |id: &str| {
        let symbol = "<csymbol definitionURL=\"http://www.sbml.org/sbml/symbols/rateOf\">rateOf</csymbol>";
        apply(&format!("{symbol}<ci>{id}</ci>"))
    };
    assert_eq!(rate("p"), 0.0);
    assert_eq!(rate("V"), 7.0);
    assert_eq!(rate("B"), 0.0);
    // n' = -2 k n/V with n = 3, V = 2, k = 13 and the stoichiometry 12; (n/V)' = (n' - n/V V')/V.
    let change = -12.0 * 13.0 * 1.5;
    assert!((rate("A") - (change - 1.5 * 7.0) / 2.0).abs() < 1e-12, "{}", rate("A"));
}

const ONE_SPECIES: &str = "<listOfCompartments><compartment id=\"V\" size=\"2\" constant=\"false\"/></listOfCompartments>\
     <listOfSpecies><species id=\"A\" compartment=\"V\" initialAmount=\"3\" boundaryCondition=\"true\"/></listOfSpecies>";

#[test]
fn concentrations_under_rules_become_amounts() {
    let rule = |kind: &str, id: &str, math: &str| format!("<{kind} variable=\"{id}\">{MATH}{math}</math></{kind}>");
    let rules = rule("rateRule", "A", "<cn>0.5</cn>") + &rule("rateRule", "V", "<cn>7</cn>");
    let network = model("3.2", &format!("{ONE_SPECIES}<listOfRules>{rules}</listOfRules>"));
    // n' = V c' + n/V V'
    assert_eq!(at(&network.rules[0].expression), 2.0 * 0.5 + 3.0 / 2.0 * 7.0);
    let rules = rule("assignmentRule", "A", "<cn>0.5</cn>");
    let network = model("3.2", &format!("{ONE_SPECIES}<listOfRules>{rules}</listOfRules>"));
    assert_eq!(at(&network.rules[0].expression), 2.0 * 0.5);
    // V = 1 + 2 t: V' = 2
    let time = "<csymbol definitionURL=\"http://www.sbml.org/sbml/symbols/time\">t</csymbol>";
    let rules = rule("rateRule", "A", "<cn>0.5</cn>")
        + &rule(
            "assignmentRule",
            "V",
            &format!("<apply><plus/><cn>1</cn><apply><times/><cn>2</cn>{time}</apply></apply>"),
        );
    let network = model("3.2", &format!("{ONE_SPECIES}<listOfRules>{rules}</listOfRules>"));
    assert_eq!(at(&network.rules[0].expression), 2.0 * 0.5 + 3.0 / 2.0 * 2.0);
}

fn event(level: &str, attributes: &str, delay: &str, assignments: &[(&str, &str)]) -> Network {
    let each = assignments
        .iter()
        .map(|(id, math)| format!("<eventAssignment variable=\"{id}\">{MATH}{math}</math></eventAssignment>"));
    let delay = if delay.is_empty() { String::new() } else { format!("<delay>{MATH}{delay}</math></delay>") };
    let lists = format!(
        "{ONE_SPECIES}<listOfEvents><event id=\"E\" {attributes}><trigger>{MATH}<true/></math></trigger>{delay}\
         <listOfEventAssignments>{}</listOfEventAssignments></event></listOfEvents>",
        each.collect::<String>()
    );
    model(level, &lists)
}

#[test]
fn concentrations_set_by_events_become_amounts_of_the_new_size() {
    let network = event("3.2", "", "", &[("A", "<cn>5</cn>")]);
    assert_eq!(at(&network.events[0].assignments[0].1), 5.0 * 2.0);
    let network = event("3.2", "", "", &[("A", "<cn>5</cn>"), ("V", "<cn>11</cn>")]);
    assert_eq!(at(&network.events[0].assignments[0].1), 5.0 * 11.0);
    let later = event("3.2", "useValuesFromTriggerTime=\"false\"", "<cn>1</cn>", &[("A", "<cn>5</cn>")]);
    assert_eq!((later.events.len(), at(&later.events[0].assignments[0].1)), (1, 10.0));
}

#[test]
fn a_concentration_computed_before_a_delay_meets_the_size_after_it() {
    let network = event("3.2", "useValuesFromTriggerTime=\"true\"", "<cn>1</cn>", &[("A", "<cn>5</cn>")]);
    // Nothing changes V: it is what it was.
    assert_eq!(network.events.len(), 1);
    let rule = format!("<listOfRules><rateRule variable=\"V\">{MATH}<cn>1</cn></math></rateRule></listOfRules>");
    let lists = format!(
        "{ONE_SPECIES}{rule}<listOfEvents><event id=\"E\" useValuesFromTriggerTime=\"true\"><trigger>{MATH}<true/></math></trigger>\
         <delay>{MATH}<cn>1</cn></math></delay><listOfEventAssignments><eventAssignment variable=\"A\">{MATH}<cn>5</cn></math>\
         </eventAssignment></listOfEventAssignments></event></listOfEvents>"
    );
    let network = model("3.2", &lists);
    let [first, second] = &network.events[..] else { panic!("{:?}", network.events) };
    let [due, value] = [ParameterId(0), ParameterId(1)].map(Variable::Parameter);
    let number = Expression::number;
    assert_eq!(first.assignments, [(due, number(1.0)), (value, number(5.0))]);
    assert_eq!(second.priority, Some(number(f64::INFINITY)));
    assert_eq!(second.assignments[0], (due, number(0.0)));
    assert_eq!(at(&second.assignments[1].1), 11.0 * 2.0);
}

#[test]
fn events_of_level_2_are_persistent_and_need_a_change() {
    for level in ["2.1", "2.4"] {
        let event = &event(level, "", "", &[("A", "<cn>5</cn>")]).events[0];
        assert!(event.initially_true && event.persistent && event.values_from_trigger_time);
    }
    assert!(
        !event("2.4", "useValuesFromTriggerTime=\"false\"", "", &[("A", "<cn>5</cn>")]).events[0]
            .values_from_trigger_time
    );
}

#[test]
fn laws_and_delays_in_units_of_their_own_are_refused() {
    let text = |law: &str, event: &str| {
        format!(
            "<sbml xmlns=\"http://www.sbml.org/sbml/level2\" level=\"2\" version=\"1\"><model><listOfUnitDefinitions>\
             <unitDefinition id=\"minute\"><listOfUnits><unit kind=\"second\" multiplier=\"60\"/></listOfUnits></unitDefinition>\
             <unitDefinition id=\"s\"><listOfUnits><unit kind=\"second\"/></listOfUnits></unitDefinition></listOfUnitDefinitions>\
             {ONE_SPECIES}<listOfReactions><reaction id=\"r\"><kineticLaw {law}>{MATH}<cn>1</cn></math></kineticLaw></reaction>\
             </listOfReactions><listOfEvents><event id=\"E\" {event}><trigger>{MATH}<true/></math></trigger></event></listOfEvents></model></sbml>"
        )
    };
    let same = text("timeUnits=\"s\" substanceUnits=\"mole\"", "timeUnits=\"second\"");
    read(same.as_bytes(), "same.xml").unwrap_or_else(|error| panic!("{error}"));
    for (law, event) in [("timeUnits=\"minute\"", ""), ("substanceUnits=\"item\"", ""), ("", "timeUnits=\"minute\"")] {
        let refused = read(text(law, event).as_bytes(), "other.xml").expect_err("numbers would have to be converted");
        assert!(refused.to_string().contains("units other than those of the model"), "{refused}");
    }
}

#[test]
fn stoichiometry_is_whole_where_it_can_be() {
    let reaction = |level: &str, reference: &str, inner: &str, factor: &str| {
        model(
            level,
            &format!(
                "<listOfCompartments><compartment id=\"V\" size=\"2\"/></listOfCompartments><listOfSpecies>\
                 <species id=\"A\" compartment=\"V\" initialAmount=\"3\" {factor}/></listOfSpecies>\
                 <listOfParameters><parameter id=\"p\" value=\"2\"/><parameter id=\"h\" value=\"0.5\"/></listOfParameters>{inner}\
                 <listOfReactions><reaction id=\"r\"><listOfReactants><speciesReference species=\"A\" {reference}</listOfReactants>\
                 <kineticLaw>{MATH}<cn>1</cn></math></kineticLaw></reaction></listOfReactions>"
            ),
        )
    };
    let a = SpeciesId(0);
    let whole = reaction("3.2", "stoichiometry=\"2\" constant=\"true\"/>", "", "");
    assert_eq!((&whole.reactions[0].reactants[..], &whole.reactions[0].yields[..]), (&[(a, 2)][..], &[][..]));
    let negative = reaction("3.2", "stoichiometry=\"-2\" constant=\"true\"/>", "", "");
    assert_eq!(negative.reactions[0].products, [(a, 2)]);
    let half = reaction("3.2", "stoichiometry=\"0.5\" constant=\"true\"/>", "", "");
    assert_eq!(half.reactions[0].yields, [(a, Expression::number(-0.5))]);
    let factor = reaction("3.2", "stoichiometry=\"2\" constant=\"true\"/>", "", "conversionFactor=\"h\"");
    assert_eq!(factor.reactions[0].reactants, [(a, 1)]);
    let initial = format!(
        "<listOfInitialAssignments><initialAssignment symbol=\"s\">{MATH}<ci>p</ci></math></initialAssignment></listOfInitialAssignments>"
    );
    let assigned = reaction("3.2", "id=\"s\" constant=\"true\"/>", &initial, "");
    assert_eq!(assigned.reactions[0].reactants, [(a, 2)]);
    assert!(assigned.parameter_named("s").is_some());
    let rule =
        format!("<listOfRules><assignmentRule variable=\"s\">{MATH}<ci>p</ci></math></assignmentRule></listOfRules>");
    let ruled = reaction("3.2", "id=\"s\" constant=\"false\"/>", &rule, "");
    assert_eq!(ruled.reactions[0].reactants, []);
    let s = ruled.parameter_named("s").expect("it can be asked for");
    assert_eq!(ruled.reactions[0].yields, [(a, -Expression::from(s))]);
    let formula = format!("><stoichiometryMath>{MATH}<ci>p</ci></math></stoichiometryMath></speciesReference>");
    assert_eq!(reaction("2.4", &formula, "", "").reactions[0].reactants, [(a, 2)]);
}

#[test]
fn units_of_a_model_are_those_of_the_network() {
    let list = |units: &[(&str, &str)]| {
        let each = units.iter().map(|(id, unit)| {
            format!("<unitDefinition id=\"{id}\"><listOfUnits><unit {unit}/></listOfUnits></unitDefinition>")
        });
        format!("<listOfUnitDefinitions>{}</listOfUnitDefinitions>", each.collect::<String>())
    };
    let network = model("2.4", "");
    let texts = |n: &Network| [&n.amount_unit, &n.time_unit, &n.volume_unit].map(|u| u.text.clone());
    assert_eq!(texts(&network), ["mol", "s", "L"]);
    let units = list(&[
        ("substance", "kind=\"item\""),
        ("time", "kind=\"second\" multiplier=\"60\""),
        ("volume", "kind=\"metre\" exponent=\"3\" scale=\"-6\""),
    ]);
    assert_eq!(texts(&model("2.4", &units)), ["", "min", "um^3"]);
    assert_eq!(texts(&model("3.2", &units)), ["", "", ""]);
}
