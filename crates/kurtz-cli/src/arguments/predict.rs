//! Arguments of `kurtz predict`.

use super::model::assignment;
use clap::Args;
use std::path::PathBuf;

/// `kurtz predict`.
#[derive(Args, Debug)]
pub struct Predict {
    /// Reduced models (`.safetensors`), trials of one another.
    #[arg(value_name = "MODEL", required = true)]
    pub models: Vec<PathBuf>,
    /// Mean count of a visible species at the start; may be repeated. Default: typical of the data.
    #[arg(long, value_name = "SPECIES=COUNT", value_parser = assignment)]
    pub mean: Vec<(String, f64)>,
    /// Standard deviation of the count of a visible species at the start; may be repeated. Default: typical of the data.
    #[arg(long, value_name = "SPECIES=COUNT", value_parser = assignment)]
    pub sd: Vec<(String, f64)>,
    /// Last time after the start, in the unit of the data. Default: as far as the data go.
    #[arg(long, value_name = "T")]
    pub end: Option<f64>,
    /// Integrate with error control instead of Euler's method with the step of the data, as published.
    #[arg(long)]
    pub adaptive: bool,
    /// Write the prediction to this file (.csv or .parquet) instead of the terminal.
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}
