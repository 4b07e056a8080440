//! Ctrl-C.
#![cfg(unix)]

use crate::{Place, model};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

#[test]
fn an_interrupted_run_ends_soon_with_130_and_leaves_nothing() {
    let place = Place::with("m.crn", model("lotka-volterra.crn"));
    let line = "simulate m.crn --end 10 --trajectories 1000000 --threads 2 --output out --summary s.csv";
    let mut command = place.command(line);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command starts");
    std::thread::sleep(Duration::from_millis(1500));
    let begun = Instant::now();
    let sent = Command::new("sh").args(["-c", &format!("kill -INT {}", child.id())]).status().expect("a shell");
    assert!(sent.success());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(130), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(begun.elapsed() < Duration::from_secs(20));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
    assert!(String::from_utf8_lossy(&output.stderr).contains("interrupted"));
    assert_eq!(place.files(), ["m.crn"]);
}
