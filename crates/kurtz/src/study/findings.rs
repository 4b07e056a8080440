//! What a job found, ready to be written to a directory.

use crate::{Error, REFERENCES};
use kurtz_report::{Bibliography, DataTable, OutputDirectory, Provenance, Report};
use std::path::PathBuf;

/// A report, the numbers behind its figures, and files beside it.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// The document, its provenance included.
    pub report: Report,
    /// Tables of numbers, to be written as `data/<name>.csv` and in each further format.
    pub data: Vec<DataTable>,
    /// Further files: name and contents.
    pub files: Vec<(String, Vec<u8>)>,
}

impl Findings {
    /// Writes everything to a directory; gives the path of the report.
    ///
    /// # Errors
    /// Files that cannot be written; what was written until then is complete.
    pub fn write(&self, mut output: OutputDirectory) -> Result<PathBuf, Error> {
        for table in &self.data {
            output.write_data(table)?;
        }
        for (name, contents) in &self.files {
            output.write(name, contents)?;
        }
        output.write_report(&self.report, &Bibliography::parse(REFERENCES)?)?;
        if let Some(provenance) = &self.report.provenance {
            output.write_provenance(provenance)?;
        }
        Ok(output.report_path())
    }
}

/// The provenance of a job of this version of kurtz, begun now.
pub fn provenance() -> Provenance {
    Provenance::new("kurtz", env!("CARGO_PKG_VERSION")).command(std::env::args())
}
