//! The field as the integrators see it: with its sensitivities, counting the work.
//!
//! The extended state is y = (x, S), `[n (1 + q)]`, with S_ik = dx_i/dq_k, `[n x q]` row-major. Its columns obey
//! dS_k/dt = J S_k + df/dp_k (the last term only if q_k is a parameter).

use crate::sparse::{Sparsity, multiply_add};
use crate::{Integration, Statistics, VectorField};

pub(crate) struct System<'a> {
    pub field: &'a dyn VectorField,
    /// Number n of variables.
    pub n: usize,
    /// Parameters among the directions: p or 0.
    pub parameters: usize,
    /// Directions q of the sensitivities.
    pub directions: usize,
    /// Smallest size of x_j that sets its difference step: where absolute and relative tolerance meet, `[n]`.
    difference_floor: Vec<f64>,
    pub relative: f64,
    pub absolute: Vec<f64>,
    pub sensitivity_tolerance: Option<f64>,
    /// Where the Jacobian has entries, if keeping to these pays off.
    pub sparsity: Option<Sparsity>,
    /// Derivatives at the last point asked for: `[n x n]`, or the entries of the sparsity, and `[n x p]`.
    pub jacobian: Vec<f64>,
    pub parameter_jacobian: Vec<f64>,
    shifted: Vec<f64>,
    shifted_rate: Vec<f64>,
    pub statistics: Statistics,
}

impl<'a> System<'a> {
    /// Binds a field to validated settings.
    pub fn new(field: &'a dyn VectorField, settings: &Integration) -> Self {
        let n = field.dimension();
        let parameters = if settings.sensitivities.has_parameters() { field.parameter_count() } else { 0 };
        let directions = parameters + if settings.sensitivities.has_initial_values() { n } else { 0 };
        let absolute: Vec<f64> = (0..n).map(|i| settings.absolute_tolerance.of(i)).collect();
        let relative = settings.relative_tolerance;
        let mut system = System {
            field,
            n,
            parameters,
            directions,
            difference_floor: absolute.iter().map(|a| a / relative).collect(),
            relative,
            absolute,
            sensitivity_tolerance: settings.sensitivity_tolerance,
            sparsity: None,
            jacobian: Vec::new(),
            parameter_jacobian: vec![0.0; n * parameters],
            shifted: vec![0.0; n],
            shifted_rate: vec![0.0; n],
            statistics: Statistics::default(),
        };
        if directions > 0 {
            system.find_sparsity();
            system.jacobian.resize(system.entries(), 0.0);
        }
        system
    }

    /// Asks the field where its Jacobian has entries; needed before the Jacobian is.
    pub fn find_sparsity(&mut self) {
        if self.sparsity.is_none() {
            self.sparsity = self.field.sparsity().filter(|sparsity| sparsity.pays_off()).cloned();
        }
    }

    /// Number of values of a Jacobian: n^2, or as many as the sparsity has entries.
    pub fn entries(&self) -> usize {
        self.sparsity.as_ref().map_or(self.n * self.n, |sparsity| sparsity.entries().len())
    }

    /// Length n (1 + q) of the extended state.
    pub fn width(&self) -> usize {
        self.n * (1 + self.directions)
    }

    /// The extended state at the beginning: dx/dp = 0, dx/dx0 = 1.
    pub fn extend(&self, x0: &[f64]) -> Vec<f64> {
        let n = self.n;
        let mut state = vec![0.0; self.width()];
        state[..n].copy_from_slice(x0);
        for (j, k) in (self.parameters..self.directions).enumerate() {
            state[n + j * self.directions + k] = 1.0;
        }
        state
    }

    /// Writes f(t, x) into `dx`, both `[n]`.
    pub fn rate(&mut self, time: f64, x: &[f64], dx: &mut [f64]) {
        self.statistics.evaluations += 1;
        self.field.evaluate(time, x, dx);
    }

    /// Writes the derivative of the extended state into `dy`.
    pub fn evaluate(&mut self, time: f64, y: &[f64], dy: &mut [f64]) {
        let n = self.n;
        let (x, s) = y.split_at(n);
        let (dx, ds) = dy.split_at_mut(n);
        self.rate(time, x, dx);
        if self.directions > 0 {
            self.linearise(time, x, dx);
            self.variations(s, ds);
        }
    }

    /// Evaluates df/dx and df/dp at (t, x), where f is `rate`, for [`System::variations`].
    pub fn linearise(&mut self, time: f64, x: &[f64], rate: &[f64]) {
        let mut jacobian = std::mem::take(&mut self.jacobian);
        self.write_jacobian(time, x, rate, &mut jacobian);
        self.jacobian = jacobian;
        if self.parameters > 0 {
            self.field.parameter_jacobian(time, x, &mut self.parameter_jacobian);
        }
    }

