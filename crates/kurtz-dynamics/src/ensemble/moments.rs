//! Moments on the grid and the sampling covariance of their estimates, in one pass.
//!
//! Let d = n - s be counts shifted by fixed whole numbers s near the means (those of the first block). Every
//! trajectory gives a row f of monomials d^beta at all times; summed are f and f f^T. Central moments are smooth
//! functions of the means of f, and their influence functions are linear in f: for |alpha| >= 2,
//!
//! IF_alpha(n) = (n - mean)^alpha - mu_alpha - sum_i alpha_i mu_(alpha - e_i) (n_i - mean_i),
//!
//! so that the covariance of all estimates across times is A Cov(f) A^T / N with a small matrix A for each time.
//! The shift keeps the numbers summed small and whole, so that hardly anything is lost to cancellation.

use super::checkpoint::{put_values, take_values};
use super::cross_products::CrossProducts;
use super::recorder::{Layout, Recorder};
use crate::method::Block;
use crate::moment_series::{MomentIndex, MomentSeries};
use kurtz_model::SpeciesId;

/// Records means and central moments at every grid time, with their sampling covariance across times.
///
/// # Complexity
/// With m moments in the covariance and T times: (m T)^2 / 2 multiplications a trajectory, and (m T)^2 numbers of
/// memory some five times a thread. [`MomentRecorder::covariance_rows`] gives m T.
#[derive(Clone, Debug)]
pub struct MomentRecorder {
    order: u32,
    covariance_order: u32,
    species: Option<Vec<SpeciesId>>,
    prepared: Prepared,
}

/// What is known once the first block is.
#[derive(Clone, Debug, Default)]
struct Prepared {
    layout_variables: Vec<String>,
    times: Vec<f64>,
    /// Positions of the recorded species among all.
    chosen: Vec<usize>,
    /// `[times x chosen]`.
    shift: Vec<f64>,
    indices: Vec<MomentIndex>,
    /// Monomial m is monomial `factors[m].0` (or 1 for `None`) times d of the chosen species `factors[m].1`.
    factors: Vec<(Option<usize>, usize)>,
    /// How many leading monomials the covariance covers.
    covered: usize,
}

/// Sums over trajectories.
#[derive(Clone, Debug)]
pub struct MomentSums {
    /// Of the monomials, `[times x monomials]`.
    first: Vec<f64>,
    /// Of products of covered monomials.
    cross: Option<CrossProducts>,
}

/// Rows that are collected before their products are added; they should stay in the first-level cache.
const ROWS: usize = 32;

impl Default for MomentRecorder {
    fn default() -> Self {
        MomentRecorder::new(2, 2)
    }
}

impl MomentRecorder {
    /// Records moments of all species up to `order`, with the sampling covariance of those up to `covariance_order`
    /// (0: none; never more than `order`).
    pub fn new(order: u32, covariance_order: u32) -> Self {
        let order = order.max(1);
        MomentRecorder {
            order,
            covariance_order: covariance_order.min(order),
            species: None,
            prepared: Prepared::default(),
        }
    }

    /// Records only these species, in this order.
    pub fn with_species(mut self, species: Vec<SpeciesId>) -> Self {
        self.species = Some(species);
        self
    }

    /// Rows of the covariance for `species` species on a grid of `times` times.
    pub fn covariance_rows(&self, species: usize, times: usize) -> usize {
        // C(species + order, order) - 1 monomials.
        let order = self.covariance_order as usize;
        let monomials = (1..=order).fold(1, |c, i| c * (species + i) / i) - 1;
        monomials * times
    }
}

impl Prepared {
    fn monomials(&self) -> usize {
        self.indices.len()
    }

    /// Writes the monomials of one trajectory, `[times x monomials]`.
    fn write_monomials(&self, counts: &[f64], out: &mut [f64]) {
        let species = self.layout_variables.len();
        let per_time = out.chunks_exact_mut(self.monomials()).zip(counts.chunks_exact(species));
        for ((out, counts), shift) in per_time.zip(self.shift.chunks_exact(self.chosen.len())) {
            for (m, &(parent, s)) in self.factors.iter().enumerate() {
                let d = counts[self.chosen[s]] - shift[s];
                out[m] = parent.map_or(d, |p| out[p] * d);
            }
        }
    }

