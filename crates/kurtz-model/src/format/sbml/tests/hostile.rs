//! Files that are wrong, or made to hurt: each is answered in no time, with its place.

use crate::diagnostic::Problem;
use crate::format::sbml::{SbmlProblem as P, read};
use std::time::Instant;

const MATH: &str = "<math xmlns=\"http://www.w3.org/1998/Math/MathML\">";

/// A model of Level 3 Version 2 around the lists.
fn document(lists: &str) -> String {
    format!(
        "<sbml xmlns=\"http://www.sbml.org/sbml/level3/version2/core\" level=\"3\" version=\"2\">\n<model>{lists}</model></sbml>"
    )
}

fn parameters(count: usize) -> String {
    let each = (0..count).map(|i| format!("<parameter id=\"p{i}\" value=\"1\" constant=\"false\"/>"));
    format!("<listOfParameters>{}</listOfParameters>", each.collect::<String>())
}

fn rule(variable: &str, math: &str) -> String {
    format!("<assignmentRule variable=\"{variable}\">{MATH}{math}</math></assignmentRule>")
}

/// The problems of a file, which must be refused within the time.
fn problems(bytes: &[u8]) -> Vec<Problem> {
    let begin = Instant::now();
    let refused = read(bytes, "hostile.xml").expect_err("it is wrong");
    let shown = refused.to_string();
    // Optimised it takes less than a second; tests may run on a very busy machine. What grows without bound takes for ever.
    assert!(begin.elapsed().as_secs_f64() < 600.0, "{:?}: {shown}", begin.elapsed());
    assert!(shown.len() < 100_000 && !shown.is_empty());
    refused.list.into_iter().map(|d| d.problem).collect()
}

fn first(text: &str) -> P {
    match problems(text.as_bytes()).swap_remove(0) {
        Problem::Sbml(problem) => problem,
        other => panic!("{other}"),
    }
}

#[test]
fn what_is_no_sbml_file_is_refused() {
    assert!(matches!(problems(b"")[0], Problem::EmptyFile { .. }));
    assert!(matches!(problems(b" \n")[0], Problem::EmptyFile { .. }));
    assert!(matches!(problems(&[0xff, 0xfe, b'<', 0])[0], Problem::Utf16 { .. }));
    assert!(matches!(problems(b"<\0s\0b\0m\0l\0")[0], Problem::Utf16 { .. }));
    assert!(matches!(problems(b"<sbml>\xff</sbml>")[0], Problem::NotUtf8 { offset: 6, .. }));
    assert!(matches!(first("no xml at all"), P::Unreadable { .. }));
    assert!(matches!(first("<html/>"), P::NotSbml { .. }));
    assert!(matches!(first("<sbml/>"), P::UnknownNamespace { .. }));
    assert!(matches!(first("<sbml xmlns=\"http://www.sbml.org/sbml/level4\"/>"), P::UnknownNamespace { .. }));
    let mismatch = document("").replace("level=\"3\"", "level=\"2\"");
    assert!(matches!(first(&mismatch), P::LevelMismatch { .. }));
    let no_model = document("").replace("<model></model>", "");
    assert!(matches!(first(&no_model), P::NoModel));
    let two = document("").replace("<model></model>", "<model></model><model></model>");
    assert!(matches!(first(&two), P::SeveralModels));
    assert!(matches!(first(&document("<listOfSpecie/>")), P::UnknownElement { .. }));
    let stray = document("<listOfParameters><species id=\"a\"/></listOfParameters>");
    assert!(matches!(first(&stray), P::UnknownElement { .. }));
}

#[test]
fn a_byte_order_mark_is_no_fault() {
    let text = format!("\u{feff}<?xml version=\"1.0\" encoding=\"UTF-8\"?>{}", document(&parameters(1)));
    assert!(read(text.as_bytes(), "marked.xml").is_ok());
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let whole = document(&format!("{}<listOfRules>{}</listOfRules>", parameters(2), rule("p0", "<ci>p1</ci>")));
    assert!(read(whole.as_bytes(), "whole.xml").is_ok());
    for end in (1..whole.len() - 1).step_by(7) {
        problems(&whole.as_bytes()[..end]);
    }
}

