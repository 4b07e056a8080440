//! The seam between fitting and whatever predicts data.

use crate::error::LearnError;

/// What a model predicts for the values of a condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// Predicted values, `[times x observables]`.
    pub values: Vec<f64>,
    /// Their derivatives by the parameters asked for, `[(times x observables) x asked]`, row-major.
    pub by_parameter: Vec<f64>,
}

/// Whatever predicts the values of each condition from parameters: moment equations, the master equation.
pub trait Predictor: Sync {
    /// Number of parameters.
    fn parameter_count(&self) -> usize;

    /// Names of the parameters.
    fn parameter_names(&self) -> Vec<String>;

    /// Predicts the values of a condition (position), with exact derivatives by the parameters listed in `by`.
    ///
    /// # Errors
    /// [`LearnError::Diverged`] where the model cannot be evaluated; a fit then tries a shorter step.
    fn predict(&self, condition: usize, parameters: &[f64], by: &[usize]) -> Result<Prediction, LearnError>;
}
