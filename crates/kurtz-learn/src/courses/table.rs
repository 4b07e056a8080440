//! Columns of numbers by name, from a text file with commas.

use crate::error::LearnError;
use std::path::Path;

/// A table as read: words by column.
pub(super) struct Columns {
    path: String,
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Columns {
    pub fn read(path: &Path) -> Result<Self, LearnError> {
        let shown = path.display().to_string();
        let problem = |reason: String| LearnError::File { path: shown.clone(), reason };
        let text = std::fs::read_to_string(path).map_err(|e| problem(e.to_string()))?;
        let words = |line: &str| line.split(',').map(|w| w.trim().to_owned()).collect::<Vec<_>>();
        let mut lines = text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty());
        let header = lines.next().map(|(_, l)| words(l)).ok_or_else(|| problem("it is empty".into()))?;
        let mut rows = Vec::new();
        for (i, line) in lines {
            let row = words(line);
            if row.len() != header.len() {
                let reason = format!("line {} has {} values, not {}", i + 1, row.len(), header.len());
                return Err(problem(reason));
            }
            rows.push(row);
        }
        Ok(Columns { path: shown, header, rows })
    }

    pub fn words(&self, name: &str) -> Result<Vec<&str>, LearnError> {
        let column = self.header.iter().position(|h| h == name).ok_or_else(|| LearnError::File {
            path: self.path.clone(),
            reason: format!("it has no column `{name}`; it has {}", self.header.join(", ")),
        })?;
        Ok(self.rows.iter().map(|r| r[column].as_str()).collect())
    }

    pub fn numbers(&self, name: &str) -> Result<Vec<f64>, LearnError> {
        let number = |(i, word): (usize, &str)| {
            word.parse::<f64>().ok().filter(|x| x.is_finite()).ok_or_else(|| LearnError::File {
                path: self.path.clone(),
                reason: format!("column `{name}`, row {}: `{word}` is not a finite number", i + 1),
            })
        };
        self.words(name)?.into_iter().enumerate().map(number).collect()
    }
}
