//! Adaptive explicit Runge-Kutta pair of order 5(4) with an interpolant of order 4.
//!
//! When: non-stiff fields. The seventh stage is the first of the next step, so that a step costs six evaluations.
//!
//! # References
//! C. Tsitouras, Comput. Math. Appl. 62 (2011) 770-775, doi:10.1016/j.camwa.2011.06.002 (coefficients).
//! E. Hairer, S. P. Norsett, G. Wanner, Solving Ordinary Differential Equations I, Springer 1993: II.4 (PI control,
//! first step); II, 1996: IV.2 (detection of stiffness).

use crate::method::{Refusal, StepMethod, asked_step, first_step, refuse, smallest_step};
use crate::radius::{Radius, implicit_step_cost};
use crate::solution::Interpolant;
use crate::system::System;
use crate::{Integration, Stop};

const C: [f64; 7] = [0.0, 0.161, 0.327, 0.9, 0.9800255409045097, 1.0, 1.0];
const A2: [f64; 1] = [0.161];
const A3: [f64; 2] = [-0.008480655492356989, 0.335480655492357];
const A4: [f64; 3] = [2.8971530571054935, -6.359448489975075, 4.3622954328695815];
const A5: [f64; 4] = [5.325864828439257, -11.748883564062828, 7.4955393428898365, -0.09249506636175525];
const A6: [f64; 5] =
    [5.86145544294642, -12.92096931784711, 8.159367898576159, -0.071584973281401, -0.028269050394068383];
const A7: [f64; 6] =
    [0.09646076681806523, 0.01, 0.4798896504144996, 1.379008574103742, -3.290069515436081, 2.324710524099774];
/// Weights of order 5 less those of order 4.
const E: [f64; 7] = [
    -0.001780011052225777,
    -0.0008164344596567469,
    0.007880878010261995,
    -0.1447110071732629,
    0.5823571654525552,
    -0.45808210592918697,
    0.015151515151515152,
];
/// b_i(s) = sum_m R_im s^m for m = 1, ..., 4.
const R: [[f64; 4]; 7] = [
    [1.0, -2.763706197274826, 2.9132554618219126, -1.0530884977290216],
    [0.0, 0.1317, -0.2234, 0.1017],
    [0.0, 3.9302962368947516, -5.941033872131505, 2.490627285651253],
    [0.0, -12.411077166933676, 30.33818863028232, -16.548102889244902],
    [0.0, 37.50931341651104, -88.1789048947664, 47.37952196281928],
    [0.0, -27.896526289197286, 65.09189467479366, -34.87065786149661],
    [0.0, 1.5, -4.0, 2.5],
];

/// Exponents of the PI controller: h_new = h 0.9 e^-alpha e_old^beta.
const BETA: f64 = 0.04;
const ALPHA: f64 = 0.2 - 0.75 * BETA;
/// The stability region ends near -3.5 on the real axis; beyond this |h lambda| a step looks stiff.
const STIFF: f64 = 3.25;
/// Many steps in a row beyond this |h lambda| follow a fast mode that an implicit method would step over.
/// At tight tolerances such steps are short for want of order, too, which the implicit methods have.
const BUSY: f64 = 1.0;
const BUSY_WHEN_TIGHT: f64 = 0.5;
const TIGHT: f64 = 1e-8;
/// Number of stiff steps after which the field looks stiff.
const STIFF_STEPS: u32 = 15;
/// The spectral radius is estimated after each of so many steps; those were busy, or count twice against earlier ones.
const LOOK: u32 = 32;
/// The field looks stiff once the busy steps have cost as much as so many implicit steps: if these prove to be no better,
/// not much more has been lost than was spent already.
const WORTH_OF: f64 = 20.0;
/// Evaluations of an explicit step.
const STEP_COST: f64 = 6.0;

pub(crate) struct Tsitouras {
    start: f64,
    time: f64,
    /// States at the start and at the end of the last step.
    before: Vec<f64>,
    state: Vec<f64>,
    stage: Vec<f64>,
    k: [Vec<f64>; 7],
    next_step: f64,
    largest_step: f64,
    old_error: f64,
    has_started: bool,
    has_stepped: bool,
    suspicious: u32,
    innocent: u32,
    /// Steps since the last estimate of the spectral radius, and busy ones before.
    unseen: u32,
    busy: u32,
    radius: Radius,
}

