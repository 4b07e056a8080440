//! Branches of limit cycles.

use super::curve::{self, Curve, LEAST_COSINE, Point, StepLength, product};
use super::cycle::{CycleCurve, Phase};
use super::eigen::{Complex, eigenvalues};
use super::envelope::extremes;
use super::hopf::HopfPoint;
use super::scaled::Scaled;
use super::{Continuation, ContinuationError, Family, Member};
use crate::{Integration, solve};

/// A limit cycle at one parameter value.
#[derive(Clone, Debug, PartialEq)]
pub struct CyclePoint {
    /// The parameter p.
    pub parameter: f64,
    /// The period, in units of time.
    pub period: f64,
    /// A state on the cycle, `[n]`.
    pub state: Vec<f64>,
    /// Lowest value of each quantity that the family reports (its variables, unless it says otherwise), `[observed]`.
    pub minimum: Vec<f64>,
    /// Highest value of each of them, `[observed]`.
    pub maximum: Vec<f64>,
    /// Floquet multipliers but the one that is always 1, real and imaginary parts, by falling size, `[n - 1]`.
    pub multipliers: Vec<(f64, f64)>,
    /// How far the multiplier that is always 1 was from 1: the accuracy of the others.
    pub error_of_trivial: f64,
}

impl CyclePoint {
    /// Number of multipliers outside the unit circle.
    pub fn unstable(&self) -> usize {
        // Nearer to the circle than the trivial one they cannot be told from it.
        let line = 1.0 + self.error_of_trivial;
        self.multipliers.iter().filter(|m| m.0.hypot(m.1) > line).count()
    }

    /// Whether small deviations decay (but for a shift in time).
    pub fn is_stable(&self) -> bool {
        self.unstable() == 0
    }
}

/// What happens at a special point of a branch of cycles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CycleSpecialKind {
    /// The branch turns back in the parameter; two cycles meet and vanish.
    Fold,
    /// A multiplier crosses -1; cycles of twice the period begin here.
    PeriodDoubling,
    /// A pair of multipliers crosses the unit circle; motion with two frequencies begins here.
    Torus,
    /// A multiplier crosses 1 without a fold; another branch of cycles crosses.
    BranchPoint,
}

/// A point of a branch of cycles where stability or direction changes.
#[derive(Clone, Debug, PartialEq)]
pub struct CycleSpecial {
    /// What happens.
    pub kind: CycleSpecialKind,
    /// Where.
    pub point: CyclePoint,
}

/// How a branch of cycles ended.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum CycleEnd {
    /// At an end of the parameter range.
    Range,
    /// In a Hopf point, where cycles shrink to a steady state; the parameter there.
    Hopf(f64),
    /// The period grows without bound: a homoclinic orbit, most often.
    LongPeriod,
    /// It closes on itself.
    Closed,
    /// Newton's method did not converge with the smallest step.
    NotConverged,
    /// As many points were computed as the settings allow.
    MostPoints,
}

/// A branch of limit cycles, in order along the curve.
#[derive(Clone, Debug, PartialEq)]
pub struct CycleBranch {
    /// Cycles along it; the parameter need not be monotonic.
    pub points: Vec<CyclePoint>,
    /// Special points along it, in the same order.
    pub special: Vec<CycleSpecial>,
    /// How it ended at the first point and at the last.
    pub ends: [CycleEnd; 2],
}

/// Root mean square size of the first cycle that leaves a Hopf point, in typical sizes.
const FIRST_SIZE: f64 = 3e-3;

