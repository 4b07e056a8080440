//! Files that hold networks.

pub mod crn;
