//! `kurtz learn` on the real binary: what was simulated is learned back, and bad input is refused without traces.

use kurtz::dynamics::rng::{Purpose, SimRng};
use kurtz::dynamics::ssa::{Direct, Trace};
use kurtz::model::{Kinetics, format::crn};
use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Output};
use tempfile::TempDir;

struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Place(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, contents: impl AsRef<[u8]>) -> &Self {
        std::fs::write(self.path(name), contents).unwrap();
        self
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// Runs `kurtz` here with words separated by `|`.
    fn run(&self, words: &str) -> Output {
        let words = words.split('|').map(str::trim);
        Command::new(env!("CARGO_BIN_EXE_kurtz")).args(words).current_dir(self.0.path()).output().unwrap()
    }

    fn good(&self, words: &str) -> String {
        let output = self.run(words);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{words}: {}\n{text}", String::from_utf8_lossy(&output.stderr));
        text
    }

    /// Learns and gives `result.json`.
    fn learn(&self, words: &str) -> Value {
        self.good(&format!("learn | --quiet | --json | result.json | --output | learned.crn | {words}"));
        assert!(self.good("check | learned.crn").contains("reactions"));
        serde_json::from_str(&self.read("result.json")).unwrap()
    }

    fn files(&self) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(self.0.path())
            .unwrap()
            .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// The command fails with this code and one message that holds all of `words`, and leaves no file.
    fn refused(&self, command: &str, code: i32, words: &[&str]) {
        let before = self.files();
        let output =
            self.run(&format!("learn | --quiet | --json | r.json | --output | l.crn | --report | dir | {command}"));
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{command}: {message}");
        assert_eq!(message.matches("error:").count(), 1, "{command}: {message}");
        assert!(words.iter().all(|w| message.contains(w)), "{command}: {message}");
        assert!(output.stdout.is_empty());
        assert_eq!(self.files(), before, "{command}");
    }
}

fn normal(rng: &mut SimRng) -> f64 {
    (-2.0 * rng.uniform().ln()).sqrt() * (std::f64::consts::TAU * rng.uniform()).cos()
}

/// A CSV file with every value but the times changed.
fn noisy(csv: &str, mut change: impl FnMut(f64) -> f64) -> String {
    let mut lines = csv.lines();
    let mut text = lines.next().unwrap().to_string() + "\n";
    for line in lines {
        let cells: Vec<f64> = line.split(',').map(|c| c.parse().unwrap()).collect();
        let changed: Vec<String> = cells[1..].iter().map(|x| change(*x).to_string()).collect();
        text += &format!("{},{}\n", cells[0], changed.join(","));
    }
    text
}

/// The reactions chosen, each within 4.9 standard errors of the truth.
fn assert_learned(result: &Value, truth: &[(&str, f64)]) {
    let reactions = result["reactions"].as_array().unwrap();
    let chosen: Vec<&Value> = reactions.iter().filter(|r| r["selected"] == true).collect();
    let equations: Vec<&str> = chosen.iter().map(|r| r["equation"].as_str().unwrap()).collect();
    assert_eq!(chosen.len(), truth.len(), "{equations:?} {:#}", result["verdicts"]);
    for (equation, value) in truth {
        let reaction = chosen.iter().find(|r| r["equation"] == *equation).unwrap_or_else(|| panic!("{equations:?}"));
        let rate = &reaction["rate"];
        let (found, error) = (rate["value"].as_f64().unwrap(), rate["standard_error"].as_f64().unwrap());
        let z = (found - value) / error;
        assert!(z.abs() < 4.9, "{equation}: {found} +- {error}, not {value}");
    }
}

fn verdict(result: &Value, words: &str) -> bool {
    result["verdicts"].as_array().unwrap().iter().any(|v| v["message"].as_str().unwrap().contains(words))
}

const LOTKA_VOLTERRA: &str = "volume 1000\nspecies X = concentration(2), Y = concentration(1)\n\
    X -> 2 X @ 1\nX + Y -> 2 Y @ 0.6\nY -> 0 @ 0.8\n";
const LOTKA_VOLTERRA_RATES: [(&str, f64); 3] = [("X -> 2 X", 1.0), ("X + Y -> 2 Y", 0.6), ("Y -> 0", 0.8)];

fn lotka_volterra(place: &Place) {
    place.write("lv.crn", LOTKA_VOLTERRA);
    place.good(
        "simulate | lv.crn | --method | ode | --end | 20 | --steps | 80 | --concentration | X,Y | --output | exact.csv",
    );
    let mut rng = SimRng::new(1, 0, Purpose::Noise);
    place.write("course.csv", noisy(&place.read("exact.csv"), |x| x * (1.0 + 0.02 * normal(&mut rng))));
}

