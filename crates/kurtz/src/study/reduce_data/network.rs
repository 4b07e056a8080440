//! What was found, as a model file.

use super::Reduced;
use kurtz_learn::rational::Law;
use std::fmt::Write;

const HEAD: &str = "# Laws found by `kurtz reduce --data`: fast species as functions of slow ones. Data tell how the fast species follow, not\n\
    # how the slow ones move: these are held here, to be replaced by species with reactions.\n\nvolume 1\n\n";

/// Coefficients that differ by less are the same number, computed twice.
const SAME: f64 = 1e-9;

impl Reduced {
    /// The simplest law as a network whose fast species are computed from the driving ones, or else the constant products, each
    /// solved for one species; none if there is neither.
    ///
    /// Data of one course tell how fast species follow, not how slow ones move: the driving species stand in it as held at
    /// their last value, for others to replace by reactions.
    pub fn network(&self) -> Option<String> {
        let Some(law) = self.laws.first() else { return self.followers() };
        let species = &self.record.species;
        let course = &self.record.courses[0];
        let last = &course.values[course.values.len() - species.len()..];
        let name = |s: &str| quoted(s);
        let mut text = String::from(HEAD);
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
        // Each constant once: coefficients of numerators that are those of the denominator go by their names.
        let mut constants: Vec<(String, f64)> = beta.iter().map(|(name, _, value)| (name.clone(), *value)).collect();
        let mut numerators = Vec::new();
        for (m, &(member, _)) in law.members.iter().enumerate() {
            let mut terms = Vec::new();
            for (e, alpha) in law.numerator(m, 0) {
                let value = alpha / law.totals[0];
                let is_same = |(_, f, b): &&(String, Vec<u32>, f64)| *f == e && (b - value).abs() <= SAME * b.abs();
                let factor = match beta.iter().find(is_same) {
                    Some((name, ..)) => name.clone(),
                    None if (value - 1.0).abs() <= SAME => "1".into(),
                    None => {
                        let name = free(&format!("alpha{}", constants.len() - beta.len() + 1));
                        constants.push((name.clone(), value));
                        name
                    }
                };
                terms.push(product(&factor, &quoted_monomial(law, &e)));
            }
            let sum = if terms.len() == 1 { terms[0].clone() } else { format!("({})", terms.join(" + ")) };
            numerators.push(format!("{} := {total}*{sum}/{denominator}\n", name(&species[member])));
        }
        let _ = write!(text, "parameter {total} = {}", law.totals[0]);
        for (name, value) in &constants {
            let _ = write!(text, ", {name} = {value}");
        }
        let terms: Vec<String> = beta.iter().map(|(name, e, _)| product(name, &quoted_monomial(law, e))).collect();
        let _ = writeln!(text, "\nparameter {denominator} = 1\n\n{denominator} := {}", terms.join(" + "));
        text.extend(numerators);
        Some(text)
    }

    /// Constant products without a total that they link: each solved for the least abundant of its species.
    fn followers(&self) -> Option<String> {
        let (species, course) = (&self.record.species, &self.record.courses[0]);
        let n = species.len();
        let last = &course.values[course.values.len() - n..];
        let mean = |i: usize| course.values.iter().skip(i).step_by(n).filter(|x| x.is_finite()).sum::<f64>();
        let (mut used, mut rules): (Vec<usize>, Vec<(usize, String)>) = (Vec::new(), Vec::new());
        let mut constants = String::new();
        for product in &self.products.products {
            let members = (0..n).filter(|&i| product.exponents[i] != 0);
            // None that another rule reads or gives, so that no rules wait for each other.
            let free = members.clone().filter(|i| product.exponents[*i].abs() == 1 && !used.contains(i));
            let Some(follower) = free.min_by(|a, b| mean(*a).total_cmp(&mean(*b))) else { continue };
            let sign = product.exponents[follower];
            let mut constant = format!("K{}", rules.len() + 1);
            while species.contains(&constant) {
                constant.push('_');
            }
            let _ = write!(constants, "{} {constant} = {}", if rules.is_empty() { "" } else { "," }, product.value);
            // x^sign prod y^e = K.
            let power = |name: String, e: i32| if e == 1 { name } else { format!("{name}^{e}") };
            let (mut above, mut below) = (Vec::new(), Vec::new());
            if sign > 0 {
                above.push(constant)
            } else {
                below.push(constant)
            }
            for i in members.clone().filter(|i| *i != follower) {
                let e = -sign * product.exponents[i];
                let side = if e > 0 { &mut above } else { &mut below };
                side.push(power(quoted(&species[i]), e.abs()));
            }
            let above = if above.is_empty() { "1".to_string() } else { above.join("*") };
            let law = match below.as_slice() {
                [] => above,
                [one] => format!("{above}/{one}"),
                many => format!("{above}/({})", many.join("*")),
            };
            used.extend(members);
            rules.push((follower, law));
        }
        if rules.is_empty() {
            return None;
        }
        let mut text = String::from(HEAD);
        for i in (0..n).filter(|i| used.contains(i)) {
            let _ = writeln!(text, "clamped species {} = concentration({})", quoted(&species[i]), last[i].max(0.0));
        }
        let _ = writeln!(text, "parameter{constants}\n");
        for (follower, law) in rules {
            let _ = writeln!(text, "{} := {law}", quoted(&species[follower]));
        }
        Some(text)
    }
}

fn product(factor: &str, monomial: &str) -> String {
    match (factor, monomial) {
        (_, "1") => factor.to_string(),
        ("1", _) => monomial.to_string(),
        _ => format!("{factor}*{monomial}"),
    }
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
