//! Arguments of `kurtz convert`.

use super::Model;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

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
