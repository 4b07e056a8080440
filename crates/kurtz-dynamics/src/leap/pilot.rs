//! How far off a leaping method is: estimated, not promised.

use super::Leaping;
use super::network::Network;
use super::pair::Pair;
use super::rule::{Exactness, Rule, Scheme};
use crate::error::DynamicsError;
use crate::method::{Halt, Stop};
use crate::progress::Progress;
use crate::rng::{Purpose, SimRng};
use kurtz_model::{Kinetics, SpeciesId};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Groups of pairs, whose scatter gives standard errors.
const GROUPS: u64 = 20;

/// An estimate of the systematic error of a method at its settings, over the species and times of a pilot.
///
/// Everything is relative to the standard deviation of the quantity, or to one molecule where that is less.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LeapError {
    /// The bound on relative changes that was judged.
    pub epsilon: f64,
    /// Number of coupled pairs of trajectories.
    pub pairs: u64,
    /// Of means.
    pub mean: Bias,
    /// Of standard deviations.
    pub deviation: Bias,
}

/// The largest systematic error found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Bias {
    /// Its estimate, relative.
    pub estimate: f64,
    /// Standard error of the estimate.
    pub standard_error: f64,
    /// The species, by name.
    pub species: String,
    /// The time.
    pub time: f64,
}

impl Bias {
    /// The estimate and three standard errors: what the error is stated to be at most.
    pub fn bound(&self) -> f64 {
        self.estimate + 3.0 * self.standard_error
    }
}

/// How the error of a method is judged before it is used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Pilot {
    /// Largest error accepted, of means and of standard deviations, in standard deviations. Default 0.05.
    pub tolerance: f64,
    /// Pairs of trajectories at most, at least 40. Default 10240.
    pub most_pairs: u64,
    /// How often epsilon may be halved. Default 6.
    pub halvings: u32,
}

impl Default for Pilot {
    fn default() -> Self {
        Pilot { tolerance: 0.05, most_pairs: 10_240, halvings: 6 }
    }
}

/// What a pilot found.
#[derive(Debug)]
pub enum Judgement {
    /// The method at this epsilon keeps to the tolerance.
    Good(Box<dyn Leaping>, LeapError),
    /// It does not, nor at the smallest epsilon tried, whose error this is.
    TooFar(LeapError),
    /// A pilot trajectory could not be completed.
    Halted(Halt),
}

/// Pairs of the first look.
const FIRST_PAIRS: u64 = 40;

/// Looks for the largest epsilon, halving that of `method`, at which its error is within the tolerance.
///
/// It begins with few pairs and takes four times as many as long as that can decide. If the most pairs cannot, epsilon is
/// halved as long as the scatter of pairs falls with it.
///
/// # Errors
/// As [`leap_error`].
pub fn judge(
    method: &dyn Leaping,
    kinetics: &Kinetics,
    species: &[SpeciesId],
    times: &[f64],
    pilot: &Pilot,
    seed: u64,
    progress: &dyn Progress,
) -> Result<Judgement, DynamicsError> {
    let mut method = method.with_epsilon(method.epsilon());
    let mut pairs = FIRST_PAIRS;
    let mut halvings = 0;
    let mut scatter_before = f64::INFINITY;
    loop {
        let error = match leap_error(&*method, kinetics, species, times, pairs, seed, progress)? {
            Ok(error) => error,
            Err(halt) => return Ok(Judgement::Halted(halt)),
        };
        if error.bound() <= pilot.tolerance {
            return Ok(Judgement::Good(method, error));
        }
        let is_certain = [&error.mean, &error.deviation]
            .iter()
            .any(|bias| bias.estimate - 2.0 * bias.standard_error > pilot.tolerance / 2.0);
        let scatter = error.mean.standard_error.max(error.deviation.standard_error);
        if !is_certain && pairs * 4 <= pilot.most_pairs {
            pairs *= 4;
        } else if halvings < pilot.halvings && (is_certain || scatter < 0.85 * scatter_before) {
            halvings += 1;
            scatter_before = scatter;
            method = method.with_epsilon(method.epsilon() / 2.0);
        } else {
            return Ok(Judgement::TooFar(error));
        }
    }
}

impl LeapError {
    /// What the error of any mean or standard deviation is stated to be at most.
    pub fn bound(&self) -> f64 {
        self.mean.bound().max(self.deviation.bound())
    }
}

/// Sums over the pairs of a group, `[times x species]` each: coarse, fine, their squares, all less a shift.
#[derive(Clone)]
struct Sums {
    pairs: f64,
    sums: Vec<[f64; 4]>,
}

