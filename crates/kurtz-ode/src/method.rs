//! What the integrators share: their interface, the first step, and why a step is refused for good.

use crate::solution::Interpolant;
use crate::system::System;
use crate::{Integration, Stop};

/// One integrator in progress, on the extended state.
pub(crate) trait StepMethod: Send {
    /// Advances by one accepted step that does not pass `limit`, or says why that is impossible.
    fn step(&mut self, system: &mut System, limit: f64, max_steps: usize) -> Option<Stop>;

    /// Time of [`StepMethod::state`].
    fn time(&self) -> f64;

    /// Time at which the last step began.
    fn previous_time(&self) -> f64;

    /// The extended state at the end of the last step.
    fn state(&self) -> &[f64];

    /// Writes the polynomial of the last step.
    fn interpolant(&self, polynomial: &mut Interpolant);

    /// The step that would be tried next; 0 if not known yet.
    fn next_step(&self) -> f64;
}

/// Why attempts at a step failed until the step was too small.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Refusal {
    /// The error was above the tolerance, or a Newton iteration did not converge.
    Error,
    /// Values were not finite.
    NotFinite,
}

/// Below this, a step is lost in the rounding of time.
pub(crate) fn smallest_step(time: f64) -> f64 {
    (8.0 * f64::EPSILON * time.abs()).max(1e-290)
}

/// The first step that was asked for; 0, for one to be chosen, if none was or it is lost in the rounding of time.
pub(crate) fn asked_step(settings: &Integration, time: f64) -> f64 {
    settings.initial_step.filter(|&step| step > smallest_step(time)).unwrap_or(0.0)
}

/// Names the reason why no step from (t, x) succeeds; `rate` is f there, or whatever was not finite.
pub(crate) fn refuse(system: &System, refusal: Refusal, time: f64, step: f64, x: &[f64], rate: &[f64]) -> Stop {
    let n = system.n;
    let largest = |i: &usize, j: &usize| x[*i].abs().total_cmp(&x[*j].abs());
    if refusal == Refusal::NotFinite {
        let culprit = rate[..n].iter().position(|v| !v.is_finite());
        // Where the rates are finite, sums over them have overflown.
        return Stop::NotFinite { time, variable: culprit.or((0..n).max_by(largest)).unwrap_or(0) };
    }
    let speed = |i: usize| rate[i].abs() / (system.absolute[i] + system.relative * x[i].abs());
    let variable = (0..n).fold(0, |best, i| if speed(i) > speed(best) { i } else { best });
    // Growth whose time scale |x / f| is lost in the rounding of time.
    let resolution = 1e4 * f64::EPSILON * time.abs().max(f64::MIN_POSITIVE);
    let grows = |i: usize| x[i] * rate[i] > 0.0 && (x[i] / rate[i]).abs() < resolution;
    match (0..n).filter(|&i| grows(i)).max_by(largest) {
        Some(variable) => Stop::BlowUp { time, variable },
        None => Stop::StepTooSmall { time, step, variable },
    }
}

/// First step for a method of this order (Hairer, Norsett & Wanner I, II.4): the error of an Euler step, and the change
/// of f along it, decide. `stage` and `rate` are workspace of the width of the extended state.
pub(crate) fn first_step(
    system: &mut System,
    time: f64,
    y: &[f64],
    f: &[f64],
    order: i32,
    span: f64,
    stage: &mut [f64],
    rate: &mut [f64],
) -> f64 {
    let n = system.n;
    let (mut size, mut speed) = (0.0, 0.0);
    for i in 0..n {
        let scale = system.absolute[i] + system.relative * y[i].abs();
        size += (y[i] / scale).powi(2);
        speed += (f[i] / scale).powi(2);
    }
    let h0 = if size < 1e-10 * n as f64 || speed < 1e-10 * n as f64 { 1e-6 } else { 0.01 * (size / speed).sqrt() };
    let h0 = h0.min(span);
    for i in 0..n {
        stage[i] = y[i] + h0 * f[i];
    }
    system.rate(time + h0, &stage[..n], &mut rate[..n]);
    let mut bend = 0.0;
    for i in 0..n {
        let scale = system.absolute[i] + system.relative * y[i].abs();
        bend += ((rate[i] - f[i]) / scale).powi(2);
    }
    let bend = (bend / n.max(1) as f64).sqrt() / h0;
    let steepest = bend.max((speed / n.max(1) as f64).sqrt());
    let h1 = if !steepest.is_finite() {
        1e-3 * h0
    } else if steepest <= 1e-15 {
        (1e-3 * h0).max(1e-6)
    } else {
        (0.01 / steepest).powf(1.0 / f64::from(order))
    };
    h1.min(100.0 * h0).min(span)
}
