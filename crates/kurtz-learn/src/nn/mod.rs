//! Multilayer perceptrons on one core: small enough to understand, fast enough for many trials side by side.
//!
//! [`Mlp`] is a network, [`Batch`] its values at many points, [`Trainer`] one in training. Numbers are f32, in batches of a few dozen samples. Training is
//! the same on any number of threads, since trials are what runs in parallel; its bits are those of one class of
//! processor (with or without fused products).

mod adam;
mod aligned;
mod batch;
mod dropout;
mod mlp;
mod onnx;
mod product;
pub mod safetensors;
mod trainer;

pub use adam::AdamSettings;
pub use batch::{Batch, MAX_BATCH};
pub use mlp::{Activation, Mlp, MlpSettings};
pub use trainer::Trainer;

#[cfg(test)]
mod tests;
