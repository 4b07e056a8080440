//! Models in both formats, with rules and events: the forms of the command that other programs rely on.

use crate::{Place, columns, model};

const DOSES: &str = "species Drug = 100, X = 5\nparameter k = 0.5, twice := 2*Drug\n\
    decay: Drug -> 0 @ k\nbirth: 0 -> X @ propensity(1 + time)\ndose: when time >= 2.5: Drug = Drug + 50\n";

const SBML: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<sbml xmlns="http://www.sbml.org/sbml/level3/version2/core" level="3" version="2"><model id="m">
<listOfCompartments><compartment id="V" size="4" spatialDimensions="3" constant="true"/></listOfCompartments>
<listOfSpecies>
<species id="A" compartment="V" initialAmount="40" hasOnlySubstanceUnits="false" boundaryCondition="false" constant="false"/>
<species id="B" compartment="V" initialAmount="0" hasOnlySubstanceUnits="true" boundaryCondition="false" constant="false"/>
</listOfSpecies>
<listOfParameters><parameter id="time" value="0.5" constant="true"/></listOfParameters>
<listOfReactions><reaction id="r" reversible="false">
<listOfReactants><speciesReference species="A" stoichiometry="1" constant="true"/></listOfReactants>
<listOfProducts><speciesReference species="B" stoichiometry="1" constant="true"/></listOfProducts>
<kineticLaw><math xmlns="http://www.w3.org/1998/Math/MathML"><apply><times/><ci>time</ci><ci>V</ci><ci>A</ci></apply></math>
</kineticLaw></reaction></listOfReactions></model></sbml>"#;

#[test]
fn an_ensemble_with_events_is_summarised_at_the_steps_asked_for() {
    let place = Place::with("m.crn", DOSES);
    place.succeeds("simulate m.crn --trajectories 400 --end 5 --steps 10 --seed 3 --vars Drug,twice --summary s.csv");
    let table = columns(&place.read("s.csv"));
    let names: Vec<&str> = table.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["time", "Drug-mean", "Drug-sd", "twice-mean", "twice-sd"]);
    assert_eq!((table[0].1.len(), table[0].1[10]), (11, 5.0));
    assert_eq!((table[1].1[0], table[2].1[0]), (100.0, 0.0));
    // The dose is in the row of its time.
    let before = 100.0 * (-0.5f64 * 2.5).exp();
    let sd = (before * (1.0 - before / 100.0)).sqrt();
    assert!((table[1].1[5] - before - 50.0).abs() < 4.9 * sd / 20.0, "{}", table[1].1[5]);
    assert!(table[1].1.iter().zip(&table[3].1).all(|(a, b)| (b - 2.0 * a).abs() < 1e-9));
    // The direct method does not follow events, and says so.
    place.fails("simulate m.crn --end 5 --method direct", 3, &["event `dose`", "hybrid"]);
}

#[test]
fn a_course_has_the_columns_asked_for_in_the_units_asked_for() {
    let place = Place::with("m.xml", SBML);
    let ode = "simulate m.xml --method ode --start 1 --end 3 --steps 4 --rtol 1e-8 --atol 1e-12";
    place.succeeds(&format!("{ode} --vars A,B,time,V,r --amount B --concentration A --output o.csv"));
    let table = columns(&place.read("o.csv"));
    let names: Vec<&str> = table.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["time", "A", "B", "time", "V", "r"]);
    assert_eq!(table[0].1, [1.0, 1.5, 2.0, 2.5, 3.0]);
    let amount = |t: f64| 40.0 * (-0.5 * t).exp();
    for (i, &t) in table[0].1.iter().enumerate() {
        let expected = [amount(t) / 4.0, 40.0 - amount(t), 0.5, 4.0, 0.5 * amount(t)];
        for (column, expected) in table[1..].iter().zip(expected) {
            assert!((column.1[i] - expected).abs() < 1e-6, "{} at {t}: {}", column.0, column.1[i]);
        }
    }
    // In neither list: A as a concentration, B as an amount, since B has only substance units.
    let mut command = place.command(&format!("{ode} --vars A,B"));
    let output =
        command.args(["--amount", "", "--concentration", "", "--output", "d.csv"]).output().expect("it starts");
    assert!(output.status.success());
    let default = columns(&place.read("d.csv"));
    assert!((default[1].1[0] - amount(1.0) / 4.0).abs() < 1e-6 && (default[2].1[0] - 40.0 + amount(1.0)).abs() < 1e-6);
}

#[test]
fn values_that_are_no_numbers_are_spelled() {
    let text = "species A = 1\nparameter far := 1/A, back := -1/A, none := A/A\nA -> 0 @ 1\nwhen time >= 0.5: A = 0\n";
    let place = Place::with("m.crn", text);
    place.succeeds("simulate m.crn --method ode --end 1 --steps 1 --vars far,back,none --output o.csv");
    assert!(place.read("o.csv").ends_with("\n1,INF,-INF,NaN\n"), "{}", place.read("o.csv"));
}

#[test]
fn a_model_keeps_its_dynamics_when_it_is_converted() {
    let place = Place::with("m.xml", SBML);
    place.succeeds("convert m.xml m.crn");
    assert!(place.read("m.crn").contains("parameter `time` = 0.5"), "{}", place.read("m.crn"));
    for file in ["m.xml", "m.crn"] {
        place.succeeds(&format!("simulate {file} --method ode --end 2 --steps 4 --amount A,B --output {file}.csv"));
    }
    assert_eq!(place.read("m.xml.csv"), place.read("m.crn.csv"));
    // And with rules and events the other way, as far as rounding and the choice of steps go.
    place.write("d.crn", DOSES);
    place.succeeds("convert d.crn d.xml");
    for file in ["d.crn", "d.xml"] {
        place.succeeds(&format!("simulate {file} --method ode --end 5 --steps 4 --amount Drug,X --output {file}.csv"));
    }
    let (before, after) = (columns(&place.read("d.crn.csv")), columns(&place.read("d.xml.csv")));
    for ((_, before), (_, after)) in before.iter().zip(&after) {
        assert!(before.iter().zip(after).all(|(a, b)| (a - b).abs() <= 1e-6 * a.abs()), "{before:?} {after:?}");
    }
    place.fails("convert m.xml m.txt", 2, &["m.txt", "--to"]);
    place.succeeds("convert m.xml m.txt --to crn --set time=2");
    assert!(place.read("m.txt").contains("`time` = 2"));
}

#[test]
fn check_shows_rules_events_and_what_laws_are() {
    let place = Place::with("m.crn", DOSES);
    let shown = place.succeeds("check m.crn").stdout;
    for part in ["twice := 2*Drug", "dose: when time >= 2.5: Drug = Drug + 50", "a function of time", "event `dose`"] {
        assert!(shown.contains(part), "no `{part}` in\n{shown}");
    }
    place.write("s.xml", SBML);
    assert!(place.succeeds("check s.xml").stdout.contains("mass action of A with the constant time"));
    place.write("p.crn", model("dimerisation.crn"));
    assert!(!place.succeeds("check p.crn").stdout.contains("recognised"));
}
