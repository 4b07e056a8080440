//! The one expression tree: rate laws, parameter values, and everything derived from them.
//!
//! * build: operators on [`Expression`], [`Expression::powi`], [`Expression::call`], [`Expression::substitute`];
//! * transform: [`Expression::derivative`], [`Expression::simplify`];
//! * show: [`Expression::display`] (the text the `.crn` grammar reads back) and [`Expression::latex`], with [`Names`];
//! * compute: [`Expression::evaluate`], the plain reference, and [`Program`], the flat form for speed.
//!
//! Sub-expressions are shared, so an expression is a directed acyclic graph that can stand for a tree far larger than
//! memory. No method here recurses over it, and each but printing takes time in proportion to the nodes stored
//! ([`Expression::stored_nodes`]), not to the nodes of the tree ([`Expression::node_count`]).

mod build;
mod derivative;
pub(crate) mod graph;
mod latex;
mod names;
pub(crate) mod print;
mod program;
mod simplify;

pub use names::{Names, latex_of_name};
pub use print::Display;
pub use program::{Program, UnboundSymbol};

use crate::network::{CompartmentId, ParameterId, SpeciesId};
use std::sync::Arc;

/// What a name in an expression stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Symbol {
    /// A species: its count or its concentration, as the place where the expression stands says.
    Species(SpeciesId),
    /// A parameter, in the network's own units.
    Parameter(ParameterId),
    /// The size of a compartment, in the network's own units.
    Compartment(CompartmentId),
    /// Time since the start, in the network's own units.
    Time,
}

/// Operators with one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnaryOperator {
    /// Arithmetic negation.
    Negate,
    /// Logical negation: 1 where the operand is 0, else 0.
    Not,
}

/// Operators with two operands. Comparisons and logic give 1 or 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names say it")]
pub enum BinaryOperator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Equal,
    NotEqual,
    And,
    Or,
}

/// Named functions; the text of each is [`Function::name`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(
    missing_docs,
    reason = "the names are those of f64's methods; Log is the natural logarithm, Factorial of numbers that are not \
              whole and >= 0 is not a number"
)]
pub enum Function {
    Exp,
    Log,
    Log10,
    Sqrt,
    Abs,
    Floor,
    Ceil,
    Sin,
    Cos,
    Tan,
    Asin,
    Acos,
    Atan,
    Sinh,
    Cosh,
    Tanh,
    Asinh,
    Acosh,
    Atanh,
    Factorial,
    Min,
    Max,
}

/// An expression over species, parameters, compartment sizes and time.
///
/// Sub-expressions are shared, so a clone is cheap. Two expressions are equal if their trees are; numbers are equal if
/// their values or their bits are.
#[derive(Clone)]
pub enum Expression {
    /// A number.
    Number(f64),
    /// A name.
    Symbol(Symbol),
    /// An operator with one operand.
    Unary(UnaryOperator, Arc<Expression>),
    /// An operator with two operands.
    Binary(BinaryOperator, Arc<Expression>, Arc<Expression>),
    /// A function of its arguments.
    Call(Function, Arc<[Expression]>),
    /// The value of the first piece whose condition holds (pairs value, condition), else the last expression.
    Piecewise(Arc<[(Expression, Expression)]>, Arc<Expression>),
}

impl Expression {
    /// The value, given what each symbol stands for.
    ///
    /// This is the plain reference; [`Program`] gives the same bits, faster.
    pub fn evaluate(&self, value_of: &impl Fn(Symbol) -> f64) -> f64 {
        graph::fold(self, |node, values: &mut [f64]| match node {
            Expression::Number(x) => *x,
            Expression::Symbol(s) => value_of(*s),
            Expression::Unary(operator, _) => operator.apply(values[0]),
            Expression::Binary(operator, ..) => operator.apply(values[0], values[1]),
            Expression::Call(function, _) => function.apply(values),
            Expression::Piecewise(..) => {
                let (pieces, otherwise) = values.as_chunks::<2>();
                pieces.iter().find(|[_, condition]| *condition != 0.0).map_or(otherwise[0], |[value, _]| *value)
            }
        })
    }

