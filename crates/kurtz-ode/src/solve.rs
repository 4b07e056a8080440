//! The door: states at given times.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::{Integration, OdeError, Solution, Statistics, Stepper, Stop, VectorField};

/// Integrates dx/dt = f(t, x) from `x0`, `[n]`, at `settings.first_time` to the last of `times`.
///
/// The states at `times` come from the interpolants of the steps; they never shorten one (the last time does, so that
/// the field is not evaluated beyond it). `times` increase strictly and may begin with `settings.first_time`.
///
/// An integration that ends early (blow-up, values that are not finite, too many steps) is a [`Solution`] with fewer
/// times and the reason in [`Solution::stop`].
///
/// # Errors
/// If lengths do not match, times do not increase, initial values are not finite, or settings are out of range.
///
/// # Example
/// ```
/// use kurtz_ode::{Integration, VectorField, solve};
///
/// /// dx/dt = -k x
/// struct Decay { k: f64 }
/// impl VectorField for Decay {
///     fn dimension(&self) -> usize { 1 }
///     fn evaluate(&self, _time: f64, x: &[f64], dx: &mut [f64]) {
///         dx[0] = -self.k * x[0];
///     }
/// }
///
/// let solution = solve(&Decay { k: 0.5 }, &[3.0], &[0.0, 1.0, 2.0], &Integration::default())?;
/// assert!(solution.is_complete());
/// assert!((solution.state(2)[0] - 3.0 * (-1.0_f64).exp()).abs() < 1e-7);
/// # Ok::<(), kurtz_ode::OdeError>(())
/// ```
pub fn solve(field: &dyn VectorField, x0: &[f64], times: &[f64], settings: &Integration) -> Result<Solution, OdeError> {
    run(field, x0, times, settings, None)
}

/// As [`solve`], ending with [`Stop::Cancelled`] after the step during which `cancel` became true.
///
/// # Errors
/// As [`solve`].
pub fn solve_cancellable(
    field: &dyn VectorField,
    x0: &[f64],
    times: &[f64],
    settings: &Integration,
    cancel: &AtomicBool,
) -> Result<Solution, OdeError> {
    run(field, x0, times, settings, Some(cancel))
}

fn run(
    field: &dyn VectorField,
    x0: &[f64],
    times: &[f64],
    settings: &Integration,
    cancel: Option<&AtomicBool>,
) -> Result<Solution, OdeError> {
    check_times(times, settings.first_time)?;
    let mut stepper = Stepper::new(field, x0, settings)?;
    let (n, q) = (x0.len(), stepper.directions());
    let end = times[times.len() - 1];
    let mut solution = Solution {
        times: Vec::with_capacity(times.len()),
        states: Vec::with_capacity(times.len() * n),
        sensitivities: Vec::with_capacity(times.len() * n * q),
        dimension: n,
        directions: q,
        final_time: settings.first_time,
        final_state: Vec::new(),
        stop: Stop::End,
        statistics: Statistics::default(),
        interpolants: Vec::new(),
    };
    let mut state = vec![0.0; n];
    solution.stop = loop {
        while let Some(&time) = times.get(solution.times.len()).filter(|&&time| time <= stepper.time()) {
            stepper.write_state_at(time, &mut state);
            solution.times.push(time);
            solution.states.extend_from_slice(&state);
            if q > 0 {
                solution.sensitivities.extend(stepper.sensitivities_at(time));
            }
        }
        if cancel.is_some_and(|cancel| cancel.load(Ordering::Relaxed)) {
            break Stop::Cancelled { time: stepper.time() };
        }
        if let Some(stop) = stepper.step(end) {
            break stop;
        }
        if settings.continuous {
            solution.interpolants.push(stepper.step_polynomial());
        }
    };
    solution.final_time = stepper.time();
    solution.final_state = stepper.state().to_vec();
    solution.statistics = *stepper.statistics();
    Ok(solution)
}

fn check_times(times: &[f64], first_time: f64) -> Result<(), OdeError> {
    let Some(&first) = times.first() else { return Err(OdeError::NoTimes) };
    if let Some(index) = times.iter().position(|t| !t.is_finite()) {
        return Err(OdeError::TimeNotFinite { index, value: times[index] });
    }
    if let Some(index) = (1..times.len()).find(|&i| times[i] <= times[i - 1]) {
        return Err(OdeError::TimesNotIncreasing { index, previous: times[index - 1], next: times[index] });
    }
    if first < first_time {
        return Err(OdeError::TimeBeforeFirst { time: first, first_time });
    }
    Ok(())
}
