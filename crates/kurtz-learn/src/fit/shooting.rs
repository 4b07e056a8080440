//! Predictions by integrating a model from the initial state of each condition (multiple shots of one gun: every
//! condition has its own initial state, all share the parameters).

use super::model::Model;
use super::predictor::{Prediction, Predictor};
use super::trajectory::{Trajectory, integrate};
use crate::condition::{Condition, check_conditions};
use crate::error::LearnError;
use serde::{Deserialize, Serialize};

/// Settings of [`Shooting`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ShootingSettings {
    /// Largest integration error allowed, in standard errors of the datum it meets, > 0. Default 0.01.
    pub tolerance: f64,
    /// Most steps in one interval between data, >= 1. Default 4096.
    pub max_substeps: usize,
}

impl Default for ShootingSettings {
    fn default() -> Self {
        ShootingSettings { tolerance: 0.01, max_substeps: 4096 }
    }
}

/// A model integrated from the start of each condition; its states are what the conditions observe.
///
/// Parameters are those of the model, then the initial values that are not known exactly.
pub struct Shooting<'a> {
    model: &'a dyn Model,
    conditions: &'a [Condition],
    /// Steps in each interval, per condition.
    substeps: Vec<Vec<usize>>,
    /// Condition and state of each unknown initial value.
    unknown: Vec<(usize, usize)>,
}

impl<'a> Shooting<'a> {
    /// Joins a model to conditions; one integration step per interval until [`Shooting::refined_at`] chooses better.
    ///
    /// # Errors
    /// Conditions that do not observe the states of the model, one by one; a start with missing values.
    pub fn new(model: &'a dyn Model, conditions: &'a [Condition]) -> Result<Self, LearnError> {
        check_conditions(conditions)?;
        let mut unknown = Vec::new();
        for (c, condition) in conditions.iter().enumerate() {
            let (expected, found) = (model.dimension(), condition.width());
            if expected != found {
                let what = format!("the observables of condition `{}`", condition.name);
                return Err(LearnError::Length { what, expected, found });
            }
            if condition.start().iter().any(|v| v.is_nan()) {
                return Err(LearnError::NotIdentifiable {
                    what: format!("where condition `{}` starts", condition.name),
                    reason: "its first time has missing values".into(),
                });
            }
            unknown.extend((0..found).filter(|&i| condition.variance(i) > 0.0).map(|i| (c, i)));
        }
        let substeps = conditions.iter().map(|c| vec![1; c.times.len() - 1]).collect();
        Ok(Shooting { model, conditions, substeps, unknown })
    }

    /// Number of parameters of the model itself; unknown initial values follow them.
    pub fn model_parameters(&self) -> usize {
        self.model.parameter_count()
    }

    /// Parameters of the model with the observed initial values appended where those are unknown.
    pub fn with_initial_values(&self, parameters: &[f64]) -> Vec<f64> {
        let starts = self.unknown.iter().map(|&(c, i)| self.conditions[c].start()[i]);
        parameters.iter().copied().chain(starts).collect()
    }

    /// Chooses the numbers of integration steps such that halving them would change no prediction, at these parameters,
    /// by more than the tolerance.
    ///
    /// # Errors
    /// [`LearnError::Diverged`] if no number of steps allowed does.
    pub fn refined_at(mut self, parameters: &[f64], settings: &ShootingSettings) -> Result<Self, LearnError> {
        for c in 0..self.conditions.len() {
            let condition = &self.conditions[c];
            let longest = condition.times.windows(2).map(|w| w[1] - w[0]).fold(0.0, f64::max);
            let steps = |per_longest: f64| -> Vec<usize> {
                let lengths = condition.times.windows(2).map(|w| w[1] - w[0]);
                lengths.map(|l| (per_longest * l / longest).ceil().max(1.0) as usize).collect()
            };
            let mut count = 1.0;
            let mut coarse = self.integrate_with(c, parameters, &steps(count), &[], &[]);
            loop {
                count *= 2.0;
                let fine = self.integrate_with(c, parameters, &steps(count), &[], &[]);
                let error = match (&coarse, &fine) {
                    (Ok(a), Ok(b)) => self.largest_difference(c, &a.states, &b.states),
                    _ => f64::INFINITY,
                };
                if error < settings.tolerance {
                    break;
                }
                if count >= settings.max_substeps as f64 {
                    return Err(fine.err().unwrap_or(LearnError::Diverged {
                        condition: condition.name.clone(),
                        time: *condition.times.last().expect("conditions have times"),
                    }));
                }
                coarse = fine;
            }
            self.substeps[c] = steps(count);
        }
        Ok(self)
    }

