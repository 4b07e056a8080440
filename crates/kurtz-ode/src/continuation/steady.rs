//! Branches of steady states.

use super::curve::{self, Curve, LEAST_COSINE, Point, StepLength, product};
use super::eigen::{Complex, eigenvalues};
use super::hopf::HopfPoint;
use super::scaled::Scaled;
use super::{Continuation, ContinuationError, Family};
use crate::dense::RealLu;

/// A steady state at one parameter value.
#[derive(Clone, Debug, PartialEq)]
pub struct SteadyPoint {
    /// The parameter p.
    pub parameter: f64,
    /// The state x with f(x; p) = 0, `[n]`.
    pub state: Vec<f64>,
    /// What the family reports of it, `[observed]`.
    pub observed: Vec<f64>,
    /// Eigenvalues of the Jacobian, real and imaginary parts, by falling real part, `[n]`.
    pub eigenvalues: Vec<(f64, f64)>,
    /// Number of eigenvalues with positive real part.
    pub unstable: usize,
}

impl SteadyPoint {
    /// Whether small deviations decay.
    pub fn is_stable(&self) -> bool {
        self.unstable == 0
    }
}

/// What happens at a special point of a branch of steady states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SpecialKind {
    /// The branch turns back in the parameter; two steady states meet and vanish (a saddle-node, a limit point).
    Fold,
    /// Another branch of steady states crosses (transcritical or pitchfork).
    BranchPoint,
    /// A pair of eigenvalues crosses the imaginary axis; limit cycles begin here.
    Hopf,
}

/// A point of a branch where its stability or its direction changes.
#[derive(Clone, Debug, PartialEq)]
pub struct SpecialPoint {
    /// What happens.
    pub kind: SpecialKind,
    /// Where.
    pub point: SteadyPoint,
    /// Frequency, eigenvector and first Lyapunov coefficient of a Hopf point.
    pub hopf: Option<HopfPoint>,
}

/// How a branch of steady states ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BranchEnd {
    /// At an end of the parameter range.
    Range,
    /// Where the equations lose their meaning, as where an amount becomes negative.
    Domain,
    /// It closes on itself.
    Closed,
    /// Newton's method did not converge with the smallest step.
    NotConverged,
    /// As many points were computed as the settings allow.
    MostPoints,
}

/// A branch of steady states, in order along the curve.
#[derive(Clone, Debug, PartialEq)]
pub struct SteadyBranch {
    /// Points along it; the parameter need not be monotonic.
    pub points: Vec<SteadyPoint>,
    /// Special points along it, in the same order.
    pub special: Vec<SpecialPoint>,
    /// How it ended at the first point and at the last.
    pub ends: [BranchEnd; 2],
}

/// f(y; q) = 0 in scaled coordinates.
pub(crate) struct SteadyCurve<'a> {
    pub family: &'a Scaled<'a>,
    weights: Vec<f64>,
    tolerance: f64,
    jacobian: Vec<f64>,
    slope: Vec<f64>,
}

impl<'a> SteadyCurve<'a> {
    pub fn new(family: &'a Scaled<'a>, tolerance: f64) -> Self {
        let n = family.dimension();
        let mut weights = vec![1.0 / n as f64; n + 1];
        weights[n] = 1.0;
        SteadyCurve { family, weights, tolerance, jacobian: vec![0.0; n * n], slope: vec![0.0; n] }
    }

    /// The Jacobian at a point.
    pub fn jacobian_at(&mut self, u: &[f64]) -> &[f64] {
        let n = self.slope.len();
        self.family.jacobian(u[n], &u[..n], &mut self.jacobian);
        &self.jacobian
    }

    fn spectrum(&mut self, u: &[f64]) -> Option<(Vec<Complex>, usize)> {
        let n = self.slope.len();
        let values = eigenvalues(self.jacobian_at(u), n)?;
        let largest = values.iter().map(|v| v.0.hypot(v.1)).fold(0.0, f64::max);
        // Rounding moves an eigenvalue by about so much.
        let unstable = values.iter().filter(|v| v.0 > 1e-12 * largest).count();
        Some((values, unstable))
    }

