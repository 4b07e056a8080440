//! Keeps a trajectory from running for ever: event limit, explosion, overflow, interruption.

use super::propensities::Propensities;
use crate::method::Stop;
use crate::progress::Progress;
use kurtz_model::SpeciesId;

/// Events between two looks.
pub(crate) const STRIDE: u64 = 4096;

/// Counts above this are refused; the events of one stride then stay below 2^53, where `f64` counts exactly.
pub(crate) const MAX_COUNT: f64 = (1u64 << 52) as f64;

/// An explosion is suspected after so many doublings of the number of events, each faster than 3/4 of the one before
/// (1/2 for 2A -> 3A, 1 for exponential growth, 2 at constant propensity) ...
const HASTY_DOUBLINGS: u32 = 6;
/// ... if so many events would remain to the horizon at the present propensities.
const TOO_MANY_EVENTS: f64 = 1e12;

#[derive(Clone, Debug)]
pub(crate) struct Watch {
    max_events: u64,
    doubled_at: f64,
    last_doubling: f64,
    hasty: u32,
}

impl Watch {
    pub fn new(max_events: u64) -> Self {
        Watch { max_events, doubled_at: 0.0, last_doubling: 0.0, hasty: 0 }
    }

    pub fn start(&mut self, time: f64) {
        *self = Watch { doubled_at: time, ..Watch::new(self.max_events) };
    }

    /// How many events may happen before the next look.
    pub fn budget(&self, events: u64) -> u64 {
        (STRIDE - events % STRIDE).min(self.max_events.saturating_sub(events))
    }

    /// True if a look is due after so many events.
    pub fn is_due(&self, events: u64) -> bool {
        events >= self.max_events || (events > 0 && events.is_multiple_of(STRIDE))
    }

    /// Looks whether the trajectory, at `time` after `events`, should go on towards `horizon`.
    pub(super) fn look(
        &mut self,
        network: &impl Propensities,
        time: f64,
        events: u64,
        horizon: f64,
        progress: &dyn Progress,
    ) -> Option<Stop> {
        self.judge(network.total(), || overflow(network, time), time, events, horizon, progress)
    }

    /// As [`Watch::look`], given the sum of all propensities and how to look for a count that is too large.
    pub fn judge(
        &mut self,
        total: f64,
        overflow: impl FnOnce() -> Option<Stop>,
        time: f64,
        events: u64,
        horizon: f64,
        progress: &dyn Progress,
    ) -> Option<Stop> {
        if progress.cancelled() {
            return Some(Stop::Cancelled);
        }
        if events.is_power_of_two() && events >= STRIDE {
            let doubling = time - self.doubled_at;
            self.hasty = if doubling <= 0.75 * self.last_doubling { self.hasty + 1 } else { 0 };
            (self.doubled_at, self.last_doubling) = (time, doubling);
        }
        if self.hasty >= HASTY_DOUBLINGS && total * (horizon - time) > TOO_MANY_EVENTS {
            return Some(Stop::Explosion { time, events });
        }
        overflow().or((events >= self.max_events).then_some(Stop::EventLimit { time, events }))
    }
}

/// Looks whether a count is too large.
pub(super) fn overflow(network: &impl Propensities, time: f64) -> Option<Stop> {
    let large = network.state().iter().position(|&n| n > MAX_COUNT)?;
    Some(Stop::CountOverflow { time, species: SpeciesId::from(large) })
}
