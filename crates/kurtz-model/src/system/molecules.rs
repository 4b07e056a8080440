//! From amounts in moles to numbers of molecules.

use crate::expression::{Expression, Function};
use crate::kinetics::each_species;
use crate::network::{Initial, Network, RateLaw, Value, Variable};
use crate::units::Unit;

impl Network {
    /// This network with amounts in molecules, whatever unit they are in here; what methods that count molecules need.
    ///
    /// With one unit of amount being s molecules: initial amounts are multiplied by s (and rounded to whole numbers), and so are rates of reactions,
    /// rules and events for species; in every expression a species is divided by s. Mass action keeps its form, with
    /// k s^(1 - order), so that concentration rates stay the same.
    pub fn in_molecules(&self) -> Network {
        let scale = self.amount_unit.scale;
        let mut network = self.clone();
        network.amount_unit = Unit::unspecified();
        if !self.amount_unit.is_specified() || scale == 1.0 {
            return network;
        }
        let inner = |e: &Expression| each_species(e, |s| Expression::from(s) / scale);
        let value = |value: &mut Value, factor: f64| match value {
            Value::Quantity(q) => {
                // A unit that counts molecules already means the same in both.
                let power = if q.unit.is_specified() { 0.0 } else { 1.0 };
                q.value *= factor.powf(power);
            }
            Value::Expression(e) => *e = if factor == 1.0 { inner(e) } else { factor * inner(e) },
        };
        for c in &mut network.compartments {
            value(&mut c.size, 1.0);
        }
        for p in &mut network.parameters {
            // A parameter in units of amount keeps the number that it had in this network's own unit.
            if let Value::Quantity(q) = &mut p.value {
                let amount = q.unit.dimension.map_or(0, |d| d.amount);
                if amount != 0 {
                    q.value *= q.unit.coherent_scale(&self.volume_unit, &self.time_unit) / scale.powi(amount.into());
                    q.unit = Unit::unspecified();
                }
            } else {
                value(&mut p.value, 1.0);
            }
        }
        for s in &mut network.species {
            match &mut s.initial {
                Initial::Concentration(initial) => value(initial, scale),
                Initial::Count(initial) => {
                    value(initial, scale);
                    if let Value::Quantity(q) = initial {
                        let number = q.value * q.unit.coherent_scale(&self.volume_unit, &self.time_unit);
                        (q.value, q.unit) = ((number + 0.5).floor(), Unit::unspecified());
                    } else if let Value::Expression(e) = initial {
                        *e = Expression::call(Function::Floor, [&*e + 0.5]);
                    }
                }
            }
        }
        for reaction in &mut network.reactions {
            for (_, e) in &mut reaction.yields {
                *e = inner(e);
            }
            let order = reaction.order();
            reaction.rate = match &reaction.rate {
                RateLaw::MassAction(k) if order == 1 => RateLaw::MassAction(inner(k)),
                RateLaw::MassAction(k) => RateLaw::MassAction(inner(k) * scale.powf(1.0 - f64::from(order))),
                RateLaw::Rate(phi) => RateLaw::Rate(scale * inner(phi)),
                RateLaw::Propensity(a) => RateLaw::Propensity(scale * inner(a)),
            };
        }
        let target = |variable: Variable, e: &mut Expression| {
            let is_amount = matches!(variable, Variable::Species(_));
            *e = if is_amount { scale * inner(e) } else { inner(e) };
        };
        for rule in &mut network.rules {
            target(rule.variable, &mut rule.expression);
        }
        for event in &mut network.events {
            event.trigger = inner(&event.trigger);
            for e in event.delay.iter_mut().chain(&mut event.priority) {
                *e = inner(e);
            }
            for (variable, e) in &mut event.assignments {
                target(*variable, e);
            }
        }
        network
    }
}
