//! End-to-end jobs: settings in, results out. Each command of `kurtz` is one of them.

pub mod bench;
pub mod bifurcate;
pub mod calcium;
pub mod check;
mod checkpoint;
pub mod convert;
pub mod dynamic_pca;
pub mod epidermis;
pub mod file;
pub mod findings;
pub mod forward;
pub mod gene_network;
mod grid;
pub mod integrate;
pub mod leaping;
pub mod learn;
pub mod linear_noise;
mod model_file;
pub mod moments;
pub mod passage;
pub mod precision;
pub mod predict;
pub mod reduce;
pub mod reduce_data;
pub mod scan;
pub mod sensitivity;
pub mod simulate;
pub mod solve;
pub mod spikes;
pub mod stationary;
pub mod summary;

pub use findings::Findings;
pub use grid::output_times;
pub use model_file::{ModelChoice, ModelFile, WholeModel};
