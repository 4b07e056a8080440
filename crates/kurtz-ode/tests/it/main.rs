//! The integrators against closed forms and reference solutions.

mod accuracy;
mod continuation;
mod door;
mod problems;
mod sensitivities;
mod sparse;
mod stiff;
mod stops;
