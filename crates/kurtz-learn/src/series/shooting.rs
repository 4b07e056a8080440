//! Predictions by integrating the rate equations from the start of each condition, adaptively and stiff where needed;
//! species that are not observed are followed along.

use super::equations::RateEquations;
use crate::condition::Condition;
use crate::error::LearnError;
use crate::fit::{Prediction, Predictor};
use crate::library::Library;
use kurtz_ode::{Integration, Sensitivities, Tolerance, solve};

/// Relative tolerance of the integration.
const RELATIVE: f64 = 1e-7;
/// Absolute tolerance in standard errors of the best measurement of a species.
const OF_NOISE: f64 = 1e-3;

/// Where a species starts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Start {
    /// Exactly there.
    At(f64),
    /// At an unknown value, guessed to be this.
    Near(f64),
}

/// Rate equations integrated for each condition. Parameters are the constants of all candidates, then the unknown initial
/// values.
pub(crate) struct CourseShooting<'a> {
    equations: &'a RateEquations,
    conditions: &'a [Condition],
    /// Position of each observable among the species.
    observed: Vec<usize>,
    /// `[conditions][species]`.
    starts: Vec<Vec<Start>>,
    /// Condition and species of each unknown initial value.
    unknown: Vec<(usize, usize)>,
    integration: Integration,
}

impl<'a> CourseShooting<'a> {
    /// Joins equations to conditions that observe some of their species.
    ///
    /// # Errors
    /// Observables that are no species of the equations.
    pub fn new(
        equations: &'a RateEquations,
        conditions: &'a [Condition],
        starts: Vec<Vec<Start>>,
    ) -> Result<Self, LearnError> {
        let observed = positions(equations, conditions)?;
        let mut unknown = Vec::new();
        for (c, starts) in starts.iter().enumerate() {
            let near = |s: &usize| matches!(starts[*s], Start::Near(_));
            unknown.extend((0..starts.len()).filter(near).map(|s| (c, s)));
        }
        let integration = Integration {
            relative_tolerance: RELATIVE,
            absolute_tolerance: Tolerance::Each(tolerances(equations, conditions, &observed)),
            max_steps: 20_000,
            ..Integration::default()
        };
        Ok(CourseShooting { equations, conditions, observed, starts, unknown, integration })
    }

    /// Number of candidates; unknown initial values follow them among the parameters.
    pub fn candidates(&self) -> usize {
        self.equations.term_count()
    }

    /// Constants with the guesses of the unknown initial values appended.
    pub fn with_initial_values(&self, constants: &[f64]) -> Vec<f64> {
        let guess = |&(c, s): &(usize, usize)| match self.starts[c][s] {
            Start::At(x) | Start::Near(x) => x,
        };
        constants.iter().copied().chain(self.unknown.iter().map(guess)).collect()
    }

    /// Where all species of a condition start, `[species]`.
    pub fn initial(&self, condition: usize, parameters: &[f64]) -> Vec<f64> {
        let start = |start: &Start| match *start {
            Start::At(x) | Start::Near(x) => x,
        };
        let mut initial: Vec<f64> = self.starts[condition].iter().map(start).collect();
        let first = self.candidates();
        for (k, &(_, s)) in self.unknown.iter().enumerate().filter(|(_, (c, _))| *c == condition) {
            initial[s] = parameters[first + k];
        }
        initial
    }

    /// All species at given times from the first time of a condition on, `[times x species]`.
    ///
    /// # Errors
    /// Equations that cannot be integrated so far.
    pub fn course(&self, condition: usize, parameters: &[f64], times: &[f64]) -> Result<Vec<f64>, LearnError> {
        let settings = Integration { first_time: self.conditions[condition].times[0], ..self.integration.clone() };
        let field = self.equations.at(&parameters[..self.candidates()], &[]);
        let solution = solve(&field, &self.initial(condition, parameters), times, &settings);
        match solution {
            Ok(solution) if solution.is_complete() => Ok(solution.states),
            other => Err(self.diverged(condition, other.map_or(times[0], |s| s.final_time))),
        }
    }