#[test]
fn a_noisy_course_is_learned_from_all_reactions_of_second_order_and_reported() {
    let place = Place::new();
    lotka_volterra(&place);
    let result = place.learn("course.csv | --quantity | concentration | --noise | relative:0.02 | --report | out");
    assert_eq!((result["kind"].as_str(), result["route"].as_str()), (Some("courses"), Some("mass-action")));
    assert_eq!(result["reactions"].as_array().unwrap().len(), 27);
    assert_learned(&result, &LOTKA_VOLTERRA_RATES);
    assert_eq!(result["sources"][0]["sha256"].as_str().unwrap().len(), 64);
    assert_eq!(result["provenance"]["settings"]["noise"]["relative"], 0.02);
    let report = place.read("out/report.html");
    assert!(report.contains("Equivalent structures") && report.contains("residual"));
    assert!(place.path("out/figures/fit-1.svg").exists() && place.path("out/data/fit.csv").exists());
    // What was learned gives the same course again.
    place.good("simulate | learned.crn | --method | ode | --end | 20 | --steps | 80 | --concentration | X,Y | --output | again.csv");
    for (a, b) in place.read("exact.csv").lines().zip(place.read("again.csv").lines()).skip(1) {
        let values = |line: &str| line.split(',').map(|c| c.parse::<f64>().unwrap()).collect::<Vec<_>>();
        assert!(values(a).iter().zip(values(b)).all(|(a, b)| (a - b).abs() < 0.1 * (0.2 + a)), "{a} {b}");
    }
}

#[test]
fn gaps_files_and_standard_errors_in_columns_are_understood() {
    let place = Place::new();
    lotka_volterra(&place);
    let mut rng = SimRng::new(2, 0, Purpose::Noise);
    let mut text = "time [min],X [nM],X-se [nM],Y [nM],Y-se [nM]\n".to_string();
    for (i, line) in place.read("exact.csv").lines().skip(1).enumerate() {
        let cells: Vec<f64> = line.split(',').map(|c| c.parse().unwrap()).collect();
        let value = |x: f64, rng: &mut SimRng| 1000.0 * (x + 0.05 * normal(rng));
        let (x, y) = (value(cells[1], &mut rng), value(cells[2], &mut rng));
        let gap = if i % 7 == 3 { String::new() } else { x.to_string() };
        text += &format!("{},{gap},50,{y},50\n", cells[0] / 60.0);
    }
    place.write("a.csv", &text);
    // A second file, in seconds and uM, of the same network from elsewhere.
    place.write("lv.crn", LOTKA_VOLTERRA.replace("concentration(2)", "concentration(0.5)"));
    place.good(
        "simulate | lv.crn | --method | ode | --end | 20 | --steps | 50 | --concentration | X,Y | --output | exact.csv",
    );
    let csv = noisy(&place.read("exact.csv"), |x| x + 0.05 * normal(&mut rng));
    let mut second = "time [s],Y [uM],X [uM],X-se [uM],Y-se [uM]\n".to_string();
    for line in csv.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        second += &format!("{},{},{},0.05,0.05\n", cells[0], cells[2], cells[1]);
    }
    place.write("b.csv", second);
    // Rates in minutes and nM: the first file sets the units.
    let result = place.learn("a.csv | b.csv");
    assert_eq!(result["rate_units"]["X_Y_to_Y2"], "1/(nM min)");
    assert_eq!(result["noise"]["source"], "columns");
    assert_eq!(result["data"]["conditions"].as_array().unwrap().len(), 2);
    assert_learned(&result, &[("X -> 2 X", 60.0), ("X + Y -> 2 Y", 0.036), ("Y -> 0", 48.0)]);
}

