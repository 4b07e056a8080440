//! In which units the numbers of a diagram are shown.

use super::Settings;
use crate::Error;
use crate::study::ModelFile;
use kurtz_dynamics::bifurcation::{control_named, describe_control};
use kurtz_model::{Initial, Network, Value, Variable};

/// Quantities and units of figures and tables.
#[derive(Debug)]
pub(super) struct Shown {
    /// The varied quantity and its unit.
    pub parameter: String,
    pub unit: String,
    pub time_unit: String,
    pub species: Vec<Quantity>,
}

/// A species as it is shown.
#[derive(Debug)]
pub(super) struct Quantity {
    pub name: String,
    pub unit: String,
    /// Position in the diagram.
    pub index: usize,
    /// Concentrations in the network's own units are multiplied by it.
    factor: f64,
}

impl Quantity {
    /// The shown value of this species among concentrations of all.
    pub fn of(&self, concentrations: &[f64]) -> f64 {
        concentrations[self.index] * self.factor
    }
}

impl Shown {
    /// Species are shown as the model gives their initial amounts: as counts, or as concentrations in the unit given, or
    /// in the first unit of concentration that the model has. Where the size of a compartment is varied, all are
    /// concentrations.
    pub fn new(model: &ModelFile, settings: &Settings) -> Result<Shown, Error> {
        let network = model.kinetics.network();
        let control = control_named(network, &settings.parameter)?;
        let (parameter, unit) = describe_control(network, control);
        let names: Vec<String> = match &settings.vars {
            Some(vars) => vars.clone(),
            None => network.species.iter().filter(|s| !s.clamped).map(|s| s.name.clone()).collect(),
        };
        let fallback = first_unit(network);
        let mut species = Vec::new();
        for name in names {
            let id = model.species(&name)?;
            let given = &network.species[id.index()].initial;
            let (unit, factor) = match given {
                Initial::Concentration(Value::Quantity(q)) if q.unit.is_specified() => {
                    (q.unit.text.clone(), 1.0 / network.own_units_in(&q.unit))
                }
                Initial::Count(_) if !matches!(control, Variable::Compartment(_)) => {
                    ("molecules".into(), model.kinetics.volume_of(id))
                }
                _ => fallback.clone(),
            };
            species.push(Quantity { name, unit, index: id.index(), factor });
        }
        Ok(Shown { parameter, unit, time_unit: model.time_unit().to_string(), species })
    }
}

/// The first unit of concentration that a species is given in, and what a concentration is multiplied by to be in it.
fn first_unit(network: &Network) -> (String, f64) {
    let own = (format!("molecules/{}", network.volume_unit.text), 1.0);
    let given = network.species.iter().find_map(|s| match &s.initial {
        Initial::Concentration(Value::Quantity(q)) if q.unit.is_specified() => {
            Some((q.unit.text.clone(), 1.0 / network.own_units_in(&q.unit)))
        }
        _ => None,
    });
    given.unwrap_or(if network.volume_unit.is_specified() { own } else { (String::new(), 1.0) })
}
