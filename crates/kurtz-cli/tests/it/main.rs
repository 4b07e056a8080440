//! The command as a user meets it: the real binary, its exit codes, its messages, and the files it leaves.

mod approximations;
mod bad_input;
mod bifurcations;
mod hostile;
mod interruption;
mod models;
mod questions;
mod reduced_models;
mod reductions;
mod results;
mod scans;
mod studies;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// A folder of its own, in which the command is run.
struct Place {
    folder: TempDir,
}

/// What came of a command.
struct Outcome {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Place {
    fn new() -> Self {
        Place { folder: tempfile::tempdir().expect("a temporary directory") }
    }

    /// With a file in it.
    fn with(name: &str, contents: impl AsRef<[u8]>) -> Self {
        let place = Place::new();
        place.write(name, contents);
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), contents).expect("writable");
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// All files below the folder, sorted.
    fn files(&self) -> Vec<String> {
        fn below(folder: &Path, names: &mut Vec<PathBuf>) {
            for entry in std::fs::read_dir(folder).expect("readable") {
                let path = entry.expect("readable").path();
                if path.is_dir() { below(&path, names) } else { names.push(path) }
            }
        }
        let mut paths = Vec::new();
        below(self.folder.path(), &mut paths);
        let name = |path: PathBuf| {
            path.strip_prefix(self.folder.path()).expect("below it").to_string_lossy().replace('\\', "/")
        };
        let mut names: Vec<String> = paths.into_iter().map(name).collect();
        names.sort();
        names
    }

    /// The command, ready to run here.
    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kurtz"));
        command.args(line.split_whitespace()).current_dir(self.folder.path()).stdin(Stdio::null());
        command
    }

    /// Runs the command; arguments are separated by spaces.
    fn run(&self, line: &str) -> Outcome {
        let output = self.command(line).output().expect("the command starts");
        Outcome {
            code: output.status.code().expect("it ends by itself"),
            stdout: String::from_utf8(output.stdout).expect("text"),
            stderr: String::from_utf8(output.stderr).expect("text"),
        }
    }

    /// Runs a command that must succeed.
    #[track_caller]
    fn succeeds(&self, line: &str) -> Outcome {
        let outcome = self.run(line);
        assert_eq!(outcome.code, 0, "{line}: {}", outcome.stderr);
        outcome
    }

    /// Runs a command that must fail with this exit code and one message that has all of `parts`, and must leave nothing
    /// behind: neither on standard output nor in the folder.
    #[track_caller]
    fn fails(&self, line: &str, code: i32, parts: &[&str]) -> Outcome {
        let before = self.files();
        let outcome = self.run(line);
        let Outcome { stdout, stderr, .. } = &outcome;
        assert_eq!(outcome.code, code, "{line}: {stderr}");
        assert_eq!(stdout, "", "{line}");
        assert!(stderr.starts_with("error: "), "{line}: {stderr}");
        assert!(!stderr.contains("panicked"), "{line}: {stderr}");
        for part in parts {
            assert!(stderr.contains(part), "{line}: no `{part}` in {stderr}");
        }
        assert_eq!(self.files(), before, "{line}");
        outcome
    }
}

/// A model of the zoo.
fn model(name: &str) -> String {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "..", "models", name].iter().collect();
    std::fs::read_to_string(path).expect("the models are there")
}

/// The columns of a CSV text, by name.
fn columns(csv: &str) -> Vec<(String, Vec<f64>)> {
    let mut lines = csv.lines();
    let header = lines.next().expect("a header");
    let mut columns: Vec<(String, Vec<f64>)> = header.split(',').map(|name| (name.to_string(), Vec::new())).collect();
    for line in lines {
        for (column, cell) in columns.iter_mut().zip(line.split(',')) {
            column.1.push(cell.parse().expect("a number"));
        }
    }
    columns
}