/// Follows the limit cycles that leave a Hopf point until they end.
///
/// # Errors
/// Settings that are not valid; no cycle near the Hopf point.
pub fn cycle_branch(
    family: &dyn Family,
    hopf: &HopfPoint,
    settings: &Continuation,
) -> Result<CycleBranch, ContinuationError> {
    let scaled = Scaled::new(family, settings)?;
    let (centre, re, im) =
        (scaled.scale(&hopf.state)?, scaled.scale(&hopf.eigenvector_re)?, scaled.scale(&hopf.eigenvector_im)?);
    let n = centre.len();
    let m = intervals(n, settings);
    // y + epsilon Re(q exp(i theta)) at theta = 2 pi k / m, and its derivative by theta.
    let turn = |k: usize| (2.0 * std::f64::consts::PI * k as f64 / m as f64).sin_cos();
    let states = || (0..m).flat_map(|_| centre.iter().copied());
    let mut tangent: Vec<f64> = (0..m)
        .flat_map(|k| {
            let (sin, cos) = turn(k);
            (0..n).map(|i| re[i] * cos - im[i] * sin).collect::<Vec<_>>()
        })
        .collect();
    let mut direction: Vec<f64> = (0..m)
        .flat_map(|k| {
            let (sin, cos) = turn(k);
            (0..n).map(|i| -re[i] * sin - im[i] * cos).collect::<Vec<_>>()
        })
        .collect();
    let length = direction.iter().map(|d| d * d).sum::<f64>().sqrt();
    direction.iter_mut().for_each(|d| *d /= length);
    let phase = Phase { reference: states().collect(), direction };
    let mut curve = CycleCurve::new(&scaled, m, phase, 10.0 * settings.tolerance, settings.cycle_tolerance);
    tangent.extend([0.0, 0.0]);
    let length = product(curve.weights(), &tangent, &tangent).sqrt();
    tangent.iter_mut().for_each(|t| *t /= length);
    let place = scaled.place(hopf.parameter);
    let u: Vec<f64> = states().chain([hopf.period().ln(), place]).collect();
    let start = Point { u, tangent, is_negative: false, iterations: 0 };
    let none = ContinuationError::NoCycle { parameter: hopf.parameter };
    let first = curve::step(&mut curve, &start, FIRST_SIZE).ok_or(none.clone())?;
    let mut branch = CycleBranch {
        points: Vec::new(),
        special: Vec::new(),
        ends: [CycleEnd::Hopf(hopf.parameter), CycleEnd::MostPoints],
    };
    curve.refer_to(&first.u);
    let first = curve::step(&mut curve, &first, 0.0).ok_or(none.clone())?;
    let described = describe(&mut curve, &first.u, settings).ok_or(none)?;
    branch.points.push(described.clone());
    branch.ends[1] = follow(&mut curve, first, described, settings, &mut branch.points, &mut branch.special);
    Ok(branch)
}

/// Follows the limit cycle near a state, `[n]`, with about this period, at `parameter`, both ways until it ends.
///
/// # Errors
/// Settings or states that are not valid; no cycle found there.
pub fn cycle_from(
    family: &dyn Family,
    parameter: f64,
    state: &[f64],
    period: f64,
    settings: &Continuation,
) -> Result<CycleBranch, ContinuationError> {
    let scaled = Scaled::new(family, settings)?;
    let place = scaled.place(parameter);
    let none = ContinuationError::NoCycle { parameter };
    let n = scaled.sizes.len();
    let m = intervals(n, settings);
    let times: Vec<f64> = (0..m).map(|k| period * k as f64 / m as f64).collect();
    let member = Member { family: &scaled, parameter: place };
    let integration = Integration::with_tolerances(settings.cycle_tolerance, 0.1 * settings.cycle_tolerance);
    let solution = solve(&member, &scaled.scale(state)?, &times, &integration)?;
    if !solution.is_complete() {
        return Err(none);
    }
    let u: Vec<f64> = solution.states.iter().copied().chain([period.ln(), place]).collect();
    let phase = Phase { reference: Vec::new(), direction: Vec::new() };
    let mut curve = CycleCurve::new(&scaled, m, phase, 10.0 * settings.tolerance, settings.cycle_tolerance);
    curve.refer_to(&u);
    let start = curve::at_parameter(&mut curve, u, None).ok_or(none.clone())?;
    curve.refer_to(&start.u);
    let described = describe(&mut curve, &start.u, settings).ok_or(none)?;
    let mut backward = start.clone();
    backward.tangent.iter_mut().for_each(|t| *t = -*t);
    backward.is_negative = !backward.is_negative;
    let mut branch = CycleBranch { points: Vec::new(), special: Vec::new(), ends: [CycleEnd::Closed; 2] };
    branch.ends[0] = follow(&mut curve, backward, described.clone(), settings, &mut branch.points, &mut branch.special);
    branch.points.reverse();
    branch.special.reverse();
    branch.points.push(described.clone());
    if branch.ends[0] != CycleEnd::Closed {
        curve.refer_to(&start.u);
        branch.ends[1] = follow(&mut curve, start, described, settings, &mut branch.points, &mut branch.special);
    }
    Ok(branch)
}

/// Intervals of multiple shooting, so that the dense linear systems stay small.
fn intervals(n: usize, settings: &Continuation) -> usize {
    settings.intervals.min(400 / n).max(2)
}

