//! One trajectory: from jump to jump, flowing in between where anything flows.

use super::partial::Draws;
use super::plan::Plan;
use super::rows::Rows;
use super::schedule::Schedule;
use super::stretch::End;
use super::swift;
use crate::method::Stop;
use crate::progress::Progress;
use crate::rng::{Purpose, SimRng};
use crate::ssa::sum_tree::SumTree;
use crate::ssa::watch::{MAX_COUNT, STRIDE, Watch};
use kurtz_model::{SpeciesId, Variable};
use std::sync::Arc;

/// So many stops of the flow within this part of the time are taken for one that never goes on.
const MOST_SWITCHES: usize = 1_000;
const STANDSTILL: f64 = 1e-9;
/// The same of the whole time that is asked for, which matters at its beginning.
const STANDSTILL_OF_ALL: f64 = 1e-15;

/// Numerical settings, as the engine needs them.
#[derive(Clone, Debug)]
pub(super) struct Numerics {
    pub relative_tolerance: f64,
    pub absolute_tolerance: Option<f64>,
    pub max_steps: usize,
    pub max_events: u64,
}

/// A trajectory in progress.
pub(super) struct Process {
    pub plan: Arc<Plan>,
    pub numerics: Numerics,
    /// State, time, modes: the inputs of all programs.
    pub inputs: Vec<f64>,
    pub rng: SimRng,
    /// Propensities of steady reactions.
    pub steady: SumTree,
    /// What is left of the exponential variate that the integral of the total propensity runs to before the next
    /// reaction.
    pub remaining: f64,
    pub schedule: Schedule,
    /// Reactions that happened one by one.
    pub events: u64,
    /// Events of the network that happened.
    pub happened: u64,
    /// Time of the last reaction or event.
    pub last: f64,
    /// Time from which on nothing can happen.
    pub absorbed: f64,
    watch: Watch,
    pub memory: Memory,
    pub course: swift::Course,
    /// Counts and propensities beside currents in fixed steps.
    pub draws: Draws,
}

/// What one stretch of integration tells the next.
#[derive(Clone, Debug, Default)]
pub(super) struct Memory {
    /// Sizes of flowing quantities, for their absolute tolerances.
    pub sizes: Vec<f64>,
    /// The last full step; 0 if none.
    pub step: f64,
    pub is_stiff: bool,
    /// Reactions are rare against the speed of what flows.
    pub is_sparse: bool,
    /// Steps so far.
    pub steps: usize,
}

impl Process {
    pub fn new(plan: Arc<Plan>, numerics: Numerics) -> Self {
        Process {
            inputs: vec![0.0; plan.inputs()],
            rng: SimRng::new(0, 0, Purpose::Events),
            steady: SumTree::new(plan.discrete.steady),
            remaining: 0.0,
            schedule: Schedule::default(),
            events: 0,
            happened: 0,
            last: 0.0,
            absorbed: f64::INFINITY,
            watch: Watch::new(numerics.max_events),
            memory: Memory::default(),
            course: swift::Course::default(),
            draws: Draws::default(),
            plan,
            numerics,
        }
    }

    /// Sets time and counters for a new trajectory.
    pub fn begin(&mut self, start: f64) {
        self.set_time(start);
        self.watch.start(start);
        (self.events, self.happened, self.last, self.absorbed) = (0, 0, start, f64::INFINITY);
    }

    /// The present time.
    pub fn time(&self) -> f64 {
        self.inputs[self.plan.time()]
    }

    pub fn set_time(&mut self, time: f64) {
        let place = self.plan.time();
        self.inputs[place] = time;
    }

