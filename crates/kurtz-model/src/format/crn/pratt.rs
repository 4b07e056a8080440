//! Expressions of the `.crn` format, by precedence climbing (V. R. Pratt, POPL 1973, doi:10.1145/512927.512931).
//!
//! From loose to tight: `||`, `&&`, comparisons (which do not chain), `+ -`, `* /`, the signs `- !`, and `^`, which
//! groups from the right: `-x^2` is `-(x^2)`, `2^-x` is `2^(-x)`, `a^b^c` is `a^(b^c)`.

use super::lexer::{Fault, Kind, Span};
use super::parser::{Abandoned, Parsed, Parser, clipped};
use super::syntax::{Node, NodeKind};
use crate::diagnostic::{Problem, closest};
use crate::expression::{BinaryOperator, Function, UnaryOperator};

/// Brackets, powers and signs nest at most this deep.
pub(super) const DEEPEST: usize = 200;
/// A chain such as a + b + c + ... has at most this many operations, since trees are walked by recursion.
pub(super) const LONGEST: u32 = 1000;

const COMPARISON: u8 = 3;
const SIGN: u8 = 6;
const POWER: u8 = 7;

/// The operator a token stands for and how tightly it binds.
fn operator(kind: &Kind) -> Option<(BinaryOperator, u8)> {
    Some(match kind {
        Kind::Or => (BinaryOperator::Or, 1),
        Kind::And => (BinaryOperator::And, 2),
        Kind::Less => (BinaryOperator::Less, COMPARISON),
        Kind::LessEqual => (BinaryOperator::LessEqual, COMPARISON),
        Kind::Greater => (BinaryOperator::Greater, COMPARISON),
        Kind::GreaterEqual => (BinaryOperator::GreaterEqual, COMPARISON),
        Kind::Same => (BinaryOperator::Equal, COMPARISON),
        Kind::Different => (BinaryOperator::NotEqual, COMPARISON),
        Kind::Plus => (BinaryOperator::Add, 4),
        Kind::Minus => (BinaryOperator::Subtract, 4),
        Kind::Star => (BinaryOperator::Multiply, 5),
        Kind::Slash => (BinaryOperator::Divide, 5),
        Kind::Caret => (BinaryOperator::Power, POWER),
        _ => return None,
    })
}

