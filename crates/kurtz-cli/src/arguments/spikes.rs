//! Arguments of `kurtz spikes`.

use clap::Args;
use std::path::PathBuf;

/// `kurtz spikes`.
#[derive(Args, Debug)]
pub struct Spikes {
    /// Values over time (.csv), as `kurtz simulate --record trajectories` and `kurtz scan` write them: a column `time`,
    /// columns of values, and `condition` and `trajectory` if there are several.
    #[arg(value_name = "DATA.csv")]
    pub data: PathBuf,
    /// The columns to look at, separated by commas [default: all].
    #[arg(long, value_name = "X,Y", value_delimiter = ',')]
    pub vars: Vec<String>,
    /// Leave out what is before this time.
    #[arg(long, value_name = "T0")]
    pub from: Option<f64>,
    /// Leave out what is after this time.
    #[arg(long, value_name = "T1")]
    pub to: Option<f64>,
    /// Least prominence of a peak, in the unit of the values [default: half the distance between the 5 % and the 95 %
    /// quantile of each trace].
    #[arg(long, value_name = "P")]
    pub prominence: Option<f64>,
    /// Write one row a trace to this file (.csv or .parquet) instead of the terminal.
    #[arg(long, value_name = "FILE")]
    pub summary: Option<PathBuf>,
    /// Write one row a peak to this file (.csv or .parquet).
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}