    fn describe(&mut self, u: &[f64]) -> Option<SteadyPoint> {
        let n = self.slope.len();
        let (eigenvalues, unstable) = self.spectrum(u)?;
        let parameter = self.family.parameter(u[n]);
        let mut observed = vec![0.0; self.family.observed_count()];
        self.family.observe(u[n], &u[..n], &mut observed);
        Some(SteadyPoint { parameter, state: self.family.unscale(&u[..n]), observed, eigenvalues, unstable })
    }

    fn is_admissible(&self, u: &[f64]) -> bool {
        let n = self.slope.len();
        self.family.is_admissible(u[n], &u[..n])
    }
}

impl Curve for SteadyCurve<'_> {
    fn equations(&self) -> usize {
        self.slope.len()
    }

    fn weights(&self) -> &[f64] {
        &self.weights
    }

    fn linearise(&mut self, u: &[f64], g: &mut [f64], dg: &mut [f64]) -> bool {
        let n = self.slope.len();
        self.family.evaluate(u[n], &u[..n], g);
        self.family.jacobian(u[n], &u[..n], &mut self.jacobian);
        self.family.parameter_derivative(u[n], &u[..n], &mut self.slope);
        let rows = dg.chunks_exact_mut(n + 1).zip(self.jacobian.chunks_exact(n));
        for ((row, from), slope) in rows.zip(&self.slope) {
            row[..n].copy_from_slice(from);
            row[n] = *slope;
        }
        g.iter().chain(&*dg).all(|x| x.is_finite())
    }

    fn tolerance(&self) -> f64 {
        self.tolerance
    }
}

/// The steady state near a state, `[n]`, at one parameter value, by damped Newton steps.
///
/// # Errors
/// Settings or states that are not valid; no admissible steady state found from there.
pub fn steady_state(
    family: &dyn Family,
    parameter: f64,
    near: &[f64],
    settings: &Continuation,
) -> Result<SteadyPoint, ContinuationError> {
    let scaled = Scaled::new(family, settings)?;
    let y = scaled.scale(near)?;
    let place = scaled.place(parameter);
    let found = newton(&scaled, place, &y, settings.tolerance).and_then(|mut y| {
        y.push(place);
        let mut curve = SteadyCurve::new(&scaled, settings.tolerance);
        curve.describe(&y)
    });
    found.ok_or(ContinuationError::NoSteadyState { parameter })
}

/// Damped Newton iteration with the natural monotonicity test (P. Deuflhard, Newton Methods for Nonlinear Problems,
/// Springer (2004), section 3.3), which does not depend on how the equations are scaled. Only admissible results.
pub(super) fn newton(family: &Scaled, place: f64, start: &[f64], tolerance: f64) -> Option<Vec<f64>> {
    let n = start.len();
    let norm = |v: &[f64]| (v.iter().map(|x| x * x).sum::<f64>() / n as f64).sqrt();
    let (mut y, mut rate, mut jacobian) = (start.to_vec(), vec![0.0; n], vec![0.0; n * n]);
    let mut lu = RealLu::new(n);
    family.evaluate(place, &y, &mut rate);
    for _ in 0..100 {
        family.jacobian(place, &y, &mut jacobian);
        if !lu.factorise(&jacobian) {
            return None;
        }
        let mut step: Vec<f64> = rate.iter().map(|f| -f).collect();
        lu.solve(&mut step);
        let length = norm(&step);
        if !length.is_finite() {
            return None;
        }
        let mut damping = 1.0;
        loop {
            let trial: Vec<f64> = y.iter().zip(&step).map(|(y, s)| y + damping * s).collect();
            family.evaluate(place, &trial, &mut rate);
            let mut next: Vec<f64> = rate.iter().map(|f| -f).collect();
            lu.solve(&mut next);
            let ahead = norm(&next);
            if ahead <= (1.0 - 0.25 * damping) * length || length <= tolerance {
                y = trial;
                break;
            }
            damping *= 0.5;
            if damping < 1e-6 {
                return None;
            }
        }
        if damping == 1.0 && length <= tolerance {
            return family.is_admissible(place, &y).then_some(y);
        }
    }
    None
}

