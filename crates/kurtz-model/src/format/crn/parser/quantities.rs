//! Values and units of the `.crn` format.

use super::{Parsed, Parser};
use crate::diagnostic::{Problem, closest};
use crate::format::crn::lexer::{Fault, Kind};
use crate::format::crn::syntax::*;
use crate::units::{COMMON_UNITS, Unit, UnitError};

impl Parser<'_> {
    /// A number with or without a unit, or an expression.
    pub fn value(&mut self, expected: &str) -> Parsed<ValueText> {
        if matches!(self.peek(), Kind::Newline | Kind::End | Kind::Comma) {
            return Err(self.unexpected(expected));
        }
        self.peek();
        let start = self.at;
        let negative = self.eat(&Kind::Minus).is_some();
        if let Kind::Number(value) = *self.peek() {
            let value = if negative { -value } else { value };
            let first = self.tokens[start].span.start;
            self.advance();
            let end = self.previous_end();
            let here = self.tokens[self.at].clone();
            let unit = match here.kind {
                Kind::Name if self.text(&here.span) == "in" => None,
                Kind::Name | Kind::Number(_) | Kind::Open => Some(self.unit("a unit")?),
                _ => None,
            };
            let goes_on = !matches!(
                self.peek(),
                Kind::Newline | Kind::End | Kind::Comma | Kind::Colon | Kind::Close | Kind::Name | Kind::Stray
            );
            match unit {
                Some(_) if goes_on => {
                    let span = self.span();
                    let help = "declare `parameter x = 1 uM` and use `x`";
                    return Err(self.fault(Fault::new(Problem::UnitInExpression, span).help(help)));
                }
                Some(unit) => {
                    let span = first..unit.span.end;
                    return Ok(ValueText::Quantity { value, unit, span });
                }
                None if !goes_on => {
                    let unit = UnitText { unit: Unit::unspecified(), span: end..end };
                    return Ok(ValueText::Quantity { value, unit, span: first..end });
                }
                None => {}
            }
        }
        self.at = start;
        Ok(ValueText::Expression(self.expression()?))
    }

    /// The unit that begins here; it ends with the line or before a sign that cannot belong to it.
    pub(super) fn unit(&mut self, expected: &str) -> Parsed<UnitText> {
        let first = self.span();
        let start = self.at;
        let mut depth = 0;
        loop {
            let token = &self.tokens[self.at];
            let after_caret = self.at > start && self.tokens[self.at - 1].kind == Kind::Caret;
            match token.kind {
                Kind::Open => depth += 1,
                Kind::Close if depth > 0 => depth -= 1,
                Kind::Name if self.text_at(self.at) == "in" => break,
                Kind::Name | Kind::Number(_) | Kind::Star | Kind::Slash | Kind::Caret => {}
                Kind::Minus | Kind::Plus if after_caret => {}
                _ => break,
            }
            self.at += 1;
        }
        if self.at == start {
            return Err(self.unexpected(expected));
        }
        let span = first.start..self.previous_end();
        match Unit::parse(self.text(&span)) {
            Ok(unit) => Ok(UnitText { unit, span }),
            Err(error) => {
                let at = error.at();
                let place = span.start + at.start..span.start + at.end;
                let help = match &error {
                    UnitError::Unknown { name, .. } => Some(match closest(name, COMMON_UNITS.iter().copied()) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None if at.start == 0 => format!("to multiply by `{name}` write `*` between"),
                        None => "units are built from M, mol, molecules, L, m^3, s, min, hour, ...".to_string(),
                    }),
                    _ => None,
                };
                // The rest of the line is understood.
                self.faults.push(Fault { problem: Problem::Unit(error), span: place, help });
                Ok(UnitText { unit: Unit::unspecified(), span })
            }
        }
    }
}