    /// Central moments at one time from the means of its monomials.
    fn central_moments(&self, means: &[f64]) -> Vec<f64> {
        let delta = &means[..self.chosen.len()];
        let central = self.indices.iter().map(|alpha| {
            if alpha.order() == 1 {
                return 0.0;
            }
            let mut sum = 0.0;
            for_each_below(&alpha.0, &mut |beta| {
                let raw = self.position(beta).map_or(1.0, |p| means[p]);
                sum += expansion(&alpha.0, beta, delta) * raw;
            });
            sum
        });
        central.collect()
    }

    fn position(&self, powers: &[u8]) -> Option<usize> {
        self.indices.iter().position(|i| i.0 == powers)
    }

    /// A of one time, `[covered x covered]`: influence functions as combinations of centred monomials.
    fn influence(&self, means: &[f64], central: &[f64]) -> Vec<f64> {
        let k = self.covered;
        let delta = &means[..self.chosen.len()];
        let mut a = vec![0.0; k * k];
        for (row, alpha) in self.indices[..k].iter().enumerate() {
            for_each_below(&alpha.0, &mut |beta| {
                if let Some(p) = self.position(beta) {
                    a[row * k + p] += expansion(&alpha.0, beta, delta);
                }
            });
            if alpha.order() < 3 {
                continue;
            }
            for s in 0..self.chosen.len() {
                if alpha.0[s] > 0 {
                    let mut lower = alpha.0.clone();
                    lower[s] -= 1;
                    let p = self.position(&lower).expect("moments of every lower order are recorded");
                    a[row * k + s] -= f64::from(alpha.0[s]) * central[p];
                }
            }
        }
        a
    }
}

/// Calls `visit` for every beta <= alpha.
fn for_each_below(alpha: &[u8], visit: &mut impl FnMut(&[u8])) {
    let mut beta = vec![0; alpha.len()];
    loop {
        visit(&beta);
        let Some(i) = (0..alpha.len()).find(|&i| beta[i] < alpha[i]) else {
            return;
        };
        beta[i] += 1;
        beta[..i].fill(0);
    }
}

/// Coefficient of d^beta in (d - delta)^alpha.
fn expansion(alpha: &[u8], beta: &[u8], delta: &[f64]) -> f64 {
    let factor = |((&a, &b), &x): ((&u8, &u8), &f64)| {
        let binomial = (0..b).fold(1.0, |c, i| c * f64::from(a - i) / f64::from(i + 1));
        binomial * (-x).powi(i32::from(a - b))
    };
    alpha.iter().zip(beta).zip(delta).map(factor).product()
}

impl Recorder for MomentRecorder {
    type Part = MomentSums;
    type Total = MomentSums;
    type Output = MomentSeries;

    fn begin(&mut self, layout: &Layout, first: &Block) -> MomentSums {
        let chosen: Vec<usize> = match &self.species {
            Some(species) => species.iter().map(|s| s.index()).collect(),
            None => (0..layout.variables.len()).collect(),
        };
        let n = first.trajectories() as f64;
        let mut shift = Vec::with_capacity(layout.times.len() * chosen.len());
        for t in 0..layout.times.len() {
            for &s in &chosen {
                let counts = (0..first.trajectories()).map(|i| first.trajectory(i)[t * first.variables + s]);
                shift.push((counts.sum::<f64>() / n).round());
            }
        }
        let indices = MomentIndex::up_to(chosen.len(), self.order);
        let factors = indices
            .iter()
            .map(|index| {
                let s = index.0.iter().rposition(|&e| e > 0).expect("a moment has a positive order");
                let mut parent = index.clone();
                parent.0[s] -= 1;
                (indices.iter().position(|i| *i == parent), s)
            })
            .collect();
        let covered = indices.iter().filter(|i| i.order() <= self.covariance_order).count();
        self.prepared = Prepared {
            layout_variables: layout.variables.clone(),
            times: layout.times.clone(),
            chosen,
            shift,
            indices,
            factors,
            covered,
        };
        self.empty()
    }

