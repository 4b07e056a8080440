//! What can be wrong with an SBML file beyond what can be wrong with any model.

/// What is wrong with an SBML file, or not supported; `what` names an element, as in ``rule for `S1` ``.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the message of each variant says what its fields are")]
pub enum SbmlProblem {
    // The file.
    #[error("this XML cannot be read: {reason}")]
    Unreadable { reason: String },
    #[error("a document type declaration (DTD) is refused: entities can make a small file huge")]
    DocumentType,
    #[error("elements are nested more than {limit} deep")]
    NestedTooDeep { limit: usize },
    #[error("this is not SBML: the outermost element is `{name}`, not `sbml`")]
    NotSbml { name: String },
    #[error("`{uri}` is not the namespace of an SBML level and version that can be read")]
    UnknownNamespace { uri: String },
    #[error("the namespace is that of Level {expected}, but {attribute} is `{found}`")]
    LevelMismatch { expected: String, attribute: &'static str, found: String },
    #[error("the file has no model")]
    NoModel,
    #[error("the file has more than one model")]
    SeveralModels,
    #[error("`{name}` is no element of SBML here")]
    UnknownElement { name: String },

    #[error("{what} has more than one `{name}`")]
    Twice { what: String, name: String },

    // Attributes and names.
    #[error("{what}: `{attribute}` is no attribute that SBML has here")]
    UnknownAttribute { what: String, attribute: String },
    #[error("{what} has no attribute `{attribute}`")]
    MissingAttribute { what: String, attribute: &'static str },
    #[error("{what}: {attribute}=\"{text}\" is not {expected}")]
    BadAttribute { what: String, attribute: &'static str, text: String, expected: &'static str },
    #[error("the id `{id}` is taken by the {first} in line {line}")]
    DuplicateId { id: String, first: &'static str, line: usize },
    #[error("{what} has both an initial amount and an initial concentration")]
    TwoInitialValues { what: String },
    #[error("{what}: there is no {expected} `{id}`")]
    Dangling { what: String, expected: &'static str, id: String },

    // What is not supported.
    #[error("{feature} are not supported: {what}")]
    Unsupported { feature: &'static str, what: String },
    #[error("the SBML package `{package}` is not supported{}", if what.is_empty() { String::new() } else { format!(": {what}") })]
    Package { package: String, what: String },

    // Mathematics.
    #[error("{what}: {reason}")]
    Math { what: String, reason: String },
    #[error("{what}: `{name}` is no MathML that SBML allows")]
    UnknownMath { what: String, name: String },
    #[error("{what}: `{operator}` takes {expected}, not {found}")]
    Arguments { what: String, operator: String, expected: String, found: usize },
    #[error(
        "the mathematics of this model has more than {limit} parts once its functions are expanded; reached in {what}"
    )]
    TooLarge { what: String, limit: usize },
    #[error("{what} needs those of more than {limit} others, one for the other")]
    RatesTooDeep { what: String, limit: usize },
    #[error("{what} depends on itself, through {}", through.join(" -> "))]
    Cycle { what: String, through: Vec<String> },

    // What may change.
    #[error("{what}: `{id}` is constant")]
    Constant { what: String, id: String },
    #[error("{what}: `{id}` already has {other} in line {line}")]
    TwoLaws { what: String, id: String, other: &'static str, line: usize },
    #[error("{what}: species `{id}` has a rule and is changed by reactions too; only a boundary species may have both")]
    RuleAndReaction { what: String, id: String },
    #[error("{what}: a stoichiometry of {value:e}; the limit is {limit}")]
    HugeStoichiometry { what: String, value: f64, limit: u32 },
    #[error("compartment `{id}` has size 0, but concentrations in it are needed")]
    EmptyCompartment { id: String },
    #[error("{what} sets a concentration in compartment `{id}`, whose size depends on such concentrations by a rule")]
    CircularConcentration { what: String, id: String },

    // Warnings.
    #[error("constraint is not checked{}", if message.is_empty() { String::new() } else { format!(": {message}") })]
    Constraint { message: String },
    #[error("compartment `{id}` has no size; it is taken as 1")]
    NoSize { id: String },
    #[error("{what} has no kinetic law; it does not happen")]
    NoLaw { what: String },
    #[error("the unit `{unit}` cannot be expressed; {what} stays without unit")]
    Unit { unit: String, what: &'static str },
    #[error("{what} has no stoichiometry; it is taken as 1")]
    NoStoichiometry { what: String },
}