/// Period, envelope and multipliers of a converged cycle.
fn describe(curve: &mut CycleCurve, u: &[f64], settings: &Continuation) -> Option<CyclePoint> {
    let (n, count) = (curve.family.dimension(), curve.states());
    let mut multipliers = eigenvalues(&curve.monodromy(u)?, n)?;
    let from_one = |m: &Complex| (m.0 - 1.0).hypot(m.1);
    let trivial = (0..n).min_by(|&a, &b| from_one(&multipliers[a]).total_cmp(&from_one(&multipliers[b])))?;
    let error_of_trivial = from_one(&multipliers.remove(trivial));
    multipliers.sort_by(|a, b| b.0.hypot(b.1).total_cmp(&a.0.hypot(a.1)));
    let period = u[count].exp();
    let observed = curve.family.observed_count();
    let (mut minimum, mut maximum) = (vec![f64::INFINITY; observed], vec![f64::NEG_INFINITY; observed]);
    let duration = period / curve.intervals as f64;
    for start in u[..count].chunks_exact(n) {
        let (low, high) = extremes(curve.family, u[count + 1], start, duration, settings.cycle_tolerance).ok()?;
        for i in 0..observed {
            minimum[i] = minimum[i].min(low[i]);
            maximum[i] = maximum[i].max(high[i]);
        }
    }
    Some(CyclePoint {
        parameter: curve.family.parameter(u[count + 1]),
        period,
        state: curve.family.unscale(&u[..n]),
        minimum,
        maximum,
        multipliers,
        error_of_trivial,
    })
}

/// Follows the branch from a cycle along its tangent, adding what comes after it.
fn follow(
    curve: &mut CycleCurve,
    start: Point,
    first: CyclePoint,
    settings: &Continuation,
    points: &mut Vec<CyclePoint>,
    special: &mut Vec<CycleSpecial>,
) -> CycleEnd {
    let last = curve.equations();
    let mut length = StepLength::new(FIRST_SIZE, settings.largest_cycle_step, settings.smallest_step);
    let first_period = first.period;
    let (mut here, mut described) = (start.clone(), first);
    if (here.u[last] >= 1.0 && here.tangent[last] > 0.0) || (here.u[last] <= 0.0 && here.tangent[last] < 0.0) {
        return CycleEnd::Range;
    }
    for count in 1.. {
        if count >= settings.most_cycles {
            return CycleEnd::MostPoints;
        }
        let (next, next_described, at_range) = loop {
            if let Some((point, at_range)) = attempt(curve, &here, length.length) {
                if has_collapsed(curve, &here, &point) {
                    return CycleEnd::Hopf(described.parameter);
                }
                let state = describe(curve, &point.u, settings);
                if let Some(state) = state.filter(|s| s.unstable().abs_diff(described.unstable()) <= 2) {
                    break (point, state, at_range);
                }
            }
            if !length.shrink() {
                return CycleEnd::NotConverged;
            }
        };
        locate_events(curve, &here, &described, &next, &next_described, settings, special);
        for parameter in settings.wanted_between(described.parameter, next_described.parameter) {
            let place = curve.family.place(parameter);
            let wanted = curve::between(curve, &here, &next, place);
            let wanted = wanted.and_then(|point| describe(curve, &point.u, settings));
            points.extend(wanted.map(|point| CyclePoint { parameter, ..point }));
        }
        let cosine = product(curve.weights(), &here.tangent, &next.tangent);
        length.adapt(next.iterations, cosine);
        points.push(next_described.clone());
        curve.refer_to(&next.u);
        (here, described) = (next, next_described);
        if at_range {
            return CycleEnd::Range;
        }
        if described.period > settings.longest_period * first_period {
            return CycleEnd::LongPeriod;
        }
        if count > 2 && is_back(curve, &start, &here, length.length) {
            return CycleEnd::Closed;
        }
    }
    CycleEnd::MostPoints
}

fn distance_along(curve: &CycleCurve, from: &Point, to: &Point) -> f64 {
    let difference: Vec<f64> = to.u.iter().zip(&from.u).map(|(a, b)| a - b).collect();
    product(curve.weights(), &difference, &from.tangent)
}

/// One step, shortened to the end of the range (then true); `None` if it is to be tried again with a smaller step.
fn attempt(curve: &mut CycleCurve, here: &Point, length: f64) -> Option<(Point, bool)> {
    let last = curve.equations();
    let mut point = curve::step(curve, here, length)?;
    let off: Vec<f64> = point.u.iter().zip(&here.u).zip(&here.tangent).map(|((a, b), t)| a - b - length * t).collect();
    let is_far = product(curve.weights(), &off, &off).sqrt() > 0.3 * length;
    if is_far || product(curve.weights(), &point.tangent, &here.tangent) < LEAST_COSINE {
        return None;
    }
    let end = point.u[last].clamp(0.0, 1.0);
    let leaves = point.u[last] != end;
    if leaves {
        point = curve::between(curve, here, &point, end)?;
    }
    Some((point, leaves))
}

