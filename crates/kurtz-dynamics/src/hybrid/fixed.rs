//! The published treatment of currents: steps of fixed length, whole molecules, the remainder carried along.
//!
//! Continuous reactions of equal effect (up to sign) form a current. Its accumulator z begins as I(n_0) h, with I its net
//! flow. At each multiple of the step h, if z is 1 or more (or -1 or less), its whole part happens, as far as there are
//! molecules, and is taken from z; then I(n) h is added. Reactions are drawn with the propensities after the last one:
//! currents that pass while the next one is awaited change counts, but not what was drawn, and rows that fall into the
//! wait are written before them. (O. K. Ernst, T. M. Bartol, T. J. Sejnowski, E. Mjolsness, arXiv:2109.05053, and their
//! program.) The error is of the order of h; remainders below one molecule are lost in none but the last step.

use super::partial::{Draws, Partials, Sums, Walk};
use super::plan::Plan;
use super::process::{LOOK, Process};
use super::program::Compiled;
use super::rows::Rows;
use super::swift::products;
use crate::error::DynamicsError;
use crate::method::Stop;
use crate::progress::Progress;
use crate::rng::SimRng;
use kurtz_model::{ReactionId, System};
use std::sync::Arc;

/// The continuous reactions of a system as currents.
#[derive(Debug)]
pub(super) struct Currents {
    /// The discrete reactions; all amounts are counts here.
    partials: Partials,
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
        if step.is_nan() || step <= 0.0 {
            let expected = "it must be a positive time";
            return Err(DynamicsError::BadSetting { setting: "the step of the currents", value: step, expected });
        }
        let network = system.network();
        let products = products(system, &plan.swift_reactions).ok_or(DynamicsError::NoCurrents)?;
        let all = plan.swift_reactions.iter().map(|&id| super::discrete::state_change(system, id));
        let partials = Partials::new(system.state().len(), &products, &all.collect::<Vec<_>>());
        let partials = partials.ok_or(DynamicsError::NoCurrents)?;
        if !network.events.is_empty() || !network.rules.is_empty() {
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
        Ok(Currents { partials, changes, members, flows: Compiled::new(system, 0, &flows), step })
    }

    /// Takes the steps up to `time`; whether sums have changed.
    #[inline(never)]
    fn step_until(&self, time: f64, draws: &mut Draws, work: &mut Work) -> bool {
        let mut has_passed = false;
        while work.next <= time {
            if self.pass(draws, work) {
                draws.settle(&self.partials);
                has_passed = true;
            }
            self.accumulate(draws, work);
            work.steps += 1;
            work.next = work.start + (work.steps + 1) as f64 * self.step;
        }
        has_passed
    }

    /// Adds what flows in one step to the accumulators.
    fn accumulate(&self, draws: &Draws, work: &mut Work) {
        self.flows.evaluate_in(|i| draws.amount(i), &mut work.registers, &mut work.flows);
        for (&(current, sign), flow) in self.members.iter().zip(&work.flows) {
            work.accumulators[current] += sign * *flow * self.step;
        }
    }

    /// Lets the whole molecules of the accumulators pass; whether there were any.
    fn pass(&self, draws: &mut Draws, work: &mut Work) -> bool {
        let mut has_passed = false;
        for (z, change) in work.accumulators.iter_mut().zip(&self.changes) {
            if z.abs() < 1.0 {
                continue;
            }
            let direction = z.signum();
            let mut molecules = z.abs().trunc();
            for &(i, d) in change.iter().filter(|(_, d)| d * direction < 0.0) {
                molecules = molecules.min((draws.amount(i) / d.abs()).floor().max(0.0));
            }
            change.iter().for_each(|&(i, d)| draws.add(&self.partials, i, direction * molecules * d));
            *z -= direction * molecules;
            has_passed = true;
        }
        has_passed
    }
}

/// The currents of a trajectory in progress.
struct Work {
    start: f64,
    /// Steps taken, and the time of the next one.
    steps: u64,
    next: f64,
    registers: Vec<f64>,
    flows: Vec<f64>,
    accumulators: Vec<f64>,
}

