//! Arguments of `kurtz scan`.

use super::{Model, Running};
use clap::Args;
use kurtz::study::scan::{Varied, parse_values};
use std::path::PathBuf;

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
