//! What was found, as a model file.

use super::Reduced;
use kurtz_learn::rational::Law;
use std::fmt::Write;

impl Reduced {
    /// The laws as a network whose fast species are computed from the driving ones; none if there are no laws.
    ///
    /// Data of one course tell how fast species follow, not how slow ones move: the driving species stand in it as held at
    /// their last value, for others to replace by reactions.
    pub fn network(&self) -> Option<String> {
        let law = self.laws.first()?;
        let species = &self.record.species;
        let course = &self.record.courses[0];
        let last = &course.values[course.values.len() - species.len()..];
        let name = |s: &str| quoted(s);
        let mut text = String::from(
            "# Laws found by `kurtz reduce --data`: fast species as functions of slow ones. Data tell how the fast species follow, not\n\
             # how the slow ones move: these are held here, to be replaced by species with reactions.\n\nvolume 1\n\n",
        );
        for &driver in &law.drivers {
            let _ =
                writeln!(text, "clamped species {} = concentration({})", name(&species[driver]), last[driver].max(0.0));
        }
        for &(member, _) in &law.members {
            let _ =
                writeln!(text, "clamped species {} = concentration({})", name(&species[member]), last[member].max(0.0));
        }
        let free = |wanted: &str| {
            let mut found = wanted.to_string();
            while species.contains(&found) {
                found.push('_');
            }
            found
        };
        let (total, denominator) = (free("total"), free("Omega"));
        let beta: Vec<(String, Vec<u32>, f64)> =
            law.denominator_names().into_iter().map(|(n, e, b)| (free(&n), e, b)).collect();
        let _ = write!(text, "parameter {total} = {}", law.totals[0]);
        for (name, _, value) in &beta {
            let _ = write!(text, ", {name} = {value}");
        }
        let terms: Vec<String> = beta.iter().map(|(name, e, _)| product(name, &quoted_monomial(law, e))).collect();
        let _ = writeln!(text, "\nparameter {denominator} = 1\n\n{denominator} := {}", terms.join(" + "));
        for (m, &(member, _)) in law.members.iter().enumerate() {
            let numerator = law.numerator(m, 0);
            let terms: Vec<String> = numerator
                .iter()
                .map(|(e, alpha)| product(&format!("{}", alpha / law.totals[0]), &quoted_monomial(law, e)))
                .collect();
            let sum = if terms.len() == 1 { terms[0].clone() } else { format!("({})", terms.join(" + ")) };
            let _ = writeln!(text, "{} := {total}*{sum}/{denominator}", name(&species[member]));
        }
        Some(text)
    }
}

fn product(factor: &str, monomial: &str) -> String {
    if monomial == "1" { factor.to_string() } else { format!("{factor}*{monomial}") }
}

/// A monomial whose names are as the text format wants them.
fn quoted_monomial(law: &Law, exponents: &[u32]) -> String {
    let factors = law.drivers.iter().zip(exponents).filter(|(_, e)| **e > 0);
    let power = |(d, e): (&usize, &u32)| {
        let name = quoted(&law.species[*d]);
        if *e == 1 { name } else { format!("{name}^{e}") }
    };
    let factors: Vec<String> = factors.map(power).collect();
    if factors.is_empty() { "1".into() } else { factors.join("*") }
}

/// A name of a column as a name in the text format.
fn quoted(name: &str) -> String {
    let is_plain = name.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let is_word = [
        "model",
        "time",
        "volume",
        "amount",
        "convention",
        "compartment",
        "clamped",
        "species",
        "parameter",
        "when",
        "in",
        "rate",
        "propensity",
        "concentration",
        "piecewise",
        "if",
        "pi",
        "nan",
        "inf",
    ]
    .contains(&name);
    if is_plain && !is_word { name.to_string() } else { format!("`{name}`") }
}
