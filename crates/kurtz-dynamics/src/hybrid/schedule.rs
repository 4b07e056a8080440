//! Events of a network: who has triggered, who waits, who goes first.

use super::process::Process;
use crate::method::Stop;
use kurtz_model::EventId;

/// So many events at one instant are taken for a loop that never ends.
const LOOP: usize = 100_000;
/// And so many in one trajectory for one that has no end.
const MOST_EVENTS: u64 = 5_000_000;

/// An event that has triggered and not happened yet.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    event: usize,
    /// When it is to happen.
    time: f64,
    /// New values, if they were computed when it triggered.
    values: Option<Vec<f64>>,
}

/// Conditions and queue of one trajectory.
#[derive(Clone, Debug, Default)]
pub(super) struct Schedule {
    /// Values of all conditions at the last look.
    conditions: Vec<bool>,
    pending: Vec<Pending>,
    scratch: Vec<f64>,
}

impl Schedule {
    /// Empties the queue; conditions are what they count as before the start.
    pub fn start(&mut self, before: impl Iterator<Item = bool>) {
        self.conditions.clear();
        self.conditions.extend(before);
        self.pending.clear();
        self.scratch.resize(self.conditions.len(), 0.0);
    }

    /// The time of the next event that waits; infinite if none does.
    pub fn next(&self) -> f64 {
        self.pending.iter().fold(f64::INFINITY, |t, p| t.min(p.time))
    }

    /// Whether these values of the conditions differ from the last look.
    pub fn differs(&self, values: &[f64]) -> bool {
        self.conditions.iter().zip(values).any(|(&held, &value)| held != (value != 0.0))
    }
}

impl Process {
    /// Lets everything happen that happens at the present time: conditions are looked at, events that are due happen one
    /// by one, the largest priority first, and the conditions are looked at again after each.
    pub(super) fn settle(&mut self) -> Result<(), Stop> {
        if self.plan.events.is_empty() {
            return Ok(());
        }
        for _ in 0..LOOP {
            self.look()?;
            let Some(next) = self.first_due() else { return Ok(()) };
            self.happen(next)?;
        }
        let event = self.schedule.pending.first().map_or(0, |p| p.event);
        Err(Stop::EventLoop { time: self.time(), event: EventId::from(event) })
    }

    /// Looks at the conditions: those that have become true trigger their events, those that have become false take
    /// back what does not persist.
    fn look(&mut self) -> Result<(), Stop> {
        let mut values = std::mem::take(&mut self.schedule.scratch);
        self.plan.triggers.evaluate(&self.inputs, &mut values);
        for e in 0..values.len() {
            let holds = values[e] != 0.0;
            let held = std::mem::replace(&mut self.schedule.conditions[e], holds);
            if held == holds {
                continue;
            }
            let event = &self.plan.events[e];
            if !holds {
                if !event.is_persistent {
                    self.schedule.pending.retain(|p| p.event != e);
                }
                continue;
            }
            let delay = event.delay.as_ref().map_or(0.0, |delay| delay.one(&self.inputs));
            if delay.is_nan() || delay < 0.0 {
                return Err(Stop::BadDelay { time: self.time(), event: EventId::from(e), delay });
            }
            let values = event.values_from_trigger_time.then(|| self.new_values(e));
            let time = if delay == 0.0 { self.time() } else { self.time() + delay };
            self.schedule.pending.push(Pending { event: e, time, values });
        }
        self.schedule.scratch = values;
        Ok(())
    }

    fn new_values(&self, event: usize) -> Vec<f64> {
        let program = &self.plan.events[event].values;
        let mut values = vec![0.0; program.count()];
        program.evaluate(&self.inputs, &mut values);
        values
    }

    /// Which of the waiting events is to happen now: of the largest priority, drawn by lot among equals; those without
    /// a priority come last, in the order in which they triggered.
    fn first_due(&mut self) -> Option<usize> {
        let now = self.time();
        let due = |p: &Pending| p.time <= now;
        let pending = &self.schedule.pending;
        let mut best: Option<f64> = None;
        let mut equals: Vec<usize> = Vec::new();
        for (i, p) in pending.iter().enumerate().filter(|(_, p)| due(p)) {
            let priority = self.plan.events[p.event].priority.as_ref().map(|priority| priority.one(&self.inputs));
            let Some(priority) = priority.filter(|x| !x.is_nan()) else { continue };
            if best.is_none_or(|best| priority > best) {
                best = Some(priority);
                equals.clear();
            }
            if best == Some(priority) {
                equals.push(i);
            }
        }
        match equals[..] {
            [] => pending.iter().position(due),
            [one] => Some(one),
            _ => {
                let lot = (self.rng.uniform() * equals.len() as f64) as usize;
                Some(equals[lot.min(equals.len() - 1)])
            }
        }
    }

    /// Carries out a waiting event.
    fn happen(&mut self, which: usize) -> Result<(), Stop> {
        self.happened += 1;
        if self.happened > MOST_EVENTS {
            return Err(Stop::EventLimit { time: self.time(), events: self.happened });
        }
        let Pending { event, values, .. } = self.schedule.pending.remove(which);
        let values = values.unwrap_or_else(|| self.new_values(event));
        let plan = std::sync::Arc::clone(&self.plan);
        for (&i, value) in plan.events[event].targets.iter().zip(values) {
            let mut value = value;
            if plan.is_whole[i] {
                let whole = value.round();
                if value.is_nan() || (value - whole).abs() > 1e-9 * value.abs().max(1.0) {
                    let variable = plan.system.state()[i];
                    return Err(Stop::FractionalCount {
                        time: self.time(),
                        event: EventId::from(event),
                        variable,
                        value,
                    });
                }
                value = whole;
            }
            self.inputs[i] = value;
        }
        for &i in &plan.events[event].targets {
            for &j in &plan.discrete.readers[i] {
                self.renew(j as usize);
            }
        }
        self.last = self.time();
        Ok(())
    }
}
