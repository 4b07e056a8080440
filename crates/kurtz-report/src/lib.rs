//! How results are shown: figures, tables, documents, and where they come from. Knows no chemistry.
//!
//! - [`Figure`]: one description, drawn for print (SVG, PNG) and interactively in the report.
//! - [`Table`]: typed cells, as HTML, Markdown, text for a terminal, or CSV.
//! - [`Report`]: a document that opens offline, with the table of what was compared to what.
//! - [`OutputDirectory`]: the one place where a run leaves its files, each complete or absent.
//! - [`Provenance`] and [`Bibliography`]: enough to repeat a run, and whom to cite for it.

pub mod bibliography;
pub mod data;
pub mod document;
pub mod error;
pub mod figure;
pub mod formula;
mod html;
mod number;
pub mod output;
pub mod provenance;
pub mod table;

pub use bibliography::{Bibliography, Entry};
pub use data::{Column, DataTable, Values};
pub use document::{Block, Check, Report, Section};
pub use error::{BibliographyProblem, ReportError};
pub use figure::axis::{Axis, Scale};
pub use figure::colour::{Colour, ColourMap};
pub use figure::series::{
    Anchor, Annotation, Band, Bars, ColourScale, Dash, Direction, HeatMap, Line, Marker, Points, Reference, Series,
};
pub use figure::{ColourBars, Figure, Legend, Panel};
pub use html::plain;
pub use output::{DataFormat, OutputDirectory};
pub use provenance::{Platform, Provenance, Timing};
pub use table::{Cell, Table};
