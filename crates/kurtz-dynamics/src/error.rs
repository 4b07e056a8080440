//! What can be wrong with a request; how a computation *ended* is part of its result instead.

/// Why a simulation or computation could not be started.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DynamicsError {
    /// The network's numbers cannot be used.
    #[error(transparent)]
    Kinetics(#[from] kurtz_model::kinetics::KineticsError),
    /// A rate law that depends on time, given to a method that cannot follow it.
    #[error("the rate of reaction `{reaction}` depends on time, which method `{method}` does not simulate exactly")]
    TimeDependent {
        /// The method.
        method: &'static str,
        /// The reaction.
        reaction: String,
    },
    /// A method by a name that no method has.
    #[error("there is no method `{name}`; the methods are {}", known.join(", "))]
    UnknownMethod {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<&'static str>,
    },
    /// A species by a name that the network does not have.
    #[error("there is no species `{name}`; the network has {}", known.join(", "))]
    UnknownSpecies {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// Times that cannot be recorded at.
    #[error("time {index} of the grid is {value}; times must be finite, not before the start, and increase")]
    BadGrid {
        /// Position in the grid.
        index: usize,
        /// The time there.
        value: f64,
    },
    /// A setting out of its range.
    #[error("{setting} is {value}; {expected}")]
    BadSetting {
        /// Name of the setting.
        setting: &'static str,
        /// The value found.
        value: f64,
        /// What it must be.
        expected: &'static str,
    },
    /// An empty grid of times.
    #[error("there are no times; give at least one")]
    NoTimes,
    /// Every species is clamped, or there is none.
    #[error("no species of this network can change")]
    NothingChanges,
    /// A rate law that is no propensity in a state that can be reached.
    #[error("the propensity of reaction `{reaction}` is {value} at {state}; it must be a finite number >= 0")]
    BadPropensity {
        /// The reaction.
        reaction: String,
        /// The state in words.
        state: String,
        /// The value found.
        value: f64,
    },
    /// A reaction that can happen where its reactants are not all there.
    #[error(
        "the propensity of reaction `{reaction}` is {propensity} at {state}, where an event would make a count negative; give it a rate that vanishes there"
    )]
    MissingReactants {
        /// The reaction.
        reaction: String,
        /// The state in words.
        state: String,
        /// The propensity there.
        propensity: f64,
    },
    /// A law of the initial state over other species than those that can change.
    #[error("the initial law is over {}, the network changes {}", found.join(", "), expected.join(", "))]
    InitialSpecies {
        /// Species of the law.
        found: Vec<String>,
        /// Species that can change.
        expected: Vec<String>,
    },
    /// A law of the initial state that is no law over numbers of molecules.
    #[error("the initial law {problem}")]
    InitialLaw {
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A reaction by a name that the network does not have.
    #[error("there is no reaction `{name}`; the network has {}", known.join(", "))]
    UnknownReaction {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// A reaction that is to happen molecule by molecule and changes an amount by no constant whole number.
    #[error(
        "reaction `{reaction}` changes `{species}` by an amount that is no constant whole number, so that it cannot \
         happen molecule by molecule; let it flow (make it continuous)"
    )]
    NotCounted {
        /// The reaction.
        reaction: String,
        /// The species.
        species: String,
    },
    /// Amounts in another unit than molecules, given to a method that counts these.
    #[error("amounts are in {unit}; convert the network to molecules first (`Network::in_molecules`)")]
    NotMolecules {
        /// The unit.
        unit: String,
    },
    /// Currents in fixed steps asked of a network that does more than react.
    #[error(
        "currents in fixed steps are for networks without rules and events, some reactions of which flow at smooth rates \
         while the others are mass action; integrate instead (`treatment = \"integrated\"`)"
    )]
    NoCurrents,
    /// Single events asked of a method that has none.
    #[error("method `{method}` gives states at times, not single events, of this network")]
    NoSingleEvents {
        /// The method.
        method: &'static str,
    },
    /// A recorder of whole numbers for values that are none.
    #[error("joint distributions are counted in whole numbers; what is observed here is not")]
    NotWhole,
    /// A condition that changes with time by itself, to be watched at events alone.
    #[error("the condition reads the time, so that it may come to hold between events; wait for counts alone")]
    TimedCondition,
    /// A derivative that likelihood ratios cannot give.
    #[error("likelihood ratios give no derivative by `{parameter}`: {problem}; use coupled differences")]
    NoLikelihoodRatio {
        /// The parameter.
        parameter: String,
        /// Why not.
        problem: String,
    },
    /// A quantity to be drawn that cannot be.
    #[error("`{name}` cannot be drawn: {problem}")]
    BadDraw {
        /// The quantity.
        name: String,
        /// What is wrong.
        problem: String,
    },
    /// A checkpoint that is none of this ensemble.
    #[error("the checkpoint is damaged or of another ensemble; begin anew with another file")]
    BadCheckpoint,
    /// A linear noise approximation that ends early.
    #[error("the linear noise approximation: {reason}")]
    LinearNoise {
        /// Why.
        reason: String,
    },
    /// Equations that could not be integrated as asked.
    #[error(transparent)]
    Ode(#[from] kurtz_ode::OdeError),
    /// Moment equations that could not be had.
    #[error(transparent)]
    Moments(#[from] crate::moments::MomentsError),
}
