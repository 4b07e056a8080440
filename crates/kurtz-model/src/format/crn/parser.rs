//! Statements of the `.crn` format: tokens in, [`ModelText`] out. After a fault it goes on with the next line.

use super::Lines;
use super::lexer::{Fault, Kind, Span, Token, tokens};
use super::syntax::*;
use crate::diagnostic::{Problem, closest};
use crate::rate_law::MassActionConvention;
use crate::units::{COMMON_UNITS, Unit, UnitError};

/// The rest of the statement makes no sense; why has been reported.
pub(super) struct Abandoned;

pub(super) type Parsed<T> = Result<T, Abandoned>;

pub(super) struct Parser<'a> {
    pub source: &'a str,
    lines: Lines,
    tokens: Vec<Token>,
    at: usize,
    /// Open brackets, in which line ends do not count.
    open: usize,
    /// How deep the expression parser has called itself.
    pub nesting: usize,
    pub faults: Vec<Fault>,
    model: ModelText,
}

/// Reads all statements of a text.
pub(super) fn parse_statements(source: &str, faults: &mut Vec<Fault>) -> ModelText {
    let tokens = tokens(source, faults);
    let mut parser = Parser {
        source,
        lines: Lines::new(source),
        tokens,
        at: 0,
        open: 0,
        nesting: 0,
        faults: Vec::new(),
        model: ModelText::default(),
    };
    loop {
        match parser.tokens[parser.at].kind {
            Kind::End => break,
            Kind::Newline => parser.at += 1,
            _ => {
                if parser.statement().is_err() {
                    parser.recover();
                }
            }
        }
    }
    faults.append(&mut parser.faults);
    parser.model
}

