//! A report: what was found, how it was checked, and where it comes from.

mod page;

use crate::bibliography::Bibliography;
use crate::error::ReportError;
use crate::figure::Figure;
use crate::number::{digits_for, short, typographic, unicode_superscript};
use crate::provenance::Provenance;
use crate::table::{Cell, Table};
use serde::{Deserialize, Serialize};

/// A document with text, tables, figures and formulas, rendered to one HTML file that needs nothing else.
///
/// Paragraphs, captions and cells of text understand `` `code` ``, `$formula$`, `**bold**`, `*italic*`,
/// `[text](address)` and `[@key]` for a reference; pass foreign text through [`plain`](crate::plain).
///
/// ```
/// use kurtz_report::{Bibliography, Check, Report, Section};
///
/// let report = Report::new("Epidermis")
///     .summary("All four rates are recovered from **1e6** trajectories.")
///     .check(Check::relative("lambda", 1.1, 1.1012, 0.003))
///     .section(Section::new("Moments").formula(r"\frac{\mathrm{d}\langle A\rangle}{\mathrm{d}t} = \theta_1\langle A\rangle"));
/// assert!(report.passed());
/// let html = report.to_html(&Bibliography::default())?;
/// assert!(html.contains("<math display=\"block\">"));
/// # Ok::<(), kurtz_report::ReportError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Report {
    /// Title of the document.
    pub title: String,
    /// A line below the title; empty for none.
    pub subtitle: String,
    /// What was found, paragraph by paragraph.
    pub summary: Vec<String>,
    /// What was compared to what.
    pub checks: Vec<Check>,
    /// The body.
    pub sections: Vec<Section>,
    /// Keys of references to list in addition to those cited in the text.
    pub references: Vec<String>,
    /// Where the results come from.
    pub provenance: Option<Provenance>,
}

impl Report {
    /// An empty report.
    pub fn new(title: impl Into<String>) -> Report {
        Report { title: title.into(), ..Report::default() }
    }

    /// The same report with a line below its title.
    pub fn subtitle(mut self, subtitle: impl Into<String>) -> Report {
        self.subtitle = subtitle.into();
        self
    }

    /// The same report with one more paragraph in its summary.
    pub fn summary(mut self, paragraph: impl Into<String>) -> Report {
        self.summary.push(paragraph.into());
        self
    }

    /// The same report with one more comparison.
    pub fn check(mut self, check: Check) -> Report {
        self.checks.push(check);
        self
    }

    /// The same report with one more section.
    pub fn section(mut self, section: Section) -> Report {
        self.sections.push(section);
        self
    }

    /// The same report with a reference to list.
    pub fn reference(mut self, key: impl Into<String>) -> Report {
        self.references.push(key.into());
        self
    }

    /// The same report with its provenance.
    pub fn provenance(mut self, provenance: Provenance) -> Report {
        self.provenance = Some(provenance);
        self
    }

    /// Whether all comparisons passed.
    pub fn passed(&self) -> bool {
        self.checks.iter().all(|check| check.passed)
    }

    /// The comparisons as a table: name, expected, found, tolerance, verdict.
    pub fn verdicts(&self) -> Table {
        let mut table = Table::new(["what", "expected", "found", "tolerance", "verdict"]);
        for check in &self.checks {
            table.push([
                Cell::Text(check.name.clone()),
                check.expected.clone(),
                check.found.clone(),
                Cell::Text(check.tolerance.clone()),
                Cell::Verdict(check.passed),
            ]);
        }
        table
    }

    /// All figures, in the order in which they appear.
    pub fn figures(&self) -> impl Iterator<Item = &Figure> {
        self.sections.iter().flat_map(|section| &section.blocks).filter_map(|block| match block {
            Block::Figure(figure) => Some(figure),
            _ => None,
        })
    }

    /// The document as one HTML file: styles, fonts, figures and the code that makes them interactive are inside.
    ///
    /// Links to the SVG and PNG of each figure point to `figures/` beside the file;
    /// [`OutputDirectory::write_report`](crate::OutputDirectory::write_report) writes all of them.
    ///
    /// # Errors
    /// [`ReportError::UnknownReference`] if a key is cited that `bibliography` lacks; errors of
    /// [`Figure::to_svg`](crate::Figure::to_svg).
    pub fn to_html(&self, bibliography: &Bibliography) -> Result<String, ReportError> {
        page::render(self, bibliography)
    }
}

/// A part of a report under its own heading.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Section {
    /// The heading, in paragraph markup.
    pub heading: String,
    /// What it contains.
    pub blocks: Vec<Block>,
}

