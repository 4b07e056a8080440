//! What good runs write.

use crate::{Place, columns, model};

#[test]
fn a_summary_has_mean_and_deviation_of_each_species_at_each_step() {
    let place = Place::with("m.crn", model("epidermis.crn"));
    let csv = place.succeeds("simulate m.crn --end 4 --steps 8 --trajectories 50").stdout;
    let columns = columns(&csv);
    let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["time", "A-mean", "A-sd", "B-mean", "B-sd"]);
    assert_eq!(columns[0].1, [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0]);
    assert_eq!((columns[1].1[0], columns[2].1[0], columns[3].1[0]), (10.0, 0.0, 0.0));
    let chosen = place.succeeds("simulate m.crn --end 4 --steps 8 --trajectories 50 --vars B --summary b.csv");
    assert_eq!(chosen.stdout, "");
    assert!(place.read("b.csv").starts_with("time,B-mean,B-sd\n"));
}

#[test]
fn the_deviation_of_a_sample_divides_by_one_less_than_its_size() {
    let place = Place::with("m.crn", model("immigration-death.crn"));
    place.succeeds("simulate m.crn --end 20 --steps 2 --trajectories 7 --record trajectories --output out");
    let (paths, summary) =
        (columns(&place.read("out/data/trajectories.csv")), columns(&place.read("out/data/summary.csv")));
    let last: Vec<f64> = (0..7).map(|i| paths[2].1[3 * i + 2]).collect();
    let mean = last.iter().sum::<f64>() / 7.0;
    let variance = last.iter().map(|n| (n - mean).powi(2)).sum::<f64>() / 6.0;
    assert!((summary[1].1[2] - mean).abs() < 1e-12);
    assert!((summary[2].1[2] - variance.sqrt()).abs() < 1e-12);
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let place = Place::with("m.crn", model("michaelis-menten.crn"));
    let run = |threads: u32| {
        place.succeeds(&format!("simulate m.crn --end 5 --trajectories 700 --seed 9 --threads {threads}")).stdout
    };
    assert_eq!(run(1), run(3));
    let law = |threads: u32| place.succeeds(&format!("solve m.crn --end 5 --steps 3 --threads {threads}")).stdout;
    assert_eq!(law(1), law(3));
}

#[test]
#[cfg(feature = "parquet")]
fn parquet_holds_the_numbers_of_csv() {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::RowAccessor;
    let place = Place::with("m.crn", model("epidermis.crn"));
    place.succeeds("simulate m.crn --end 2 --steps 5 --summary s.csv");
    place.succeeds("simulate m.crn --end 2 --steps 5 --summary s.parquet");
    let csv = columns(&place.read("s.csv"));
    let file = std::fs::File::open(place.path("s.parquet")).expect("written");
    let reader = SerializedFileReader::new(file).expect("a Parquet file");
    let schema = reader.metadata().file_metadata().schema();
    let names: Vec<&str> = schema.get_fields().iter().map(|field| field.name()).collect();
    assert_eq!(names, csv.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>());
    let rows: Vec<_> = reader.get_row_iter(None).expect("rows").map(|row| row.expect("a row")).collect();
    assert_eq!(rows.len(), 6);
    for (i, row) in rows.iter().enumerate() {
        for (j, (_, column)) in csv.iter().enumerate() {
            assert_eq!(row.get_double(j).expect("a double"), column[i]);
        }
    }
}

