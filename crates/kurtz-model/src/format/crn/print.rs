//! A network as `.crn` text, such that reading it gives an equal network.

use crate::expression::Expression;
use crate::expression::print::shortest;
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
        match law {
            RateLaw::MassAction(e) => e.display(self).to_string(),
            RateLaw::Rate(e) => format!("rate({})", e.display(self)),
            RateLaw::Propensity(e) => format!("propensity({})", e.display(self)),
        }
    }

    fn value(&self, value: &Value) -> String {
        match value {
            Value::Quantity(q) => quantity(q),
            // In brackets it is read as an expression again.
            Value::Expression(Expression::Number(x)) => format!("({})", shortest(*x)),
            Value::Expression(e) => e.display(self).to_string(),
        }
    }
}

fn quantity(q: &Quantity) -> String {
    if q.unit.text.is_empty() { shortest(q.value) } else { format!("{} {}", shortest(q.value), q.unit.text) }
}
