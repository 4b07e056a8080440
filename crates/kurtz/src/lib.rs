//! From a chemical reaction network to a reduced model that one can trust.
//!
//! This crate is the door for Rust programs: it re-exports the rooms of the house, and holds the end-to-end jobs
//! ([`study`]) that the `kurtz` command runs.
//!
//! | room | what is in it |
//! |---|---|
//! | [`model`] | networks, rate laws, units, the `.crn` format, structure |
//! | [`ode`] | vector fields and their integrators |
//! | [`dynamics`] | stochastic simulation, ensembles, moments, the master equation |
//! | [`learn`] | reactions and rates from data |
//! | [`report`] | figures, tables, documents, provenance |
//!
//! ```
//! use kurtz::model::{Kinetics, format::crn};
//! let (network, _) = crn::parse("species A = 10\nparameter k = 0.1\ndecay: A -> 0 @ k", "decay.crn")?;
//! let kinetics = Kinetics::new(&network)?;
//! assert_eq!(kinetics.initial(), [10.0]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub use kurtz_dynamics as dynamics;
pub use kurtz_learn as learn;
pub use kurtz_model as model;
pub use kurtz_ode as ode;
pub use kurtz_report as report;

mod error;
pub mod study;

pub use error::{Class, Error};

/// The bibliography of the methods in kurtz.
pub const REFERENCES: &str = include_str!("../../../references.bib");
