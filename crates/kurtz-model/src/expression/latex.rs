//! Expressions as LaTeX.

use super::print::{PRINTED_NODES, Precedence, shortest};
use super::{BinaryOperator as B, Expression, Function, Names, UnaryOperator};

impl Expression {
    /// The expression in LaTeX math mode: fractions, powers, roots, cases (package amsmath), names by
    /// [`Names::latex`].
    ///
    /// A product is written by a thin space, by \cdot before a number. Beyond a million nodes only their number is
    /// written.
    pub fn latex(&self, names: &dyn Names) -> String {
        let nodes = self.node_count();
        if nodes > PRINTED_NODES {
            return format!("\\text{{[expression of {nodes} nodes]}}");
        }
        let mut out = String::new();
        let mut pieces = vec![Piece::Node(self, Precedence::Anything)];
        while let Some(piece) = pieces.pop() {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Node(node, least) if precedence(node) < least => {
                    out.push_str("\\left(");
                    pieces.push(Piece::Text("\\right)"));
                    pieces.push(Piece::Node(node, Precedence::Anything));
                }
                Piece::Node(Expression::Number(x), _) => out.push_str(&number(*x)),
                Piece::Node(Expression::Symbol(s), _) => out.push_str(&names.latex(*s)),
                Piece::Node(node, _) => push(node, &mut pieces),
            }
        }
        out
    }
}