/// Follows the steady state near `near`, `[n]`, at `parameter` both ways along its branch, through the parameter range of
/// the settings.
///
/// Stability is that of each point's Jacobian. Folds, branch points and Hopf points between two points are located along
/// the curve to about 1e-10 of the step; the stability of cycles at a Hopf point follows from its first Lyapunov
/// coefficient. Branches that cross at a branch point are not followed from there.
///
/// # Errors
/// Settings or states that are not valid; no steady state near the state given.
pub fn steady_branch(
    family: &dyn Family,
    parameter: f64,
    near: &[f64],
    settings: &Continuation,
) -> Result<SteadyBranch, ContinuationError> {
    let scaled = Scaled::new(family, settings)?;
    let place = scaled.place(parameter);
    let none = ContinuationError::NoSteadyState { parameter };
    let mut guess = newton(&scaled, place, &scaled.scale(near)?, settings.tolerance).ok_or(none.clone())?;
    guess.push(place);
    let mut curve = SteadyCurve::new(&scaled, settings.tolerance);
    let start = curve::at_parameter(&mut curve, guess, None).ok_or(none.clone())?;
    let first = curve.describe(&start.u).ok_or(none)?;

    let mut backward = start.clone();
    backward.tangent.iter_mut().for_each(|t| *t = -*t);
    backward.is_negative = !backward.is_negative;
    let mut branch = SteadyBranch { points: Vec::new(), special: Vec::new(), ends: [BranchEnd::Range; 2] };
    branch.ends[0] = follow(&mut curve, backward, &first, settings, &mut branch.points, &mut branch.special);
    branch.points.reverse();
    branch.special.reverse();
    branch.points.push(first.clone());
    branch.ends[1] = BranchEnd::Closed;
    if branch.ends[0] != BranchEnd::Closed {
        branch.ends[1] = follow(&mut curve, start, &first, settings, &mut branch.points, &mut branch.special);
    }
    Ok(branch)
}

/// Follows the branch from a point along its tangent, adding what comes after that point.
fn follow(
    curve: &mut SteadyCurve,
    start: Point,
    first: &SteadyPoint,
    settings: &Continuation,
    points: &mut Vec<SteadyPoint>,
    special: &mut Vec<SpecialPoint>,
) -> BranchEnd {
    let n = curve.equations();
    let mut length = StepLength::new(settings.first_step, settings.largest_step, settings.smallest_step);
    let (mut here, mut described) = (start.clone(), first.clone());
    if (here.u[n] >= 1.0 && here.tangent[n] > 0.0) || (here.u[n] <= 0.0 && here.tangent[n] < 0.0) {
        return BranchEnd::Range;
    }
    for count in 0.. {
        if count >= settings.most_points {
            return BranchEnd::MostPoints;
        }
        // The longest step that converges, stays near the tangent, in the domain, and passes one event at most.
        let (next, next_described, events, at_range) = loop {
            let attempt = attempt(curve, &here, length.length);
            let mut outside = false;
            if let Some((point, at_range)) = attempt {
                outside = !curve.is_admissible(&point.u);
                if !outside && let Some(state) = curve.describe(&point.u) {
                    let events = Events::between(&here, &described, &point, &state);
                    if events.are_clear() || length.length < 100.0 * settings.smallest_step {
                        break (point, state, events, at_range);
                    }
                }
            }
            if !length.shrink() {
                return if outside { BranchEnd::Domain } else { BranchEnd::NotConverged };
            }
        };
        let reach = distance_along(curve, &here, &next);
        events.locate(curve, &here, &described, &next, reach, special);
        let cosine = product(curve.weights(), &here.tangent, &next.tangent);
        let has_returned = count > 2 && {
            let difference: Vec<f64> = next.u.iter().zip(&start.u).map(|(a, b)| a - b).collect();
            product(curve.weights(), &difference, &difference).sqrt() < 0.75 * length.length
                && product(curve.weights(), &next.tangent, &start.tangent) > LEAST_COSINE
        };
        if has_returned {
            return BranchEnd::Closed;
        }
        for parameter in settings.wanted_between(described.parameter, next_described.parameter) {
            let place = curve.family.place(parameter);
            let wanted = curve::between(curve, &here, &next, place).and_then(|point| curve.describe(&point.u));
            points.extend(wanted.map(|point| SteadyPoint { parameter, ..point }));
        }
        length.adapt(next.iterations, cosine);
        points.push(next_described.clone());
        (here, described) = (next, next_described);
        if at_range {
            return BranchEnd::Range;
        }
    }
    BranchEnd::MostPoints
}

