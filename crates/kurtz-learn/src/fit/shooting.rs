//! Predictions by integrating a model from the initial state of each condition (multiple shots of one gun: every
//! condition has its own initial state, all share the parameters).

use super::adaptive::{Accuracy, integrate_adaptively};
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
    /// Most equal steps in one interval between data, >= 1; a model that needs more (a stiff one) is integrated with steps
    /// that follow the error instead. Default 128.
    pub max_substeps: usize,
}

impl Default for ShootingSettings {
    fn default() -> Self {
        ShootingSettings { tolerance: 0.01, max_substeps: 128 }
    }
}

/// A model integrated from the start of each condition; its states are what the conditions observe.
///
/// Parameters are those of the model, then the initial values that are not known exactly.
pub struct Shooting<'a> {
    model: &'a dyn Model,
    conditions: &'a [Condition],
    /// How each condition is integrated.
    steps: Vec<Steps>,
    /// Condition and state of each unknown initial value.
    unknown: Vec<(usize, usize)>,
}

/// How one condition is integrated.
#[derive(Clone, Debug)]
enum Steps {
    /// Equal steps, so many in each interval: cheap, and smooth in the parameters.
    Equal(Vec<usize>),
    /// As the error asks: for stiff models.
    Adaptive(Accuracy),
}

/// Tolerances of adaptive steps: relative, and absolute in standard errors of the best datum of a state. A hundred times
/// below what a datum notices, so that chi-square is smooth to that.
const RELATIVE: f64 = 1e-8;
const OF_NOISE: f64 = 1e-4;
const MAX_STEPS: usize = 50_000;

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
        let steps = conditions.iter().map(|c| Steps::Equal(vec![1; c.times.len() - 1])).collect();
        Ok(Shooting { model, conditions, steps, unknown })
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
    /// by more than the tolerance; a condition for which no number allowed does is integrated adaptively.
    ///
    /// # Errors
    /// [`LearnError::Diverged`] if that fails too.
    pub fn refined_at(mut self, parameters: &[f64], settings: &ShootingSettings) -> Result<Self, LearnError> {
        for c in 0..self.conditions.len() {
            self.steps[c] = match self.equal_steps(c, parameters, settings) {
                Some(steps) => steps,
                None => {
                    let steps = Steps::Adaptive(self.accuracy(c));
                    self.integrate_with(c, parameters, &steps, &[], &[])?;
                    steps
                }
            };
        }
        Ok(self)
    }

    fn equal_steps(&self, c: usize, parameters: &[f64], settings: &ShootingSettings) -> Option<Steps> {
        let times = &self.conditions[c].times;
        let longest = times.windows(2).map(|w| w[1] - w[0]).fold(0.0, f64::max);
        let steps = |per_longest: f64| {
            let lengths = times.windows(2).map(|w| w[1] - w[0]);
            Steps::Equal(lengths.map(|l| (per_longest * l / longest).ceil().max(1.0) as usize).collect())
        };
        let integrate = |count: f64| self.integrate_with(c, parameters, &steps(count), &[], &[]).ok();
        let mut count = 1.0;
        let mut coarse = integrate(count);
        while count < settings.max_substeps as f64 {
            count *= 2.0;
            let fine = integrate(count);
            if let (Some(a), Some(b)) = (&coarse, &fine)
                && self.largest_difference(c, &a.states, &b.states) < settings.tolerance
            {
                return Some(steps(count));
            }
            coarse = fine;
        }
        None
    }

    fn accuracy(&self, condition: usize) -> Accuracy {
        let data = &self.conditions[condition];
        let n = data.width();
        let absolute = |state: usize| {
            let errors = (0..data.times.len()).map(|t| data.variance(t * n + state).sqrt()).filter(|e| *e > 0.0);
            let largest = (0..data.times.len()).map(|t| data.at(t)[state].abs()).fold(0.0, f64::max);
            // Values known exactly still bound what is worth computing.
            (OF_NOISE * errors.fold(f64::INFINITY, f64::min)).min(RELATIVE.sqrt() * largest).max(1e-12)
        };
        Accuracy { relative: RELATIVE, absolute: (0..n).map(absolute).collect(), max_steps: MAX_STEPS }
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
        steps: &Steps,
        by: &[usize],
        by_initial: &[usize],
    ) -> Result<Trajectory, LearnError> {
        let data = &self.conditions[condition];
        let initial = self.initial(condition, parameters);
        let parameters = &parameters[..self.model.parameter_count()];
        let found = match steps {
            Steps::Equal(counts) => integrate(self.model, parameters, &initial, &data.times, counts, by, by_initial),
            Steps::Adaptive(accuracy) => {
                integrate_adaptively(self.model, parameters, &initial, &data.times, accuracy, by, by_initial)
            }
        };
        found.map_err(|blowup| LearnError::Diverged { condition: data.name.clone(), time: blowup.time })
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
        let found = self.integrate_with(condition, parameters, &self.steps[condition], &own, &by_initial)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fit::{FitSettings, LibraryModel, WeightedData, Weighting, fit};
    use crate::library::MassActionLibrary;
    use crate::reactions::Candidate;
    use kurtz_dynamics::moments::Stoichiometry;

    /// A <-> B at 4e5 and 1e6, B -> 0 at 0.7: A and B relax a million times faster than they decay.
    #[test]
    fn a_stiff_network_is_fitted() {
        let species = ["A", "B"].map(String::from);
        let reaction = |r: [u32; 2], p: [u32; 2]| {
            Candidate::new(&species, Stoichiometry { reactants: r.to_vec(), products: p.to_vec() })
        };
        let candidates = [reaction([1, 0], [0, 1]), reaction([0, 1], [1, 0]), reaction([0, 1], [0, 0])];
        let library = MassActionLibrary::new(&species, &candidates).unwrap();
        let model = LibraryModel(&library);
        let truth = [4e5, 1e6, 0.7];
        let times: Vec<f64> = (0..=10).map(f64::from).collect();
        let accuracy = Accuracy { relative: 1e-10, absolute: vec![1e-12; 2], max_steps: 100_000 };
        let exact = integrate_adaptively(&model, &truth, &[1.0, 0.0], &times, &accuracy, &[], &[]).unwrap().states;
        let variances: Vec<f64> = (0..22).map(|i| if i < 2 { 0.0 } else { 1e-8 }).collect();
        let condition = Condition::new("c", times, species.to_vec(), exact, variances, 1.0).unwrap();
        let data = WeightedData::new(vec![condition], Weighting::Full).unwrap();
        let start = [3e5, 1e6, 1.0];
        let shooting = Shooting::new(&model, data.conditions()).unwrap();
        let shooting = shooting.refined_at(&start, &ShootingSettings::default()).unwrap();
        assert!(matches!(shooting.steps[0], Steps::Adaptive(_)));
        let found = fit(&shooting, &data, &start, &[true; 3], &FitSettings::default()).unwrap();
        // The fast rates appear in their ratio alone.
        let ratio = found.parameters[0] / found.parameters[1];
        assert!((ratio - 0.4).abs() < 1e-4 && (found.parameters[2] - 0.7).abs() < 1e-3, "{found:?}");
    }
}
