//! `kurtz scan` and `kurtz spikes`: what they keep, what they refuse, and that nothing is done twice.

use crate::{Place, columns, model};

/// A row of a column of the table of conditions.
fn column(csv: &str, name: &str) -> Vec<String> {
    let mut lines = csv.lines();
    let place = lines.next().expect("a header").split(',').position(|h| h == name).unwrap_or_else(|| panic!("{name}"));
    lines.map(|line| line.split(',').nth(place).expect("a cell").to_string()).collect()
}

const SCAN: &str = "scan m.crn --vary k=1,2 --vary A=5:15:5 --end 4 --steps 40 --trajectories 50 --output out --quiet";
const DECAY: &str = "species A = 10, B = 0\nparameter k = 1\nA -> B @ k\nB -> A @ 1\n";

#[test]
fn every_combination_is_visited_once_and_kept() {
    let place = Place::with("m.crn", DECAY);
    let first = place.succeeds(SCAN);
    assert!(first.stdout.contains("6 conditions (0 were there already)"), "{}", first.stdout);
    let table = place.read("out/data/conditions.csv");
    assert_eq!(column(&table, "k")[..4], ["1", "1", "1", "1"]);
    assert_eq!(column(&table, "A"), ["5", "5", "10", "10", "15", "15", "5", "5", "10", "10", "15", "15"]);
    // A is binomial with k = 1: half of the total on average, known to its standard error over 50 trajectories.
    let mean: f64 = column(&table, "mean")[2].parse().expect("a number");
    assert!((mean - 5.0).abs() < 5.0 * (2.5f64 / 50.0).sqrt(), "{mean}");
    let kept = place.read("out/conditions/k=2.0_A=15.0.json");
    // The same again: nothing is computed, nothing changes.
    let second = place.succeeds(SCAN);
    assert!(second.stdout.contains("6 conditions (6 were there already)"), "{}", second.stdout);
    assert_eq!(place.read("out/conditions/k=2.0_A=15.0.json"), kept);
    // One lost, one more asked for: these two alone, the lost one with the same numbers.
    std::fs::remove_file(place.path("out/conditions/k=2.0_A=15.0.json")).expect("it was there");
    let third =
        place.succeeds(&SCAN.replace("--vary A=5:15:5", "--vary A=5:20:5").replace("--quiet", "--quiet --threads 1"));
    assert!(third.stdout.contains("8 conditions (5 were there already)"), "{}", third.stdout);
    let again = place.read("out/conditions/k=2.0_A=15.0.json");
    let without_time = |text: &str| {
        let at = text.find("\"seconds\"").expect("seconds");
        let end = at + text[at..].find(',').expect("more follows");
        format!("{}{}", &text[..at], &text[end..])
    };
    assert_eq!(without_time(&again), without_time(&kept));
    for file in ["report.html", "figures/ranges.svg", "data/courses.csv", "data/traces.csv", "provenance.json"] {
        assert!(place.path(&format!("out/{file}")).is_file(), "{file}");
    }
}

#[test]
fn other_settings_are_noticed_and_replaced_only_if_asked() {
    let place = Place::with("m.crn", DECAY);
    place.succeeds(SCAN);
    let changed = SCAN.replace("--trajectories 50", "--trajectories 60");
    place.fails(&changed, 2, &["k=1.0_A=5.0.json", "`trajectories` was 50 and is now 60", "--replace"]);
    place.write("m.crn", DECAY.replace("B -> A @ 1", "B -> A @ 3"));
    place.fails(SCAN, 2, &["k=1.0_A=5.0.json", "another model"]);
    let replaced = place.succeeds(&format!("{SCAN} --replace"));
    assert!(replaced.stdout.contains("(0 were there already)"), "{}", replaced.stdout);
    place.write("out/conditions/k=1.0_A=5.0.json", "{}");
    place.fails(SCAN, 2, &["k=1.0_A=5.0.json", "no condition"]);
}

