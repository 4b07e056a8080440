//! Multilayer perceptrons on one core: small enough to understand, fast enough for many trials side by side.
//!
//! [`Mlp`] is a network, [`Trainer`] one in training. Numbers are f32, in batches of a few dozen samples. Training is
//! the same on any number of threads, since trials are what runs in parallel; its bits are those of one class of
//! processor (with or without fused products).

mod adam;
mod aligned;
mod dropout;
mod mlp;
mod product;
mod trainer;

pub use adam::AdamSettings;
pub use mlp::{Activation, Mlp, MlpSettings};
pub use trainer::{MAX_BATCH, Trainer};

#[cfg(test)]
mod tests;
