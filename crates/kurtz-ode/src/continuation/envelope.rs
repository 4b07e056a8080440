//! The lowest and highest values along a solution.

use super::scaled::Scaled;
use super::{Family, Member};
use crate::{Integration, OdeError, Stepper};

/// Points of each step of the integrator at which the quantities are looked at.
const PARTS: usize = 8;
/// Golden sections of two such parts; an extremum is flat, so that this gives all digits of the interpolant.
const SECTIONS: usize = 30;

/// Lowest and highest value of each reported quantity along the solution from `start` (scaled) over `duration`.
///
/// Where one of three neighbouring looks is the highest so far (or the lowest), golden sections on the interpolants of
/// the integrator find the top between them.
pub(super) fn extremes(
    family: &Scaled,
    place: f64,
    start: &[f64],
    duration: f64,
    tolerance: f64,
) -> Result<(Vec<f64>, Vec<f64>), OdeError> {
    let member = Member { family, parameter: place };
    let mut stepper = Stepper::new(&member, start, &Integration::with_tolerances(tolerance, 0.1 * tolerance))?;
    let observe = |y: &[f64]| {
        let mut out = vec![0.0; family.observed_count()];
        family.observe(place, y, &mut out);
        out
    };
    let (mut low, mut high) = (observe(start), observe(start));
    while stepper.step(duration).is_none() {
        let (begin, step) = (stepper.previous_time(), stepper.time() - stepper.previous_time());
        let time_at = |part: usize| begin + step * part as f64 / PARTS as f64;
        let looks: Vec<Vec<f64>> = (0..=PARTS).map(|part| observe(&stepper.state_at(time_at(part)))).collect();
        for (extreme, sign) in [(&mut high, 1.0), (&mut low, -1.0)] {
            for i in 0..extreme.len() {
                for part in 0..=PARTS {
                    let look = sign * looks[part][i];
                    if look < sign * extreme[i] {
                        continue;
                    }
                    extreme[i] = sign * look;
                    let (before, after) = (part.saturating_sub(1), (part + 1).min(PARTS));
                    if look < sign * looks[before][i] || look < sign * looks[after][i] {
                        continue;
                    }
                    let mut at = |time: f64| sign * observe(&stepper.state_at(time))[i];
                    let top = golden(&mut at, time_at(before), time_at(after));
                    extreme[i] = sign * top.max(look);
                }
            }
        }
    }
    Ok((low, high))
}

/// The highest value of a function with one top between two places.
fn golden(f: &mut impl FnMut(f64) -> f64, mut a: f64, mut b: f64) -> f64 {
    let ratio = 0.5 * (5.0_f64.sqrt() - 1.0);
    let (mut c, mut d) = (b - ratio * (b - a), a + ratio * (b - a));
    let (mut at_c, mut at_d) = (f(c), f(d));
    for _ in 0..SECTIONS {
        if at_c > at_d {
            (b, d, at_d) = (d, c, at_c);
            c = b - ratio * (b - a);
            at_c = f(c);
        } else {
            (a, c, at_c) = (c, d, at_d);
            d = a + ratio * (b - a);
            at_d = f(d);
        }
    }
    at_c.max(at_d)
}
