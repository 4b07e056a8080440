//! Statements of the `.crn` format that declare something.

use super::{Parsed, Parser};
use crate::diagnostic::Problem;
use crate::format::crn::lexer::{Fault, Kind, Span};
use crate::format::crn::syntax::*;
use crate::network::RuleKind;
use crate::rate_law::MassActionConvention;

impl Parser<'_> {
    pub(super) fn title(&mut self, span: Span) -> Parsed<()> {
        let Kind::Text(title) = self.peek().clone() else {
            return Err(self.unexpected_with("a title in quotes", Some("as in `model \"Epidermis\"`")));
        };
        self.advance();
        self.end_of_statement("the end of the line")?;
        if let Some((_, first)) = &self.model.title {
            let first = first.clone();
            return Err(self.repeated("model", first, span));
        }
        self.model.title = Some((title, span));
        Ok(())
    }

    pub(super) fn time(&mut self, span: Span) -> Parsed<()> {
        if *self.peek() == Kind::Equals {
            return Err(self.unexpected_with("a unit of time", Some("as in `time week`")));
        }
        let unit = self.unit("a unit of time, as in `time week`")?;
        self.end_of_statement("the end of the line")?;
        if let Some(first) = &self.model.time {
            let first = first.span.clone();
            return Err(self.repeated("time", first, span));
        }
        self.model.time = Some(unit);
        Ok(())
    }

    pub(super) fn amount(&mut self, span: Span) -> Parsed<()> {
        if matches!(self.peek(), Kind::Equals | Kind::Open) {
            return Err(self.unexpected_with("a unit of amount", Some("as in `amount mol`")));
        }
        let unit = self.unit("a unit of amount, as in `amount mol`")?;
        self.end_of_statement("the end of the line")?;
        if let Some(first) = &self.model.amount {
            let first = first.span.clone();
            return Err(self.repeated("amount", first, span));
        }
        self.model.amount = Some(unit);
        Ok(())
    }

    pub(super) fn convention(&mut self, span: Span) -> Parsed<()> {
        let at = self.span();
        let help = "`convention binomial` (rate k c^2/2 for 2A, the default) or `convention power` (rate k c^2)";
        if *self.peek() != Kind::Name {
            return Err(self.unexpected_with("the name of a convention", Some(help)));
        }
        let convention = match self.text(&at) {
            "binomial" => MassActionConvention::Binomial,
            "power" => MassActionConvention::Power,
            word => {
                let problem = Problem::UnknownConvention { word: word.to_string() };
                return Err(self.fault(Fault::new(problem, at).help(help)));
            }
        };
        self.advance();
        self.end_of_statement("the end of the line")?;
        if let Some((_, first)) = &self.model.convention {
            let first = first.clone();
            return Err(self.repeated("convention", first, span));
        }
        self.model.convention = Some((convention, span));
        Ok(())
    }

    pub(super) fn compartments(&mut self) -> Parsed<()> {
        loop {
            let name = self.name("the name of a compartment")?;
            if !matches!(self.peek(), Kind::Equals | Kind::Becomes) {
                return Err(self.unexpected_with("`=` and a size", Some("as in `compartment ER = 1.85e-15 L`")));
            }
            if !self.rule_of(&name)? {
                self.advance();
            }
            self.size(name.span.clone(), Some(name))?;
            if !self.another("`,`, an operator or the end of the line")? {
                return Ok(());
            }
        }
    }

    pub(super) fn volume(&mut self, span: Span) -> Parsed<()> {
        if *self.peek() == Kind::Equals {
            return Err(self.unexpected_with("a size", Some("as in `volume 20` or `volume 1e-14 L`")));
        }
        self.size(span.clone(), None)?;
        self.end_of_statement("an operator or the end of the line")?;
        let mut volumes = self.model.compartments.iter().filter(|c| c.name.is_none());
        if let (Some(first), Some(_)) = (volumes.next(), volumes.next()) {
            let first = first.span.clone();
            self.model.compartments.pop();
            return Err(self.repeated("volume", first, span));
        }
        Ok(())
    }

    /// The size of a compartment, unless its rule has just been read.
    fn size(&mut self, span: Span, name: Option<Name>) -> Parsed<()> {
        let ruled = self.model.rules.last().is_some_and(|r| name.as_ref().is_some_and(|n| n.span == r.variable.span));
        let size = if ruled { None } else { Some(self.value("a size")?) };
        let network_unit = match self.eat_word("in") {
            true => Some(self.unit("a unit of volume")?),
            false => None,
        };
        self.model.compartments.push(CompartmentText { name, span, size, network_unit });
        Ok(())
    }

    pub(super) fn species(&mut self, clamped: bool) -> Parsed<()> {
        loop {
            let name = self.name("the name of a species")?;
            let compartment = if self.eat_word("in") { Some(self.compartment_name()?) } else { None };
            let ruled = self.rule_of(&name)?;
            let initial = match self.eat(&Kind::Equals) {
                Some(_) if !ruled => Some(self.initial()?),
                _ => None,
            };
            self.model.species.push(SpeciesText { name, compartment, initial, clamped });
            if !self.another("`,` or the end of the line")? {
                return Ok(());
            }
        }
    }

    fn compartment_name(&mut self) -> Parsed<Name> {
        self.name_of_any("the name of a compartment", &["volume"])
    }

    fn initial(&mut self) -> Parsed<(InitialForm, ValueText)> {
        let span = self.span();
        let bracket = self.tokens.get(self.at + 1).is_some_and(|t| t.kind == Kind::Open);
        let (form, expected) = match self.text(&span) {
            "concentration" if bracket => (InitialForm::Concentration, "a concentration"),
            "amount" if bracket => (InitialForm::Amount, "an amount"),
            _ => return Ok((InitialForm::Plain, self.value("an initial amount")?)),
        };
        self.advance();
        let opened = self.open()?;
        let value = self.value(expected)?;
        self.close(opened, "`)`")?;
        Ok((form, value))
    }

    pub(super) fn parameter(&mut self) -> Parsed<()> {
        loop {
            let name = self.name("the name of a parameter")?;
            let value = match self.peek() {
                Kind::Equals => {
                    self.advance();
                    Some(self.value("a value")?)
                }
                Kind::Becomes | Kind::Comma | Kind::Newline | Kind::End => {
                    self.rule_of(&name)?;
                    None
                }
                _ => return Err(self.unexpected_with("`=` and a value", Some("as in `parameter k = 0.1 1/s`"))),
            };
            self.model.parameters.push(ParameterText { name, value });
            if !self.another("`,`, an operator or the end of the line")? {
                return Ok(());
            }
        }
    }

    /// Reads `:= x` if it is there: the rule of what is being declared.
    fn rule_of(&mut self, name: &Name) -> Parsed<bool> {
        if self.eat(&Kind::Becomes).is_none() {
            return Ok(false);
        }
        self.pass_line_ends();
        let value = self.value("what it equals")?;
        let (kind, span) = (RuleKind::Assignment, name.span.start..value.span().end);
        self.model.rules.push(RuleText { variable: name.clone(), kind, value, span });
        Ok(true)
    }
}
