//! Approximate methods at the command line.

use crate::{Place, columns};

#[test]
fn a_leaping_method_states_its_error_and_agrees_with_the_exact_one_within_it() {
    let place = Place::with("n.crn", "species A = 0\n 0 -> A @ 2000\n A -> 0 @ 1\n");
    for method in ["tau-leap", "implicit-tau-leap", "langevin", "adaptive-hybrid"] {
        let run = place.succeeds(&format!("simulate n.crn --end 3 --steps 4 --trajectories 400 --method {method}"));
        assert!(run.stderr.contains("systematic errors are below"), "{method}: {}", run.stderr);
        let columns = columns(&run.stdout);
        let exact = 2000.0 * (1.0 - (-3.0f64).exp());
        // 5 standard errors of the mean, 5 of the deviation.
        assert!((columns[1].1[4] - exact).abs() < 5.0 * (exact / 400.0).sqrt(), "{method}");
        assert!((columns[2].1[4] / exact.sqrt() - 1.0).abs() < 5.0 / 800f64.sqrt(), "{method}");
    }
}

#[test]
fn the_linear_noise_approximation_gives_means_deviations_spectra_and_correlations() {
    let place = Place::with("n.crn", "species A = 0\n 0 -> A @ 2000\n A -> 0 @ 1\n");
    let run = place.succeeds("simulate n.crn --end 3 --steps 4 --method lna");
    let table = columns(&run.stdout);
    let exact = 2000.0 * (1.0 - (-3.0f64).exp());
    assert!((table[1].1[4] - exact).abs() < 1e-3 && (table[2].1[4] - exact.sqrt()).abs() < 1e-4);
    place
        .succeeds("simulate n.crn --end 3 --steps 4 --method lna --record spectrum --record correlations --output out");
    let spectrum = columns(&place.read("out/data/spectrum.csv"));
    for (w, power) in spectrum[0].1.iter().zip(&spectrum[1].1) {
        let exact = 4000.0 / (1.0 + w * w) / std::f64::consts::TAU;
        assert!((power / exact - 1.0).abs() < 1e-5);
    }
    let correlations = columns(&place.read("out/data/correlations.csv"));
    let row = (0..correlations[0].1.len()).find(|&k| correlations[0].1[k] == 1.5 && correlations[1].1[k] == 3.0);
    let found = correlations[2].1[row.expect("a pair of times")];
    let exact = 2000.0 * (1.0 - (-1.5f64).exp()) * (-1.5f64).exp();
    assert!((found - exact).abs() < 1e-3, "{found} {exact}");
}

#[test]
fn what_approximations_cannot_do_is_said() {
    let place = Place::with("n.crn", "species A = 100\n A -> 0 @ 1\n when time >= 1: A = 50\n");
    let run = place.run("simulate n.crn --end 3 --method langevin");
    assert!(run.code == 3 || run.code == 2, "{}", run.stderr);
    assert!(run.stderr.contains("event"), "{}", run.stderr);
    place.write("m.crn", "species A = 100\n A -> 0 @ 1\n");
    for (line, words) in [
        ("simulate m.crn --end 3 --method direct --epsilon 0.1", "--epsilon belongs to methods that leap"),
        ("simulate m.crn --end 3 --method tau-leap --epsilon 3", "epsilon is 3"),
        ("simulate m.crn --end 3 --method tau-leap --error 0", "tolerance is 0"),
        ("simulate m.crn --end 3 --method lna --seed 3", "--seed does not belong to --method lna"),
        ("simulate m.crn --end 3 --method tau-leap --corrected-means", "--corrected-means belongs to --method lna"),
    ] {
        let run = place.run(line);
        assert_eq!(run.code, 2, "{line}: {}", run.stderr);
        assert!(run.stderr.contains(words), "{line}: {}", run.stderr);
    }
}
