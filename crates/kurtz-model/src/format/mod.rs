//! Files that hold networks.

pub mod crn;
pub mod sbml;
