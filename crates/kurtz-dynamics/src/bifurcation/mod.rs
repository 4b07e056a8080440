//! Bifurcation diagrams of the deterministic limit of a network: steady states with their stability, folds, Hopf points
//! and limit cycles along a parameter.
//!
//! [`NetworkFamily`] is the mass-action equations on their stoichiometric compatibility class as a family along any
//! quantity of the network; [`Diagram`] finds its branches. The continuation itself is in
//! [`kurtz_ode::continuation`].

mod control;
mod diagram;
mod error;
mod family;

pub use control::{control_named, describe_control};
pub use diagram::{Attractor, Diagram, DiagramSettings};
pub use error::BifurcationError;
pub use family::NetworkFamily;

#[cfg(test)]
mod tests;