impl Parser<'_> {
    /// An expression.
    pub fn expression(&mut self) -> Parsed<Node> {
        self.at_least(0)
    }

    /// An expression of operators that bind at least as tightly as `tightness`.
    fn at_least(&mut self, tightness: u8) -> Parsed<Node> {
        self.nesting += 1;
        if self.nesting > DEEPEST {
            let span = self.span();
            return Err(self.fault(Fault::new(Problem::NestedTooDeep { limit: DEEPEST }, span)));
        }
        let mut left = self.operand()?;
        while let Some((operator, binds)) = operator(self.peek()) {
            if binds < tightness {
                break;
            }
            let sign = self.advance();
            self.pass_line_ends();
            // `^` takes a signed power on its right and groups from there; the others group from the left.
            let right = self.at_least(if binds == POWER { SIGN } else { binds + 1 })?;
            let span = left.span.start..right.span.end;
            left = self.node(NodeKind::Binary(operator, Box::new(left), Box::new(right)), span)?;
            if binds == COMPARISON && matches!(self::operator(self.peek()), Some((_, COMPARISON))) {
                let fault = Fault::new(Problem::ChainedComparison, sign.span);
                return Err(self.fault(fault.help("write `a < b && b < c`")));
            }
        }
        self.nesting -= 1;
        Ok(left)
    }

    fn operand(&mut self) -> Parsed<Node> {
        let span = self.span();
        let node = match self.peek().clone() {
            Kind::Number(value) => {
                self.advance();
                self.node(NodeKind::Number(value), span)?
            }
            Kind::Minus => {
                self.advance();
                self.negation(span)?
            }
            Kind::Not => {
                self.advance();
                let inner = self.at_least(SIGN)?;
                let span = span.start..inner.span.end;
                return self.node(NodeKind::Unary(UnaryOperator::Not, Box::new(inner)), span);
            }
            Kind::Open => {
                let opened = self.open()?;
                let inner = self.expression()?;
                self.close(opened, "an operator or `)`")?;
                inner
            }
            Kind::OpenSquare => {
                self.advance();
                let name = self.span();
                let text = self.text(&name).to_string();
                if self.eat(&Kind::Name).is_none() {
                    return Err(self.unexpected("the name of a species"));
                }
                if self.eat(&Kind::CloseSquare).is_none() {
                    return Err(self.unexpected_with("`]`", Some("`[A]` is the concentration of the species `A`")));
                }
                let end = self.previous_end();
                self.node(NodeKind::Concentration(text), span.start..end)?
            }
            Kind::Name => {
                self.advance();
                match self.peek() {
                    Kind::Open => self.call(span)?,
                    _ => {
                        let name = self.text(&span).to_string();
                        self.node(NodeKind::Name(name), span)?
                    }
                }
            }
            _ => return Err(self.unexpected("an expression")),
        };
        let next = self.span();
        if matches!(self.peek(), Kind::Name | Kind::Number(_) | Kind::Open | Kind::OpenSquare)
            && self.text(&next) != "in"
        {
            return Err(self.missing_operator(&node));
        }
        Ok(node)
    }

    /// What follows a minus sign. A number directly after it is a negative number, unless a power follows.
    fn negation(&mut self, span: Span) -> Parsed<Node> {
        if let Kind::Number(value) = *self.peek() {
            let number = self.advance();
            if *self.peek() != Kind::Caret {
                return self.node(NodeKind::Number(-value), span.start..number.span.end);
            }
            let base = self.node(NodeKind::Number(value), number.span)?;
            self.advance();
            self.pass_line_ends();
            let exponent = self.at_least(SIGN)?;
            let whole = base.span.start..exponent.span.end;
            let end = exponent.span.end;
            let power =
                self.node(NodeKind::Binary(BinaryOperator::Power, Box::new(base), Box::new(exponent)), whole)?;
            return self.node(NodeKind::Unary(UnaryOperator::Negate, Box::new(power)), span.start..end);
        }
        let inner = self.at_least(SIGN)?;
        let span = span.start..inner.span.end;
        self.node(NodeKind::Unary(UnaryOperator::Negate, Box::new(inner)), span)
    }

    fn missing_operator(&mut self, left: &Node) -> Abandoned {
        let next = self.span();
        let left_text = clipped(self.text(&left.span));
        let right_text = clipped(self.text(&next));
        let help = match (&left.kind, self.peek()) {
            (NodeKind::Number(_), Kind::Name) if !matches!(right_text.as_str(), "after" | "priority") => {
                format!("to multiply write `{left_text}*{right_text}`; units follow only numbers that are whole values")
            }
            (_, Kind::Name) if matches!(right_text.as_str(), "after" | "priority") => {
                format!("a comma stands before `{right_text}`")
            }
            (_, Kind::Open) => format!("to multiply write `{left_text}*(...)`"),
            _ => format!("to multiply write `{left_text}*{right_text}`"),
        };
        self.unexpected_with("an operator", Some(&help))
    }

    /// A function, whose name has been read.
    fn call(&mut self, name: Span) -> Parsed<Node> {
        let word = self.text(&name).to_string();
        let function = Function::named(&word);
        if function.is_none() && word != "piecewise" && word != "if" {
            let known = Function::ALL.into_iter().map(Function::name).chain(["piecewise", "if"]);
            let help = match word.as_str() {
                "log" => "`ln` is the natural logarithm, `log10` the decimal one".to_string(),
                "pow" => "a power is written `x^y`".to_string(),
                "rate" | "propensity" => format!("`{word}(...)` holds a whole rate: `@ {word}(...)`"),
                "concentration" => "`concentration(...)` holds a whole initial amount".to_string(),
                _ => match closest(&word, known) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("to multiply write `{word}*(...)`"),
                },
            };
            return Err(self.fault(Fault::new(Problem::UnknownFunction { name: clipped(&word) }, name).help(help)));
        }
        let opened = self.open()?;
        let mut arguments = Vec::new();
        if *self.peek() != Kind::Close {
            loop {
                arguments.push(self.expression()?);
                if self.eat(&Kind::Comma).is_none() {
                    break;
                }
            }
        }
        self.close(opened, "an operator, `,` or `)`")?;
        let end = self.previous_end();
        let span = name.start..end;
        let found = arguments.len();
        let expected = match (word.as_str(), function) {
            ("piecewise", _) => (found % 2 == 0 || found < 3).then_some(
                "values and conditions in turn and a last value: `piecewise(value, condition, ..., otherwise)`",
            ),
            ("if", _) => (found != 3).then_some("a condition and two values: `if(condition, value, otherwise)`"),
            (_, Some(Function::Min | Function::Max)) => (found == 0).then_some("at least one argument"),
            _ => (found != 1).then_some("one argument"),
        };
        if let Some(expected) = expected {
            return Err(self.fault(Fault::new(Problem::ArgumentCount { function: word, expected, found }, span)));
        }
        let kind = match function {
            Some(function) => NodeKind::Call(function, arguments),
            None => {
                let mut rest = arguments.into_iter();
                let mut take = || rest.next().ok_or(Abandoned);
                if word == "if" {
                    let (condition, value, otherwise) = (take()?, take()?, take()?);
                    NodeKind::Piecewise(vec![(value, condition)], Box::new(otherwise))
                } else {
                    let pieces = (0..found / 2).map(|_| Ok((take()?, take()?))).collect::<Parsed<Vec<_>>>()?;
                    NodeKind::Piecewise(pieces, Box::new(take()?))
                }
            }
        };
        self.node(kind, span)
    }

    fn node(&mut self, kind: NodeKind, span: Span) -> Parsed<Node> {
        let mut node = Node { kind, span, depth: 0 };
        node.depth = node.children().iter().map(|n| n.depth).max().map_or(0, |d| d + 1);
        if node.depth > LONGEST {
            let span = node.span.clone();
            let fault = Fault::new(Problem::ExpressionTooLong { limit: LONGEST }, span);
            return Err(self.fault(fault.help("give parts of it names by `parameter`, or use brackets")));
        }
        Ok(node)
    }
}
