//! Synthetic sampled moments: exact moments plus noise drawn from the exact sampling covariance.
//!
//! What an ensemble of N trajectories would give, without simulating it, for networks of first order: see
//! `reactions::implied` for that covariance.

use crate::condition::{Condition, CovarianceOrigin};
use crate::error::LearnError;
use crate::linear::{Cholesky, Matrix};
use crate::reactions::{Implied, Rated, implied};
use kurtz_dynamics::moments::Stoichiometry;
use kurtz_dynamics::rng::{Purpose, SimRng};
use kurtz_dynamics::{MomentIndex, MomentSeries};

/// A network of first order (every reaction has at most one reactant molecule) with rate constants.
#[derive(Clone, Debug, PartialEq)]
pub struct FirstOrderNetwork {
    /// Names of the species.
    pub species: Vec<String>,
    /// Its reactions.
    pub reactions: Vec<Stoichiometry>,
    /// Their rate constants, `[reactions]`.
    pub rates: Vec<f64>,
    /// The volume; matters only to reactions without reactants.
    pub volume: f64,
}

/// Exact means and covariances of a network over time, with the exact sampling covariance for one trajectory.
#[derive(Clone, Debug)]
pub struct ExactMoments {
    species: Vec<String>,
    times: Vec<f64>,
    indices: Vec<MomentIndex>,
    values: Vec<f64>,
    /// Covariance of the influence of one trajectory, `[(times x moments) x (times x moments)]`.
    covariance: Matrix,
    /// Its factor, times with variance only.
    factor: Cholesky,
    random: Vec<usize>,
}

impl ExactMoments {
    /// Solves the moment equations from a definite initial state of whole counts at `times[0]`.
    ///
    /// # Errors
    /// Networks that are not of first order; times that do not increase; lists of wrong length.
    pub fn new(network: &FirstOrderNetwork, initial: &[f64], times: &[f64]) -> Result<Self, LearnError> {
        let species = network.species.len();
        if initial.len() != species {
            let what = "the initial counts".into();
            return Err(LearnError::Length { what, expected: species, found: initial.len() });
        }
        if network.rates.len() != network.reactions.len() {
            let (expected, found) = (network.reactions.len(), network.rates.len());
            return Err(LearnError::Length { what: "the rate constants".into(), expected, found });
        }
        if let Some(pair) = times.windows(2).find(|w| w[1].is_nan() || w[1] <= w[0]) {
            let what = format!("a time after {}", pair[0]);
            return Err(LearnError::BadValue { what, value: pair[1], expected: "times must increase" });
        }
        if times.len() < 2 {
            return Err(LearnError::Empty { what: "times after the start" });
        }
        let indices = MomentIndex::up_to(species, 2);
        let (m, t) = (indices.len(), times.len());
        let FirstOrderNetwork { species, reactions, rates, volume } = network;
        let start: Vec<f64> = (0..m).map(|i| initial.get(i).copied().unwrap_or(0.0)).collect();
        let Implied { values, covariance, .. } =
            implied(&Rated { species, reactions, rates, volume: *volume }, &start, times, None)?;
        let random: Vec<usize> = (0..t * m).filter(|&i| covariance[(i, i)] > 0.0).collect();
        // Conserved totals make it singular: a relative 1e-12 of each variance, invisible in the draws, makes it regular.
        let regular = Matrix::from_fn(random.len(), random.len(), |i, j| {
            covariance[(random[i], random[j])] * if i == j { 1.0 + 1e-12 } else { 1.0 }
        });
        let factor =
            Cholesky::new(&regular).ok_or_else(|| LearnError::NotACovariance { condition: "exact moments".into() })?;
        let species = network.species.clone();
        Ok(ExactMoments { species, times: times.to_vec(), indices, values, covariance, factor, random })
    }

    /// The exact moments, with the sampling covariance of `trajectories` trajectories.
    pub fn exact(&self, trajectories: u64) -> MomentSeries {
        let n = trajectories as f64;
        MomentSeries {
            species: self.species.clone(),
            times: self.times.clone(),
            indices: self.indices.clone(),
            values: self.values.clone(),
            trajectories: Some(trajectories),
            covariance: Some(self.covariance.as_slice().iter().map(|c| c / n).collect()),
            covariance_moments: self.indices.len(),
        }
    }

