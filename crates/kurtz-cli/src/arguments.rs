//! The command line as typed.

use clap::{Arg, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use kurtz::dynamics::drawn::Draw;
use kurtz::learn::series::NoiseModel;
use kurtz::model::kinetics::Changes;
use kurtz::study::ModelChoice;
use kurtz::study::precision::Precision;
use kurtz::study::scan::{Varied, parse_values};
use std::path::PathBuf;

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

/// A model and what to change in it.
#[derive(Args, Clone, Debug)]
pub struct Model {
    /// The model: a `.crn` file, or SBML (`.xml`, `.sbml`).
    #[arg(value_name = "MODEL")]
    pub path: PathBuf,
    #[command(flatten)]
    pub changes: ModelChanges,
}

/// Changes to a model.
#[derive(Args, Clone, Debug, Default)]
pub struct ModelChanges {
    /// Change a parameter, in the unit the model declares for it; may be repeated.
    #[arg(long = "set", value_name = "PARAM=VALUE", value_parser = assignment)]
    pub set: Vec<(String, f64)>,
    /// Change the initial amount of a species, as a count or concentration just as the model gives it; may be repeated.
    #[arg(long = "init", value_name = "SPECIES=VALUE", value_parser = assignment)]
    pub init: Vec<(String, f64)>,
    /// Change the volume, in the unit the model declares for it.
    #[arg(long, value_name = "V")]
    pub volume: Option<f64>,
}

impl Model {
    /// As the library wants it.
    pub fn choice(&self) -> ModelChoice {
        ModelChoice { path: self.path.clone(), changes: self.changes.changes() }
    }
}

impl ModelChanges {
    /// As the library wants it.
    pub fn changes(&self) -> Changes {
        Changes { parameters: self.set.clone(), initial: self.init.clone(), volume: self.volume }
    }
}

fn assignment(text: &str) -> Result<(String, f64), String> {
    let (name, value) = text.rsplit_once('=').ok_or("expected NAME=VALUE")?;
    let value: f64 = value.trim().parse().map_err(|_| format!("`{value}` is not a number"))?;
    if value.is_finite() { Ok((name.trim().into(), value)) } else { Err(format!("`{value}` is not finite")) }
}

fn precision(text: &str) -> Result<Precision, String> {
    let (variable, value) = text.rsplit_once('=').ok_or("expected NAME=FRACTION, such as A=1%")?;
    let value = value.trim();
    let (number, unit) = value.strip_suffix('%').map_or((value, 1.0), |number| (number, 0.01));
    let number: f64 = number.trim().parse().map_err(|_| format!("`{value}` is not a number"))?;
    let relative = unit * number;
    if !(relative > 0.0 && relative < 1.0) {
        return Err(format!("`{value}` is not between 0 and 100 %"));
    }
    Ok(Precision { variable: variable.trim().into(), relative })
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

/// `kurtz check`.
#[derive(Args, Debug)]
pub struct Check {
    #[command(flatten)]
    pub model: Model,
}

/// `kurtz convert`.
#[derive(Args, Debug)]
pub struct Convert {
    #[command(flatten)]
    pub model: Model,
    /// The file to write.
    #[arg(value_name = "OUT")]
    pub output: PathBuf,
    /// The format to write [default: what the name of OUT ends in: .crn, or .xml and .sbml].
    #[arg(long, value_name = "FORMAT")]
    pub to: Option<ModelFormat>,
}

/// Formats of models.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ModelFormat {
    /// The text format of kurtz.
    Crn,
    /// SBML Level 3.
    Sbml,
}

/// `kurtz simulate`.
#[derive(Args, Debug)]
pub struct Simulate {
    #[command(flatten)]
    pub model: Model,
    /// How to simulate.
    #[arg(long, default_value = "auto")]
    pub method: SimulationMethod,
    /// Reactions that flow instead of happening molecule by molecule (hybrid); those of both directions by their names,
    /// as `kurtz check` shows them.
    #[arg(long, value_name = "R,S", value_delimiter = ',')]
    pub continuous: Option<Vec<String>>,
    /// Let them flow by whole molecules in steps of this length instead of integrating (hybrid; as in published work).
    #[arg(long, value_name = "TIME", requires = "continuous")]
    pub current_step: Option<f64>,
    /// Number of independent trajectories (stochastic methods) [default: 1000].
    #[arg(long, value_name = "N")]
    pub trajectories: Option<u64>,
    /// Last time, in the model's unit.
    #[arg(long, value_name = "T")]
    pub end: f64,
    /// First time of the output; simulation always begins at 0.
    #[arg(long, value_name = "T0", default_value_t = 0.0)]
    pub start: f64,
    /// Number of steps of the output: rows at start, ..., end, one more than steps.
    #[arg(long, value_name = "K", default_value_t = 100)]
    pub steps: usize,
    /// Seed of the random numbers (stochastic methods) [default: 1].
    #[arg(long, value_name = "S")]
    pub seed: Option<u64>,
    /// What to write, separated by commas: species, parameters, compartments, reactions (their flux) [default: all species].
    #[arg(long, value_name = "X,Y", value_delimiter = ',')]
    pub vars: Option<Vec<String>>,
    /// Species to write as amounts (ode).
    #[arg(long, value_name = "X,Y", value_delimiter = ',')]
    pub amount: Option<Vec<String>>,
    /// Species to write as concentrations (ode).
    #[arg(long, value_name = "X,Y", value_delimiter = ',')]
    pub concentration: Option<Vec<String>>,
    /// Relative tolerance (ode) [default: 1e-8].
    #[arg(long)]
    pub rtol: Option<f64>,
    /// Absolute tolerance, of quantities below 1 in proportion (ode) [default: in proportion to each, 1e-3 of rtol].
    #[arg(long)]
    pub atol: Option<f64>,
    /// Largest systematic error allowed to a method that leaps, of means and standard deviations, in standard deviations:
    /// leaps are made shorter until a pilot keeps to it, or the method declines [default: 0.05].
    #[arg(long, value_name = "E")]
    pub error: Option<f64>,
    /// Bound on the relative change of any rate in a leap; the error that it makes is told, not bounded [default: 0.03, or
    /// less as --error asks].
    #[arg(long, value_name = "EPS", conflicts_with = "error")]
    pub epsilon: Option<f64>,
    /// The law of the time at which a condition first holds, such as `A >= 100 && B == 0`; exact. Trajectories are given up
    /// at --end.
    #[arg(long, value_name = "CONDITION", conflicts_with_all = ["sensitivity", "stationary"])]
    pub until: Option<String>,
    /// Derivatives of means by these parameters, with standard errors, from --trajectories coupled pairs for each; exact.
    #[arg(long, value_name = "P,Q", value_delimiter = ',', conflicts_with = "stationary")]
    pub sensitivity: Option<Vec<String>>,
    /// The law at rest, averaged over time; --end is the time of a first attempt and doubled until nothing drifts.
    #[arg(long)]
    pub stationary: bool,
    /// What each trajectory draws for itself, a parameter or initial amount; may be repeated. Laws: lognormal(mean, cv),
    /// gamma(mean, cv), normal(mean, sd), uniform(low, high), poisson(mean).
    #[arg(long, value_name = "NAME ~ LAW")]
    pub draw: Vec<Draw>,
    /// As many trajectories as it takes until the standard error of the mean of X is below a fraction of it.
    #[arg(long, value_name = "X=1%", value_parser = precision, conflicts_with = "trajectories")]
    pub until_error: Option<Precision>,
    /// Keep the state of the ensemble in this file, every ten seconds and when interrupted: the same command goes on from
    /// there, with identical results.
    #[arg(long, value_name = "FILE", conflicts_with = "until_error")]
    pub checkpoint: Option<PathBuf>,
    /// Write every trajectory at every output time to this file (.csv or .parquet) while the ensemble runs, without
    /// holding them in memory.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["checkpoint", "until_error"])]
    pub stream: Option<PathBuf>,
    /// Correct means to the next order in 1 / volume (lna).
    #[arg(long)]
    pub corrected_means: bool,
    /// Order to which moments are kept, 1 to 4 (stochastic methods) [default: 2].
    #[arg(long, value_name = "ORDER", value_parser = clap::value_parser!(u32).range(1..=4))]
    pub order: Option<u32>,
    /// Keep the sampling covariance of the moments across times, up to this order, for `kurtz learn` (needs --output).
    #[arg(long, value_name = "ORDER", requires = "output", num_args = 0..=1, default_missing_value = "2",
          require_equals = true, value_parser = clap::value_parser!(u32).range(1..=4))]
    pub covariance: Option<u32>,
    /// Write means and standard deviations to this file (.csv or .parquet).
    #[arg(long, value_name = "FILE")]
    pub summary: Option<PathBuf>,
    /// Write everything, with figures and a report, to this directory; or, for ode, a table to a file (.csv, .parquet).
    #[arg(long, value_name = "DIR|FILE")]
    pub output: Option<PathBuf>,
    /// Keep more than moments (needs --output).
    #[arg(long, value_name = "WHAT")]
    pub record: Vec<Record>,
    #[command(flatten)]
    pub running: Running,
}

