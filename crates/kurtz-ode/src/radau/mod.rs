//! Implicit Runge-Kutta methods of the Radau IIA family: collocation with 3, 5 or 7 stages, orders 5, 9 and 13.
//!
//! When: stiff fields. The methods are L-stable, so that fast modes that have died out do not limit the step. A step
//! solves for all stages at once by a simplified Newton iteration; a transformation splits its matrix into one real and
//! (S - 1) / 2 complex systems of size n, whose factorisations are kept as long as step and Jacobian allow.
//!
//! # References
//! E. Hairer, G. Wanner, Solving Ordinary Differential Equations II, Springer 1996: IV.5 (methods), IV.8
//! (transformation, stopping of the iteration, error estimate, control of the step).
//! E. Hairer, G. Wanner, J. Comput. Appl. Math. 111 (1999) 93-111, doi:10.1016/S0377-0427(99)00134-X (orders 9 and 13).
//! K. Gustafsson, ACM TOMS 20 (1994) 496-517, doi:10.1145/198429.198437 (predictive control).

mod factors;
mod newton;
mod sensitivity;
mod tables;

use crate::method::{Refusal, StepMethod, asked_step, first_step, refuse, smallest_step};
use crate::solution::Interpolant;
use crate::system::System;
use crate::{Integration, Stop};
use factors::Factors;
use newton::{Failure, Iteration};
use sensitivity::Variations;
use tables::{ORDER_5, ORDER_9, ORDER_13, Table};

/// Chooses the order by the tolerance, and starts there.
pub(crate) fn build(system: &System, time: f64, state: &[f64], settings: &Integration) -> Box<dyn StepMethod> {
    match stages(settings.relative_tolerance) {
        3 => Box::new(Radau::new(&ORDER_5, system, time, state, settings)),
        5 => Box::new(Radau::new(&ORDER_9, system, time, state, settings)),
        _ => Box::new(Radau::new(&ORDER_13, system, time, state, settings)),
    }
}

/// Five stages do least work from 1e-6 to 1e-10 (numbers in the documentation of the crate).
fn stages(relative_tolerance: f64) -> usize {
    match relative_tolerance {
        r if r > 3e-4 => 3,
        r if r > 1e-11 => 5,
        _ => 7,
    }
}

/// Safety factor of the step control.
const SAFETY: f64 = 0.9;
/// The step changes at most by these factors.
const LARGEST_GROWTH: f64 = 8.0;
const LARGEST_CUT: f64 = 0.2;
/// A proposed growth below this is not worth new factorisations.
const WORTHWHILE_GROWTH: f64 = 1.2;
/// The Jacobian is kept while the iteration contracts at least by this factor.
const GOOD_CONTRACTION: f64 = 1e-3;

struct Radau<const S: usize> {
    table: &'static Table<S>,
    start: f64,
    time: f64,
    /// Extended states at the start and at the end of the last step.
    before: Vec<f64>,
    state: Vec<f64>,
    /// f at `state`, `[n]`.
    rate: Vec<f64>,
    /// Stage values less `before`, `[S x width]`, and the same transformed by T^-1.
    z: Vec<f64>,
    w: Vec<f64>,
    /// Coefficients of powers 1, ..., S of the last step's polynomial, `[S x width]`.
    powers: Vec<f64>,
    /// Coefficients 1, ..., S + 1 of the shape of its error.
    error_shape: Vec<f64>,
    /// Step of that polynomial; 0 if there is none.
    last_step: f64,
    jacobian: Vec<f64>,
    is_jacobian_fresh: bool,
    needs_jacobian: bool,
    factors: Factors,
    /// Step of the factorisations; 0 if there are none.
    factored_step: f64,
    iteration: Iteration,
    variations: Option<Variations>,
    /// Transformed tolerances (the estimator is of order S, the method of order 2 S - 1).
    relative: f64,
    absolute: Vec<f64>,
    sensitivity_tolerance: Option<f64>,
    scale: Vec<f64>,
    /// Estimated error of the extended state.
    error: Vec<f64>,
    stage: Vec<f64>,
    workspace: Vec<f64>,
    next_step: f64,
    largest_step: f64,
    /// Accepted step and error before, for predictive control.
    old: Option<(f64, f64)>,
    has_started: bool,
}

