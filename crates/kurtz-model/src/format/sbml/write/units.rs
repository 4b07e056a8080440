//! The units of a network as unit definitions.

use super::xml::Xml;
use crate::expression::print::shortest;
use crate::network::Network;
use crate::units::AVOGADRO;

/// Units of amounts, time and volumes.
pub(super) struct Units(Vec<Declared>);

struct Declared {
    /// The attribute of the model.
    attribute: &'static str,
    name: &'static str,
    /// The base unit and how many of it, if it is not that itself.
    definition: Option<(&'static str, f64)>,
}

impl Units {
    pub fn of(network: &Network) -> Units {
        let mut units = Vec::new();
        let mut add = |attribute, name, kind, size: f64| {
            // Sizes are powers of ten, seconds and the like: what is left of them is rounding.
            let size = if (size - 1.0).abs() < 1e-12 { 1.0 } else { size };
            units.push(match size {
                1.0 => Declared { attribute, name: kind, definition: None },
                _ => Declared { attribute, name, definition: Some((kind, size)) },
            });
        };
        let amount = &network.amount_unit;
        if amount.is_specified() && amount.scale != 1.0 {
            add("substanceUnits", "amount_unit", "mole", amount.scale / AVOGADRO);
        } else {
            add("substanceUnits", "amount_unit", "item", 1.0);
        }
        if network.time_unit.is_specified() {
            add("timeUnits", "time_unit", "second", network.time_unit.scale);
        }
        if network.volume_unit.is_specified() {
            add("volumeUnits", "volume_unit", "litre", network.volume_unit.scale);
        }
        Units(units)
    }

    /// The attributes of the model; extents are in units of amounts.
    pub fn attributes(&self) -> Vec<(&'static str, &str)> {
        let mut attributes: Vec<(&'static str, &str)> = self.0.iter().map(|unit| (unit.attribute, unit.name)).collect();
        attributes.push(("extentUnits", attributes[0].1));
        attributes
    }

    pub fn definitions(&self, xml: &mut Xml) {
        if self.0.iter().all(|unit| unit.definition.is_none()) {
            return;
        }
        xml.open("listOfUnitDefinitions", &[]);
        for Declared { name, definition, .. } in &self.0 {
            let Some((kind, size)) = definition else { continue };
            xml.open("unitDefinition", &[("id", name)]);
            xml.open("listOfUnits", &[]);
            // Rounding in the last digits would show: 1e-3 is not 0.0010000000000000002.
            let multiplier = shortest(format!("{size:.12e}").parse().unwrap_or(*size));
            let attributes = [("kind", *kind), ("exponent", "1"), ("scale", "0"), ("multiplier", &multiplier)];
            xml.empty("unit", &attributes);
            xml.close();
            xml.close();
        }
        xml.close();
    }
}