/// Ways to simulate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SimulationMethod {
    /// The fastest exact method for the network: lanes or composition-rejection where rates are constant, else hybrid.
    Auto,
    /// Exact: the direct method (Gillespie 1977).
    Direct,
    /// Exact: the direct method, many trajectories at once in the lanes of vector registers.
    Lanes,
    /// Exact: the first-reaction method (Gillespie 1976).
    FirstReaction,
    /// Exact: the next-reaction method (Gibson & Bruck 2000).
    NextReaction,
    /// Exact: the sorting direct method (McCollum et al. 2006).
    SortingDirect,
    /// Exact: composition-rejection, for large networks (Slepoy et al. 2008).
    CompositionRejection,
    /// Exact: rejection by bounds on propensities, RSSA (Thanh et al. 2014).
    Rejection,
    /// Exact, with rules, events and rates that change in time.
    Hybrid,
    /// Approximate: many events in a leap of order 2 (Cao, Gillespie & Petzold 2006; Anderson & Koyama 2012).
    TauLeap,
    /// Approximate: the same, with implicit leaps over fast reactions in equilibrium.
    ImplicitTauLeap,
    /// Approximate: the chemical Langevin equation.
    Langevin,
    /// Approximate: exact where molecules are few, Langevin where they are many.
    AdaptiveHybrid,
    /// Means and covariances by the linear noise approximation.
    Lna,
    /// The equations of the network (of mass action: Kurtz's limit), integrated.
    Ode,
}

