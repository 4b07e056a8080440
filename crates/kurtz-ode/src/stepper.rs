//! An integration that the caller drives step by step.

use crate::fixed::{FixedStep, Scheme};
use crate::method::StepMethod;
use crate::radau;
use crate::solution::Interpolant;
use crate::system::System;
use crate::tsitouras::Tsitouras;
use crate::{Integration, OdeError, OdeMethod, Statistics, Stop, VectorField};

/// An integration in progress, for callers that look at every step: events, interrupts, plots that grow.
///
/// Between [`Stepper::previous_time`] and [`Stepper::time`] the state is known at every time
/// ([`Stepper::state_at`]), so that a caller finds the root of an event function there, applies the event and
/// continues by [`Stepper::restart`].
///
/// # Example
/// ```
/// use kurtz_ode::{Integration, Stepper, VectorField};
///
/// struct Fall;
/// impl VectorField for Fall {
///     fn dimension(&self) -> usize { 2 }
///     fn evaluate(&self, _time: f64, x: &[f64], dx: &mut [f64]) {
///         dx[0] = x[1];
///         dx[1] = -9.81;
///     }
/// }
///
/// let mut ball = Stepper::new(&Fall, &[1.0, 0.0], &Integration::default())?;
/// while ball.state()[0] > 0.0 {
///     assert_eq!(ball.step(10.0), None);
/// }
/// // The ball has met the ground within the last step.
/// let impact = (2.0_f64 / 9.81).sqrt();
/// assert!(ball.previous_time() < impact && impact <= ball.time());
/// assert!(ball.state_at(impact)[0].abs() < 1e-9);
/// # Ok::<(), kurtz_ode::OdeError>(())
/// ```
pub struct Stepper<'a> {
    system: System<'a>,
    settings: Integration,
    method: Box<dyn StepMethod>,
    is_stiff: bool,
    /// Polynomial of the last step, once somebody asked for it.
    polynomial: Interpolant,
    is_polynomial_current: bool,
}

impl<'a> Stepper<'a> {
    /// Starts at `settings.first_time` in the state `x0`, `[n]`.
    ///
    /// # Errors
    /// If `x0` or the settings are not valid.
    pub fn new(field: &'a dyn VectorField, x0: &[f64], settings: &Integration) -> Result<Self, OdeError> {
        settings.validate(field, x0)?;
        let mut system = System::new(field, settings);
        let state = system.extend(x0);
        let is_stiff = settings.method == OdeMethod::Stiff;
        if is_stiff {
            system.find_sparsity();
        }
        let method = build(&system, is_stiff, settings.first_time, &state, settings);
        Ok(Stepper {
            system,
            settings: settings.clone(),
            method,
            is_stiff,
            polynomial: Interpolant::default(),
            is_polynomial_current: false,
        })
    }

    /// Advances by one accepted step that does not pass `limit`.
    ///
    /// None if a step was made; otherwise why not, with [`Stop::End`] if the time is `limit` already.
    pub fn step(&mut self, limit: f64) -> Option<Stop> {
        if self.time() >= limit {
            return Some(Stop::End);
        }
        if self.settings.method == OdeMethod::Auto && !self.is_stiff && self.system.statistics.looks_stiff {
            self.go_stiff();
        }
        self.is_polynomial_current = false;
        self.method.step(&mut self.system, limit, self.settings.max_steps)
    }

    /// Goes over to the stiff method, keeping state and step.
    fn go_stiff(&mut self) {
        let time = self.method.time();
        self.system.statistics.switched_to_stiff = Some(time);
        self.system.find_sparsity();
        let state = self.method.state().to_vec();
        let settings = Integration { initial_step: Some(self.method.next_step()), ..self.settings.clone() };
        self.method = build(&self.system, true, time, &state, &settings);
        self.is_stiff = true;
    }

