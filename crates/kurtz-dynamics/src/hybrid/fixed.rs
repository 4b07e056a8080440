//! The published treatment of currents: steps of fixed length, whole molecules, the remainder carried along.
//!
//! Continuous reactions of equal effect (up to sign) form a current. Its accumulator z begins as I(n_0) h, with I its net
//! flow. At each multiple of the step h, if z is 1 or more (or -1 or less), its whole part happens, as far as there are
//! molecules, and is taken from z; then I(n) h is added. Reactions are drawn with the propensities after the last one:
//! currents that pass while the next one is awaited change counts, but not what was drawn, and rows that fall into the
//! wait are written before them. (O. K. Ernst, T. M. Bartol, T. J. Sejnowski, E. Mjolsness, arXiv:2109.05053, and their
//! program.) The error is of the order of h; remainders below one molecule are lost in none but the last step.

use super::plan::Plan;
use super::process::{LOOK, Process};
use super::program::Compiled;
use super::rows::Rows;
use super::swift::{BLOCKS, Course, Swift, choose};
use crate::error::DynamicsError;
use crate::method::Stop;
use crate::progress::Progress;
use crate::rng::SimRng;
use kurtz_model::{ReactionId, System};
use std::sync::Arc;

/// The continuous reactions of a system as currents.
#[derive(Debug)]
pub(super) struct Currents {
    /// Change of the state by one molecule in the forward direction.
    changes: Vec<Vec<(usize, f64)>>,
    /// Of each reaction, which current it belongs to and its direction there.
    members: Vec<(usize, f64)>,
    flows: Compiled,
    step: f64,
}

impl Currents {
    /// The currents of the reactions of which `continuous` holds.
    ///
    /// # Errors
    /// A step that is not positive; a network that does more than react, or whose discrete laws are no products.
    pub fn new(system: &System, plan: &Plan, continuous: &[bool], step: f64) -> Result<Self, DynamicsError> {
        if !(step > 0.0 && step.is_finite()) {
            let expected = "it must be a positive time";
            return Err(DynamicsError::BadSetting { setting: "the step of the currents", value: step, expected });
        }
        let network = system.network();
        if plan.swift.is_none() || !network.events.is_empty() || !network.rules.is_empty() {
            return Err(DynamicsError::NoCurrents);
        }
        let mut changes: Vec<Vec<(usize, f64)>> = Vec::new();
        let (mut members, mut flows) = (Vec::new(), Vec::new());
        for j in (0..continuous.len()).filter(|&j| continuous[j]) {
            let id = ReactionId::from(j);
            if !network.reactions[j].yields.is_empty() {
                return Err(DynamicsError::NoCurrents);
            }
            let change = super::discrete::state_change(system, id);
            let opposite: Vec<_> = change.iter().map(|&(i, d)| (i, -d)).collect();
            let same = |c: &Vec<(usize, f64)>| *c == change;
            let (current, sign) = if let Some(c) = changes.iter().position(same) {
                (c, 1.0)
            } else if let Some(c) = changes.iter().position(|c| *c == opposite) {
                (c, -1.0)
            } else {
                changes.push(change);
                (changes.len() - 1, 1.0)
            };
            members.push((current, sign));
            flows.push(system.flow(id));
        }
        Ok(Currents { changes, members, flows: Compiled::new(system, 0, &flows), step })
    }

    /// Adds what flows in one step at `amounts` to the accumulators.
    fn accumulate(&self, amounts: &[f64], flows: &mut [f64], accumulators: &mut [f64]) {
        self.flows.evaluate(amounts, flows);
        for (&(current, sign), flow) in self.members.iter().zip(flows) {
            accumulators[current] += sign * *flow * self.step;
        }
    }

    /// Lets the whole molecules of the accumulators pass.
    fn pass(&self, amounts: &mut [f64], accumulators: &mut [f64]) {
        for (z, change) in accumulators.iter_mut().zip(&self.changes) {
            if z.abs() < 1.0 {
                continue;
            }
            let direction = z.signum();
            let mut molecules = z.abs().trunc();
            for &(i, d) in change.iter().filter(|(_, d)| d * direction < 0.0) {
                molecules = molecules.min((amounts[i] / d.abs()).floor().max(0.0));
            }
            change.iter().for_each(|&(i, d)| amounts[i] += direction * molecules * d);
            *z -= direction * molecules;
        }
    }
}