/// The deviations of the states of a cycle from their mean.
fn deviations(curve: &CycleCurve, u: &[f64]) -> Vec<f64> {
    let (n, count) = (curve.family.dimension(), curve.states());
    let mut mean = vec![0.0; n];
    for y in u[..count].chunks_exact(n) {
        mean.iter_mut().zip(y).for_each(|(m, y)| *m += y / curve.intervals as f64);
    }
    u[..count].iter().enumerate().map(|(i, y)| y - mean[i % n]).collect()
}

/// Whether the cycle has shrunk to a point and begins to grow again with the opposite phase: the branch has passed
/// through a Hopf point.
fn has_collapsed(curve: &CycleCurve, from: &Point, to: &Point) -> bool {
    let (a, b) = (deviations(curve, &from.u), deviations(curve, &to.u));
    let size = |d: &[f64]| (d.iter().map(|d| d * d).sum::<f64>() / d.len() as f64).sqrt();
    let product: f64 = a.iter().zip(&b).map(|(a, b)| a * b).sum();
    product <= 0.0 || size(&b) < 0.3 * FIRST_SIZE
}

/// Whether a cycle is the first one again, perhaps shifted in time by some intervals.
fn is_back(curve: &CycleCurve, start: &Point, here: &Point, length: f64) -> bool {
    let (n, count) = (curve.family.dimension(), curve.states());
    let tail = [count, count + 1].map(|j| curve.weights()[j] * (here.u[j] - start.u[j]).powi(2)).iter().sum::<f64>();
    (0..curve.intervals).any(|shift| {
        let states = (0..count).map(|j| curve.weights()[j] * (here.u[(j + shift * n) % count] - start.u[j]).powi(2));
        (states.sum::<f64>() + tail).sqrt() < 0.5 * length
    }) && here.tangent[count + 1] * start.tangent[count + 1] > 0.0
}

/// Finds what happens between two cycles.
fn locate_events(
    curve: &mut CycleCurve,
    from: &Point,
    before: &CyclePoint,
    to: &Point,
    after: &CyclePoint,
    settings: &Continuation,
    special: &mut Vec<CycleSpecial>,
) {
    let last = curve.equations();
    let length = distance_along(curve, from, to);
    let family = curve.family;
    let mut helper =
        CycleCurve::new(family, curve.intervals, curve.phase.clone(), curve.tolerance(), settings.cycle_tolerance);
    let mut add = |kind, is_beyond: &mut dyn FnMut(&mut CycleCurve, &Point) -> Option<bool>| {
        let mut within = CycleCurve::new(
            family,
            helper.intervals,
            helper.phase.clone(),
            helper.tolerance(),
            settings.cycle_tolerance,
        );
        let found = curve::locate(&mut helper, from, to, length, 1e-5, |_, point| is_beyond(&mut within, point));
        if let Some(point) = found.and_then(|point| describe(&mut within, &point.u, settings)) {
            special.push(CycleSpecial { kind, point });
        }
    };
    let is_fold = from.tangent[last] * to.tangent[last] < 0.0;
    if is_fold {
        let rises = from.tangent[last] > 0.0;
        add(CycleSpecialKind::Fold, &mut |_, point| Some((point.tangent[last] > 0.0) != rises));
    }
    let flips = |c: &CyclePoint| c.multipliers.iter().filter(|m| m.1 == 0.0 && m.0 < -1.0).count();
    let rotations = |c: &CyclePoint| c.multipliers.iter().filter(|m| m.1 != 0.0 && m.0.hypot(m.1) > 1.0).count();
    let (flips_before, flips_after) = (flips(before), flips(after));
    if flips_before != flips_after {
        add(CycleSpecialKind::PeriodDoubling, &mut |within, point| {
            Some(flips(&describe(within, &point.u, settings)?) != flips_before)
        });
    } else if before.unstable().abs_diff(after.unstable()) == 2 && rotations(before) != rotations(after) {
        let count = before.unstable();
        add(CycleSpecialKind::Torus, &mut |within, point| {
            Some(describe(within, &point.u, settings)?.unstable() != count)
        });
    } else if !is_fold && from.is_negative != to.is_negative {
        add(CycleSpecialKind::BranchPoint, &mut |_, point| Some(point.is_negative != from.is_negative));
    }
}
