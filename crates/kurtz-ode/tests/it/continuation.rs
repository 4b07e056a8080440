//! Branches of steady states and cycles against closed forms.

use kurtz_ode::continuation::*;
use std::f64::consts::PI;

/// The Brusselator: dx/dt = a - (b + 1) x + x^2 y, dy/dt = b x - x^2 y, with parameter b.
///
/// I. Prigogine, R. Lefever, J. Chem. Phys. 48 (1968) 1695-1700. Steady state (a, b/a), Hopf point at b = 1 + a^2 with
/// frequency a, supercritical.
struct Brusselator {
    a: f64,
    /// Unit in which the variables are given, to see that nothing depends on it.
    unit: f64,
}

impl Family for Brusselator {
    fn dimension(&self) -> usize {
        2
    }

    fn evaluate(&self, b: f64, x: &[f64], dx: &mut [f64]) {
        let (u, v) = (x[0] / self.unit, x[1] / self.unit);
        dx[0] = self.unit * (self.a - (b + 1.0) * u + u * u * v);
        dx[1] = self.unit * (b * u - u * u * v);
    }

    fn jacobian(&self, b: f64, x: &[f64], out: &mut [f64]) {
        let (u, v) = (x[0] / self.unit, x[1] / self.unit);
        out.copy_from_slice(&[2.0 * u * v - b - 1.0, u * u, b - 2.0 * u * v, -u * u]);
    }

    fn parameter_derivative(&self, _b: f64, x: &[f64], out: &mut [f64]) {
        out.copy_from_slice(&[-x[0], x[0]]);
    }

    fn sizes(&self) -> Vec<f64> {
        vec![self.unit; 2]
    }
}

#[test]
fn the_brusselator_has_its_hopf_point_at_one_plus_a_squared() {
    for (a, unit) in [(1.0, 1.0), (0.7, 1e18), (2.0, 1e-9)] {
        let family = Brusselator { a, unit };
        let settings = Continuation { from: 0.1, to: 8.0, ..Continuation::default() };
        let branch = steady_branch(&family, 0.1, &[a * unit, 0.1 / a * unit], &settings).unwrap();
        assert_eq!(branch.ends, [BranchEnd::Range; 2]);
        assert_eq!(branch.special.len(), 1, "{:?}", branch.special);
        let hopf = branch.special[0].hopf.as_ref().unwrap();
        let b = 1.0 + a * a;
        assert!((hopf.parameter / b - 1.0).abs() < 1e-9, "{}", hopf.parameter);
        assert!((hopf.period() * a / (2.0 * PI) - 1.0).abs() < 1e-9, "{}", hopf.period());
        assert_eq!(hopf.is_supercritical(), Some(true));
        assert!((hopf.state[0] / (a * unit) - 1.0).abs() < 1e-9);
        for point in &branch.points {
            assert_eq!(point.is_stable(), point.parameter < b);
            assert!((point.state[1] * a / (point.parameter * unit) - 1.0).abs() < 1e-9);
        }
        assert_eq!((branch.points[0].parameter, branch.points.last().unwrap().parameter), (0.1, 8.0));
    }
}

/// Weakly nonlinear theory (Kuramoto 1984, section 2.4, for a general a): close to the Hopf point the amplitude grows as
/// the square root of the distance, with the period 2 pi / a at the point.
#[test]
fn cycles_of_the_brusselator_are_stable_and_grow_as_a_square_root() {
    let family = Brusselator { a: 1.0, unit: 1e3 };
    let settings = Continuation { from: 1.5, to: 3.0, ..Continuation::default() };
    let steady = steady_branch(&family, 1.5, &[1e3, 1.5e3], &settings).unwrap();
    let cycles = cycle_branch(&family, steady.special[0].hopf.as_ref().unwrap(), &settings).unwrap();
    assert_eq!(cycles.ends[1], CycleEnd::Range);
    assert!(cycles.special.is_empty(), "{:?}", cycles.special);
    let amplitude = |c: &CyclePoint| 0.5 * (c.maximum[0] - c.minimum[0]);
    // For a = 1 the amplitude of x is 2 sqrt(2/3 (b - 2)) to leading order... measured against the first cycles.
    let first = &cycles.points[0];
    assert!((first.period / (2.0 * PI) - 1.0).abs() < 1e-3);
    for cycle in &cycles.points {
        assert!(cycle.is_stable(), "{cycle:?}");
        assert!(cycle.error_of_trivial < 1e-6);
        assert!(cycle.parameter > 2.0 - 1e-6);
    }
    let near: Vec<&CyclePoint> = cycles.points.iter().filter(|c| (2.0005..2.02).contains(&c.parameter)).collect();
    assert!(near.len() >= 2);
    let ratio = |c: &CyclePoint| amplitude(c).powi(2) / (c.parameter - 2.0);
    for pair in near.windows(2) {
        assert!((ratio(pair[0]) / ratio(pair[1]) - 1.0).abs() < 0.02, "{} {}", ratio(pair[0]), ratio(pair[1]));
    }
    // The cycle at b = 3, integrated independently, comes back to itself with its period and extremes.
    let last = cycles.points.last().unwrap();
    assert_eq!(last.parameter, 3.0);
    let Settled::Cycle { period, .. } = settle(&family, 3.0, &[1.1e3, 2.9e3], &settings).unwrap() else {
        panic!("a cycle");
    };
    assert!((last.period / period - 1.0).abs() < 1e-2);
}