impl Tsitouras {
    pub fn new(system: &System, time: f64, state: &[f64], settings: &Integration) -> Self {
        let width = system.width();
        Tsitouras {
            start: time,
            time,
            before: state.to_vec(),
            state: state.to_vec(),
            stage: vec![0.0; width],
            k: std::array::from_fn(|_| vec![0.0; width]),
            next_step: asked_step(settings, time),
            largest_step: settings.largest_step.unwrap_or(f64::INFINITY),
            old_error: 1e-4,
            has_started: false,
            has_stepped: false,
            suspicious: 0,
            innocent: 0,
            unseen: 0,
            busy: 0,
            radius: Radius::default(),
        }
    }

    /// Evaluates f at the beginning and chooses the first step. False if f is not finite there.
    fn begin(&mut self, system: &mut System, limit: f64) -> bool {
        system.evaluate(self.time, &self.state, &mut self.k[0]);
        self.has_started = true;
        if self.k[0].iter().any(|k| !k.is_finite()) {
            return false;
        }
        if self.next_step == 0.0 {
            let (k, rest) = self.k.split_at_mut(1);
            let span = (limit - self.time).min(self.largest_step);
            self.next_step = first_step(system, self.time, &self.state, &k[0], 5, span, &mut self.stage, &mut rest[0]);
        }
        true
    }

    /// Computes the stages of a step from `before`, leaving the result in `state`; returns the error.
    fn attempt(&mut self, system: &mut System, h: f64) -> f64 {
        let t = self.start;
        let [k1, k2, k3, k4, k5, k6, k7] = &mut self.k;
        let (x, stage) = (&self.before, &mut self.stage);
        combine(stage, x, h, A2, [k1]);
        system.evaluate(t + C[1] * h, stage, k2);
        combine(stage, x, h, A3, [k1, k2]);
        system.evaluate(t + C[2] * h, stage, k3);
        combine(stage, x, h, A4, [k1, k2, k3]);
        system.evaluate(t + C[3] * h, stage, k4);
        combine(stage, x, h, A5, [k1, k2, k3, k4]);
        system.evaluate(t + C[4] * h, stage, k5);
        combine(stage, x, h, A6, [k1, k2, k3, k4, k5]);
        system.evaluate(t + h, stage, k6);
        combine(&mut self.state, x, h, A7, [k1, k2, k3, k4, k5, k6]);
        system.evaluate(t + h, &self.state, k7);

        let error = |i: usize| {
            h * (E[0] * k1[i] + E[1] * k2[i] + E[2] * k3[i] + E[3] * k4[i] + E[4] * k5[i] + E[5] * k6[i] + E[6] * k7[i])
        };
        let mut sum = 0.0;
        for i in 0..system.n {
            let scale = system.absolute[i] + system.relative * x[i].abs().max(self.state[i].abs());
            sum += (error(i) / scale).powi(2);
        }
        let state_error = (sum / system.n.max(1) as f64).sqrt();
        let mut norm = system.combined_error(state_error, system.sensitivity_tolerance, x, &self.state, error);
        if system.directions > 0 && k7.iter().any(|k| !k.is_finite()) {
            norm = f64::NAN;
        }
        norm
    }

    /// Looks for modes that are much faster than the solution, by the last two stages, both at the end of the step, and now
    /// and then by the spectral radius.
    fn watch_stiffness(&mut self, system: &mut System, h: f64) {
        let [.., k6, k7] = &self.k;
        let (mut rates, mut states) = (0.0, 0.0);
        for i in 0..system.n {
            let weight = 1.0 / (system.absolute[i] + system.relative * self.state[i].abs());
            rates += ((k7[i] - k6[i]) * weight).powi(2);
            states += ((self.state[i] - self.stage[i]) * weight).powi(2);
        }
        // Where both differences are rounding, their ratio says nothing.
        if states > 0.0 && h * h * rates > STIFF * STIFF * states {
            self.suspicious += 1;
            self.innocent = 0;
        } else {
            self.innocent += 1;
            if self.innocent == 6 {
                self.suspicious = 0;
            }
        }
        self.unseen += 1;
        if self.unseen == LOOK && !system.statistics.looks_stiff {
            self.unseen = 0;
            let radius = self.radius.estimate(system, self.time, &self.state[..system.n], &self.k[6][..system.n]);
            let bound = if system.relative > TIGHT { BUSY } else { BUSY_WHEN_TIGHT };
            let is_busy = radius.is_some_and(|radius| h * radius > bound);
            self.busy = if is_busy { self.busy + LOOK } else { self.busy.saturating_sub(2 * LOOK) };
            if self.busy > 0 {
                system.find_sparsity();
                let spent = STEP_COST * f64::from(self.busy);
                system.statistics.looks_stiff = spent >= WORTH_OF * implicit_step_cost(system);
            }
        }
        system.statistics.looks_stiff |= self.suspicious == STIFF_STEPS;
    }

