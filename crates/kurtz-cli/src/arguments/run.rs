//! Arguments of `kurtz run`.

use super::{ModelChanges, Running};
use clap::Args;
use std::path::PathBuf;

/// `kurtz run`.
#[derive(Args, Debug)]
pub struct Run {
    /// The study, a TOML file.
    #[arg(value_name = "STUDY")]
    pub study: PathBuf,
    /// Directory of the report [default: out/<name of the study>].
    #[arg(long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Run the long version.
    #[arg(long)]
    pub full: bool,
    /// Seed of the random numbers, instead of the study's own.
    #[arg(long, value_name = "S")]
    pub seed: Option<u64>,
    #[command(flatten)]
    pub changes: ModelChanges,
    #[command(flatten)]
    pub running: Running,
}
