//! Candidate reactions: enumerated from species and order, or taken from a network.

use crate::error::LearnError;
use kurtz_dynamics::moments::Stoichiometry;
use kurtz_model::{Network, RateLaw, Reaction, SpeciesId};
use serde::{Deserialize, Serialize};

/// A reaction that may be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Unique name, an identifier.
    pub name: String,
    /// The reaction as one writes it, e.g. `A -> 2 B`.
    pub equation: String,
    /// What reacts to what.
    pub stoichiometry: Stoichiometry,
}

/// Which reactions [`enumerate_candidates`] lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CandidateSettings {
    /// Most molecules that react with each other, 1 to 3. Default 1.
    pub order: u32,
    /// Most molecules that come out of one reaction, >= 0. Default 2.
    pub products: u32,
    /// Whether single molecules may come from outside. Default false.
    pub inflow: bool,
}

impl Default for CandidateSettings {
    fn default() -> Self {
        CandidateSettings { order: 1, products: 2, inflow: false }
    }
}

impl Candidate {
    /// A candidate named after its equation.
    pub fn new(species: &[String], stoichiometry: Stoichiometry) -> Self {
        let side = |counts: &[u32], joint: &str, space: &str, none: &str| -> String {
            let parts = counts.iter().zip(species).filter(|(c, _)| **c > 0);
            let parts: Vec<String> =
                parts.map(|(&c, s)| if c == 1 { s.clone() } else { format!("{c}{space}{s}") }).collect();
            if parts.is_empty() { none.into() } else { parts.join(joint) }
        };
        let Stoichiometry { reactants, products } = &stoichiometry;
        let equation = format!("{} -> {}", side(reactants, " + ", " ", "0"), side(products, " + ", " ", "0"));
        // An identifier starts with a letter: `2A` becomes `A2` there.
        let word = |counts: &[u32]| -> String {
            let parts = counts.iter().zip(species).filter(|(c, _)| **c > 0);
            let parts: Vec<String> = parts.map(|(&c, s)| if c == 1 { s.clone() } else { format!("{s}{c}") }).collect();
            if parts.is_empty() { "none".into() } else { parts.join("_") }
        };
        let name = format!("{}_to_{}", word(reactants), word(products));
        Candidate { name, equation, stoichiometry }
    }
}

/// All reactions of the species with at most so many reactants and products, by reactants, then products.
///
/// # Errors
/// No species; an order that is not 1 to 3.
pub fn enumerate_candidates(species: &[String], settings: &CandidateSettings) -> Result<Vec<Candidate>, LearnError> {
    if species.is_empty() {
        return Err(LearnError::Empty { what: "species" });
    }
    if !(1..=3).contains(&settings.order) {
        let (value, expected) = (f64::from(settings.order), "reactions are of order 1, 2 or 3");
        return Err(LearnError::BadValue { what: "the order of the candidate reactions".into(), value, expected });
    }
    let complexes =
        |most: u32| -> Vec<Vec<u32>> { (0..=most).flat_map(|size| multisets(species.len(), size)).collect() };
    let mut all = Vec::new();
    for reactants in complexes(settings.order) {
        let inflow = reactants.iter().all(|&c| c == 0);
        for products in complexes(if inflow { settings.products.min(1) } else { settings.products }) {
            if products != reactants && (!inflow || settings.inflow) {
                all.push(Candidate::new(species, Stoichiometry { reactants: reactants.clone(), products }));
            }
        }
    }
    Ok(all)
}

/// The reactions of a network as candidates over the species that were observed, under their own names.
///
/// # Errors
/// Reactions without a mass-action constant; reactions of species that are not observed.
pub fn candidates_of(network: &Network, observed: &[String]) -> Result<Vec<Candidate>, LearnError> {
    let candidate = |reaction: &Reaction| -> Result<Candidate, LearnError> {
        if !matches!(reaction.rate, RateLaw::MassAction(_)) {
            return Err(LearnError::NotMassAction { reaction: reaction.name.clone() });
        }
        let counts = |side: &[(SpeciesId, u32)]| -> Result<Vec<u32>, LearnError> {
            let mut counts = vec![0; observed.len()];
            for &(s, n) in side {
                let name = &network.species[s.index()].name;
                let unobserved = || LearnError::UnobservedSpecies { species: name.clone(), known: observed.to_vec() };
                counts[observed.iter().position(|o| o == name).ok_or_else(unobserved)?] += n;
            }
            Ok(counts)
        };
        let stoichiometry =
            Stoichiometry { reactants: counts(&reaction.reactants)?, products: counts(&reaction.products)? };
        Ok(Candidate { name: reaction.name.clone(), ..Candidate::new(observed, stoichiometry) })
    };
    network.reactions.iter().map(candidate).collect()
}

/// All ways to choose `size` molecules of `kinds` species.
fn multisets(kinds: usize, size: u32) -> Vec<Vec<u32>> {
    if kinds == 1 {
        return vec![vec![size]];
    }
    let first = (0..=size).rev();
    first
        .flat_map(|n| {
            let others = multisets(kinds - 1, size - n);
            others.into_iter().map(move |rest| [n].into_iter().chain(rest).collect())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_order_candidates_of_two_species() {
        let species = ["A".to_string(), "B".to_string()];
        let all = enumerate_candidates(&species, &CandidateSettings::default()).unwrap();
        let equations: Vec<&str> = all.iter().map(|c| c.equation.as_str()).collect();
        assert_eq!(
            equations,
            [
                "A -> 0",
                "A -> B",
                "A -> 2 A",
                "A -> A + B",
                "A -> 2 B", //
                "B -> 0",
                "B -> A",
                "B -> 2 A",
                "B -> A + B",
                "B -> 2 B"
            ]
        );
        assert_eq!(all[4].name, "A_to_B2");
        let second = CandidateSettings { order: 2, inflow: true, ..Default::default() };
        // Two inflows; 5 reactant complexes with 6 product complexes each, less the 5 that change nothing.
        assert_eq!(enumerate_candidates(&species, &second).unwrap().len(), 2 + 5 * 5);
        assert!(enumerate_candidates(&species, &CandidateSettings { order: 9, ..Default::default() }).is_err());
    }
}
