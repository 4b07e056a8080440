//! What can be wrong with a network that is to be bound to numbers.

/// Why a network could not be bound to numbers, or a propensity not be computed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum KineticsError {
    /// A value to be changed names nothing in the network.
    #[error("there is no {kind} `{name}`; the network has {}", if known.is_empty() { "none".into() } else { known.join(", ") })]
    Unknown {
        /// `parameter`, `species` or `compartment`.
        kind: &'static str,
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// A rate constant that is negative or not a number.
    #[error("the rate constant of reaction `{reaction}` is {value}; it must be a finite number >= 0")]
    BadConstant {
        /// Name of the reaction.
        reaction: String,
        /// The value found.
        value: f64,
    },
    /// The constant of a mass-action reaction is not constant.
    #[error(
        "the mass-action constant of reaction `{reaction}` depends on `{on}`; \
         write `rate(...)` for a rate in concentrations or `propensity(...)` for one in counts"
    )]
    NotConstant {
        /// Name of the reaction.
        reaction: String,
        /// The species, or `time`.
        on: String,
    },
    /// A parameter, size or initial amount depends on species or time.
    #[error("{what} depends on `{on}`; it may depend on parameters and compartments only")]
    NotFixed {
        /// Which value, in words.
        what: String,
        /// The species, or `time`.
        on: String,
    },
    /// A parameter, size or initial amount out of its range.
    #[error("{what} is {value}; {expected}")]
    BadValue {
        /// Which value, in words.
        what: String,
        /// The value found.
        value: f64,
        /// What it must be.
        expected: &'static str,
    },
    /// Values that are defined by each other.
    #[error("`{name}` is defined by itself, through {}", through.join(" -> "))]
    Cycle {
        /// A parameter or compartment on the cycle.
        name: String,
        /// The cycle.
        through: Vec<String>,
    },
    /// Two things of a kind have the same name.
    #[error("there are two {kind} of the name `{name}`; names must be unique")]
    Duplicate {
        /// `species`, `parameters`, `reactions` or `compartments`.
        kind: &'static str,
        /// The name.
        name: String,
    },
    /// A reaction or expression refers to something the network does not have.
    #[error("{what} refers to {kind} number {index}, of {available}")]
    OutOfRange {
        /// Who refers to it, in words.
        what: String,
        /// `species`, `parameter` or `compartment`.
        kind: &'static str,
        /// The position.
        index: usize,
        /// How many there are.
        available: usize,
    },
    /// A propensity that is negative or not a finite number.
    #[error(
        "the propensity of reaction `{reaction}` is {value} at time {time} with {}; it must be a finite number >= 0",
        counts.iter().map(|(name, n)| format!("{name} = {n}")).collect::<Vec<_>>().join(", ")
    )]
    BadPropensity {
        /// Name of the reaction.
        reaction: String,
        /// The value found.
        value: f64,
        /// The time.
        time: f64,
        /// The counts of the species on which it depends.
        counts: Vec<(String, f64)>,
    },
    /// An initial count that is not a whole number.
    #[error(
        "`{species}` starts with {value} molecules; a count must be a whole number (give a concentration to have it rounded)"
    )]
    FractionalCount {
        /// Name of the species.
        species: String,
        /// The value found.
        value: f64,
    },
    /// An initial count too large to be counted exactly.
    #[error(
        "`{species}` starts with {value:e} molecules; more than 2^52 cannot be counted one by one, use the mass-action equations"
    )]
    HugeCount {
        /// Name of the species.
        species: String,
        /// The value found.
        value: f64,
    },
    /// A quantity to be changed is computed by a rule.
    #[error("`{name}` is computed by an assignment rule, so that it cannot be set; change what the rule reads")]
    SetByRule {
        /// The quantity.
        name: String,
    },
    /// Two rules, or a rule and an event, or a rule and a reaction, that would change the same quantity.
    #[error("`{name}` has an assignment or rate rule and is also changed by {other}")]
    Overdetermined {
        /// The quantity.
        name: String,
        /// What else changes it, in words.
        other: String,
    },
    /// Something that this way to bind a network does not do.
    #[error(
        "{what} cannot be had by rate laws alone; simulate with the method `hybrid` (stochastic) or by the equations of \
         the whole system (`--method ode`)"
    )]
    NeedsSystem {
        /// Which part of the network, in words.
        what: String,
    },
    /// A name that stands for nothing that has a value.
    #[error("there is no species, parameter, compartment or reaction `{name}`")]
    UnknownQuantity {
        /// What was asked for.
        name: String,
    },
    /// A name that stands for several things.
    #[error("`{name}` is the name of both {} ", kinds.join(" and "))]
    AmbiguousQuantity {
        /// What was asked for.
        name: String,
        /// What has this name.
        kinds: Vec<&'static str>,
    },
}
