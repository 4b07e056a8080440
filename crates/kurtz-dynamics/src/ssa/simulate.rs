//! The loop shared by the exact methods: carry out the event that is due, draw the next.

use super::propensities::Propensities;
use super::watch::Watch;
use crate::method::{Event, Sampler, Stop};
use crate::progress::{Progress, Silent};
use crate::rng::SimRng;
use kurtz_model::ReactionId;

/// A rule by which the next event is drawn.
pub(super) trait Draw<P>: Default + Send {
    /// Time of the next event, and its reaction, after the event `fired` at `time`, or after the start (`None`).
    ///
    /// The time is infinite if no reaction can happen, NaN if a propensity is bad.
    fn draw(&mut self, network: &mut P, fired: Option<usize>, time: f64, rng: &mut SimRng) -> (f64, usize);
}

/// One trajectory in progress. The next event is always drawn already, so that where one stops to look does not
/// change what happens.
pub(super) struct Exact<P, D> {
    network: P,
    rule: D,
    rng: SimRng,
    watch: Watch,
    /// Time of the last event.
    last: f64,
    /// Time up to which the trajectory is known.
    known: f64,
    next: f64,
    next_reaction: usize,
    previous_reaction: usize,
    events: u64,
    /// Set once the trajectory cannot go on.
    ended: Option<Stop>,
}

impl<P: Propensities, D: Draw<P>> Exact<P, D> {
    pub fn new(network: P, max_events: u64) -> Self {
        Exact {
            network,
            rule: D::default(),
            rng: SimRng::new(0, 0, crate::rng::Purpose::Events),
            watch: Watch::new(max_events),
            last: 0.0,
            known: 0.0,
            next: f64::INFINITY,
            next_reaction: 0,
            previous_reaction: usize::MAX,
            events: 0,
            ended: None,
        }
    }

    /// Carries out the events up to `horizon`, at most `budget`.
    fn carry_out(&mut self, horizon: f64, budget: u64) {
        let horizon = horizon.min(f64::MAX);
        let mut rng = self.rng.clone();
        let (mut last, mut next, mut reaction, mut previous) =
            (self.last, self.next, self.next_reaction, self.previous_reaction);
        let mut left = budget;
        // False for NaN: a bad propensity leaves the loop too.
        while next <= horizon && left > 0 {
            last = next;
            previous = reaction;
            self.network.fire(reaction);
            (next, reaction) = self.rule.draw(&mut self.network, Some(reaction), last, &mut rng);
            left -= 1;
        }
        self.rng = rng;
        (self.last, self.next, self.next_reaction, self.previous_reaction) = (last, next, reaction, previous);
        self.events += budget - left;
    }

    /// What to say when no event is due by `horizon`.
    fn rest(&mut self, horizon: f64) -> Stop {
        self.known = horizon;
        if self.next == f64::INFINITY { Stop::Absorbed { since: self.last } } else { Stop::Horizon }
    }

    /// Finds out why the next event is at no time; an event that should not have happened is undone.
    #[cold]
    fn fault(&mut self) -> Stop {
        let mut counts = vec![0; self.network.species()];
        self.network.copy_counts(&mut counts);
        let time = self.last;
        let stop = if let Some(species) = self.network.negative() {
            for (s, change) in self.network.change(self.previous_reaction) {
                counts[s.index()] -= change;
            }
            self.network.load(&counts);
            self.events -= 1;
            Stop::NegativeCount { time, reaction: ReactionId::from(self.previous_reaction), species, counts }
        } else if let Some((reaction, propensity)) = self.network.bad_propensity() {
            Stop::BadPropensity { time, reaction, propensity, counts }
        } else {
            // Every propensity is finite and their sum is not.
            Stop::Explosion { time, events: self.events }
        };
        self.ended = Some(stop.clone());
        stop
    }

    /// Asks the watch; remembers a verdict unless the caller merely interrupts.
    fn look(&mut self, horizon: f64, progress: &dyn Progress) -> Option<Stop> {
        let stop = self.watch.look(&self.network, self.last, self.events, horizon, progress)?;
        if stop != Stop::Cancelled {
            self.ended = Some(stop.clone());
        }
        Some(stop)
    }
}

impl<P: Propensities, D: Draw<P>> Sampler for Exact<P, D> {
    fn start(&mut self, time: f64, counts: &[i64], rng: SimRng) {
        self.network.load(counts);
        self.rng = rng;
        self.watch.start(time);
        (self.last, self.known, self.events) = (time, time, 0);
        self.ended = super::watch::overflow(&self.network, time);
        self.previous_reaction = usize::MAX;
        (self.next, self.next_reaction) = self.rule.draw(&mut self.network, None, time, &mut self.rng);
    }

    fn advance_to(&mut self, time: f64, progress: &dyn Progress) -> Stop {
        if let Some(stop) = &self.ended {
            return stop.clone();
        }
        loop {
            self.carry_out(time, self.watch.budget(self.events));
            if self.next > time.min(f64::MAX) {
                return self.rest(time);
            }
            self.known = self.last;
            if self.next.is_nan() {
                return self.fault();
            }
            if let Some(stop) = self.look(time, progress) {
                return stop;
            }
        }
    }

    fn next_event(&mut self, horizon: f64) -> Result<Event, Stop> {
        if let Some(stop) = &self.ended {
            return Err(stop.clone());
        }
        if self.next > horizon.min(f64::MAX) {
            return Err(self.rest(horizon));
        }
        if self.next.is_nan() {
            return Err(self.fault());
        }
        if self.watch.is_due(self.events)
            && let Some(stop) = self.look(horizon, &Silent)
        {
            return Err(stop);
        }
        self.carry_out(horizon, 1);
        self.known = self.last;
        if self.next.is_nan()
            && let stop @ Stop::NegativeCount { .. } = self.fault()
        {
            return Err(stop);
        }
        Ok(Event { time: self.last, reaction: ReactionId::from(self.previous_reaction) })
    }

    fn time(&self) -> f64 {
        self.known
    }

    fn copy_counts(&self, counts: &mut [i64]) {
        self.network.copy_counts(counts);
    }

    fn copy_values(&self, values: &mut [f64]) {
        values.copy_from_slice(self.network.state());
    }

    fn events(&self) -> u64 {
        self.events
    }
}
