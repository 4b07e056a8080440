//! The sampling covariance of moments across times, as a network implies it.
//!
//! Moments at two times come from the same trajectories. With the influence z(t) = (dn_i, dn_i dn_j - C_ij) of one
//! trajectory, E[z(t) | z(s)] = Phi(t, s) z(s), where Phi is the propagator of means and covariances (the regression
//! theorem; M. Lax, Rev. Mod. Phys. 32 (1960) 25, for linear equations exact), so that
//! Cov(z(s), z(t)) = Cov(z(s), z(s)) Phi(t, s)^T. The block at one time follows from the central moments of orders up to
//! 4. To first order in 1/N the sampling covariance of the moments of N trajectories is Cov(z, z) / N.
//!
//! Where the moment equations are closed by an assumption, so is this: Phi is that of the closed equations, and the fourth
//! moments those of a Gaussian.

use crate::condition::{Condition, CovarianceOrigin};
use crate::error::LearnError;
use crate::fit::{Accuracy, LibraryModel, integrate_adaptively};
use crate::library::ReactionLibrary;
use crate::linear::Matrix;
use kurtz_dynamics::MomentIndex;
use kurtz_dynamics::moments::Stoichiometry;
use kurtz_dynamics::moments::closure::Closure;

/// With more moments of order up to 4 their equations are left alone, and Gaussian ones taken.
const MOST_MOMENTS: usize = 200;

/// Reactions at given rate constants.
pub(crate) struct Rated<'a> {
    pub species: &'a [String],
    pub reactions: &'a [Stoichiometry],
    pub rates: &'a [f64],
    pub volume: f64,
}

/// Means and covariances over time, and the covariance of the influence of one trajectory on them.
pub(crate) struct Implied {
    /// `[times x moments of orders 1 and 2]`.
    pub values: Vec<f64>,
    /// `[(times x moments) x (times x moments)]`.
    pub covariance: Matrix,
    /// Whether it is exact (up to the start, if that was random), not by a closure.
    pub exact: bool,
}

/// The conditions with the covariance that the network implies, those that have none of their own and those whose sampled
/// one rests on too few trajectories; `None` if all have their own.
///
/// The conditions observe means, or means and covariances, of the species.
pub(crate) fn with_implied_covariance(
    conditions: &[Condition],
    rated: &Rated,
    closure: Option<&dyn Closure>,
) -> Result<Option<Vec<Condition>>, LearnError> {
    let lacks = |c: &Condition| c.origin == CovarianceOrigin::Assumed || c.rests_on_few();
    if !conditions.iter().any(lacks) {
        return Ok(None);
    }
    let replaced = |c: &Condition| if lacks(c) { replace(c, rated, closure) } else { Ok(c.clone()) };
    conditions.iter().map(replaced).collect::<Result<_, _>>().map(Some)
}

fn replace(condition: &Condition, rated: &Rated, closure: Option<&dyn Closure>) -> Result<Condition, LearnError> {
    let (species, width) = (rated.species.len(), condition.width());
    let indices = MomentIndex::up_to(species, 2);
    let m = indices.len();
    if width != species && width != m {
        let what = format!("the observables of condition `{}`", condition.name);
        return Err(LearnError::Length { what, expected: m, found: width });
    }
    // Where only means are observed, the covariance at the start is that of their errors.
    let second = |index: &MomentIndex| {
        let of: Vec<usize> = (0..species).flat_map(|s| std::iter::repeat_n(s, index.0[s].into())).collect();
        condition.repetitions * condition.covariance_of(of[0], of[1])
    };
    let start: Vec<f64> = (0..m).map(|k| if k < width { condition.start()[k] } else { second(&indices[k]) }).collect();
    let Implied { covariance, exact, .. } = implied(rated, &start, &condition.times, closure)?;
    let rows = condition.values.len();
    let place = |i: usize| (i / width) * m + i % width;
    // Variances of means were measured; that and how means fluctuate together is all that they tell of the noise, and
    // networks with the same means can differ in it.
    let scale = |i: usize| match (width == species, covariance[(place(i), place(i))] / condition.repetitions) {
        (true, v) if v > LEAST_VARIANCE * condition.variance(i) => (condition.variance(i) / v).sqrt(),
        _ => 1.0,
    };
    let scales: Vec<f64> = (0..rows).map(scale).collect();
    let entry = |e: usize| {
        let (i, j) = (e / rows, e % rows);
        let value = scales[i] * scales[j] * covariance[(place(i), place(j))] / condition.repetitions;
        // What was found to vary does so, whatever the network says.
        if i == j && value < LEAST_VARIANCE * condition.variance(i) { condition.variance(i) } else { value }
    };
    Ok(Condition {
        covariance: (0..rows * rows).map(entry).collect(),
        origin: CovarianceOrigin::Implied { exact },
        ..condition.clone()
    })
}

/// A variance below this fraction of what was observed is none.
const LEAST_VARIANCE: f64 = 1e-6;

