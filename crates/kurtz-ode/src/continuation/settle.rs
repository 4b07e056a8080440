//! Where a solution goes: to a steady state, or round a cycle.

use super::scaled::Scaled;
use super::steady::newton;
use super::{Continuation, ContinuationError, Family, Member};
use crate::{Integration, Stepper};

/// Where a solution went.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Settled {
    /// To a steady state, `[n]`.
    Steady(Vec<f64>),
    /// To a cycle.
    Cycle {
        /// A state on it, `[n]`, to about three digits.
        state: Vec<f64>,
        /// Its period, likewise.
        period: f64,
        /// Largest size of each variable on it, `[n]`, likewise.
        largest: Vec<f64>,
    },
    /// Neither within the work allowed: it grows, drifts, or is not periodic.
    Elsewhere {
        /// The last state, `[n]`.
        state: Vec<f64>,
    },
}

/// Integrator steps between two looks at the solution.
const STEPS_OF_A_ROUND: usize = 300;
/// Looks before it is given up.
const ROUNDS: usize = 40;

/// Follows the solution from `start`, `[n]`, at one parameter value, until it has settled.
///
/// # Errors
/// Settings or states that are not valid.
pub fn settle(
    family: &dyn Family,
    parameter: f64,
    start: &[f64],
    settings: &Continuation,
) -> Result<Settled, ContinuationError> {
    let scaled = Scaled::new(family, settings)?;
    let place = scaled.place(parameter);
    let member = Member { family: &scaled, parameter: place };
    let mut stepper = Stepper::new(&member, &scaled.scale(start)?, &Integration::with_tolerances(1e-7, 1e-9))?;
    let mut path = Path::default();
    for _ in 0..ROUNDS {
        path.forget(STEPS_OF_A_ROUND);
        let begin = stepper.time();
        for _ in 0..STEPS_OF_A_ROUND {
            if stepper.step(f64::MAX).is_some() {
                return Ok(Settled::Elsewhere { state: scaled.unscale(stepper.state()) });
            }
            path.times.push(stepper.time());
            path.states.push(stepper.state().to_vec());
            if stepper.time() - begin > 1e12 * (1.0 + begin) {
                break;
            }
        }
        let here = stepper.state();
        if let Some(y) = newton(&scaled, place, here, settings.tolerance)
            && distance(&y, here) < 1e-3
        {
            return Ok(Settled::Steady(scaled.unscale(&y)));
        }
        if let Some((state, period)) = path.period() {
            let largest = scaled.unscale(&path.largest());
            return Ok(Settled::Cycle { state: scaled.unscale(&state), period, largest });
        }
    }
    Ok(Settled::Elsewhere { state: scaled.unscale(stepper.state()) })
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    (a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>() / a.len() as f64).sqrt()
}

/// The last part of a solution.
#[derive(Default)]
struct Path {
    times: Vec<f64>,
    states: Vec<Vec<f64>>,
}

impl Path {
    /// Keeps the last `count` points.
    fn forget(&mut self, count: usize) {
        let surplus = self.times.len().saturating_sub(count);
        self.times.drain(..surplus);
        self.states.drain(..surplus);
    }

    /// Largest size of each variable.
    fn largest(&self) -> Vec<f64> {
        let mut largest = vec![0.0; self.states.first().map_or(0, Vec::len)];
        for state in &self.states {
            largest.iter_mut().zip(state).for_each(|(l, y): (&mut f64, &f64)| *l = l.max(y.abs()));
        }
        largest
    }

    /// State and period, if the solution comes back to where it was.
    ///
    /// The section is where the variable that varies most rises through the middle of its range.
    fn period(&self) -> Option<(Vec<f64>, f64)> {
        let n = self.states.first()?.len();
        let range = |i: usize| {
            let values = self.states.iter().map(|y| y[i]);
            values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)))
        };
        let width = |i: usize| range(i).1 - range(i).0;
        let chosen = (0..n).max_by(|&a, &b| width(a).total_cmp(&width(b)))?;
        let (low, high) = range(chosen);
        let middle = 0.5 * (low + high);
        let mut crossings: Vec<(f64, Vec<f64>)> = Vec::new();
        for k in 1..self.states.len() {
            let (before, after) = (&self.states[k - 1], &self.states[k]);
            if before[chosen] < middle && after[chosen] >= middle {
                let part = (middle - before[chosen]) / (after[chosen] - before[chosen]);
                let time = self.times[k - 1] + part * (self.times[k] - self.times[k - 1]);
                crossings.push((time, before.iter().zip(after).map(|(a, b)| a + part * (b - a)).collect()));
            }
        }
        let [.., (t0, _), (t1, y1), (t2, y2)] = crossings.as_slice() else { return None };
        let (period, earlier) = (t2 - t1, t1 - t0);
        // Points are some hundredths of a period apart, and interpolated linearly.
        let returns = distance(y1, y2) < 0.02 * width(chosen) && (period - earlier).abs() < 0.01 * period;
        returns.then(|| (y2.clone(), period))
    }
}