#[test]
fn entities_are_refused() {
    let bomb = format!(
        "<?xml version=\"1.0\"?>\n<!DOCTYPE sbml [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]>\n{}",
        document("<notes>&b;</notes>")
    );
    assert_eq!(first(&bomb), P::DocumentType);
}

#[test]
fn deep_nesting_is_refused() {
    for depth in [5_001, 100_000, 1_000_000] {
        let formula = format!("{}<ci>p1</ci>{}", "<apply><minus/>".repeat(depth), "</apply>".repeat(depth));
        let text = document(&format!("{}<listOfRules>{}</listOfRules>", parameters(2), rule("p0", &formula)));
        assert!(matches!(first(&text), P::NestedTooDeep { .. } | P::Unreadable { .. }), "{depth}");
    }
    let deep = format!("{}{}", "<a>".repeat(200_000), "</a>".repeat(200_000));
    assert!(matches!(first(&deep), P::NestedTooDeep { .. }));
    assert!(matches!(first(&"<a>".repeat(1_000_000)), P::Unreadable { .. }));
}

#[test]
fn thousands_of_attributes_and_prefixes_are_refused() {
    let many = |each: &dyn Fn(usize) -> String| (0..100_000).map(each).collect::<String>();
    let attributes = document("").replace("<model>", &format!("<model{}>", many(&|i| format!(" a{i}='>\"<'"))));
    assert!(matches!(first(&attributes), P::Unreadable { .. }));
    let nested = format!("{}{}", many(&|i| format!("<a xmlns:a{i}=\"u\">")), "</a>".repeat(100_000));
    assert!(matches!(first(&document(&format!("<notes>{nested}</notes>"))), P::Unreadable { .. }));
    // In comments and the like they are only text.
    let comment = format!("<!-- <a{} -->", many(&|i| format!(" a{i}='1'")));
    assert!(read(document(&format!("{comment}<notes><![CDATA[{comment}]]></notes>")).as_bytes(), "good.xml").is_ok());
}

#[test]
fn derivatives_of_derivatives_do_not_explode() {
    let rate_of = |i: usize| {
        format!(
            "<apply><csymbol definitionURL=\"http://www.sbml.org/sbml/symbols/rateOf\">r</csymbol><ci>p{i}</ci></apply>"
        )
    };
    let rate =
        |i: usize| format!("<rateRule variable=\"p{i}\">{MATH}<apply><sin/><ci>p{i}</ci></apply></math></rateRule>");
    let assigned = |i: usize| {
        rule(
            &format!("p{i}"),
            &format!(
                "<apply><times/><ci>p{}</ci><apply><exp/><apply><times/><ci>p0</ci>{}</apply></apply></apply>",
                i + 50,
                rate_of(i - 1)
            ),
        )
    };
    let rules: String = (1..30).map(assigned).chain([rate(0)]).chain((51..80).map(rate)).collect();
    let text = document(&format!("{}<listOfRules>{rules}</listOfRules>", parameters(80)));
    assert!(matches!(first(&text), P::TooLarge { .. }));
}

#[test]
fn each_rate_of_change_is_worked_out_once() {
    let sum =
        |i: usize| rule(&format!("p{i}"), &format!("<apply><plus/><ci>p{}</ci><ci>p{}</ci></apply>", i - 1, i - 2));
    let rate = |i: usize| format!("<rateRule variable=\"p{i}\">{MATH}<cn>1</cn></math></rateRule>");
    let asked = rule(
        "p45",
        "<apply><csymbol definitionURL=\"http://www.sbml.org/sbml/symbols/rateOf\">r</csymbol><ci>p40</ci></apply>",
    );
    let rules: String = (2..41).map(sum).chain([rate(0), rate(1), asked]).collect();
    let text = document(&format!("{}<listOfRules>{rules}</listOfRules>", parameters(46)));
    let (network, _) = read(text.as_bytes(), "fibonacci.xml").expect("a good model");
    let rate = &network.rules.last().expect("the rule that asks").expression;
    assert_eq!(rate.evaluate(&|_| f64::NAN), 165_580_141.0);
}

