//! How far a reduced model is from the full one: estimated from the slow manifold's correction, and measured.
//!
//! Both models start alike. In the initial layer the full one approaches its slow manifold; what that does to the slow
//! variables is read off there, at the layer's end. From then on the corrected slow model takes its part: the estimate of
//! the error of a species is its distance from the reduced model. The full model after the layer serves as a check only.

use super::ReduceError;
use super::flow::{Flow, integrate};
use super::manifold::{Manifold, SlowFlow};
use super::reduction::Reduction;
use super::scales::Scales;
use kurtz_dynamics::{MassAction, View};
use kurtz_model::Kinetics;
use kurtz_ode::Solution;

/// The errors of a reduced model along the trajectory of the full one.
#[derive(Clone, Debug)]
pub struct Errors {
    /// Number of species of the full network.
    pub width: usize,
    /// Concentrations of all species of the full network by the reduced model, `[times x species]`; NaN beyond where it
    /// could be followed.
    pub reduced: Vec<f64>,
    /// The same by the corrected slow model; NaN within the initial layer.
    pub corrected: Vec<f64>,
    /// When the state has come to the corrected manifold.
    pub layer_end: f64,
    /// Whether the manifold's correction is small beside the manifold, without which it says nothing, `[times]`.
    pub is_small: Vec<bool>,
    /// Estimated relative error of each species (see [`TAIL`]), `[times x species]`; NaN where there is none.
    pub estimated: Vec<f64>,
    /// Relative error of each species against the full model, `[times x species]`.
    pub measured: Vec<f64>,
}

/// A stretch of time and the errors in it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// Its first time.
    pub start: f64,
    /// Its last time.
    pub end: f64,
    /// Positions of both among the times.
    pub range: (usize, usize),
}

/// Errors are relative to a species' value, or to this part of the largest value it has had until then: what is nearly
/// used up does not decide.
pub const TAIL: f64 = 0.1;

/// A state is on the corrected manifold once its distance is less than this part of the correction.
const NEAR: f64 = 0.1;
/// Or less than this part of the species' value.
const CLOSE: f64 = 1e-6;
/// A correction by more than this part is none.
const SMALL: f64 = 0.5;
/// The same two bounds for the time after.
const STAYS: f64 = 0.35;
const STAYS_CLOSE: f64 = 0.03;

impl Errors {
    /// Follows the reduced model and the corrected one over the times of a diagnosis.
    ///
    /// # Errors
    /// Models that cannot be followed beyond the initial layer, and trajectories that do not come to the slow manifold.
    pub fn of(flow: &Flow, scales: &Scales, reduction: &Reduction) -> Result<Errors, ReduceError> {
        let (n, times) = (flow.dimension(), &scales.times);
        let manifold = Manifold::new(flow, reduction)?;
        let kinetics = Kinetics::new(&reduction.network)?;
        let field = MassAction::new(&kinetics, View::Concentrations);
        let start = field.initial_state();
        let scale = scales.sizes.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
        let solution = integrate(&field, &start, 0.0, times, scale)?;
        let slow = |state: &[f64]| -> Vec<f64> { reduction.slow.iter().map(|s| state[s.index()]).collect() };
        let mut errors = Errors {
            width: n,
            reduced: vec![f64::NAN; times.len() * n],
            corrected: vec![f64::NAN; times.len() * n],
            layer_end: f64::NAN,
            is_small: vec![false; times.len()],
            estimated: vec![f64::NAN; times.len() * n],
            measured: vec![f64::NAN; times.len() * n],
        };
        for k in 0..solution.times.len() {
            let c = manifold.at(&slow(solution.state(k)));
            errors.reduced[k * n..(k + 1) * n].copy_from_slice(&c);
        }
        let first = layer_end(scales, &manifold).ok_or_else(|| ReduceError::NotValid {
            reason: "the trajectory does not come to the slow manifold of this reduction".into(),
        })?;
        errors.layer_end = times[first];
        errors.correct(scales, &manifold, first)?;
        errors.compare(scales, n);
        Ok(errors)
    }

    /// Follows the corrected model from the end of the layer.
    fn correct(&mut self, scales: &Scales, manifold: &Manifold, first: usize) -> Result<(), ReduceError> {
        let times = &scales.times;
        let n = scales.sizes.len();
        let off = || ReduceError::NotValid { reason: "the slow manifold has no state near the trajectory".into() };
        let start = manifold.coordinates(scales.state(first)).ok_or_else(off)?;
        let scale = scales.sizes.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
        let later: Vec<f64> = times[first + 1..].to_vec();
        let mut put = |k: usize, y: &[f64]| {
            if let Some(c) = manifold.corrected(y) {
                let (plain, corrected) = (&c.plain, &c.corrected);
                let is_small = |&i: &usize| {
                    let size = plain[i].abs().max(corrected[i].abs()).max(1e-9 * scales.sizes[i]);
                    (corrected[i] - plain[i]).abs() <= SMALL * size
                };
                self.is_small[k] = manifold.fast().iter().all(is_small);
                self.corrected[k * n..(k + 1) * n].copy_from_slice(&c.corrected);
            }
        };
        put(first, &start);
        if later.is_empty() {
            return Ok(());
        }
        let field = SlowFlow { manifold, is_corrected: true };
        let solution: Solution = integrate(&field, &start, times[first], &later, scale)?;
        for k in 0..solution.times.len() {
            put(first + 1 + k, solution.state(k));
        }
        Ok(())
    }

