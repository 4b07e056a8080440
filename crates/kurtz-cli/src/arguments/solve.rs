//! Arguments of `kurtz solve`.

use super::{Model, Running};
use clap::Args;
use std::path::PathBuf;

/// `kurtz solve`.
#[derive(Args, Debug)]
pub struct Solve {
    #[command(flatten)]
    pub model: Model,
    /// Last time, in the model's unit.
    #[arg(long, value_name = "T")]
    pub end: f64,
    /// Number of steps of the output.
    #[arg(long, value_name = "K", default_value_t = 20)]
    pub steps: usize,
    /// Probability that may leak out of the finite state space by the end: the bound on the error.
    #[arg(long, value_name = "EPS", default_value_t = 1e-8)]
    pub tolerance: f64,
    /// Largest number of states.
    #[arg(long, value_name = "N", default_value_t = 2_000_000)]
    pub max_states: usize,
    /// Write means and standard deviations to this file (.csv or .parquet).
    #[arg(long, value_name = "FILE")]
    pub summary: Option<PathBuf>,
    /// Write everything, with figures and a report, to this directory.
    #[arg(long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    pub running: Running,
}