/// One thing in a section.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Block {
    /// A smaller heading within the section.
    Subheading(String),
    /// Text.
    Paragraph(String),
    /// Points of a list.
    List(Vec<String>),
    /// A table; its caption stands above it.
    Table(Table),
    /// A figure; its caption stands below it.
    Figure(Figure),
    /// A LaTeX formula in a line of its own, its source to unfold below.
    Formula(String),
    /// Text in which spaces and line ends count: a model, a settings file, a terminal.
    Code(String),
}

impl Section {
    /// An empty section.
    pub fn new(heading: impl Into<String>) -> Section {
        Section { heading: heading.into(), blocks: Vec::new() }
    }

    fn block(mut self, block: Block) -> Section {
        self.blocks.push(block);
        self
    }

    /// The same section with a smaller heading.
    pub fn subheading(self, heading: impl Into<String>) -> Section {
        self.block(Block::Subheading(heading.into()))
    }

    /// The same section with one more paragraph.
    pub fn paragraph(self, text: impl Into<String>) -> Section {
        self.block(Block::Paragraph(text.into()))
    }

    /// The same section with a list.
    pub fn list<S: Into<String>>(self, points: impl IntoIterator<Item = S>) -> Section {
        self.block(Block::List(points.into_iter().map(Into::into).collect()))
    }

    /// The same section with one more table.
    pub fn table(self, table: Table) -> Section {
        self.block(Block::Table(table))
    }

    /// The same section with one more figure.
    pub fn figure(self, figure: Figure) -> Section {
        self.block(Block::Figure(figure))
    }

    /// The same section with a LaTeX formula in a line of its own.
    pub fn formula(self, latex: impl Into<String>) -> Section {
        self.block(Block::Formula(latex.into()))
    }

    /// The same section with text in which spaces and line ends count.
    pub fn code(self, text: impl Into<String>) -> Section {
        self.block(Block::Code(text.into()))
    }
}

/// A bound or a tolerance in words.
fn shown(value: f64) -> String {
    typographic(&short(value, 4), unicode_superscript)
}

/// What was compared to what, how closely they had to agree, and whether they did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// The quantity or claim.
    pub name: String,
    /// What should have come out.
    pub expected: Cell,
    /// What came out.
    pub found: Cell,
    /// The rule of the comparison, in words: `within 0.3 %`.
    pub tolerance: String,
    /// Whether they agree. NaN agrees with nothing.
    pub passed: bool,
}

impl Check {
    /// A claim compared by other means.
    pub fn claim(
        name: impl Into<String>,
        expected: impl Into<Cell>,
        found: impl Into<Cell>,
        tolerance: impl Into<String>,
        passed: bool,
    ) -> Check {
        Check { name: name.into(), expected: expected.into(), found: found.into(), tolerance: tolerance.into(), passed }
    }

    /// |found - expected| <= tolerance.
    pub fn absolute(name: impl Into<String>, expected: f64, found: f64, tolerance: f64) -> Check {
        let rule = format!("± {}", shown(tolerance));
        let digits = digits_for(tolerance / expected.abs().max(found.abs()).max(tolerance));
        let passed = (found - expected).abs() <= tolerance;
        Check::claim(name, Cell::digits(expected, digits), Cell::digits(found, digits), rule, passed)
    }

    /// |found - expected| <= tolerance |expected|, shown in percent.
    pub fn relative(name: impl Into<String>, expected: f64, found: f64, tolerance: f64) -> Check {
        let rule = format!("± {} %", shown(100.0 * tolerance));
        let digits = digits_for(tolerance);
        let passed = (found - expected).abs() <= tolerance * expected.abs();
        Check::claim(name, Cell::digits(expected, digits), Cell::digits(found, digits), rule, passed)
    }

    /// |found - expected| <= multiple times the standard error of what was found.
    pub fn within_errors(name: impl Into<String>, expected: f64, found: f64, error: f64, multiple: f64) -> Check {
        let rule = format!("± {} standard errors", shown(multiple));
        let passed = (found - expected).abs() <= multiple * error;
        Check::claim(name, expected, Cell::estimate(found, error), rule, passed)
    }

    /// found <= bound.
    pub fn at_most(name: impl Into<String>, bound: f64, found: f64) -> Check {
        let expected = Cell::Text(format!("≤ {}", shown(bound)));
        Check::claim(name, expected, found, "one-sided", found <= bound)
    }

    /// found >= bound.
    pub fn at_least(name: impl Into<String>, bound: f64, found: f64) -> Check {
        let expected = Cell::Text(format!("≥ {}", shown(bound)));
        Check::claim(name, expected, found, "one-sided", found >= bound)
    }
}
