//! Files as they come: tables, and directories of `kurtz simulate --output`.

use crate::Error;
use kurtz_dynamics::MomentSeries;
use kurtz_dynamics::data::{Cells, DataError, DataFile};
use kurtz_model::Network;
use kurtz_model::format;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::path::Path;

/// A file that was read, for the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Its name, as given.
    pub file: String,
    /// SHA-256 of its contents, in hexadecimal.
    pub sha256: String,
}

/// One data argument.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Input {
    /// A table of values or moments.
    Table {
        /// The table.
        file: DataFile,
        /// Where it comes from.
        source: Source,
    },
    /// An ensemble written by `kurtz simulate --output`.
    Ensemble {
        /// Name of the directory.
        name: String,
        /// Moments, with their sampling covariance if it was recorded.
        moments: MomentSeries,
        /// The network that was simulated, if it lies beside.
        network: Option<Box<Network>>,
        /// Where it comes from.
        source: Source,
    },
}

/// File in a directory of `kurtz simulate` that holds the moments.
const MOMENTS: &str = "moments.json";

impl Input {
    /// Reads a CSV file or a directory of `kurtz simulate --output`.
    ///
    /// # Errors
    /// Files that cannot be read or have mistakes; directories of other origin.
    pub fn read(path: &Path) -> Result<Input, Error> {
        if path.is_dir() {
            return Self::read_directory(path);
        }
        let file = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|e| DataError::new(&file, format!("cannot be read: {e}")))?;
        Self::from_cells(&Cells::parse_csv(&file, &bytes)?, &bytes)
    }

    /// Takes a table that was read elsewhere from these bytes.
    ///
    /// # Errors
    /// As [`DataFile::from_cells`].
    pub fn from_cells(cells: &Cells, bytes: &[u8]) -> Result<Input, Error> {
        let source = Source::of(&cells.file, bytes);
        Ok(Input::Table { file: DataFile::from_cells(cells)?, source })
    }

    fn read_directory(path: &Path) -> Result<Input, Error> {
        let name = path.display().to_string();
        let place = path.join(MOMENTS);
        let bytes = std::fs::read(&place).map_err(|e| {
            let what = format!(
                "there is no readable `{MOMENTS}` in this directory ({e}); give a file, or a directory \
                                that `kurtz simulate --output` wrote"
            );
            DataError::new(&name, what)
        })?;
        let file = place.display().to_string();
        let moments: MomentSeries = serde_json::from_slice(&bytes)
            .map_err(|e| DataError::new(&file, format!("is not a series of moments: {e}")))?;
        check(&file, &moments)?;
        let model = path.join("model.crn");
        let network = if model.is_file() { Some(Box::new(format::read(&model)?.network)) } else { None };
        Ok(Input::Ensemble { name, moments, network, source: Source::of(&file, &bytes) })
    }

    /// Where it comes from.
    pub fn source(&self) -> &Source {
        match self {
            Input::Table { source, .. } | Input::Ensemble { source, .. } => source,
        }
    }
}

impl Source {
    fn of(file: &str, bytes: &[u8]) -> Source {
        let sha256 = Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect();
        Source { file: file.into(), sha256 }
    }
}

/// Lengths must agree, or later code would index out of bounds.
fn check(file: &str, m: &MomentSeries) -> Result<(), DataError> {
    let (times, moments) = (m.times.len(), m.indices.len());
    let covered = times * m.covariance_moments;
    let lengths = m.values.len() == times * moments
        && m.covariance_moments <= moments
        && m.covariance.as_ref().is_none_or(|c| c.len() == covered * covered)
        && m.indices.iter().all(|i| i.0.len() == m.species.len());
    let numbers = m.values.iter().chain(m.covariance.iter().flatten()).all(|x| x.is_finite());
    match (lengths, numbers) {
        (true, true) => Ok(()),
        (false, _) => Err(DataError::new(file, "its lists do not fit together; write it again with `kurtz simulate`")),
        (_, false) => Err(DataError::new(file, "it holds numbers that are not finite; simulate again")),
    }
}
