//! Bad input ends with exit code 2, a method that declines with 3; both with one message and nothing left behind.

use crate::{Place, model};
use std::time::{Duration, Instant};

const DECAY: &str = "species Alpha = 10\nparameter decay = 0.5\ndeath: Alpha -> 0 @ decay\n";
const EXPLOSION: &str = "species A = 10\nparameter k = 1\ngrowth: 2 A -> 3 A @ k\n";

#[test]
fn everything_wrong_with_a_model_is_said_at_once_with_its_line_and_the_name_that_was_meant() {
    let text = "species Alpha = 10, Beta = -3\nparameter decay = 0.5\n\
                death: Alpa -> 0 @ decay\nbirth: 0 -> Beta @ deccay\nspecies Alpha = 4\n";
    let place = Place::with("m.crn", text);
    for command in ["check m.crn", "simulate m.crn --end 1", "solve m.crn --end 1", "moments m.crn"] {
        let parts = ["m.crn:3:8", "`Alpa`", "Alpha", "m.crn:4:20", "`deccay`", "m.crn:5:9", "twice", "m.crn:1:"];
        let outcome = place.fails(command, 2, &parts);
        assert_eq!(outcome.stderr.matches("did you mean").count(), 2, "{}", outcome.stderr);
        assert_eq!(outcome.stderr.matches("error: ").count(), 4, "{}", outcome.stderr);
    }
}

#[test]
fn a_file_that_is_no_text_is_named() {
    let place = Place::new();
    place.write("empty.crn", "");
    place.write("binary.crn", [0xc3, 0x28, 0x00, 0xff, 0x00]);
    let wide = |order: fn(u16) -> [u8; 2]| "\u{feff}species A = 1".encode_utf16().flat_map(order).collect::<Vec<u8>>();
    place.write("wide.crn", wide(u16::to_le_bytes));
    place.write("swapped.crn", wide(u16::to_be_bytes));
    std::fs::create_dir(place.path("folder.crn")).expect("writable");
    let cases = [
        ("empty.crn", "empty"),
        ("binary.crn", "UTF-8"),
        ("wide.crn", "UTF-16"),
        ("swapped.crn", "UTF-16"),
        ("folder.crn", "directory"),
        ("missing.crn", "cannot read"),
    ];
    for (file, what) in cases {
        place.fails(&format!("check {file}"), 2, &[file, what]);
        place.fails(&format!("simulate {file} --end 1"), 2, &[file, what]);
    }
}

#[test]
fn unknown_names_are_refused_with_what_there_is() {
    let place = Place::with("m.crn", DECAY);
    for command in ["simulate", "solve", "moments"] {
        place.fails(&format!("{command} m.crn --end 1 --init Beta=3"), 2, &["species `Beta`", "Alpha"]);
        place.fails(&format!("{command} m.crn --end 1 --set rate=3"), 2, &["parameter `rate`", "decay"]);
    }
    place.fails("check m.crn --set rate=3", 2, &["parameter `rate`", "decay"]);
    place.fails("simulate m.crn --end 1 --vars Alpha,Beta", 2, &["`Beta`", "Alpha"]);
    for option in ["vars", "amount", "concentration"] {
        place.fails(&format!("simulate m.crn --end 1 --method ode --{option} Beta"), 2, &["`Beta`", "Alpha"]);
    }
    place.fails("moments m.crn --end 1 --closure gausian", 2, &["closure `gausian`", "gaussian"]);
    place.fails("simulate m.crn --end 1 --method exact", 2, &["exact", "first-reaction"]);
}

