//! `kurtz reduce`: what it prints and leaves, and how it declines.

use crate::{Place, model};

const ENZYME: &str = "volume 1e4\nspecies S = concentration(1), E = concentration(0.01), ES = 0, P = 0\n\
    parameter k1 = 10, km1 = 5, k2 = 5\nbinding, release: S + E <-> ES @ k1, km1\ncatalysis: ES -> E + P @ k2\n";

#[test]
fn michaelis_and_menten_are_printed_and_written() {
    let place = Place::with("m.crn", ENZYME);
    let outcome = place.succeeds("reduce m.crn --trajectories 0 --latex --network r.crn --json r.json --output out");
    assert!(outcome.stdout.contains("catalysis: S -> P @ rate(k1*k2*E_total*S/("), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("\\frac{d S}{dt} = -"), "{}", outcome.stdout);
    // What is written can be read, and goes where the full model goes.
    place.succeeds("check r.crn");
    place.succeeds("simulate r.crn --method ode --end 100 --steps 1 --rtol 1e-10 --vars P,ES --output r.csv");
    place.succeeds(
        "simulate m.crn --method ode --end 100 --steps 1 --rtol 1e-10 --vars P --concentration P --output f.csv",
    );
    let last = |file: &str| -> Vec<f64> {
        let text = place.read(file);
        let cells = text.lines().last().expect("rows").split(',').map(|x| x.parse().expect("a number"));
        cells.collect()
    };
    let (reduced, full) = (last("r.csv"), last("f.csv"));
    assert!((reduced[1] / 1e4 - full[1]).abs() < 0.01 || (reduced[1] - full[1]).abs() < 0.01, "{reduced:?} {full:?}");
    let json: serde_json::Value = serde_json::from_str(&place.read("r.json")).expect("JSON");
    assert_eq!(json["chosen"]["kind"], "qssa");
    let (estimate, truth) =
        (json["chosen"]["estimated_error"]["P"].as_f64(), json["chosen"]["measured_error"]["P"].as_f64());
    let ratio = estimate.expect("a number") / truth.expect("a number");
    assert!((ratio - 1.0).abs() < 0.05, "{ratio}");
    for file in
        ["report.html", "reduced.crn", "reduced.xml", "data/eigenvalues.csv", "data/courses.csv", "figures/errors.png"]
    {
        assert!(place.path(&format!("out/{file}")).is_file(), "{file}");
    }
    place.succeeds("check out/reduced.xml");
}

#[test]
fn what_cannot_be_reduced_is_declined_with_the_reason_and_without_a_network() {
    let place = Place::with("g.crn", model("goodwin.crn"));
    place.write("m.crn", ENZYME);
    place.write("timed.crn", "species A = 10\nparameter k = 1\nA -> 0 @ rate(k*A*time)\n");
    let declined = |line: &str, parts: &[&str]| {
        let outcome = place.run(line);
        assert_eq!(outcome.code, 3, "{line}: {}", outcome.stderr);
        assert_eq!(outcome.stdout, "", "{line}");
        parts
            .iter()
            .for_each(|part| assert!(outcome.stderr.contains(part), "{line}: no `{part}` in {}", outcome.stderr));
        assert!(!place.path("r.crn").exists());
    };
    declined("reduce g.crn --network r.crn", &["no gap between time scales"]);
    declined(
        "reduce g.crn --fast-species X --method qssa --network r.crn",
        &["oscillates with period", "comes to rest"],
    );
    declined("reduce m.crn --fast-species S,ES --method qssa --network r.crn", &["nothing is left that is slow"]);
    declined("reduce timed.crn --network r.crn", &["depends on time"]);
    place.fails("reduce m.crn --fast-species X", 2, &["`X`", "S, E, ES, P"]);
    place.fails("reduce m.crn --tolerance 2", 2, &["tolerance is 2"]);
    place.fails("reduce m.crn --end -1", 2, &["end is -1"]);
    place.fails("reduce m.crn --network r.txt", 2, &["r.txt", ".crn"]);
}
