//! Hostile SBML files, made and judged by `scripts/hostile_sbml.py`: how every command answers them.

use std::path::Path;
use std::process::Command;

/// Runs the script on the files whose names have this text in them; all if it is empty.
fn judge(options: &[&str]) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/hostile_sbml.py");
    // Tests are not optimised much, and run beside others.
    let output = Command::new("python3")
        .arg(script)
        .arg(env!("CARGO_BIN_EXE_kurtz"))
        .args(["--seconds", "60"])
        .args(options)
        .output();
    match output {
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
            assert!(said.contains(" 0 with faults"), "{said}");
        }
        Err(error) => eprintln!("skipped: python3 cannot be run: {error}"),
    }
}

#[test]
fn hostile_files_are_answered_by_every_command() {
    judge(&["--only", "math-,circle-,dangling-,expansion-product", "--skip-large"]);
}

#[test]
#[ignore = "minutes: 220 files, five commands each; best with --release"]
fn every_hostile_file_is_answered_by_every_command() {
    judge(&["--megabytes", "500"]);
}