#[test]
fn numbers_out_of_range_are_named() {
    let place = Place::with("m.crn", DECAY);
    for command in ["simulate m.crn", "simulate m.crn --method ode", "solve m.crn", "moments m.crn"] {
        let fails = |options: &str, parts: &[&str]| drop(place.fails(&format!("{command} {options}"), 2, parts));
        fails("--end 1 --set decay=-1", &["`death`", "-1"]);
        fails("--end 1 --set decay=nan", &["decay", "not finite"]);
        fails("--end 1 --set decay=inf", &["decay", "not finite"]);
        fails("--end 1 --set decay", &["decay", "NAME=VALUE"]);
        fails("--end 1 --set decay=fast", &["`fast`", "not a number"]);
        fails("--end 1 --init Alpha=-1", &["`Alpha`", "-1"]);
        for volume in ["-1", "0", "nan", "inf"] {
            fails(&format!("--end 1 --volume {volume}"), &["volume", ">"]);
        }
        for end in ["-1", "0", "nan", "inf"] {
            fails(&format!("--end {end}"), &["end is", "finite"]);
        }
        fails("--end 1 --steps 0", &["steps is 0"]);
        fails("--end 1 --steps -3", &["--steps", "-3"]);
        fails("--end 1 --steps 99999999999", &["steps is 99999999999"]);
    }
    for command in ["simulate m.crn --end 1", "solve m.crn --end 1"] {
        place.fails(&format!("{command} --init Alpha=2.5"), 2, &["`Alpha`", "2.5", "whole number"]);
        place.fails(&format!("{command} --init Alpha=1e17"), 2, &["`Alpha`", "1e17", "2^52"]);
        place.fails(&format!("{command} --threads 0"), 2, &["--threads"]);
    }
    place.fails("simulate m.crn --end 1 --trajectories 0", 2, &["trajectories is 0"]);
    place.fails("simulate m.crn --end 1 --trajectories 1.5", 2, &["--trajectories", "1.5"]);
    place.fails("simulate m.crn --end 1 --start 2", 2, &["end is 1", "after the start"]);
    place.fails("simulate m.crn --end 1 --start -1", 2, &["start is -1"]);
    place.fails("simulate m.crn --end 1 --method ode --rtol -1", 2, &["relative tolerance is -1"]);
    place.fails("simulate m.crn --end 1 --method ode --atol nan", 2, &["absolute tolerance", "NaN"]);
    for option in ["--trajectories 9", "--seed 2", "--order 2", "--summary x.csv", "--covariance --output x.csv"] {
        let named = option.split_whitespace().next().expect("an option");
        place.fails(&format!("simulate m.crn --end 1 --method ode {option}"), 2, &[named, "ensembles"]);
    }
    for option in ["--rtol 1e-6", "--atol 1e-6", "--amount Alpha"] {
        let named = option.split_whitespace().next().expect("an option");
        place.fails(&format!("simulate m.crn --end 1 {option}"), 2, &[named, "--method ode"]);
    }
    place.fails("simulate m.crn --end 1 --vars Alpha,Alpha", 2, &["`Alpha` twice"]);
    place.fails("simulate m.crn --end 1 --method ode --vars Alpha,Alpha", 2, &["`Alpha` twice"]);
    place.fails("solve m.crn --end 1 --tolerance 2", 2, &["tolerance is 2"]);
    place.fails("moments m.crn --order 9", 2, &["--order", "9"]);
}

#[test]
fn fractional_and_huge_counts_in_a_model_are_refused_where_they_stand() {
    for (count, what) in [("2.5", "whole number"), ("1e17", "2^53"), ("-1", "-1")] {
        let place = Place::with("m.crn", format!("\nspecies A = {count}\nA -> 0 @ 1\n"));
        place.fails("check m.crn", 2, &["m.crn:2:", "`A`", what]);
    }
}

#[test]
fn a_place_where_nothing_can_be_written_is_refused_before_the_work() {
    let place = Place::with("m.crn", DECAY);
    place.write("file", "mine");
    std::fs::create_dir(place.path("folder.csv")).expect("writable");
    // So much work that only a check before it can answer in time.
    let long = "--end 1000 --init Alpha=1000000 --trajectories 1000000000";
    let begun = Instant::now();
    for output in ["--summary x.dat", "--summary nowhere/x.csv", "--summary folder.csv", "--summary file/x.csv"] {
        let place_of = output.split_whitespace().last().expect("a path");
        place.fails(&format!("simulate m.crn {long} {output}"), 2, &[place_of]);
        place.fails(&format!("solve m.crn --end 1 {output}"), 2, &[place_of]);
    }
    for output in ["file", "file/out"] {
        place.fails(&format!("simulate m.crn {long} --output {output}"), 2, &["`file`", "not a directory"]);
        place.fails(&format!("solve m.crn --end 1 --output {output}"), 2, &["`file`", "not a directory"]);
    }
    place.fails(&format!("simulate m.crn {long} --output x.csv"), 2, &["x.csv", "directory"]);
    place.fails(&format!("simulate m.crn {long} --record trajectories"), 2, &["--output"]);
    place.fails("simulate m.crn --method ode --end 1 --output file", 2, &["`file`", ".csv"]);
    place.fails("moments m.crn --end 1 --output x.txt", 2, &["x.txt", ".csv"]);
    place.fails("moments m.crn --output x.csv", 2, &["--end"]);
    assert_eq!(place.read("file"), "mine");
    assert!(begun.elapsed() < Duration::from_secs(60));
}

