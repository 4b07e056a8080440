//! Which terms: structure by evidence over all subsets, and the set of structures that the data cannot tell apart.

mod criterion;
mod integral_search;
mod search;
mod subsets;

pub use criterion::{Penalty, SelectionSettings};
pub use search::{Structure, StructureSet, select_terms};

pub(crate) use criterion::extended;
pub(crate) use integral_search::select_terms_in_integral_form;
pub(crate) use subsets::Subset;
