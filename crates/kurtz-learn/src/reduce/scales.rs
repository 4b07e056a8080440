//! Time scales along a trajectory: eigenvalues of the Jacobian, gaps between them, who takes part in fast modes, and where
//! the initial layer ends.
//!
//! At each time the Jacobian's eigenvalues within the stoichiometric class (conserved combinations aside) are put in
//! order of their rates. A split of M fast modes has the gap (rate of the M-th) / (size of the next). The projector P on
//! the M fast modes gives the *radical pointer* P_ii of species i (how much of a displacement of i is fast; their sum is
//! M) and the *participation* of reaction r, |P u_r| v_r, as a share of that of all (Lam & Goussis 1994).
//!
//! The distance of a state from the slow manifold is J^-1 P f on the fast subspace. On the manifold it does not vanish: the
//! manifold bends, and the amplitude g = P f lags behind as J g = -P (dP/dt) f says. The initial layer ends when the
//! distance has come within that lag, or within a given fraction of the size of each species.
//!
//! # References
//! S. H. Lam, D. A. Goussis, Int. J. Chem. Kinet. 26 (1994) 461-486, doi:10.1002/kin.550260408.

use super::ReduceError;
use super::flow::{Flow, integrate};
use kurtz_ode::Solution;
use kurtz_ode::spectrum::{eigenvalues, fast_projector, solve_linear};
use serde::{Deserialize, Serialize};

/// Settings of a diagnosis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScaleSettings {
    /// Last time. Default none: until all has come to rest, or some slowest time scales have passed.
    pub end: Option<f64>,
    /// Number of times looked at that are evenly spaced in the logarithm, and half as many in time itself; where species change
    /// quickly in between, further ones. Default 120.
    pub points: usize,
    /// Smallest ratio of rates that counts as a gap. Default 3: what it is good for is judged by the error.
    pub gap: f64,
    /// Distance from the slow manifold, as a fraction of the largest size of each species, at which the initial layer is
    /// over in any case. Default 1e-3.
    pub layer: f64,
}

impl Default for ScaleSettings {
    fn default() -> Self {
        ScaleSettings { end: None, points: 120, gap: 3.0, layer: 1e-3 }
    }
}

/// A number of fast modes, and what is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Split {
    /// Number M of fast modes.
    pub fast: usize,
    /// Its gap over time, `[times]`; NaN where there is none.
    pub gaps: Vec<f64>,
    /// The gap that nine tenths of the times after the layer exceed.
    pub gap: f64,
    /// Mean of each species' radical pointer after the layer, `[species]`.
    pub pointers: Vec<f64>,
    /// Radical pointers over time, `[times x species]`; NaN where there is no projector.
    pub pointers_over_time: Vec<f64>,
    /// Mean participation of each reaction in the fast modes after the layer, `[reactions]`, a share of 1.
    pub participation: Vec<f64>,
    /// Distance from the slow manifold over time, as the largest fraction of a species' size, `[times]`.
    pub distance: Vec<f64>,
    /// What that distance is on the manifold, `[times]`.
    pub lag: Vec<f64>,
    /// When the initial layer ends; none if it does not.
    pub layer_end: Option<f64>,
}

/// Time scales of a network along its trajectory.
#[derive(Clone, Debug)]
pub struct Scales {
    /// The times looked at; the first is 0.
    pub times: Vec<f64>,
    /// Which of them are the even ones, over which means are taken: the others crowd where much happens, `[times]`.
    pub is_even: Vec<bool>,
    /// The full solution at these times.
    pub solution: Solution,
    /// Largest concentration of each species along the trajectory, `[species]`; that of all for those that stay 0.
    pub sizes: Vec<f64>,
    /// Eigenvalues at these times, fastest first, `[times][rank]`.
    pub spectra: Vec<Vec<(f64, f64)>>,
    /// The splits with a gap, by number of fast modes.
    pub splits: Vec<Split>,
}

