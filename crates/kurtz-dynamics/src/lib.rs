//! How a reaction network evolves: exact stochastic simulation and ensembles, moments, the master equation, mass action.

pub mod data;
pub mod moment_series;
pub use moment_series::{MomentIndex, MomentSeries};