    fn compare(&mut self, scales: &Scales, n: usize) {
        let mut largest = vec![0.0f64; n];
        for k in 0..scales.times.len() {
            let full = scales.state(k);
            for i in 0..n {
                largest[i] = largest[i].max(full[i].abs());
                let (reduced, corrected) = (self.reduced[k * n + i], self.corrected[k * n + i]);
                let relative = |truth: f64| {
                    let (off, size) = ((reduced - truth).abs(), truth.abs().max(TAIL * largest[i]));
                    if off == 0.0 { 0.0 } else { off / size }
                };
                self.estimated[k * n + i] = relative(corrected);
                self.measured[k * n + i] = relative(full[i]);
            }
        }
    }

    /// The largest of one of the errors of some species at the k-th time; NaN if one is.
    fn worst_at(&self, errors: &[f64], k: usize, species: &[usize]) -> f64 {
        let values = species.iter().map(|i| errors[k * self.width + i]);
        values.fold(0.0, |m: f64, e| if e.is_nan() || m.is_nan() { f64::NAN } else { m.max(e) })
    }

    /// The longest stretch of time (in its logarithm, or to the end) after the layer in which the estimated errors of
    /// some species stay within a tolerance.
    pub fn window(&self, times: &[f64], species: &[usize], tolerance: f64) -> Option<Window> {
        let good = |k: usize| self.is_small[k] && self.worst_at(&self.estimated, k, species) <= tolerance;
        let mut best: Option<Window> = None;
        let mut start = None;
        for k in 0..=times.len() {
            match (k < times.len() && good(k), start) {
                (true, None) => start = Some(k),
                (false, Some(first)) => {
                    let window = Window { start: times[first], end: times[k - 1], range: (first, k - 1) };
                    let length = |w: &Window| (w.end / w.start.max(1e-300)).ln();
                    let is_better = best.as_ref().is_none_or(|b| length(&window) >= length(b));
                    if is_better {
                        best = Some(window);
                    }
                    start = None;
                }
                _ => {}
            }
        }
        best.filter(|w| w.end > w.start)
    }

    /// The window from a time on.
    pub fn window_from(&self, times: &[f64], start: f64) -> Option<Window> {
        let first = times.iter().position(|t| *t >= start)?;
        let last = times.len() - 1;
        (first < last).then(|| Window { start: times[first], end: times[last], range: (first, last) })
    }

    /// The largest estimated and the largest measured error of a species in a window.
    pub fn largest(&self, species: usize, window: &Window) -> (f64, f64) {
        let n = self.width;
        let over = |errors: &[f64]| {
            let values = (window.range.0..=window.range.1).map(|k| errors[k * n + species]);
            values.fold(0.0, |m: f64, e| if e.is_nan() || m.is_nan() { f64::NAN } else { m.max(e) })
        };
        (over(&self.estimated), over(&self.measured))
    }
}

/// The first time at which the state is much nearer to the corrected manifold than that is to the plain one.
///
/// Later it must stay near: within a third of the correction or some hundredths of the species' value, else the
/// correction is none.
fn layer_end(scales: &Scales, manifold: &Manifold) -> Option<usize> {
    let within = |k: usize, part: f64, enough: f64| {
        let c = scales.state(k);
        let Some(there) = manifold.coordinates(c).and_then(|z| manifold.corrected(&z)) else { return false };
        manifold.fast().iter().all(|&i| {
            let (off, correction) = (c[i] - there.corrected[i], there.corrected[i] - there.plain[i]);
            off.abs() <= (part * correction.abs()).max(enough * c[i].abs()).max(1e-12 * scales.sizes[i])
        })
    };
    let count = scales.times.len();
    let first = (0..count).find(|&k| within(k, NEAR, CLOSE))?;
    // Some species come to the manifold later than others, so the first time may be a crossing.
    let last_far = (first..count).rev().find(|&k| !within(k, STAYS, STAYS_CLOSE));
    match last_far {
        None => Some(first),
        Some(far) => (far + 1..count).find(|&k| within(k, NEAR, CLOSE)),
    }
}
