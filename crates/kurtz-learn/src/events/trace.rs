//! Realisations as recorded, and whether every event was.

use crate::error::LearnError;
use crate::series::Offer;
use kurtz_dynamics::data::Series;
use kurtz_model::{Kinetics, ReactionId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Counts of some species over time in one realisation.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    pub(super) name: String,
    pub(super) times: Vec<f64>,
    /// `[times x recorded]`.
    pub(super) counts: Vec<i64>,
    /// Position of each recorded species in the offer.
    pub(super) recorded: Vec<usize>,
}

/// How a realisation was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Resolution {
    /// Every row but the last is one event after the row before.
    Events,
    /// Rows lie on a grid, with any number of events between them.
    Grid,
}

/// Unexplained changes beyond this part of all rows mean that rows are not events.
const UNEXPLAINED: f64 = 0.05;

/// Series as traces.
///
/// # Errors
/// Values that are no whole counts, gaps, fewer than two rows, columns that are no species of the offer.
pub(super) fn traces(series: &[Series], observed: &[String], offer: &Offer) -> Result<Vec<Trace>, LearnError> {
    let place = |name: &String| {
        let known = || offer.species.clone();
        let found = offer.species.iter().position(|s| s == name);
        found.ok_or_else(|| LearnError::UnobservedSpecies { species: name.clone(), known: known() })
    };
    let recorded = observed.iter().map(place).collect::<Result<Vec<_>, _>>()?;
    let trace = |s: &Series| {
        let name =
            if s.trajectory.is_empty() { s.condition.clone() } else { format!("{}/{}", s.condition, s.trajectory) };
        if s.times.len() < 2 {
            return Err(LearnError::Empty { what: "times after the start" });
        }
        let whole = |(i, &x): (usize, &f64)| {
            if x.fract() == 0.0 && (0.0..9e15).contains(&x) {
                return Ok(x as i64);
            }
            Err(LearnError::BadValue {
                what: format!(
                    "the count of `{}` at time {} of `{name}`",
                    observed[i % observed.len()],
                    s.times[i / observed.len()]
                ),
                value: x,
                expected: "a single realisation has whole counts of molecules, without gaps",
            })
        };
        let counts = s.values.iter().enumerate().map(whole).collect::<Result<Vec<_>, _>>()?;
        Ok(Trace { name, times: s.times.clone(), counts, recorded: recorded.clone() })
    };
    series.iter().map(trace).collect()
}

/// Whether the rows of traces are the events of the candidates.
///
/// They are not if times are evenly spaced, if a row other than the last repeats the one before, or if more than one
/// row in twenty is reached by no single candidate.
pub fn resolution(traces: &[Trace], offer: &Offer) -> Resolution {
    let complete = |t: &Trace| free(offer).iter().all(|s| t.recorded.contains(s));
    let jumps: BTreeSet<Vec<i64>> = (0..offer.candidates.len()).map(|j| change(offer, j)).collect();
    let (mut rows, mut unexplained) = (0, 0);
    for trace in traces {
        if !complete(trace) || is_even(&trace.times) {
            return Resolution::Grid;
        }
        for row in 1..trace.times.len() {
            let jump = trace.jump(row, offer);
            let still = jump.iter().all(|d| *d == 0);
            if still && row + 1 < trace.times.len() {
                return Resolution::Grid;
            }
            rows += usize::from(!still);
            unexplained += usize::from(!still && !jumps.contains(&jump));
        }
    }
    if unexplained as f64 <= UNEXPLAINED * rows as f64 { Resolution::Events } else { Resolution::Grid }
}

fn is_even(times: &[f64]) -> bool {
    let steps: Vec<f64> = times.windows(2).map(|w| w[1] - w[0]).collect();
    let step = (times[times.len() - 1] - times[0]) / steps.len() as f64;
    steps.len() > 2 && steps.iter().all(|s| (s - step).abs() < 1e-6 * step)
}

/// Propensities of the candidates at unit constants.
pub(super) struct Intensities(Kinetics);

impl Intensities {
    pub fn new(offer: &Offer) -> Result<Self, LearnError> {
        offer.at_unit_constants().map(Intensities)
    }

    /// Of one candidate at counts of all species.
    pub fn of(&self, candidate: usize, state: &[i64]) -> f64 {
        let counts: Vec<f64> = state.iter().map(|&n| n as f64).collect();
        self.0.propensity(ReactionId::from(candidate), 0.0, &counts).max(0.0)
    }
}

/// Species that can change.
pub(super) fn free(offer: &Offer) -> Vec<usize> {
    (0..offer.species.len()).filter(|&s| offer.clamped[s].is_none()).collect()
}

/// Change of the species that can change, in one event of a candidate.
pub(super) fn change(offer: &Offer, candidate: usize) -> Vec<i64> {
    let change = offer.change(candidate);
    free(offer).into_iter().map(|s| change[s]).collect()
}

impl Trace {
    /// Counts of all species of the offer at a row; only for traces that record all that can change.
    pub(super) fn state(&self, row: usize, offer: &Offer) -> Vec<i64> {
        let width = self.recorded.len();
        let mut state: Vec<i64> = offer.clamped.iter().map(|x| x.unwrap_or(0.0).round() as i64).collect();
        for (o, &s) in self.recorded.iter().enumerate().filter(|(_, s)| offer.clamped[**s].is_none()) {
            state[s] = self.counts[row * width + o];
        }
        state
    }

    /// Counts of the species that can change.
    pub(super) fn free_state(&self, row: usize, offer: &Offer) -> Vec<i64> {
        let state = self.state(row, offer);
        free(offer).into_iter().map(|s| state[s]).collect()
    }

    /// Change of the species that can change, from the row before.
    pub(super) fn jump(&self, row: usize, offer: &Offer) -> Vec<i64> {
        let (before, after) = (self.free_state(row - 1, offer), self.free_state(row, offer));
        after.iter().zip(&before).map(|(a, b)| a - b).collect()
    }
}