    fn diverged(&self, condition: usize, time: f64) -> LearnError {
        LearnError::Diverged { condition: self.conditions[condition].name.clone(), time }
    }
}

impl Predictor for CourseShooting<'_> {
    fn parameter_count(&self) -> usize {
        self.candidates() + self.unknown.len()
    }

    fn parameter_names(&self) -> Vec<String> {
        let start = |&(c, s): &(usize, usize)| {
            format!("{} at the start of {}", self.equations.species()[s], self.conditions[c].name)
        };
        self.equations.term_names().into_iter().chain(self.unknown.iter().map(start)).collect()
    }

    fn predict(&self, condition: usize, parameters: &[f64], by: &[usize]) -> Result<Prediction, LearnError> {
        let p = self.candidates();
        let own: Vec<usize> = by.iter().copied().filter(|&j| j < p).collect();
        let here = |j: usize| (j >= p && self.unknown[j - p].0 == condition).then(|| self.unknown[j - p].1);
        let starts = by.iter().any(|&j| here(j).is_some());
        let sensitivities = match (own.is_empty(), starts) {
            (true, false) => Sensitivities::None,
            (false, false) => Sensitivities::Parameters,
            (true, true) => Sensitivities::InitialValues,
            (false, true) => Sensitivities::Both,
        };
        let data = &self.conditions[condition];
        let settings =
            Integration { first_time: data.times[0], ..self.integration.clone().with_sensitivities(sensitivities) };
        let field = self.equations.at(&parameters[..p], &own);
        let solution = solve(&field, &self.initial(condition, parameters), &data.times, &settings)
            .map_err(|_| self.diverged(condition, data.times[0]))?;
        if !solution.is_complete() {
            return Err(self.diverged(condition, solution.final_time));
        }
        let (n, q, m) = (solution.dimension, solution.directions, self.observed.len());
        let mut next = 0..own.len();
        let column = |j: usize| match j < p {
            true => next.next(),
            false => here(j).map(|s| own.len() + s),
        };
        let columns: Vec<Option<usize>> = by.iter().copied().map(column).collect();
        let values = (0..data.times.len() * m).map(|e| solution.states[(e / m) * n + self.observed[e % m]]).collect();
        let entry = |e: usize| {
            let (row, k) = (e / by.len(), e % by.len());
            let at = (row / m) * n + self.observed[row % m];
            columns[k].map_or(0.0, |k| solution.sensitivities[at * q + k])
        };
        let by_parameter = (0..data.times.len() * m * by.len()).map(entry).collect();
        Ok(Prediction { values, by_parameter })
    }
}

/// Position of each observable among the species of the equations.
pub(crate) fn positions(equations: &RateEquations, conditions: &[Condition]) -> Result<Vec<usize>, LearnError> {
    let observables = conditions.first().map_or(&[][..], |c| &c.observables);
    let position = |name: &String| {
        equations
            .species()
            .iter()
            .position(|s| s == name)
            .ok_or_else(|| LearnError::UnobservedSpecies { species: name.clone(), known: equations.species().to_vec() })
    };
    observables.iter().map(position).collect()
}

fn tolerances(equations: &RateEquations, conditions: &[Condition], observed: &[usize]) -> Vec<f64> {
    let mut largest = 0.0f64;
    let mut tolerances = vec![f64::INFINITY; equations.species().len()];
    for condition in conditions {
        let m = condition.width();
        for (i, &x) in condition.values.iter().enumerate().filter(|(_, x)| x.is_finite()) {
            largest = largest.max(x.abs());
            let variance = condition.variance(i);
            if variance > 0.0 {
                let t = &mut tolerances[observed[i % m]];
                *t = t.min(OF_NOISE * variance.sqrt());
            }
        }
    }
    let floor = if largest > 0.0 { 1e-10 * largest } else { 1e-10 };
    tolerances.iter().map(|&t| if t.is_finite() { t.max(floor) } else { 100.0 * floor }).collect()
}
