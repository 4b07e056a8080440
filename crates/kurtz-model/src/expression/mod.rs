//! The one expression tree: rate laws, parameter values, and everything derived from them.

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

/// Named functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are those of f64's methods; Log is the natural logarithm")]
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
    Min,
    Max,
}

/// An expression over species, parameters, compartment sizes and time.
///
/// Sub-expressions are shared, so a clone is cheap.
#[derive(Clone, Debug, PartialEq)]
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
    pub fn evaluate(&self, value_of: &impl Fn(Symbol) -> f64) -> f64 {
        match self {
            Expression::Number(x) => *x,
            Expression::Symbol(s) => value_of(*s),
            Expression::Unary(op, a) => {
                let a = a.evaluate(value_of);
                match op {
                    UnaryOperator::Negate => -a,
                    UnaryOperator::Not => truth(a == 0.0),
                }
            }
            Expression::Binary(op, a, b) => op.apply(a.evaluate(value_of), b.evaluate(value_of)),
            Expression::Call(f, arguments) => match f {
                Function::Min => arguments.iter().map(|a| a.evaluate(value_of)).fold(f64::INFINITY, f64::min),
                Function::Max => arguments.iter().map(|a| a.evaluate(value_of)).fold(f64::NEG_INFINITY, f64::max),
                _ => f.apply(arguments[0].evaluate(value_of)),
            },
            Expression::Piecewise(pieces, otherwise) => {
                let holds = pieces.iter().find(|(_, condition)| condition.evaluate(value_of) != 0.0);
                holds.map_or(otherwise.as_ref(), |(value, _)| value).evaluate(value_of)
            }
        }
    }

    /// Calls `visit` for each symbol, in reading order, repeats included.
    pub fn for_each_symbol(&self, visit: &mut impl FnMut(Symbol)) {
        match self {
            Expression::Number(_) => {}
            Expression::Symbol(s) => visit(*s),
            Expression::Unary(_, a) => a.for_each_symbol(visit),
            Expression::Binary(_, a, b) => {
                a.for_each_symbol(visit);
                b.for_each_symbol(visit);
            }
            Expression::Call(_, arguments) => arguments.iter().for_each(|a| a.for_each_symbol(visit)),
            Expression::Piecewise(pieces, otherwise) => {
                for (value, condition) in pieces.iter() {
                    value.for_each_symbol(visit);
                    condition.for_each_symbol(visit);
                }
                otherwise.for_each_symbol(visit);
            }
        }
    }
}

fn truth(claim: bool) -> f64 {
    if claim { 1.0 } else { 0.0 }
}

impl BinaryOperator {
    /// The result of this operator.
    pub fn apply(self, a: f64, b: f64) -> f64 {
        match self {
            BinaryOperator::Add => a + b,
            BinaryOperator::Subtract => a - b,
            BinaryOperator::Multiply => a * b,
            BinaryOperator::Divide => a / b,
            BinaryOperator::Power => a.powf(b),
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

impl Function {
    /// The value of a function of one argument.
    fn apply(self, x: f64) -> f64 {
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
            Function::Min | Function::Max => x,
        }
    }
}
