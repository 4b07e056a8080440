//! Fixed-step Euler and classical Runge-Kutta, as published learning methods use them.
//!
//! They estimate no error. Steps end at first_time + i h exactly; between them the state is the cubic Hermite
//! interpolant (Euler: the straight line), of the order of the method.

use crate::Stop;
use crate::method::{Refusal, StepMethod, refuse};
use crate::solution::Interpolant;
use crate::system::System;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Scheme {
    Euler,
    RungeKutta4,
}

pub(crate) struct FixedStep {
    scheme: Scheme,
    origin: f64,
    h: f64,
    /// Whole steps taken since the origin.
    count: f64,
    start: f64,
    time: f64,
    before: Vec<f64>,
    state: Vec<f64>,
    stage: Vec<f64>,
    /// k1 is f at the start of the last step, `end_rate` at its end.
    k: [Vec<f64>; 4],
    end_rate: Vec<f64>,
    has_started: bool,
}

impl FixedStep {
    pub fn new(system: &System, scheme: Scheme, time: f64, state: &[f64], h: f64) -> Self {
        let width = system.width();
        FixedStep {
            scheme,
            origin: time,
            h,
            count: 0.0,
            start: time,
            time,
            before: state.to_vec(),
            state: state.to_vec(),
            stage: vec![0.0; width],
            k: std::array::from_fn(|_| vec![0.0; width]),
            end_rate: vec![0.0; width],
            has_started: false,
        }
    }

    fn stage(&mut self, factor: f64, k: usize) {
        for (i, stage) in self.stage.iter_mut().enumerate() {
            *stage = self.before[i] + factor * self.k[k][i];
        }
    }
}

impl StepMethod for FixedStep {
    fn step(&mut self, system: &mut System, limit: f64, max_steps: usize) -> Option<Stop> {
        if !self.has_started {
            system.evaluate(self.time, &self.state, &mut self.end_rate);
            self.has_started = true;
        }
        if self.end_rate.iter().any(|k| !k.is_finite()) {
            return Some(refuse(system, Refusal::NotFinite, self.time, self.h, &self.state, &self.end_rate));
        }
        if system.statistics.accepted >= max_steps {
            return Some(Stop::MaxSteps { time: self.time });
        }
        std::mem::swap(&mut self.before, &mut self.state);
        std::mem::swap(&mut self.k[0], &mut self.end_rate);
        self.start = self.time;
        let next = self.origin + (self.count + 1.0) * self.h;
        if next <= limit + 1e-9 * self.h {
            self.count += 1.0;
            self.time = if (next - limit).abs() <= 1e-9 * self.h { limit } else { next };
        } else {
            self.time = limit;
        }
        let (t, h) = (self.start, self.time - self.start);
        match self.scheme {
            Scheme::Euler => {
                for (i, x) in self.state.iter_mut().enumerate() {
                    *x = self.before[i] + h * self.k[0][i];
                }
            }
            Scheme::RungeKutta4 => {
                self.stage(0.5 * h, 0);
                system.evaluate(t + 0.5 * h, &self.stage, &mut self.k[1]);
                self.stage(0.5 * h, 1);
                system.evaluate(t + 0.5 * h, &self.stage, &mut self.k[2]);
                self.stage(h, 2);
                system.evaluate(t + h, &self.stage, &mut self.k[3]);
                let [k1, k2, k3, k4] = &self.k;
                for (i, x) in self.state.iter_mut().enumerate() {
                    *x = self.before[i] + h / 6.0 * (k1[i] + 2.0 * k2[i] + 2.0 * k3[i] + k4[i]);
                }
            }
        }
        system.statistics.accepted += 1;
        system.evaluate(self.time, &self.state, &mut self.end_rate);
        None
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
        polynomial.reset(self.start, h, width, 3);
        let c = &mut polynomial.coefficients;
        for i in 0..width {
            let (x0, rise) = (self.before[i], self.state[i] - self.before[i]);
            let (f0, f1) = (h * self.k[0][i], h * self.end_rate[i]);
            c[i] = x0;
            if self.scheme == Scheme::Euler {
                c[width + i] = rise;
            } else {
                c[width + i] = f0;
                c[2 * width + i] = 3.0 * rise - 2.0 * f0 - f1;
                c[3 * width + i] = f0 + f1 - 2.0 * rise;
            }
        }
    }

    fn next_step(&self) -> f64 {
        self.h
    }
}
