//! Rate constants by the master equation: moments predicted without any closure, for small state spaces.

use super::candidates::Candidate;
use super::data::ReactionData;
use super::network::{Amounts, network_of};
use crate::condition::Condition;
use crate::error::LearnError;
use crate::fit::{Fit, FitSettings, Prediction, Predictor, WeightedData, Weighting, fit};
use kurtz_dynamics::fsp::{self, FspSettings, Stop};
use kurtz_dynamics::{MomentIndex, MomentSeries};
use kurtz_model::Kinetics;

/// Moments of the solution of the master equation by finite state projection, as functions of rate constants.
///
/// Derivatives are central differences; with the projection's tolerance far below the data's errors they are as good as
/// exact. Costs 2 p + 1 solutions a step.
pub struct MasterEquation<'a> {
    species: Vec<String>,
    volume: f64,
    candidates: Vec<&'a Candidate>,
    conditions: &'a [Condition],
    indices: Vec<MomentIndex>,
    order: u32,
    settings: FspSettings,
}

/// Relative step of the differences: their error is its square, rounding and truncation enter divided by it.
const STEP: f64 = 1e-3;

impl<'a> MasterEquation<'a> {
    /// Predicts the moments that prepared data observe, for some of its candidates (positions).
    ///
    /// # Errors
    /// Data that are not moments of counts, or whose starts are not whole numbers known exactly.
    pub fn new(data: &'a ReactionData, chosen: &[usize], settings: &FspSettings) -> Result<Self, LearnError> {
        let species = data.species.clone();
        let width = data.conditions[0].width();
        let order = (1..=4).find(|&o| MomentIndex::up_to(species.len(), o).len() == width);
        let order = order.filter(|_| data.amounts == Amounts::Counts).ok_or_else(|| LearnError::NotIdentifiable {
            what: "rate constants by the master equation".into(),
            reason: "the data are not moments of counts".into(),
        })?;
        for condition in &data.conditions {
            for (s, &value) in species.iter().zip(condition.start()) {
                if value != value.round() || value < 0.0 {
                    let what = format!("the start of {s} in condition `{}`", condition.name);
                    let expected = "the master equation starts from whole numbers of molecules";
                    return Err(LearnError::BadValue { what, value, expected });
                }
            }
        }
        Ok(MasterEquation {
            indices: MomentIndex::up_to(species.len(), order),
            species,
            volume: data.volume,
            candidates: chosen.iter().map(|&j| &data.candidates[j]).collect(),
            conditions: &data.conditions,
            order,
            settings: settings.clone(),
        })
    }

    fn moments(&self, condition: &Condition, rates: &[f64]) -> Result<Vec<f64>, LearnError> {
        let pairs: Vec<(&Candidate, f64)> = self.candidates.iter().copied().zip(rates.iter().copied()).collect();
        let initial = &condition.start()[..self.species.len()];
        let network = network_of(&self.species, initial, Amounts::Counts, self.volume, &pairs);
        let kinetics = Kinetics::new(&network)?;
        let times: Vec<f64> = condition.times.iter().map(|t| t - condition.times[0]).collect();
        let solution = fsp::solve(&kinetics, &times[1..], &self.settings)?;
        if solution.stop != Stop::Finished {
            let time = condition.times[0] + solution.times.last().copied().unwrap_or(0.0);
            return Err(LearnError::Diverged { condition: condition.name.clone(), time });
        }
        let series = solution.moments(self.order)?;
        let mut values = condition.start().to_vec();
        for t in 0..times.len() - 1 {
            values.extend(self.indices.iter().map(|i| value_of(&series, t, i, &self.species)));
        }
        Ok(values)
    }
}

/// A moment of the species of a solution that may lack species or have them in another order: those lacking are constant.
fn value_of(series: &MomentSeries, time: usize, index: &MomentIndex, species: &[String]) -> f64 {
    let mut powers = vec![0; series.species.len()];
    for (&power, name) in index.0.iter().zip(species) {
        match series.species.iter().position(|s| s == name) {
            Some(place) => powers[place] = power,
            None if power > 0 => return if index.order() > 1 { 0.0 } else { f64::NAN },
            None => {}
        }
    }
    series.position(&MomentIndex(powers)).map_or(f64::NAN, |m| series.value(time, m))
}

impl Predictor for MasterEquation<'_> {
    fn parameter_count(&self) -> usize {
        self.candidates.len()
    }

    fn parameter_names(&self) -> Vec<String> {
        self.candidates.iter().map(|c| c.name.clone()).collect()
    }

    fn predict(&self, condition: usize, parameters: &[f64], by: &[usize]) -> Result<Prediction, LearnError> {
        let condition = &self.conditions[condition];
        let values = self.moments(condition, parameters)?;
        let mut by_parameter = vec![0.0; values.len() * by.len()];
        let largest = parameters.iter().copied().fold(0.0, f64::max);
        for (k, &j) in by.iter().enumerate() {
            let step = STEP * if parameters[j] > 0.0 { parameters[j] } else { largest };
            let at = |by: f64| {
                let mut shifted = parameters.to_vec();
                shifted[j] += by;
                self.moments(condition, &shifted)
            };
            // At a rate of zero there is only one side.
            let (up, down, width) = match parameters[j] > 0.0 {
                true => (at(step)?, at(-step)?, 2.0 * step),
                false => (at(step)?, values.clone(), step),
            };
            for (r, (u, d)) in up.iter().zip(&down).enumerate() {
                by_parameter[r * by.len() + k] = (u - d) / width;
            }
        }
        Ok(Prediction { values, by_parameter })
    }
}

/// Fits the rates of some candidates (positions), all >= 0, to moments by the master equation, from a start.
///
/// # Errors
/// As [`MasterEquation::new`]; state spaces that are too large.
pub fn fit_master_equation(
    data: &ReactionData,
    chosen: &[usize],
    start: &[f64],
    settings: &FspSettings,
    fits: &FitSettings,
) -> Result<Fit, LearnError> {
    let predictor = MasterEquation::new(data, chosen, settings)?;
    let weighted = WeightedData::new(data.conditions.clone(), Weighting::Full)?;
    fit(&predictor, &weighted, start, &vec![true; chosen.len()], fits)
}
