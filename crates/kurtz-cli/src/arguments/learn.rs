//! Arguments of `kurtz learn`.

use super::model::assignment;
use super::{ModelChanges, Running};
use clap::{Args, ValueEnum};
use kurtz::learn::series::NoiseModel;
use std::path::PathBuf;

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