#[test]
fn moments_with_their_covariance_are_learned_from_a_directory() {
    let place = Place::new();
    place.write(
        "m.crn",
        "time week\nspecies A = 10, B = 0\nA -> 2 A @ 0.09196 1/week\nA -> A + B @ 0.924 1/week\n\
        A -> 2 B @ 0.08404 1/week\nB -> 0 @ 0.31 1/week\n",
    );
    let simulate = "--trajectories | 20000 | --end | 10 | --steps | 10 | --seed | 3 | --quiet | --covariance";
    place.good(&format!("simulate | m.crn | {simulate} | --output | clones"));
    place.write("c.txt", "# candidates\nA -> 2 A\nA -> A + B\nA -> 2 B\nB -> 0\nA -> 0\nA -> B\n");
    let result = place.learn("clones | --candidates | c.txt");
    assert_eq!((result["kind"].as_str(), result["route"].as_str()), (Some("moments"), Some("exact")));
    assert_eq!(result["rate_units"]["A_to_A2"], "1/week");
    assert_learned(&result, &[("A -> 2 A", 0.09196), ("A -> A + B", 0.924), ("A -> 2 B", 0.08404), ("B -> 0", 0.31)]);
    // The same as a table, without covariance: the fitted network supplies it.
    let result =
        place.learn("clones/data/moments.csv | --candidates | c.txt | --known | A -> 2 A | --fix | B -> 0=0.31");
    assert!(verdict(&result, "is that of the fitted network"));
    let fixed = result["reactions"].as_array().unwrap().iter().find(|r| r["equation"] == "B -> 0").unwrap();
    assert_eq!((fixed["rate"]["value"].as_f64(), fixed["selected"].as_bool()), (Some(0.31), Some(true)));
}

#[test]
fn a_summary_of_means_and_deviations_is_learned_or_asks_for_what_it_lacks() {
    let place = Place::new();
    place.write("epidermis.crn", include_str!("../../../models/epidermis.crn"));
    let simulate = "--trajectories | 1000 | --end | 20 | --steps | 100 | --seed | 1 | --quiet";
    place.good(&format!("simulate | epidermis.crn | {simulate} | --summary | summary.csv"));
    place.refused("summary.csv | --model | epidermis.crn", 2, &["--trajectories N"]);
    let learn = "summary.csv | --model | epidermis.crn | --trajectories | 1000";
    let result = place.learn(&format!("{learn} | --report | out"));
    assert_learned(&result, &[("A -> 2 A", 0.09196), ("A -> A + B", 0.924), ("A -> 2 B", 0.08404), ("B -> 0", 0.31)]);
    assert!(verdict(&result, "are missing: means and variances were fitted"));
    assert!(place.read("out/report.html").contains("variance of B"));
    // Some known beforehand.
    let result = place.learn(&format!("{learn} | --fix | B -> 0=0.31"));
    assert_eq!(result["reactions"].as_array().unwrap().iter().filter(|r| r["selected"] == true).count(), 4);
    // Both vary at the start, and nothing says how together.
    let start = place.read("summary.csv").replacen("\n0,10,0,0,0\n", "\n0,10,1,0,1\n", 1);
    place.write("summary.csv", start);
    place.refused(learn, 3, &["together at the start", "`A-B-cov`", "moments.csv"]);
}

#[test]
fn an_ensemble_of_trajectories_is_reduced_to_its_moments() {
    let place = Place::new();
    place.write("m.crn", "species A = 0\nimmigration: 0 -> A @ 5\ndeath: A -> 0 @ 0.5\n");
    let simulate = "--trajectories | 2000 | --end | 6 | --steps | 6 | --seed | 5 | --quiet | --record | trajectories";
    place.good(&format!("simulate | m.crn | {simulate} | --output | out"));
    let data = "out/data/trajectories.csv | --quantity | counts";
    let result = place.learn(&format!("{data} | --order | 1"));
    assert_eq!((result["kind"].as_str(), result["route"].as_str()), (Some("ensemble"), Some("exact")));
    assert_learned(&result, &[("0 -> A", 5.0), ("A -> 0", 0.5)]);
    place.refused("out/data/trajectories.csv", 2, &["--quantity counts", "column `A`"]);
}

#[test]
fn a_trace_of_events_is_learned_by_its_exact_likelihood() {
    let place = Place::new();
    let text = "species X = 100, Y = 100\nX -> 2 X @ 1\nX + Y -> 2 Y @ 0.01\nY -> 0 @ 1\n";
    let kinetics = Kinetics::new(&crn::parse(text, "lv").unwrap().0).unwrap();
    let trace = Trace::sample(&Direct::default(), &kinetics, 7, 0, 12.0, 1_000_000).unwrap();
    let mut csv = "time,X [molecules],Y [molecules]\n".to_string();
    for (t, n) in trace.times.iter().zip(trace.counts.chunks(2)) {
        csv += &format!("{t},{},{}\n", n[0], n[1]);
    }
    place.write("trace.csv", csv);
    let result = place.learn("trace.csv | --report | out");
    assert_eq!((result["kind"].as_str(), result["route"].as_str()), (Some("trace"), Some("events")));
    assert_learned(&result, &[("X -> 2 X", 1.0), ("X + Y -> 2 Y", 0.01), ("Y -> 0", 1.0)]);
    assert!(verdict(&result, "no volume was given"));
    assert!(place.path("out/figures/evenness.svg").exists());
}

