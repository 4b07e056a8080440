//! Fitting: from conditions and a model to parameters, their covariance and chi-square.

mod adaptive;
mod integral;
mod least_squares;
mod model;
mod predictor;
mod quadrature;
mod shooting;
mod trajectory;
mod weights;

pub use integral::{IntegralFit, IntegralSettings, fit_integral};
pub use least_squares::{Fit, FitSettings, fit};
pub use model::{LibraryModel, Model};
pub use predictor::{Prediction, Predictor};
pub use shooting::{Shooting, ShootingSettings};
pub use weights::{WeightedData, Weighting};

pub(crate) use adaptive::{Accuracy, integrate_adaptively};
pub(crate) use integral::IntegralForm;
pub(crate) use least_squares::{Restriction, fit_restricted, linearise};
#[cfg(test)]
pub(crate) use trajectory::integrate;
