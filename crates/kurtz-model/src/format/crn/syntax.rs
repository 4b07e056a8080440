//! What a `.crn` text says, names still names: the step between tokens and a [`crate::Network`].

use super::lexer::Span;
use crate::expression::{BinaryOperator, Function, UnaryOperator};
use crate::rate_law::MassActionConvention;
use crate::units::Unit;

/// A word with its place.
#[derive(Clone, Debug)]
pub(super) struct Name {
    pub text: String,
    pub span: Span,
}

/// An expression with its places.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub kind: NodeKind,
    pub span: Span,
    /// Longest way down to a leaf, so that nothing that walks the tree can exhaust the stack.
    pub depth: u32,
}

#[derive(Clone, Debug)]
pub(super) enum NodeKind {
    Number(f64),
    Name(String),
    Unary(UnaryOperator, Box<Node>),
    Binary(BinaryOperator, Box<Node>, Box<Node>),
    Call(Function, Vec<Node>),
    Piecewise(Vec<(Node, Node)>, Box<Node>),
}

impl Node {
    /// The nodes directly below.
    pub fn children(&self) -> Vec<&Node> {
        match &self.kind {
            NodeKind::Number(_) | NodeKind::Name(_) => Vec::new(),
            NodeKind::Unary(_, a) => vec![a],
            NodeKind::Binary(_, a, b) => vec![a, b],
            NodeKind::Call(_, arguments) => arguments.iter().collect(),
            NodeKind::Piecewise(pieces, otherwise) => {
                pieces.iter().flat_map(|(value, condition)| [value, condition]).chain([otherwise.as_ref()]).collect()
            }
        }
    }
}

/// A unit with its place; unspecified if none was written.
#[derive(Clone, Debug)]
pub(super) struct UnitText {
    pub unit: Unit,
    pub span: Span,
}

/// What is right of an equals sign, or of `@`.
#[derive(Clone, Debug)]
pub(super) enum ValueText {
    Quantity { value: f64, unit: UnitText, span: Span },
    Expression(Node),
}

impl ValueText {
    pub fn span(&self) -> Span {
        match self {
            ValueText::Quantity { span, .. } => span.clone(),
            ValueText::Expression(node) => node.span.clone(),
        }
    }
}

/// How an initial amount was marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum InitialForm {
    /// `= 10`, `= 0.25 uM`: the unit decides.
    Plain,
    /// `= concentration(x)`
    Concentration,
}

#[derive(Clone, Debug)]
pub(super) struct SpeciesText {
    pub name: Name,
    pub compartment: Option<Name>,
    pub initial: Option<(InitialForm, ValueText)>,
    pub clamped: bool,
}

#[derive(Clone, Debug)]
pub(super) struct ParameterText {
    pub name: Name,
    pub value: ValueText,
}

/// `volume 1e-14 L in fL` (no name) or `compartment ER = 1.85e-15 L`.
#[derive(Clone, Debug)]
pub(super) struct CompartmentText {
    pub name: Option<Name>,
    pub span: Span,
    pub size: ValueText,
    pub network_unit: Option<UnitText>,
}

/// `2 A` on one side of a reaction.
#[derive(Clone, Debug)]
pub(super) struct Term {
    pub species: Name,
    pub count: u64,
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RateForm {
    MassAction,
    Rate,
    Propensity,
}

#[derive(Clone, Debug)]
pub(super) struct RateText {
    pub form: RateForm,
    pub value: ValueText,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub(super) struct ReactionText {
    pub name: Option<Name>,
    pub backward_name: Option<Name>,
    pub span: Span,
    pub left: Vec<Term>,
    pub right: Vec<Term>,
    pub forward: RateText,
    pub backward: Option<RateText>,
}

/// A whole text, in order of appearance within each list.
#[derive(Debug, Default)]
pub(super) struct ModelText {
    pub title: Option<(String, Span)>,
    pub time: Option<UnitText>,
    pub convention: Option<(MassActionConvention, Span)>,
    pub compartments: Vec<CompartmentText>,
    pub species: Vec<SpeciesText>,
    pub parameters: Vec<ParameterText>,
    pub reactions: Vec<ReactionText>,
}

impl ModelText {
    /// Whether there is no statement at all.
    pub fn is_empty(&self) -> bool {
        let lists = self.compartments.len() + self.species.len() + self.parameters.len() + self.reactions.len();
        lists == 0 && self.title.is_none() && self.time.is_none() && self.convention.is_none()
    }
}

/// Words that begin a statement.
pub(super) const STATEMENTS: &[&str] =
    &["model", "time", "volume", "convention", "compartment", "clamped", "species", "parameter"];

/// Words with a meaning elsewhere. `volume` and `time` are names in expressions, but cannot be declared.
const OTHER_WORDS: &[&str] =
    &["in", "rate", "propensity", "concentration", "piecewise", "if", "pi", "nan", "NaN", "inf", "Inf", "infinity"];

/// Whether a word cannot be the name of anything.
pub(super) fn is_reserved(word: &str) -> bool {
    STATEMENTS.contains(&word) || OTHER_WORDS.contains(&word) || Function::named(word).is_some()
}
