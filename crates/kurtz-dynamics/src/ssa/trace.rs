//! Single trajectories, event by event.

use crate::error::DynamicsError;
use crate::method::{Method, Stop};
use crate::rng::{Purpose, SimRng};
use kurtz_model::{Kinetics, ReactionId};

/// Every event of one trajectory.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// Number of species.
    pub species: usize,
    /// The start, then the time of each event, `[events + 1]`.
    pub times: Vec<f64>,
    /// Which reaction happened, `[events]`.
    pub reactions: Vec<ReactionId>,
    /// State from each time on, `[(events + 1) x species]`.
    pub counts: Vec<i64>,
    /// How it ended.
    pub stop: Stop,
}

impl Trace {
    /// Follows trajectory `trajectory` of `seed` from time 0 and the initial state to `end`, or for `max_events`
    /// events: the same trajectory as in an ensemble of that seed.
    ///
    /// # Errors
    /// If the method cannot simulate the network, or the initial state is not whole.
    pub fn sample(
        method: &dyn Method,
        kinetics: &Kinetics,
        seed: u64,
        trajectory: u64,
        end: f64,
        max_events: usize,
    ) -> Result<Self, DynamicsError> {
        let initial = kinetics.initial_counts()?;
        let mut sampler = method.sampler(kinetics)?;
        sampler.start(0.0, &initial, SimRng::new(seed, trajectory, Purpose::Events));
        let mut state = initial.clone();
        let species = initial.len();
        let (mut times, mut reactions, mut counts) = (vec![0.0], Vec::new(), initial);
        let stop = loop {
            if reactions.len() == max_events {
                break Stop::EventLimit { time: sampler.time(), events: sampler.events() };
            }
            match sampler.next_event(end) {
                Ok(event) => {
                    sampler.copy_counts(&mut state);
                    times.push(event.time);
                    reactions.push(event.reaction);
                    counts.extend_from_slice(&state);
                }
                Err(stop) => break stop,
            }
        };
        Ok(Trace { species, times, reactions, counts, stop })
    }

    /// The state at `time`, `[species]`.
    pub fn at(&self, time: f64) -> &[i64] {
        let events = self.times[1..].partition_point(|&t| t <= time);
        &self.counts[events * self.species..][..self.species]
    }
}
