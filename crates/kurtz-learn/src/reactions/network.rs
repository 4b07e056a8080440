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

/// A network of mass-action reactions, each with its constant as a parameter `k_NAME` (underscores are added where a
/// species or reaction has that name).
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
    let names: Vec<&str> = reactions.iter().map(|(c, _)| c.name.as_str()).collect();
    let species = species
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
    let mut network = Network { species, compartments: Vec::new(), ..Network::default() };
    let name = free_name(&network, &names, "volume");
    network.compartments.push(Compartment { name, size: plain(volume) });
    let side = |counts: &[u32]| -> Vec<(SpeciesId, u32)> {
        counts.iter().enumerate().filter(|(_, c)| **c > 0).map(|(i, &c)| (SpeciesId::from(i), c)).collect()
    };
    for (i, (candidate, rate)) in reactions.iter().enumerate() {
        let name = free_name(&network, &names, &format!("k_{}", candidate.name));
        network.parameters.push(Parameter { name, value: plain(*rate) });
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

/// `wanted`, with underscores until nothing in the network, and none of the names in `reserved`, is called so.
pub fn free_name(network: &Network, reserved: &[&str], wanted: &str) -> String {
    let taken = |name: &str| {
        network.species_named(name).is_some()
            || network.parameter_named(name).is_some()
            || network.reactions.iter().any(|r| r.name == name)
            || network.compartments.iter().any(|c| c.name == name)
            || reserved.contains(&name)
    };
    let mut name = wanted.to_string();
    while taken(&name) {
        name.push('_');
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use kurtz_dynamics::moments::Stoichiometry;
    use kurtz_model::format::crn;

    #[test]
    fn constants_do_not_take_the_names_of_species_or_reactions() {
        let species = ["k_decay", "volume"].map(String::from);
        let candidate = |name: &str, reactants: [u32; 2]| {
            let stoichiometry = Stoichiometry { reactants: reactants.to_vec(), products: vec![0, 0] };
            Candidate { name: name.into(), ..Candidate::new(&species, stoichiometry) }
        };
        let (a, b) = (candidate("decay", [1, 0]), candidate("k_decay_", [0, 1]));
        let network = network_of(&species, &[3.0, 4.0], Amounts::Counts, 2.0, &[(&a, 0.5), (&b, 0.25)]);
        let names: Vec<&str> = network.parameters.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(names, ["k_decay__", "k_k_decay_"]);
        assert_eq!(network.compartments[0].name, "volume_");
        let (back, _) = crn::parse(&network.to_crn(), "printed").unwrap();
        assert_eq!(back.reactions.len(), 2);
    }
}