enum Piece<'a> {
    Text(&'static str),
    Node(&'a Expression, Precedence),
}

/// Fractions, roots and the like hold together by themselves, so less needs parentheses than in text.
fn precedence(node: &Expression) -> Precedence {
    match node {
        Expression::Number(x) if x.is_sign_negative() => Precedence::Sum,
        Expression::Number(x) if has_exponent(*x) => Precedence::Product,
        // In a sum or before a product a minus sign reads as part of the sum.
        Expression::Unary(UnaryOperator::Negate, _) => Precedence::Sum,
        Expression::Unary(UnaryOperator::Not, _) => Precedence::Sign,
        Expression::Binary(B::Divide, ..) => Precedence::Product,
        Expression::Binary(operator, ..) => Precedence::of(*operator).0,
        // e^x has an exponent already.
        Expression::Call(Function::Exp, _) => Precedence::Power,
        _ => Precedence::Whole,
    }
}

/// Whether the text of a node begins with a digit, so that a product must show its sign before it.
fn begins_with_digit(mut node: &Expression) -> bool {
    loop {
        match node {
            Expression::Number(x) => return !x.is_sign_negative(),
            Expression::Binary(B::Multiply | B::Power, a, _) => node = a,
            _ => return false,
        }
    }
}

fn push<'a>(node: &'a Expression, pieces: &mut Vec<Piece<'a>>) {
    use Piece::{Node, Text};
    let anything = Precedence::Anything;
    match node {
        Expression::Number(_) | Expression::Symbol(_) => pieces.push(Node(node, anything)),
        Expression::Unary(UnaryOperator::Negate, a) => pieces.extend([Node(a, Precedence::Product), Text("-")]),
        Expression::Unary(UnaryOperator::Not, a) => pieces.extend([Node(a, Precedence::Power), Text("\\lnot ")]),
        Expression::Binary(B::Divide, a, b) => {
            pieces.extend([Text("}"), Node(b, anything), Text("}{"), Node(a, anything), Text("\\frac{")]);
        }
        Expression::Binary(B::Power, a, b) => {
            pieces.extend([Text("}"), Node(b, anything), Text("^{"), Node(a, Precedence::Whole)]);
            // A name may carry a subscript and a function its argument; braces keep the exponent at the right place.
            if !matches!(**a, Expression::Symbol(_) | Expression::Number(_)) && precedence(a) == Precedence::Whole {
                let last = pieces.len() - 1;
                pieces.splice(last.., [Text("\\right)"), Node(a, anything), Text("\\left(")]);
            }
        }
        Expression::Binary(operator, a, b) => {
            let (_, left, right) = Precedence::of(*operator);
            // Fractions may stand to the right of a product without parentheses.
            let right = if *operator == B::Multiply && !matches!(**b, Expression::Binary(B::Multiply, ..)) {
                Precedence::Product
            } else {
                right
            };
            pieces.push(Node(b, right));
            pieces.push(Text(match operator {
                B::Multiply if begins_with_digit(b) => " \\cdot ",
                B::Multiply => " \\, ",
                B::LessEqual => " \\le ",
                B::GreaterEqual => " \\ge ",
                B::Equal => " = ",
                B::NotEqual => " \\ne ",
                B::Less => " < ",
                B::Greater => " > ",
                B::And => " \\land ",
                B::Or => " \\lor ",
                B::Subtract => " - ",
                B::Add | B::Divide | B::Power => " + ",
            }));
            pieces.push(Node(a, left));
        }
        Expression::Call(function, arguments) => {
            let (open, close) = match function {
                Function::Exp => ("e^{", "}"),
                Function::Log => ("\\ln\\left(", "\\right)"),
                Function::Log10 => ("\\log_{10}\\left(", "\\right)"),
                Function::Sqrt => ("\\sqrt{", "}"),
                Function::Abs => ("\\left|", "\\right|"),
                Function::Floor => ("\\left\\lfloor ", "\\right\\rfloor "),
                Function::Ceil => ("\\left\\lceil ", "\\right\\rceil "),
                Function::Sin => ("\\sin\\left(", "\\right)"),
                Function::Cos => ("\\cos\\left(", "\\right)"),
                Function::Tan => ("\\tan\\left(", "\\right)"),
                Function::Asin => ("\\arcsin\\left(", "\\right)"),
                Function::Acos => ("\\arccos\\left(", "\\right)"),
                Function::Atan => ("\\arctan\\left(", "\\right)"),
                Function::Sinh => ("\\sinh\\left(", "\\right)"),
                Function::Cosh => ("\\cosh\\left(", "\\right)"),
                Function::Tanh => ("\\tanh\\left(", "\\right)"),
                Function::Asinh => ("\\operatorname{arsinh}\\left(", "\\right)"),
                Function::Acosh => ("\\operatorname{arcosh}\\left(", "\\right)"),
                Function::Atanh => ("\\operatorname{artanh}\\left(", "\\right)"),
                Function::Factorial => ("\\left(", "\\right)!"),
                Function::Min => ("\\min\\left(", "\\right)"),
                Function::Max => ("\\max\\left(", "\\right)"),
            };
            pieces.push(Text(close));
            for (i, argument) in arguments.iter().enumerate().rev() {
                pieces.push(Node(argument, anything));
                if i > 0 {
                    pieces.push(Text(", "));
                }
            }
            pieces.push(Text(open));
        }
        Expression::Piecewise(cases, otherwise) => {
            pieces.extend([Text(" & \\text{otherwise} \\end{cases}"), Node(otherwise, anything)]);
            for (value, condition) in cases.iter().rev() {
                pieces.extend([
                    Text(" \\\\ "),
                    Node(condition, anything),
                    Text(" & \\text{if } "),
                    Node(value, anything),
                ]);
            }
            pieces.push(Text("\\begin{cases} "));
        }
    }
}

fn has_exponent(x: f64) -> bool {
    shortest(x).contains('e')
}

/// A number; 1.5e-7 is 1.5 \cdot 10^{-7}.
fn number(x: f64) -> String {
    if x.is_nan() {
        return "\\mathrm{NaN}".into();
    }
    if x.is_infinite() {
        return if x > 0.0 { "\\infty" } else { "-\\infty" }.into();
    }
    let text = shortest(x);
    match text.split_once('e') {
        Some(("1", exponent)) => format!("10^{{{exponent}}}"),
        Some(("-1", exponent)) => format!("-10^{{{exponent}}}"),
        Some((mantissa, exponent)) => format!("{mantissa} \\cdot 10^{{{exponent}}}"),
        None => text,
    }
}
