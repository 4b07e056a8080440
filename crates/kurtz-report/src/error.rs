//! What can go wrong when results are shown or written.

use std::path::PathBuf;

/// Errors of this crate: a description that cannot be drawn, or a file that cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// A file or directory could not be created, written or renamed.
    #[error("cannot write `{}`: {source}", path.display())]
    Write {
        /// The path that was being written.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The output path exists and is not a directory.
    #[error("`{}` exists and is not a directory: choose another output directory", path.display())]
    NotADirectory {
        /// The path given.
        path: PathBuf,
    },
    /// A file name would leave the output directory or is not portable.
    #[error("`{name}` is not a usable file name: use letters, digits, `-`, `_`, `.` and `/` between folders")]
    FileName {
        /// The name given.
        name: String,
    },
    /// Arrays of one series differ in length.
    #[error("figure `{figure}`, series `{series}`: {what} has {found} values, expected {expected}")]
    Lengths {
        /// Name of the figure.
        figure: String,
        /// Label of the series.
        series: String,
        /// The array concerned.
        what: &'static str,
        /// Length it should have.
        expected: usize,
        /// Length it has.
        found: usize,
    },
    /// Bin edges of bars or of a heat map do not increase.
    #[error("figure `{figure}`, series `{series}`: bin edges must be finite and increase, but edge {index} does not")]
    Edges {
        /// Name of the figure.
        figure: String,
        /// Label of the series.
        series: String,
        /// Index of the first edge that is not above its predecessor.
        index: usize,
    },
    /// An axis range is empty, not finite, or not positive on a logarithmic axis.
    #[error("figure `{figure}`: axis `{axis}` cannot run from {from} to {to}")]
    Range {
        /// Name of the figure.
        figure: String,
        /// Label of the axis.
        axis: String,
        /// Lower end.
        from: f64,
        /// Upper end.
        to: f64,
    },
    /// The figure has no panel.
    #[error("figure `{figure}` has no panel")]
    NoPanel {
        /// Name of the figure.
        figure: String,
    },
    /// Two figures of one report share a name, and with it their files.
    #[error("two figures are named `{figure}`: give each its own name")]
    DuplicateFigure {
        /// The name.
        figure: String,
    },
    /// The figure could not be rasterised.
    #[error("figure `{figure}` could not be turned into an image: {reason}")]
    Raster {
        /// Name of the figure.
        figure: String,
        /// What the rasteriser said.
        reason: String,
    },
    /// The columns of a data table differ in length.
    #[error("data table `{table}`: column `{column}` has {found} values, expected {expected}")]
    Columns {
        /// Name of the data table.
        table: String,
        /// Heading of the column.
        column: String,
        /// Length of the first column.
        expected: usize,
        /// Length of this one.
        found: usize,
    },
    /// Settings or other values could not be turned into JSON.
    #[error("`{name}` cannot be written as JSON: {source}")]
    Json {
        /// What was being serialised.
        name: String,
        /// The reason given by the serialiser.
        source: serde_json::Error,
    },
    /// A bibliography entry is malformed.
    #[error("bibliography, line {line}: {problem}")]
    Bibliography {
        /// Line of the entry, from 1.
        line: usize,
        /// What is wrong.
        problem: BibliographyProblem,
    },
    /// A key is cited that the bibliography does not contain.
    #[error("reference `{key}` is not in the bibliography: add it to references.bib")]
    UnknownReference {
        /// The key cited.
        key: String,
    },
}

/// What is wrong with an entry of a bibliography.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BibliographyProblem {
    /// A brace or quotation mark is never closed.
    #[error("a brace or quotation mark is not closed")]
    Unclosed,
    /// `@type` is not followed by `{key,`.
    #[error("an entry must start with `@type{{key,`")]
    Head,
    /// A field is not `name = value`.
    #[error("a field must read `name = {{value}}`")]
    Field,
    /// Two entries share a key.
    #[error("the key was used before")]
    DuplicateKey,
}
