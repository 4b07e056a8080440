//! Any text as the mathematics of a rule in a model with a little of everything that mathematics can name.
#![no_main]

use kurtz_model::expression::Program;
use kurtz_model::format::sbml;
use libfuzzer_sys::fuzz_target;

const BEFORE: &str = r#"<sbml xmlns="http://www.sbml.org/sbml/level3/version2/core" level="3" version="2"><model>
<listOfFunctionDefinitions><functionDefinition id="f"><math xmlns="http://www.w3.org/1998/Math/MathML"><lambda><bvar><ci>x</ci></bvar>
<apply><times/><ci>x</ci><ci>x</ci></apply></lambda></math></functionDefinition></listOfFunctionDefinitions>
<listOfCompartments><compartment id="V" size="2" constant="false"/></listOfCompartments>
<listOfSpecies><species id="A" compartment="V" initialAmount="3" hasOnlySubstanceUnits="false"/></listOfSpecies>
<listOfParameters><parameter id="p" value="1.5" constant="true"/><parameter id="y" constant="false"/></listOfParameters>
<listOfRules><rateRule variable="V"><math xmlns="http://www.w3.org/1998/Math/MathML"><ci>p</ci></math></rateRule>
<assignmentRule variable="y"><math xmlns="http://www.w3.org/1998/Math/MathML">"#;
const AFTER: &str = r#"</math></assignmentRule></listOfRules>
<listOfReactions><reaction id="r"><listOfReactants><speciesReference species="A" stoichiometry="1" constant="true"/></listOfReactants>
<kineticLaw><math xmlns="http://www.w3.org/1998/Math/MathML"><ci>A</ci></math></kineticLaw></reaction></listOfReactions></model></sbml>"#;

fuzz_target!(|text: &str| {
    let Ok((network, _)) = sbml::read(format!("{BEFORE}{text}{AFTER}").as_bytes(), "fuzzed.xml") else { return };
    let law = &network.rules.last().expect("the rule is there").expression;
    let value = law.evaluate(&|_| 1.5);
    let program = Program::compile(std::slice::from_ref(law), &[], |_| Some(1.5)).expect("all is given");
    let mut output = [0.0];
    program.evaluate(&[], &mut vec![0.0; program.register_count()], &mut output);
    assert!(value == output[0] || value.is_nan() && output[0].is_nan(), "{value} is not {}", output[0]);
    let Ok(written) = sbml::write(&network) else { return };
    let (again, _) = sbml::read(written.as_bytes(), "written.xml").expect("what is written can be read");
    let value_again = again.rules.last().expect("the rule is there").expression.evaluate(&|_| 1.5);
    assert!(value == value_again || value.is_nan() && value_again.is_nan(), "{value} is not {value_again}\n{written}");
});