/// The normal form of a subcritical Hopf point with a fold of cycles: r' = r (p + r^2 - r^4), phi' = 1.
///
/// Cycles at r^2 = (1 +- sqrt(1 + 4 p)) / 2: unstable from p = 0 back to the fold at p = -1/4, then stable.
struct Bautin;

impl Family for Bautin {
    fn dimension(&self) -> usize {
        2
    }

    fn evaluate(&self, p: f64, x: &[f64], dx: &mut [f64]) {
        let s = x[0] * x[0] + x[1] * x[1];
        let grow = p + s - s * s;
        dx[0] = grow * x[0] - x[1];
        dx[1] = grow * x[1] + x[0];
    }

    fn jacobian(&self, p: f64, x: &[f64], out: &mut [f64]) {
        let s = x[0] * x[0] + x[1] * x[1];
        let (grow, slope) = (p + s - s * s, 2.0 - 4.0 * s);
        out[0] = grow + slope * x[0] * x[0];
        out[1] = slope * x[0] * x[1] - 1.0;
        out[2] = slope * x[0] * x[1] + 1.0;
        out[3] = grow + slope * x[1] * x[1];
    }

    fn parameter_derivative(&self, _p: f64, x: &[f64], out: &mut [f64]) {
        out.copy_from_slice(x);
    }
}

#[test]
fn a_subcritical_hopf_point_is_told_and_its_cycles_fold() {
    let settings = Continuation { from: -1.0, to: 1.0, ..Continuation::default() };
    let steady = steady_branch(&Bautin, -1.0, &[0.01, 0.0], &settings).unwrap();
    let hopf = steady.special[0].hopf.as_ref().unwrap();
    assert!(hopf.parameter.abs() < 1e-9);
    // l1 of r' = r (p + l r^2) with |q| = 1, so r = sqrt(2) |z|: 2 l / omega = 2.
    assert!((hopf.lyapunov.unwrap() - 2.0).abs() < 1e-4, "{:?}", hopf.lyapunov);
    let cycles = cycle_branch(&Bautin, hopf, &settings).unwrap();
    assert_eq!(cycles.special.len(), 1, "{:?}", cycles.special);
    let fold = &cycles.special[0];
    assert_eq!(fold.kind, CycleSpecialKind::Fold);
    assert!((fold.point.parameter + 0.25).abs() < 1e-7, "{}", fold.point.parameter);
    for cycle in &cycles.points {
        let p = cycle.parameter;
        let s = cycle.maximum[0].powi(2);
        assert!((cycle.maximum[0] + cycle.minimum[0]).abs() < 1e-7);
        assert!((p + s - s * s).abs() < 1e-7, "{p} {s}");
        assert!((cycle.period - 2.0 * PI).abs() < 1e-7);
        // d/dr of r (p + r^2 - r^4), over one period.
        let rate = p + 3.0 * s - 5.0 * s * s;
        assert!((cycle.multipliers[0].0 - (2.0 * PI * rate).exp()).abs() < 1e-6 * (1.0 + cycle.multipliers[0].0));
        assert_eq!(cycle.is_stable(), s > 0.5, "{p} {s}");
    }
    assert_eq!(cycles.ends[1], CycleEnd::Range);
}

/// Two Hopf points joined by a branch of cycles: r' = r (p (1 - p) - r^2).
struct Bubble;

impl Family for Bubble {
    fn dimension(&self) -> usize {
        2
    }

    fn evaluate(&self, p: f64, x: &[f64], dx: &mut [f64]) {
        let grow = p * (1.0 - p) - x[0] * x[0] - x[1] * x[1];
        dx[0] = grow * x[0] - x[1];
        dx[1] = grow * x[1] + x[0];
    }

    fn jacobian(&self, p: f64, x: &[f64], out: &mut [f64]) {
        let grow = p * (1.0 - p) - x[0] * x[0] - x[1] * x[1];
        out[0] = grow - 2.0 * x[0] * x[0];
        out[1] = -2.0 * x[0] * x[1] - 1.0;
        out[2] = -2.0 * x[0] * x[1] + 1.0;
        out[3] = grow - 2.0 * x[1] * x[1];
    }

    fn parameter_derivative(&self, p: f64, x: &[f64], out: &mut [f64]) {
        out[0] = (1.0 - 2.0 * p) * x[0];
        out[1] = (1.0 - 2.0 * p) * x[1];
    }
}

