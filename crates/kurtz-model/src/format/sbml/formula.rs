//! The formulas of Level 1, written as text: `k*S1/(Km + S1)`.
//!
//! From tight to loose: calls and brackets, the minus sign, `^`, `*` and `/`, `+` and `-`, all from the left (Level 1
//! Version 2, table 6), so that `-a^b` is `(-a)^b` and `a^b^c` is `(a^b)^c`.

use super::graph::Id;
use super::mathml::{MathReader, Scope};
use super::problem::SbmlProblem;
use super::xml::Finding;
use crate::expression::{BinaryOperator as B, UnaryOperator as U};

/// What the text is made of.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Token<'a> {
    Number(f64),
    Name(&'a str),
    Sign(char),
}

/// What waits for its operands.
enum Pending<'a> {
    Bracket,
    /// A function, and how many values there were before its arguments.
    Call(&'a str, usize),
    Negate,
    Binary(B),
}

impl Pending<'_> {
    /// How tightly it binds; what is open binds nothing.
    fn strength(&self) -> u32 {
        match self {
            Pending::Bracket | Pending::Call(..) => 0,
            Pending::Binary(B::Add | B::Subtract) => 1,
            Pending::Binary(B::Multiply | B::Divide) => 2,
            Pending::Binary(_) => 3,
            Pending::Negate => 4,
        }
    }
}

/// A formula that is read.
struct Formula<'a, 'r, 'g> {
    reader: &'r mut MathReader<'g>,
    what: &'a str,
    at: usize,
    values: Vec<Id>,
    pending: Vec<Pending<'a>>,
}

/// Reads a formula of the element that begins `at`, for `what`.
pub(super) fn read<'a>(
    reader: &mut MathReader,
    text: &'a str,
    scope: &Scope,
    what: &'a str,
    at: usize,
) -> Result<Id, Finding> {
    let tokens = tokens(text).map_err(|rest| {
        let found: String = rest.chars().take(12).collect();
        fault(what, at, format!("`{found}` cannot be read in its formula"))
    })?;
    let mut formula = Formula { reader, what, at, values: Vec::new(), pending: Vec::new() };
    formula.read(&tokens, scope)
}

fn fault(what: &str, at: usize, reason: String) -> Finding {
    Finding::new(SbmlProblem::Math { what: what.into(), reason }, at)
}

impl<'a> Formula<'a, '_, '_> {
    fn fault(&self, reason: impl Into<String>) -> Finding {
        fault(self.what, self.at, reason.into())
    }

