//! First-passage times, sensitivities, laws at rest, drawn parameters, ensembles of a given precision.

use crate::{Place, columns};
use std::process::Output;

const BIRTH_DEATH: &str = "species A = 0\nparameter k = 20, d = 0.5\n 0 -> A @ k\n A -> 0 @ d\n";

/// Runs the command with arguments that hold spaces.
fn run(place: &Place, arguments: &[&str]) -> Output {
    let mut command = place.command("simulate n.crn");
    command.args(arguments).output().expect("the command starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

#[test]
fn waiting_for_a_condition_gives_its_survival_and_a_report() {
    let place = Place::with("n.crn", "species A = 0\n 0 -> A @ 2\n");
    let found = run(&place, &["--until", "A >= 1", "--end", "1", "--steps", "4", "--trajectories", "4000"]);
    assert!(found.status.success(), "{}", text(&found.stderr));
    let table = columns(&text(&found.stdout));
    for (time, survival) in table[0].1.iter().zip(&table[1].1) {
        let exact = (-2.0 * time).exp();
        assert!((survival - exact).abs() < 5.0 * (exact * (1.0 - exact) / 4000.0).sqrt() + 1e-12, "{time}");
    }
    assert!(text(&found.stderr).contains("of 4000 trajectories by time 1"));
    assert!(run(&place, &["--until", "A >= 1", "--end", "9", "--output", "out"]).status.success());
    assert!(place.read("out/data/passages.csv").starts_with("trajectory,time,A\n"));
    for (condition, words) in
        [("A >= ", "A >="), ("B > 1", "B"), ("A > 1: A = 3", "one expression"), ("A < time", "reads the time")]
    {
        let refused = run(&place, &["--until", condition, "--end", "1"]);
        assert_eq!(refused.status.code(), Some(2), "{condition}: {}", text(&refused.stderr));
        assert!(text(&refused.stderr).contains(words), "{condition}: {}", text(&refused.stderr));
    }
}

#[test]
fn sensitivities_are_those_of_the_closed_form() {
    let place = Place::with("n.crn", BIRTH_DEATH);
    for by in ["coupled", "likelihood-ratio"] {
        let line =
            ["--sensitivity", "k", "--sensitivity-by", by, "--end", "4", "--steps", "2", "--trajectories", "2000"];
        let found = run(&place, &line);
        assert!(found.status.success(), "{}", text(&found.stderr));
        let lines: Vec<Vec<String>> =
            text(&found.stdout).lines().map(|line| line.split(',').map(str::to_owned).collect()).collect();
        assert_eq!(lines[0], ["time", "parameter", "A-derivative", "A-derivative-se"]);
        let number = |row: usize, column: usize| lines[row][column].parse::<f64>().expect("a number");
        let exact = (1.0 - (-0.5f64 * 4.0).exp()) / 0.5;
        assert!((number(3, 2) - exact).abs() < 5.0 * number(3, 3), "{by} {:?}", lines[3]);
    }
    let exact = (1.0 - (-0.5f64 * 4.0).exp()) / 0.5;
    // The mean obeys the equation, whose derivative has no error of sampling.
    let forward = run(&place, &["--method", "ode", "--sensitivity", "k", "--end", "4", "--steps", "2"]);
    assert!(forward.status.success(), "{}", text(&forward.stderr));
    let last: Vec<String> = text(&forward.stdout).lines().last().expect("rows").split(',').map(str::to_owned).collect();
    assert!((last[2].parse::<f64>().expect("a number") - exact).abs() < 1e-6, "{last:?}");
    let refused = run(&place, &["--method", "ode", "--sensitivity", "k", "--end", "4", "--trajectories", "7"]);
    assert_eq!(refused.status.code(), Some(2), "{}", text(&refused.stderr));
    let unknown = run(&place, &["--sensitivity", "z", "--end", "4"]);
    assert_eq!(unknown.status.code(), Some(2), "{}", text(&unknown.stderr));
}

#[test]
fn the_law_at_rest_is_found_or_declined() {
    let place = Place::with("n.crn", BIRTH_DEATH);
    let found = run(&place, &["--stationary", "--end", "5"]);
    assert!(found.status.success(), "{}", text(&found.stderr));
    let row: Vec<String> = text(&found.stdout).lines().nth(1).expect("a row").split(',').map(str::to_owned).collect();
    let number = |k: usize| row[k].parse::<f64>().expect("a number");
    assert!(
        (number(1) - 40.0).abs() < 6.0 * number(2) && (number(3) - 40f64.sqrt()).abs() < 6.0 * number(4),
        "{row:?}"
    );
    place.write("n.crn", "species A = 0\n 0 -> A @ 20\n");
    let growing = run(&place, &["--stationary", "--end", "1", "--trajectories", "16"]);
    assert_eq!(growing.status.code(), Some(3), "{}", text(&growing.stderr));
}

#[test]
fn parameters_are_drawn_for_each_trajectory() {
    let place = Place::with("n.crn", BIRTH_DEATH);
    let line = ["--draw", "k ~ gamma(20, 0.5)", "--end", "20", "--steps", "1", "--trajectories", "4000"];
    let found = run(&place, &line);
    assert!(found.status.success(), "{}", text(&found.stderr));
    let table = columns(&text(&found.stdout));
    // Var = E k / d + Var k / d^2 = 40 + 400; its relative error is below 5 %.
    assert!((table[1].1[1] - 40.0).abs() < 5.0 * (440.0f64 / 4000.0).sqrt());
    assert!((table[2].1[1].powi(2) / 440.0 - 1.0).abs() < 0.2, "{}", table[2].1[1]);
    for (draw, words) in [("k", "is not of the form"), ("z ~ normal(1, 1)", "`z`"), ("k ~ normal(0, 5)", "was drawn")] {
        let refused = run(&place, &["--draw", draw, "--end", "1"]);
        assert!(matches!(refused.status.code(), Some(2 | 3)), "{draw}: {}", text(&refused.stderr));
        assert!(text(&refused.stderr).contains(words), "{draw}: {}", text(&refused.stderr));
    }
}

#[test]
fn an_ensemble_is_as_large_as_a_precision_takes_and_that_of_its_number() {
    let place = Place::with("n.crn", BIRTH_DEATH);
    let found = run(&place, &["--until-error", "A=0.3%", "--end", "20", "--steps", "2"]);
    assert!(found.status.success(), "{}", text(&found.stderr));
    let note = text(&found.stderr);
    let number: f64 = note.split_whitespace().nth(1).expect("a number").parse().expect("a number");
    // Standard deviation sqrt(40) of 40: (0.158 / 0.003)^2 = 2778 and the margin.
    assert!((2700.0..3700.0).contains(&number), "{note}");
    let number = format!("{number}");
    let again = run(&place, &["--trajectories", &number, "--end", "20", "--steps", "2"]);
    assert_eq!(text(&found.stdout), text(&again.stdout));
    let unknown = run(&place, &["--until-error", "B=1%", "--end", "1"]);
    assert_eq!(unknown.status.code(), Some(2), "{}", text(&unknown.stderr));
    let bad = run(&place, &["--until-error", "A=-3", "--end", "1"]);
    assert_eq!(bad.status.code(), Some(2));
}

#[test]
fn streamed_trajectories_are_those_of_the_report() {
    let place = Place::with("n.crn", BIRTH_DEATH);
    let line = ["--end", "4", "--steps", "4", "--trajectories", "700"];
    let kept = run(&place, &[&line[..], &["--record", "trajectories", "--output", "out"]].concat());
    assert!(kept.status.success(), "{}", text(&kept.stderr));
    let streamed = run(&place, &[&line[..], &["--stream", "s.csv"]].concat());
    assert!(streamed.status.success(), "{}", text(&streamed.stderr));
    let (kept, streamed) = (columns(&place.read("out/data/trajectories.csv")), columns(&place.read("s.csv")));
    assert_eq!(kept, streamed);
    assert_eq!(streamed[0].1.len(), 700 * 5);
    let refused = run(&place, &["--end", "4", "--stream", "nowhere/s.csv"]);
    assert_eq!(refused.status.code(), Some(2));
}

#[test]
fn a_checkpoint_is_taken_up_by_the_same_command_alone() {
    use std::time::Duration;
    let place = Place::with("n.crn", "species A = 1000\nparameter k = 1000\n 0 -> A @ k\n A -> 0 @ 1\n");
    let line =
        "simulate n.crn --end 30 --steps 3 --trajectories 500 --threads 1 --method first-reaction --checkpoint c";
    let mut interrupted = place.command(line);
    let mut child = interrupted.stdout(std::process::Stdio::null()).spawn().expect("the command starts");
    std::thread::sleep(Duration::from_millis(1500));
    #[cfg(unix)]
    std::process::Command::new("sh").args(["-c", &format!("kill -INT {}", child.id())]).status().expect("a shell");
    let code = child.wait().expect("it ends").code();
    // On a busy machine it may not have come to its first block, or be done.
    if code == Some(130) && place.path("c").exists() {
        let other = place.run(&line.replace("500", "501"));
        assert_eq!(other.code, 2, "{}", other.stderr);
        assert!(other.stderr.contains("another model, version or settings"), "{}", other.stderr);
    }
    let resumed = place.succeeds(line).stdout;
    assert!(!place.path("c").exists());
    assert_eq!(resumed, place.succeeds(&line.replace(" --checkpoint c", "")).stdout);
}
