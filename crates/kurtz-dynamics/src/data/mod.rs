//! Measured or simulated data brought in from files: time series and moments of species.
//!
//! Reading is in two steps, so that CSV and Parquet share the second: a file becomes [`Cells`] (text with places),
//! cells become a [`DataFile`] (numbers with meaning) by the rules of `header`.

mod cells;
mod header;
mod series;

pub use cells::{Cells, DataError};
pub use header::{Column, Role};
pub use series::{DataFile, Series};
