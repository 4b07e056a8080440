//! Settings of an integration.

use serde::{Deserialize, Serialize};

use crate::{OdeError, VectorField};

/// Which integrator advances the state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum OdeMethod {
    /// Explicit at first; stiff from the moment stiffness is seen (reported in [`Statistics`](crate::Statistics)).
    #[default]
    Auto,
    /// Explicit Runge-Kutta pair of order 5(4) by Tsitouras. Not for stiff fields: its cost grows with the fastest rate.
    Explicit,
    /// Implicit Runge-Kutta of the Radau IIA family, for stiff fields.
    Stiff,
    /// Euler's method with fixed step, order 1. For comparison with published work only.
    Euler {
        /// The step, in units of time; the last one is shortened to meet the end.
        step: f64,
    },
    /// The classical Runge-Kutta method with fixed step, order 4. For comparison with published work.
    RungeKutta4 {
        /// The step, in units of time; the last one is shortened to meet the end.
        step: f64,
    },
}

/// Absolute tolerance: one for all variables, or one for each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Tolerance {
    /// The same for every variable.
    Same(f64),
    /// One for each variable, `[n]`.
    Each(Vec<f64>),
}

impl From<f64> for Tolerance {
    fn from(value: f64) -> Self {
        Tolerance::Same(value)
    }
}

impl From<Vec<f64>> for Tolerance {
    fn from(values: Vec<f64>) -> Self {
        Tolerance::Each(values)
    }
}

impl Tolerance {
    /// The tolerance of one variable.
    pub(crate) fn of(&self, variable: usize) -> f64 {
        match self {
            Tolerance::Same(value) => *value,
            Tolerance::Each(values) => values[variable],
        }
    }
}

/// With respect to what the solution is differentiated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sensitivities {
    /// Nothing.
    #[default]
    None,
    /// The p parameters of the field.
    Parameters,
    /// The n initial values.
    InitialValues,
    /// The p parameters, then the n initial values.
    Both,
}

impl Sensitivities {
    /// Whether the parameters are among the directions.
    pub fn has_parameters(self) -> bool {
        matches!(self, Sensitivities::Parameters | Sensitivities::Both)
    }

    /// Whether the initial values are among the directions.
    pub fn has_initial_values(self) -> bool {
        matches!(self, Sensitivities::InitialValues | Sensitivities::Both)
    }
}

/// Settings of an integration.
///
/// A step is accepted if the root mean square over the variables of (estimated error)_i / (a_i + r |x_i|) is at most 1,
/// with the relative tolerance r and the absolute tolerances a_i. Errors of steps add up: the error of a solution is
/// typically some tolerances; the fast components of a stiff one can be off by some tens of them between the ends of
/// steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Integration {
    /// The integrator. Default [`OdeMethod::Auto`].
    pub method: OdeMethod,
    /// Relative tolerance r, in [1e-14, 1). Default 1e-8: eight digits leave room for differences and fits on top.
    pub relative_tolerance: f64,
    /// Absolute tolerance, positive, in the units of the variables: below it a variable counts as zero. Default 1e-10;
    /// give one for each variable if they live on different scales.
    pub absolute_tolerance: Tolerance,
    /// Time of the initial state, in units of time. Default 0.
    pub first_time: f64,
    /// First step to try, in units of time. Default: found by the method of Hairer, Norsett & Wanner (II.4).
    pub initial_step: Option<f64>,
    /// Bound on the step, in units of time, so that short pulses in time-dependent fields are not stepped over.
    /// Default: none.
    pub largest_step: Option<f64>,
    /// Steps to try, rejected ones included, before [`Stop::MaxSteps`](crate::Stop). Default 1 000 000.
    pub max_steps: usize,
    /// What to differentiate the solution by. Default nothing.
    pub sensitivities: Sensitivities,
    /// Tolerance of the sensitivities, relative to the largest entry of each column, in [1e-14, 1). Default: none, the
    /// steps follow the error of the state alone (the sensitivities are then the derivatives of the computed solution,
    /// about as accurate as it is).
    pub sensitivity_tolerance: Option<f64>,
    /// Keep the interpolant of every step, for [`Solution::at`](crate::Solution::at). Default false.
    pub continuous: bool,
}

impl Default for Integration {
    fn default() -> Self {
        Integration {
            method: OdeMethod::Auto,
            relative_tolerance: 1e-8,
            absolute_tolerance: Tolerance::Same(1e-10),
            first_time: 0.0,
            initial_step: None,
            largest_step: None,
            max_steps: 1_000_000,
            sensitivities: Sensitivities::None,
            sensitivity_tolerance: None,
            continuous: false,
        }
    }
}

impl Integration {
    /// Default settings with relative tolerance `relative` and the same `absolute` tolerance for all variables.
    pub fn with_tolerances(relative: f64, absolute: f64) -> Self {
        Integration {
            relative_tolerance: relative,
            absolute_tolerance: Tolerance::Same(absolute),
            ..Integration::default()
        }
    }

    /// The same settings with another method.
    pub fn with_method(mut self, method: OdeMethod) -> Self {
        self.method = method;
        self
    }

    /// The same settings with sensitivities.
    pub fn with_sensitivities(mut self, sensitivities: Sensitivities) -> Self {
        self.sensitivities = sensitivities;
        self
    }

    /// Checks the settings, and the initial state with them.
    pub(crate) fn validate(&self, field: &dyn VectorField, x0: &[f64]) -> Result<(), OdeError> {
        let n = field.dimension();
        if x0.len() != n {
            return Err(OdeError::StateLength { expected: n, found: x0.len() });
        }
        if n == 0 {
            return Err(OdeError::NoVariables);
        }
        if let Some(variable) = x0.iter().position(|x| !x.is_finite()) {
            return Err(OdeError::InitialValue { variable, value: x0[variable] });
        }
        if !self.first_time.is_finite() {
            return Err(OdeError::TimeNotFinite { index: 0, value: self.first_time });
        }
        let is_tolerance = |r: f64| (1e-14..1.0).contains(&r);
        if !is_tolerance(self.relative_tolerance) {
            return Err(OdeError::RelativeTolerance { found: self.relative_tolerance });
        }
        if let Some(found) = self.sensitivity_tolerance.filter(|&r| !is_tolerance(r)) {
            return Err(OdeError::SensitivityTolerance { found });
        }
        let is_positive = |a: f64| a > 0.0 && a.is_finite();
        match &self.absolute_tolerance {
            Tolerance::Same(a) if !is_positive(*a) => {
                return Err(OdeError::AbsoluteTolerance { variable: 0, found: *a });
            }
            Tolerance::Each(each) if each.len() != n => {
                return Err(OdeError::ToleranceLength { expected: n, found: each.len() });
            }
            Tolerance::Each(each) => {
                if let Some(variable) = each.iter().position(|&a| !is_positive(a)) {
                    return Err(OdeError::AbsoluteTolerance { variable, found: each[variable] });
                }
            }
            Tolerance::Same(_) => {}
        }
        let fixed = match self.method {
            OdeMethod::Euler { step } | OdeMethod::RungeKutta4 { step } => Some(step),
            _ => None,
        };
        let steps = [("initial_step", self.initial_step), ("largest_step", self.largest_step), ("step", fixed)];
        for (setting, step) in steps {
            if let Some(found) = step.filter(|&h| !is_positive(h)) {
                return Err(OdeError::StepSize { setting, found });
            }
        }
        if self.sensitivities.has_parameters() && field.parameter_count() == 0 {
            return Err(OdeError::NoParameters);
        }
        Ok(())
    }
}
