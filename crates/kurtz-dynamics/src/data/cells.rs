//! A table as text, with the place of every cell, and what can be wrong with the file it came from.

use std::path::Path;

/// What is wrong with a data file, and where.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
#[error("{file}{}: {message}", place(*line, column.as_deref()))]
pub struct DataError {
    /// The file, as it was named.
    pub file: String,
    /// Line, counted from 1, where the problem is in one line.
    pub line: Option<u64>,
    /// Name of the column, where the problem is in one column.
    pub column: Option<String>,
    /// What is wrong, and what to do.
    pub message: String,
}

impl DataError {
    /// An error about a whole file.
    pub fn new(file: impl Into<String>, message: impl Into<String>) -> Self {
        DataError { file: file.into(), line: None, column: None, message: message.into() }
    }
}

fn place(line: Option<u64>, column: Option<&str>) -> String {
    let line = line.map(|l| format!(":{l}")).unwrap_or_default();
    let column = column.map(|c| format!(": column `{c}`")).unwrap_or_default();
    line + &column
}

/// A table as text: a header and rows of as many cells, each row with its line in the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Cells {
    /// The file, as it was named.
    pub file: String,
    /// Column names.
    pub header: Vec<String>,
    /// Rows, each as long as the header.
    pub rows: Vec<Vec<String>>,
    /// Line of each row, counted from 1.
    pub lines: Vec<u64>,
}

impl Cells {
    /// Reads a CSV file: UTF-8, a header line, commas (or semicolons or tabs, whichever the header has); lines that
    /// start with `#` are comments.
    ///
    /// # Errors
    /// Files that cannot be read, are not UTF-8 text, have no rows, or whose rows differ in length.
    pub fn read_csv(path: &Path) -> Result<Self, DataError> {
        let file = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|e| whole(&file, format!("cannot be read: {e}")))?;
        Self::parse_csv(&file, &bytes)
    }

    /// As [`Cells::read_csv`], from the bytes of a file.
    ///
    /// # Errors
    /// As [`Cells::read_csv`].
    pub fn parse_csv(file: &str, bytes: &[u8]) -> Result<Self, DataError> {
        let text = decode(file, bytes)?;
        let Some(head) = text.lines().find(|l| !l.trim().is_empty() && !l.starts_with('#')) else {
            return Err(whole(file, "the file has no header; expected a first line such as `time,A,B`".into()));
        };
        let count = |c: char| head.matches(c).count();
        let delimiter = [',', ';', '\t'].into_iter().max_by_key(|&c| count(c)).unwrap_or(',');
        let delimiter = if count(',') > 0 { b',' } else { delimiter as u8 };
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .comment(Some(b'#'))
            .trim(csv::Trim::All)
            .flexible(true)
            .has_headers(false)
            .from_reader(text.as_bytes());
        let mut records = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|e| {
                let line = e.position().map(csv::Position::line);
                DataError { file: file.into(), line, column: None, message: format!("is not CSV: {e}") }
            })?;
            let line = record.position().map_or(0, csv::Position::line);
            records.push((line, record.iter().map(str::to_string).collect::<Vec<_>>()));
        }
        Self::from_records(file, records)
    }

    /// A table from rows of cells, the first being the header; each row comes with its line in the file.
    ///
    /// # Errors
    /// No rows, repeated or empty column names, rows that differ in length.
    pub fn from_records(file: &str, records: Vec<(u64, Vec<String>)>) -> Result<Self, DataError> {
        let mut records = records.into_iter();
        let (head, header) = records.next().ok_or_else(|| whole(file, "the file is empty".into()))?;
        for (i, name) in header.iter().enumerate() {
            let message = if name.is_empty() {
                format!("column {} has no name in the header", i + 1)
            } else if header[..i].contains(name) {
                format!("two columns are called `{name}`")
            } else {
                continue;
            };
            return Err(DataError { file: file.into(), line: Some(head), column: None, message });
        }
        let mut cells = Cells { file: file.into(), header, rows: Vec::new(), lines: Vec::new() };
        for (line, row) in records {
            if row.len() != cells.header.len() {
                let message = format!("the row has {} cells, the header {}", row.len(), cells.header.len());
                return Err(DataError { file: file.into(), line: Some(line), column: None, message });
            }
            cells.rows.push(row);
            cells.lines.push(line);
        }
        if cells.rows.is_empty() {
            return Err(whole(file, "the file has a header but no rows".into()));
        }
        Ok(cells)
    }

    /// An error about one cell.
    pub(super) fn error(&self, row: usize, column: usize, message: String) -> DataError {
        DataError {
            file: self.file.clone(),
            line: Some(self.lines[row]),
            column: Some(self.header[column].clone()),
            message,
        }
    }

    /// An error about one column.
    pub(super) fn column_error(&self, column: usize, message: String) -> DataError {
        DataError { file: self.file.clone(), line: None, column: Some(self.header[column].clone()), message }
    }

    /// The number in a cell, NaN for a gap (an empty cell, `NA`, `null` or `-`).
    ///
    /// # Errors
    /// Cells that are neither a finite number nor a gap. A literal `NaN` is refused: it is where a computation went
    /// wrong, not where nothing was measured.
    pub(super) fn number(&self, row: usize, column: usize) -> Result<f64, DataError> {
        let text = self.rows[row][column].as_str();
        if matches!(text, "" | "NA" | "-" | "null") {
            return Ok(f64::NAN);
        }
        match text.parse::<f64>() {
            Ok(x) if x.is_finite() => Ok(x),
            Ok(_) => Err(self.error(row, column, format!("`{text}` is not a finite number; leave a gap empty"))),
            Err(_) => Err(self.error(row, column, format!("`{text}` is not a number; leave a gap empty"))),
        }
    }
}