    /// Writes J S + df/dq into `out`, `[n x q]` both, at the point of the last [`System::linearise`].
    pub fn variations(&self, s: &[f64], out: &mut [f64]) {
        self.vary(&self.jacobian, &self.parameter_jacobian, s, out);
    }

    /// Writes J S + (df/dp, 0) into `out`, `[n x q]` as `s`, for a Jacobian and a parameter Jacobian, `[n x p]`.
    pub fn vary(&self, jacobian: &[f64], parameter_jacobian: &[f64], s: &[f64], out: &mut [f64]) {
        let (n, p, q) = (self.n, self.parameters, self.directions);
        for (i, out) in out.chunks_exact_mut(q).enumerate() {
            out[..p].copy_from_slice(&parameter_jacobian[i * p..(i + 1) * p]);
            out[p..].fill(0.0);
            if self.sparsity.is_none() {
                for (j, row) in jacobian[i * n..(i + 1) * n].iter().zip(s.chunks_exact(q)) {
                    for (out, s) in out.iter_mut().zip(row) {
                        *out += j * s;
                    }
                }
            }
        }
        if let Some(sparsity) = &self.sparsity {
            multiply_add(sparsity, jacobian, q, s, out);
        }
    }

    /// Writes the Jacobian at (t, x) as the field gives it: `[n x n]`, row-major, or the entries of the sparsity. False if it
    /// gives none.
    pub fn write_exact_jacobian(&mut self, time: f64, x: &[f64], jacobian: &mut [f64]) -> bool {
        let is_exact = match self.sparsity {
            Some(_) => {
                self.field.jacobian_entries(time, x, jacobian);
                true
            }
            None => self.field.jacobian(time, x, jacobian),
        };
        self.statistics.jacobians += usize::from(is_exact);
        is_exact
    }

    /// Writes the Jacobian at (t, x), exact or by differences around `rate` = f(t, x): `[n x n]`, row-major, or the entries
    /// of the sparsity.
    pub fn write_jacobian(&mut self, time: f64, x: &[f64], rate: &[f64], jacobian: &mut [f64]) {
        if self.write_exact_jacobian(time, x, jacobian) {
            return;
        }
        self.statistics.jacobians += 1;
        let n = self.n;
        self.shifted.copy_from_slice(x);
        for j in 0..n {
            // One-sided, away from zero: concentrations stay in their domain.
            let size = x[j].abs().max(self.difference_floor[j]) * f64::EPSILON.sqrt();
            self.shifted[j] = x[j] + if x[j] < 0.0 { -size } else { size };
            let shift = self.shifted[j] - x[j];
            self.field.evaluate(time, &self.shifted, &mut self.shifted_rate);
            for i in 0..n {
                jacobian[i * n + j] = (self.shifted_rate[i] - rate[i]) / shift;
            }
            self.shifted[j] = x[j];
        }
        self.statistics.evaluations += n;
    }

    /// The larger of `state_error` and the root mean square errors of the columns of sensitivities, if these are
    /// controlled: relative to the largest entry of the column, variables measured by their size.
    ///
    /// `error(i)` is the error of component i of the extended state; `y0`, `y1` are the states around the step.
    pub fn combined_error(
        &self,
        state_error: f64,
        tolerance: Option<f64>,
        y0: &[f64],
        y1: &[f64],
        error: impl Fn(usize) -> f64,
    ) -> f64 {
        let Some(tolerance) = tolerance else { return state_error };
        let (n, q) = (self.n, self.directions);
        let mut worst = state_error;
        for k in 0..q {
            let at = |i: usize| n + i * q + k;
            let size = |i: usize| self.size(i, y1[i]);
            let entry = |i: usize| y0[at(i)].abs().max(y1[at(i)].abs()) / size(i);
            let largest = (0..n).fold(0.0, |m: f64, i| m.max(entry(i)));
            if largest == 0.0 {
                continue;
            }
            let relative = |i: usize| error(at(i)) / (tolerance * largest * size(i));
            let mean_square = (0..n).map(|i| relative(i).powi(2)).sum::<f64>() / n as f64;
            if !mean_square.is_finite() {
                return f64::NAN;
            }
            worst = worst.max(mean_square.sqrt());
        }
        worst
    }

    /// Typical size of variable i at the value x_i: not less than where its tolerances meet.
    pub fn size(&self, i: usize, x: f64) -> f64 {
        x.abs().max(self.difference_floor[i])
    }
}