#[test]
fn moments_that_cannot_be_had_are_declined() {
    let place = Place::with("pairs.crn", model("dimerisation.crn"));
    place.fails("moments pairs.crn --end 1", 3, &["higher moments", "closure"]);
    place.write("enzyme.crn", "species S = 10\nparameter v = 1\nturnover: S -> 0 @ rate(v*S/(1 + S))\n");
    place.fails("moments enzyme.crn", 3, &["`turnover`", "not a polynomial", "stochastic simulation"]);
}

#[test]
fn an_explosion_ends_soon_with_a_stated_reason() {
    let place = Place::with("m.crn", EXPLOSION);
    let begun = Instant::now();
    place.fails("simulate m.crn --end 5", 3, &["explodes", "time"]);
    place.fails("simulate m.crn --end 5 --method first-reaction --output out", 3, &["explodes", "time"]);
    place.fails("simulate m.crn --end 5 --method ode", 3, &["`A`", "without bound", "0.2"]);
    place.fails("solve m.crn --end 5", 3, &["growing: A", "explode"]);
    place.fails("moments m.crn --end 5 --closure gaussian", 3, &["without bound"]);
    assert!(begun.elapsed() < Duration::from_secs(60));
}

#[test]
fn rate_laws_that_are_no_propensities_are_refused_at_the_start_and_declined_later() {
    let place = Place::with("negative.crn", "species A = 10\nminus: A -> 0 @ propensity(-2*A)\n");
    place.write("nan.crn", "species A = 10\nodd: A -> 0 @ propensity(ln(5 - A))\n");
    place.write("later.crn", "species A = 10\nempty: A -> 0 @ propensity(3)\n");
    place.write("clock.crn", "species A = 10\npulse: A -> 0 @ propensity(time*A)\n");
    for command in ["simulate --method direct", "solve"] {
        place.fails(&format!("{command} negative.crn --end 100"), 2, &["`minus`", "-20", "A = 10"]);
        place.fails(&format!("{command} nan.crn --end 100"), 2, &["`odd`", "NaN", "A = 10"]);
        place.fails(&format!("{command} later.crn --end 100"), 3, &["`empty`", "negative", "A = 0"]);
        place.fails(&format!("{command} clock.crn --end 100"), 3, &["`pulse`", "depends on time"]);
    }
    place.fails("simulate nan.crn --end 100 --method ode", 3, &["error"]);
}

#[test]
fn a_closure_that_gives_impossible_moments_is_declined() {
    // Few molecules that annihilate each other are far from normally distributed.
    let place = Place::with("m.crn", "species A = 4, B = 4\nA + B -> 0 @ 1\n");
    place.fails("moments m.crn --end 3.4 --closure gaussian", 3, &["the mean of A becomes -0.0", "no law has"]);
}

#[test]
fn a_reader_who_goes_away_is_no_fault() {
    use std::process::{Command, Stdio};
    let place = Place::with("m.crn", DECAY);
    let mut command = Command::new(env!("CARGO_BIN_EXE_kurtz"));
    command.args(["simulate", "m.crn", "--end", "1", "--summary", "s.csv"]).current_dir(place.path("."));
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command");
    // Closed before anything is written.
    drop(child.stdout.take());
    let outcome = child.wait_with_output().expect("an end");
    assert_eq!((outcome.status.code(), String::from_utf8_lossy(&outcome.stderr).as_ref()), (Some(0), ""));
    assert!(place.path("s.csv").exists());
}
