//! A model and the changes to it, as many commands take them.

use clap::Args;
use kurtz::model::kinetics::Changes;
use kurtz::study::ModelChoice;
use std::path::PathBuf;

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

pub(super) fn assignment(text: &str) -> Result<(String, f64), String> {
    let (name, value) = text.rsplit_once('=').ok_or("expected NAME=VALUE")?;
    let value: f64 = value.trim().parse().map_err(|_| format!("`{value}` is not a number"))?;
    if value.is_finite() { Ok((name.trim().into(), value)) } else { Err(format!("`{value}` is not finite")) }
}