/// What else to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Record {
    /// Every trajectory at every output time.
    Trajectories,
    /// The law of each species at every output time.
    Histograms,
    /// Covariances between all pairs of output times (lna).
    Correlations,
    /// Stationary covariances and power spectra (lna).
    Spectrum,
}

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

/// `kurtz bench`.
#[derive(Args, Debug)]
pub struct Bench {
    /// Models, separated by commas: immigration-death, dimerisation, michaelis-menten, sir, lotka-volterra, schloegl,
    /// epidermis, vilar-oscillator, de-young-keizer, chain-100, chain-801, chain-5001 [default: all].
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
    /// Write the measurements to this file (.csv or .parquet).
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Show no progress.
    #[arg(long, short)]
    pub quiet: bool,
}

/// `kurtz learn`.
#[derive(Args, Debug)]
pub struct Learn {
    /// Data: CSV or Parquet files of values or moments over time, or directories written by `kurtz simulate --output`.
    #[arg(value_name = "DATA", required = true)]
    pub data: Vec<PathBuf>,
    /// Write the learned network to this file.
    #[arg(long, value_name = "FILE.crn")]
    pub output: Option<PathBuf>,
    /// Write everything that was found to this file, for programs.
    #[arg(long, value_name = "FILE.json")]
    pub json: Option<PathBuf>,
    /// Write a report with figures to this directory.
    #[arg(long, value_name = "DIR")]
    pub report: Option<PathBuf>,
    /// A model that gives species, volume, units and the reactions to choose from.
    #[arg(long, value_name = "MODEL")]
    pub model: Option<PathBuf>,
    /// A file of candidate reactions, one a line; rates are not needed.
    #[arg(long, value_name = "FILE", conflicts_with = "model")]
    pub candidates: Option<PathBuf>,
    /// Without model or candidates: all reactions of up to so many molecules are candidates.
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=3))]
    pub order: u32,
    /// What values are, where no column says so with a unit.
    #[arg(long, value_name = "counts|concentration")]
    pub quantity: Option<Quantity>,
    /// Standard error of measured values, in their unit or as a fraction of them.
    #[arg(long, value_name = "additive:S|relative:S", value_parser = noise)]
    pub noise: Option<NoiseModel>,
    /// Number of trajectories behind moments, where no column says so.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(2..))]
    pub trajectories: Option<u64>,
    /// Fix a rate constant; the reaction by name or equation; may be repeated.
    #[arg(long, value_name = "REACTION=VALUE", value_parser = assignment)]
    pub fix: Vec<(String, f64)>,
    /// A reaction that is certainly in the network, by name or equation; may be repeated.
    #[arg(long, value_name = "REACTION")]
    pub known: Vec<String>,
    #[command(flatten)]
    pub changes: ModelChanges,
    /// Seed of the random numbers.
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    #[command(flatten)]
    pub running: Running,
}