impl<const S: usize> Radau<S> {
    fn new(table: &'static Table<S>, system: &System, time: f64, state: &[f64], settings: &Integration) -> Self {
        let (n, width) = (system.n, system.width());
        // IV.8, for three stages. More stages would allow lower powers for the ends of steps, but not inside of them.
        let transform = |r: f64| 0.1 * r.powf(2.0 / 3.0);
        let relative = transform(system.relative);
        let tolerance = (10.0 * f64::EPSILON / relative).max(relative.sqrt().min(0.03));
        Radau {
            table,
            start: time,
            time,
            before: state.to_vec(),
            state: state.to_vec(),
            rate: vec![0.0; n],
            z: vec![0.0; S * width],
            w: vec![0.0; S * width],
            powers: vec![0.0; S * width],
            error_shape: table.error_shape(),
            last_step: 0.0,
            jacobian: vec![0.0; system.entries()],
            is_jacobian_fresh: false,
            needs_jacobian: true,
            factors: Factors::new(n, S, system.sparsity.as_ref()),
            factored_step: 0.0,
            iteration: Iteration::new(n, S, tolerance),
            variations: (system.directions > 0).then(|| Variations::new(system, S)),
            relative,
            absolute: system.absolute.iter().map(|a| relative * (a / system.relative)).collect(),
            sensitivity_tolerance: system.sensitivity_tolerance.map(transform),
            scale: vec![0.0; n],
            error: vec![0.0; width],
            stage: vec![0.0; n],
            workspace: vec![0.0; n],
            next_step: asked_step(settings, time),
            largest_step: settings.largest_step.unwrap_or(f64::INFINITY),
            old: None,
            has_started: false,
        }
    }

    /// Evaluates f at the beginning and chooses the first step. False if f is not finite there.
    fn begin(&mut self, system: &mut System, limit: f64) -> bool {
        let n = system.n;
        system.rate(self.time, &self.state[..n], &mut self.rate);
        self.has_started = true;
        if self.rate.iter().any(|k| !k.is_finite()) {
            return false;
        }
        if self.next_step == 0.0 {
            let span = (limit - self.time).min(self.largest_step);
            let (stage, rate) = (&mut self.stage, &mut self.workspace);
            self.next_step = first_step(system, self.time, &self.state, &self.rate, S as i32, span, stage, rate);
        }
        true
    }

    /// Makes Jacobian and factorisations for a step h from `before`. False if a matrix is singular.
    fn prepare(&mut self, system: &mut System, h: f64) -> bool {
        if self.needs_jacobian && !self.is_jacobian_fresh {
            let x = &self.before[..system.n];
            system.write_jacobian(self.start, x, &self.rate, &mut self.jacobian);
            self.is_jacobian_fresh = true;
            self.factored_step = 0.0;
        }
        self.needs_jacobian = false;
        if self.factored_step == h {
            return true;
        }
        system.statistics.factorisations += 1;
        let is_regular = self.factors.factorise(self.table, h, &self.jacobian);
        self.factored_step = if is_regular { h } else { 0.0 };
        is_regular
    }

    /// Guesses the stages of a step h from the polynomial of the last one.
    fn guess(&mut self, h: f64) {
        let width = self.state.len();
        let ratio = h / self.last_step;
        if self.last_step == 0.0 || ratio > 4.0 {
            self.z.fill(0.0);
            self.w.fill(0.0);
            return;
        }
        for i in 0..S {
            let row = &mut self.z[i * width..(i + 1) * width];
            row.fill(0.0);
            let base = 1.0 + self.table.c[i] * ratio;
            let mut power = 1.0;
            for coefficients in self.powers.chunks_exact(width) {
                power *= base;
                for (z, p) in row.iter_mut().zip(coefficients) {
                    *z += (power - 1.0) * p;
                }
            }
        }
        transform::<S>(&self.table.from_stages, &self.z, &mut self.w, width);
    }

