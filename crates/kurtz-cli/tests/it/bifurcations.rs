//! `kurtz bifurcate`: what it prints and leaves, and how it declines.

use crate::{Place, columns, model};

#[test]
fn the_hopf_point_of_the_brusselator_is_printed_and_written_with_its_cycles() {
    let place = Place::with("m.crn", model("brusselator.crn"));
    let outcome =
        place.succeeds("bifurcate m.crn --parameter B --from 1 --to 3 --steps 4 --output out --summary a.csv");
    assert!(outcome.stdout.contains("Hopf, supercritical") && outcome.stdout.contains("6.2832"), "{}", outcome.stdout);
    let hopf = columns(&place.read("out/data/hopf.csv"));
    assert!((hopf[0].1[0] - 2.0).abs() < 1e-9, "{hopf:?}");
    let cycles = columns(&place.read("out/data/cycles.csv"));
    let column = |name: &str| &cycles.iter().find(|c| c.0 == name).unwrap_or_else(|| panic!("{name}")).1;
    assert!(column("B").contains(&2.5) && column("stable").iter().all(|s| *s == 1.0));
    assert!(column("X-min").iter().zip(column("X-max")).all(|(low, high)| low < &1.0 && high > &1.0));
    let attractors = place.read("a.csv");
    let rows: Vec<&str> = attractors.lines().collect();
    assert!(rows[1].starts_with("1,steady,,1,1,1,1"), "{attractors}");
    assert!(rows[4].starts_with("2.5,cycle,"), "{attractors}");
    for file in
        ["out/report.html", "out/figures/bifurcations.svg", "out/figures/bifurcations.png", "out/provenance.json"]
    {
        assert!(place.path(file).is_file(), "{file}");
    }
}

#[test]
fn what_makes_no_sense_is_bad_input_and_what_has_no_steady_state_is_declined() {
    let place =
        Place::with("m.crn", "species A = 1, B = 0\nparameter k = 1, d = 1, spare = 3\n0 -> A @ k\nA -> 0 @ d\n");
    place.write("grows.crn", "species A = 1\nparameter k = 1\n0 -> A @ k\n");
    place.write("timed.crn", "species A = 1\nparameter k = 1\n0 -> A @ rate(k*time)\nA -> 0 @ k\n");
    place.fails("bifurcate m.crn --parameter kk --from 0 --to 1", 2, &["`kk`", "k, d, spare, A, B"]);
    place.fails("bifurcate m.crn --parameter spare --from 0 --to 1", 2, &["`spare` has no effect"]);
    place.fails("bifurcate m.crn --parameter k --from 2 --to 1", 2, &["from 2 to 1"]);
    place.fails("bifurcate m.crn --parameter k --from 0 --to 1 --vars C", 2, &["`C`"]);
    place.fails("bifurcate m.crn --parameter k --from 0 --to 1 --steps 0", 2, &["steps"]);
    place.fails("bifurcate grows.crn --parameter k --from 1 --to 2", 3, &["no steady state"]);
    place.fails("bifurcate timed.crn --parameter k --from 1 --to 2", 3, &["depends on time"]);
    let outcome = place.succeeds("bifurcate m.crn --parameter k --from 0.5 --to 2");
    assert!(outcome.stdout.contains("No bifurcation"), "{}", outcome.stdout);
}
