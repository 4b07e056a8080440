//! Arguments of `kurtz bifurcate`.

use super::Model;
use clap::Args;
use std::path::PathBuf;

/// `kurtz bifurcate`.
#[derive(Args, Debug)]
pub struct Bifurcate {
    #[command(flatten)]
    pub model: Model,
    /// What is varied: a parameter, a clamped species, the initial amount of a species (which changes conserved totals),
    /// or a compartment; in the unit in which the model gives it.
    #[arg(long, value_name = "NAME")]
    pub parameter: String,
    /// Its lowest value.
    #[arg(long, value_name = "A")]
    pub from: f64,
    /// Its highest value.
    #[arg(long, value_name = "B")]
    pub to: f64,
    /// Species to show, separated by commas [default: all that can change, up to four in figures].
    #[arg(long, value_name = "X,Y", value_delimiter = ',')]
    pub vars: Option<Vec<String>>,
    /// Attractors are tabulated at the ends of so many equal steps of the range.
    #[arg(long, value_name = "K", default_value_t = 100)]
    pub steps: usize,
    /// States from which further steady states are sought, at each end and the middle of the range.
    #[arg(long, value_name = "N", default_value_t = 30)]
    pub starts: usize,
    /// Largest step along a branch of steady states; the range counts as 1.
    #[arg(long, value_name = "H", default_value_t = 0.02)]
    pub largest_step: f64,
    /// Follow steady states only.
    #[arg(long)]
    pub no_cycles: bool,
    /// Write the attractors at each value to this file (.csv or .parquet).
    #[arg(long, value_name = "FILE")]
    pub summary: Option<PathBuf>,
    /// Write everything, with figures and a report, to this directory.
    #[arg(long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Show no progress.
    #[arg(long, short)]
    pub quiet: bool,
}