    /// The error of the step in units of the tolerance; a large one is filtered once more if the step is doubtful.
    fn estimate(&mut self, system: &mut System, h: f64, is_doubtful: bool) -> f64 {
        let (n, width) = (system.n, self.state.len());
        for i in 0..width {
            let sum: f64 = (0..S).map(|s| self.table.error[s] * self.z[s * width + i]).sum();
            self.error[i] = sum / h;
        }
        self.stage.copy_from_slice(&self.error[..n]);
        for (e, f) in self.error[..n].iter_mut().zip(&self.rate) {
            *e += f;
        }
        self.factors.solve_real(&mut self.error[..n], 1);
        let mut norm = self.error_norm(n);
        if norm >= 1.0 && is_doubtful {
            // Filters the stiff part of the error once more.
            for i in 0..n {
                self.error[i] += self.before[i];
            }
            system.rate(self.start, &self.error[..n], &mut self.workspace);
            for i in 0..n {
                self.error[i] = self.workspace[i] + self.stage[i];
            }
            self.factors.solve_real(&mut self.error[..n], 1);
            norm = self.error_norm(n);
        }
        if system.directions > 0 {
            system.linearise(self.start, &self.before[..n], &self.rate);
            let Some(variations) = &mut self.variations else { return norm };
            system.variations(&self.before[n..], &mut variations.rates);
            for (e, f) in self.error[n..].iter_mut().zip(&variations.rates) {
                *e += f;
            }
            self.factors.solve_real(&mut self.error[n..], system.directions);
            let error = |i: usize| self.error[i];
            norm = system.combined_error(norm, self.sensitivity_tolerance, &self.before, &self.state, error);
        }
        norm.max(1e-10)
    }

    fn error_norm(&self, n: usize) -> f64 {
        let sum: f64 = self.error[..n].iter().zip(&self.scale).map(|(e, s)| (e / s).powi(2)).sum();
        let norm = (sum / n.max(1) as f64).sqrt();
        if norm.is_nan() { f64::INFINITY } else { norm }
    }

    /// Takes over the step h that was just accepted, and proposes the next one.
    fn accept(&mut self, system: &mut System, h: f64, error: f64, was_rejected: bool, is_last: bool) {
        system.statistics.accepted += 1;
        let exponent = 1.0 / (S as f64 + 1.0);
        let safety = self.iteration.safety(SAFETY);
        let mut growth = (safety / error.powf(exponent)).clamp(LARGEST_CUT, LARGEST_GROWTH);
        if let Some((old_step, old_error)) = self.old {
            let predicted = SAFETY * (h / old_step) * (old_error / (error * error)).powf(exponent);
            growth = growth.min(predicted.clamp(LARGEST_CUT, LARGEST_GROWTH));
        }
        if was_rejected {
            growth = growth.min(1.0);
        }
        self.old = Some((h, error.max(1e-2)));
        let is_good = self.iteration.contraction() <= GOOD_CONTRACTION;
        self.needs_jacobian = !is_good;
        let keeps_step = is_good && (1.0..=WORTHWHILE_GROWTH).contains(&growth);
        let proposed = if keeps_step { h } else { h * growth };
        // A step cut by the limit says little about the next one.
        self.next_step = if is_last { proposed.max(self.next_step) } else { proposed };
        transform::<S>(&self.table.powers, &self.z, &mut self.powers, self.state.len());
        self.last_step = h;
        self.is_jacobian_fresh = false;
    }

    /// Leaves the method at the start of the step that failed.
    fn give_up(&mut self, stop: Stop) -> Stop {
        self.state.copy_from_slice(&self.before);
        self.time = self.start;
        stop
    }
}

