//! Which conditions a scan visits: every combination of the values of what is varied.

use crate::Error;
use kurtz_model::Network;
use kurtz_model::kinetics::Changes;
use serde::{Deserialize, Deserializer, Serialize};

/// Conditions of one scan at most.
const MOST_CONDITIONS: usize = 100_000;

/// Something that is varied, and its values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Varied {
    /// A parameter, the initial amount of a species, or `volume`; in the unit in which the model gives it.
    pub name: String,
    /// Its values, as a list or as text: `0.1:2:0.1`, or values and ranges separated by commas.
    #[serde(deserialize_with = "values")]
    pub values: Vec<f64>,
}

fn values<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Given {
        List(Vec<f64>),
        One(f64),
        Text(String),
    }
    match Given::deserialize(deserializer)? {
        Given::List(list) => Ok(list),
        Given::One(value) => Ok(vec![value]),
        Given::Text(text) => parse_values(&text).map_err(serde::de::Error::custom),
    }
}

/// Values as typed: `a`, `a:b:step` with both ends, or several of these separated by commas.
///
/// # Errors
/// What is wrong, in words.
pub fn parse_values(text: &str) -> Result<Vec<f64>, String> {
    let number = |part: &str| {
        let value: f64 = part.trim().parse().map_err(|_| format!("`{}` is not a number", part.trim()))?;
        if value.is_finite() { Ok(value) } else { Err(format!("`{}` is not finite", part.trim())) }
    };
    let mut values = Vec::new();
    for part in text.split(',') {
        match part.split(':').collect::<Vec<_>>()[..] {
            [one] => values.push(number(one)?),
            [from, to, step] => {
                let (from, to, step) = (number(from)?, number(to)?, number(step)?);
                let steps = (to - from) / step;
                if step == 0.0 || !(0.0..MOST_CONDITIONS as f64).contains(&steps) {
                    return Err(format!(
                        "`{part}` is no range; write from:to:step, with steps that lead from one to the other"
                    ));
                }
                // As they would be written down: without the digits that adding up makes.
                let rounded = |x: f64| format!("{x:.12e}").parse().unwrap_or(x);
                values.extend((0..=(steps + 1e-9).floor() as usize).map(|i| rounded(from + i as f64 * step)));
            }
            _ => return Err(format!("`{part}` is neither a value nor a range from:to:step")),
        }
    }
    Ok(values)
}

/// One combination of values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// What is varied, and its value here.
    pub values: Vec<(String, f64)>,
}

impl Point {
    /// A name for files: the values.
    pub fn name(&self) -> String {
        let shown: Vec<String> = self.values.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
        if shown.is_empty() { "model".into() } else { shown.join("_") }
    }

    /// The model's changes here, on top of others.
    pub fn changes(&self, network: &Network, base: &Changes) -> Changes {
        let mut changes = base.clone();
        for (name, value) in &self.values {
            if network.parameter_named(name).is_some() {
                changes.parameters.retain(|(n, _)| n != name);
                changes.parameters.push((name.clone(), *value));
            } else if network.species_named(name).is_some() {
                changes.initial.retain(|(n, _)| n != name);
                changes.initial.push((name.clone(), *value));
            } else {
                changes.volume = Some(*value);
            }
        }
        changes
    }

    /// The value of what is varied under this name.
    pub fn value(&self, name: &str) -> Option<f64> {
        self.values.iter().find(|(n, _)| n == name).map(|(_, value)| *value)
    }
}

/// All combinations, the last name varying fastest.
///
/// # Errors
/// Names that the model does not have, no values, the same value or name twice, too many combinations.
pub fn points(network: &Network, varied: &[Varied]) -> Result<Vec<Point>, Error> {
    let mut points = vec![Point { values: Vec::new() }];
    for (i, what) in varied.iter().enumerate() {
        check(network, what)?;
        if varied[..i].iter().any(|other| other.name == what.name) {
            let expected = "each is varied once; give all its values there";
            return Err(Error::Setting { setting: "vary", found: format!("`{}` twice", what.name), expected });
        }
        if points.len() * what.values.len() > MOST_CONDITIONS {
            let expected = "at most 100 000 conditions are visited";
            return Err(Error::Setting { setting: "vary", found: "too many combinations".into(), expected });
        }
        let with = |point: &Point, value: f64| {
            let mut values = point.values.clone();
            values.push((what.name.clone(), value));
            Point { values }
        };
        points = points.iter().flat_map(|p| what.values.iter().map(move |&v| with(p, v))).collect();
    }
    Ok(points)
}

fn check(network: &Network, what: &Varied) -> Result<(), Error> {
    let names = network.parameters.iter().map(|p| &p.name).chain(network.species.iter().map(|s| &s.name));
    let known: Vec<&str> = names.map(String::as_str).chain(["volume"]).collect();
    if !known.contains(&what.name.as_str()) {
        let kind = "parameter or species";
        return Err(Error::Unknown { kind, name: what.name.clone(), known: known.join(", ") });
    }
    let bad = |found: String, expected| Err(Error::Setting { setting: "vary", found, expected });
    if what.values.is_empty() {
        return bad(format!("`{}` without values", what.name), "give at least one value");
    }
    let mut sorted = what.values.clone();
    sorted.sort_by(f64::total_cmp);
    if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        return bad(format!("`{}` = {} twice", what.name, pair[0]), "each value is visited once");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_have_both_ends_and_no_spurious_digits() {
        assert_eq!(parse_values("0.1:0.5:0.1").unwrap(), [0.1, 0.2, 0.3, 0.4, 0.5]);
        assert_eq!(parse_values("5:1:-2").unwrap(), [5.0, 3.0, 1.0]);
        assert_eq!(parse_values("1e-14, 1e-12").unwrap(), [1e-14, 1e-12]);
        assert_eq!(parse_values("1,2:3:1").unwrap(), [1.0, 2.0, 3.0]);
        assert_eq!(parse_values("0.1:2:0.1").unwrap().len(), 20);
        for bad in ["", "x", "1:2", "1:2:0", "1:2:-1", "1:inf:1", "0:1:1e-9"] {
            assert!(parse_values(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn combinations_are_complete_and_named() {
        let network = kurtz_model::format::crn::parse("species A = 3\nparameter k = 1\n A -> 0 @ k", "test").unwrap().0;
        let vary = |name: &str, values: &[f64]| Varied { name: name.into(), values: values.to_vec() };
        let all = points(&network, &[vary("A", &[1.0, 2.0]), vary("k", &[0.5, 1.5, 2.5])]).unwrap();
        assert_eq!(all.len(), 6);
        assert_eq!(all[4].name(), "A=2.0_k=1.5");
        let changes = all[4].changes(&network, &Changes::default());
        assert_eq!((changes.initial[0].1, changes.parameters[0].1), (2.0, 1.5));
        for bad in [vary("B", &[1.0]), vary("A", &[]), vary("A", &[1.0, 1.0])] {
            assert!(points(&network, &[bad]).is_err());
        }
        assert!(points(&network, &[vary("A", &[1.0]), vary("A", &[2.0])]).is_err());
    }
}