/// Estimates the systematic error of a leaping method for some species (all if none is named) at `times` from coupled pairs of trajectories: one at
/// the method's settings, one with half the epsilon (and twice the threshold below which reactions are exact).
///
/// With E(epsilon) the error, E(epsilon) - E(epsilon / 2) is what the pairs show; a method of order 2 has 3/4 of its error
/// there, one of order 1 half of it. That is extrapolation: it holds where epsilon is small enough for the order to show,
/// which the estimate itself tells if it is repeated at half the epsilon.
///
/// # Errors
/// As the method's sampler. A pilot trajectory that cannot be completed is returned as the halt.
pub fn leap_error(
    method: &dyn Leaping,
    kinetics: &Kinetics,
    species: &[SpeciesId],
    times: &[f64],
    pairs: u64,
    seed: u64,
    progress: &dyn Progress,
) -> Result<Result<LeapError, Halt>, DynamicsError> {
    let coarse = method.rule()?;
    crate::ssa::refuse_time_dependence(coarse.name, kinetics)?;
    let initial: Vec<f64> = kinetics.initial_counts()?.into_iter().map(|n| n as f64).collect();
    let fine = finer(&coarse);
    let network = Arc::new(Network::new(kinetics));
    let size = times.len() * initial.len();
    let per_group = pairs.div_ceil(GROUPS).max(2);
    progress.begin("pilot pairs", per_group * GROUPS);
    let group = |g: u64| -> Result<Sums, Halt> {
        let mut pair = Pair::new(&network, coarse.clone(), fine.clone());
        let (mut a, mut b) = (vec![0.0; size], vec![0.0; size]);
        let mut shift = Vec::new();
        let mut sums = Sums { pairs: per_group as f64, sums: vec![[0.0; 4]; size] };
        for i in 0..per_group {
            let trajectory = g * per_group + i;
            let rng = SimRng::new(seed, trajectory, Purpose::Pilot);
            pair.run(&initial, rng, times, &mut a, &mut b, progress).map_err(|stop| Halt { trajectory, stop })?;
            if i == 0 {
                shift.clone_from(&a);
            }
            for (((sum, &a), &b), &s) in sums.sums.iter_mut().zip(&a).zip(&b).zip(&shift) {
                let (a, b) = (a - s, b - s);
                *sum = [sum[0] + a, sum[1] + b, sum[2] + a * a, sum[3] + b * b];
            }
            progress.advance(1);
        }
        Ok(sums)
    };
    let groups: Result<Vec<_>, Halt> = (0..GROUPS).into_par_iter().map(group).collect();
    let groups = match groups {
        Ok(groups) => groups,
        Err(halt) => return Ok(Err(halt)),
    };
    if progress.cancelled() {
        return Ok(Err(Halt { trajectory: 0, stop: Stop::Cancelled }));
    }
    let order_factor = match (coarse.scheme, coarse.stiff) {
        (Scheme::Trapezoidal, None) => 4.0 / 3.0,
        _ => 2.0,
    };
    let names: Vec<&str> = kinetics.network().species.iter().map(|s| s.name.as_str()).collect();
    let mut error = LeapError {
        epsilon: coarse.epsilon,
        pairs: per_group * GROUPS,
        mean: Bias::default(),
        deviation: Bias::default(),
    };
    let is_asked = |i: usize| species.is_empty() || species.contains(&SpeciesId::from(i));
    for k in (0..size).filter(|k| is_asked(k % names.len())) {
        let (time, species) = (times[k / names.len()], names[k % names.len()]);
        let found = differences(&groups, k);
        let scale = found.deviation.max(1.0);
        for (bias, (difference, standard_error)) in
            [(&mut error.mean, found.mean), (&mut error.deviation, found.spread)]
        {
            let candidate = Bias {
                estimate: order_factor * difference.abs() / scale,
                standard_error: order_factor * standard_error / scale,
                species: species.to_owned(),
                time,
            };
            if candidate.bound() > bias.bound() {
                *bias = candidate;
            }
        }
    }
    Ok(Ok(error))
}

/// The rule to compare with.
fn finer(rule: &Rule) -> Rule {
    let exact = match rule.exact {
        Exactness::Small(amount) => Exactness::Small(2.0 * amount),
        other => other,
    };
    Rule { epsilon: rule.epsilon / 2.0, exact, max_leaps: rule.max_leaps.saturating_mul(4), ..rule.clone() }
}

struct Differences {
    /// Difference of means, coarse less fine, and its standard error.
    mean: (f64, f64),
    /// Difference of standard deviations likewise.
    spread: (f64, f64),
    /// Standard deviation of the fine paths.
    deviation: f64,
}

/// Each group gives both differences; their scatter is the standard error.
fn differences(groups: &[Sums], k: usize) -> Differences {
    let number = groups.len() as f64;
    let mut means = Vec::new();
    let mut spreads = Vec::new();
    let mut variance = 0.0;
    for sums in groups {
        let n = sums.pairs;
        let [a, b, aa, bb] = sums.sums[k].map(|x| x / n);
        let unbias = n / (n - 1.0);
        let (va, vb) = (((aa - a * a) * unbias).max(0.0), ((bb - b * b) * unbias).max(0.0));
        means.push(a - b);
        spreads.push((va, vb));
        variance += vb / number;
    }
    let deviation = variance.sqrt();
    // sd_a - sd_b = (v_a - v_b) / (sd_a + sd_b), with the variances pooled.
    let pooled = spreads.iter().map(|(a, _)| a).sum::<f64>() / number;
    let sum = pooled.sqrt() + deviation;
    let spreads: Vec<f64> = spreads.iter().map(|(a, b)| if sum > 0.0 { (a - b) / sum } else { 0.0 }).collect();
    Differences { mean: centre_and_error(&means), spread: centre_and_error(&spreads), deviation }
}

/// Mean and its standard error.
fn centre_and_error(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean, (variance / n).sqrt())
}