#[test]
fn a_trace_on_a_grid_is_learned_by_the_master_equation_or_refused() {
    let place = Place::new();
    place.write(
        "t.crn",
        "species off = 1, on = 0, mRNA = 0\nswitch_on: off -> on @ 1\nswitch_off: on -> off @ 2\n\
         transcription: on -> on + mRNA @ 20\ndecay: mRNA -> 0 @ 1\n",
    );
    let simulate = "--trajectories | 1 | --end | 80 | --steps | 200 | --seed | 2 | --quiet | --record | trajectories";
    place.good(&format!("simulate | t.crn | {simulate} | --output | out"));
    let truth = [("off -> on", 1.0), ("on -> off", 2.0), ("on -> on + mRNA", 20.0), ("mRNA -> 0", 1.0)];
    let result = place.learn("out/data/trajectories.csv | --model | t.crn");
    assert_eq!(result["route"].as_str(), Some("master-equation"));
    assert_learned(&result, &truth);
    // 3 species and second order are too many candidates for it.
    place.refused("out/data/trajectories.csv | --quantity | counts", 3, &["cannot be computed", "--candidates"]);
}

#[test]
fn a_model_of_which_the_complex_was_not_measured_is_fitted_or_refused_by_name() {
    let place = Place::new();
    place.write(
        "mm.crn",
        "time s\nvolume 1e-12 L\nspecies S = 10 uM, E = 2 uM, ES = 0 uM, P = 0 uM\n\
         parameter k_bind = 0.2 1/(uM s), k_unbind = 0.3 1/s, k_cat = 0.4 1/s\n\
         binding, unbinding: S + E <-> ES @ k_bind, k_unbind\ncatalysis: ES -> E + P @ k_cat\n",
    );
    place.good("simulate | mm.crn | --method | ode | --end | 30 | --steps | 60 | --concentration | S,P | --vars | S,P | --output | exact.csv");
    let mut rng = SimRng::new(3, 0, Purpose::Noise);
    let csv = noisy(&place.read("exact.csv"), |x| x + 0.02 * normal(&mut rng));
    let body = csv.split_once('\n').unwrap().1;
    place.write("course.csv", format!("time [s],S [uM],P [uM]\n{body}"));
    let learn = "course.csv | --model | mm.crn | --noise | additive:0.02";
    let result = place.learn(&format!("{learn} | --report | out"));
    assert!(verdict(&result, "were not measured"));
    assert_eq!(result["rate_units"]["binding"], "1/(uM s)");
    assert_learned(&result, &[("S + E -> ES", 0.2), ("ES -> S + E", 0.3), ("ES -> E + P", 0.4)]);
    assert!(place.read("learned.crn").contains("1/(uM s)"));
    // Two ways from A to B that differ in nothing measured.
    place.write("two.crn", "species A = 5, B = 0, C = 0\none: A -> B @ 0.3\ntwo: A -> B + C @ 0.2\n");
    let rows: Vec<String> = (0..30)
        .map(|i| {
            let t = 0.25 * f64::from(i);
            let a = 5.0 * (-0.5 * t).exp();
            format!("{t},{},{}", a + 0.02 * normal(&mut rng), 5.0 - a + 0.02 * normal(&mut rng))
        })
        .collect();
    place.write("two.csv", format!("time,A,B\n{}\n", rows.join("\n")));
    place.refused("two.csv | --model | two.crn | --noise | additive:0.02", 3, &["do not determine", "one", "two"]);
}

