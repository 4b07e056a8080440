//! A network as `.crn` text, such that reading it gives an equal network.

use super::syntax::is_reserved;
use super::values;
use crate::expression::print::shortest;
use crate::expression::{Expression, Names, Symbol};
use crate::network::*;
use crate::units::Unit;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::fmt::Write;

/// A name as the format reads it: words of the format in quotes.
fn written(name: &str) -> Cow<'_, str> {
    if is_reserved(name) { Cow::Owned(format!("`{name}`")) } else { Cow::Borrowed(name) }
}

/// The names of a network as the format reads them.
struct Written<'a>(&'a Network);

impl Names for Written<'_> {
    fn text(&self, symbol: Symbol) -> Cow<'_, str> {
        match (symbol, self.0.text(symbol)) {
            (Symbol::Time, name) => name,
            // The compartment that nobody named.
            (Symbol::Compartment(CompartmentId(0)), Cow::Borrowed("volume")) => Cow::Borrowed("volume"),
            (_, Cow::Borrowed(name)) => written(name),
            (_, name) => name,
        }
    }
}

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
        if self.amount_unit.is_specified() {
            writeln!(out, "amount {}", self.amount_unit.text)?;
        }
        self.write_compartments(out)?;
        let names = Written(self);
        for (species, fractional) in self.species.iter().zip(values::fractional(self)) {
            let clamped = if species.clamped { "clamped " } else { "" };
            write!(out, "{clamped}species {}", written(&species.name))?;
            let compartment = names.text(Symbol::Compartment(species.compartment));
            if species.compartment.index() > 0 || (self.compartments.len() > 1 && compartment != "volume") {
                write!(out, " in {compartment}")?;
            }
            match &species.initial {
                Initial::Count(value) if fractional => writeln!(out, " = amount({})", self.value(value))?,
                Initial::Count(value) => writeln!(out, " = {}", self.value(value))?,
                Initial::Concentration(Value::Quantity(q)) if q.unit.is_specified() => {
                    writeln!(out, " = {}", quantity(q))?;
                }
                Initial::Concentration(value) => writeln!(out, " = concentration({})", self.value(value))?,
            }
        }
        for parameter in &self.parameters {
            writeln!(out, "parameter {} = {}", written(&parameter.name), self.value(&parameter.value))?;
        }
        let mut at = 0;
        while let Some(reaction) = self.reactions.get(at) {
            let backward = self.reactions.get(at + 1).filter(|next| next.reverse_of == Some(ReactionId::from(at)));
            let arrow = if backward.is_some() { "<->" } else { "->" };
            let left = self.side(&reaction.reactants, &[]);
            let right = self.side(&reaction.products, &reaction.yields);
            write!(out, "{}", written(&reaction.name))?;
            match backward {
                None => {}
                Some(backward) if backward.name == format!("{}_reverse", reaction.name) => {}
                Some(backward) => write!(out, ", {}", written(&backward.name))?,
            }
            write!(out, ": {left} {arrow} {right} @ {}", self.rate(&reaction.rate))?;
            match backward {
                None => writeln!(out)?,
                Some(backward) => writeln!(out, ", {}", self.rate(&backward.rate))?,
            }
            at += if backward.is_some() { 2 } else { 1 };
        }
        for rule in &self.rules {
            let name = names.text(rule.variable.into());
            let law = self.expression(&rule.expression);
            match rule.kind {
                RuleKind::Assignment => writeln!(out, "{name} := {law}")?,
                RuleKind::Rate => writeln!(out, "d{name}/dt = {law}")?,
            }
        }
        self.events.iter().try_for_each(|event| self.write_event(event, out))
    }

    fn write_event(&self, event: &Event, out: &mut String) -> std::fmt::Result {
        write!(out, "{}: when {}", written(&event.name), event.trigger.display(&Written(self)))?;
        if let Some(delay) = &event.delay {
            write!(out, ", after {}", self.expression(delay))?;
        }
        if let Some(priority) = &event.priority {
            write!(out, ", priority {}", self.expression(priority))?;
        }
        let said = [
            (!event.initially_true, "also at start"),
            (!event.persistent, "if it stays true"),
            (!event.values_from_trigger_time, "with new values"),
        ];
        for (_, words) in said.iter().filter(|(said, _)| *said) {
            write!(out, ", {words}")?;
        }
        let names = Written(self);
        let assignment = |(variable, e): &(Variable, Expression)| {
            format!("{} = {}", names.text((*variable).into()), self.expression(e))
        };
        let assignments: Vec<String> = event.assignments.iter().map(assignment).collect();
        writeln!(out, ": {}", assignments.join(", "))
    }

    fn write_compartments(&self, out: &mut String) -> std::fmt::Result {
        let lone = Network::default().compartments;
        let mut said = self.volume_unit.is_specified().then_some(&self.volume_unit);
        if self.compartments == lone && said.is_none() {
            return Ok(());
        }
        // The unit of volume is that of the first size that has one, unless it is said.
        let first = self.compartments.iter().find_map(|c| match &c.size {
            Value::Quantity(q) if q.unit.is_specified() => Some(&q.unit),
            _ => None,
        });
        if first == said {
            said = None;
        }
        for (i, compartment) in self.compartments.iter().enumerate() {
            match (i, compartment.name.as_str()) {
                (0, "volume") => write!(out, "volume {}", self.value(&compartment.size))?,
                (_, name) => write!(out, "compartment {} = {}", written(name), self.value(&compartment.size))?,
            }
            match said.take() {
                Some(Unit { text, .. }) => writeln!(out, " in {text}")?,
                None => writeln!(out)?,
            }
        }
        Ok(())
    }

    /// One side of a reaction.
    fn side(&self, terms: &[(SpeciesId, u32)], yields: &[(SpeciesId, Expression)]) -> String {
        let name = |species: SpeciesId| written(&self.species[species.index()].name);
        let whole = |&(species, count): &(SpeciesId, u32)| match count {
            1 => name(species).into_owned(),
            count => format!("{count} {}", name(species)),
        };
        let part = |(species, e): &(SpeciesId, Expression)| {
            let text = e.display(&Written(self)).to_string();
            let bare = match e {
                // Digits with a point and no more: anything else could be read as something else.
                Expression::Number(x) => *x > 0.0 && x.fract() != 0.0 && !text.contains(['e', 'E']),
                Expression::Symbol(Symbol::Parameter(_)) => true,
                _ => false,
            };
            if bare { format!("{text} {}", name(*species)) } else { format!("({text}) {}", name(*species)) }
        };
        let terms: Vec<String> = terms.iter().map(whole).chain(yields.iter().map(part)).collect();
        if terms.is_empty() { "0".to_string() } else { terms.join(" + ") }
    }

    fn rate(&self, law: &RateLaw) -> String {
        match law {
            RateLaw::MassAction(e) => self.expression(e),
            RateLaw::Rate(e) => format!("rate({})", self.expression(e)),
            RateLaw::Propensity(e) => format!("propensity({})", self.expression(e)),
        }
    }

    fn expression(&self, e: &Expression) -> String {
        e.display(&Written(self)).to_string()
    }

    fn value(&self, value: &Value) -> String {
        match value {
            Value::Quantity(q) => quantity(q),
            // In brackets it is read as an expression again.
            Value::Expression(Expression::Number(x)) => format!("({})", shortest(*x)),
            Value::Expression(e) => self.expression(e),
        }
    }
}

fn quantity(q: &Quantity) -> String {
    if q.unit.text.is_empty() { shortest(q.value) } else { format!("{} {}", shortest(q.value), q.unit.text) }
}