impl Scales {
    /// Follows a network and looks at its time scales.
    ///
    /// # Errors
    /// Settings out of range, and networks that cannot be followed to the end.
    pub fn of(flow: &Flow, settings: &ScaleSettings) -> Result<Scales, ReduceError> {
        let end = match settings.end {
            Some(end) if end > 0.0 && end.is_finite() => end,
            Some(found) => {
                return Err(ReduceError::Setting { setting: "end", found, expected: "it must be a finite time > 0" });
            }
            None => horizon(flow)?,
        };
        let scale = flow.initial.iter().fold(0.0, |m: f64, c| m.max(*c)).max(f64::MIN_POSITIVE);
        // The fastest rate may show only once something has been made.
        let look = integrate(&flow.field, &flow.initial, 0.0, &grid(1e-12 * end, end, 60), scale)?;
        let rates = (0..look.times.len()).map(|k| {
            let c = look.state(k);
            spectrum(flow, &flow.jacobian(c), c).first().map_or(0.0, |v| v.0.hypot(v.1))
        });
        let fastest = rates.fold(0.0, f64::max);
        let first = (0.01 / fastest.max(1.0 / end)).min(0.01 * end);
        let even = grid(first, end, settings.points.clamp(20, 10_000));
        let mut all: Vec<(f64, bool)> = even.into_iter().map(|t| (t, true)).collect();
        all.extend(turns(&look).into_iter().map(|t| (t, false)));
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        all.dedup_by(|next, kept| {
            let is_same = next.0 - kept.0 <= 1e-9 * next.0;
            kept.1 |= is_same && next.1;
            is_same
        });
        let (times, is_even): (Vec<f64>, Vec<bool>) = all.into_iter().unzip();
        let solution = integrate(&flow.field, &flow.initial, 0.0, &times, scale)?;
        if !solution.is_complete() {
            let names = flow.names(0..flow.dimension());
            return Err(ReduceError::FullModel { reason: solution.stop.describe(&names) });
        }
        let n = flow.dimension();
        let mut sizes: Vec<f64> = (0..n).map(|i| solution.variable(i).into_iter().fold(0.0, f64::max)).collect();
        let largest = sizes.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
        sizes.iter_mut().filter(|s| **s <= 0.0).for_each(|s| *s = largest);
        let mut scales = Scales { times, is_even, solution, sizes, spectra: Vec::new(), splits: Vec::new() };
        let states: Vec<Vec<f64>> = (0..scales.times.len()).map(|k| scales.solution.state(k).to_vec()).collect();
        scales.spectra = states.iter().map(|c| spectrum(flow, &flow.jacobian(c), c)).collect();
        let rank = scales.spectra[0].len();
        scales.splits = (1..rank).filter_map(|fast| split(flow, &scales, &states, fast, settings)).collect();
        Ok(scales)
    }

    /// Concentrations at the k-th time, `[species]`.
    pub fn state(&self, k: usize) -> &[f64] {
        self.solution.state(k)
    }

    /// The last time.
    pub fn end(&self) -> f64 {
        *self.times.last().expect("there are times")
    }

    /// The largest gap at one number of fast modes that lasts, whether or not it counts as one: for messages.
    pub fn best_ratio(&self) -> f64 {
        let even: Vec<&Vec<(f64, f64)>> =
            self.spectra.iter().zip(&self.is_even).filter(|(_, e)| **e).map(|(s, _)| s).collect();
        let late = &even[even.len() / 4..];
        let rank = late.first().map_or(0, |values| values.len());
        let ratio = |m: usize| {
            let ratios: Vec<f64> = late.iter().map(|values| gap(values, m).unwrap_or(0.0)).collect();
            quantile(&ratios, 0.1)
        };
        (1..rank).map(ratio).fold(0.0, f64::max)
    }
}

/// Times from 0 to `end`: even in the logarithm from `first` on, and half as many even in time.
fn grid(first: f64, end: f64, points: usize) -> Vec<f64> {
    let ratio = (end / first).powf(1.0 / (points - 1) as f64);
    let logarithmic = (0..points - 1).map(|i| first * ratio.powi(i as i32));
    let even = (1..points / 2).map(|i| end * i as f64 / (points / 2) as f64);
    let mut times: Vec<f64> = logarithmic.chain(even).chain([0.0, end]).filter(|t| *t <= end).collect();
    times.sort_by(f64::total_cmp);
    times.dedup_by(|next, kept| *next - *kept <= 1e-9 * *next);
    times
}