#[test]
fn deep_formulas_below_the_limit_are_read() {
    let formula = format!("{}<ci>p1</ci>{}", "<apply><minus/>".repeat(4_900), "</apply>".repeat(4_900));
    let text = document(&format!("{}<listOfRules>{}</listOfRules>", parameters(2), rule("p0", &formula)));
    let (network, _) = read(text.as_bytes(), "deep.xml").expect("it is deep, not wrong");
    assert_eq!(network.rules[0].expression.evaluate(&|_| 2.0), 2.0);
}

/// A chain of functions, each given by the body in which `F` is the one before; a rule calls the last.
fn functions(count: usize, first: &str, body: &str) -> String {
    let lambda = |i: usize, body: &str| {
        format!(
            "<functionDefinition id=\"f{i}\">{MATH}<lambda><bvar><ci>x</ci></bvar>{body}</lambda></math></functionDefinition>"
        )
    };
    let chain = (1..count).map(|i| lambda(i, &body.replace('F', &format!("<ci>f{}</ci>", i - 1))));
    let definitions: String = std::iter::once(lambda(0, first)).chain(chain).collect();
    let call = format!("<apply><ci>f{}</ci><ci>p1</ci></apply>", count - 1);
    document(&format!(
        "<listOfFunctionDefinitions>{definitions}</listOfFunctionDefinitions>{}<listOfRules>{}</listOfRules>",
        parameters(2),
        rule("p0", &call)
    ))
}

#[test]
fn expansion_of_functions_shares_what_is_equal() {
    let twice = "<apply><plus/><apply>F<ci>x</ci></apply><apply>F<ci>x</ci></apply></apply>";
    let text = functions(40, "<ci>x</ci>", twice);
    let (network, _) = read(text.as_bytes(), "shared.xml").expect("2^39 parts of a tree, 40 stored");
    assert_eq!(network.rules[0].expression.evaluate(&|_| 1.0), 2f64.powi(39));
    assert!(network.rules[0].expression.stored_nodes() < 200);
    let written = crate::format::sbml::write(&network);
    assert!(matches!(written, Err(crate::format::sbml::WriteError::TooLarge { .. })));
}

#[test]
fn expansion_of_functions_that_cannot_be_shared_is_refused() {
    let one_more = "<apply><plus/><ci>x</ci><cn>1</cn></apply>";
    let nested = functions(40, one_more, "<apply>F<apply>F<ci>x</ci></apply></apply>");
    assert!(matches!(first(&nested), P::TooLarge { .. }));
    let different =
        "<apply><times/><apply>F<ci>x</ci></apply><apply>F<apply><plus/><ci>x</ci><cn>1.5</cn></apply></apply></apply>";
    assert!(matches!(first(&functions(3_000, "<apply><sin/><ci>x</ci></apply>", different)), P::TooLarge { .. }));
}

