//! Sensitivities of ensemble means to parameters.
//!
//! | estimator | costs | systematic error | standard error | when |
//! |---|---|---|---|---|
//! | [`coupled_differences`] | two trajectories and more, for each parameter | relative h^2, 1e-4 | small, also at long times | few parameters; the default |
//! | [`likelihood_ratios`] | one trajectory for all parameters | none | grows with the number of events | many parameters, short times, few events |
//!
//! Both sample exact trajectories. The first follows how trajectories move with a parameter, the second how likely each of
//! them is; the second needs no second value of the parameter, so that it is an independent check of the first.

mod coupled;
mod likelihood;

pub use coupled::{CoupledDifferences, coupled_differences};
pub use likelihood::{LikelihoodRatio, likelihood_ratios};

use crate::error::DynamicsError;
use crate::method::Halt;
use kurtz_model::kinetics::KineticsError;
use kurtz_model::{Network, ParameterId};

/// Derivatives of means with their standard errors.
#[derive(Clone, Debug, PartialEq)]
pub struct Sensitivities {
    /// Names of the parameters.
    pub parameters: Vec<String>,
    /// Their values.
    pub values: Vec<f64>,
    /// Names of the species.
    pub species: Vec<String>,
    /// Times.
    pub times: Vec<f64>,
    /// d<n_i(t)>/dp, `[parameters x times x species]`.
    pub derivatives: Vec<f64>,
    /// Their standard errors, likewise.
    pub standard_errors: Vec<f64>,
    /// Means, of everything that was sampled, `[times x species]`.
    pub means: Vec<f64>,
    /// Pairs of trajectories for each parameter, or trajectories.
    pub samples: u64,
    /// The pair or trajectory that could not be followed, if there was one, or an interruption.
    pub halt: Option<Halt>,
}

/// Trajectories or pairs of one reduction; not a function of the number of threads.
const BLOCK: u64 = 64;
/// Events between two questions whether to give up.
const STRIDE: u64 = 4096;

impl Sensitivities {
    /// Nothing yet of these parameters: no values and derivatives, means of 0.
    fn empty(network: &Network, parameters: &[String], times: &[f64], samples: u64) -> Self {
        Sensitivities {
            parameters: parameters.to_vec(),
            values: Vec::new(),
            species: network.species.iter().map(|s| s.name.clone()).collect(),
            times: times.to_vec(),
            derivatives: Vec::new(),
            standard_errors: Vec::new(),
            means: vec![0.0; times.len() * network.species.len()],
            samples,
            halt: None,
        }
    }
}

fn check_times(times: &[f64]) -> Result<(), DynamicsError> {
    let mut before = -f64::MIN_POSITIVE;
    for (index, &value) in times.iter().enumerate() {
        if !(value.is_finite() && value > before) {
            return Err(DynamicsError::BadGrid { index, value });
        }
        before = value;
    }
    Ok(())
}

fn parameter_named(network: &Network, name: &str) -> Result<ParameterId, DynamicsError> {
    network.parameter_named(name).ok_or_else(|| {
        let known = network.parameters.iter().map(|p| p.name.clone()).collect();
        KineticsError::Unknown { kind: "parameter", name: name.into(), known }.into()
    })
}
