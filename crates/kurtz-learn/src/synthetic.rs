//! Synthetic sampled moments: exact moments plus noise drawn from the exact sampling covariance.
//!
//! What an ensemble of N trajectories would give, without simulating it, for networks of first order: with the
//! influence z(t) = (dn_i, dn_i dn_j - C_ij) of one trajectory, E[z(t) | n(s)] = Phi(t, s) z(s), where Phi is the
//! propagator of means and covariances, so Cov(z(s), z(t)) = Cov(z(s), z(s)) Phi(t, s)^T, and Cov(z(s), z(s)) follows
//! from the central moments of orders up to 4. The sampling covariance of the moments is Cov(z, z) / N to first order in 1/N.

use crate::condition::Condition;
use crate::error::LearnError;
use crate::fit::{LibraryModel, integrate};
use crate::library::{Library, ReactionLibrary};
use crate::linear::{Cholesky, Matrix};
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
        let names: Vec<String> = (1..=network.reactions.len()).map(|j| j.to_string()).collect();
        let library = |order| {
            ReactionLibrary::new(
                &network.species,
                names.clone(),
                &network.reactions,
                network.volume,
                order,
                order,
                None,
            )
        };
        let (second, fourth) = (library(2)?, library(4)?);
        let indices = MomentIndex::up_to(species, 2);
        let (m, t) = (indices.len(), times.len());

        // Small steps: this is the reference that fits are compared with.
        let mut rates = vec![0.0; fourth.input_count()];
        let fastest = fastest_rate(&second, &network.rates, initial, &mut rates);
        let steps = |interval: &[f64]| ((interval[1] - interval[0]) * fastest / 0.01).ceil().max(20.0) as usize;
        let substeps: Vec<usize> = times.windows(2).map(steps).collect();
        let start = |count: usize| -> Vec<f64> { (0..count).map(|i| initial.get(i).copied().unwrap_or(0.0)).collect() };
        let diverged = |time| LearnError::Diverged { condition: "exact moments".into(), time };
        let all =
            integrate(&LibraryModel(&fourth), &network.rates, &start(fourth.dimension()), times, &substeps, &[], &[])
                .map_err(|b| diverged(b.time))?
                .states;
        let width = fourth.dimension();
        let fourth_indices = MomentIndex::up_to(species, 4);
        let values: Vec<f64> = (0..t * m).map(|k| all[(k / m) * width + k % m]).collect();

        // Propagators from each time to the next: derivatives by the initial values of order 2.
        let by_initial: Vec<usize> = (0..m).collect();
        let mut step = Vec::with_capacity(t - 1);
        for (i, interval) in times.windows(2).enumerate() {
            let from = &values[i * m..(i + 1) * m];
            let model = LibraryModel(&second);
            let path = integrate(&model, &network.rates, from, interval, &substeps[i..=i], &[], &by_initial)
                .map_err(|b| diverged(b.time))?;
            step.push(Matrix::from_rows(m, m, path.derivatives[m * m..].to_vec()));
        }
        let mut covariance = Matrix::zeros(t * m, t * m);
        for s in 0..t {
            let moments = &all[s * width..(s + 1) * width];
            let mut block = influence_covariance(&indices, &fourth_indices, moments);
            for later in s..t {
                if later > s {
                    block = block.times_transposed(&step[later - 1]);
                }
                for (i, j) in (0..m * m).map(|e| (e / m, e % m)) {
                    covariance[(s * m + i, later * m + j)] = block[(i, j)];
                    covariance[(later * m + j, s * m + i)] = block[(i, j)];
                }
            }
        }
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
        condition.sampled_covariance = false;
        Ok(condition)
    }
}

/// A standard normal variate (Box & Muller 1958).
fn standard_normal(rng: &mut SimRng) -> f64 {
    (-2.0 * rng.uniform().ln()).sqrt() * (std::f64::consts::TAU * rng.uniform()).cos()
}

/// A bound on the rates of change of the moments: the largest row sum of the Jacobian.
fn fastest_rate(library: &ReactionLibrary, rates: &[f64], initial: &[f64], x: &mut [f64]) -> f64 {
    let (n, p) = (library.dimension(), library.term_count());
    x[..initial.len()].copy_from_slice(initial);
    let mut gradients = vec![0.0; n * p * n];
    library.jacobian(x, &mut gradients);
    let entry = |i: usize, k: usize| (0..p).map(|j| rates[j] * gradients[(i * p + j) * n + k]).sum::<f64>();
    (0..n).map(|i| (0..n).map(|k| entry(i, k).abs()).sum::<f64>()).fold(1e-3, f64::max)
}

/// Cov(z, z) at one time from the central moments of orders up to 4.
fn influence_covariance(indices: &[MomentIndex], all: &[MomentIndex], moments: &[f64]) -> Matrix {
    // The central moment of a sum of powers: means count as 0.
    let central = |powers: Vec<u8>| -> f64 {
        let index = MomentIndex(powers);
        match index.order() {
            0 => 1.0,
            1 => 0.0,
            _ => all.iter().position(|i| *i == index).map_or(f64::NAN, |k| moments[k]),
        }
    };
    let alone = |i: &MomentIndex| if i.order() > 1 { central(i.0.clone()) } else { 0.0 };
    Matrix::from_fn(indices.len(), indices.len(), |a, b| {
        let (a, b) = (&indices[a], &indices[b]);
        let sum = a.0.iter().zip(&b.0).map(|(x, y)| x + y).collect();
        central(sum) - alone(a) * alone(b)
    })
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