#[test]
fn circles_are_refused() {
    let rules = rule("p0", "<ci>p1</ci>") + &rule("p1", "<ci>p0</ci>");
    let text = document(&format!("{}<listOfRules>{rules}</listOfRules>", parameters(2)));
    assert!(matches!(first(&text), P::Cycle { .. }));
    let itself = document(&format!("{}<listOfRules>{}</listOfRules>", parameters(1), rule("p0", "<ci>p0</ci>")));
    assert!(matches!(first(&itself), P::Cycle { .. }));
    let initial = |i: usize, j: usize| {
        format!("<initialAssignment symbol=\"p{i}\">{MATH}<ci>p{j}</ci></math></initialAssignment>")
    };
    let circle: String = (0..20_000).map(|i| initial(i, (i + 1) % 20_000)).collect();
    let text =
        document(&format!("{}<listOfInitialAssignments>{circle}</listOfInitialAssignments>", parameters(20_000)));
    assert!(matches!(first(&text), P::Cycle { .. }));
    let f = |i: usize, j: usize| {
        format!(
            "<functionDefinition id=\"f{i}\">{MATH}<lambda><apply><ci>f{j}</ci></apply></lambda></math></functionDefinition>"
        )
    };
    let functions: String = (0..10_000).map(|i| f(i, (i + 1) % 10_000)).collect();
    let text = document(&format!("<listOfFunctionDefinitions>{functions}</listOfFunctionDefinitions>"));
    assert!(matches!(first(&text), P::Cycle { .. }));
    let reaction = |i: usize, j: usize| {
        format!("<reaction id=\"r{i}\"><kineticLaw>{MATH}<ci>r{j}</ci></math></kineticLaw></reaction>")
    };
    for n in [1, 2, 20_000] {
        let reactions: String = (0..n).map(|i| reaction(i, (i + 1) % n)).collect();
        assert!(matches!(
            first(&document(&format!("<listOfReactions>{reactions}</listOfReactions>"))),
            P::Cycle { .. }
        ));
    }
    let rate_of = |j: usize| {
        format!(
            "<apply><csymbol definitionURL=\"http://www.sbml.org/sbml/symbols/rateOf\">rateOf</csymbol><ci>p{j}</ci></apply>"
        )
    };
    let rate = |i: usize, j: usize| format!("<rateRule variable=\"p{i}\">{MATH}{}</math></rateRule>", rate_of(j));
    let rules = rate(0, 1) + &rate(1, 0);
    let text = document(&format!("{}<listOfRules>{rules}</listOfRules>", parameters(2)));
    assert!(matches!(first(&text), P::Cycle { through, .. } if through.contains(&"p1".to_string())));
    let chain: String = (0..200).map(|i| rate(i, i + 1)).collect();
    let text = document(&format!("{}<listOfRules>{chain}</listOfRules>", parameters(201)));
    assert!(read(text.as_bytes(), "chain.xml").is_ok());
    let chain: String = (0..999).map(|i| rate(i, i + 1)).collect();
    let text = document(&format!("{}<listOfRules>{chain}</listOfRules>", parameters(1000)));
    assert!(matches!(first(&text), P::RatesTooDeep { .. }));
}

#[test]
fn ids_must_be_there_and_be_unique() {
    let wrong = document(&format!("{}<listOfRules>{}</listOfRules>", parameters(2), rule("p0", "<ci>p2x</ci>")));
    assert!(matches!(first(&wrong), P::Dangling { .. }));
    let wrong = document(&format!("{}<listOfRules>{}</listOfRules>", parameters(2), rule("q", "<ci>p1</ci>")));
    assert!(matches!(first(&wrong), P::Dangling { .. }));
    let twice = document(&parameters(2).replace("p1", "p0"));
    assert!(matches!(first(&twice), P::DuplicateId { .. }));
    let rules = rule("p0", "<cn>1</cn>").replace("<assignmentRule", "<assignmentRule id=\"p0\"");
    let taken = document(&format!("{}<listOfRules>{rules}</listOfRules>", parameters(1)));
    assert!(matches!(first(&taken), P::DuplicateId { .. }));
    let unnamed = document("<listOfParameters><parameter value=\"1\"/></listOfParameters>");
    assert!(matches!(first(&unnamed), P::MissingAttribute { .. }));
    let digit = document("<listOfParameters><parameter id=\"1x\" value=\"1\"/></listOfParameters>");
    assert!(matches!(first(&digit), P::BadAttribute { .. }));
    let text = document("<listOfParameters><parameter id=\"x\" value=\"one\"/></listOfParameters>");
    assert!(matches!(first(&text), P::BadAttribute { .. }));
    let beyond = document("<listOfParameters><parameter id=\"x\" value=\"1e999\"/></listOfParameters>");
    assert!(matches!(first(&beyond), P::BadAttribute { .. }));
    for number in
        ["<cn>1e999</cn>", "<cn type=\"e-notation\">1<sep/>400</cn>", "<cn type=\"integer\" base=\"16\">10</cn>"]
    {
        let text = document(&format!("{}<listOfRules>{}</listOfRules>", parameters(1), rule("p0", number)));
        assert!(matches!(first(&text), P::Math { .. }), "{number}");
    }
    let nowhere = document("<listOfSpecies><species id=\"S\" compartment=\"C\"/></listOfSpecies>");
    assert!(matches!(first(&nowhere), P::Dangling { .. }));
}