    /// Calls `visit` for symbols in reading order; one that occurs several times is visited at least once.
    pub fn for_each_symbol(&self, visit: &mut impl FnMut(Symbol)) {
        graph::visit(self, |node| {
            if let Expression::Symbol(s) = node {
                visit(*s);
            }
        });
    }

    /// Calls `visit` with both sides of each comparison (`<`, `>=`, `==`, ...); a shared one at least once.
    pub fn for_each_comparison(&self, visit: &mut impl FnMut(&Expression, &Expression)) {
        graph::visit(self, |node| {
            if let Expression::Binary(operator, a, b) = node
                && operator.is_comparison()
            {
                visit(a, b);
            }
        });
    }

    /// The symbols that occur, each once, in order of first reading.
    pub fn symbols(&self) -> Vec<Symbol> {
        let mut seen = std::collections::HashSet::new();
        let mut symbols = Vec::new();
        self.for_each_symbol(&mut |s| {
            if seen.insert(s) {
                symbols.push(s);
            }
        });
        symbols
    }

    /// Whether this symbol occurs.
    pub fn depends_on(&self, symbol: Symbol) -> bool {
        let mut found = false;
        self.for_each_symbol(&mut |s| found |= s == symbol);
        found
    }

    /// Whether no symbol occurs.
    pub fn is_constant(&self) -> bool {
        let mut constant = true;
        self.for_each_symbol(&mut |_| constant = false);
        constant
    }

    /// The value of a plain number.
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Expression::Number(x) => Some(*x),
            _ => None,
        }
    }
}

fn truth(claim: bool) -> f64 {
    if claim { 1.0 } else { 0.0 }
}

impl UnaryOperator {
    /// The result of this operator.
    pub fn apply(self, a: f64) -> f64 {
        match self {
            UnaryOperator::Negate => -a,
            UnaryOperator::Not => truth(a == 0.0),
        }
    }
}

impl BinaryOperator {
    /// Whether it compares two numbers.
    pub fn is_comparison(self) -> bool {
        use BinaryOperator::{Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual};
        matches!(self, Less | LessEqual | Greater | GreaterEqual | Equal | NotEqual)
    }

    /// The result of this operator; powers are [`power`]s.
    pub fn apply(self, a: f64, b: f64) -> f64 {
        match self {
            BinaryOperator::Add => a + b,
            BinaryOperator::Subtract => a - b,
            BinaryOperator::Multiply => a * b,
            BinaryOperator::Divide => a / b,
            BinaryOperator::Power => power(a, b),
            BinaryOperator::Less => truth(a < b),
            BinaryOperator::LessEqual => truth(a <= b),
            BinaryOperator::Greater => truth(a > b),
            BinaryOperator::GreaterEqual => truth(a >= b),
            BinaryOperator::Equal => truth(a == b),
            BinaryOperator::NotEqual => truth(a != b),
            BinaryOperator::And => truth(a != 0.0 && b != 0.0),
            BinaryOperator::Or => truth(a != 0.0 || b != 0.0),
        }
    }
}

/// The largest integer exponent that [`power`] computes by multiplications.
pub const MULTIPLIED_POWERS: i32 = 8;

/// `base ^ exponent`.
///
/// For whole exponents of size up to [`MULTIPLIED_POWERS`] it multiplies, x^7 as ((x^2)^2 x^2) x and x^-n as 1 / x^n:
/// up to 7 roundings (relative error below 8e-16) where `powf` makes about one, but the same bits on every machine,
/// which neither `powf` nor `powi` promises. All other exponents go to `powf`.
pub fn power(base: f64, exponent: f64) -> f64 {
    if exponent.abs() <= f64::from(MULTIPLIED_POWERS) && exponent == exponent.trunc() {
        let x = multiplied_power(base, exponent.abs() as u32);
        if exponent < 0.0 { 1.0 / x } else { x }
    } else {
        base.powf(exponent)
    }
}

/// x^n by squaring, in the one order that [`power`] documents.
fn multiplied_power(x: f64, n: u32) -> f64 {
    let square = x * x;
    let fourth = square * square;
    match n {
        0 => 1.0,
        1 => x,
        2 => square,
        3 => square * x,
        4 => fourth,
        5 => fourth * x,
        6 => fourth * square,
        7 => fourth * square * x,
        _ => fourth * fourth,
    }
}