    /// Follows a new trajectory from the state `initial` at `start` to the last of the times of `rows`, writing these.
    pub fn run(
        &mut self,
        start: f64,
        initial: &[f64],
        rng: SimRng,
        rows: &mut Rows,
        progress: &dyn Progress,
    ) -> Result<(), Stop> {
        let plan = Arc::clone(&self.plan);
        self.rng = rng;
        self.inputs[..initial.len()].copy_from_slice(initial);
        self.begin(start);
        self.memory = Memory::default();
        self.schedule.start(plan.events.iter().map(|e| e.initially_true));
        for j in 0..plan.discrete.steady {
            self.renew(j);
        }
        self.settle()?;
        self.remaining = if plan.discrete.reactions.is_empty() { f64::INFINITY } else { self.rng.exponential() };
        // A little further, so that what happens at the very end as far as the integration can tell is still seen.
        let looks_ahead = !plan.events.is_empty() && !plan.switches.dense.is_mode.is_empty();
        let end = rows.end() * if looks_ahead { 1.0 + self.numerics.relative_tolerance } else { 1.0 };
        let flows = plan.flows();
        let mut clock = self.next_clock();
        let (mut standing, mut stands_at) = (0, start);
        while self.time() < end {
            if progress.cancelled() {
                return Err(Stop::Cancelled);
            }
            // Laws or events that switch back and forth without time passing.
            let moved = self.time() - stands_at;
            let stays = moved <= STANDSTILL * self.time().abs() || moved <= STANDSTILL_OF_ALL * end;
            standing = if stays { standing + 1 } else { 0 };
            if standing == 0 {
                stands_at = self.time();
            }
            // Reactions may be that fast, where nothing but them happens.
            if (flows || plan.discrete.reactions.is_empty()) && standing > MOST_SWITCHES {
                return Err(Stop::Standstill { time: self.time() });
            }
            let stop = end.min(clock).min(self.schedule.next());
            let is_settled = if plan.swift.is_some() && !self.memory.is_sparse {
                let is_settled = self.run_swiftly(stop, rows, progress)?;
                if self.memory.is_sparse {
                    (0..plan.discrete.steady).for_each(|j| self.renew(j));
                }
                is_settled
            } else if flows {
                let before = self.time();
                match self.flow(stop, end, rows, progress)? {
                    End::Fires => {
                        let heeds = self.react()?;
                        self.memory.is_sparse = plan.swift.is_none() || !self.is_swift_again(before);
                        !heeds
                    }
                    End::Stopped => false,
                }
            } else {
                self.jump_to(stop, rows, progress)?
            };
            if !is_settled {
                self.settle()?;
                let now = self.time();
                rows.write_before(now, &plan, &mut self.inputs);
                clock = self.next_clock();
            }
        }
        if !flows && self.is_at_rest() {
            self.absorbed = self.last;
        }
        rows.finish(&plan, &mut self.inputs);
        Ok(())
    }

    fn next_clock(&mut self) -> f64 {
        let plan = Arc::clone(&self.plan);
        plan.switches.clocks.next(&mut self.inputs, plan.time())
    }

    fn is_at_rest(&mut self) -> bool {
        self.steady.total() == 0.0 && self.schedule.next() == f64::INFINITY && self.next_clock() == f64::INFINITY
    }

    /// Lets reactions happen one by one up to `stop`, or until one happens that triggers or clocks may heed. True if there
    /// is nothing to heed.
    fn jump_to(&mut self, stop: f64, rows: &mut Rows, progress: &dyn Progress) -> Result<bool, Stop> {
        let plan = Arc::clone(&self.plan);
        loop {
            let total = self.steady.total();
            let now = self.time();
            if !total.is_finite() {
                return Err(self.bad_propensity());
            }
            // Infinite if nothing can happen.
            let next = now + self.remaining / total;
            if next > stop || next.is_nan() {
                rows.write_before(stop, &plan, &mut self.inputs);
                self.remaining -= total * (stop - now);
                self.set_time(stop);
                return Ok(false);
            }
            rows.write_before(next, &plan, &mut self.inputs);
            self.set_time(next);
            let reaction = self.steady.choose(self.rng.uniform() * total);
            self.fire(reaction)?;
            if self.watch.is_due(self.events) {
                self.look_around(total, rows.end(), progress)?;
            }
            if plan.discrete.is_watched[reaction] {
                return Ok(false);
            }
        }
    }

    /// Chooses the reaction that happens now, and lets it happen. True if triggers or clocks may heed it.
    fn react(&mut self) -> Result<bool, Stop> {
        let plan = Arc::clone(&self.plan);
        let mut varying = vec![0.0; plan.discrete.varying.count()];
        plan.discrete.varying.evaluate(&self.inputs, &mut varying);
        let steady = self.steady.total();
        let sum: f64 = varying.iter().map(|a| a.max(0.0)).sum();
        let total = steady + sum;
        if !total.is_finite() || varying.iter().any(|a| a.is_nan() || *a < -1e-6 * (1.0 + total)) {
            return Err(self.bad_propensity());
        }
        let mut target = self.rng.uniform() * total;
        let reaction = if target < steady || sum == 0.0 {
            self.steady.choose(target.min(steady))
        } else {
            target -= steady;
            let mut chosen = None;
            for (j, &a) in varying.iter().enumerate().filter(|(_, a)| **a > 0.0) {
                chosen = Some(j);
                if target < a {
                    break;
                }
                target -= a;
            }
            plan.discrete.steady + chosen.unwrap_or(0)
        };
        self.fire(reaction)?;
        Ok(plan.discrete.is_watched[reaction] || !plan.events.is_empty() || !plan.switches.clocks.is_empty())
    }

