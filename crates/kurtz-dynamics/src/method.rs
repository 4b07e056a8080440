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
use crate::hybrid::Hybrid;
use crate::leap::{AdaptiveHybrid, ImplicitTauLeaping, Langevin, TauLeaping};
use crate::progress::Progress;
use crate::rng::{Purpose, SimRng};
use crate::ssa::{CompositionRejection, Direct, FirstReaction, Lanes, NextReaction, Rejection, SortingDirect};
use kurtz_model::expression::Program;
use kurtz_model::system::Observable;
use kurtz_model::{EventId, Kinetics, Network, ReactionId, SpeciesId, System, Variable};

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

    /// A sampler of blocks of trajectories of `kinetics` from its initial state; it records the counts of all species.
    ///
    /// # Errors
    /// As [`Method::sampler`]; an initial state that is not whole.
    fn batch_sampler(&self, kinetics: &Kinetics) -> Result<Box<dyn BatchSampler>, DynamicsError> {
        let initial = kinetics.initial_counts()?;
        Ok(Box::new(OneByOne::new(self.sampler(kinetics)?, initial)))
    }

    /// A sampler of blocks of trajectories of a whole network; it records `observables`.
    ///
    /// A method that follows rate laws only takes what [`Kinetics::new`] takes.
    ///
    /// # Errors
    /// As [`Method::batch_sampler`]; rules and events that the method does not know, by name.
    fn system_sampler(
        &self,
        system: &System,
        observables: &[Observable],
    ) -> Result<Box<dyn BatchSampler>, DynamicsError> {
        let kinetics = Kinetics::new(system.network())?;
        Ok(Box::new(Observing::new(self.batch_sampler(&kinetics)?, system, observables)))
    }
}

/// What is simulated: rate laws with constant parameters, or a whole network.
#[derive(Clone, Copy, Debug)]
pub enum Model<'a> {
    /// Rate laws.
    Kinetics(&'a Kinetics),
    /// A network with its rules and events, in molecules.
    System(&'a System),
}

impl<'a> From<&'a Kinetics> for Model<'a> {
    fn from(kinetics: &'a Kinetics) -> Self {
        Model::Kinetics(kinetics)
    }
}

impl<'a> From<&'a System> for Model<'a> {
    fn from(system: &'a System) -> Self {
        Model::System(system)
    }
}

impl Model<'_> {
    /// The network.
    pub fn network(&self) -> &Network {
        match self {
            Model::Kinetics(kinetics) => kinetics.network(),
            Model::System(system) => system.network(),
        }
    }
}

/// Every exact method with its default settings; tests run over this list.
pub fn methods() -> Vec<Box<dyn Method>> {
    vec![
        Box::new(Direct::default()),
        Box::new(Lanes::default()),
        Box::new(FirstReaction::default()),
        Box::new(NextReaction::default()),
        Box::new(SortingDirect::default()),
        Box::new(CompositionRejection::default()),
        Box::new(Rejection::default()),
        Box::new(Hybrid::default()),
    ]
}

/// Every approximate method with its default settings.
pub fn approximations() -> Vec<Box<dyn Method>> {
    vec![
        Box::new(TauLeaping::default()),
        Box::new(ImplicitTauLeaping::default()),
        Box::new(Langevin::default()),
        Box::new(AdaptiveHybrid::default()),
    ]
}