#[test]
fn words_that_sbml_does_not_have_are_refused() {
    let good = one_reaction("size=\"1\"", "2", "");
    assert!(read(good.as_bytes(), "good.xml").is_ok());
    for (from, to) in [
        ("listOfProducts", "listOfProduct"),
        ("kineticLaw", "kineticLaws"),
        ("speciesReference", "specieReference"),
        ("<speciesReference", "<speciesRef/><speciesReference"),
        ("</listOfReactions>", "<reactions/></listOfReactions>"),
    ] {
        let text = good.replace(from, to);
        assert!(matches!(first(&text), P::UnknownElement { .. }), "{to}");
    }
    for (from, to) in [
        ("initialAmount=", "initialamount="),
        ("stoichiometry=", "stoichiometri="),
        ("compartment=\"C\"", "compartment=\"C\" initialAmmount=\"2\""),
        ("size=", "volumes="),
    ] {
        let text = good.replace(from, to);
        assert!(matches!(first(&text), P::UnknownAttribute { .. }), "{to}");
    }
    let law = format!("<kineticLaw>{MATH}<ci>S</ci></math></kineticLaw>");
    let two = good.replace(&law, &format!("{law}{law}"));
    assert!(matches!(first(&two), P::Twice { .. }));
    let maths = good.replace("</math>", &format!("</math>{MATH}<cn>1</cn></math>"));
    assert!(matches!(first(&maths), P::Twice { .. }));
    assert!(matches!(first(&document(&format!("{}{}", parameters(1), parameters(1)))), P::Twice { .. }));
    // Packages that only say how it looks may add what they like.
    let drawn =
        good.replace("<sbml ", "<sbml xmlns:layout=\"http://www.sbml.org/sbml/level3/version1/layout/version1\" ");
    let drawn = drawn.replace("<model>", "<model><layout:listOfLayouts layout:x=\"1\"/>");
    assert!(read(drawn.as_bytes(), "drawn.xml").is_ok());
}

#[test]
fn laws_too_large_to_be_written_out_are_not_recognised() {
    // x^(2^39), (x + 1)^(2^39), and a product of shifts of degree 2^16.
    let one = |body: &str, first: &str, count: usize| {
        let text = functions(count, first, body);
        let (mut network, _) = read(text.as_bytes(), "large.xml").expect("it is large, not wrong");
        let law = network.rules[0].expression.substitute(|s| {
            matches!(s, crate::Symbol::Parameter(crate::ParameterId(1))).then(|| crate::SpeciesId(0).into())
        });
        let (model, _) = crate::format::crn::parse("species A = 1\nA -> 0 @ propensity(A)", "model").expect("good");
        (network.species, network.reactions) = (model.species, model.reactions);
        network.reactions[0].rate = crate::RateLaw::Propensity(law);
        network.rules.clear();
        let begin = Instant::now();
        let found = network.recognise(crate::ReactionId(0));
        assert!(begin.elapsed().as_secs_f64() < 600.0);
        assert!(found.discrete.is_none() && found.continuous.is_none(), "{found:?}");
    };
    let squared = "<apply><times/><apply>F<ci>x</ci></apply><apply>F<ci>x</ci></apply></apply>";
    let shifted =
        "<apply><times/><apply>F<ci>x</ci></apply><apply>F<apply><plus/><ci>x</ci><cn>1</cn></apply></apply></apply>";
    one(squared, "<ci>x</ci>", 40);
    one(squared, "<apply><plus/><ci>x</ci><cn>1</cn></apply>", 40);
    one(shifted, "<ci>x</ci>", 17);
}

