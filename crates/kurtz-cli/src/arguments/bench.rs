//! Arguments of `kurtz bench`.

use clap::Args;
use std::path::PathBuf;

/// `kurtz bench`.
#[derive(Args, Debug)]
pub struct Bench {
    /// Models, separated by commas: immigration-death, dimerisation, michaelis-menten, sir, lotka-volterra, schloegl,
    /// epidermis, vilar-oscillator, de-young-keizer, chain-100, chain-801, chain-5001 [default: all]; chain-N of any N.
    #[arg(long, value_name = "M,N", value_delimiter = ',')]
    pub models: Option<Vec<String>>,
    /// Methods, separated by commas [default: lanes, direct, next-reaction, composition-rejection, rejection].
    #[arg(long, value_name = "M,N", value_delimiter = ',')]
    pub methods: Option<Vec<String>>,
    /// Seconds that each measurement takes at least.
    #[arg(long, value_name = "S", default_value_t = 0.3)]
    pub seconds: f64,
    /// Threads to use.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub threads: usize,
    /// Seed of the random numbers.
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// Write the measurements to this file (.csv or .parquet), or a report to this directory, with a figure of the cost of
    /// an event against the number of reactions if several chains were measured.
    #[arg(long, value_name = "FILE|DIR")]
    pub output: Option<PathBuf>,
    /// Show no progress.
    #[arg(long, short)]
    pub quiet: bool,
}