    fn reduce(&self, block: &Block) -> MomentSums {
        let prepared = &self.prepared;
        let mut sums = self.empty();
        let (monomials, covered) = (prepared.monomials(), prepared.covered);
        let stride = CrossProducts::stride(covered * block.times);
        let mut values = vec![0.0; monomials * block.times];
        let mut rows = vec![0.0; ROWS * stride];
        let mut filled = 0;
        for i in 0..block.trajectories() {
            prepared.write_monomials(block.trajectory(i), &mut values);
            sums.first.iter_mut().zip(&values).for_each(|(sum, x)| *sum += x);
            let Some(cross) = &mut sums.cross else { continue };
            let row = &mut rows[filled * stride..][..stride];
            for (row, values) in row.chunks_exact_mut(covered).zip(values.chunks_exact(monomials)) {
                row.copy_from_slice(&values[..covered]);
            }
            filled += 1;
            if filled == ROWS || i + 1 == block.trajectories() {
                cross.add_rows(&rows[..filled * stride]);
                filled = 0;
            }
        }
        sums
    }

    fn merge(&self, total: &mut MomentSums, part: MomentSums) {
        total.first.iter_mut().zip(&part.first).for_each(|(a, b)| *a += b);
        if let (Some(total), Some(part)) = (&mut total.cross, &part.cross) {
            total.add(part);
        }
    }

    fn save(&self, total: &MomentSums, out: &mut Vec<u8>) -> bool {
        put_values(out, &total.first);
        if let Some(cross) = &total.cross {
            put_values(out, cross.sums());
        }
        true
    }

    fn load(&self, bytes: &mut &[u8]) -> Option<MomentSums> {
        let mut sums = self.empty();
        let first = take_values(bytes).filter(|first| first.len() == sums.first.len())?;
        sums.first = first;
        if let Some(cross) = &mut sums.cross {
            cross.set_sums(take_values(bytes)?).then_some(())?;
        }
        Some(sums)
    }

    fn finish(self, total: MomentSums, trajectories: u64) -> MomentSeries {
        let prepared = &self.prepared;
        let n = trajectories as f64;
        let means: Vec<f64> = total.first.iter().map(|sum| sum / n).collect();
        let per_time: Vec<&[f64]> = means.chunks_exact(prepared.monomials()).collect();
        let central: Vec<Vec<f64>> = per_time.iter().map(|m| prepared.central_moments(m)).collect();
        let mut values = Vec::with_capacity(means.len());
        for (t, central) in central.iter().enumerate() {
            let shift = &prepared.shift[t * prepared.chosen.len()..][..prepared.chosen.len()];
            values.extend(shift.iter().zip(per_time[t]).map(|(&s, delta)| s + delta));
            values.extend_from_slice(&central[prepared.chosen.len()..]);
        }
        let covariance = total.cross.map(|cross| {
            let maps: Vec<Vec<f64>> = per_time.iter().zip(&central).map(|(m, c)| prepared.influence(m, c)).collect();
            prepared.covariance(&cross, &per_time, &maps, n)
        });
        MomentSeries {
            species: prepared.chosen.iter().map(|&s| prepared.layout_variables[s].clone()).collect(),
            times: prepared.times.clone(),
            indices: prepared.indices.clone(),
            values,
            trajectories: Some(trajectories),
            covariance_moments: if covariance.is_some() { prepared.covered } else { 0 },
            covariance,
        }
    }
}

impl Prepared {
    /// A Cov(f) A^T / n for every pair of times.
    fn covariance(&self, cross: &CrossProducts, means: &[&[f64]], maps: &[Vec<f64>], n: f64) -> Vec<f64> {
        let (k, times) = (self.covered, self.times.len());
        let size = k * times;
        let mut covariance = vec![0.0; size * size];
        let mut half = vec![0.0; k * k];
        for t in 0..times {
            for u in t..times {
                // half = Cov(f_t, f_u) A_u^T.
                for i in 0..k {
                    for j in 0..k {
                        let column = (0..k).map(|l| {
                            let cov = cross.get(t * k + i, u * k + l) / n - means[t][i] * means[u][l];
                            cov * maps[u][j * k + l]
                        });
                        half[i * k + j] = column.sum();
                    }
                }
                for i in 0..k {
                    for j in 0..k {
                        let value = (0..k).map(|l| maps[t][i * k + l] * half[l * k + j]).sum::<f64>() / n;
                        covariance[(t * k + i) * size + u * k + j] = value;
                        covariance[(u * k + j) * size + t * k + i] = value;
                    }
                }
            }
        }
        covariance
    }
}

impl MomentRecorder {
    fn empty(&self) -> MomentSums {
        let times = self.prepared.times.len();
        MomentSums {
            first: vec![0.0; times * self.prepared.monomials()],
            cross: (self.prepared.covered > 0).then(|| CrossProducts::new(times * self.prepared.covered)),
        }
    }
}
