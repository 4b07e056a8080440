//! The end of an implicit leap.
//!
//! With K_j Poisson numbers of events at the rates of the start, the end y of a leap of length tau solves
//!
//! y = x + sum_j v_j (K_j + w_j (a_j(y) - a_j(x)) tau + tau d_j),
//!
//! with w = 1 for fast reactions in equilibrium (backward Euler) and 1/2 for all others (trapezoidal rule). Backward Euler
//! forgets the fast modes at once, as it should, but damps their fluctuations too. What is lacking is added: with J and D
//! the drift and diffusion matrices of the fast reactions and C their stationary covariance, J C + C J^T = -D, the choice
//!
//! d_j = grad a_j . c for fast reactions, c normal with covariance C,
//!
//! makes C stationary for every tau, since (1 - J tau) C (1 - J tau)^T = C + D tau + tau^2 J C J^T. (Cao, Gillespie &
//! Petzold 2007 restore the fluctuations by short explicit steps instead.) Means obey <a(y)> = 0 for what is fast, as they
//! should, nonlinear or not.

use super::network::{Network, Workspace};
use crate::lna::stationary_covariance;
use crate::rng::{Purpose, SimRng};
use crate::variates::normal;
use kurtz_ode::dense::RealLu;

/// Newton steps before a leap counts as too long.
const MOST_STEPS: usize = 20;
/// Species of fast reactions at most: the equations for C are as many as pairs of them.
const MOST_FAST: usize = 40;

/// Room to solve in.
#[derive(Clone)]
pub(super) struct Implicit {
    matrix: Vec<f64>,
    lu: RealLu,
    slopes: Workspace,
    propensities: Vec<f64>,
    residual: Vec<f64>,
    target: Vec<f64>,
    /// d of the present leap, `[reactions]`, and w.
    noise: Vec<f64>,
    weights: Vec<f64>,
}

impl std::fmt::Debug for Implicit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Implicit").finish_non_exhaustive()
    }
}

/// A leap to be ended.
pub(super) struct Leap<'a> {
    /// Propensities at its start, `[reactions]`.
    pub rates: &'a [f64],
    /// Reactions that do not leap.
    pub is_exact: &'a [bool],
    /// K, `[reactions]`.
    pub extents: &'a [f64],
    pub tau: f64,
    /// Random bits of the leap.
    pub key: u64,
}

impl Implicit {
    pub fn new(network: &Network) -> Self {
        let (n, m) = (network.species, network.reactions);
        Implicit {
            matrix: vec![0.0; n * n],
            lu: RealLu::new(n),
            slopes: network.workspace(),
            propensities: vec![0.0; m],
            residual: vec![0.0; n],
            target: vec![0.0; n],
            noise: vec![0.0; m],
            weights: vec![0.5; m],
        }
    }

    /// Prepares a leap from `x`: which reactions are fast, and the fluctuations of these. False if that cannot be.
    pub fn prepare(&mut self, network: &Network, x: &[f64], rates: &[f64], is_fast: &[bool], key: u64) -> bool {
        self.noise.fill(0.0);
        let mut place = vec![usize::MAX; network.species];
        let mut species = Vec::new();
        for j in (0..network.reactions).filter(|&j| is_fast[j]) {
            self.weights[j] = 1.0;
            for &(i, _) in network.change(j) {
                if place[i as usize] == usize::MAX {
                    place[i as usize] = species.len();
                    species.push(i as usize);
                }
            }
        }
        (0..network.reactions).filter(|&j| !is_fast[j]).for_each(|j| self.weights[j] = 0.5);
        let n = species.len();
        if n == 0 || n > MOST_FAST {
            return false;
        }
        network.slopes_into(x, &mut self.slopes);
        let (mut drift, mut diffusion) = (vec![0.0; n * n], vec![0.0; n * n]);
        for (&(j, l), slope) in network.slopes.iter().zip(&self.slopes.slopes) {
            if is_fast[j as usize] && place[l as usize] != usize::MAX {
                for &(i, v) in network.change(j as usize) {
                    drift[place[i as usize] * n + place[l as usize]] += v * slope;
                }
            }
        }
        for j in (0..network.reactions).filter(|&j| is_fast[j]) {
            for &(i, v) in network.change(j) {
                for &(l, w) in network.change(j) {
                    diffusion[place[i as usize] * n + place[l as usize]] += v * w * rates[j];
                }
            }
        }
        let Some(covariance) = stationary_covariance(&drift, &diffusion, n) else { return false };
        let mut rng = SimRng::new(key, 0, Purpose::Rounding);
        let c = draw(covariance, n, &mut rng);
        for (&(j, l), slope) in network.slopes.iter().zip(&self.slopes.slopes) {
            if is_fast[j as usize] && place[l as usize] != usize::MAX {
                self.noise[j as usize] += slope * c[place[l as usize]];
            }
        }
        true
    }

