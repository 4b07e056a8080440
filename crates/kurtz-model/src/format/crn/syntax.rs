//! What a `.crn` text says, names still names: the step between tokens and a [`crate::Network`].

use super::lexer::Span;
use crate::expression::{BinaryOperator, Function, UnaryOperator};
use crate::network::RuleKind;
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
    /// A name as written, quotes included.
    Name(String),
    /// `[A]`, the concentration of a species; the name as written.
    Concentration(String),
    Unary(UnaryOperator, Box<Node>),
    Binary(BinaryOperator, Box<Node>, Box<Node>),
    Call(Function, Vec<Node>),
    Piecewise(Vec<(Node, Node)>, Box<Node>),
}

impl Node {
    /// The nodes directly below.
    pub fn children(&self) -> Vec<&Node> {
        match &self.kind {
            NodeKind::Number(_) | NodeKind::Name(_) | NodeKind::Concentration(_) => Vec::new(),
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
    /// `= amount(x)`: need not be a whole number.
    Amount,
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
    /// `None` if a rule gives it.
    pub value: Option<ValueText>,
}

/// `volume 1e-14 L in fL` (no name) or `compartment ER = 1.85e-15 L`.
#[derive(Clone, Debug)]
pub(super) struct CompartmentText {
    pub name: Option<Name>,
    pub span: Span,
    /// `None` if a rule gives it.
    pub size: Option<ValueText>,
    pub network_unit: Option<UnitText>,
}

/// `2 A`, `0.5 A`, `n A` or `(2*n) A` on one side of a reaction.
#[derive(Clone, Debug)]
pub(super) struct Term {
    pub species: Name,
    pub count: Coefficient,
    pub span: Span,
}

/// How many molecules of a species.
#[derive(Clone, Debug)]
pub(super) enum Coefficient {
    /// As many, always.
    Whole(u64),
    /// A parameter, as many as it says.
    Named(Name),
    /// A fraction, or something in brackets that can change.
    Yield(Node),
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

/// `A := x` or `dA/dt = x`.
#[derive(Clone, Debug)]
pub(super) struct RuleText {
    pub variable: Name,
    pub kind: RuleKind,
    pub value: ValueText,
    pub span: Span,
}

/// `name: when trigger, after delay: A = x, B = y`.
#[derive(Clone, Debug)]
pub(super) struct EventText {
    pub name: Option<Name>,
    pub span: Span,
    pub trigger: Node,
    pub initially_true: bool,
    pub persistent: bool,
    pub values_from_trigger_time: bool,
    pub delay: Option<ValueText>,
    pub priority: Option<ValueText>,
    pub assignments: Vec<(Name, ValueText)>,
}

/// A whole text, in order of appearance within each list.
#[derive(Debug, Default)]
pub(super) struct ModelText {
    pub title: Option<(String, Span)>,
    pub time: Option<UnitText>,
    pub amount: Option<UnitText>,
    pub convention: Option<(MassActionConvention, Span)>,
    pub compartments: Vec<CompartmentText>,
    pub species: Vec<SpeciesText>,
    pub parameters: Vec<ParameterText>,
    pub reactions: Vec<ReactionText>,
    pub rules: Vec<RuleText>,
    pub events: Vec<EventText>,
}

impl ModelText {
    /// Whether there is no statement at all.
    pub fn is_empty(&self) -> bool {
        let header = self.title.is_some() || self.time.is_some() || self.amount.is_some() || self.convention.is_some();
        !header && self.compartments.is_empty() && self.says_nothing()
    }

    /// Whether there is nothing that could be followed in time. Constants can be: other formats have such models.
    pub fn says_nothing(&self) -> bool {
        let named = self.compartments.iter().any(|c| c.name.is_some());
        let changes = self.reactions.len() + self.rules.len() + self.events.len();
        self.species.is_empty() && self.parameters.is_empty() && changes == 0 && !named
    }
}

/// Words that begin a statement.
pub(super) const STATEMENTS: &[&str] =
    &["model", "time", "volume", "amount", "convention", "compartment", "clamped", "species", "parameter", "when"];

/// Words with a meaning elsewhere. `volume` and `time` are names in expressions, but cannot be declared.
const OTHER_WORDS: &[&str] =
    &["in", "rate", "propensity", "concentration", "piecewise", "if", "pi", "nan", "NaN", "inf", "Inf", "infinity"];

/// Whether a word cannot be the name of anything, unless in quotes.
pub(super) fn is_reserved(word: &str) -> bool {
    STATEMENTS.contains(&word) || OTHER_WORDS.contains(&word) || Function::named(word).is_some()
}

/// A name as written without its quotes.
pub(super) fn unquoted(name: &str) -> &str {
    name.strip_prefix('`').and_then(|rest| rest.strip_suffix('`')).unwrap_or(name)
}