    /// Moments as `trajectories` trajectories would give them, drawn from the exact sampling covariance.
    pub fn draw(&self, trajectories: u64, seed: u64) -> MomentSeries {
        let mut series = self.exact(trajectories);
        let mut rng = SimRng::new(seed, 0, Purpose::Noise);
        let normal: Vec<f64> = self.random.iter().map(|_| standard_normal(&mut rng)).collect();
        let noise = self.factor.colour(&normal);
        let scale = 1.0 / (trajectories as f64).sqrt();
        self.random.iter().zip(noise).for_each(|(&i, e)| series.values[i] += scale * e);
        series
    }

    /// As [`ExactMoments::draw`], as a condition with moments of orders 1 to `order` (at most 2).
    ///
    /// # Errors
    /// An order above 2.
    pub fn draw_condition(&self, trajectories: u64, seed: u64, order: u32) -> Result<Condition, LearnError> {
        let name = self.values[..self.species.len()].iter().map(|v| v.to_string()).collect::<Vec<_>>().join(",");
        let mut condition = Condition::from_moments(name, &self.draw(trajectories, seed), order)?;
        condition.origin = CovarianceOrigin::Given;
        Ok(condition)
    }
}

/// A standard normal variate (Box & Muller 1958).
fn standard_normal(rng: &mut SimRng) -> f64 {
    (-2.0 * rng.uniform().ln()).sqrt() * (std::f64::consts::TAU * rng.uniform()).cos()
}

#[cfg(test)]
mod tests {
    use crate::testing;

    #[test]
    fn sampling_errors_agree_with_a_million_simulated_trajectories() {
        // Moments and standard errors measured over 1e6 stochastic simulations; the errors are printed to two digits.
        let exact = testing::exact(10.0, 20, 1).exact(1_000_000);
        for (week, moments, errors) in [
            (1, [10.0780, 9.4336, 1.7821, -0.5830, 9.894], [0.0013, 0.0031, 0.0029, 0.0044, 0.014]),
            (5, [10.4014, 28.4483, 9.346, 11.673, 52.15], [0.0031, 0.0072, 0.014, 0.027, 0.08]),
            (10, [10.8206, 35.6231, 19.820, 42.27, 150.83], [0.0045, 0.0123, 0.032, 0.08, 0.24]),
            (20, [11.7162, 40.1728, 44.716, 124.39, 430.7], [0.0067, 0.0208, 0.078, 0.22, 0.7]),
        ] {
            for m in 0..5 {
                let error = exact.standard_error(week, m).unwrap();
                assert!((error / errors[m] - 1.0).abs() < 0.07, "week {week}, moment {m}: {error}");
                let z = (moments[m] - exact.value(week, m)) / error;
                assert!(z.abs() < 4.9, "week {week}, moment {m}: {z} standard errors");
            }
        }
    }

    #[test]
    fn a_death_process_has_the_known_covariance_in_time() {
        // Binomial survival: Cov(n(s), n(t)) = n0 p_t (1 - p_s) for s < t, p_t = exp(-g t).
        let reaction = kurtz_dynamics::moments::Stoichiometry { reactants: vec![1], products: vec![0] };
        let network = super::FirstOrderNetwork {
            species: vec!["A".into()],
            reactions: vec![reaction],
            rates: vec![0.7],
            volume: 1.0,
        };
        let exact = super::ExactMoments::new(&network, &[12.0], &[0.0, 0.5, 1.5]).unwrap().exact(1);
        let covariance = exact.covariance.unwrap();
        let (p1, p2) = ((-0.35f64).exp(), (-1.05f64).exp());
        assert!((exact.values[2] - 12.0 * p1).abs() < 1e-9);
        assert!((covariance[2 * 6 + 4] - 12.0 * p2 * (1.0 - p1)).abs() < 1e-8);
        // Var of (n - <n>)^2 for a binomial: m4 - m2^2.
        let (m2, q) = (12.0 * p1 * (1.0 - p1), 1.0 - p1);
        let m4 = m2 * (1.0 + 3.0 * (12.0 - 2.0) * p1 * q);
        assert!((covariance[3 * 6 + 3] - (m4 - m2 * m2)).abs() < 1e-8);
    }
}