    /// Continues from another time and state, `[n]`, as after an event that changes the state.
    ///
    /// Sensitivities, if any, begin anew: dx/dp = 0, dx/dx0 = 1 at this point. The work done goes on counting.
    ///
    /// # Errors
    /// If the state is not valid.
    pub fn restart(&mut self, time: f64, state: &[f64]) -> Result<(), OdeError> {
        let settings = Integration { first_time: time, ..self.settings.clone() };
        settings.validate(self.system.field, state)?;
        let extended = self.system.extend(state);
        self.method = build(&self.system, self.is_stiff, time, &extended, &settings);
        self.is_polynomial_current = false;
        Ok(())
    }

    /// The time reached.
    pub fn time(&self) -> f64 {
        self.method.time()
    }

    /// The time at which the last step began.
    pub fn previous_time(&self) -> f64 {
        self.method.previous_time()
    }

    /// The state reached, `[n]`.
    pub fn state(&self) -> &[f64] {
        &self.method.state()[..self.system.n]
    }

    /// Number q of directions of the sensitivities: parameters, then initial values, as far as asked for.
    pub fn directions(&self) -> usize {
        self.system.directions
    }

    /// The sensitivities reached, `[n x q]`, row-major.
    pub fn sensitivities(&self) -> Vec<f64> {
        self.method.state()[self.system.n..].to_vec()
    }

    /// The state at a time within the last step, `[n]`. Outside of it the polynomial of the step is extrapolated.
    pub fn state_at(&mut self, time: f64) -> Vec<f64> {
        let mut out = vec![0.0; self.system.n];
        self.write_state_at(time, &mut out);
        out
    }

    /// Writes the state at a time within the last step into `out`, `[n]`.
    pub fn write_state_at(&mut self, time: f64, out: &mut [f64]) {
        if time == self.time() {
            out.copy_from_slice(self.state());
            return;
        }
        self.update_polynomial();
        self.polynomial.write(time, 0, out);
    }

    /// The sensitivities at a time within the last step, `[n x q]`, row-major.
    pub fn sensitivities_at(&mut self, time: f64) -> Vec<f64> {
        let n = self.system.n;
        if self.system.directions == 0 || time == self.time() {
            return self.sensitivities();
        }
        self.update_polynomial();
        let mut out = vec![0.0; n * self.system.directions];
        self.polynomial.write(time, n, &mut out);
        out
    }

    /// Work done since the beginning.
    pub fn statistics(&self) -> &Statistics {
        &self.system.statistics
    }

    fn update_polynomial(&mut self) {
        if !self.is_polynomial_current {
            if self.method.time() > self.method.previous_time() {
                self.method.interpolant(&mut self.polynomial);
            } else {
                let state = self.method.state();
                self.polynomial.reset(self.method.time(), 1.0, state.len(), 0);
                self.polynomial.coefficients.copy_from_slice(state);
            }
            self.is_polynomial_current = true;
        }
    }

    /// The polynomial of the last step, states only.
    pub(crate) fn step_polynomial(&mut self) -> Interpolant {
        self.update_polynomial();
        let (n, width) = (self.system.n, self.polynomial.width);
        let rows = self.polynomial.coefficients.chunks_exact(width.max(1));
        Interpolant {
            start: self.polynomial.start,
            step: self.polynomial.step,
            width: n,
            coefficients: rows.flat_map(|row| row[..n].iter().copied()).collect(),
        }
    }
}

fn build(system: &System, is_stiff: bool, time: f64, state: &[f64], settings: &Integration) -> Box<dyn StepMethod> {
    match settings.method {
        OdeMethod::Euler { step } => Box::new(FixedStep::new(system, Scheme::Euler, time, state, step)),
        OdeMethod::RungeKutta4 { step } => Box::new(FixedStep::new(system, Scheme::RungeKutta4, time, state, step)),
        _ if is_stiff => radau::build(system, time, state, settings),
        _ => Box::new(Tsitouras::new(system, time, state, settings)),
    }
}
