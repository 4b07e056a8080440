//! Units of a model: what time, volumes and amounts are measured in.
//!
//! Numbers are never converted: SBML says what they mean, and rate laws already reckon with it.

use super::problem::SbmlProblem;
use super::xml::{self, Finding};
use crate::units::Unit;
use roxmltree::Node;
use std::collections::HashMap;

/// A product of powers of base units, by its definitions.
pub(super) struct Units<'a, 'i> {
    definitions: HashMap<&'a str, Node<'a, 'i>>,
}

/// 10^scale multiplier unit, raised to a power.
#[derive(Clone, Copy, PartialEq)]
struct Factor {
    size: f64,
    exponent: f64,
}

impl<'a, 'i> Units<'a, 'i> {
    pub fn new(model: Node<'a, 'i>) -> Self {
        let list = xml::child(model, "listOfUnitDefinitions");
        let definitions = list.into_iter().flat_map(xml::elements);
        let definitions = definitions.filter_map(|node| Some((node.attribute("id").or(node.attribute("name"))?, node)));
        Units { definitions: definitions.collect() }
    }

    /// The unit of this name, as kurtz writes it; unspecified for bare numbers.
    ///
    /// # Errors
    /// A unit that has no such form; `what` is measured in it.
    pub fn named(&self, name: &'a str, what: &'static str, at: usize) -> Result<Unit, Finding> {
        let cannot = || Finding::new(SbmlProblem::Unit { unit: name.into(), what }, at);
        let (kind, factor) = self.factor(name).ok_or_else(cannot)?;
        let Factor { size, exponent } = factor;
        let text = match (kind, exponent) {
            ("item" | "dimensionless" | "avogadro", _) => return Ok(Unit::unspecified()),
            ("mole", 1.0) => prefixed(size, "mol"),
            ("second", 1.0) => {
                let named = [(60.0, "min"), (3600.0, "hour"), (86_400.0, "day"), (604_800.0, "week")];
                let year = [(31_557_600.0, "year")];
                let found = named.into_iter().chain(year).find(|&(seconds, _)| same(seconds, size));
                found.map(|(_, name)| name.to_string()).or_else(|| prefixed(size, "s"))
            }
            ("litre" | "liter", 1.0) => prefixed(size, "L"),
            ("metre" | "meter", 3.0) => prefixed(size, "m").map(|m| format!("{m}^3")),
            _ => None,
        };
        text.and_then(|text| Unit::parse(&text).ok()).ok_or_else(cannot)
    }

    /// Whether two names stand for the same unit, as far as they stand for one base unit each.
    pub fn are_same(&self, a: &'a str, b: &'a str) -> bool {
        let close = |(kind, a): (&str, Factor), (other, b): (&str, Factor)| {
            kind == other && a.exponent == b.exponent && same(a.size, b.size)
        };
        a == b || self.factor(a).zip(self.factor(b)).is_some_and(|(a, b)| close(a, b))
    }

    /// The one base unit a name stands for, with its size and power.
    fn factor(&self, name: &'a str) -> Option<(&'a str, Factor)> {
        let Some(definition) = self.definitions.get(name) else {
            let default = match name {
                "substance" => "mole",
                "time" => "second",
                "volume" => "litre",
                kind => kind,
            };
            return Some((default, Factor { size: 1.0, exponent: 1.0 }));
        };
        let list = xml::child(*definition, "listOfUnits")?;
        let number = |unit: Node, attribute: &str, default: f64| {
            unit.attribute(attribute).map_or(Some(default), |text| text.trim().parse::<f64>().ok())
        };
        let mut found = None;
        for unit in xml::elements(list) {
            let (scale, exponent) = (number(unit, "scale", 0.0)?, number(unit, "exponent", 1.0)?);
            let size = number(unit, "multiplier", 1.0)? * 10f64.powf(scale);
            match (unit.attribute("kind")?.trim(), exponent) {
                ("dimensionless", _) if size == 1.0 => {}
                (_, 0.0) => {}
                (kind, exponent) => {
                    if found.replace((kind, Factor { size, exponent })).is_some() {
                        return None;
                    }
                }
            }
        }
        Some(found.unwrap_or(("dimensionless", Factor { size: 1.0, exponent: 1.0 })))
    }
}

/// A base unit with the prefix for a power of ten.
fn prefixed(size: f64, base: &str) -> Option<String> {
    let prefixes = [(0, ""), (-1, "d"), (-2, "c"), (-3, "m"), (-6, "u"), (-9, "n"), (-12, "p"), (-15, "f"), (3, "k")];
    let found = prefixes.into_iter().find(|&(exponent, _)| same(10f64.powi(exponent), size));
    found.map(|(_, prefix)| format!("{prefix}{base}"))
}

/// Equal but for rounding in powers of ten.
fn same(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-12 * a.abs()
}