/// An error about a whole file.
pub(super) fn whole(file: &str, message: String) -> DataError {
    DataError { file: file.into(), line: None, column: None, message }
}

fn decode<'a>(file: &str, bytes: &'a [u8]) -> Result<&'a str, DataError> {
    if bytes.is_empty() {
        return Err(whole(file, "the file is empty".into()));
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(whole(file, "the file is UTF-16 text; save it as UTF-8".into()));
    }
    let bytes = bytes.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(bytes);
    if let Some(at) = bytes.iter().position(|&b| b == 0) {
        let line = Some(1 + bytes[..at].iter().filter(|&&b| b == b'\n').count() as u64);
        let message = "the file holds a zero byte: it is binary, or UTF-16 text; save it as UTF-8 CSV".into();
        return Err(DataError { file: file.into(), line, column: None, message });
    }
    std::str::from_utf8(bytes).map_err(|e| {
        let line = Some(1 + bytes[..e.valid_up_to()].iter().filter(|&&b| b == b'\n').count() as u64);
        DataError { file: file.into(), line, column: None, message: "is not UTF-8 text; save it as UTF-8".into() }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(bytes: &[u8]) -> String {
        Cells::parse_csv("x.csv", bytes).unwrap_err().to_string()
    }

    #[test]
    fn broken_files_are_named_with_line_and_remedy() {
        assert_eq!(message(b""), "x.csv: the file is empty");
        assert_eq!(message(b"\xff\xfet\0"), "x.csv: the file is UTF-16 text; save it as UTF-8");
        assert_eq!(message(b"time,A\n1,\xe9\n"), "x.csv:2: is not UTF-8 text; save it as UTF-8");
        assert_eq!(message(b"time,A\n"), "x.csv: the file has a header but no rows");
        assert_eq!(message(b"time,A\n0,1\n1\n"), "x.csv:3: the row has 1 cells, the header 2");
        assert_eq!(message(b"time,A,A\n0,1,1\n"), "x.csv:1: two columns are called `A`");
        assert!(message(b"t\0i\0").contains("zero byte"));
    }

    #[test]
    fn semicolons_tabs_comments_and_byte_order_marks_are_accepted() {
        for text in ["time,A\n0,1\n", "time;A\n0;1\n", "# x\ntime\tA\n0\t1\n", "\u{feff}time, A\r\n0, 1\r\n"] {
            let cells = Cells::parse_csv("x.csv", text.as_bytes()).unwrap();
            assert_eq!(
                (cells.header, cells.rows),
                (vec!["time".into(), "A".into()], vec![vec!["0".into(), "1".into()]])
            );
        }
    }
}
