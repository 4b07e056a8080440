//! `kurtz simulate`: what to simulate, how, and what to keep.

use super::{Model, Running};
use clap::{Args, ValueEnum};
use kurtz::dynamics::drawn::Draw;
use kurtz::study::precision::Precision;
use std::path::PathBuf;

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
    /// Derivatives of means by these parameters, with standard errors, from exact trajectories; with --method ode those of the
    /// equations.
    #[arg(long, value_name = "P,Q", value_delimiter = ',', conflicts_with = "stationary")]
    pub sensitivity: Option<Vec<String>>,
    /// How derivatives are estimated [default: coupled].
    #[arg(long, value_name = "HOW", requires = "sensitivity")]
    pub sensitivity_by: Option<SensitivityEstimator>,
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

/// Ways to estimate derivatives of means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SensitivityEstimator {
    /// --trajectories coupled pairs for each parameter, 1 % above and below it: for few parameters and long times.
    Coupled,
    /// --trajectories trajectories for all parameters, weighted: for many parameters, short times, few events.
    LikelihoodRatio,
}

impl SensitivityEstimator {
    /// The setting that it stands for.
    pub fn choice(self) -> kurtz::study::sensitivity::Estimator {
        match self {
            SensitivityEstimator::Coupled => kurtz::study::sensitivity::Estimator::Coupled,
            SensitivityEstimator::LikelihoodRatio => kurtz::study::sensitivity::Estimator::LikelihoodRatio,
        }
    }
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
