//! Classical Runge-Kutta steps of fixed size, with the exact derivatives of the discrete solution.

use super::model::Model;

/// The solution at the times asked for.
#[derive(Clone, Debug)]
pub(crate) struct Trajectory {
    /// `[times x states]`.
    pub states: Vec<f64>,
    /// By the parameters listed, then by the initial values if asked for, `[times x states x derivatives]`.
    pub derivatives: Vec<f64>,
}

/// The solution left the finite numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Blowup {
    pub time: f64,
}

/// Beyond this the solution counts as blown up; no model of counts gets here by right.
const HUGE: f64 = 1e15;

/// Integrates from `times[0]`, where x = `initial`, with `substeps` equal steps in each interval.
///
/// Differentiating the equations and stepping commute, so the derivatives are those of the computed solution itself.
pub(crate) fn integrate(
    model: &dyn Model,
    parameters: &[f64],
    initial: &[f64],
    times: &[f64],
    substeps: &[usize],
    by: &[usize],
    by_initial: &[usize],
) -> Result<Trajectory, Blowup> {
    let n = model.dimension();
    let q = by.len() + by_initial.len();
    let width = n + n * q;
    let mut y = vec![0.0; width];
    y[..n].copy_from_slice(initial);
    for (k, &i) in by_initial.iter().enumerate() {
        y[n + i * q + by.len() + k] = 1.0;
    }
    let mut out = Trajectory {
        states: Vec::with_capacity(times.len() * n),
        derivatives: Vec::with_capacity(times.len() * n * q),
    };
    let mut slope = Slope::new(model, parameters, by, q);
    let mut stages = vec![vec![0.0; width]; 4];
    let mut at = vec![0.0; width];
    out.states.extend_from_slice(&y[..n]);
    out.derivatives.extend_from_slice(&y[n..]);
    for (interval, &steps) in times.windows(2).zip(substeps) {
        let h = (interval[1] - interval[0]) / steps as f64;
        for _ in 0..steps {
            for (stage, fraction) in [0.0, 0.5, 0.5, 1.0].into_iter().enumerate() {
                if stage == 0 {
                    at.copy_from_slice(&y);
                } else {
                    let (step, before) = (fraction * h, &stages[stage - 1]);
                    at.iter_mut().zip(&y).zip(before).for_each(|((a, y), k)| *a = y + step * k);
                }
                slope.evaluate(&at, &mut stages[stage]);
            }
            for i in 0..width {
                y[i] += h / 6.0 * (stages[0][i] + 2.0 * (stages[1][i] + stages[2][i]) + stages[3][i]);
            }
        }
        if !y[..n].iter().all(|v| v.abs() < HUGE) {
            return Err(Blowup { time: interval[0] });
        }
        out.states.extend_from_slice(&y[..n]);
        out.derivatives.extend_from_slice(&y[n..]);
    }
    Ok(out)
}

/// The right-hand side of the states and of their derivatives: dS/dt = (df/dx) S + df/dtheta.
struct Slope<'a> {
    model: &'a dyn Model,
    parameters: &'a [f64],
    by: &'a [usize],
    q: usize,
    scratch: Vec<f64>,
    by_state: Vec<f64>,
    by_parameter: Vec<f64>,
}

impl<'a> Slope<'a> {
    fn new(model: &'a dyn Model, parameters: &'a [f64], by: &'a [usize], q: usize) -> Self {
        let n = model.dimension();
        let (by_state, by_parameter) = (vec![0.0; n * n], vec![0.0; n * by.len()]);
        Slope { model, parameters, by, q, scratch: Vec::new(), by_state, by_parameter }
    }

    fn evaluate(&mut self, y: &[f64], dy: &mut [f64]) {
        let (n, q, p) = (self.model.dimension(), self.q, self.by.len());
        let (x, s) = y.split_at(n);
        let (dx, ds) = dy.split_at_mut(n);
        if q == 0 {
            return self.model.evaluate(self.parameters, x, &mut self.scratch, dx);
        }
        let (by_state, by_parameter) = (&mut self.by_state, &mut self.by_parameter);
        self.model.linearise(self.parameters, x, self.by, &mut self.scratch, dx, by_state, by_parameter);
        for i in 0..n {
            let row = &mut ds[i * q..(i + 1) * q];
            row[..p].copy_from_slice(&self.by_parameter[i * p..(i + 1) * p]);
            row[p..].fill(0.0);
            for k in 0..n {
                let a = self.by_state[i * n + k];
                if a != 0.0 {
                    row.iter_mut().zip(&s[k * q..(k + 1) * q]).for_each(|(d, s)| *d += a * s);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::model::LibraryModel;
    use super::*;
    use crate::library::PolynomialLibrary;

    #[test]
    fn derivatives_are_those_of_the_discrete_solution() {
        let library = PolynomialLibrary::full(vec!["A".into(), "B".into()], 1, 2);
        let model = LibraryModel(&library);
        let theta = [0.2, -0.1, -0.03, 0.02, 0.01, 0.5, -0.3, 0.01, -0.02, 0.015];
        let (times, substeps, initial) = ([0.0, 0.7, 2.0], [2, 3], [1.5, 0.4]);
        let by: Vec<usize> = (0..10).collect();
        let with = integrate(&model, &theta, &initial, &times, &substeps, &by, &[0, 1]).unwrap();
        let h = 1e-6;
        for k in 0..12 {
            let at = |sign: f64| {
                let (mut theta, mut initial) = (theta, initial);
                if k < 10 {
                    theta[k] += sign * h
                } else {
                    initial[k - 10] += sign * h
                }
                integrate(&model, &theta, &initial, &times, &substeps, &[], &[]).unwrap().states
            };
            for (row, (up, down)) in at(1.0).iter().zip(at(-1.0)).enumerate() {
                let difference = (up - down) / (2.0 * h);
                assert!((with.derivatives[row * 12 + k] - difference).abs() < 1e-8 * (1.0 + difference.abs()));
            }
        }
    }

    #[test]
    fn explosions_are_reported_with_their_time() {
        let library = PolynomialLibrary::full(vec!["A".into()], 2, 2);
        // dA/dt = A^2 from 1 blows up at t = 1.
        let result = integrate(&LibraryModel(&library), &[1.0], &[1.0], &[0.0, 0.5, 2.0, 9.0], &[4, 8, 8], &[], &[]);
        assert!(matches!(result, Err(Blowup { time }) if time >= 0.5));
    }
}