    /// Leaves the method at the start of the step that failed.
    fn give_up(&mut self, stop: Stop) -> Stop {
        self.state.copy_from_slice(&self.before);
        self.time = self.start;
        self.has_stepped = false;
        stop
    }
}

impl StepMethod for Tsitouras {
    fn step(&mut self, system: &mut System, limit: f64, max_steps: usize) -> Option<Stop> {
        if !self.has_started && !self.begin(system, limit) {
            return Some(refuse(system, Refusal::NotFinite, self.time, 0.0, &self.state, &self.k[0]));
        }
        if self.has_stepped {
            self.k.swap(0, 6);
        }
        self.has_stepped = true;
        std::mem::swap(&mut self.before, &mut self.state);
        self.start = self.time;
        let mut refusal = Refusal::Error;
        let mut was_rejected = false;
        loop {
            if system.statistics.accepted + system.statistics.rejected >= max_steps {
                let stop = Stop::MaxSteps { time: self.start };
                return Some(self.give_up(stop));
            }
            let wanted = self.next_step.min(self.largest_step);
            let remaining = limit - self.start;
            // What is left can be less than any step that time resolves.
            let is_tiny = remaining <= smallest_step(self.start) && !was_rejected;
            let is_last = is_tiny || wanted * 1.01 >= remaining;
            let h = if is_last { remaining } else { wanted };
            if h < smallest_step(self.start) && !is_last {
                // The first stage of the failed attempt that is not finite tells the variable.
                let n = system.n;
                let is_bad = |k: &&Vec<f64>| k[..n].iter().any(|k| !k.is_finite());
                let rate = self.k.iter().find(is_bad).unwrap_or(&self.k[0]);
                let stop = refuse(system, refusal, self.start, h, &self.before, rate);
                return Some(self.give_up(stop));
            }
            let error = self.attempt(system, h);
            if !error.is_finite() {
                system.statistics.rejected += 1;
                refusal = Refusal::NotFinite;
                was_rejected = true;
                self.next_step = 0.1 * h;
                continue;
            }
            let growth = error.powf(ALPHA);
            if error > 1.0 {
                system.statistics.rejected += 1;
                refusal = Refusal::Error;
                was_rejected = true;
                self.next_step = h / (growth / 0.9).min(5.0);
                continue;
            }
            let factor = (growth / self.old_error.powf(BETA) / 0.9).clamp(0.1, 5.0);
            self.old_error = error.max(1e-4);
            let proposed = h / if was_rejected { factor.max(1.0) } else { factor };
            // A step cut by the limit says little about the next one.
            self.next_step = if is_last { proposed.max(wanted) } else { proposed };
            self.time = if is_last { limit } else { self.start + h };
            system.statistics.accepted += 1;
            self.watch_stiffness(system, h);
            return None;
        }
    }

    fn time(&self) -> f64 {
        self.time
    }

    fn previous_time(&self) -> f64 {
        self.start
    }

    fn state(&self) -> &[f64] {
        &self.state
    }

    fn interpolant(&self, polynomial: &mut Interpolant) {
        let (h, width) = (self.time - self.start, self.state.len());
        polynomial.reset(self.start, h, width, 4);
        let (constant, powers) = polynomial.coefficients.split_at_mut(width);
        constant.copy_from_slice(&self.before);
        for (m, row) in powers.chunks_exact_mut(width).enumerate() {
            for (k, r) in self.k.iter().zip(&R).filter(|(_, r)| r[m] != 0.0) {
                for (c, k) in row.iter_mut().zip(k) {
                    *c += h * r[m] * k;
                }
            }
        }
    }

    fn next_step(&self) -> f64 {
        self.next_step
    }
}