/// How far `to` is along the tangent of `from`.
fn distance_along(curve: &SteadyCurve, from: &Point, to: &Point) -> f64 {
    let difference: Vec<f64> = to.u.iter().zip(&from.u).map(|(a, b)| a - b).collect();
    product(curve.weights(), &difference, &from.tangent)
}

/// One step, shortened to the end of the range (then true); `None` if it is to be tried again with a smaller step.
fn attempt(curve: &mut SteadyCurve, here: &Point, length: f64) -> Option<(Point, bool)> {
    let n = curve.equations();
    let mut point = curve::step(curve, here, length)?;
    // A point far from the tangent lies on another branch.
    let drift = |point: &Point, length: f64| -> f64 {
        let off: Vec<f64> =
            point.u.iter().zip(&here.u).zip(&here.tangent).map(|((a, b), t)| a - b - length * t).collect();
        product(curve.weights(), &off, &off).sqrt()
    };
    if drift(&point, length) > 0.3 * length || product(curve.weights(), &point.tangent, &here.tangent) < LEAST_COSINE {
        return None;
    }
    let end = point.u[n].clamp(0.0, 1.0);
    let leaves = point.u[n] != end;
    if leaves {
        point = curve::between(curve, here, &point, end)?;
        if distance_along(curve, here, &point) > length {
            return None;
        }
    }
    Some((point, leaves || end == 0.0 || end == 1.0))
}

/// What happens between two points.
struct Events {
    fold: bool,
    branch_point: bool,
    /// Change of the number of unstable directions.
    change: usize,
}

impl Events {
    fn between(from: &Point, from_state: &SteadyPoint, to: &Point, to_state: &SteadyPoint) -> Events {
        let last = from.u.len() - 1;
        Events {
            fold: from.tangent[last] * to.tangent[last] < 0.0,
            branch_point: from.is_negative != to.is_negative,
            change: from_state.unstable.abs_diff(to_state.unstable),
        }
    }

    fn real(&self) -> usize {
        usize::from(self.fold) + usize::from(self.branch_point)
    }

    /// Whether it is one event or none, so that each can be located alone.
    fn are_clear(&self) -> bool {
        match self.real() {
            0 => self.change == 0 || self.change == 2,
            1 => self.change == 1,
            _ => false,
        }
    }

    fn locate(
        &self,
        curve: &mut SteadyCurve,
        from: &Point,
        described: &SteadyPoint,
        to: &Point,
        length: f64,
        special: &mut Vec<SpecialPoint>,
    ) {
        let (n, family) = (curve.equations(), curve.family);
        let mut helper = SteadyCurve::new(family, curve.tolerance);
        let mut spectrum = SteadyCurve::new(family, curve.tolerance);
        let mut find = |is_beyond: &mut dyn FnMut(&Point) -> Option<bool>| {
            curve::locate(&mut helper, from, to, length, 1e-10, |_, point| is_beyond(point))
        };
        let mut add = |kind, point: Option<Point>| {
            let Some(point) = point else { return };
            let Some(state) = curve.describe(&point.u) else { return };
            let hopf = (kind == SpecialKind::Hopf).then(|| HopfPoint::at(family, &point.u, &state.eigenvalues));
            match hopf {
                // A pair of real eigenvalues of opposite sign: nothing happens there.
                Some(None) => {}
                hopf => special.push(SpecialPoint { kind, point: state, hopf: hopf.flatten() }),
            }
        };
        if self.fold {
            let rises = from.tangent[n] > 0.0;
            add(SpecialKind::Fold, find(&mut |point| Some((point.tangent[n] > 0.0) != rises)));
        }
        if self.branch_point {
            add(SpecialKind::BranchPoint, find(&mut |point| Some(point.is_negative != from.is_negative)));
        }
        if self.change >= 2 {
            let before = described.unstable;
            let mut beyond = |point: &Point| Some(spectrum.spectrum(&point.u)?.1.abs_diff(before) >= 2);
            add(SpecialKind::Hopf, find(&mut beyond));
        }
    }
}