    fn read(&mut self, tokens: &[Token<'a>], scope: &Scope) -> Result<Id, Finding> {
        let mut operand_next = true;
        let mut i = 0;
        while let Some(&token) = tokens.get(i) {
            i += 1;
            if self.reader.graph.is_full() {
                return Err(super::mathml::too_large(self.at, self.what));
            }
            match (token, operand_next) {
                (Token::Number(x), true) => {
                    let number = self.reader.graph.number(x);
                    self.values.push(number);
                    operand_next = false;
                }
                (Token::Name(name), true) if tokens.get(i) == Some(&Token::Sign('(')) => {
                    i += 1;
                    self.pending.push(Pending::Call(name, self.values.len()));
                    if tokens.get(i) == Some(&Token::Sign(')')) {
                        i += 1;
                        self.close()?;
                        operand_next = false;
                    }
                }
                (Token::Name(name), true) => {
                    let value = self.reader.quantity(name, self.at, scope, self.what)?;
                    self.values.push(value);
                    operand_next = false;
                }
                (Token::Sign('('), true) => self.pending.push(Pending::Bracket),
                (Token::Sign('-'), true) => self.pending.push(Pending::Negate),
                (Token::Sign(')'), false) => self.close()?,
                (Token::Sign(','), false) => {
                    self.reduce(1);
                    if !matches!(self.pending.last(), Some(Pending::Call(..))) {
                        return Err(self.fault("a comma stands outside of a call in its formula"));
                    }
                    operand_next = true;
                }
                (Token::Sign(sign @ ('+' | '-' | '*' | '/' | '^')), false) => {
                    let operator = Pending::Binary(match sign {
                        '+' => B::Add,
                        '-' => B::Subtract,
                        '*' => B::Multiply,
                        '/' => B::Divide,
                        _ => B::Power,
                    });
                    self.reduce(operator.strength());
                    self.pending.push(operator);
                    operand_next = true;
                }
                (token, _) => {
                    let text = match token {
                        Token::Number(x) => x.to_string(),
                        Token::Name(name) => name.into(),
                        Token::Sign(sign) => sign.into(),
                    };
                    let expected = if operand_next { "a number or name" } else { "an operator" };
                    return Err(self.fault(format!("its formula has `{text}` where {expected} must stand")));
                }
            }
        }
        if operand_next {
            return Err(self.fault("its formula ends too early"));
        }
        self.reduce(1);
        match (self.pending.is_empty(), self.values.pop()) {
            (true, Some(value)) => Ok(value),
            _ => Err(self.fault("a bracket of its formula is not closed")),
        }
    }

    /// Puts together what binds at least this tightly.
    fn reduce(&mut self, strength: u32) {
        while let Some(top) = self.pending.pop_if(|top| top.strength() >= strength) {
            let mut operand = || self.values.pop().expect("operands come before what binds them");
            let right = operand();
            let value = match top {
                Pending::Binary(operator) => {
                    let left = operand();
                    self.reader.graph.binary(operator, left, right)
                }
                _ => self.reader.graph.unary(U::Negate, right),
            };
            self.values.push(value);
        }
    }

    /// At a closing bracket.
    fn close(&mut self) -> Result<(), Finding> {
        self.reduce(1);
        match self.pending.pop() {
            Some(Pending::Call(name, first)) => {
                let mut operands = self.values.split_off(first);
                // Level 1 says `log` of the natural logarithm.
                let (operation, qualified) = match name {
                    "acos" => ("arccos", false),
                    "asin" => ("arcsin", false),
                    "atan" => ("arctan", false),
                    "ceil" => ("ceiling", false),
                    "log" => ("ln", false),
                    "log10" => ("log", false),
                    "pow" => ("power", false),
                    "sqrt" => ("root", false),
                    "sqr" => {
                        operands.push(self.reader.graph.number(2.0));
                        ("power", false)
                    }
                    other => (other, false),
                };
                match self.reader.operation(operation, &operands, qualified) {
                    Some(Ok(value)) => self.values.push(value),
                    Some(Err(expected)) => {
                        let what = self.what.to_string();
                        let found = operands.len();
                        let (operator, expected) = (name.to_string(), expected.to_string());
                        let problem = SbmlProblem::Arguments { what, operator, expected, found };
                        return Err(Finding::new(problem, self.at));
                    }
                    None => {
                        let (what, id) = (self.what.to_string(), name.to_string());
                        return Err(Finding::new(SbmlProblem::Dangling { what, expected: "function", id }, self.at));
                    }
                }
            }
            Some(Pending::Bracket) => {}
            _ => return Err(self.fault("a bracket of its formula is closed that was not opened")),
        }
        Ok(())
    }
}

/// The tokens of a formula, or from where on it cannot be read.
fn tokens(text: &str) -> Result<Vec<Token<'_>>, &str> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '0'..='9' | '.' => {
                let length = number_length(rest);
                found.push(Token::Number(super::xml::real(&rest[..length]).ok_or(rest)?));
                length
            }
            'a'..='z' | 'A'..='Z' | '_' => {
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
                found.push(Token::Name(&rest[..end]));
                end
            }
            '+' | '-' | '*' | '/' | '^' | '(' | ')' | ',' => {
                found.push(Token::Sign(first));
                1
            }
            _ => return Err(rest),
        };
        rest = rest[length..].trim_start();
    }
    Ok(found)
}

/// How many bytes of the text are a number, with its exponent if it has one.
fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digits = |from: usize| bytes[from..].iter().take_while(|b| b.is_ascii_digit()).count();
    let mut end = digits(0);
    if bytes.get(end) == Some(&b'.') {
        end += 1 + digits(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits(end + 1 + sign);
        if exponent > 0 {
            end += 1 + sign + exponent;
        }
    }
    end
}
