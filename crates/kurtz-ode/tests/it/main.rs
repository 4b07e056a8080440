//! The integrators against closed forms and reference solutions.

mod accuracy;
mod door;
mod problems;
mod sensitivities;
mod stiff;
mod stops;
