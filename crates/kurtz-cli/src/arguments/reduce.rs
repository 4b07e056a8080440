//! Arguments of `kurtz reduce`.

use super::{ModelChanges, Running};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// `kurtz reduce`.
#[derive(Args, Debug)]
pub struct Reduce {
    /// The model: a `.crn` file, or SBML (`.xml`, `.sbml`).
    #[arg(value_name = "MODEL", required_unless_present = "data")]
    pub path: Option<PathBuf>,
    #[command(flatten)]
    pub changes: ModelChanges,
    /// Reduce what was recorded instead of a model: CSV tables with a column `time` and one a species.
    #[arg(long, value_name = "CSV", num_args = 1.., conflicts_with_all = ["path", "set", "init", "volume", "fast_species",
        "fast_reactions", "method", "end", "vars", "trajectories", "latex", "json"])]
    pub data: Vec<PathBuf>,
    /// With --data: noise of all species as a fraction of the value [default: estimated].
    #[arg(long, value_name = "FRACTION", requires = "data")]
    pub noise: Option<f64>,
    /// With --data: by how much a reduced description may be off, as a fraction [default: 0.01].
    #[arg(long, value_name = "FRACTION", requires = "data")]
    pub discrepancy: Option<f64>,
    /// Species to take as fast, separated by commas [default: chosen by the time scales].
    #[arg(long, value_name = "X,Y", value_delimiter = ',')]
    pub fast_species: Vec<String>,
    /// Reactions to take as fast, separated by commas; a reversible one counts in both directions.
    #[arg(long, value_name = "R,S", value_delimiter = ',')]
    pub fast_reactions: Vec<String>,
    /// How fast species are eliminated [default: the simplest way that serves].
    #[arg(long)]
    pub method: Option<ReductionMethod>,
    /// Last time, in the model's unit [default: until all has come to rest].
    #[arg(long, value_name = "T")]
    pub end: Option<f64>,
    /// Time from which on the reduced model must be right [default: found, within the first fifth].
    #[arg(long, value_name = "T0")]
    pub from: Option<f64>,
    /// Species whose errors count, separated by commas [default: all that are not fast].
    #[arg(long, value_name = "X,Y", value_delimiter = ',')]
    pub vars: Vec<String>,
    /// Largest relative error accepted.
    #[arg(long, value_name = "EPS", default_value_t = 0.05)]
    pub tolerance: f64,
    /// Smallest ratio of rates that counts as a gap.
    #[arg(long, value_name = "RATIO", default_value_t = 3.0)]
    pub gap: f64,
    /// Exact trajectories of each network to compare their noise [default: as many as make 2e7 reactions; 0: none].
    #[arg(long, value_name = "N")]
    pub trajectories: Option<u64>,
    /// Seed of the random numbers.
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// Write the reduced network to this file (.crn, or SBML: .xml, .sbml).
    #[arg(long, value_name = "FILE")]
    pub network: Option<PathBuf>,
    /// Print the reduced equations as LaTeX.
    #[arg(long)]
    pub latex: bool,
    /// Write everything that was found to this file, for programs.
    #[arg(long, value_name = "FILE.json")]
    pub json: Option<PathBuf>,
    /// Write everything, with figures and a report, to this directory.
    #[arg(long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    pub running: Running,
}

/// Ways to eliminate fast species.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReductionMethod {
    /// Quasi-steady state.
    Qssa,
    /// Partial equilibrium of fast reactions.
    PartialEquilibrium,
    /// Total quasi-steady state.
    TotalQssa,
}
