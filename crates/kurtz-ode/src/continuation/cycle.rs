//! Cycles as solutions of a boundary-value problem, by multiple shooting.
//!
//! Unknown are the states y_1 ... y_m at m equidistant times of the cycle, its period T (as log T) and the parameter q;
//! the equations say that each state flows into the next in the time T/m, and that the cycle is not shifted in time
//! against a reference.

use super::curve::Curve;
use super::scaled::Scaled;
use super::{Family, Member};
use crate::{Integration, OdeMethod, Sensitivities, solve};

/// What fixes the phase of a cycle: sum over the states of (y_k - reference_k) . direction_k = 0.
#[derive(Clone, Debug)]
pub(crate) struct Phase {
    pub reference: Vec<f64>,
    pub direction: Vec<f64>,
}

/// The boundary-value problem. Points are (y_1 ... y_m, log T, q), in scaled coordinates.
pub(crate) struct CycleCurve<'a> {
    pub family: &'a Scaled<'a>,
    pub intervals: usize,
    pub phase: Phase,
    integration: Integration,
    weights: Vec<f64>,
    tolerance: f64,
    /// Transition matrices of the intervals at the last point linearised, `[m][n x n]`, and that point.
    transitions: Vec<Vec<f64>>,
    linearised: Vec<f64>,
}

impl<'a> CycleCurve<'a> {
    pub fn new(family: &'a Scaled<'a>, intervals: usize, phase: Phase, tolerance: f64, integration: f64) -> Self {
        let count = intervals * family.dimension();
        let mut weights = vec![1.0 / count as f64; count + 2];
        // A period that doubles counts as much as a change of the parameter by a third of its range.
        weights[count] = 0.2;
        weights[count + 1] = 1.0;
        let integration = Integration::with_tolerances(integration, 0.1 * integration)
            .with_method(OdeMethod::Stiff)
            .with_sensitivities(Sensitivities::Both);
        CycleCurve {
            family,
            intervals,
            phase,
            integration,
            weights,
            tolerance,
            transitions: Vec::new(),
            linearised: Vec::new(),
        }
    }

    pub fn states(&self) -> usize {
        self.intervals * self.family.dimension()
    }

    /// Makes a point the reference of the phase from now on.
    pub fn refer_to(&mut self, u: &[f64]) {
        let (n, count) = (self.family.dimension(), self.states());
        self.phase.reference = u[..count].to_vec();
        let mut direction = vec![0.0; count];
        for (y, d) in u[..count].chunks_exact(n).zip(direction.chunks_exact_mut(n)) {
            self.family.evaluate(u[count + 1], y, d);
        }
        let length = direction.iter().map(|d| d * d).sum::<f64>().sqrt();
        if length > 0.0 {
            direction.iter_mut().for_each(|d| *d /= length);
        }
        self.phase.direction = direction;
    }

    /// The product of the transition matrices at a point, A_m ... A_1: the monodromy matrix. `None` if it cannot be had.
    pub fn monodromy(&mut self, u: &[f64]) -> Option<Vec<f64>> {
        let (n, count) = (self.family.dimension(), self.states());
        if self.linearised != u {
            let (mut g, mut dg) = (vec![0.0; count + 1], vec![0.0; (count + 1) * (count + 2)]);
            if !self.linearise(u, &mut g, &mut dg) {
                return None;
            }
        }
        let mut product: Vec<f64> = (0..n * n).map(|k| if k / n == k % n { 1.0 } else { 0.0 }).collect();
        for transition in &self.transitions {
            let mut next = vec![0.0; n * n];
            for i in 0..n {
                for k in 0..n {
                    let a = transition[i * n + k];
                    for j in 0..n {
                        next[i * n + j] += a * product[k * n + j];
                    }
                }
            }
            product = next;
        }
        Some(product)
    }
}

impl Curve for CycleCurve<'_> {
    fn equations(&self) -> usize {
        self.states() + 1
    }

    fn weights(&self) -> &[f64] {
        &self.weights
    }

    fn linearise(&mut self, u: &[f64], g: &mut [f64], dg: &mut [f64]) -> bool {
        let (n, m, count) = (self.family.dimension(), self.intervals, self.states());
        let width = count + 2;
        let (period, place) = (u[count].exp(), u[count + 1]);
        let duration = period / m as f64;
        if !duration.is_normal() {
            return false;
        }
        let member = Member { family: self.family, parameter: place };
        dg.fill(0.0);
        self.transitions.clear();
        self.linearised.clear();
        let mut rate = vec![0.0; n];
        for k in 0..m {
            let state = &u[k * n..(k + 1) * n];
            let Ok(solution) = solve(&member, state, &[duration], &self.integration) else { return false };
            if !solution.is_complete() {
                return false;
            }
            let end = solution.state(0);
            let sensitivity = solution.sensitivity(0);
            self.family.evaluate(place, end, &mut rate);
            let next = (k + 1) % m;
            let mut transition = vec![0.0; n * n];
            for i in 0..n {
                let row = &mut dg[(k * n + i) * width..(k * n + i + 1) * width];
                g[k * n + i] = end[i] - u[next * n + i];
                // The first direction is the parameter, the others are the initial values.
                let from = &sensitivity[i * (n + 1)..(i + 1) * (n + 1)];
                transition[i * n..(i + 1) * n].copy_from_slice(&from[1..]);
                row[k * n..(k + 1) * n].copy_from_slice(&from[1..]);
                row[next * n + i] -= 1.0;
                row[count] = duration * rate[i];
                row[count + 1] = from[0];
            }
            self.transitions.push(transition);
        }
        g[count] = 0.0;
        for j in 0..count {
            g[count] += (u[j] - self.phase.reference[j]) * self.phase.direction[j];
            dg[count * width + j] = self.phase.direction[j];
        }
        self.linearised.extend_from_slice(u);
        g.iter().chain(&*dg).all(|x| x.is_finite())
    }

    fn tolerance(&self) -> f64 {
        self.tolerance
    }
}
