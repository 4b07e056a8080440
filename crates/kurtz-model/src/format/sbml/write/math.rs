//! Expressions as MathML.

use super::super::xml::MATHML;
use super::ids::Ids;
use super::xml::Xml;
use crate::expression::print::shortest;
use crate::expression::{BinaryOperator as B, Expression, Function, Symbol, UnaryOperator};

enum Step<'a> {
    Node(&'a Expression),
    Open(&'static str),
    Empty(&'static str),
    Close,
}

/// Writes a `math` element.
pub(super) fn math(xml: &mut Xml, expression: &Expression, ids: &Ids) {
    xml.open("math", &[("xmlns", MATHML)]);
    let mut steps = vec![Step::Node(expression)];
    while let Some(step) = steps.pop() {
        match step {
            Step::Open(name) => xml.open(name, &[]),
            Step::Empty(name) => xml.empty(name, &[]),
            Step::Close => xml.close(),
            Step::Node(Expression::Number(x)) => number(xml, *x),
            Step::Node(Expression::Symbol(symbol)) => name(xml, *symbol, ids),
            Step::Node(node) => {
                let first = steps.len();
                push(node, &mut steps);
                steps[first..].reverse();
            }
        }
    }
    xml.close();
}

fn name(xml: &mut Xml, symbol: Symbol, ids: &Ids) {
    match ids.of(symbol) {
        Some(id) => xml.leaf("ci", &[], id),
        None => {
            let url = "http://www.sbml.org/sbml/symbols/time";
            xml.leaf("csymbol", &[("encoding", "text"), ("definitionURL", url)], "time");
        }
    }
}

fn number(xml: &mut Xml, x: f64) {
    if x.is_nan() {
        return xml.empty("notanumber", &[]);
    }
    if x.is_infinite() {
        if x > 0.0 {
            return xml.empty("infinity", &[]);
        }
        xml.open("apply", &[]);
        xml.empty("minus", &[]);
        xml.empty("infinity", &[]);
        return xml.close();
    }
    let text = shortest(x);
    match text.split_once('e') {
        Some((mantissa, exponent)) => {
            xml.leaf("cn", &[("type", "e-notation")], &format!("{mantissa} <sep/> {exponent}"));
        }
        None if x == x.trunc() && x.abs() < 1e9 => xml.leaf("cn", &[("type", "integer")], &text),
        None => xml.leaf("cn", &[], &text),
    }
}

/// The steps of a node, in order.
fn push<'a>(node: &'a Expression, steps: &mut Vec<Step<'a>>) {
    use Step::{Close, Empty, Node, Open};
    match node {
        Expression::Number(_) | Expression::Symbol(_) => steps.push(Node(node)),
        Expression::Unary(operator, a) => {
            let name = match operator {
                UnaryOperator::Negate => "minus",
                UnaryOperator::Not => "not",
            };
            steps.extend([Open("apply"), Empty(name), Node(a), Close]);
        }
        Expression::Binary(operator, a, b) => {
            steps.extend([Open("apply"), Empty(operator_name(*operator))]);
            // Chains of what groups to the left are written, and read, as one list.
            let mut operands = vec![&**b];
            let mut left = &**a;
            while let Expression::Binary(inner, a, b) = left
                && inner == operator
                && matches!(operator, B::Add | B::Multiply | B::And | B::Or)
            {
                operands.push(b);
                left = a;
            }
            operands.push(left);
            steps.extend(operands.into_iter().rev().map(Node));
            steps.push(Close);
        }
        Expression::Call(function, arguments) => {
            steps.extend([Open("apply"), Empty(function_name(*function))]);
            steps.extend(arguments.iter().map(Node));
            steps.push(Close);
        }
        Expression::Piecewise(pieces, otherwise) => {
            steps.push(Open("piecewise"));
            for (value, condition) in pieces.iter() {
                steps.extend([Open("piece"), Node(value), Node(condition), Close]);
            }
            steps.extend([Open("otherwise"), Node(otherwise), Close, Close]);
        }
    }
}

fn operator_name(operator: B) -> &'static str {
    match operator {
        B::Add => "plus",
        B::Subtract => "minus",
        B::Multiply => "times",
        B::Divide => "divide",
        B::Power => "power",
        B::Less => "lt",
        B::LessEqual => "leq",
        B::Greater => "gt",
        B::GreaterEqual => "geq",
        B::Equal => "eq",
        B::NotEqual => "neq",
        B::And => "and",
        B::Or => "or",
    }
}

fn function_name(function: Function) -> &'static str {
    match function {
        Function::Exp => "exp",
        Function::Log => "ln",
        Function::Log10 => "log",
        Function::Sqrt => "root",
        Function::Abs => "abs",
        Function::Floor => "floor",
        Function::Ceil => "ceiling",
        Function::Sin => "sin",
        Function::Cos => "cos",
        Function::Tan => "tan",
        Function::Asin => "arcsin",
        Function::Acos => "arccos",
        Function::Atan => "arctan",
        Function::Sinh => "sinh",
        Function::Cosh => "cosh",
        Function::Tanh => "tanh",
        Function::Asinh => "arcsinh",
        Function::Acosh => "arccosh",
        Function::Atanh => "arctanh",
        Function::Factorial => "factorial",
        Function::Min => "min",
        Function::Max => "max",
    }
}
