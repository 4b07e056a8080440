//! The seam between what is random and who uses it: [`Method`] -> [`Sampler`] and [`BatchSampler`].
//!
//! A method is settings, immutable and shared. Bound to a [`Kinetics`] it gives a *sampler*, one trajectory in
//! progress, and a *batch sampler*, which carries a whole block of trajectories over a time grid. A method that
//! advances trajectories one at a time needs only the first ([`OneByOne`] makes the second); a vectorised method can
//! keep a batch of lanes full in its own way, and nobody who calls notices.
//!
//! Both obey one law: trajectory i of seed s is a function of (s, i) alone, however it is asked for. It does not
//! depend on the grid, on the block it is in, or on which of the two samplers produced it.

use crate::error::DynamicsError;
use crate::progress::Progress;
use crate::rng::{Purpose, SimRng};
use crate::ssa::{Direct, FirstReaction};
use kurtz_model::{Kinetics, Network, ReactionId, SpeciesId};

/// A way to sample trajectories of a network.
pub trait Method: Send + Sync + std::fmt::Debug {
    /// Its name, as on the command line.
    fn name(&self) -> &'static str;

    /// Keys of what to cite, in `references.bib`.
    fn references(&self) -> &'static [&'static str];

    /// A sampler of single trajectories of `kinetics`.
    ///
    /// # Errors
    /// If the method cannot follow a rate law of the network.
    fn sampler(&self, kinetics: &Kinetics) -> Result<Box<dyn Sampler>, DynamicsError>;

    /// A sampler of blocks of trajectories of `kinetics`.
    ///
    /// # Errors
    /// As [`Method::sampler`].
    fn batch_sampler(&self, kinetics: &Kinetics) -> Result<Box<dyn BatchSampler>, DynamicsError> {
        Ok(Box::new(OneByOne { sampler: self.sampler(kinetics)? }))
    }
}

/// Every method with its default settings; tests run over this list.
pub fn methods() -> Vec<Box<dyn Method>> {
    vec![Box::new(Direct::default()), Box::new(FirstReaction::default())]
}

/// The method of this name, with its default settings.
///
/// # Errors
/// If there is none; the error lists the names.
pub fn method_named(name: &str) -> Result<Box<dyn Method>, DynamicsError> {
    let all = methods();
    let known = all.iter().map(|m| m.name()).collect();
    all.into_iter()
        .find(|m| m.name() == name)
        .ok_or_else(|| DynamicsError::UnknownMethod { name: name.to_owned(), known })
}

/// One trajectory in progress.
pub trait Sampler: Send {
    /// Begins a trajectory at `time` in the state `counts`, `[species]`, drawing from `rng`.
    fn start(&mut self, time: f64, counts: &[i64], rng: SimRng);

    /// Follows the trajectory up to and including everything that happens at `time`.
    ///
    /// `time` is not before [`Sampler::time`], and may be infinite. On [`Stop::Horizon`] and [`Stop::Absorbed`] the trajectory is then known at `time`, and [`Sampler::time`] is
    /// `time`; otherwise it ended before. `progress` is asked every few thousand events whether to give up.
    fn advance_to(&mut self, time: f64, progress: &dyn Progress) -> Stop;

    /// Carries out the next event if it happens at or before `horizon`.
    ///
    /// # Errors
    /// Why there is none: the horizon was reached, the state is absorbing, or the trajectory cannot go on.
    fn next_event(&mut self, horizon: f64) -> Result<Event, Stop>;

    /// The time up to which the trajectory is known.
    fn time(&self) -> f64;

    /// Writes the present number of molecules of each species, `[species]`.
    fn copy_counts(&self, counts: &mut [i64]);

    /// Events so far.
    fn events(&self) -> u64;
}

/// Something that happened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event {
    /// When.
    pub time: f64,
    /// Which reaction.
    pub reaction: ReactionId,
}

/// How a stretch of a trajectory ended.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Stop {
    /// The time asked for was reached.
    Horizon,
    /// No reaction can happen any more: the state is constant from `since` to any later time.
    Absorbed {
        /// Time of the last event, or of the start.
        since: f64,
    },
    /// The method's limit of events per trajectory was reached.
    EventLimit {
        /// Time of the last event.
        time: f64,
        /// Number of events.
        events: u64,
    },
    /// Events come ever faster and there would be too many to reach the horizon: the network probably explodes, that
    /// is, makes infinitely many events in finite time, as 2A -> 3A does.
    Explosion {
        /// Time of the last event.
        time: f64,
        /// Number of events.
        events: u64,
    },
    /// A count grew beyond what is counted exactly (2^52).
    CountOverflow {
        /// Time of the last event.
        time: f64,
        /// The species.
        species: SpeciesId,
    },
    /// A propensity is negative, infinite or not a number.
    BadPropensity {
        /// Time from which on it is.
        time: f64,
        /// The reaction.
        reaction: ReactionId,
        /// Its propensity.
        propensity: f64,
        /// The state, `[species]`.
        counts: Vec<i64>,
    },
    /// A reaction happened whose reactants were not there, because its rate law is positive without them.
    NegativeCount {
        /// When.
        time: f64,
        /// The reaction.
        reaction: ReactionId,
        /// The species that would be negative.
        species: SpeciesId,
        /// The state before, `[species]`.
        counts: Vec<i64>,
    },
    /// The caller gave up.
    Cancelled,
}

impl Stop {
    /// True if the trajectory is known at the time asked for.
    pub fn is_complete(&self) -> bool {
        matches!(self, Stop::Horizon | Stop::Absorbed { .. })
    }

