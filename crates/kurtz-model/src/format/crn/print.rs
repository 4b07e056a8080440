//! A network as `.crn` text, such that reading it gives an equal network.

use super::syntax::FUNCTIONS;
use crate::expression::{BinaryOperator, Expression, Symbol, UnaryOperator};
use crate::network::*;
use crate::units::Unit;
use sha2::{Digest, Sha256};
use std::fmt::Write;

impl Network {
    /// The network as canonical `.crn` text, one declaration a line; reading it gives an equal network.
    ///
    /// That holds for every network that was read or built; one put together by hand may hold what the format cannot
    /// say (a reaction in a compartment that is not that of its first species, say), see [`Network::validate`].
    pub fn to_crn(&self) -> String {
        let mut text = String::new();
        self.write_crn(&mut text).expect("writing to a string does not fail");
        text
    }

    /// SHA-256 of the canonical text, in hexadecimal: equal networks, however formatted, have equal hashes.
    pub fn hash(&self) -> String {
        let digest = Sha256::digest(self.to_crn().as_bytes());
        digest.iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }

    fn write_crn(&self, out: &mut String) -> std::fmt::Result {
        if let Some(name) = &self.name {
            let quoted = name.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            writeln!(out, "model \"{quoted}\"")?;
        }
        if self.time_unit.is_specified() {
            writeln!(out, "time {}", self.time_unit.text)?;
        }
        self.write_compartments(out)?;
        for species in &self.species {
            let clamped = if species.clamped { "clamped " } else { "" };
            write!(out, "{clamped}species {}", species.name)?;
            let compartment = &self.compartments[species.compartment.index()].name;
            if species.compartment.index() > 0 || (self.compartments.len() > 1 && compartment != "volume") {
                write!(out, " in {compartment}")?;
            }
            match &species.initial {
                Initial::Count(value) => writeln!(out, " = {}", self.value(value))?,
                Initial::Concentration(Value::Quantity(q)) if q.unit.is_specified() => {
                    writeln!(out, " = {}", quantity(q))?;
                }
                Initial::Concentration(value) => writeln!(out, " = concentration({})", self.value(value))?,
            }
        }
        for parameter in &self.parameters {
            writeln!(out, "parameter {} = {}", parameter.name, self.value(&parameter.value))?;
        }
        let mut at = 0;
        while let Some(reaction) = self.reactions.get(at) {
            let backward = self.reactions.get(at + 1).filter(|next| next.reverse_of == Some(ReactionId::from(at)));
            let sides =
                format!("{}{}", self.side(&reaction.reactants), if backward.is_some() { "<-> " } else { "-> " });
            let sides = sides + &self.side(&reaction.products);
            let rate = self.rate(&reaction.rate);
            match backward {
                None => writeln!(out, "{}: {sides}@ {rate}", reaction.name)?,
                Some(backward) => {
                    let automatic = backward.name == format!("{}_reverse", reaction.name);
                    let second = if automatic { String::new() } else { format!(", {}", backward.name) };
                    writeln!(out, "{}{second}: {sides}@ {rate}, {}", reaction.name, self.rate(&backward.rate))?;
                }
            }
            at += if backward.is_some() { 2 } else { 1 };
        }
        Ok(())
    }

    fn write_compartments(&self, out: &mut String) -> std::fmt::Result {
        let lone = Network::default().compartments;
        let mut said = self.volume_unit.is_specified().then_some(&self.volume_unit);
        if self.compartments == lone && said.is_none() {
            return Ok(());
        }
        // The unit of volume is that of the first size that has one, unless it is said.
        let written = self.compartments.iter().find_map(|c| match &c.size {
            Value::Quantity(q) if q.unit.is_specified() => Some(&q.unit),
            _ => None,
        });
        if written == said {
            said = None;
        }
        for (i, compartment) in self.compartments.iter().enumerate() {
            match (i, compartment.name.as_str()) {
                (0, "volume") => write!(out, "volume {}", self.value(&compartment.size))?,
                (_, name) => write!(out, "compartment {name} = {}", self.value(&compartment.size))?,
            }
            match said.take() {
                Some(Unit { text, .. }) => writeln!(out, " in {text}")?,
                None => writeln!(out)?,
            }
        }
        Ok(())
    }

    /// One side of a reaction, with a space after it.
    fn side(&self, terms: &[(SpeciesId, u32)]) -> String {
        if terms.is_empty() {
            return "0 ".to_string();
        }
        let term = |&(species, count): &(SpeciesId, u32)| {
            let name = &self.species[species.index()].name;
            if count == 1 { name.clone() } else { format!("{count} {name}") }
        };
        terms.iter().map(term).collect::<Vec<_>>().join(" + ") + " "
    }

