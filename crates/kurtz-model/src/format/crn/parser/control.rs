//! Rules and events of the `.crn` format: `A := x`, `dA/dt = x`, `when x > 1: A = 2`.

use super::{Parsed, Parser, clipped};
use crate::diagnostic::{Problem, closest};
use crate::format::crn::lexer::{Fault, Kind};
use crate::format::crn::syntax::*;
use crate::network::RuleKind;

/// What may stand between the condition of an event and its colon, beside `after` and `priority`.
const ALSO_AT_START: &str = "also at start";
const IF_IT_STAYS_TRUE: &str = "if it stays true";
const WITH_NEW_VALUES: &str = "with new values";

impl Parser<'_> {
    /// Whether a rule begins at a token: `A :=`, `dA/dt =`, or ``d`A`/dt =``.
    pub(super) fn rule_begins_at(&self, index: usize) -> bool {
        let kind = |i: usize| self.tokens.get(index + i).map(|t| &t.kind);
        if kind(0) != Some(&Kind::Name) {
            return false;
        }
        kind(1) == Some(&Kind::Becomes) || self.derivative_at(index).is_some()
    }

    /// The name A of `dA/dt =`, and how many tokens that has.
    fn derivative_at(&self, index: usize) -> Option<(Name, usize)> {
        let text = |i: usize| self.text_at(index + i);
        let slash = if text(0) == "d" && text(1).starts_with('`') { 2 } else { 1 };
        let kind = |i: usize| self.tokens.get(index + i).map(|t| &t.kind);
        let form = kind(slash) == Some(&Kind::Slash) && text(slash + 1) == "dt";
        if !form || kind(slash + 2) != Some(&Kind::Equals) {
            return None;
        }
        let span = &self.tokens[index + slash - 1].span;
        let name = if slash == 2 { unquoted(text(1)) } else { text(0).strip_prefix('d').filter(|n| !n.is_empty())? };
        let span = span.start + usize::from(slash == 1)..span.end;
        Some((Name { text: name.to_string(), span }, slash + 3))
    }

    pub(super) fn rule(&mut self) -> Parsed<()> {
        let start = self.span().start;
        let (variable, kind) = match self.derivative_at(self.at) {
            Some((name, length)) => {
                self.at += length;
                (name, RuleKind::Rate)
            }
            None => {
                let name = self.name_of_any("the name of what changes", &["volume"])?;
                self.advance();
                (name, RuleKind::Assignment)
            }
        };
        self.pass_line_ends();
        let value = self.value("an expression")?;
        self.end_of_statement("an operator or the end of the line")?;
        let span = start..value.span().end;
        self.model.rules.push(RuleText { variable, kind, value, span });
        Ok(())
    }

    /// `name: when trigger, after delay, priority p, also at start, ...: A = x, B = y`
    pub(super) fn event(&mut self) -> Parsed<()> {
        let start = self.span().start;
        let mut name = None;
        if !self.eat_word("when") {
            name = Some(self.name("the name of an event")?);
            self.advance();
            self.eat_word("when");
        }
        let trigger = self.expression()?;
        let mut event = EventText {
            name,
            span: start..trigger.span.end,
            trigger,
            initially_true: true,
            persistent: true,
            values_from_trigger_time: true,
            delay: None,
            priority: None,
            assignments: Vec::new(),
        };
        while self.eat(&Kind::Comma).is_some() {
            self.pass_line_ends();
            self.event_option(&mut event)?;
        }
        if self.eat(&Kind::Colon).is_none() {
            return Err(self.unexpected_with("an operator, `,` or `:`", Some("as in `when time >= 10: A = 100`")));
        }
        self.assignments(&mut event)?;
        self.model.events.push(event);
        Ok(())
    }

    fn event_option(&mut self, event: &mut EventText) -> Parsed<()> {
        let span = self.span();
        for (word, expected) in [("after", "a time"), ("priority", "a number")] {
            if self.eat_word(word) {
                let value = self.value(expected)?;
                let place = if word == "after" { &mut event.delay } else { &mut event.priority };
                if place.replace(value).is_some() {
                    let found = format!("a second `{word}`");
                    let problem = Problem::Unexpected { expected: "one".into(), found };
                    return Err(self.fault(Fault::new(problem, span)));
                }
                return Ok(());
            }
        }
        let mut words = Vec::new();
        while *self.peek() == Kind::Name {
            let word = self.advance().span;
            words.push(self.text(&word).to_string());
        }
        let words = words.join(" ");
        match words.as_str() {
            ALSO_AT_START => event.initially_true = false,
            IF_IT_STAYS_TRUE => event.persistent = false,
            WITH_NEW_VALUES => event.values_from_trigger_time = false,
            "" => return Err(self.unexpected("what is to be said of the event")),
            _ => {
                let options = [ALSO_AT_START, IF_IT_STAYS_TRUE, WITH_NEW_VALUES];
                let help = match closest(&words, options) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("an event can be told `after ...`, `priority ...`, `{}`", options.join("`, `")),
                };
                let end = self.previous_end();
                let expected = "what can be said of an event".to_string();
                let problem = Problem::Unexpected { expected, found: format!("`{}`", clipped(&words)) };
                return Err(self.fault(Fault::new(problem, span.start..end).help(help)));
            }
        }
        Ok(())
    }

    /// New values; they may begin in the next line. An event may set nothing.
    fn assignments(&mut self, event: &mut EventText) -> Parsed<()> {
        if *self.peek() == Kind::Newline {
            let next = self.tokens.get(self.at + 1..self.at + 3);
            if !next.is_some_and(|t| t[0].kind == Kind::Name && t[1].kind == Kind::Equals) {
                return Ok(());
            }
            self.at += 1;
        }
        if *self.peek() == Kind::End {
            return Ok(());
        }
        loop {
            let name = self.name_of_any("the name of what changes", &["volume"])?;
            if self.eat(&Kind::Equals).is_none() {
                return Err(self.unexpected_with("`=` and a value", Some("as in `when time >= 10: A = 100`")));
            }
            let value = self.value("a value")?;
            event.assignments.push((name, value));
            if !self.another("`,`, an operator or the end of the line")? {
                return Ok(());
            }
        }
    }
}