#[test]
fn bad_input_is_refused_with_its_place_and_leaves_nothing() {
    let place = Place::new();
    let utf16: Vec<u8> =
        [0xff, 0xfe].into_iter().chain("time,A\n0,1\n".encode_utf16().flat_map(u16::to_le_bytes)).collect();
    place
        .write("empty.csv", "")
        .write("header.csv", "time,A\n")
        .write("utf16.csv", utf16)
        .write("binary.csv", b"time,A\n0,1\n\0\x01\x02")
        .write("latin.csv", b"time,\xe4\n0,1\n")
        .write("nan.csv", "time,A\n0,1\n1,NaN\n")
        .write("words.csv", "time,A\n0,1\n1,many\n")
        .write("back.csv", "time,A\n0,1\n2,2\n1,3\n")
        .write("twice.csv", "time,A\n0,1\n0,2\n")
        .write("timeless.csv", "A,B\n1,2\n")
        .write("ragged.csv", "time,A\n0,1\n1\n")
        .write("negative.csv", "time,A\n0,1\n1,-2\n")
        .write("same.csv", "time,A,A\n0,1,1\n")
        .write("plain.csv", "time,A\n0,4.2\n1,3.1\n2,2.2\n3,1.7\n")
        .write("unit.csv", "time [s],A [kg]\n0,4\n1,3\n")
        .write("nottime.csv", "time [uM],A [uM]\n0,4\n1,3\n")
        .write("mixed.csv", "time,A [uM],B [molecules]\n0,4,2\n1,3,3\n")
        .write("moments.csv", "time,A-mean,A-var\n0,5,0\n1,4,1\n")
        .write("halves.csv", "time,A,B,A-se\n0,4,1,0.1\n1,3,2,0.1\n")
        .write("gaps.csv", "time,A\n0,\n1,\n")
        .write("A.crn", "species A = 5\nA -> 0 @ 0.3\n")
        .write("V.crn", "volume 10\nspecies A = 5\nA -> 0 @ 0.3\n")
        .write("broken.crn", "species A = 5\nA -> Q @ 0.3\n")
        .write("candidates.txt", "A -> 0\nA -> Z\n")
        .write("none.txt", "# nothing\n");
    for (command, words) in [
        ("missing.csv", &["missing.csv", "cannot be read"][..]),
        ("empty.csv", &["empty.csv: the file is empty"]),
        ("header.csv", &["header but no rows"]),
        ("utf16.csv", &["UTF-16", "save it as UTF-8"]),
        ("binary.csv", &["zero byte"]),
        ("latin.csv", &["latin.csv:1", "UTF-8"]),
        ("nan.csv", &["nan.csv:3: column `A`: `NaN` is not a finite number"]),
        ("words.csv", &["words.csv:3: column `A`: `many` is not a number"]),
        ("back.csv", &["back.csv:4: column `time`", "comes after a later one"]),
        ("twice.csv", &["twice.csv:3: column `time`", "given twice"]),
        ("timeless.csv", &["there is no column `time`"]),
        ("ragged.csv", &["ragged.csv:3", "1 cells, the header 2"]),
        ("negative.csv | --quantity | concentration", &["negative.csv:3: column `A`", "negative"]),
        ("same.csv", &["two columns are called `A`"]),
        ("gaps.csv", &["species `A` has no value"]),
        ("halves.csv", &["column `B`", "B-se"]),
        ("plain.csv", &["plain.csv: column `A`", "--quantity counts or --quantity concentration"]),
        ("plain.csv | --model | V.crn", &["--quantity"]),
        ("unit.csv", &["`kg` is not a unit"]),
        ("nottime.csv", &["`uM` is no unit of time"]),
        ("mixed.csv", &["counts", "concentrations", "--model"]),
        ("moments.csv", &["--trajectories N"]),
        ("nottime.csv | plain.csv | --model | A.crn", &["no unit of time"]),
        ("plain.csv | moments.csv", &["one kind at a time"]),
        ("plain.csv | --model | broken.crn", &["species `Q` is not declared"]),
        ("plain.csv | --model | absent.crn", &["absent.crn"]),
        ("timeless.csv | --model | A.crn", &["no column `time`"]),
        (
            "plain.csv | --quantity | concentration | --candidates | candidates.txt",
            &["candidates.txt:2", "species `Z` is not declared"],
        ),
        ("plain.csv | --quantity | concentration | --candidates | none.txt", &["none.txt"]),
        ("plain.csv | --quantity | concentration | --known | A -> Q", &["species `Q` is not declared"]),
        ("plain.csv | --quantity | concentration | --known | decay", &["no candidate reaction `decay`"]),
        ("plain.csv | --quantity | concentration | --fix | A -> 0=-1", &["must be >= 0"]),
        ("plain.csv | --quantity | concentration | --set | k=1", &["--model"]),
        ("plain.csv | --quantity | concentration | --volume | -1", &["--volume"]),
        ("plain.csv | --noise | relative", &["additive:S or relative:S"]),
        (".", &["moments.json"]),
    ] {
        place.refused(command, 2, words);
    }
    let unknown = "time,A,Q\n0,4,1\n1,3,2\n";
    place.write("unknown.csv", unknown).refused(
        "unknown.csv | --model | A.crn",
        2,
        &["`Q` is no species of the model"],
    );
}