#[test]
fn quantities_have_one_law_and_constants_none() {
    let rules = rule("p0", "<cn>1</cn>") + &rule("p0", "<cn>2</cn>");
    let text = document(&format!("{}<listOfRules>{rules}</listOfRules>", parameters(1)));
    assert!(matches!(first(&text), P::TwoLaws { .. }));
    let constant = parameters(1).replace("false", "true");
    let text = document(&format!("{constant}<listOfRules>{}</listOfRules>", rule("p0", "<cn>1</cn>")));
    assert!(matches!(first(&text), P::Constant { .. }));
    let event = format!(
        "<listOfEvents><event id=\"E\"><trigger>{MATH}<true/></math></trigger><listOfEventAssignments>\
         <eventAssignment variable=\"p0\">{MATH}<cn>1</cn></math></eventAssignment></listOfEventAssignments></event></listOfEvents>"
    );
    assert!(matches!(first(&document(&format!("{constant}{event}"))), P::Constant { .. }));
}

/// A compartment, a species, and a reaction that makes it.
fn one_reaction(size: &str, stoichiometry: &str, rest: &str) -> String {
    document(&format!(
        "<listOfCompartments><compartment id=\"C\" {size} constant=\"true\"/></listOfCompartments>\
         <listOfSpecies><species id=\"S\" compartment=\"C\" initialAmount=\"1\"/></listOfSpecies>{rest}\
         <listOfReactions><reaction id=\"r\"><listOfProducts><speciesReference species=\"S\" stoichiometry=\"{stoichiometry}\"/>\
         </listOfProducts><kineticLaw>{MATH}<ci>S</ci></math></kineticLaw></reaction></listOfReactions>"
    ))
}

#[test]
fn sizes_and_stoichiometries_are_checked() {
    assert!(read(one_reaction("size=\"1\"", "2", "").as_bytes(), "good.xml").is_ok());
    assert!(matches!(first(&one_reaction("size=\"0\"", "1", "")), P::EmptyCompartment { .. }));
    for huge in ["1e7", "1e300", "-5e9", "INF", "1e15"] {
        assert!(matches!(first(&one_reaction("size=\"1\"", huge, "")), P::HugeStoichiometry { .. }), "{huge}");
    }
    let rules = format!("<listOfRules>{}</listOfRules>", rule("S", "<cn>1</cn>"));
    assert!(matches!(first(&one_reaction("size=\"1\"", "1", &rules)), P::RuleAndReaction { .. }));
    let (_, notes) = read(one_reaction("", "1", "").as_bytes(), "unset.xml").expect("a size of 1 is taken");
    assert!(matches!(notes.warnings[0].problem, Problem::Sbml(P::NoSize { .. })));
}

#[test]
fn what_is_not_supported_is_refused_by_name() {
    let math = |inner: &str| document(&format!("{}<listOfRules>{}</listOfRules>", parameters(2), rule("p0", inner)));
    let symbol = |name: &str| format!("<csymbol definitionURL=\"http://www.sbml.org/sbml/symbols/{name}\">x</csymbol>");
    let delay = math(&format!("<apply>{}<ci>p1</ci><cn>1</cn></apply>", symbol("delay")));
    assert!(matches!(first(&delay), P::Unsupported { .. }));
    assert!(matches!(first(&math(&symbol("distrib/normal"))), P::UnknownMath { .. }));
    assert!(matches!(first(&math("<apply><sum/><ci>p1</ci></apply>")), P::UnknownMath { .. }));
    assert!(matches!(first(&math("<apply><divide/><ci>p1</ci></apply>")), P::Arguments { .. }));
    assert!(matches!(first(&math("<cn>1,5</cn>")), P::Math { .. }));
    assert!(matches!(first(&math("<apply/>")), P::Math { .. }));
    assert!(matches!(first(&math("<ci>p0</ci><ci>p1</ci>")), P::Math { .. }));
    let algebraic =
        document(&format!("<listOfRules><algebraicRule>{MATH}<cn>1</cn></math></algebraicRule></listOfRules>"));
    assert!(matches!(first(&algebraic), P::Unsupported { .. }));
    let fast = one_reaction("size=\"1\"", "1", "").replace("<reaction ", "<reaction fast=\"true\" ");
    assert!(matches!(first(&fast), P::Unsupported { .. }));
    let package = |name: &str, required: &str| {
        let space = format!("http://www.sbml.org/sbml/level3/version1/{name}/version1");
        document("").replace("level=\"3\"", &format!("level=\"3\" xmlns:x=\"{space}\" x:required=\"{required}\""))
    };
    for name in ["comp", "distrib", "multi", "arrays", "spatial"] {
        assert!(matches!(first(&package(name, "true")), P::Package { .. }), "{name}");
    }
    for name in ["layout", "render", "groups", "fbc", "qual"] {
        assert!(read(package(name, "false").as_bytes(), "drawn.xml").is_ok(), "{name}");
    }
    let objective = package("fbc", "false").replace("<model>", "<model><x:listOfObjectives/>");
    assert!(matches!(first(&objective), P::Package { .. }));
}

