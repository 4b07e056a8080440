//! Tables with typed cells, shown as HTML, Markdown, aligned text for a terminal, or CSV.

use crate::html::{escape, inline};
use crate::number::{significant, typographic, unicode_superscript, with_error};
use serde::{Deserialize, Serialize};

/// One cell of a table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Cell {
    /// Nothing.
    #[default]
    Empty,
    /// Words, in paragraph markup; CSV and terminal show them as they are.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A number shown with so many significant digits.
    Number {
        /// The number.
        value: f64,
        /// Significant digits shown; CSV has all.
        digits: usize,
    },
    /// A value with its standard error, rounded to two digits of the error.
    Estimate {
        /// The value.
        value: f64,
        /// Its standard error.
        error: f64,
    },
    /// A fraction shown in percent.
    Percentage {
        /// The fraction: 0.003 is 0.3 %.
        fraction: f64,
        /// Significant digits shown.
        digits: usize,
    },
    /// Whether something held.
    Verdict(bool),
}

impl Cell {
    /// Words.
    pub fn text(text: impl Into<String>) -> Cell {
        Cell::Text(text.into())
    }

    /// A number with four significant digits.
    pub fn number(value: f64) -> Cell {
        Cell::Number { value, digits: 4 }
    }

    /// A number with `digits` significant digits.
    pub fn digits(value: f64, digits: usize) -> Cell {
        Cell::Number { value, digits }
    }

    /// A value with its standard error.
    pub fn estimate(value: f64, error: f64) -> Cell {
        Cell::Estimate { value, error }
    }

    /// A fraction shown in percent, with two significant digits.
    pub fn percentage(fraction: f64) -> Cell {
        Cell::Percentage { fraction, digits: 2 }
    }

    /// Numbers stand at the right of their column, words at the left.
    fn is_numeric(&self) -> bool {
        !matches!(self, Cell::Text(_) | Cell::Verdict(_) | Cell::Empty)
    }

    /// The cell in plain ASCII signs, as a person reads it.
    fn shown(&self) -> String {
        match self {
            Cell::Empty => String::new(),
            Cell::Text(text) => text.clone(),
            Cell::Integer(value) => value.to_string(),
            Cell::Number { value, digits } => significant(*value, *digits),
            Cell::Estimate { value, error } => with_error(*value, *error),
            Cell::Percentage { fraction, digits } => format!("{} %", significant(100.0 * fraction, *digits)),
            Cell::Verdict(true) => "passed".into(),
            Cell::Verdict(false) => "FAILED".into(),
        }
    }

    /// The cell for Markdown, whose markup is that of our paragraphs.
    fn to_markdown(&self) -> String {
        match self {
            Cell::Text(text) => text.clone(),
            _ => self.to_text(),
        }
    }

    /// The cell for a terminal, its markup resolved.
    pub fn to_text(&self) -> String {
        match self {
            Cell::Text(text) => crate::html::words(text),
            Cell::Empty | Cell::Verdict(_) => self.shown(),
            _ => typographic(&self.shown(), unicode_superscript),
        }
    }

    /// The cell as HTML.
    pub(crate) fn to_html(&self) -> String {
        match self {
            Cell::Text(text) => inline(text),
            Cell::Verdict(passed) => {
                let class = if *passed { "passed" } else { "failed" };
                format!("<span class=\"verdict {class}\">{}</span>", if *passed { "passed" } else { "failed" })
            }
            Cell::Empty => String::new(),
            _ => typographic(&escape(&self.shown()), |power| format!("<sup>{power}</sup>")),
        }
    }

