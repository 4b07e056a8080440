//! Flowing from one jump to the next.

use super::plan::Plan;
use super::process::{LOOK, Process};
use super::rows::Rows;
use super::search;
use crate::method::Stop;
use crate::progress::Progress;
use kurtz_ode::{Integration, OdeMethod, Sparsity, Stepper, Tolerance, VectorField};
use std::sync::Arc;

/// Error of the time at which a condition changes, in steps of the integrator times its relative tolerance.
const DOUBT: f64 = 10.0;

/// Fields of fewer variables are treated as dense.
const FEW: usize = 12;

/// How a stretch ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum End {
    /// A reaction happens now.
    Fires,
    /// The time asked for was reached, or a condition or mode changes now.
    Stopped,
}

/// What flows, as a vector field: all else is held, also what flows but is not a number yet.
pub(super) struct Field<'a> {
    pub plan: &'a Plan,
    /// State, time and modes at the start of the stretch.
    pub held: &'a [f64],
    /// Total propensity of the steady reactions.
    pub steady: f64,
}

impl Field<'_> {
    fn input(&self, i: usize, time: f64, y: &[f64]) -> f64 {
        match self.plan.flow.variable[i] {
            // What has no number stays as it is.
            Some(_) if !self.held[i].is_finite() => self.held[i],
            Some(k) => y[k as usize],
            None if i == self.plan.time() => time,
            None => self.held[i],
        }
    }

    /// Position of the integrated total propensity.
    fn hazard(&self) -> Option<usize> {
        self.plan.flow.has_hazard.then_some(self.plan.flow.positions.len())
    }

    /// Writes state and time into `inputs`; modes are left alone.
    pub fn write_inputs(&self, time: f64, y: &[f64], inputs: &mut [f64]) {
        for (k, &i) in self.plan.flow.positions.iter().enumerate() {
            inputs[i] = if self.held[i].is_finite() { y[k] } else { self.held[i] };
        }
        inputs[self.plan.time()] = time;
    }
}

impl VectorField for Field<'_> {
    fn dimension(&self) -> usize {
        self.plan.flow.field.count()
    }

    fn evaluate(&self, time: f64, y: &[f64], dy: &mut [f64]) {
        self.plan.flow.field.evaluate_from(|i| self.input(i, time, y), dy);
        if let Some(h) = self.hazard() {
            dy[h] += self.steady;
        }
        for (dy, &i) in dy.iter_mut().zip(&self.plan.flow.positions) {
            if !self.held[i].is_finite() {
                *dy = 0.0;
            }
        }
    }

    /// That of the flowing state; what is integrated along with it acts on nothing, so that its rows may stay 0.
    fn jacobian(&self, time: f64, y: &[f64], jacobian: &mut [f64]) -> bool {
        let n = self.dimension();
        let derivatives = self.plan.jacobian();
        let entries = derivatives.sparsity.entries();
        let mut values = vec![0.0; entries.len()];
        self.jacobian_entries(time, y, &mut values);
        jacobian.fill(0.0);
        for (&(row, column), value) in entries.iter().zip(values) {
            jacobian[row * n + column] = value;
        }
        true
    }

    fn sparsity(&self) -> Option<&Sparsity> {
        // Compiling derivatives takes time that few variables do not save.
        (self.dimension() >= FEW).then(|| &self.plan.jacobian().sparsity)
    }

    fn jacobian_entries(&self, time: f64, y: &[f64], values: &mut [f64]) {
        self.plan.jacobian().values.evaluate_from(|i| self.input(i, time, y), values);
    }

    fn names(&self) -> Vec<String> {
        let names = self.plan.system.state_names();
        let mut all: Vec<String> = self.plan.flow.positions.iter().map(|&i| names[i].clone()).collect();
        all.resize_with(self.dimension(), || "the total propensity".into());
        all
    }
}

