//! `kurtz check`: a network described.

use super::{ModelChoice, ModelFile};
use crate::Error;
use std::fmt;

/// What there is to say about a network.
#[derive(Debug)]
pub struct Description {
    /// The model.
    pub model: ModelFile,
}

/// Describes the network of a model file.
///
/// # Errors
/// Mistakes in the file, and changes to what it does not have.
pub fn run(choice: &ModelChoice) -> Result<Description, Error> {
    Ok(Description { model: choice.read()? })
}

impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.model.kinetics.network().to_crn())
    }
}