impl<const S: usize> StepMethod for Radau<S> {
    fn step(&mut self, system: &mut System, limit: f64, max_steps: usize) -> Option<Stop> {
        if !self.has_started && !self.begin(system, limit) {
            return Some(refuse(system, Refusal::NotFinite, self.time, 0.0, &self.state, &self.rate));
        }
        let (n, width) = (system.n, self.state.len());
        self.before.copy_from_slice(&self.state);
        self.start = self.time;
        for i in 0..n {
            self.scale[i] = self.absolute[i] + self.relative * self.before[i].abs();
        }
        let mut refusal = Refusal::Error;
        let mut was_rejected = false;
        let mut failures = 0;
        loop {
            if system.statistics.accepted + system.statistics.rejected >= max_steps {
                return Some(self.give_up(Stop::MaxSteps { time: self.start }));
            }
            let wanted = self.next_step.min(self.largest_step);
            let remaining = limit - self.start;
            // What is left can be less than any step that time resolves.
            let is_tiny = remaining <= smallest_step(self.start) && !was_rejected;
            let is_last = is_tiny || wanted * 1.01 >= remaining;
            let h = if is_last { remaining } else { wanted };
            if h < smallest_step(self.start) && !is_last {
                let rate = if refusal == Refusal::NotFinite { &self.workspace } else { &self.rate };
                let stop = refuse(system, refusal, self.start, h, &self.before, rate);
                return Some(self.give_up(stop));
            }
            let mut outcome = if self.prepare(system, h) { Ok(()) } else { Err(Failure::diverged(0.5)) };
            if outcome.is_ok() {
                self.guess(h);
                outcome = self.iterate(system, h);
            }
            if outcome.is_ok() && system.directions > 0 {
                outcome = self.vary(system, h);
            }
            if let Err(failure) = outcome {
                refusal = failure.refusal;
                system.statistics.rejected += 1;
                system.statistics.newton_failures += 1;
                failures += 1;
                self.needs_jacobian = true;
                // An extrapolated guess that leads astray repeatedly is better dropped.
                if failures > 1 {
                    self.last_step = 0.0;
                }
                self.next_step = failure.cut * h;
                was_rejected = true;
                continue;
            }
            let last_stage = &self.z[(S - 1) * width..];
            for ((x, x0), z) in self.state.iter_mut().zip(&self.before).zip(last_stage) {
                *x = x0 + z;
            }
            let is_first = system.statistics.accepted == 0;
            let error = self.estimate(system, h, is_first || was_rejected);
            if error < 1.0 {
                system.rate(self.start + h, &self.state[..n], &mut self.workspace);
                if self.workspace.iter().all(|f| f.is_finite()) {
                    self.rate.copy_from_slice(&self.workspace);
                    self.next_step = wanted;
                    self.accept(system, h, error, was_rejected, is_last);
                    self.time = if is_last { limit } else { self.start + h };
                    return None;
                }
                refusal = Refusal::NotFinite;
            } else {
                refusal = Refusal::Error;
            }
            system.statistics.rejected += 1;
            was_rejected = true;
            let growth = self.iteration.safety(SAFETY) / error.powf(1.0 / (S as f64 + 1.0));
            self.next_step = h * if is_first { 0.1 } else { growth.clamp(LARGEST_CUT, 0.9) };
        }
    }

    fn time(&self) -> f64 {
        self.time
    }

    fn previous_time(&self) -> f64 {
        self.start
    }

    fn state(&self) -> &[f64] {
        &self.state
    }

    fn interpolant(&self, polynomial: &mut Interpolant) {
        let width = self.state.len();
        polynomial.reset(self.start, self.time - self.start, width, S + 1);
        let (constant, powers) = polynomial.coefficients.split_at_mut(width);
        constant.copy_from_slice(&self.before);
        powers[..S * width].copy_from_slice(&self.powers);
        // The collocation polynomial is of order S only; its leading error is known in shape and size.
        for (shape, row) in self.error_shape.iter().zip(powers.chunks_exact_mut(width)) {
            for (c, e) in row.iter_mut().zip(&self.error) {
                *c += shape * self.table.gamma * e;
            }
        }
    }

    fn next_step(&self) -> f64 {
        self.next_step
    }
}

/// out = M v for each of the `width` components; `v` and `out` are `[S x width]`.
fn transform<const S: usize>(matrix: &[[f64; S]; S], v: &[f64], out: &mut [f64], width: usize) {
    for i in 0..width {
        let values: [f64; S] = std::array::from_fn(|s| v[s * width + i]);
        for (s, row) in matrix.iter().enumerate() {
            let mut sum = 0.0;
            for m in 0..S {
                sum += row[m] * values[m];
            }
            out[s * width + i] = sum;
        }
    }
}