/// What values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Quantity {
    /// Numbers of molecules.
    Counts,
    /// Amounts per volume.
    Concentration,
}

fn noise(text: &str) -> Result<NoiseModel, String> {
    let (kind, size) = text.split_once(':').ok_or("expected additive:S or relative:S")?;
    let size: f64 = size.trim().parse().map_err(|_| format!("`{size}` is not a number"))?;
    if !(size > 0.0 && size.is_finite()) {
        return Err(format!("a standard error of {size} is not positive"));
    }
    match kind.trim() {
        "additive" => Ok(NoiseModel::Additive(size)),
        "relative" => Ok(NoiseModel::Relative(size)),
        other => Err(format!("`{other}` is neither additive nor relative")),
    }
}

/// `kurtz scan`.
#[derive(Args, Debug)]
pub struct Scan {
    #[command(flatten)]
    pub model: Model,
    /// What is varied and its values, as in IP3=0.1:2.0:0.1 or volume=1e-14,1e-12: a parameter, the initial amount of a
    /// species, or `volume`; may be repeated, every combination is visited.
    #[arg(long, value_name = "NAME=VALUES", value_parser = varied)]
    pub vary: Vec<Varied>,
    /// How to simulate: auto, direct, first-reaction, hybrid.
    #[arg(long, value_name = "METHOD", default_value = "auto")]
    pub method: String,
    /// Reactions that flow instead of happening molecule by molecule (hybrid).
    #[arg(long, value_name = "R,S", value_delimiter = ',')]
    pub continuous: Vec<String>,
    /// Let them flow by whole molecules in steps of this length instead of integrating (hybrid; as in published work).
    #[arg(long, value_name = "TIME", requires = "continuous")]
    pub current_step: Option<f64>,
    /// Species held before the start, while the others find their balance (hybrid).
    #[arg(long, value_name = "X,Y", value_delimiter = ',', requires = "hold_for")]
    pub hold: Vec<String>,
    /// How long they are held, in the model's unit of time.
    #[arg(long, value_name = "TIME", requires = "hold")]
    pub hold_for: Option<f64>,
    /// Trajectories of each condition.
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub trajectories: u64,
    /// Last time, in the model's unit.
    #[arg(long, value_name = "T")]
    pub end: f64,
    /// Number of steps of the output.
    #[arg(long, value_name = "K", default_value_t = 1000)]
    pub steps: usize,
    /// Begin of the window, up to the end, in which ranges, peaks and averages are taken [default: half of the time].
    #[arg(long, value_name = "T0")]
    pub window: Option<f64>,
    /// Least prominence of a peak, in the unit of the variable [default: half the distance between the 5 % and the 95 %
    /// quantile of each trace].
    #[arg(long, value_name = "P")]
    pub prominence: Option<f64>,
    /// What to observe, separated by commas; species in the unit in which the model gives them [default: all species].
    #[arg(long, value_name = "X,Y", value_delimiter = ',')]
    pub vars: Vec<String>,
    /// Trajectories of each condition that are kept whole.
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub keep: usize,
    /// Seed of the random numbers.
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// Directory of the report; finished conditions are kept in `conditions` there, and are not computed again.
    #[arg(long, value_name = "DIR")]
    pub output: PathBuf,
    /// Compute conditions again that are there from other settings.
    #[arg(long)]
    pub replace: bool,
    #[command(flatten)]
    pub running: Running,
}

fn varied(text: &str) -> Result<Varied, String> {
    let (name, values) = text.split_once('=').ok_or("expected NAME=VALUES")?;
    Ok(Varied { name: name.trim().into(), values: parse_values(values)? })
}

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
