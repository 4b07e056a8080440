//! Studies from TOML files.

use crate::{Place, model};

fn place() -> Place {
    let place = Place::with("epidermis.crn", model("epidermis.crn"));
    place.write("pairs.crn", model("dimerisation.crn"));
    place
}

#[test]
fn a_study_file_with_a_mistake_is_refused_by_name_before_any_work() {
    let place = place();
    let epidermis = "study = \"epidermis\"\n";
    let of = "[model]\npath = \"epidermis.crn\"\n";
    let cases: [(String, i32, &[&str]); 11] = [
        (format!("{epidermis}{of}[full]\nreplicats = 9\n"), 2, &["s.toml", "[full]", "`replicats`", "`replicates`"]),
        ("study = \"epidermis\nseed = 1\n".into(), 2, &["s.toml", "line 1"]),
        (format!("{epidermis}trajectoriess = 10\n{of}"), 2, &["s.toml", "`trajectoriess`", "`trajectories`"]),
        (format!("{epidermis}seed = \"one\"\n{of}"), 2, &["s.toml", "seed"]),
        (format!("study = \"dermis\"\n{of}"), 2, &["s.toml", "`dermis`", "`epidermis`"]),
        (of.into(), 2, &["s.toml", "study = "]),
        (epidermis.into(), 2, &["s.toml", "[model]"]),
        (format!("{epidermis}[model]\npath = \"nothing.crn\"\n"), 2, &["nothing.crn", "cannot read"]),
        (format!("{epidermis}snapshots = [1.5]\n{of}"), 2, &["snapshots", "1.5", "output times"]),
        (format!("{epidermis}{of}[candidates]\nk1 = \"A -> Q\"\n"), 2, &["`Q`"]),
        (format!("{epidermis}[model]\npath = \"pairs.crn\"\n"), 3, &["do not close"]),
    ];
    for (text, code, parts) in cases {
        place.write("s.toml", text);
        place.fails("run s.toml --output out", code, parts);
    }
    place.write("s.toml", format!("{epidermis}{of}"));
    place.fails("run s.toml --full", 2, &["s.toml", "[full]"]);
    place.fails("run s.toml --set gamma=1", 2, &["`gamma`", "Gamma"]);
    place.fails("run nothing.toml", 2, &["nothing.toml", "cannot be read"]);
    place.write("wide.toml", [0xff, 0xfe, b's', 0]);
    place.fails("run wide.toml", 2, &["wide.toml", "UTF-8"]);
}

#[test]
fn a_small_epidermis_study_runs_to_its_report() {
    let place = place();
    place.write(
        "small.toml",
        "study = \"epidermis\"\ntrajectories = 4000\nend = 5.0\nsteps = 5\nsnapshots = [1.0, 5.0]\ncomparison = 1000\n\
         replicates = 2\n[model]\npath = \"epidermis.crn\"\n[candidates]\nk1 = \"A -> 0\"\n\
         [published.training.adam]\niterations = 50\n",
    );
    let outcome = place.run("run small.toml --output out --quiet");
    assert!(matches!(outcome.code, 0 | 1), "{}: {}", outcome.code, outcome.stderr);
    let failed = outcome.stdout.contains("FAILED");
    assert_eq!(outcome.code == 1, failed, "the exit code must agree with the checks: {}", outcome.stdout);
    assert!(outcome.stdout.contains("report: "));
    let files = place.files();
    for file in ["report.html", "provenance.json", "model.crn", "learned.crn"] {
        assert!(files.contains(&format!("out/{file}")), "no {file} in {files:?}");
    }
    assert!(files.iter().any(|f| f.ends_with(".svg")) && files.iter().any(|f| f.ends_with(".png")));
    assert!(std::fs::metadata(place.path("out/report.html")).expect("there").len() < 3_000_000);
    place.succeeds("check out/learned.crn");
}