#[test]
fn a_branch_of_cycles_ends_in_the_other_hopf_point() {
    let settings = Continuation { from: -0.5, to: 1.5, ..Continuation::default() };
    let steady = steady_branch(&Bubble, -0.5, &[0.0, 0.0], &settings).unwrap();
    let at: Vec<f64> = steady.special.iter().map(|s| s.point.parameter).collect();
    assert!(at.len() == 2 && at[0].abs() < 1e-9 && (at[1] - 1.0).abs() < 1e-9, "{at:?}");
    let cycles = cycle_branch(&Bubble, steady.special[0].hopf.as_ref().unwrap(), &settings).unwrap();
    let CycleEnd::Hopf(end) = cycles.ends[1] else { panic!("{:?}", cycles.ends) };
    assert!((end - 1.0).abs() < 1e-3, "{end}");
    for cycle in &cycles.points {
        let p = cycle.parameter;
        assert!((cycle.maximum[0].powi(2) - p * (1.0 - p)).abs() < 1e-8);
    }
}

/// x' = x (p - x): the steady states 0 and p cross at p = 0.
struct Transcritical;

impl Family for Transcritical {
    fn dimension(&self) -> usize {
        1
    }

    fn evaluate(&self, p: f64, x: &[f64], dx: &mut [f64]) {
        dx[0] = x[0] * (p - x[0]);
    }

    fn jacobian(&self, p: f64, x: &[f64], out: &mut [f64]) {
        out[0] = p - 2.0 * x[0];
    }

    fn parameter_derivative(&self, _p: f64, x: &[f64], out: &mut [f64]) {
        out[0] = x[0];
    }

    fn is_admissible(&self, _p: f64, x: &[f64]) -> bool {
        x[0] > -0.1
    }
}

#[test]
fn branch_points_are_found_and_branches_end_at_their_domain() {
    let settings = Continuation { from: -1.0, to: 1.0, ..Continuation::default() };
    let branch = steady_branch(&Transcritical, 1.0, &[1.1], &settings).unwrap();
    let special: Vec<_> = branch.special.iter().map(|s| (s.kind, s.point.parameter.abs() < 1e-6)).collect();
    assert_eq!(special, [(SpecialKind::BranchPoint, true)]);
    assert!(branch.ends.contains(&BranchEnd::Domain) && branch.ends.contains(&BranchEnd::Range));
    for point in &branch.points {
        assert_eq!(point.is_stable(), point.parameter > 0.0, "{point:?}");
        assert!(point.parameter > -0.1);
    }
}

/// The Roessler system: a' = -b - c, b' = a + 0.2 b, c' = 0.2 + c (a - p). Its cycle doubles its period at p = 2.832
/// (K. T. Alligood, T. D. Sauer, J. A. Yorke, Chaos, Springer (1996), section 9.3: between 2.8 and 2.9).
struct Roessler;

impl Family for Roessler {
    fn dimension(&self) -> usize {
        3
    }

    fn evaluate(&self, p: f64, x: &[f64], dx: &mut [f64]) {
        dx[0] = -x[1] - x[2];
        dx[1] = x[0] + 0.2 * x[1];
        dx[2] = 0.2 + x[2] * (x[0] - p);
    }

    fn jacobian(&self, p: f64, x: &[f64], out: &mut [f64]) {
        out.copy_from_slice(&[0.0, -1.0, -1.0, 1.0, 0.2, 0.0, x[2], 0.0, x[0] - p]);
    }

    fn parameter_derivative(&self, _p: f64, x: &[f64], out: &mut [f64]) {
        out.copy_from_slice(&[0.0, 0.0, -x[2]]);
    }

    fn sizes(&self) -> Vec<f64> {
        vec![4.0; 3]
    }
}

#[test]
fn the_cycle_of_roessler_doubles_its_period() {
    let settings = Continuation { from: 2.5, to: 3.0, ..Continuation::default() };
    let Settled::Cycle { state, period, .. } = settle(&Roessler, 2.5, &[1.0, 1.0, 1.0], &settings).unwrap() else {
        panic!("a cycle");
    };
    let branch = cycle_from(&Roessler, 2.5, &state, period, &settings).unwrap();
    assert_eq!(branch.ends, [CycleEnd::Range; 2]);
    let doubling: Vec<_> = branch.special.iter().collect();
    assert_eq!(doubling.len(), 1, "{doubling:?}");
    assert_eq!(doubling[0].kind, CycleSpecialKind::PeriodDoubling);
    assert!((2.8..2.9).contains(&doubling[0].point.parameter), "{:?}", doubling[0]);
    for cycle in &branch.points {
        assert_eq!(cycle.is_stable(), cycle.parameter < doubling[0].point.parameter);
    }
}

#[test]
fn mistakes_are_told() {
    let backwards = Continuation { from: 1.0, to: 0.0, ..Continuation::default() };
    let error = steady_branch(&Bautin, 0.5, &[0.0, 0.0], &backwards).unwrap_err();
    assert_eq!(error, ContinuationError::Range { from: 1.0, to: 0.0 });
    let error = steady_branch(&Bautin, 0.5, &[0.0], &Continuation::default()).unwrap_err();
    assert_eq!(error, ContinuationError::StateLength { expected: 2, found: 1 });
    let none = Continuation { largest_step: 0.0, ..Continuation::default() };
    assert!(matches!(steady_branch(&Bautin, 0.5, &[0.0, 0.0], &none), Err(ContinuationError::Setting { .. })));
}
