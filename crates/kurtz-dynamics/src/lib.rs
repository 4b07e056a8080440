//! How a reaction network evolves: exact stochastic simulation and ensembles, moments, the master equation, mass action.

pub mod bifurcation;
pub mod data;
pub mod drawn;
pub mod ensemble;
pub mod error;
pub mod fsp;
pub mod hybrid;
pub mod leap;
pub mod lna;
pub mod mass_action;
pub mod method;
pub mod moment_series;
pub mod moments;
pub mod passage;
pub mod progress;
pub mod rng;
pub mod sensitivity;
pub mod ssa;
pub mod stationary;
pub mod stats;
pub mod variates;

pub use ensemble::{Ensemble, MomentRecorder, Outcome};
pub use error::DynamicsError;
pub use mass_action::{MassAction, View};
pub use method::{Method, method_named, methods};
pub use moment_series::{MomentIndex, MomentSeries};
pub use progress::Progress;
pub use stats::Distribution;

#[cfg(test)]
mod test_networks;
#[cfg(test)]
#[path = "../testing"]
mod testing {
    pub(crate) mod networks;
}