/// The method of this name, exact or approximate, with its default settings.
///
/// # Errors
/// If there is none; the error lists the names.
pub fn method_named(name: &str) -> Result<Box<dyn Method>, DynamicsError> {
    let mut all = methods();
    all.extend(approximations());
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

    /// Writes the same as floating-point numbers, `[species]`.
    fn copy_values(&self, values: &mut [f64]);

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
    /// The method's limit of steps per trajectory was reached.
    StepLimit {
        /// Where.
        time: f64,
        /// Number of steps.
        steps: u64,
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
    /// Events trigger each other at one instant without end.
    EventLoop {
        /// When.
        time: f64,
        /// One of the events.
        event: EventId,
    },
    /// The delay of an event is negative or not a number.
    BadDelay {
        /// When the event triggered.
        time: f64,
        /// The event.
        event: EventId,
        /// Its delay.
        delay: f64,
    },
    /// An event sets what is counted to a number that is not whole.
    FractionalCount {
        /// When.
        time: f64,
        /// The event.
        event: EventId,
        /// What it sets.
        variable: Variable,
        /// To what.
        value: f64,
    },
    /// Conditions or laws switch back and forth again and again while time hardly passes.
    Standstill {
        /// Where.
        time: f64,
    },
    /// The equations could not be integrated further.
    Flow {
        /// Why.
        stop: kurtz_ode::Stop,
        /// Names of the variables that it refers to.
        names: Vec<String>,
    },
    /// The initial state could not be prepared.
    Unprepared {
        /// Why.
        reason: String,
    },
    /// A trajectory drew parameters that the network cannot have.
    BadDraw {
        /// What it drew.
        drawn: String,
        /// Why that cannot be.
        reason: String,
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
            Stop::StepLimit { time, steps } => {
                format!("{steps} steps, the limit of a trajectory, were taken by time {time}; end before that time")
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
            Stop::EventLoop { time, event } => format!(
                "events trigger each other without end at time {time}, among them `{}`; make one of the conditions \
                 false by what the events set",
                network.events[event.index()].name
            ),
            Stop::BadDelay { time, event, delay } => format!(
                "the delay of event `{}` is {delay} at time {time}; it must be >= 0",
                network.events[event.index()].name
            ),
            Stop::FractionalCount { time, event, variable, value } => format!(
                "event `{}` sets `{}` to {value} at time {time}; what is counted must be a whole number",
                network.events[event.index()].name,
                network.variable_name(*variable)
            ),
            Stop::Standstill { time } => format!(
                "conditions or pieces of laws switch back and forth without end at time {time}; give them a gap, so \
                 that one does not undo the other at once"
            ),
            Stop::Flow { stop, names } => stop.describe(names),
            Stop::Unprepared { reason } => format!("the initial state could not be prepared: {reason}"),
            Stop::BadDraw { drawn, reason } => format!("{drawn} was drawn: {reason}; choose a law without such values"),
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
    /// Times to be recorded, increasing, none before `start`.
    pub times: &'a [f64],
}

/// What was recorded of a block of trajectories on the grid.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Block {
    /// Index of the first trajectory.
    pub first: u64,
    /// Number of grid times.
    pub times: usize,
    /// Number of variables: species, or what else is observed.
    pub variables: usize,
    /// Values, `[trajectories x times x variables]`; at each time, after everything that happened then. Counts are exact
    /// (whole numbers up to 2^53).
    pub values: Vec<f64>,
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

    /// The values of one trajectory (position in the block), `[times x variables]`.
    pub fn trajectory(&self, position: usize) -> &[f64] {
        let size = self.times * self.variables;
        &self.values[position * size..][..size]
    }

    /// Empties the block and makes it fit `task`, with so many variables.
    pub fn reset(&mut self, task: &BlockTask<'_>, variables: usize) {
        self.first = task.first;
        self.times = task.times.len();
        self.variables = variables;
        self.values.clear();
        self.values.resize(task.trajectories * self.times * self.variables, 0.0);
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

    /// Whether all values recorded are whole numbers.
    fn is_whole(&self) -> bool {
        true
    }

    /// How many trajectories it follows side by side: blocks should have several times as many.
    fn lanes(&self) -> usize {
        1
    }
}

/// Makes blocks of single trajectories, one after the other.
pub struct OneByOne {
    sampler: Box<dyn Sampler>,
    initial: Vec<i64>,
}

impl OneByOne {
    /// Uses `sampler` for every trajectory, from the state `initial`, `[species]`.
    pub fn new(sampler: Box<dyn Sampler>, initial: Vec<i64>) -> Self {
        OneByOne { sampler, initial }
    }

    /// Number of variables recorded.
    pub fn variables(&self) -> usize {
        self.initial.len()
    }
}

impl BatchSampler for OneByOne {
    fn sample(&mut self, task: &BlockTask<'_>, block: &mut Block, progress: &dyn Progress) -> Result<(), Halt> {
        let species = self.initial.len();
        block.reset(task, species);
        let size = task.times.len() * species;
        for i in 0..task.trajectories {
            let trajectory = task.first + i as u64;
            self.sampler.start(task.start, &self.initial, SimRng::new(task.seed, trajectory, Purpose::Events));
            for (k, &time) in task.times.iter().enumerate() {
                match self.sampler.advance_to(time, progress) {
                    Stop::Horizon => {}
                    Stop::Absorbed { since } => block.absorbed[i] = since,
                    stop => return Err(Halt { trajectory, stop }),
                }
                self.sampler.copy_values(&mut block.values[i * size + k * species..][..species]);
            }
            block.events[i] = self.sampler.events();
        }
        Ok(())
    }
}

/// Records functions of the counts that another sampler gives.
struct Observing {
    inner: Box<dyn BatchSampler>,
    program: Program,
    /// Which species each input of the program is; the last input is the time.
    species: Vec<usize>,
    inputs: Vec<f64>,
    registers: Vec<f64>,
    block: Block,
}

impl Observing {
    /// Observes what `inner` samples of `system`, whose state is of species alone.
    fn new(inner: Box<dyn BatchSampler>, system: &System, observables: &[Observable]) -> Self {
        let expressions: Vec<_> = observables.iter().map(|o| o.expression.clone()).collect();
        let program = system.program(&expressions);
        let of = |variable: &Variable| match variable {
            Variable::Species(s) => Some(s.index()),
            _ => None,
        };
        Observing {
            inner,
            species: system.state().iter().filter_map(of).collect(),
            inputs: vec![0.0; program.input_count()],
            registers: vec![0.0; program.register_count()],
            program,
            block: Block::default(),
        }
    }
}

impl BatchSampler for Observing {
    fn sample(&mut self, task: &BlockTask<'_>, block: &mut Block, progress: &dyn Progress) -> Result<(), Halt> {
        self.inner.sample(task, &mut self.block, progress)?;
        let variables = self.program.output_count();
        block.reset(task, variables);
        block.events.copy_from_slice(&self.block.events);
        block.absorbed.copy_from_slice(&self.block.absorbed);
        let rows = self.block.values.chunks_exact(self.block.variables.max(1));
        for ((counts, time), out) in
            rows.zip(task.times.iter().cycle()).zip(block.values.chunks_exact_mut(variables.max(1)))
        {
            for (input, &s) in self.inputs.iter_mut().zip(&self.species) {
                *input = counts[s];
            }
            if let Some(last) = self.inputs.last_mut() {
                *last = *time;
            }
            self.program.evaluate(&self.inputs, &mut self.registers, out);
        }
        Ok(())
    }

    fn is_whole(&self) -> bool {
        false
    }

    fn lanes(&self) -> usize {
        self.inner.lanes()
    }
}