#[test]
fn scans_that_make_no_sense_are_refused() {
    let place = Place::with("m.crn", DECAY);
    let with = |options: &str| format!("scan m.crn --end 4 --output out {options}");
    for (options, parts) in [
        ("--vary q=1", &["`q`", "k, A, B, volume"][..]),
        ("--vary k=1,1", &["twice"]),
        ("--vary k=1 --vary k=2", &["twice"]),
        ("--trajectories 1", &["trajectories is 1"]),
        ("--vars C", &["`C`"]),
        ("--continuous r9", &["`r9`"]),
        ("--window 9", &["window"]),
        ("--method nothing", &["`nothing`"]),
        ("--steps 0", &["steps"]),
    ] {
        place.fails(&with(options), 2, parts);
    }
    for options in ["--vary k", "--vary k=x", "--vary k=1:2", "--hold A"] {
        assert_eq!(place.run(&with(options)).code, 2, "{options}");
    }
}

#[test]
fn receptors_find_their_balance_while_a_ligand_is_held() {
    let place = Place::with("m.crn", "species L = 50, R = 40, C = 0\nR + L -> C @ 0.02\nC -> R + L @ 1\n");
    place.succeeds("scan m.crn --hold L --hold-for 20 --end 0.001 --steps 1 --trajectories 400 --output out --quiet");
    let course = columns(&place.read("out/data/courses.csv"));
    let at_start = |name: &str| course.iter().find(|c| c.0 == name).unwrap_or_else(|| panic!("{name}")).1[0];
    // k L = 1: half of the receptors are bound, while L is what it was.
    assert_eq!((at_start("L-mean"), at_start("L-sd")), (50.0, 0.0));
    assert!((at_start("C-mean") - 20.0).abs() < 5.0 * (10f64 / 400.0).sqrt(), "{course:?}");
}

#[test]
fn the_period_of_a_trace_is_found_from_the_command_line() {
    let place = Place::with("m.crn", model("brusselator.crn"));
    place.succeeds(
        "scan m.crn --vary B=3 --end 60 --steps 1200 --trajectories 4 --keep 2 --vars X --output out --quiet",
    );
    let found = place.succeeds("spikes out/data/traces.csv --vars X --from 10 --output peaks.csv");
    let (peaks, period) = (column(&found.stdout, "peaks"), column(&found.stdout, "period"));
    assert_eq!(peaks.len(), 2);
    for (peaks, period) in peaks.iter().zip(&period) {
        // The cycle of the deterministic equations has a period of 7.16.
        let (peaks, period): (f64, f64) = (peaks.parse().expect("a number"), period.parse().expect("a number"));
        assert!((5.0..9.0).contains(&peaks) && (6.0..8.5).contains(&period), "{}", found.stdout);
    }
    let each = place.read("peaks.csv");
    assert!(each.lines().count() > 10 && each.starts_with("condition,trajectory,variable,time,height"), "{each}");
    place.fails("spikes out/data/traces.csv --vars Q", 2, &["`Q`", "X"]);
    place.fails("spikes out/data/traces.csv --from 1000", 2, &["fewer than 3"]);
    place.fails("spikes nothing.csv", 2, &["nothing.csv"]);
}

#[cfg(unix)]
#[test]
fn an_interrupted_scan_keeps_what_is_finished_and_goes_on() {
    use std::process::{Command, Stdio};
    let place = Place::with("m.crn", model("lotka-volterra.crn"));
    let line = "scan m.crn --vary Y1=900:1100:10 --end 3 --steps 30 --trajectories 20 --threads 1 --output out --quiet";
    let child = place.command(line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command starts");
    let begun = std::time::Instant::now();
    let kept = || std::fs::read_dir(place.path("out/conditions")).map_or(0, Iterator::count);
    while kept() < 2 && begun.elapsed().as_secs() < 60 {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let sent = Command::new("sh").args(["-c", &format!("kill -INT {}", child.id())]).status().expect("a shell");
    assert!(sent.success());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(130), "{}", String::from_utf8_lossy(&output.stderr));
    let finished = kept();
    assert!((2..21).contains(&finished), "{finished}");
    assert!(place.files().iter().all(|name| !name.contains("/.")), "{:?}", place.files());
    let rest = place.succeeds(line);
    assert!(rest.stdout.contains(&format!("21 conditions ({finished} were there already)")), "{}", rest.stdout);
}
