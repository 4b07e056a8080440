//! Columns of numbers, written as CSV that reads back to the same bits.

use crate::error::ReportError;

/// Values of one column.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Values {
    /// Floating-point numbers; NaN is written as an empty field, infinities as `inf` and `-inf`.
    Numbers(Vec<f64>),
    /// Whole numbers.
    Integers(Vec<i64>),
    /// Words.
    Texts(Vec<String>),
}

impl Values {
    /// Number of values.
    pub fn len(&self) -> usize {
        match self {
            Values::Numbers(values) => values.len(),
            Values::Integers(values) => values.len(),
            Values::Texts(values) => values.len(),
        }
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl From<Vec<f64>> for Values {
    fn from(values: Vec<f64>) -> Values {
        Values::Numbers(values)
    }
}

impl From<&[f64]> for Values {
    fn from(values: &[f64]) -> Values {
        Values::Numbers(values.to_vec())
    }
}

impl From<Vec<i64>> for Values {
    fn from(values: Vec<i64>) -> Values {
        Values::Integers(values)
    }
}

impl From<Vec<String>> for Values {
    fn from(values: Vec<String>) -> Values {
        Values::Texts(values)
    }
}

/// One column of a data table.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Heading, for instance `A-mean`.
    pub name: String,
    /// Values, one a row.
    pub values: Values,
}

/// A table of results for machines: `data/<name>.csv`, and whatever else is registered with
/// [`OutputDirectory::register`](crate::OutputDirectory::register).
#[derive(Clone, Debug, PartialEq)]
pub struct DataTable {
    /// Stem of the file name.
    pub name: String,
    /// Columns of equal length.
    pub columns: Vec<Column>,
    /// How CSV writes what is no number.
    pub non_numbers: NonNumbers,
}

/// How CSV writes floating-point values that are no numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NonNumbers {
    /// NaN as an empty field (a value is missing), infinities as `inf` and `-inf`.
    #[default]
    Missing,
    /// As values that were computed: `NaN`, `INF`, `-INF`.
    Spelled,
}

impl DataTable {
    /// A table without columns.
    pub fn new(name: impl Into<String>) -> DataTable {
        DataTable { name: name.into(), columns: Vec::new(), non_numbers: NonNumbers::default() }
    }

    /// The same table with one more column.
    pub fn column(mut self, name: impl Into<String>, values: impl Into<Values>) -> DataTable {
        self.columns.push(Column { name: name.into(), values: values.into() });
        self
    }

    /// The same table with values that are no numbers spelled out.
    pub fn spelling_non_numbers(self) -> DataTable {
        DataTable { non_numbers: NonNumbers::Spelled, ..self }
    }

    /// Number of rows.
    ///
    /// # Errors
    /// [`ReportError::Columns`] if the columns differ in length.
    pub fn rows(&self) -> Result<usize, ReportError> {
        let expected = self.columns.first().map_or(0, |c| c.values.len());
        match self.columns.iter().find(|c| c.values.len() != expected) {
            None => Ok(expected),
            Some(column) => Err(ReportError::Columns {
                table: self.name.clone(),
                column: column.name.clone(),
                expected,
                found: column.values.len(),
            }),
        }
    }

    /// Writes the table as CSV (RFC 4180 with `\n`), each number with the fewest digits that read back to the same bits.
    ///
    /// # Errors
    /// As [`DataTable::rows`]; [`ReportError::Write`] if `out` refuses.
    pub fn write_csv(&self, out: &mut dyn std::io::Write) -> Result<(), ReportError> {
        let rows = self.rows()?;
        let failed = |source| ReportError::Write { path: format!("{}.csv", self.name).into(), source };
        let headings: Vec<String> = self.columns.iter().map(|c| csv_text(&c.name)).collect();
        writeln!(out, "{}", headings.join(",")).map_err(failed)?;
        let mut line = String::new();
        for row in 0..rows {
            line.clear();
            for (c, column) in self.columns.iter().enumerate() {
                if c > 0 {
                    line.push(',');
                }
                match &column.values {
                    Values::Numbers(values) => match (self.non_numbers, values[row]) {
                        (NonNumbers::Spelled, x) if x.is_nan() => line += "NaN",
                        (NonNumbers::Spelled, x) if x.is_infinite() => line += if x > 0.0 { "INF" } else { "-INF" },
                        (_, x) => line += &csv_number(x),
                    },
                    Values::Integers(values) => line += &values[row].to_string(),
                    Values::Texts(values) => line += &csv_text(&values[row]),
                }
            }
            line.push('\n');
            out.write_all(line.as_bytes()).map_err(failed)?;
        }
        Ok(())
    }
}

/// A field of words, quoted where CSV needs it.
pub(crate) fn csv_text(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) || text.starts_with(' ') || text.ends_with(' ') {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// The fewest digits that read back to the same bits; plain notation between 1e-5 and 1e16.
pub(crate) fn csv_number(value: f64) -> String {
    if value.is_nan() {
        return String::new();
    }
    if value.is_infinite() || value == 0.0 || (1e-5..1e16).contains(&value.abs()) {
        return value.to_string();
    }
    format!("{value:e}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(table: &DataTable) -> String {
        let mut out = Vec::new();
        table.write_csv(&mut out).expect("a vector takes everything");
        String::from_utf8(out).expect("the table is text")
    }

    #[test]
    fn extreme_numbers_read_back_to_the_same_bits() {
        let mut values = vec![
            0.0,
            -0.0,
            1.0 / 3.0,
            f64::MIN_POSITIVE,
            5e-324,
            f64::MAX,
            -f64::MAX,
            f64::EPSILON,
            1e16,
            1e15,
            123456789012345680.0,
            9007199254740993.0,
            1e-5,
            9.999999999999999e-6,
            0.1 + 0.2,
            f64::INFINITY,
            f64::NEG_INFINITY,
        ];
        // A walk through all exponents with changing mantissas.
        let mut bits: u64 = 1;
        for _ in 0..2000 {
            bits = bits.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            if f64::from_bits(bits).is_finite() {
                values.push(f64::from_bits(bits));
            }
        }
        let text = written(&DataTable::new("extremes").column("x", values.clone()));
        let read: Vec<f64> = text.lines().skip(1).map(|l| l.parse().expect("a number")).collect();
        assert_eq!(read.len(), values.len());
        for (a, b) in read.iter().zip(&values) {
            assert_eq!(a.to_bits(), b.to_bits(), "{b:e}");
        }
    }

    #[test]
    fn nan_is_an_empty_field() {
        let text = written(&DataTable::new("gaps").column("t", vec![1.0, 2.0]).column("x", vec![f64::NAN, 0.5]));
        assert_eq!(text, "t,x\n1,\n2,0.5\n");
    }

    #[test]
    fn words_are_quoted_where_needed() {
        let names = vec!["2 A -> B, fast".to_owned(), "say \"x\"".to_owned(), "two\nlines".to_owned()];
        let text = written(&DataTable::new("words").column("name", names).column("n", vec![1_i64, -2, i64::MAX]));
        assert_eq!(text, "name,n\n\"2 A -> B, fast\",1\n\"say \"\"x\"\"\",-2\n\"two\nlines\",9223372036854775807\n");
    }

    #[test]
    fn columns_of_different_length_are_refused_by_name() {
        let table = DataTable::new("ragged").column("a", vec![1.0]).column("b", vec![1.0, 2.0]);
        let error = table.rows().expect_err("the lengths differ").to_string();
        assert_eq!(error, "data table `ragged`: column `b` has 2 values, expected 1");
    }
}