impl Work {
    fn new(currents: &Currents, start: f64) -> Self {
        Work {
            start,
            steps: 0,
            next: start + currents.step,
            registers: vec![0.0; currents.flows.register_count()],
            flows: vec![0.0; currents.members.len()],
            accumulators: vec![0.0; currents.changes.len()],
        }
    }
}

impl Process {
    /// Follows a new trajectory with `currents`, from the state `initial` at `start` to the last of the times of `rows`.
    pub(super) fn run_with_currents(
        &mut self,
        currents: &Currents,
        start: f64,
        initial: &[f64],
        rng: SimRng,
        rows: &mut Rows,
        progress: &dyn Progress,
    ) -> Result<(), Stop> {
        let plan: Arc<Plan> = Arc::clone(&self.plan);
        self.rng = rng;
        // Everything is counted here, what flows too.
        for (input, initial) in self.inputs.iter_mut().zip(initial) {
            *input = initial.round();
        }
        self.begin(start);
        let state = plan.initial.len();
        let mut draws = std::mem::take(&mut self.draws);
        let sums = draws.start(&currents.partials, &self.inputs[..state]);
        let result = self.step_by_step(&plan, currents, &mut draws, sums, rows, progress);
        draws.copy_to(&mut self.inputs[..state]);
        self.draws = draws;
        result.map_err(|stop| self.with_counts(stop))
    }

    fn step_by_step(
        &mut self,
        plan: &Plan,
        currents: &Currents,
        draws: &mut Draws,
        sums: Sums,
        rows: &mut Rows,
        progress: &dyn Progress,
    ) -> Result<(), Stop> {
        let partials = &currents.partials;
        let (start, end) = (self.time(), rows.end());
        let mut work = Work::new(currents, start);
        currents.accumulate(draws, &mut work);
        let mut rng = self.rng.clone();
        let left = rng.exponential();
        let mut walk = Walk { rng, now: start, left, sums, events: 0, last: start };
        // Before this time nothing but reactions happens.
        let mut free_until = start;
        // Events until it is time to look around.
        let mut until_look = LOOK as u64;
        loop {
            draws.walk(partials, &mut walk, free_until);
            let next = walk.now + walk.left / walk.sums.total();
            let drawn = draws.choose(partials, &walk.sums, walk.rng.uniform(), walk.rng.uniform());
            walk.now = if next < free_until {
                next
            } else {
                // Where no reaction can happen, the next step may change that.
                let is_idle = walk.sums.total() <= 0.0;
                let next = if is_idle { work.next } else { next };
                let is_over = next > end || next.is_nan();
                let until = if is_over { end } else { next };
                self.write_counts(plan, draws, until, rows);
                if currents.step_until(until, draws, &mut work) {
                    walk.sums = draws.sums();
                }
                if is_over {
                    (self.events, self.last) = (walk.events, walk.last);
                    if is_idle && currents.changes.is_empty() {
                        self.absorbed = self.last;
                    }
                    return Ok(());
                }
                if progress.cancelled() {
                    return Err(Stop::Cancelled);
                }
                free_until = work.next.min(rows.next()).min(end);
                until
            };
            walk.left = walk.rng.exponential();
            let Some(place) = drawn else { continue };
            let Some(after) = draws.fire(partials, place) else {
                self.set_time(walk.now);
                return Err(self.negative_amount(partials.reaction(place), |i| draws.amount(i), walk.now));
            };
            walk.sums = after;
            walk.events += 1;
            walk.last = walk.now;
            if walk.events >= until_look {
                until_look = walk.events + LOOK as u64;
                self.events = walk.events;
                self.set_time(walk.now);
                draws.copy_to(&mut self.inputs[..plan.initial.len()]);
                self.look_around(walk.sums.total(), end, progress)?;
            }
        }
    }

    /// Writes the rows up to `time`.
    #[inline(never)]
    fn write_counts(&mut self, plan: &Plan, draws: &Draws, time: f64, rows: &mut Rows) {
        if rows.next() > time {
            return;
        }
        draws.copy_to(&mut self.inputs[..plan.initial.len()]);
        while rows.next() <= time {
            rows.write(plan, &mut self.inputs);
        }
    }
}
