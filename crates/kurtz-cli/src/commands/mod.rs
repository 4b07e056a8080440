//! One file a command: arguments as typed become settings as meant, results become text and files.

mod bench;
mod bifurcate;
mod check;
mod convert;
mod learn;
mod moments;
mod predict;
mod questions;
mod reduce;
mod reduce_data;
mod run;
mod scan;
mod simulate;
mod solve;
mod spikes;

use crate::arguments::{Cli, Command};
use anyhow::{Context, Result, bail};
use kurtz::model::Diagnostic;
use kurtz::report::OutputDirectory;
use std::path::Path;

/// Carries out a command; false if everything was done but a check failed.
pub fn run(cli: Cli) -> Result<bool> {
    match cli.command {
        Command::Check(arguments) => check::run(&arguments),
        Command::Convert(arguments) => convert::run(&arguments),
        Command::Simulate(arguments) => simulate::run(&arguments),
        Command::Moments(arguments) => moments::run(&arguments),
        Command::Solve(arguments) => solve::run(&arguments),
        Command::Bifurcate(arguments) => bifurcate::run(&arguments),
        Command::Scan(arguments) => scan::run(&arguments),
        Command::Spikes(arguments) => spikes::run(&arguments),
        Command::Reduce(arguments) => reduce::run(&arguments),
        Command::Learn(arguments) => learn::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Predict(arguments) => predict::run(&arguments),
        Command::Run(arguments) => run::run(&arguments),
    }
}

/// Prints what is odd about a model, if anything.
fn print_warnings(warnings: &[Diagnostic]) {
    for warning in warnings {
        eprint!("{warning}");
    }
}

/// Does work on that many threads (all cores if `None`).
fn in_pool<T: Send>(threads: Option<usize>, work: impl FnOnce() -> T + Send) -> Result<T> {
    if threads.is_some_and(|n| n == 0 || n > 4096) {
        bail!("--threads must be from 1 to 4096");
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.unwrap_or(0)).build();
    Ok(pool.context("cannot start threads")?.install(work))
}

/// A directory for results; tables are written as Parquet beside CSV where that is built in.
fn directory(path: &Path) -> Result<OutputDirectory> {
    let mut output = OutputDirectory::create(path)?;
    #[cfg(feature = "parquet")]
    output.register(crate::parquet::Parquet);
    Ok(output)
}
