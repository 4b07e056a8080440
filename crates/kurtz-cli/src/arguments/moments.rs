//! Arguments of `kurtz moments`.

use super::Model;
use clap::Args;
use std::path::PathBuf;

/// `kurtz moments`.
#[derive(Args, Debug)]
pub struct Moments {
    #[command(flatten)]
    pub model: Model,
    /// Highest order of the moments, 1 to 6.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=6))]
    pub order: u32,
    /// Closure, if the equations do not close: gaussian, log-normal, zero-central, derivative-matching, ... .
    #[arg(long, value_name = "NAME")]
    pub closure: Option<String>,
    /// Print the equations as LaTeX.
    #[arg(long, conflicts_with = "end")]
    pub latex: bool,
    /// Raw moments instead of central ones (for the printed equations).
    #[arg(long)]
    pub raw: bool,
    /// Solve the equations up to this time.
    #[arg(long, value_name = "T")]
    pub end: Option<f64>,
    /// Number of steps of the output.
    #[arg(long, value_name = "K", default_value_t = 100)]
    pub steps: usize,
    /// Write the solution to this file (.csv or .parquet) instead of the terminal.
    #[arg(long, value_name = "FILE", requires = "end")]
    pub output: Option<PathBuf>,
}
