//! Which terms: structure by evidence over all subsets, and the set of structures that the data cannot tell apart.

mod criterion;
mod search;
mod subsets;

pub use criterion::{Penalty, SelectionSettings};
pub use search::{Structure, StructureSet, select_terms};

pub(crate) use subsets::{Subset, best_subsets};
