//! Statements of the `.crn` format: tokens in, [`ModelText`] out. After a fault it goes on with the next line.

mod control;
mod declarations;
mod quantities;
mod reactions;

use super::lexer::{Fault, Kind, Span, Token, tokens};
use super::syntax::*;
use crate::diagnostic::Lines;
use crate::diagnostic::{Problem, closest};

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

    /// Whether an arrow follows in the line of the token at `index`.
    fn arrow_follows(&self, index: usize) -> bool {
        let mut line = self.tokens[index..].iter().take_while(|t| !matches!(t.kind, Kind::Newline | Kind::End));
        line.any(|t| matches!(t.kind, Kind::Arrow | Kind::BothWays | Kind::WrongArrow))
    }

    /// Whether the line after the line end at `index` looks like a new statement.
    fn statement_begins_after(&self, index: usize) -> bool {
        self.declaration_begins_after(index) || self.rule_begins_at(index + 1) || self.arrow_follows(index + 1)
    }

    /// Whether the line after the line end at `index` begins with a statement's word or a reaction's name.
    fn declaration_begins_after(&self, index: usize) -> bool {
        let kind = |i: usize| self.tokens.get(index + i).map(|t| &t.kind);
        let keyword = STATEMENTS.contains(&self.text_at(index + 1))
            // `volume` and `time` are values too.
            && !matches!(
                kind(2),
                Some(Kind::Star | Kind::Slash | Kind::Close | Kind::CloseSquare | Kind::Comma | Kind::Newline)
            );
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
        self.name_of_any(expected, &[])
    }

    /// A name, or one of these words of the format.
    fn name_of_any(&mut self, expected: &str, words: &[&str]) -> Parsed<Name> {
        let span = self.span();
        if *self.peek() != Kind::Name {
            return Err(self.unexpected(expected));
        }
        let text = self.text(&span).to_string();
        if is_reserved(&text) && !words.contains(&text.as_str()) {
            return Err(self.fault(Fault::new(Problem::Reserved { name: text }, span)));
        }
        self.advance();
        Ok(Name { text: unquoted(&text).to_string(), span })
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let span = self.span();
        let found = *self.peek() == Kind::Name && self.text(&span) == word;
        if found {
            self.advance();
        }
        found
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
        if self.rule_begins_at(self.at) {
            return self.rule();
        }
        if word == "when" || (next == Kind::Colon && self.text_at(self.at + 2) == "when") {
            return self.event();
        }
        let declares = STATEMENTS.contains(&word.as_str());
        let yields = next == Kind::Name && self.arrow_follows(self.at);
        if !declares && !yields {
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
        }
        if !declares {
            return self.reaction();
        }
        self.advance();
        match word.as_str() {
            "model" => self.title(span),
            "time" => self.time(span),
            "amount" => self.amount(span),
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
}

/// A text short enough for a message.
pub(super) fn clipped(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((i, _)) => format!("{}...", &text[..i]),
        None => text.to_string(),
    }
}
