//! From learned rate constants back to a network.

use super::candidates::Candidate;
use kurtz_model::{
    Compartment, CompartmentId, Expression, Initial, Network, Parameter, ParameterId, Quantity, RateLaw, Reaction,
    Species, SpeciesId, Symbol, Unit, Value,
};

/// What the amounts in the data are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amounts {
    /// Numbers of molecules.
    Counts,
    /// Concentrations.
    Concentrations,
}

/// A network of mass-action reactions, each with its constant as a parameter `k_NAME`.
///
/// Amounts, the volume and time are in the units of the data: bare numbers.
pub fn network_of(
    species: &[String],
    initial: &[f64],
    amounts: Amounts,
    volume: f64,
    reactions: &[(&Candidate, f64)],
) -> Network {
    let plain = |value| Value::Quantity(Quantity { value, unit: Unit::unspecified() });
    let mut network = Network {
        compartments: vec![Compartment { name: "volume".into(), size: plain(volume) }],
        ..Network::default()
    };
    network.species = species
        .iter()
        .zip(initial)
        .map(|(name, &count)| Species {
            name: name.clone(),
            compartment: CompartmentId(0),
            initial: match amounts {
                Amounts::Counts => Initial::Count(plain(count)),
                Amounts::Concentrations => Initial::Concentration(plain(count)),
            },
            clamped: false,
        })
        .collect();
    let side = |counts: &[u32]| -> Vec<(SpeciesId, u32)> {
        counts.iter().enumerate().filter(|(_, c)| **c > 0).map(|(i, &c)| (SpeciesId::from(i), c)).collect()
    };
    for (i, (candidate, rate)) in reactions.iter().enumerate() {
        network.parameters.push(Parameter { name: format!("k_{}", candidate.name), value: plain(*rate) });
        network.reactions.push(Reaction {
            name: candidate.name.clone(),
            reactants: side(&candidate.stoichiometry.reactants),
            products: side(&candidate.stoichiometry.products),
            rate: RateLaw::MassAction(Expression::Symbol(Symbol::Parameter(ParameterId::from(i)))),
            compartment: CompartmentId(0),
            reverse_of: None,
            yields: Vec::new(),
        });
    }
    network
}