/// Each species changes by at most this part of its size between two times, so that errors in spikes are seen.
const TURN: f64 = 0.04;
/// With more than so many further times, as of a long oscillation, they are spaced wider.
const MOST_TURNS: usize = 1500;

/// Times between which no species changes by more than a part of its size.
fn turns(solution: &Solution) -> Vec<f64> {
    let starts: Vec<f64> = solution.step_times().chain([solution.final_time]).collect();
    let n = solution.final_state.len();
    // Steps are long where the method is of high order: quarters of them.
    let fine: Vec<(f64, Vec<f64>)> = starts
        .windows(2)
        .flat_map(|step| (0..4).map(move |q| step[0] + (step[1] - step[0]) * f64::from(q) / 4.0))
        .filter_map(|t| Some((t, solution.at(t)?)))
        .collect();
    let size = |i: usize| fine.iter().fold(f64::MIN_POSITIVE, |m, (_, x)| m.max(x[i].abs()));
    let sizes: Vec<f64> = (0..n).map(size).collect();
    let change = |a: &[f64], b: &[f64]| (0..n).map(|i| (a[i] - b[i]).abs() / sizes[i]).fold(0.0, f64::max);
    let total: f64 = fine.windows(2).map(|pair| change(&pair[0].1, &pair[1].1)).sum();
    let part = TURN.max(total / MOST_TURNS as f64);
    let (mut times, mut moved) = (Vec::new(), 0.0);
    for pair in fine.windows(2) {
        let step = change(&pair[0].1, &pair[1].1);
        // Several times within a quarter where it is long.
        let mut next = part - moved;
        while next <= step && step > 0.0 {
            times.push(pair[0].0 + (pair[1].0 - pair[0].0) * next / step);
            next += part;
        }
        moved = step - (next - part);
    }
    times
}

/// A model that creeps on for ever is followed over so many of the slowest time scales that it has at the start.
const PATIENCE: f64 = 30.0;

/// A time at which all has come to rest, or thirty of the slowest time scales have passed.
fn horizon(flow: &Flow) -> Result<f64, ReduceError> {
    let rates = |c: &[f64]| spectrum(flow, &flow.jacobian(c), c);
    let at_start: Vec<f64> = rates(&flow.initial).iter().map(|v| v.0.hypot(v.1)).collect();
    let fastest = at_start.iter().copied().fold(0.0, f64::max);
    let slowest = at_start.iter().copied().filter(|v| *v > 1e-9 * fastest).fold(f64::INFINITY, f64::min);
    let patience = if slowest.is_finite() { PATIENCE / slowest } else { f64::INFINITY };
    let mut end = if fastest > 0.0 { 1.0 / fastest } else { 1.0 };
    let scale = flow.initial.iter().fold(0.0, |m: f64, c| m.max(*c)).max(f64::MIN_POSITIVE);
    let mut sizes = flow.initial.clone();
    let mut state = flow.initial.clone();
    let mut time = 0.0;
    // Doublings: from the fastest scale to 2^100 of them is further than any time that matters.
    for _ in 0..100 {
        let solution = integrate(&flow.field, &state, time, &[end], scale)?;
        if !solution.is_complete() {
            return if time > 0.0 {
                Ok(time)
            } else {
                Err(ReduceError::FullModel { reason: solution.stop.describe(&flow.names(0..flow.dimension())) })
            };
        }
        let next = solution.state(0).to_vec();
        sizes.iter_mut().zip(&next).for_each(|(s, c)| *s = s.max(*c));
        let change = |i: usize| (next[i] - state[i]).abs() / sizes[i].max(1e-6 * scale);
        let moved = (0..next.len()).map(change).fold(0.0, f64::max);
        let spectrum = rates(&next);
        let slowest = spectrum.last().map_or(0.0, |v| v.0.hypot(v.1));
        let f = flow.rates_of_change(&next);
        let is_still = (0..f.len()).all(|i| f[i].abs() * end < 0.02 * sizes[i].max(1e-6 * scale));
        if end * slowest > 30.0 || (moved < 0.01 && is_still && stays(flow, &next, end, &spectrum, &sizes, scale)?) {
            return Ok(end);
        }
        if end > patience {
            return Ok(end);
        }
        (state, time, end) = (next, end, 2.0 * end);
    }
    Ok(time)
}

