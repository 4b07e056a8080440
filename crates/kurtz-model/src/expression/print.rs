//! Expressions as text.

use super::{BinaryOperator, Expression, Names, UnaryOperator};
use std::fmt;

/// How tightly an expression holds together in text; a looser one inside a tighter one needs parentheses.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Precedence {
    Anything,
    Or,
    And,
    Comparison,
    Operand,
    Sum,
    Term,
    Product,
    Factor,
    Sign,
    Power,
    Whole,
}

impl Precedence {
    /// Of an operator: its own, and the least its left and right operand must have.
    pub(super) fn of(operator: BinaryOperator) -> (Precedence, Precedence, Precedence) {
        use BinaryOperator as B;
        use Precedence as P;
        match operator {
            B::Or => (P::Or, P::Or, P::And),
            B::And => (P::And, P::And, P::Comparison),
            B::Less | B::LessEqual | B::Greater | B::GreaterEqual | B::Equal | B::NotEqual => {
                (P::Comparison, P::Operand, P::Operand)
            }
            B::Add | B::Subtract => (P::Sum, P::Sum, P::Term),
            B::Multiply | B::Divide => (P::Product, P::Product, P::Factor),
            B::Power => (P::Power, P::Whole, P::Power),
        }
    }
}

impl BinaryOperator {
    /// Its sign in the text format.
    pub fn sign(self) -> &'static str {
        match self {
            BinaryOperator::Add => "+",
            BinaryOperator::Subtract => "-",
            BinaryOperator::Multiply => "*",
            BinaryOperator::Divide => "/",
            BinaryOperator::Power => "^",
            BinaryOperator::Less => "<",
            BinaryOperator::LessEqual => "<=",
            BinaryOperator::Greater => ">",
            BinaryOperator::GreaterEqual => ">=",
            BinaryOperator::Equal => "==",
            BinaryOperator::NotEqual => "!=",
            BinaryOperator::And => "&&",
            BinaryOperator::Or => "||",
        }
    }
}

/// Trees of more nodes than this are not written out.
pub(super) const PRINTED_NODES: u64 = 1_000_000;

/// An expression with its names, to be formatted; made by [`Expression::display`].
pub struct Display<'a> {
    expression: &'a Expression,
    names: &'a dyn Names,
}

impl Expression {
    /// The expression as text, with no more parentheses than needed, that the text format reads back to the same tree.
    ///
    /// From loosest to tightest: `||`; `&&`; comparisons, which do not chain; `+` and `-`; `*` and `/`; the signs `-`
    /// and `!`; `^`, which groups to the right, so that `-x^2` is -(x^2) and `a^b^c` is a^(b^c). The others group to the
    /// left. Numbers are the shortest that read back to the same bits. A `-` directly before a number, where no `^`
    /// follows the number, belongs to it: `-2*x` is (-2) x, whereas the negation of 2 is written `-(2)`.
    /// Beyond a million nodes only their number is written.
    pub fn display<'a>(&'a self, names: &'a dyn Names) -> Display<'a> {
        Display { expression: self, names }
    }
}

enum Piece<'a> {
    Text(&'static str),
    Node(&'a Expression, Precedence),
}

impl fmt::Display for Display<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nodes = self.expression.node_count();
        if nodes > PRINTED_NODES {
            return write!(f, "[expression of {nodes} nodes]");
        }
        let mut pieces = vec![Piece::Node(self.expression, Precedence::Anything)];
        while let Some(piece) = pieces.pop() {
            match piece {
                Piece::Text(text) => f.write_str(text)?,
                Piece::Node(node, least) if precedence(node) < least => {
                    f.write_str("(")?;
                    pieces.push(Piece::Text(")"));
                    pieces.push(Piece::Node(node, Precedence::Anything));
                }
                Piece::Node(Expression::Number(x), _) => f.write_str(&shortest(*x))?,
                Piece::Node(Expression::Symbol(s), _) => f.write_str(&self.names.text(*s))?,
                Piece::Node(node, _) => push(node, &mut pieces),
            }
        }
        Ok(())
    }
}

fn precedence(node: &Expression) -> Precedence {
    match node {
        Expression::Number(x) if x.is_sign_negative() => Precedence::Sign,
        Expression::Unary(..) => Precedence::Sign,
        Expression::Binary(operator, ..) => Precedence::of(*operator).0,
        _ => Precedence::Whole,
    }
}

/// Pushes the pieces of a node, the last one first.
fn push<'a>(node: &'a Expression, pieces: &mut Vec<Piece<'a>>) {
    use Piece::{Node, Text};
    match node {
        Expression::Number(_) | Expression::Symbol(_) => pieces.push(Node(node, Precedence::Anything)),
        Expression::Unary(operator, a) => {
            // A number behind a minus sign would swallow it, and two signs in a row are hard to read.
            let bare = matches!(**a, Expression::Number(_)) && *operator == UnaryOperator::Negate;
            if bare {
                pieces.extend([Text(")"), Node(a, Precedence::Anything), Text("(")]);
            } else {
                pieces.push(Node(a, Precedence::Power));
            }
            pieces.push(Text(match operator {
                UnaryOperator::Negate => "-",
                UnaryOperator::Not => "!",
            }));
        }
        Expression::Binary(operator, a, b) => {
            let (_, left, right) = Precedence::of(*operator);
            let spaced = !matches!(operator, BinaryOperator::Multiply | BinaryOperator::Divide | BinaryOperator::Power);
            let space = Text(if spaced { " " } else { "" });
            pieces.push(Node(b, right));
            pieces.push(space);
            pieces.push(Text(operator.sign()));
            pieces.push(Text(if spaced { " " } else { "" }));
            pieces.push(Node(a, left));
        }
        Expression::Call(function, arguments) => {
            pieces.push(Text(")"));
            for (i, argument) in arguments.iter().enumerate().rev() {
                pieces.push(Node(argument, Precedence::Anything));
                pieces.push(Text(if i > 0 { ", " } else { "(" }));
            }
            if arguments.is_empty() {
                pieces.push(Text("("));
            }
            pieces.push(Text(function.name()));
        }
        Expression::Piecewise(cases, otherwise) => {
            pieces.extend([Text(")"), Node(otherwise, Precedence::Anything)]);
            for (value, condition) in cases.iter().rev() {
                pieces.extend([Text(", "), Node(condition, Precedence::Anything), Text(", ")]);
                pieces.push(Node(value, Precedence::Anything));
            }
            pieces.push(Text("piecewise("));
        }
    }
}

/// The shorter of the two shortest texts that read back to this number, with and without exponent; `inf` and `nan` where
/// there is none.
pub(crate) fn shortest(x: f64) -> String {
    if x.is_nan() {
        return "nan".to_string();
    }
    let (plain, scientific) = (format!("{x}"), format!("{x:e}"));
    if scientific.len() < plain.len() { scientific } else { plain }
}