    fn largest_difference(&self, condition: usize, a: &[f64], b: &[f64]) -> f64 {
        let data = &self.conditions[condition];
        let relative = |i: usize| match data.variance(i) {
            v if v > 0.0 => (a[i] - b[i]).abs() / v.sqrt(),
            _ => (a[i] - b[i]).abs() / (1e-6 * (1.0 + b[i].abs())),
        };
        (0..a.len()).map(relative).fold(0.0, f64::max)
    }

    fn initial(&self, condition: usize, parameters: &[f64]) -> Vec<f64> {
        let mut initial = self.conditions[condition].start().to_vec();
        let first = self.model.parameter_count();
        for (k, &(_, i)) in self.unknown.iter().enumerate().filter(|(_, (c, _))| *c == condition) {
            initial[i] = parameters[first + k];
        }
        initial
    }

    fn integrate_with(
        &self,
        condition: usize,
        parameters: &[f64],
        substeps: &[usize],
        by: &[usize],
        by_initial: &[usize],
    ) -> Result<Trajectory, LearnError> {
        let data = &self.conditions[condition];
        let initial = self.initial(condition, parameters);
        let parameters = &parameters[..self.model.parameter_count()];
        integrate(self.model, parameters, &initial, &data.times, substeps, by, by_initial)
            .map_err(|blowup| LearnError::Diverged { condition: data.name.clone(), time: blowup.time })
    }
}

impl Predictor for Shooting<'_> {
    fn parameter_count(&self) -> usize {
        self.model.parameter_count() + self.unknown.len()
    }

    fn parameter_names(&self) -> Vec<String> {
        let starts = self.unknown.iter().map(|&(c, i)| {
            let condition = &self.conditions[c];
            format!("{} at the start of {}", condition.observables[i], condition.name)
        });
        self.model.parameter_names().into_iter().chain(starts).collect()
    }

    fn predict(&self, condition: usize, parameters: &[f64], by: &[usize]) -> Result<Prediction, LearnError> {
        let model_count = self.model.parameter_count();
        let own: Vec<usize> = by.iter().copied().filter(|&j| j < model_count).collect();
        let starts: Vec<usize> = by.iter().copied().filter(|&j| j >= model_count).map(|j| j - model_count).collect();
        let here: Vec<usize> = starts.iter().copied().filter(|&k| self.unknown[k].0 == condition).collect();
        let by_initial: Vec<usize> = here.iter().map(|&k| self.unknown[k].1).collect();
        let found = self.integrate_with(condition, parameters, &self.substeps[condition], &own, &by_initial)?;
        if starts.is_empty() && own.len() == by.len() {
            return Ok(Prediction { values: found.states, by_parameter: found.derivatives });
        }
        // Initial values of other conditions do not act here: their columns are zero.
        let q = own.len() + here.len();
        let column = |j: usize| match j < model_count {
            true => own.iter().position(|&o| o == j),
            false => here.iter().position(|&k| k == j - model_count).map(|k| own.len() + k),
        };
        let columns: Vec<Option<usize>> = by.iter().map(|&j| column(j)).collect();
        let rows = found.states.len();
        let by_parameter = (0..rows * by.len())
            .map(|e| columns[e % by.len()].map_or(0.0, |k| found.derivatives[(e / by.len()) * q + k]))
            .collect();
        Ok(Prediction { values: found.states, by_parameter })
    }
}
