//! What a reaction network is: species, reactions, rate laws, units, its text formats and its structure.
//!
//! Nothing here draws a random number or solves an equation. The central types are
//! [`Network`], the network as described; [`Kinetics`], the network bound to numbers
//! (parameter values, volumes, initial state), which holds the one formula for a propensity; and [`System`], the same
//! for networks with rules, events and changing quantities.

pub mod builder;
pub mod diagnostic;
pub mod expression;
pub mod format;
pub mod kinetics;
pub mod network;
pub mod polynomial;
pub mod quotient;
pub mod rate_law;
pub mod rational;
pub mod structure;
pub mod system;
pub mod units;

pub use builder::Builder;
pub use diagnostic::{Diagnostic, Diagnostics};
pub use expression::{Expression, Symbol};
pub use kinetics::Kinetics;
pub use network::{
    Compartment, CompartmentId, Event, EventId, Initial, Network, Parameter, ParameterId, Quantity, RateLaw, Reaction,
    ReactionId, Rule, RuleKind, Species, SpeciesId, Value, Variable,
};
pub use rate_law::MassActionConvention;
pub use system::System;
pub use units::Unit;