    /// What happened and what to do, in a sentence that names species and reactions of `network`.
    pub fn describe(&self, network: &Network) -> String {
        let reaction = |id: ReactionId| &network.reactions[id.index()].name;
        let state = |counts: &[i64]| {
            let shown = network.species.iter().zip(counts).map(|(s, n)| format!("{} = {n}", s.name));
            shown.collect::<Vec<_>>().join(", ")
        };
        match self {
            Stop::Horizon => "the end time was reached".to_owned(),
            Stop::Absorbed { since } => format!("no reaction can happen after time {since}"),
            Stop::EventLimit { time, events } => {
                format!("{events} events, the limit of a trajectory, happened by time {time}; end before that time")
            }
            Stop::Explosion { time, events } => format!(
                "events come ever faster ({events} by time {time}): the network explodes; \
                 end before that time, or limit the growth"
            ),
            Stop::CountOverflow { time, species } => format!(
                "the count of `{}` exceeds 2^52 at time {time}; use the mass-action equations for such numbers",
                network.species[species.index()].name
            ),
            Stop::BadPropensity { time, reaction: r, propensity, counts } => format!(
                "the propensity of reaction `{}` is {propensity} at time {time}, where {}; \
                 its rate law must be finite and >= 0 in every state that is reached",
                reaction(*r),
                state(counts)
            ),
            Stop::NegativeCount { time, reaction: r, species, counts } => format!(
                "reaction `{}` would make `{}` negative at time {time}, where {}; \
                 its rate law must be 0 where reactants are missing",
                reaction(*r),
                network.species[species.index()].name,
                state(counts)
            ),
            Stop::Cancelled => "interrupted".to_owned(),
        }
    }
}

/// A block of trajectories to be carried over a time grid.
#[derive(Clone, Copy, Debug)]
pub struct BlockTask<'a> {
    /// Seed of the ensemble.
    pub seed: u64,
    /// Index of the first trajectory.
    pub first: u64,
    /// Number of trajectories.
    pub trajectories: usize,
    /// Time of the initial state.
    pub start: f64,
    /// State at the start, `[species]`.
    pub initial: &'a [i64],
    /// Times to be recorded, increasing, none before `start`.
    pub times: &'a [f64],
}

/// The states of a block of trajectories on the grid.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Block {
    /// Index of the first trajectory.
    pub first: u64,
    /// Number of grid times.
    pub times: usize,
    /// Number of species.
    pub species: usize,
    /// Counts, `[trajectories x times x species]`; at each time, the state after everything that happened then.
    pub counts: Vec<i64>,
    /// Events to the last grid time, `[trajectories]`.
    pub events: Vec<u64>,
    /// Time from which on nothing can happen, infinite if not absorbed by the last grid time, `[trajectories]`.
    pub absorbed: Vec<f64>,
}

impl Block {
    /// Number of trajectories.
    pub fn trajectories(&self) -> usize {
        self.events.len()
    }

    /// The counts of one trajectory (position in the block), `[times x species]`.
    pub fn trajectory(&self, position: usize) -> &[i64] {
        let size = self.times * self.species;
        &self.counts[position * size..][..size]
    }

    /// Empties the block and makes it fit `task`.
    pub fn reset(&mut self, task: &BlockTask<'_>) {
        self.first = task.first;
        self.times = task.times.len();
        self.species = task.initial.len();
        self.counts.clear();
        self.counts.resize(task.trajectories * self.times * self.species, 0);
        self.events.clear();
        self.events.resize(task.trajectories, 0);
        self.absorbed.clear();
        self.absorbed.resize(task.trajectories, f64::INFINITY);
    }
}

/// A trajectory that could not be followed to the last grid time.
#[derive(Clone, Debug, PartialEq)]
pub struct Halt {
    /// Index of the trajectory.
    pub trajectory: u64,
    /// Why.
    pub stop: Stop,
}

/// A block of trajectories in progress.
pub trait BatchSampler: Send {
    /// Samples the trajectories of `task` into `block`, whose buffers are reused.
    ///
    /// # Errors
    /// The trajectory of lowest index that could not be completed, or that the work was cancelled; the block is then
    /// of no use.
    fn sample(&mut self, task: &BlockTask<'_>, block: &mut Block, progress: &dyn Progress) -> Result<(), Halt>;
}

/// Makes blocks of single trajectories, one after the other.
pub struct OneByOne {
    sampler: Box<dyn Sampler>,
}

impl OneByOne {
    /// Uses `sampler` for every trajectory.
    pub fn new(sampler: Box<dyn Sampler>) -> Self {
        OneByOne { sampler }
    }
}

impl BatchSampler for OneByOne {
    fn sample(&mut self, task: &BlockTask<'_>, block: &mut Block, progress: &dyn Progress) -> Result<(), Halt> {
        block.reset(task);
        let species = task.initial.len();
        let size = task.times.len() * species;
        for i in 0..task.trajectories {
            let trajectory = task.first + i as u64;
            self.sampler.start(task.start, task.initial, SimRng::new(task.seed, trajectory, Purpose::Events));
            for (k, &time) in task.times.iter().enumerate() {
                match self.sampler.advance_to(time, progress) {
                    Stop::Horizon => {}
                    Stop::Absorbed { since } => block.absorbed[i] = since,
                    stop => return Err(Halt { trajectory, stop }),
                }
                self.sampler.copy_counts(&mut block.counts[i * size + k * species..][..species]);
            }
            block.events[i] = self.sampler.events();
        }
        Ok(())
    }
}