/// Whether a state that hardly moves is one of rest, and not one in which what is fast has settled while slow modes have hardly
/// begun: it must still be there when ten of the slowest time scales have passed.
fn stays(
    flow: &Flow,
    state: &[f64],
    time: f64,
    spectrum: &[(f64, f64)],
    sizes: &[f64],
    scale: f64,
) -> Result<bool, ReduceError> {
    let sizes_of = spectrum.iter().map(|v| v.0.hypot(v.1));
    let fastest = sizes_of.clone().fold(0.0, f64::max);
    // Modes at the rounding of the fastest ones do not move.
    let slowest = sizes_of.filter(|v| *v > 1e-9 * fastest).fold(f64::INFINITY, f64::min);
    if !slowest.is_finite() {
        return Ok(true);
    }
    let later = integrate(&flow.field, state, time, &[time + 10.0 / slowest], scale)?;
    let moved = |i: usize| (later.final_state[i] - state[i]).abs() > 0.05 * sizes[i].max(1e-6 * scale);
    Ok(later.is_complete() && !(0..state.len()).any(moved))
}

/// Eigenvalues within the stoichiometric class, those of the fastest decay first.
pub(super) fn spectrum(flow: &Flow, jacobian: &[f64], c: &[f64]) -> Vec<(f64, f64)> {
    let n = flow.dimension();
    let (independent, slaves) = independent(flow, c);
    let r = independent.len();
    let mut reduced = vec![0.0; r * r];
    for (a, &i) in independent.iter().enumerate() {
        for (b, &j) in independent.iter().enumerate() {
            let direct = jacobian[i * n + j];
            // x_d = T - sum_j s_j x_j.
            let through: f64 = slaves.iter().map(|(d, row)| jacobian[i * n + d] * -row[j]).sum();
            reduced[a * r + b] = direct + through;
        }
    }
    let mut values = eigenvalues(&reduced, r).unwrap_or_default();
    values.sort_by(|x, y| x.0.total_cmp(&y.0).then(x.1.total_cmp(&y.1)));
    values
}

/// Independent species, and of each conservation law the species that follows from the others (the most abundant one),
/// with the law solved for it: `[species]`, its own coefficient 1.
fn independent(flow: &Flow, c: &[f64]) -> (Vec<usize>, Vec<(usize, Vec<f64>)>) {
    let mut laws = flow.laws.clone();
    let mut slaves: Vec<usize> = Vec::new();
    for m in 0..laws.len() {
        let candidates = flow.free.iter().copied().filter(|i| laws[m][*i].abs() > 1e-9 && !slaves.contains(i));
        let Some(pivot) = candidates.max_by(|a, b| c[*a].total_cmp(&c[*b])) else { continue };
        let inverse = 1.0 / laws[m][pivot];
        laws[m].iter_mut().for_each(|a| *a *= inverse);
        let row = laws[m].clone();
        for (k, other) in laws.iter_mut().enumerate() {
            let factor = other[pivot];
            if k != m && factor != 0.0 {
                other.iter_mut().zip(&row).for_each(|(a, b)| *a -= factor * b);
            }
        }
        slaves.push(pivot);
    }
    let independent = flow.free.iter().copied().filter(|i| !slaves.contains(i)).collect();
    (independent, slaves.into_iter().zip(laws).collect())
}

/// Ratio of the M-th rate of decay to the size of the next eigenvalue; none if a pair would be torn, or the M-th does
/// not decay.
fn gap(values: &[(f64, f64)], m: usize) -> Option<f64> {
    let slowest_fast = -values.get(m - 1)?.0;
    let next = values[m..].iter().map(|v| v.0.hypot(v.1)).fold(0.0, f64::max);
    (slowest_fast > 0.0).then(|| if next > 0.0 { slowest_fast / next } else { f64::INFINITY })
}

