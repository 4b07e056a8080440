//! The decoded results of Ernst et al. (2021), where they lie beside.

use crate::Error;
use std::collections::BTreeMap;
use std::path::Path;

/// A table of numbers with a heading; empty cells are NaN.
pub struct Columns {
    columns: BTreeMap<String, Vec<f64>>,
}

impl Columns {
    /// Reads a comma-separated file.
    ///
    /// # Errors
    /// A file that cannot be read or whose rows differ in length.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let wrong = |message: String| Error::StudyFile { path: path.into(), message };
        let text = std::fs::read_to_string(path).map_err(|e| wrong(format!("cannot be read: {e}")))?;
        let mut lines = text.lines();
        let names: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
        let mut columns = vec![Vec::new(); names.len()];
        for (number, line) in lines.enumerate() {
            let cells: Vec<&str> = line.split(',').collect();
            if cells.len() != names.len() {
                return Err(wrong(format!("line {} has {} cells, not {}", number + 2, cells.len(), names.len())));
            }
            columns.iter_mut().zip(cells).for_each(|(c, cell)| c.push(cell.trim().parse().unwrap_or(f64::NAN)));
        }
        Ok(Columns { columns: names.into_iter().map(String::from).zip(columns).collect() })
    }

    /// A column by name.
    pub fn get(&self, name: &str) -> Option<&[f64]> {
        self.columns.get(name).map(Vec::as_slice)
    }
}
