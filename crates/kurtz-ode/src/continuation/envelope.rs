//! The lowest and highest values along a solution.

use super::scaled::Scaled;
use super::{Family, Member};
use crate::{Integration, OdeError, OdeMethod, Stepper};

/// Parts of each step of the integrator at whose ends the quantities are looked at.
const PARTS: usize = 4;
/// Bisections of a part that holds an extremum; an extremum is flat, so that this gives all digits of the interpolant.
const BISECTIONS: usize = 12;

/// A quantity along the solution: its value, and whether it rises.
struct Look {
    values: Vec<f64>,
    slopes: Vec<f64>,
}

/// Lowest and highest value of each reported quantity along the solution from `start` (scaled) over `duration`.
///
/// Extremes are bracketed by the signs of the slopes and found by bisection on the interpolants of the integrator.
pub(super) fn extremes(
    family: &Scaled,
    place: f64,
    start: &[f64],
    duration: f64,
    tolerance: f64,
) -> Result<(Vec<f64>, Vec<f64>), OdeError> {
    let member = Member { family, parameter: place };
    let integration = Integration::with_tolerances(tolerance, 0.1 * tolerance).with_method(OdeMethod::Stiff);
    let mut stepper = Stepper::new(&member, start, &integration)?;
    let (mut low, mut high) = (look(family, place, start).values, look(family, place, start).values);
    while stepper.step(duration).is_none() {
        let (begin, step) = (stepper.previous_time(), stepper.time() - stepper.previous_time());
        let time_at = |part: usize| begin + step * part as f64 / PARTS as f64;
        let mut before = look(family, place, &stepper.state_at(begin));
        for part in 1..=PARTS {
            let after = look(family, place, &stepper.state_at(time_at(part)));
            for i in 0..low.len() {
                low[i] = low[i].min(after.values[i]);
                high[i] = high[i].max(after.values[i]);
                if before.slopes[i] * after.slopes[i] < 0.0 {
                    let value =
                        turn(family, place, &mut stepper, i, time_at(part - 1), time_at(part), before.slopes[i]);
                    low[i] = low[i].min(value);
                    high[i] = high[i].max(value);
                }
            }
            before = after;
        }
    }
    Ok((low, high))
}

/// Values and slopes of the reported quantities at a state; slopes by a short way along the flow.
fn look(family: &Scaled, place: f64, y: &[f64]) -> Look {
    let mut rate = vec![0.0; y.len()];
    family.evaluate(place, y, &mut rate);
    let speed = rate.iter().fold(f64::MIN_POSITIVE, |m, r| m.max(r.abs()));
    let ahead: Vec<f64> = y.iter().zip(&rate).map(|(y, r)| y + 1e-7 * r / speed).collect();
    let mut values = vec![0.0; family.observed_count()];
    let mut slopes = values.clone();
    family.observe(place, y, &mut values);
    family.observe(place, &ahead, &mut slopes);
    slopes.iter_mut().zip(&values).for_each(|(s, v)| *s -= v);
    Look { values, slopes }
}

/// The value of quantity `i` where its slope changes sign between two times.
fn turn(family: &Scaled, place: f64, stepper: &mut Stepper, i: usize, from: f64, to: f64, slope: f64) -> f64 {
    let (mut before, mut after) = (from, to);
    let mut value = f64::NAN;
    for _ in 0..BISECTIONS {
        let middle = 0.5 * (before + after);
        let there = look(family, place, &stepper.state_at(middle));
        value = there.values[i];
        *(if there.slopes[i] * slope > 0.0 { &mut before } else { &mut after }) = middle;
    }
    value
}