/// A rate between the fast and the slow ones.
fn between(values: &[(f64, f64)], m: usize) -> Option<f64> {
    let slowest_fast = -values.get(m - 1)?.0;
    let next = values[m..].iter().map(|v| -v.0).fold(0.0, f64::max);
    (slowest_fast > next).then(|| if next > 0.0 { (slowest_fast * next).sqrt() } else { 1e-3 * slowest_fast })
}

pub(super) fn quantile(values: &[f64], part: f64) -> f64 {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
    sorted.sort_by(f64::total_cmp);
    let index = (part * (sorted.len().saturating_sub(1)) as f64).round() as usize;
    sorted.get(index).copied().unwrap_or(f64::NAN)
}

fn split(flow: &Flow, scales: &Scales, states: &[Vec<f64>], fast: usize, settings: &ScaleSettings) -> Option<Split> {
    let (n, times) = (flow.dimension(), &scales.times);
    let gaps: Vec<f64> = scales.spectra.iter().map(|values| gap(values, fast).unwrap_or(f64::NAN)).collect();
    // A gap that shows only now and then is none; what it must be later is seen with the layer known.
    let (is_even, count) = (&scales.is_even, times.len());
    let even = move |from: usize| (from..count).filter(move |k| is_even[*k]);
    if even(0).filter(|k| gaps[*k] >= settings.gap).count() * 2 < even(0).count() {
        return None;
    }
    let mut split = Split {
        fast,
        gap: f64::NAN,
        pointers: vec![0.0; n],
        pointers_over_time: vec![f64::NAN; times.len() * n],
        participation: vec![0.0; flow.effects.len()],
        distance: vec![f64::NAN; times.len()],
        lag: vec![f64::NAN; times.len()],
        layer_end: None,
        gaps,
    };
    let mut shares: Vec<Option<Vec<f64>>> = Vec::with_capacity(times.len());
    for (k, c) in states.iter().enumerate() {
        let look = Look::at(flow, scales, c, fast);
        if let Some(look) = &look {
            for i in 0..n {
                split.pointers_over_time[k * n + i] = look.projector[i * n + i];
            }
            (split.distance[k], split.lag[k]) = look.distances(flow, scales, c, fast).unwrap_or((f64::NAN, f64::NAN));
        }
        shares.push(look.map(|look| look.participation(flow, scales, c)));
    }
    let over = |k: usize| split.distance[k] <= settings.layer.max(2.0 * split.lag[k]);
    // From then on it must last, up to a few times at which the trajectory is torn off the manifold.
    let later = |k: usize| even(k).filter(|&j| !over(j)).count() * 20 <= even(k).count();
    let lasts = |k: usize| (k..(k + 3).min(times.len())).all(over);
    let first = (0..times.len()).find(|&k| lasts(k) && later(k))?;
    split.layer_end = Some(times[first]);
    let after: Vec<f64> = even(first).map(|k| split.gaps[k]).collect();
    split.gap = quantile(&after, 0.1);
    if split.gap.is_nan() || split.gap < settings.gap || after.iter().any(|g| g.is_nan()) {
        return None;
    }
    let (mut looks, mut active) = (0.0f64, 0.0f64);
    for k in even(first) {
        let Some(share) = &shares[k] else { continue };
        looks += 1.0;
        // Where nothing fast happens any more there are no shares.
        active += share.iter().sum::<f64>().round();
        split.participation.iter_mut().zip(share).for_each(|(sum, s)| *sum += s);
        for i in 0..n {
            split.pointers[i] += split.pointers_over_time[k * n + i];
        }
    }
    split.pointers.iter_mut().for_each(|x| *x /= looks.max(1.0));
    split.participation.iter_mut().for_each(|x| *x /= active.max(1.0));
    Some(split)
}

/// The fast subspace at a state, species measured by their sizes.
struct Look {
    /// `[species x species]`.
    projector: Vec<f64>,
    /// Jacobian in units of the sizes.
    jacobian: Vec<f64>,
}

