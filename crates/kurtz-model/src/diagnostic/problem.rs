//! Everything that can be wrong with the text of a model.

use crate::format::sbml::SbmlProblem;
use crate::units::{Dimension, UnitError};
use std::fmt;

/// What a name in a model can stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names say it")]
pub enum NameKind {
    Species,
    Parameter,
    Compartment,
    Reaction,
    Event,
}

impl fmt::Display for NameKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NameKind::Species => "species",
            NameKind::Parameter => "parameter",
            NameKind::Compartment => "compartment",
            NameKind::Reaction => "reaction",
            NameKind::Event => "event",
        })
    }
}

/// Which half of a reversible reaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Direction {
    Forward,
    Backward,
}

/// What is wrong with a model.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the message of each variant says what its fields are")]
pub enum Problem {
    // The file.
    #[error("cannot read {file}: {reason}")]
    Unreadable { file: String, reason: String },
    #[error("{file} is empty")]
    EmptyFile { file: String },
    #[error("{file} is UTF-16 text; a model is UTF-8")]
    Utf16 { file: String },
    #[error("{file} is not UTF-8 text: byte {offset} cannot be read")]
    NotUtf8 { file: String, offset: usize },
    #[error("{file} is not a text: it contains a NUL byte")]
    NulByte { file: String },
    #[error("this is XML, not a `.crn` model")]
    Xml,
    #[error("this file has {megabytes} MB; a model may have {limit} MB")]
    HugeFile { megabytes: usize, limit: usize },

    #[error("left out, since only rules or events change it and no rate reads it: {}", names.join(", "))]
    LeftOut { names: Vec<String> },

    // Its letters and words.
    #[error("`{text}` cannot stand here")]
    StrayCharacters { text: String },
    #[error("this text has no closing quote")]
    UnterminatedText,
    #[error("expected {expected}, found {found}")]
    Unexpected { expected: String, found: String },
    #[error("this bracket is never closed")]
    UnclosedBracket,
    #[error("`{arrow}` is not an arrow of this format")]
    WrongArrow { arrow: String },
    #[error("brackets, powers and signs are nested more than {limit} deep")]
    NestedTooDeep { limit: usize },
    #[error("this expression is a chain of more than {limit} operations")]
    ExpressionTooLong { limit: u32 },
    #[error("comparisons do not chain")]
    ChainedComparison,
    #[error("{text} is too large a number")]
    NumberTooLarge { text: String },
    #[error("`{name}` is not a number; infinite and missing values are written `inf` and `nan`")]
    NotFinite { name: String },
    #[error("there is no statement `{word}`")]
    UnknownStatement { word: String },
    #[error("there is no mass-action convention `{word}`")]
    UnknownConvention { word: String },
    #[error("a second `{statement}` line; the first is line {line}")]
    Repeated { statement: &'static str, line: usize },

    // Names.
    #[error("{kind} `{name}` is not declared")]
    Undeclared { kind: NameKind, name: String },
    #[error("`{name}` is not declared")]
    UnknownName { name: String },
    #[error("there is no function `{name}`")]
    UnknownFunction { name: String },
    #[error("`{name}` is a word of the format and cannot be a name")]
    Reserved { name: String },
    #[error("{kind} `{name}` is declared twice; first in line {line}")]
    Duplicate { kind: NameKind, name: String, line: usize },
    #[error("`{name}` is a {kind} here, and a {other} in line {line}")]
    UsedForTwoThings { name: String, kind: NameKind, other: NameKind, line: usize },
    #[error("`{name}` is a {found}; {expected} is needed here")]
    WrongKind { name: String, found: NameKind, expected: &'static str },
    #[error("`{function}` takes {expected}, not {found}")]
    ArgumentCount { function: String, expected: &'static str, found: usize },
    #[error("{kind} `{name}` is defined by itself, through {}", through.join(" -> "))]
    Cycle { kind: NameKind, name: String, through: Vec<String> },
    #[error("{kind} `{name}` is defined through a chain of more than {limit} others")]
    ChainTooLong { kind: NameKind, name: String, limit: usize },
    #[error("the model has no species")]
    NoSpecies,
    #[error("species `{name}` is in no compartment")]
    NoCompartment { name: String },

    // Reactions.
    #[error("this reaction has no rate")]
    MissingRate,
    #[error("this reversible reaction has one rate; it needs two")]
    MissingBackwardRate,
    #[error("this reaction goes one way and has two rates")]
    TwoRates,
    #[error("{text} is not a number of molecules in a reaction")]
    BadStoichiometry { text: String },
    #[error("reaction `{reaction}` takes or makes {count} molecules of `{species}`; the limit is {limit}")]
    HugeStoichiometry { reaction: String, species: String, count: u64, limit: u32 },
    #[error("the constant of mass action cannot depend on {on}")]
    ConstantDepends { on: String },
    #[error("`0` stands alone: it is the empty side of a reaction")]
    EmptySideInSum,

    #[error("a fraction of `{name}` is no reactant of mass action")]
    FractionalOrder { name: String },

    // Rules and events.
    #[error("a second rule for `{name}`; the first is in line {line}")]
    TwoRules { name: String, line: usize },
    #[error("species `{name}` cannot have a rule, since reactions change it")]
    RuleOfReactant { name: String },
    #[error("`{name}` cannot be set by an event: the rule in line {line} says what it is")]
    SetDespiteRule { name: String, line: usize },
    #[error("`{name}` is set twice by this event")]
    SetTwice { name: String },

    // Values.
    #[error("parameter `{name}` has no value")]
    MissingValue { name: String },
    #[error("{what} is {value}; it must be a finite number")]
    ValueNotFinite { what: String, value: f64 },
    #[error("{what} is {value}; it cannot be negative")]
    Negative { what: String, value: f64 },
    #[error("{what} is {value}; it must be larger than 0")]
    NotPositive { what: String, value: f64 },
    #[error("{what} is {value}; a count is a whole number")]
    FractionalCount { what: String, value: f64 },
    #[error("{what} is {value}; counts above 2^53 cannot be told apart")]
    HugeCount { what: String, value: f64 },

    // Units.
    #[error("{0}")]
    Unit(UnitError),
    #[error("a unit may follow only a plain number that is a whole value")]
    UnitInExpression,
    #[error("{what} has the dimension {found}; expected {expected}")]
    WrongDimension { what: String, found: Dimension, expected: Dimension },
    #[error("{left} and {right} cannot be {operation}")]
    Mismatch { left: Dimension, right: Dimension, operation: &'static str },
    #[error("`{unit}` contains {what}, but the model does not say its unit of {what}")]
    NoReferenceUnit { unit: String, what: &'static str },
    #[error("the unit of volume is `{first}` in line {line}")]
    TwoVolumeUnits { first: String, line: usize },

    // SBML.
    #[error("{0}")]
    Sbml(SbmlProblem),

    // Networks put together by hand.
    #[error("{what} refers to {kind} number {index}, of which there are {count}")]
    Dangling { what: String, kind: NameKind, index: usize, count: usize },
    #[error("{what} cannot be written in the text format")]
    NotRepresentable { what: String },

    // Warnings.
    #[error("parameter `{name}` is never used")]
    UnusedParameter { name: String },
    #[error("species `{name}` occurs in no reaction")]
    UnusedSpecies { name: String },
    #[error("reaction `{name}` changes nothing")]
    NoChange { name: String },
    #[error("the model has no reaction")]
    NoReactions,
}

impl From<SbmlProblem> for Problem {
    fn from(problem: SbmlProblem) -> Self {
        Problem::Sbml(problem)
    }
}