impl Process {
    /// Follows the flow to `stop`, or to the next reaction, or to where a condition or mode changes; the state is then that
    /// at the new time. Rows before that are written.
    pub(super) fn flow(&mut self, stop: f64, end: f64, rows: &mut Rows, progress: &dyn Progress) -> Result<End, Stop> {
        let plan = Arc::clone(&self.plan);
        let now = self.time();
        let steady = self.steady.total();
        if !steady.is_finite() {
            // Found when the next reaction is chosen.
            return Ok(End::Fires);
        }
        let (_, modes) = self.inputs.split_at(plan.time() + 1);
        let mut mode_values = modes.to_vec();
        plan.switches.mode_values.evaluate(&self.inputs, &mut mode_values);
        self.inputs[plan.time() + 1..].copy_from_slice(&mode_values);

        let held = self.inputs.clone();
        let field = Field { plan: &plan, held: &held, steady };
        // Without propensities that vary the next reaction is known.
        let fires_at = if field.hazard().is_some() { f64::INFINITY } else { now + self.remaining / steady };
        let limit = stop.min(fires_at);
        let y = self.start_values(&field);
        if y.is_empty() {
            return Ok(self.arrive(limit, fires_at, steady * (limit - now), rows, &plan));
        }
        let settings = Integration {
            largest_step: plan.flow.reads_time.then(|| rows.longest_step()).filter(|step| *step > 0.0),
            ..self.integration(&field, &y, end)
        };
        let names = || field.names();
        let mut stepper = Stepper::new(&field, &y, &settings).map_err(|error| self.flow_error(&error, &names()))?;
        let mut probe = search::Probe::new(&field, &self.schedule, &held);
        let mut count = 0;
        loop {
            if let Some(reason) = stepper.step(limit) {
                return Err(Stop::Flow { stop: reason, names: names() });
            }
            count += 1;
            self.memory.steps += 1;
            if count % LOOK == 0 && progress.cancelled() {
                return Err(Stop::Cancelled);
            }
            if self.memory.steps > self.numerics.max_steps {
                return Err(Stop::Flow { stop: kurtz_ode::Stop::MaxSteps { time: stepper.time() }, names: names() });
            }
            let (from, to) = (stepper.previous_time(), stepper.time());
            let fires = field.hazard().and_then(|h| search::crossing(&mut stepper, h, self.remaining));
            let changes = probe.first_change(&mut stepper, fires.unwrap_or(to));
            let at = changes.or(fires).unwrap_or(to);
            let mut y = vec![0.0; field.dimension()];
            // The integration does not know when something changes to the last digit: what is asked for at that time
            // as far as it can tell is written after the change, or before it if the change comes after that time.
            let doubt = DOUBT * self.numerics.relative_tolerance * (to - from);
            let before = match changes {
                None => at,
                Some(_) if probe.is_new_at_change() => at - doubt,
                Some(_) => at + doubt,
            };
            while rows.next() < before {
                let time = rows.next();
                stepper.write_state_at(time, &mut y);
                field.write_inputs(time, &y, &mut self.inputs);
                rows.write(&plan, &mut self.inputs);
            }
            if at < limit && changes.is_none() && fires.is_none() {
                self.memory.step = to - from;
                continue;
            }
            stepper.write_state_at(at, &mut y);
            field.write_inputs(at, &y, &mut self.inputs);
            self.memory.is_stiff |= stepper.statistics().switched_to_stiff.is_some();
            if at < limit || self.memory.step == 0.0 {
                self.memory.step = self.memory.step.max(to - from);
            }
            let spent = field.hazard().map_or(steady * (at - now), |h| y[h]);
            let is_firing = changes.is_none() && (fires.is_some() || at >= fires_at);
            if !is_firing {
                self.remaining -= spent;
            }
            return Ok(if is_firing { End::Fires } else { End::Stopped });
        }
    }

    /// Ends a stretch in which nothing was to be integrated.
    fn arrive(&mut self, limit: f64, fires_at: f64, spent: f64, rows: &mut Rows, plan: &Plan) -> End {
        rows.write_before(limit, plan, &mut self.inputs);
        self.set_time(limit);
        if limit >= fires_at {
            return End::Fires;
        }
        self.remaining -= spent;
        End::Stopped
    }

    /// The variables of the integration at the start of a stretch.
    fn start_values(&self, field: &Field) -> Vec<f64> {
        let flow = &field.plan.flow;
        let number = |x: f64| if x.is_finite() { x } else { 0.0 };
        let mut y: Vec<f64> = flow.positions.iter().map(|&i| number(self.inputs[i])).collect();
        y.extend(field.hazard().map(|_| 0.0));
        let mut curved = vec![0.0; flow.curved.count()];
        flow.curved.evaluate(&self.inputs, &mut curved);
        y.extend(curved.into_iter().map(number));
        y
    }

    /// Settings of the integration: absolute tolerances follow the sizes that quantities have.
    fn integration(&mut self, field: &Field, y: &[f64], end: f64) -> Integration {
        let flowing = field.plan.flow.positions.len();
        let relative = self.numerics.relative_tolerance;
        let sizes = &mut self.memory.sizes;
        if sizes.is_empty() {
            *sizes = typical_sizes(field, self.inputs[field.plan.time()], y, end);
        }
        sizes.iter_mut().zip(y).for_each(|(size, y)| *size = size.max(y.abs()));
        let absolute = (0..y.len()).map(|k| {
            if k < flowing {
                let asked = self.numerics.absolute_tolerance.map(|a| a * sizes[k].min(1.0));
                asked.unwrap_or(1e-3 * relative * sizes[k])
            } else if Some(k) == field.hazard() {
                // An error of an exponential variate of mean 1.
                relative
            } else {
                relative * (1.0 + y[k].abs())
            }
        });
        Integration {
            method: if self.memory.is_stiff { OdeMethod::Stiff } else { OdeMethod::Auto },
            relative_tolerance: relative,
            absolute_tolerance: Tolerance::Each(absolute.map(|a| a.max(1e-300)).collect()),
            first_time: self.inputs[field.plan.time()],
            initial_step: (self.memory.step > 0.0).then_some(self.memory.step),
            max_steps: self.numerics.max_steps,
            ..Integration::default()
        }
    }

    fn flow_error(&self, error: &kurtz_ode::OdeError, names: &[String]) -> Stop {
        let variable = match error {
            kurtz_ode::OdeError::InitialValue { variable, .. } => *variable,
            _ => 0,
        };
        Stop::Flow { stop: kurtz_ode::Stop::NotFinite { time: self.time(), variable }, names: names.to_vec() }
    }
}

/// How large each flowing quantity is: as at the start, or as it becomes at its initial speed, or as others are.
fn typical_sizes(field: &Field, time: f64, y: &[f64], end: f64) -> Vec<f64> {
    let flowing = field.plan.flow.positions.len();
    let mut speeds = vec![0.0; field.dimension()];
    field.evaluate(time, y, &mut speeds);
    let size = |k: usize| {
        let grown = (speeds[k] * (end - time)).abs();
        let size = if y[k] != 0.0 { y[k].abs() } else { grown };
        if size.is_finite() { size } else { 0.0 }
    };
    let mut sizes: Vec<f64> = (0..flowing).map(size).collect();
    let smallest = sizes.iter().copied().filter(|&s| s > 0.0).fold(f64::INFINITY, f64::min);
    let fallback = if smallest.is_finite() { smallest } else { 1.0 };
    sizes.iter_mut().filter(|s| **s == 0.0).for_each(|s| *s = fallback);
    sizes
}
