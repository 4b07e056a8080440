//! Reactions of the `.crn` format.

use super::{Abandoned, Parsed, Parser, clipped};
use crate::diagnostic::Problem;
use crate::format::crn::lexer::{Fault, Kind};
use crate::format::crn::syntax::*;

impl Parser<'_> {
    pub(super) fn reaction(&mut self) -> Parsed<()> {
        let (name, backward_name) = self.reaction_names()?;
        let start = self.span().start;
        let left = self.side("a reaction, as in `decay: A -> B @ k`")?;
        let reversible = match self.peek() {
            Kind::Arrow => false,
            Kind::BothWays => true,
            Kind::WrongArrow => return Err(self.wrong_arrow()),
            _ => return Err(self.unexpected_with("`->` or `<->`", self.side_help())),
        };
        self.advance();
        let right = self.side("the products of a reaction")?;
        let span = start..self.previous_end().max(start);
        match self.peek() {
            Kind::At => {}
            Kind::Newline | Kind::End => {
                let help = "a rate follows `@`, as in `A -> B @ k`";
                return Err(self.fault(Fault::new(Problem::MissingRate, span).help(help)));
            }
            Kind::WrongArrow => return Err(self.wrong_arrow()),
            _ => return Err(self.unexpected_with("`@` and a rate", Some("as in `A -> B @ k`"))),
        }
        self.advance();
        let forward = self.rate()?;
        let comma = self.eat(&Kind::Comma);
        if comma.is_some() {
            self.pass_line_ends();
        }
        let backward = match (comma, reversible) {
            (None, false) => None,
            (Some(_), true) => Some(self.rate()?),
            (Some(comma), false) => {
                let fault = Fault::new(Problem::TwoRates, comma.span).help("a reversible reaction is written `<->`");
                return Err(self.fault(fault));
            }
            (None, true) => {
                self.end_of_statement("`,` and the rate of the way back")?;
                let fault = Fault::new(Problem::MissingBackwardRate, forward.span.clone());
                return Err(self.fault(fault.help("write both: `A <-> B @ forward, backward`")));
            }
        };
        self.end_of_statement("an operator or the end of the line")?;
        if let (Some(second), false) = (&backward_name, reversible) {
            let fault = Fault::new(
                Problem::Unexpected { expected: "one name".into(), found: format!("a second, `{}`", second.text) },
                second.span.clone(),
            );
            return Err(self.fault(fault.help("only a reversible reaction has two names")));
        }
        self.model.reactions.push(ReactionText { name, backward_name, span, left, right, forward, backward });
        Ok(())
    }

    /// `name:` or, for the two halves of a reversible reaction, `name, name:`.
    fn reaction_names(&mut self) -> Parsed<(Option<Name>, Option<Name>)> {
        let kind = |i: usize| self.tokens.get(self.at + i).map(|t| &t.kind);
        let one = kind(0) == Some(&Kind::Name) && kind(1) == Some(&Kind::Colon);
        let two = kind(0) == Some(&Kind::Name)
            && kind(1) == Some(&Kind::Comma)
            && kind(2) == Some(&Kind::Name)
            && kind(3) == Some(&Kind::Colon);
        if !one && !two {
            return Ok((None, None));
        }
        let first = self.name("the name of a reaction")?;
        let second = match self.eat(&Kind::Comma) {
            Some(_) => Some(self.name("the name of a reaction")?),
            None => None,
        };
        self.advance();
        Ok((Some(first), second))
    }

    fn wrong_arrow(&mut self) -> Abandoned {
        let span = self.span();
        let arrow = self.text(&span).to_string();
        let help = if arrow.starts_with('<') { "a reversible reaction is written `<->`" } else { "write `->`" };
        self.fault(Fault::new(Problem::WrongArrow { arrow }, span).help(help))
    }

    fn side_help(&self) -> Option<&'static str> {
        match self.tokens[self.at].kind {
            Kind::Name | Kind::Number(_) => Some("species are joined by `+`"),
            Kind::Equals => Some("a value is declared by `parameter` or `species`"),
            _ => None,
        }
    }

    /// One side of a reaction; empty if it is `0`, `∅` or nothing.
    fn side(&mut self, expected: &str) -> Parsed<Vec<Term>> {
        match self.peek() {
            Kind::EmptySet => {
                self.advance();
                return Ok(Vec::new());
            }
            Kind::Arrow | Kind::BothWays | Kind::At | Kind::Newline | Kind::End | Kind::WrongArrow => {
                return Ok(Vec::new());
            }
            Kind::Number(zero) if *zero == 0.0 => {
                let next = self.tokens.get(self.at + 1).map(|t| t.kind.clone());
                if !matches!(next, Some(Kind::Name | Kind::Star | Kind::Plus)) {
                    self.advance();
                    return Ok(Vec::new());
                }
            }
            _ => {}
        }
        let mut terms = vec![self.term(expected)?];
        while self.eat(&Kind::Plus).is_some() {
            self.pass_line_ends_in_side();
            terms.push(self.term("a species")?);
        }
        Ok(terms)
    }

    /// `A`, `2 A`, `2A`, `2*A`, `0.5 A`, `n A` or `(2*n) A`.
    fn term(&mut self, expected: &str) -> Parsed<Term> {
        let span = self.span();
        let mut count = Coefficient::Whole(1);
        match *self.peek() {
            Kind::EmptySet => return Err(self.fault(Fault::new(Problem::EmptySideInSum, span))),
            Kind::Number(value) => count = self.number_of_molecules(value)?,
            Kind::Open => {
                let opened = self.open()?;
                let node = self.expression()?;
                self.close(opened, "an operator or `)`")?;
                self.eat(&Kind::Star);
                if *self.peek() != Kind::Name {
                    return Err(self.unexpected("the species that this number belongs to"));
                }
                count = Coefficient::Yield(node);
            }
            Kind::Name => {
                let next = self.at + 1;
                let star = usize::from(self.tokens[next].kind == Kind::Star);
                if self.tokens.get(next + star).is_some_and(|t| t.kind == Kind::Name) {
                    let text = self.text(&span).to_string();
                    self.advance();
                    self.eat(&Kind::Star);
                    count = Coefficient::Named(Name { text, span: span.clone() });
                }
            }
            _ => {}
        }
        let name = self.span();
        if *self.peek() != Kind::Name {
            return Err(self.unexpected(expected));
        }
        self.advance();
        let species = Name { text: unquoted(self.text(&name)).to_string(), span: name.clone() };
        Ok(Term { species, count, span: span.start..name.end })
    }

    /// A number before a species, and the sign of multiplication if one follows.
    fn number_of_molecules(&mut self, value: f64) -> Parsed<Coefficient> {
        let span = self.span();
        let text = self.text(&span).to_string();
        self.advance();
        let star = self.eat(&Kind::Star).is_some();
        let followed = star || *self.peek() == Kind::Name;
        let exponent = text.find(['e', 'E']);
        if !followed && exponent.is_none() {
            return match value == 0.0 {
                true => Err(self.fault(Fault::new(Problem::EmptySideInSum, span))),
                false => Err(self.unexpected("the species that this number belongs to")),
            };
        }
        let help = match exponent {
            Some(i) => format!("for the species `{}` write `{} {}`", &text[i..], &text[..i], &text[i..]),
            None if value == 0.0 => "a species that only acts on the rate stands in the rate alone".to_string(),
            None if text.contains('.') && value.fract() == 0.0 => format!("a whole number is written `{value}`"),
            None if text.contains('.') => {
                let node = Node { kind: NodeKind::Number(value), span, depth: 0 };
                return Ok(Coefficient::Yield(node));
            }
            None => return Ok(Coefficient::Whole(text.parse().unwrap_or(u64::MAX))),
        };
        Err(self.fault(Fault::new(Problem::BadStoichiometry { text: clipped(&text) }, span).help(help)))
    }

    fn rate(&mut self) -> Parsed<RateText> {
        let span = self.span();
        let word = if *self.peek() == Kind::Name { self.text(&span) } else { "" };
        let form = match word {
            "rate" => RateForm::Rate,
            "propensity" => RateForm::Propensity,
            _ => {
                let value = self.value("the rate constant")?;
                return Ok(RateText { form: RateForm::MassAction, span: value.span(), value });
            }
        };
        let word = word.to_string();
        self.advance();
        let opened = self.open()?;
        let value = self.value("an expression")?;
        self.close(opened, "an operator or `)`")?;
        let span = span.start..self.previous_end();
        if !matches!(self.peek(), Kind::Comma | Kind::Newline | Kind::End) {
            let help = format!("`{word}(...)` holds the whole rate; move this inside the brackets");
            return Err(self.unexpected_with("`,` or the end of the line", Some(&help)));
        }
        Ok(RateText { form, value, span })
    }
}