impl Parser<'_> {
    // Tokens.

    /// The next token. In brackets a line end is passed over, unless a new statement follows it.
    pub fn peek(&mut self) -> &Kind {
        if self.open > 0 {
            self.pass_line_ends();
        }
        &self.tokens[self.at].kind
    }

    pub fn advance(&mut self) -> Token {
        self.peek();
        let token = self.tokens[self.at].clone();
        if token.kind != Kind::End {
            self.at += 1;
        }
        token
    }

    pub fn eat(&mut self, kind: &Kind) -> Option<Token> {
        if self.peek() == kind { Some(self.advance()) } else { None }
    }

    /// After an operator or comma the statement goes on in the next line.
    pub fn pass_line_ends(&mut self) {
        while self.tokens[self.at].kind == Kind::Newline && !self.statement_begins_after(self.at) {
            self.at += 1;
        }
    }

    /// After a plus sign a side of a reaction goes on in the next line, which may well contain its arrow.
    fn pass_line_ends_in_side(&mut self) {
        while self.tokens[self.at].kind == Kind::Newline && !self.declaration_begins_after(self.at) {
            self.at += 1;
        }
    }

    pub fn span(&mut self) -> Span {
        self.peek();
        self.tokens[self.at].span.clone()
    }

    pub fn previous_end(&self) -> usize {
        self.tokens[..self.at].last().map_or(0, |t| t.span.end)
    }

    pub fn text(&self, span: &Span) -> &str {
        &self.source[span.clone()]
    }

    fn text_at(&self, index: usize) -> &str {
        self.tokens.get(index).map_or("", |t| &self.source[t.span.clone()])
    }

    /// Whether the line after the line end at `index` looks like a new statement.
    fn statement_begins_after(&self, index: usize) -> bool {
        let mut line = self.tokens[index + 1..].iter().take_while(|t| !matches!(t.kind, Kind::Newline | Kind::End));
        self.declaration_begins_after(index)
            || line.any(|t| matches!(t.kind, Kind::Arrow | Kind::BothWays | Kind::WrongArrow))
    }

    /// Whether the line after the line end at `index` begins with a statement's word or a reaction's name.
    fn declaration_begins_after(&self, index: usize) -> bool {
        let kind = |i: usize| self.tokens.get(index + i).map(|t| &t.kind);
        let keyword = STATEMENTS.contains(&self.text_at(index + 1))
            // `volume` and `time` are values too.
            && !matches!(kind(2), Some(Kind::Star | Kind::Slash | Kind::Close | Kind::Comma | Kind::Newline));
        kind(1) == Some(&Kind::Name) && (keyword || kind(2) == Some(&Kind::Colon))
    }

    /// Passes over the rest of the line.
    fn recover(&mut self) {
        self.open = 0;
        self.nesting = 0;
        while !matches!(self.tokens[self.at].kind, Kind::Newline | Kind::End) {
            self.at += 1;
        }
    }

    // Faults.

    pub fn fault(&mut self, fault: Fault) -> Abandoned {
        self.faults.push(fault);
        Abandoned
    }

    pub fn unexpected(&mut self, expected: &str) -> Abandoned {
        self.unexpected_with(expected, None)
    }

    pub fn unexpected_with(&mut self, expected: &str, help: Option<&str>) -> Abandoned {
        let mut span = self.span();
        let found = match self.tokens[self.at].kind {
            // Reported by the lexer.
            Kind::Stray => return Abandoned,
            Kind::End => "the end of the file".to_string(),
            Kind::Newline => "the end of the line".to_string(),
            Kind::Number(_) => format!("the number {}", clipped(self.text(&span))),
            Kind::Text(_) => "a text in quotes".to_string(),
            _ => format!("`{}`", clipped(self.text(&span))),
        };
        if matches!(self.tokens[self.at].kind, Kind::End | Kind::Newline) {
            let end = self.previous_end();
            span = end..end;
        }
        let fault = Fault::new(Problem::Unexpected { expected: expected.to_string(), found }, span);
        self.fault(Fault { help: help.map(str::to_string), ..fault })
    }

    /// Opens a bracket; `close` must follow.
    pub fn open(&mut self) -> Parsed<Span> {
        match self.eat(&Kind::Open) {
            Some(token) => {
                self.open += 1;
                Ok(token.span)
            }
            None => Err(self.unexpected("`(`")),
        }
    }

    pub fn close(&mut self, opened: Span, expected: &str) -> Parsed<()> {
        match self.peek() {
            Kind::Close => {
                self.advance();
                self.open -= 1;
                Ok(())
            }
            Kind::End | Kind::Newline => Err(self.fault(Fault::new(Problem::UnclosedBracket, opened))),
            _ => Err(self.unexpected(expected)),
        }
    }

    /// A new name.
    fn name(&mut self, expected: &str) -> Parsed<Name> {
        let span = self.span();
        if *self.peek() != Kind::Name {
            return Err(self.unexpected(expected));
        }
        let text = self.text(&span).to_string();
        if is_reserved(&text) {
            return Err(self.fault(Fault::new(Problem::Reserved { name: text }, span)));
        }
        self.advance();
        Ok(Name { text, span })
    }

    fn end_of_statement(&mut self, expected: &str) -> Parsed<()> {
        match self.peek() {
            Kind::Newline | Kind::End => Ok(()),
            _ => Err(self.unexpected(expected)),
        }
    }

    // Statements.

    fn statement(&mut self) -> Parsed<()> {
        let span = self.span();
        let next = self.tokens.get(self.at + 1).map(|t| t.kind.clone()).unwrap_or(Kind::End);
        if *self.peek() != Kind::Name {
            return self.reaction();
        }
        let word = self.text(&span).to_string();
        let declares = STATEMENTS.contains(&word.as_str());
        if !declares {
            // `parameters k = 1`, `specie A`: two words in a row, or a word, a name and `=`.
            if matches!(next, Kind::Name | Kind::Text(_) | Kind::Number(_) | Kind::Equals) {
                let help = match closest(&word, STATEMENTS.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None if next == Kind::Equals => {
                        format!("a value is declared by `parameter {word} = ...` or `species {word} = ...`")
                    }
                    None => format!("a line is a reaction, or begins with one of: {}", STATEMENTS.join(", ")),
                };
                return Err(self.fault(Fault::new(Problem::UnknownStatement { word }, span).help(help)));
            }
            return self.reaction();
        }
        self.advance();
        match word.as_str() {
            "model" => self.title(span),
            "time" => self.time(span),
            "convention" => self.convention(span),
            "volume" => self.volume(span),
            "compartment" => self.compartments(),
            "clamped" => {
                let next = self.span();
                if self.text(&next) != "species" {
                    return Err(self.unexpected_with("`species`", Some("as in `clamped species A = 10`")));
                }
                self.advance();
                self.species(true)
            }
            "species" => self.species(false),
            _ => self.parameter(),
        }
    }

    fn repeated(&mut self, statement: &'static str, first: Span, span: Span) -> Abandoned {
        let line = self.lines.of(first.start);
        self.fault(Fault::new(Problem::Repeated { statement, line }, span))
    }

    fn title(&mut self, span: Span) -> Parsed<()> {
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

    fn time(&mut self, span: Span) -> Parsed<()> {
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

    fn convention(&mut self, span: Span) -> Parsed<()> {
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

    fn compartments(&mut self) -> Parsed<()> {
        loop {
            let name = self.name("the name of a compartment")?;
            if self.eat(&Kind::Equals).is_none() {
                return Err(self.unexpected_with("`=` and a size", Some("as in `compartment ER = 1.85e-15 L`")));
            }
            self.size(name.span.clone(), Some(name))?;
            if !self.another("`,`, an operator or the end of the line")? {
                return Ok(());
            }
        }
    }

    fn volume(&mut self, span: Span) -> Parsed<()> {
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

    fn size(&mut self, span: Span, name: Option<Name>) -> Parsed<()> {
        let size = self.value("a size")?;
        let network_unit = match self.eat_word("in") {
            true => Some(self.unit("a unit of volume")?),
            false => None,
        };
        self.model.compartments.push(CompartmentText { name, span, size, network_unit });
        Ok(())
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let span = self.span();
        let found = *self.peek() == Kind::Name && self.text(&span) == word;
        if found {
            self.advance();
        }
        found
    }

    fn species(&mut self, clamped: bool) -> Parsed<()> {
        loop {
            let name = self.name("the name of a species")?;
            let compartment = if self.eat_word("in") { Some(self.compartment_name()?) } else { None };
            let initial = match self.eat(&Kind::Equals) {
                Some(_) => Some(self.initial()?),
                None => None,
            };
            self.model.species.push(SpeciesText { name, compartment, initial, clamped });
            if !self.another("`,` or the end of the line")? {
                return Ok(());
            }
        }
    }

    fn compartment_name(&mut self) -> Parsed<Name> {
        let span = self.span();
        if *self.peek() == Kind::Name && self.text(&span) == "volume" {
            self.advance();
            return Ok(Name { text: "volume".into(), span });
        }
        self.name("the name of a compartment")
    }

    fn initial(&mut self) -> Parsed<(InitialForm, ValueText)> {
        let span = self.span();
        let bracket = self.tokens.get(self.at + 1).is_some_and(|t| t.kind == Kind::Open);
        if *self.peek() == Kind::Name && self.text(&span) == "concentration" && bracket {
            self.advance();
            let opened = self.open()?;
            let value = self.value("a concentration")?;
            self.close(opened, "`)`")?;
            return Ok((InitialForm::Concentration, value));
        }
        Ok((InitialForm::Plain, self.value("an initial amount")?))
    }

    fn parameter(&mut self) -> Parsed<()> {
        loop {
            let name = self.name("the name of a parameter")?;
            if self.eat(&Kind::Equals).is_none() {
                return Err(self.unexpected_with("`=` and a value", Some("as in `parameter k = 0.1 1/s`")));
            }
            let value = self.value("a value")?;
            self.model.parameters.push(ParameterText { name, value });
            if !self.another("`,`, an operator or the end of the line")? {
                return Ok(());
            }
        }
    }

    /// Whether a comma and another declaration follow; otherwise the statement must end here.
    fn another(&mut self, expected: &str) -> Parsed<bool> {
        if self.eat(&Kind::Comma).is_some() {
            self.pass_line_ends();
            return Ok(true);
        }
        self.end_of_statement(expected)?;
        Ok(false)
    }

    // Values and units.

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
                Kind::Newline | Kind::End | Kind::Comma | Kind::Close | Kind::Name | Kind::Stray
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
    fn unit(&mut self, expected: &str) -> Parsed<UnitText> {
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

    // Reactions.

    fn reaction(&mut self) -> Parsed<()> {
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

    /// `A`, `2 A`, `2A` or `2*A`.
    fn term(&mut self, expected: &str) -> Parsed<Term> {
        let span = self.span();
        let mut count = 1;
        if *self.peek() == Kind::EmptySet {
            return Err(self.fault(Fault::new(Problem::EmptySideInSum, span)));
        }
        if let Kind::Number(value) = *self.peek() {
            let text = self.text(&span).to_string();
            self.advance();
            let star = self.eat(&Kind::Star).is_some();
            let followed = star || *self.peek() == Kind::Name;
            let exponent = text.find(['e', 'E']);
            let help = match exponent {
                Some(i) => format!("for the species `{}` write `{} {}`", &text[i..], &text[..i], &text[i..]),
                None if value == 0.0 => "a species that only acts on the rate stands in the rate alone".to_string(),
                None => "only whole numbers of molecules react".to_string(),
            };
            if !followed && exponent.is_none() {
                return match value == 0.0 {
                    true => Err(self.fault(Fault::new(Problem::EmptySideInSum, span))),
                    false => Err(self.unexpected("the species that this number belongs to")),
                };
            }
            if exponent.is_some() || text.contains('.') || value == 0.0 {
                return Err(self.fault(Fault::new(Problem::BadStoichiometry { text: clipped(&text) }, span).help(help)));
            }
            count = text.parse().unwrap_or(u64::MAX);
        }
        let name = self.span();
        if *self.peek() != Kind::Name {
            return Err(self.unexpected(expected));
        }
        self.advance();
        let species = Name { text: self.text(&name).to_string(), span: name.clone() };
        Ok(Term { species, count, span: span.start..name.end })
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

/// A text short enough for a message.
pub(super) fn clipped(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((i, _)) => format!("{}...", &text[..i]),
        None => text.to_string(),
    }
}