/// n! for whole n >= 0, infinite beyond 170; of any other number, not a number.
fn factorial(n: f64) -> f64 {
    if !(n >= 0.0 && n == n.trunc()) {
        return f64::NAN;
    }
    (2..=n.min(171.0) as u32).map(f64::from).product()
}

/// The smaller of two numbers, not a number if one of them is not; the second if they are equal.
///
/// Unlike `f64::min` it never hides a NaN, and its bits are the same on every machine for zeros of both signs too.
#[inline]
pub fn smaller(a: f64, b: f64) -> f64 {
    if a.is_nan() || a < b { a } else { b }
}

/// The larger of two numbers, with the rules of [`smaller`].
#[inline]
pub fn larger(a: f64, b: f64) -> f64 {
    if a.is_nan() || a > b { a } else { b }
}

impl Function {
    /// Every function.
    pub const ALL: [Function; 22] = [
        Function::Exp,
        Function::Log,
        Function::Log10,
        Function::Sqrt,
        Function::Abs,
        Function::Floor,
        Function::Ceil,
        Function::Sin,
        Function::Cos,
        Function::Tan,
        Function::Asin,
        Function::Acos,
        Function::Atan,
        Function::Sinh,
        Function::Cosh,
        Function::Tanh,
        Function::Asinh,
        Function::Acosh,
        Function::Atanh,
        Function::Factorial,
        Function::Min,
        Function::Max,
    ];

    /// Its name in the text format.
    pub fn name(self) -> &'static str {
        match self {
            Function::Exp => "exp",
            Function::Log => "ln",
            Function::Log10 => "log10",
            Function::Sqrt => "sqrt",
            Function::Abs => "abs",
            Function::Floor => "floor",
            Function::Ceil => "ceil",
            Function::Sin => "sin",
            Function::Cos => "cos",
            Function::Tan => "tan",
            Function::Asin => "asin",
            Function::Acos => "acos",
            Function::Atan => "atan",
            Function::Sinh => "sinh",
            Function::Cosh => "cosh",
            Function::Tanh => "tanh",
            Function::Asinh => "asinh",
            Function::Acosh => "acosh",
            Function::Atanh => "atanh",
            Function::Factorial => "factorial",
            Function::Min => "min",
            Function::Max => "max",
        }
    }

    /// The function of this name.
    pub fn named(name: &str) -> Option<Self> {
        Function::ALL.into_iter().find(|f| f.name() == name)
    }

    /// Whether it takes one or more arguments rather than exactly one.
    pub fn takes_many(self) -> bool {
        matches!(self, Function::Min | Function::Max)
    }

    /// The value of the function; of too few arguments, not a number.
    pub fn apply(self, arguments: &[f64]) -> f64 {
        let Some((&first, rest)) = arguments.split_first() else {
            return f64::NAN;
        };
        match self {
            Function::Min => rest.iter().fold(first, |a, &b| smaller(a, b)),
            Function::Max => rest.iter().fold(first, |a, &b| larger(a, b)),
            _ => self.apply_to_one(first),
        }
    }

    /// The value of the function of one argument.
    fn apply_to_one(self, x: f64) -> f64 {
        match self {
            Function::Exp => x.exp(),
            Function::Log => x.ln(),
            Function::Log10 => x.log10(),
            Function::Sqrt => x.sqrt(),
            Function::Abs => x.abs(),
            Function::Floor => x.floor(),
            Function::Ceil => x.ceil(),
            Function::Sin => x.sin(),
            Function::Cos => x.cos(),
            Function::Tan => x.tan(),
            Function::Asin => x.asin(),
            Function::Acos => x.acos(),
            Function::Atan => x.atan(),
            Function::Sinh => x.sinh(),
            Function::Cosh => x.cosh(),
            Function::Tanh => x.tanh(),
            Function::Asinh => x.asinh(),
            Function::Acosh => x.acosh(),
            Function::Atanh => x.atanh(),
            Function::Factorial => factorial(x),
            Function::Min | Function::Max => x,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