#[test]
fn every_problem_is_told_at_once() {
    let rules = rule("p0", "<ci>a</ci>") + &rule("p1", "<ci>b</ci>") + &rule("c", "<ci>p0</ci>");
    let found = problems(document(&format!("{}<listOfRules>{rules}</listOfRules>", parameters(2))).as_bytes());
    assert_eq!(found.len(), 3, "{found:?}");
}

#[test]
fn a_model_of_thousands_of_reactions_is_read_quickly() {
    let species: String = (0..2_000)
        .map(|i| {
            format!("<species id=\"S{i}\" compartment=\"C\" initialAmount=\"1\" hasOnlySubstanceUnits=\"false\"/>")
        })
        .collect();
    let reaction = |i: usize| {
        let (a, b) = (i % 2_000, (7 * i + 1) % 2_000);
        format!(
            "<reaction id=\"r{i}\"><listOfReactants><speciesReference species=\"S{a}\" stoichiometry=\"1\" constant=\"true\"/>\
             </listOfReactants><listOfProducts><speciesReference species=\"S{b}\" stoichiometry=\"1\" constant=\"true\"/>\
             </listOfProducts><kineticLaw>{MATH}<apply><times/><ci>C</ci><ci>k</ci><apply><divide/><ci>S{a}</ci><apply><plus/>\
             <cn>0.5</cn><ci>S{b}</ci></apply></apply></apply></math><listOfLocalParameters><localParameter id=\"k\" value=\"1\"/>\
             </listOfLocalParameters></kineticLaw></reaction>"
        )
    };
    let reactions: String = (0..5_000).map(reaction).collect();
    let text = document(&format!(
        "<listOfCompartments><compartment id=\"C\" size=\"2\" constant=\"true\"/></listOfCompartments>\
         <listOfSpecies>{species}</listOfSpecies><listOfReactions>{reactions}</listOfReactions>"
    ));
    let begin = Instant::now();
    let (network, _) = read(text.as_bytes(), "large.xml").expect("a good model");
    assert_eq!(network.reactions.len(), 5_000);
    // Well under a second when optimised; tests are built for speed of building, and machines are shared.
    assert!(begin.elapsed().as_secs_f64() < 20.0, "{:?}", begin.elapsed());
    eprintln!("read in {:?}", begin.elapsed());
}

#[test]
fn packages_and_mathematics_that_nobody_reads_are_refused() {
    let required = document("").replace("level=\"3\"", "xmlns:z=\"urn:z\" z:required=\"true\" level=\"3\"");
    assert!(matches!(first(&required), P::Package { .. }));
    let optional = document("").replace("level=\"3\"", "xmlns:z=\"urn:z\" z:required=\"false\" level=\"3\"");
    assert!(read(optional.as_bytes(), "optional.xml").is_ok());
    let words = document(&format!("{}<listOfRules>{}</listOfRules>", parameters(2), rule("p0", "2*p1")));
    assert!(matches!(first(&words), P::Math { .. }));
    let both = one_reaction("size=\"1\"", "1", "").replace("initialAmount", "initialConcentration=\"2\" initialAmount");
    assert!(matches!(first(&both), P::TwoInitialValues { .. }));
}
