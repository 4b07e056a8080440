//! `kurtz run`.

use super::in_pool;
use crate::arguments::Run;
use crate::output::check_directory;
use crate::terminal::Terminal;
use anyhow::Result;
use kurtz::study::file::{Choices, Study};
use std::path::PathBuf;

pub fn run(arguments: &Run) -> Result<bool> {
    let name = arguments.study.file_stem().unwrap_or_default();
    let path = arguments.output.clone().unwrap_or_else(|| PathBuf::from("out").join(name));
    let choices = Choices {
        full: arguments.full,
        seed: arguments.seed,
        changes: arguments.changes.changes(),
        directory: path.clone(),
    };
    let study = Study::read(&arguments.study, &choices)?;
    check_directory(Some(&path))?;
    let terminal = Terminal::new(arguments.running.quiet);
    let findings = in_pool(arguments.running.threads, || study.run(&terminal))?;
    terminal.clear();
    let findings = findings?;
    let report = findings.write(super::directory(&path)?)?;
    println!("{}", findings.report.verdicts().to_text());
    println!("report: {}", report.display());
    Ok(findings.report.passed())
}
