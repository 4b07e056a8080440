//! The command line as typed: one file a command, as in `commands`.

mod bench;
mod bifurcate;
mod check;
mod convert;
mod learn;
mod model;
mod moments;
mod predict;
mod reduce;
mod run;
mod scan;
mod simulate;
mod solve;
mod spikes;

pub use bench::Bench;
pub use bifurcate::Bifurcate;
pub use check::Check;
pub use convert::{Convert, ModelFormat};
pub use learn::{Learn, Quantity};
pub use model::{Model, ModelChanges};
pub use moments::Moments;
pub use predict::Predict;
pub use reduce::{Reduce, ReductionMethod};
pub use run::Run;
pub use scan::Scan;
pub use simulate::{Record, SensitivityEstimator, Simulate, SimulationMethod};
pub use solve::Solve;
pub use spikes::Spikes;

use clap::{Arg, Args, CommandFactory, FromArgMatches, Parser, Subcommand};

/// From a chemical reaction network to a reduced model that one can trust.
///
/// Exit codes: 0 good, 1 a check failed, 2 bad input, 3 the method declines, 130 interrupted.
#[derive(Debug, Parser)]
#[command(name = "kurtz", version, max_term_width = 110)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

impl Cli {
    /// The arguments of this process; ends it, with a message, if they are wrong.
    pub fn read() -> Self {
        // `--end -1` is a bad end, not an unknown option `-1`.
        let numbers = |arg: Arg| {
            let takes_values = arg.get_action().takes_values();
            arg.allow_negative_numbers(takes_values)
        };
        let matches = Cli::command().mut_subcommands(|command| command.mut_args(numbers)).get_matches();
        Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Describe a network, or say what is wrong with it.
    Check(Check),
    /// Write a model in another format: .crn to SBML or back.
    Convert(Convert),
    /// Simulate a network: an ensemble of exact trajectories, or its mass-action equations.
    Simulate(Box<Simulate>),
    /// Derive the moment equations of a network, close and solve them.
    Moments(Moments),
    /// Solve the master equation of a network by finite state projection, with an error bound.
    Solve(Solve),
    /// Follow steady states and limit cycles of the mass-action equations along a parameter.
    Bifurcate(Bifurcate),
    /// Simulate a network at every combination of values; finished conditions are kept.
    Scan(Box<Scan>),
    /// Find peaks, intervals between them and periods in traces.
    Spikes(Spikes),
    /// Find the time scales of a network and reduce it to the slow ones, with an estimate of the error.
    Reduce(Box<Reduce>),
    /// Learn reactions and rate constants from data.
    Learn(Box<Learn>),
    /// Follow reduced models that a study learned from another start.
    Predict(Predict),
    /// Run a study from a TOML file and write its report.
    Run(Run),
    /// Measure how many events a second the exact methods make of the built-in models on this machine.
    Bench(Bench),
}

/// Threads and chatter.
#[derive(Args, Clone, Debug)]
pub struct Running {
    /// Threads to use; results do not depend on it [default: all cores].
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
    /// Show no progress bar.
    #[arg(long, short)]
    pub quiet: bool,
}