    /// Replaces `y`, which is x + sum_j v_j K_j, by the end of the leap, rounded to whole events; false if there is none
    /// within reach.
    pub fn solve(&mut self, network: &Network, x: &[f64], leap: &Leap<'_>, y: &mut [f64]) -> bool {
        let n = network.species;
        let Leap { rates, is_exact, tau, .. } = *leap;
        for j in (0..network.reactions).filter(|&j| !is_exact[j]) {
            network.add(j, tau * self.noise[j], y);
        }
        self.target.copy_from_slice(y);
        y.copy_from_slice(x);
        for step in 0..MOST_STEPS {
            if network.propensities(0.0, y, false, &mut self.propensities).is_err() {
                return false;
            }
            // target + tau sum w v (a(y) - a(x)) - y.
            for i in 0..n {
                self.residual[i] = self.target[i] - y[i];
            }
            for j in (0..network.reactions).filter(|&j| !is_exact[j]) {
                network.add(j, tau * self.weights[j] * (self.propensities[j] - rates[j]), &mut self.residual);
            }
            network.slopes_into(y, &mut self.slopes);
            self.matrix.fill(0.0);
            for (&(j, l), slope) in network.slopes.iter().zip(&self.slopes.slopes) {
                if !is_exact[j as usize] {
                    for &(i, v) in network.change(j as usize) {
                        self.matrix[i as usize * n + l as usize] += tau * self.weights[j as usize] * v * slope;
                    }
                }
            }
            if !self.lu.factorise_shifted(1.0, &self.matrix) {
                return false;
            }
            self.lu.solve(&mut self.residual);
            let mut largest = 0.0f64;
            for i in 0..n {
                let before = y[i];
                y[i] += self.residual[i];
                // Newton's way must not lead through amounts that are not there.
                if y[i] < 0.0 {
                    y[i] = before / 2.0;
                }
                largest = largest.max((y[i] - before).abs() / before.max(1.0));
            }
            if largest.is_nan() {
                return false;
            }
            if largest < 1e-6 && step > 0 {
                return self.round(network, x, leap, y);
            }
        }
        false
    }

    /// x plus whole numbers of events next to K_j + w_j (a_j(y) - a_j(x)) tau + tau d_j.
    fn round(&mut self, network: &Network, x: &[f64], leap: &Leap<'_>, y: &mut [f64]) -> bool {
        if network.propensities(0.0, y, false, &mut self.propensities).is_err() {
            return false;
        }
        y.copy_from_slice(x);
        for j in (0..network.reactions).filter(|&j| !leap.is_exact[j]) {
            let change = self.weights[j] * (self.propensities[j] - leap.rates[j]) + self.noise[j];
            // Up with the probability of the fraction, so that small corrections of slow reactions are not lost in the
            // mean; the lot is that of the leap, whatever the time at which one looks.
            let lot = SimRng::new(leap.key, 1 + j as u64, Purpose::Rounding).uniform();
            let whole = (leap.tau * change + lot).floor();
            network.add(j, (leap.extents[j] + whole).max(0.0), y);
        }
        true
    }
}

/// A normal vector of this covariance, which may be singular.
fn draw(mut covariance: Vec<f64>, n: usize, rng: &mut SimRng) -> Vec<f64> {
    let largest = (0..n).map(|i| covariance[i * n + i]).fold(0.0, f64::max);
    let mut vector = vec![0.0; n];
    for k in 0..n {
        let z = normal(rng);
        let pivot = covariance[k * n + k];
        // Of a singular matrix pivots are rounding errors from some row on.
        if pivot <= 1e-9 * largest {
            continue;
        }
        let root = pivot.sqrt();
        let column: Vec<f64> = (k..n).map(|i| covariance[i * n + k] / root).collect();
        for i in k..n {
            vector[i] += column[i - k] * z;
            for l in k..n {
                covariance[i * n + l] -= column[i - k] * column[l - k];
            }
        }
    }
    vector
}