#[test]
fn a_directory_holds_report_figures_data_and_where_they_come_from() {
    let place = Place::with("m.crn", model("kurtz-limit.crn"));
    let line = "simulate m.crn --end 2 --steps 20 --trajectories 30 --seed 5 --set k=0.5 --init A=2 --volume 50 \
                --record trajectories --record histograms --output out";
    let outcome = place.succeeds(line);
    assert!(outcome.stdout.contains("report.html"));
    let files = place.files();
    for file in [
        "report.html",
        "provenance.json",
        "data/summary.csv",
        "data/moments.csv",
        "data/trajectories.csv",
        "data/histogram.csv",
    ] {
        assert!(files.contains(&format!("out/{file}")), "no {file} in {files:?}");
    }
    let hidden = |name: &&String| name.rsplit('/').next().is_some_and(|name| name.starts_with('.'));
    assert_eq!(files.iter().find(hidden), None, "a temporary file is left");
    let size = std::fs::metadata(place.path("out/report.html")).expect("there").len();
    assert!(size < 3_000_000, "{size} bytes");
    assert_eq!(place.read("out/data/trajectories.csv").lines().count(), 1 + 30 * 21);

    let provenance: serde_json::Value = serde_json::from_str(&place.read("out/provenance.json")).expect("JSON");
    assert_eq!(provenance["seed"], 5);
    let changes = &provenance["settings"]["model"]["changes"];
    assert_eq!(changes["parameters"], serde_json::json!([["k", 0.5]]));
    assert_eq!(changes["initial"], serde_json::json!([["A", 2.0]]));
    assert_eq!(changes["volume"], 50.0);
    let command = provenance["command"].to_string();
    assert!(command.contains("--set") && command.contains("k=0.5"), "{command}");
    // Two molecules a volume unit in a volume of 50.
    assert!(place.read("out/data/summary.csv").contains("\n0,100,0\n"));
}

#[test]
fn the_law_is_written_with_its_error_bound() {
    let place = Place::with("m.crn", model("immigration-death.crn"));
    let outcome = place.succeeds("solve m.crn --end 10 --steps 1 --output out");
    assert!(outcome.stderr.contains("bound on the error of the probabilities"));
    let law = columns(&place.read("out/data/law.csv"));
    let total: f64 = law[1].1.iter().sum();
    assert!((total - 1.0).abs() < 1e-7);
    // Poisson with mean 10 (1 - 1/e).
    assert!((law[1].1[0] / (-10.0 * (1.0 - (-1.0f64).exp())).exp() - 1.0).abs() < 1e-4);
}

#[test]
fn check_describes_every_model_of_the_zoo_and_prints_nothing_else() {
    let place = Place::new();
    for name in ["dimerisation", "epidermis", "kurtz-limit", "michaelis-menten", "schloegl", "telegraph"] {
        place.write("m.crn", model(&format!("{name}.crn")));
        let outcome = place.succeeds("check m.crn");
        assert_eq!(outcome.stderr, "", "{name}");
        for part in ["propensity (molecules)", "rate (concentrations)", "structure", "methods"] {
            assert!(outcome.stdout.contains(part), "{name}: no {part}");
        }
    }
}

#[test]
fn moments_are_printed_as_text_and_latex_and_solved() {
    let place = Place::with("m.crn", model("epidermis.crn"));
    assert!(place.succeeds("moments m.crn").stdout.starts_with("d<A>/dt = lambda*(r1 - r2)*<A>\n"));
    assert!(place.succeeds("moments m.crn --latex").stdout.contains('\\'));
    let solved = columns(&place.succeeds("moments m.crn --end 20 --steps 20").stdout);
    // dM[A]/dt = (r1 - r2) lambda M[A].
    let truth = 10.0 * (0.0072f64 * 1.1 * 20.0).exp();
    assert!((solved[1].1[20] / truth - 1.0).abs() < 1e-8);
}

#[test]
fn check_warns_of_a_law_that_is_positive_without_its_reactants() {
    let place = Place::with("m.crn", "species A = 2\ndecay: A -> 0 @ propensity(3)\n");
    assert!(place.succeeds("check m.crn").stdout.contains("a reactant of `decay` is missing"));
    place.write("good.crn", "species A = 2\ndecay: A -> 0 @ propensity(3*A)\n");
    assert!(!place.succeeds("check good.crn").stdout.contains("missing"));
}