impl Process {
    /// Follows a new trajectory with `currents`, from `start` to the last of the times of `rows`.
    pub(super) fn run_with_currents(
        &mut self,
        currents: &Currents,
        start: f64,
        rng: SimRng,
        rows: &mut Rows,
        progress: &dyn Progress,
    ) -> Result<(), Stop> {
        let plan: Arc<Plan> = Arc::clone(&self.plan);
        let Some(swift) = &plan.swift else { return Ok(()) };
        self.rng = rng;
        // Everything is counted here, what flows too.
        for (input, initial) in self.inputs.iter_mut().zip(&plan.initial) {
            *input = initial.round();
        }
        self.set_time(start);
        (self.events, self.last, self.absorbed) = (0, start, f64::INFINITY);
        let mut course = std::mem::take(&mut self.course);
        course.start(swift, &self.inputs, self.numerics.relative_tolerance);
        let result = self.step_by_step(&plan, swift, currents, &mut course, rows, progress);
        self.course = course;
        result
    }

    fn step_by_step(
        &mut self,
        plan: &Plan,
        swift: &Swift,
        currents: &Currents,
        course: &mut Course,
        rows: &mut Rows,
        progress: &dyn Progress,
    ) -> Result<(), Stop> {
        let (start, end) = (self.time(), rows.end());
        let mut accumulators = vec![0.0; currents.changes.len()];
        let mut flows = vec![0.0; currents.members.len()];
        // Counts as they are; those of `course` are as they were after the last reaction.
        let mut counts = course.amounts.clone();
        currents.accumulate(&counts, &mut flows, &mut accumulators);
        let mut grid = 1u64;
        let mut now = start;
        loop {
            let mut step_at = start + grid as f64 * currents.step;
            // Where no reaction can happen, the next step may change that.
            let is_idle = course.sums()[BLOCKS - 1] == 0.0;
            let drawn = if is_idle { None } else { self.draw(swift, course, now, end) };
            let next = drawn.map_or(if is_idle { step_at.min(end) } else { end }, |(time, _)| time);
            if rows.next() <= next {
                self.inputs[..swift.one].copy_from_slice(&counts[..swift.one]);
                while rows.next() <= next.min(end) {
                    rows.write(plan, &mut self.inputs);
                }
            }
            let mut has_passed = false;
            while step_at <= next {
                currents.pass(&mut counts, &mut accumulators);
                currents.accumulate(&counts, &mut flows, &mut accumulators);
                has_passed = true;
                grid += 1;
                step_at = start + grid as f64 * currents.step;
            }
            now = next;
            let Some((_, reaction)) = drawn else {
                if !is_idle || now >= end {
                    return Ok(());
                }
                for i in 0..swift.one {
                    course.amounts[i] = counts[i];
                    course.heed(swift, i, 0.0);
                }
                if progress.cancelled() {
                    return Err(Stop::Cancelled);
                }
                continue;
            };
            for &(i, change) in &swift.changes[reaction] {
                counts[i] += change;
                if counts[i] < 0.0 {
                    counts[i] -= change;
                    course.amounts.copy_from_slice(&counts);
                    self.set_time(now);
                    return Err(self.negative_amount(swift, course, reaction, i));
                }
            }
            self.events += 1;
            self.last = now;
            if has_passed {
                for i in 0..swift.one {
                    if counts[i] != course.amounts[i] {
                        course.amounts[i] = counts[i];
                        course.heed(swift, i, 0.0);
                    }
                }
            } else {
                for &(i, _) in &swift.changes[reaction] {
                    course.amounts[i] = counts[i];
                    course.heed(swift, i, 0.0);
                }
            }
            if self.events.is_multiple_of(LOOK as u64) {
                self.set_time(now);
                self.inputs[..swift.one].copy_from_slice(&counts[..swift.one]);
                self.look_around(end, progress)?;
            }
        }
    }

    /// The next reaction at the amounts of `course`, by rejection; `None` if it is beyond `end`.
    fn draw(&mut self, swift: &Swift, course: &Course, mut time: f64, end: f64) -> Option<(f64, usize)> {
        let sums = course.sums();
        let total = sums[BLOCKS - 1];
        loop {
            time += self.rng.exponential() / total;
            let drawn = choose(&sums, &course.bounds, self.rng.uniform() * total);
            if time.is_nan() || time > end {
                return None;
            }
            if let Some((j, height)) = drawn
                && height < swift.products[j].value(&course.amounts)
            {
                return Some((time, j));
            }
        }
    }
}