impl Look {
    fn at(flow: &Flow, scales: &Scales, c: &[f64], fast: usize) -> Option<Look> {
        let n = c.len();
        let plain = flow.jacobian(c);
        let rate = between(&spectrum(flow, &plain, c), fast)?;
        let mut jacobian = plain;
        for i in 0..n {
            for j in 0..n {
                jacobian[i * n + j] *= scales.sizes[j] / scales.sizes[i];
            }
        }
        let projector = fast_projector(&jacobian, n, rate)?;
        let trace: f64 = (0..n).map(|i| projector[i * n + i]).sum();
        ((trace - fast as f64).abs() < 0.01).then_some(Look { projector, jacobian })
    }

    fn project(&self, x: &[f64]) -> Vec<f64> {
        let n = x.len();
        self.projector.chunks_exact(n).map(|row| row.iter().zip(x).map(|(p, x)| p * x).sum()).collect()
    }

    /// J^-1 on the fast subspace.
    fn solve_fast(&self, g: &[f64]) -> Option<Vec<f64>> {
        let n = g.len();
        // J P + (1 - P) is regular and is J on the fast subspace.
        let mut matrix = vec![0.0; n * n];
        for i in 0..n {
            for k in 0..n {
                let j = self.jacobian[i * n + k];
                if j != 0.0 {
                    for l in 0..n {
                        matrix[i * n + l] += j * self.projector[k * n + l];
                    }
                }
            }
            for l in 0..n {
                matrix[i * n + l] += f64::from(u8::from(i == l)) - self.projector[i * n + l];
            }
        }
        let mut x = g.to_vec();
        solve_linear(&matrix, n, &mut x).then_some(x)
    }

    /// Distance from the slow manifold, and what it is on it.
    fn distances(&self, flow: &Flow, scales: &Scales, c: &[f64], fast: usize) -> Option<(f64, f64)> {
        let scaled =
            |f: Vec<f64>| -> Vec<f64> { f.iter().zip(&scales.sizes).map(|(f, s)| f / s).collect::<Vec<f64>>() };
        let f = scaled(flow.rates_of_change(c));
        let largest = |x: &[f64]| x.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
        let slow: Vec<f64> = f.iter().zip(self.project(&f)).map(|(f, g)| f - g).collect();
        let off = self.solve_fast(&self.project(&f))?;
        // How the projector turns along the slow motion, by a central difference.
        let step = 1e-4 / largest(&slow).max(f64::MIN_POSITIVE);
        let moved = |sign: f64| -> Vec<f64> {
            (0..c.len()).map(|i| c[i] + sign * step * slow[i] * scales.sizes[i]).collect::<Vec<f64>>()
        };
        if largest(&slow) == 0.0 {
            return Some((largest(&off), 0.0));
        }
        let (after, before) = (Look::at(flow, scales, &moved(1.0), fast)?, Look::at(flow, scales, &moved(-1.0), fast)?);
        let turned: Vec<f64> = after.project(&slow).iter().zip(before.project(&slow)).map(|(a, b)| a - b).collect();
        let turned: Vec<f64> = turned.iter().map(|x| -x / (2.0 * step)).collect();
        let amplitude = self.solve_fast(&self.project(&turned))?;
        let lag = self.solve_fast(&amplitude)?;
        let surplus: Vec<f64> = off.iter().zip(&lag).map(|(a, b)| a - b).collect();
        Some((largest(&surplus), largest(&lag)))
    }

    /// |P u_r| v_r of each reaction as a share of all.
    fn participation(&self, flow: &Flow, scales: &Scales, c: &[f64]) -> Vec<f64> {
        let rates = flow.reaction_rates(c);
        let size = |(effect, rate): (&Vec<(usize, f64)>, &f64)| {
            let mut u = vec![0.0; c.len()];
            effect.iter().for_each(|&(i, v)| u[i] = v / scales.sizes[i]);
            self.project(&u).iter().map(|x| x * x).sum::<f64>().sqrt() * rate
        };
        let sizes: Vec<f64> = flow.effects.iter().zip(&rates).map(size).collect();
        let sum: f64 = sizes.iter().sum();
        sizes.iter().map(|s| if sum > f64::MIN_POSITIVE { s / sum } else { 0.0 }).collect()
    }
}