    /// The cell for a machine: full precision, one or (for an estimate) two fields.
    fn to_csv(&self) -> String {
        match self {
            Cell::Empty => String::new(),
            Cell::Text(text) => crate::data::csv_text(text),
            Cell::Integer(value) => value.to_string(),
            Cell::Number { value, .. } => crate::data::csv_number(*value),
            Cell::Estimate { value, error } => {
                format!("{},{}", crate::data::csv_number(*value), crate::data::csv_number(*error))
            }
            Cell::Percentage { fraction, .. } => crate::data::csv_number(*fraction),
            Cell::Verdict(passed) => passed.to_string(),
        }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Cell {
        Cell::Text(text.into())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Cell {
        Cell::Text(text)
    }
}

impl From<f64> for Cell {
    fn from(value: f64) -> Cell {
        Cell::number(value)
    }
}

impl From<i64> for Cell {
    fn from(value: i64) -> Cell {
        Cell::Integer(value)
    }
}

impl From<bool> for Cell {
    fn from(passed: bool) -> Cell {
        Cell::Verdict(passed)
    }
}

/// A table: headings, rows of typed cells, a caption.
///
/// ```
/// use kurtz_report::{Cell, Table};
///
/// let table = Table::new(["rate", "true", "learned"])
///     .row(["lambda".into(), 1.1.into(), Cell::estimate(1.1004, 0.0023)])
///     .row(["r1".into(), 0.0836.into(), Cell::estimate(0.08361, 0.00041)]);
/// assert_eq!(
///     table.to_text(),
///     "rate       true            learned\n\
///      ──────  ───────  ─────────────────\n\
///      lambda    1.100    1.1004 ± 0.0023\n\
///      r1      0.08360  0.08361 ± 0.00041\n"
/// );
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Table {
    /// What the table shows, in paragraph markup; empty for none.
    pub caption: String,
    /// Headings of the columns, in paragraph markup.
    pub headings: Vec<String>,
    /// Rows; a row shorter than the headings is filled with empty cells.
    pub rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table without rows.
    pub fn new<H: Into<String>>(headings: impl IntoIterator<Item = H>) -> Table {
        Table { headings: headings.into_iter().map(Into::into).collect(), ..Table::default() }
    }

    /// The same table with a caption.
    pub fn caption(mut self, caption: impl Into<String>) -> Table {
        self.caption = caption.into();
        self
    }

    /// The same table with one more row.
    pub fn row(mut self, cells: impl IntoIterator<Item = Cell>) -> Table {
        self.push(cells);
        self
    }

    /// Appends a row.
    pub fn push(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    fn columns(&self) -> usize {
        self.rows.iter().map(Vec::len).max().unwrap_or(0).max(self.headings.len())
    }

    fn heading(&self, column: usize) -> &str {
        self.headings.get(column).map_or("", String::as_str)
    }

    fn cell(&self, row: usize, column: usize) -> &Cell {
        self.rows[row].get(column).unwrap_or(&Cell::Empty)
    }

    /// Whether a column holds numbers (and blanks) only.
    fn is_numeric(&self, column: usize) -> bool {
        let mut filled = (0..self.rows.len()).map(|r| self.cell(r, column)).filter(|c| **c != Cell::Empty).peekable();
        filled.peek().is_some() && filled.all(Cell::is_numeric)
    }

    /// The table for a terminal: columns aligned, numbers to the right.
    pub fn to_text(&self) -> String {
        let columns = self.columns();
        let cells: Vec<Vec<String>> =
            (0..self.rows.len()).map(|r| (0..columns).map(|c| self.cell(r, c).to_text()).collect()).collect();
        let headings: Vec<String> = (0..columns).map(|c| crate::html::words(self.heading(c))).collect();
        let width = |text: &str| text.chars().count();
        let widths: Vec<usize> = (0..columns)
            .map(|c| cells.iter().map(|row| width(&row[c])).max().unwrap_or(0).max(width(&headings[c])))
            .collect();
        let numeric: Vec<bool> = (0..columns).map(|c| self.is_numeric(c)).collect();
        let line = |row: Vec<&str>| {
            let mut text = String::new();
            for (c, cell) in row.into_iter().enumerate() {
                let padding = " ".repeat(widths[c] - width(cell));
                if c > 0 {
                    text.push_str("  ");
                }
                text += &if numeric[c] { padding + cell } else { cell.to_owned() + &padding };
            }
            text.trim_end().to_owned() + "\n"
        };
        let mut text = String::new();
        if !self.caption.is_empty() {
            text += &format!("{}\n\n", crate::html::words(&self.caption));
        }
        text += &line(headings.iter().map(String::as_str).collect());
        let rules: Vec<String> = widths.iter().map(|w| "─".repeat(*w)).collect();
        text += &line(rules.iter().map(String::as_str).collect());
        for row in &cells {
            text += &line(row.iter().map(String::as_str).collect());
        }
        text
    }

    /// The table in GitHub's Markdown.
    pub fn to_markdown(&self) -> String {
        let columns = self.columns();
        let escape = |text: &str| text.replace('|', "\\|").replace(['\n', '\r'], " ");
        let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
        let mut text = String::new();
        if !self.caption.is_empty() {
            text += &format!("{}\n\n", self.caption);
        }
        text += &line((0..columns).map(|c| escape(self.heading(c))).collect());
        text += &line((0..columns).map(|c| if self.is_numeric(c) { "---:" } else { "---" }.to_owned()).collect());
        for row in 0..self.rows.len() {
            text += &line((0..columns).map(|c| escape(&self.cell(row, c).to_markdown())).collect());
        }
        text
    }

    /// The table as an HTML element.
    pub fn to_html(&self) -> String {
        let columns = self.columns();
        let class = |c: usize| if self.is_numeric(c) { " class=\"number\"" } else { "" };
        let mut html = String::from("<table>\n");
        if !self.caption.is_empty() {
            html += &format!("<caption>{}</caption>\n", inline(&self.caption));
        }
        html += "<thead><tr>";
        for c in 0..columns {
            html += &format!("<th scope=\"col\"{}>{}</th>", class(c), inline(self.heading(c)));
        }
        html += "</tr></thead>\n<tbody>\n";
        for row in 0..self.rows.len() {
            html += "<tr>";
            for c in 0..columns {
                html += &format!("<td{}>{}</td>", class(c), self.cell(row, c).to_html());
            }
            html += "</tr>\n";
        }
        html += "</tbody>\n</table>\n";
        html
    }

    /// The table for a machine: full precision, percentages as fractions, an estimate as two columns (`x`, `x error`).
    pub fn to_csv(&self) -> String {
        let columns = self.columns();
        let is_estimate: Vec<bool> = (0..columns)
            .map(|c| (0..self.rows.len()).any(|r| matches!(self.cell(r, c), Cell::Estimate { .. })))
            .collect();
        let mut headings = Vec::new();
        for c in 0..columns {
            headings.push(crate::data::csv_text(self.heading(c)));
            if is_estimate[c] {
                headings.push(crate::data::csv_text(&format!("{} error", self.heading(c))));
            }
        }
        let mut csv = headings.join(",") + "\n";
        for row in 0..self.rows.len() {
            let fields: Vec<String> = (0..columns)
                .map(|c| {
                    let cell = self.cell(row, c);
                    let lone = is_estimate[c] && !matches!(cell, Cell::Estimate { .. });
                    cell.to_csv() + if lone { "," } else { "" }
                })
                .collect();
            csv += &(fields.join(",") + "\n");
        }
        csv
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Table {
        Table::new(["what", "n", "value", "relative", "verdict"])
            .row(["a|b <x>".into(), 3.into(), Cell::estimate(1.25e-9, 3.1e-11), Cell::percentage(-0.0031), true.into()])
            .row([Cell::text("say \"hi\", you"), (-12).into(), Cell::number(0.1), Cell::Empty, false.into()])
    }

    #[test]
    fn text_columns_are_aligned() {
        let text = example().to_text();
        let lines: Vec<&str> = text.lines().collect();
        let place = |line: &str, what: &str| line.split(what).next().map(|s| s.chars().count());
        assert_eq!(place(lines[2], "passed"), place(lines[3], "FAILED"));
        assert!(lines[2].contains("(1.250 ± 0.031) × 10⁻⁹"), "{text}");
        assert!(lines[2].contains("−0.31 %"), "{text}");
        assert!(lines[3].contains("−12"), "{text}");
    }

    #[test]
    fn markdown_escapes_bars() {
        let markdown = example().to_markdown();
        assert!(markdown.contains("| a\\|b <x> |"), "{markdown}");
        assert!(markdown.contains("| --- | ---: | ---: | ---: | --- |"), "{markdown}");
    }

    #[test]
    fn html_escapes_and_sets_powers_of_ten() {
        let html = example().to_html();
        assert!(html.contains("a|b &lt;x&gt;"), "{html}");
        assert!(html.contains("× 10<sup>−9</sup>"), "{html}");
        assert!(html.contains("class=\"verdict failed\""), "{html}");
    }

    #[test]
    fn csv_keeps_full_precision_and_the_same_number_of_fields_in_each_row() {
        let csv = Table::new(["x", "y"])
            .row([Cell::digits(1.0 / 3.0, 2), Cell::estimate(std::f64::consts::PI, 1e-300)])
            .row([Cell::text("a, \"b\""), Cell::Empty])
            .to_csv();
        assert_eq!(csv, "x,y,y error\n0.3333333333333333,3.141592653589793,1e-300\n\"a, \"\"b\"\"\",,\n");
    }

    #[test]
    fn short_rows_are_filled() {
        let table = Table::new(["a", "b"]).row([Cell::text("x")]);
        assert_eq!(table.to_csv(), "a,b\nx,\n");
        assert!(table.to_html().contains("<td>x</td><td></td>"));
    }
}