    /// Carries out a reaction, and draws how long the next one has to wait.
    fn fire(&mut self, reaction: usize) -> Result<(), Stop> {
        let plan = Arc::clone(&self.plan);
        for &(i, change) in &plan.discrete.changes[reaction] {
            let amount = &mut self.inputs[i];
            *amount += change;
            if *amount < 0.0 && plan.is_whole[i] {
                return Err(self.negative(reaction, i));
            }
        }
        for &j in &plan.discrete.dependents[reaction] {
            self.renew(j as usize);
        }
        self.events += 1;
        self.last = self.time();
        self.remaining = self.rng.exponential();
        Ok(())
    }

    /// Computes the propensity of a steady reaction anew.
    pub fn renew(&mut self, j: usize) {
        let a = self.plan.discrete.propensity(j, &self.inputs);
        self.steady.put(j, a);
    }

    /// Looks whether the trajectory should go on, at this total propensity.
    pub fn look_around(&mut self, total: f64, end: f64, progress: &dyn Progress) -> Result<(), Stop> {
        let (plan, inputs, time) = (&self.plan, &self.inputs, self.inputs[self.plan.time()]);
        let overflow = || {
            let too_large = (0..plan.is_whole.len()).find(|&i| plan.is_whole[i] && inputs[i] > MAX_COUNT)?;
            Some(Stop::CountOverflow { time, species: species_at(plan, too_large) })
        };
        match self.watch.judge(total, overflow, time, self.events, end, progress) {
            Some(stop) => Err(stop),
            None => Ok(()),
        }
    }

    /// Which propensity is bad.
    fn bad_propensity(&self) -> Stop {
        let plan = &self.plan;
        let mut values = vec![0.0; plan.discrete.varying.count()];
        plan.discrete.varying.evaluate(&self.inputs, &mut values);
        let is_bad = |a: &f64| !(0.0..f64::INFINITY).contains(a);
        let all = self.steady.values().iter().chain(&values);
        let Some((j, _)) = all.enumerate().find(|(_, a)| is_bad(a)) else {
            return Stop::Explosion { time: self.time(), events: self.events };
        };
        let reaction = plan.discrete.reactions[j];
        let law = super::program::Compiled::new(&plan.system, 0, &[plan.system.propensity(reaction)]);
        let propensity = law.one(&self.inputs[..=plan.time()]);
        Stop::BadPropensity { time: self.time(), reaction, propensity, counts: self.counts() }
    }

    fn negative(&mut self, reaction: usize, position: usize) -> Stop {
        let plan = Arc::clone(&self.plan);
        // Only the changes up to this one were made.
        for &(i, change) in &plan.discrete.changes[reaction] {
            self.inputs[i] -= change;
            if i == position {
                break;
            }
        }
        let species = species_at(&plan, position);
        let (reaction, counts) = (plan.discrete.reactions[reaction], self.counts());
        Stop::NegativeCount { time: self.time(), reaction, species, counts }
    }

    /// The amounts of all species, rounded, for messages.
    pub(super) fn counts(&self) -> Vec<i64> {
        let system = &self.plan.system;
        let amounts: Vec<_> = system.amounts().iter().map(|o| system.resolve(&o.expression)).collect();
        let program = super::program::Compiled::new(system, 0, &amounts);
        let mut values = vec![0.0; amounts.len()];
        program.evaluate(&self.inputs[..=self.plan.time()], &mut values);
        values.iter().map(|&x| x.round() as i64).collect()
    }
}

/// Events between two looks at the caller.
pub(super) const LOOK: usize = STRIDE as usize;

pub(super) fn species_at(plan: &Plan, position: usize) -> SpeciesId {
    match plan.system.state()[position] {
        Variable::Species(s) => s,
        // Only species must be whole.
        _ => SpeciesId(0),
    }
}