/// Follows the moments of orders 1 and 2 from `start`, `[moments]`, at `times[0]`; higher ones of a random start are taken
/// as those of a Gaussian.
pub(crate) fn implied(
    rated: &Rated,
    start: &[f64],
    times: &[f64],
    closure: Option<&dyn Closure>,
) -> Result<Implied, LearnError> {
    let library = |order, closure| {
        let names = (1..=rated.reactions.len()).map(|j| j.to_string()).collect();
        ReactionLibrary::new(rated.species, names, rated.reactions, rated.volume, order, order, closure)
    };
    let (second, closed) = match (library(2, None), closure) {
        (Ok(library), _) => (library, false),
        (Err(_), Some(closure)) => (library(2, Some(closure))?, true),
        (Err(refusal), None) => return Err(refusal),
    };
    let (low, high) = (MomentIndex::up_to(rated.species.len(), 2), MomentIndex::up_to(rated.species.len(), 4));
    let (m, t) = (low.len(), times.len());
    let exact = !closed && high.len() <= MOST_MOMENTS;
    let (values, blocks) = if exact {
        let width = high.len();
        let initial = gaussian(start, &low, &high);
        let all = follow(&library(4, None)?, rated.rates, &initial, times, &[])?.0;
        let block = |s: usize| influence_covariance(&low, &high, &all[s * width..(s + 1) * width]);
        ((0..t * m).map(|k| all[(k / m) * width + k % m]).collect(), (0..t).map(block).collect::<Vec<_>>())
    } else {
        let values = follow(&second, rated.rates, start, times, &[])?.0;
        let block = |s: usize| {
            let moments = gaussian(&values[s * m..(s + 1) * m], &low, &high);
            influence_covariance(&low, &high, &moments)
        };
        let blocks: Vec<Matrix> = (0..t).map(block).collect();
        (values, blocks)
    };
    // Propagators from each time to the next: derivatives by the initial values.
    let by_initial: Vec<usize> = (0..m).collect();
    let propagators = times.windows(2).enumerate().map(|(i, interval)| {
        let derivatives = follow(&second, rated.rates, &values[i * m..(i + 1) * m], interval, &by_initial)?.1;
        Ok(Matrix::from_rows(m, m, derivatives[m * m..].to_vec()))
    });
    let propagators = propagators.collect::<Result<Vec<Matrix>, LearnError>>()?;
    let mut covariance = Matrix::zeros(t * m, t * m);
    for s in 0..t {
        let mut block = blocks[s].clone();
        for later in s..t {
            if later > s {
                block = block.times_transposed(&propagators[later - 1]);
            }
            for (i, j) in (0..m * m).map(|e| (e / m, e % m)) {
                covariance[(s * m + i, later * m + j)] = block[(i, j)];
                covariance[(later * m + j, s * m + i)] = block[(i, j)];
            }
        }
    }
    Ok(Implied { values, covariance, exact })
}

/// Moments over time, with derivatives by their initial values.
fn follow(
    library: &ReactionLibrary,
    rates: &[f64],
    initial: &[f64],
    times: &[f64],
    by_initial: &[usize],
) -> Result<(Vec<f64>, Vec<f64>), LearnError> {
    // Tight: directions in which the covariance all but vanishes (conserved totals) must come out as such.
    let scale = initial.iter().fold(1.0f64, |m, x| m.max(x.abs()));
    let accuracy = Accuracy { relative: 1e-12, absolute: vec![1e-13 * scale; initial.len()], max_steps: 200_000 };
    let found = integrate_adaptively(&LibraryModel(library), rates, initial, times, &accuracy, &[], by_initial);
    let found = found.map_err(|b| LearnError::Diverged { condition: "implied moments".into(), time: b.time })?;
    Ok((found.states, found.derivatives))
}

/// All central moments of order up to 4 from means and covariances, as a Gaussian has them (Isserlis 1918).
fn gaussian(moments: &[f64], low: &[MomentIndex], high: &[MomentIndex]) -> Vec<f64> {
    let factors = |index: &MomentIndex| -> Vec<usize> {
        index.0.iter().enumerate().flat_map(|(s, &p)| std::iter::repeat_n(s, p.into())).collect()
    };
    let pair = |i: usize, j: usize| {
        let mut powers = vec![0u8; low[0].0.len()];
        powers[i] += 1;
        powers[j] += 1;
        low.iter().position(|l| l.0 == powers).map_or(0.0, |k| moments[k])
    };
    let value = |index: &MomentIndex| match factors(index)[..] {
        [_] | [_, _] => low.iter().position(|l| l == index).map_or(0.0, |k| moments[k]),
        [i, j, k, l] => pair(i, j) * pair(k, l) + pair(i, k) * pair(j, l) + pair(i, l) * pair(j, k),
        _ => 0.0,
    };
    high.iter().map(value).collect()
}

/// Cov(z, z) at one time from the central moments of orders up to 4.
fn influence_covariance(low: &[MomentIndex], high: &[MomentIndex], moments: &[f64]) -> Matrix {
    // The central moment of a sum of powers: means count as 0.
    let central = |powers: Vec<u8>| -> f64 {
        let index = MomentIndex(powers);
        match index.order() {
            0 => 1.0,
            1 => 0.0,
            _ => high.iter().position(|i| *i == index).map_or(f64::NAN, |k| moments[k]),
        }
    };
    let alone = |i: &MomentIndex| if i.order() > 1 { central(i.0.clone()) } else { 0.0 };
    Matrix::from_fn(low.len(), low.len(), |a, b| {
        let (a, b) = (&low[a], &low[b]);
        let sum = a.0.iter().zip(&b.0).map(|(x, y)| x + y).collect();
        central(sum) - alone(a) * alone(b)
    })
}