/// out = x + h sum_m a_m k_m.
#[inline(always)]
fn combine<const M: usize>(out: &mut [f64], x: &[f64], h: f64, a: [f64; M], k: [&Vec<f64>; M]) {
    let n = out.len();
    let x = &x[..n];
    let k = k.map(|k| &k[..n]);
    for i in 0..n {
        let mut sum = 0.0;
        for m in 0..M {
            sum += a[m] * k[m][i];
        }
        out[i] = x[i] + h * sum;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tableau() -> [[f64; 7]; 7] {
        let mut a = [[0.0; 7]; 7];
        let rows: [&[f64]; 7] = [&[], &A2, &A3, &A4, &A5, &A6, &A7];
        for (i, row) in rows.iter().enumerate() {
            a[i][..row.len()].copy_from_slice(row);
        }
        a
    }

    /// Elementary weights of all rooted trees up to order 5, as (1/gamma, phi) with stage vectors `a`.
    fn conditions(b: &[f64; 7], order: usize) -> Vec<f64> {
        let a = tableau();
        let dot = |u: &[f64; 7], v: &[f64; 7]| -> f64 { u.iter().zip(v).map(|(u, v)| u * v).sum() };
        let apply = |v: &[f64; 7]| -> [f64; 7] { std::array::from_fn(|i| dot(&a[i], v)) };
        let times = |u: &[f64; 7], v: &[f64; 7]| -> [f64; 7] { std::array::from_fn(|i| u[i] * v[i]) };
        let one = [1.0; 7];
        let c = C;
        let c2 = times(&c, &c);
        let c3 = times(&c2, &c);
        let (ac, ac2) = (apply(&c), apply(&c2));
        let trees: Vec<(usize, f64, [f64; 7])> = vec![
            (1, 1.0, one),
            (2, 2.0, c),
            (3, 3.0, c2),
            (3, 6.0, ac),
            (4, 4.0, c3),
            (4, 8.0, times(&c, &ac)),
            (4, 12.0, ac2),
            (4, 24.0, apply(&ac)),
            (5, 5.0, times(&c3, &c)),
            (5, 10.0, times(&c2, &ac)),
            (5, 15.0, times(&c, &ac2)),
            (5, 30.0, times(&c, &apply(&ac))),
            (5, 20.0, times(&ac, &ac)),
            (5, 20.0, apply(&c3)),
            (5, 40.0, apply(&times(&c, &ac))),
            (5, 60.0, apply(&ac2)),
            (5, 120.0, apply(&apply(&ac))),
        ];
        trees.iter().filter(|t| t.0 <= order).map(|(_, gamma, v)| dot(b, v) - 1.0 / gamma).collect()
    }

    #[test]
    fn coefficients_satisfy_all_order_conditions() {
        let a = tableau();
        for i in 0..7 {
            assert!((a[i].iter().sum::<f64>() - C[i]).abs() < 1e-14, "row {i}");
        }
        let b5 = a[6];
        assert!(conditions(&b5, 5).iter().all(|r| r.abs() < 1e-14), "{:?}", conditions(&b5, 5));
        let b4 = std::array::from_fn(|i| b5[i] - E[i]);
        assert!(conditions(&b4, 4).iter().all(|r| r.abs() < 1e-14), "{:?}", conditions(&b4, 4));
        // The embedded method is not of order 5, or the error estimate would vanish.
        assert!(conditions(&b4, 5).iter().any(|r| r.abs() > 1e-5));
    }

    #[test]
    fn interpolant_is_of_order_four_and_ends_at_the_step() {
        let a = tableau();
        for s in [0.2, 0.5, 0.9, 1.0] {
            let b: [f64; 7] = std::array::from_fn(|i| (0..4).map(|m| R[i][m] * f64::powi(s, m as i32 + 1)).sum());
            // The conditions at s: phi = s^order / gamma. Rescale: stages of a step s h would have c / s.
            let dot = |v: &[f64; 7]| -> f64 { b.iter().zip(v).map(|(b, v)| b * v).sum() };
            let c2 = C.map(|c| c * c);
            let apply = |v: &[f64; 7]| -> [f64; 7] { std::array::from_fn(|i| (0..7).map(|j| a[i][j] * v[j]).sum()) };
            let ac = apply(&C);
            assert!((dot(&[1.0; 7]) - s).abs() < 1e-13);
            assert!((dot(&C) - s.powi(2) / 2.0).abs() < 1e-13);
            assert!((dot(&c2) - s.powi(3) / 3.0).abs() < 1e-13);
            assert!((dot(&ac) - s.powi(3) / 6.0).abs() < 1e-13);
            assert!((dot(&C.map(|c| c.powi(3))) - s.powi(4) / 4.0).abs() < 1e-13);
            assert!((dot(&apply(&c2)) - s.powi(4) / 12.0).abs() < 1e-13);
            assert!((dot(&apply(&ac)) - s.powi(4) / 24.0).abs() < 1e-13);
            if s == 1.0 {
                assert!(b.iter().zip(&a[6]).all(|(b, a)| (b - a).abs() < 1e-13));
            }
        }
    }
}