    fn rate(&self, law: &RateLaw) -> String {
        let text = |e| self.expression(e, 0);
        match law {
            RateLaw::MassAction(e) => match e {
                Expression::Symbol(_) | Expression::Number(_) => text(e),
                _ => text(e),
            },
            RateLaw::Rate(e) => format!("rate({})", text(e)),
            RateLaw::Propensity(e) => format!("propensity({})", text(e)),
        }
    }

    fn value(&self, value: &Value) -> String {
        match value {
            Value::Quantity(q) => quantity(q),
            // In brackets it is read as an expression again.
            Value::Expression(Expression::Number(x)) => format!("({})", number(*x)),
            Value::Expression(e) => self.expression(e, 0),
        }
    }

    /// An expression as text, in brackets if it binds less tightly than `tightness`.
    fn expression(&self, e: &Expression, tightness: u8) -> String {
        let (text, binds) = match e {
            // A negative number is read as one unless a power follows it.
            Expression::Number(x) => (number(*x), if x.is_sign_negative() { SIGN } else { ATOM }),
            Expression::Symbol(symbol) => (self.symbol(*symbol), ATOM),
            Expression::Unary(UnaryOperator::Negate, a) => match a.as_ref() {
                // Without brackets this would be read as a negative number.
                Expression::Number(x) => (format!("-({})", number(*x)), SIGN),
                a => (format!("-{}", self.expression(a, SIGN)), SIGN),
            },
            Expression::Unary(UnaryOperator::Not, a) => (format!("!{}", self.expression(a, SIGN)), SIGN),
            Expression::Binary(operator, a, b) => {
                let (sign, binds, left, right) = layout(*operator);
                (format!("{}{sign}{}", self.expression(a, left), self.expression(b, right)), binds)
            }
            Expression::Call(function, arguments) => {
                let name = FUNCTIONS.iter().find(|(_, f)| f == function).map_or("", |(name, _)| name);
                (format!("{name}({})", self.list(arguments.iter())), ATOM)
            }
            Expression::Piecewise(pieces, otherwise) => {
                let parts = pieces.iter().flat_map(|(v, c)| [v, c]).chain([otherwise.as_ref()]);
                (format!("piecewise({})", self.list(parts)), ATOM)
            }
        };
        if binds < tightness { format!("({text})") } else { text }
    }

    fn list<'a>(&self, parts: impl Iterator<Item = &'a Expression>) -> String {
        parts.map(|e| self.expression(e, 0)).collect::<Vec<_>>().join(", ")
    }

    fn symbol(&self, symbol: Symbol) -> String {
        match symbol {
            Symbol::Species(s) => self.species[s.index()].name.clone(),
            Symbol::Parameter(p) => self.parameters[p.index()].name.clone(),
            Symbol::Compartment(c) => self.compartments[c.index()].name.clone(),
            Symbol::Time => "time".to_string(),
        }
    }
}

const SIGN: u8 = 6;
const ATOM: u8 = 8;

/// How an operator is written, how tightly it binds, and how tightly its two sides must.
fn layout(operator: BinaryOperator) -> (&'static str, u8, u8, u8) {
    match operator {
        BinaryOperator::Or => (" || ", 1, 1, 2),
        BinaryOperator::And => (" && ", 2, 2, 3),
        BinaryOperator::Less => (" < ", 3, 4, 4),
        BinaryOperator::LessEqual => (" <= ", 3, 4, 4),
        BinaryOperator::Greater => (" > ", 3, 4, 4),
        BinaryOperator::GreaterEqual => (" >= ", 3, 4, 4),
        BinaryOperator::Equal => (" == ", 3, 4, 4),
        BinaryOperator::NotEqual => (" != ", 3, 4, 4),
        BinaryOperator::Add => (" + ", 4, 4, 5),
        BinaryOperator::Subtract => (" - ", 4, 4, 5),
        BinaryOperator::Multiply => ("*", 5, 5, 6),
        BinaryOperator::Divide => ("/", 5, 5, 6),
        BinaryOperator::Power => ("^", 7, 8, 6),
    }
}

fn quantity(q: &Quantity) -> String {
    if q.unit.text.is_empty() { number(q.value) } else { format!("{} {}", number(q.value), q.unit.text) }
}

/// The shortest text that reads as this number.
pub(super) fn number(x: f64) -> String {
    if x.fract() == 0.0 && x.abs() < 1e15 { format!("{x}") } else { format!("{x:?}") }
}
