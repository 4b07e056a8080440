//! What can be said of a network without its numbers: stoichiometry, conservation laws, complexes, dependencies, and
//! of which kind its rate laws are.
//!
//! Clamped species are constants here: reactions do not change them, and complexes and orders leave them out.

mod complexes;
mod conservation;
mod dependency;
mod elimination;
mod kinds;
mod recognise;

pub use complexes::{Complex, Complexes};
pub use conservation::ConservationLaw;
pub use recognise::{LawForm, Recognised};

use crate::network::{Network, ReactionId, SpeciesId};

/// Net change of each species by each reaction, dense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stoichiometry {
    species: usize,
    reactions: usize,
    entries: Vec<i64>,
}

impl Stoichiometry {
    /// Number of species, the rows.
    pub fn species(&self) -> usize {
        self.species
    }

    /// Number of reactions, the columns.
    pub fn reactions(&self) -> usize {
        self.reactions
    }

    /// Molecules of `species` that one event of `reaction` makes (or takes, if negative).
    pub fn get(&self, species: SpeciesId, reaction: ReactionId) -> i64 {
        self.entries[species.index() * self.reactions + reaction.index()]
    }

    /// All entries, `[species x reactions]`, row-major.
    pub fn entries(&self) -> &[i64] {
        &self.entries
    }
}

impl Network {
    /// The stoichiometry matrix u, `[species x reactions]`; rows of clamped species are zero.
    ///
    /// # Complexity
    /// Memory for species times reactions numbers.
    pub fn stoichiometry(&self) -> Stoichiometry {
        let (species, reactions) = (self.species.len(), self.reactions.len());
        let mut entries = vec![0; species * reactions];
        for r in 0..reactions {
            for (s, change) in self.effect(ReactionId::from(r)) {
                entries[s.index() * reactions + r] = change;
            }
        }
        Stoichiometry { species, reactions, entries }
    }

    /// Net change of each species in one event, sorted by species, zeros and clamped species left out.
    pub fn effect(&self, reaction: ReactionId) -> Vec<(SpeciesId, i64)> {
        let mut change = self.reactions[reaction.index()].net_change();
        change.retain(|&(s, _)| !self.species[s.index()].clamped);
        change
    }

    /// Rank of the stoichiometry matrix.
    pub fn rank(&self) -> usize {
        elimination::rank(&conservation::rows(self))
    }

    /// Rank of the stoichiometry matrix, if that takes no more than about so many operations on its entries. Of a few
    /// thousand reactions that draw their partners at random it takes minutes, of pathways hardly any time.
    pub fn rank_within(&self, work: usize) -> Option<usize> {
        elimination::rank_within(&conservation::rows(self), work)
    }
}

#[cfg(test)]
pub(crate) mod zoo {
    //! Textbook networks by name.

    use crate::format::crn;
    use crate::network::Network;

    /// A network of these reactions; species are declared in order of appearance, all constants are 1.
    pub(crate) fn network(reactions: &[&str]) -> Network {
        let mut names: Vec<String> = Vec::new();
        for reaction in reactions {
            for word in reaction.split(|c: char| !c.is_alphanumeric() && c != '_') {
                let name = word.trim_start_matches(|c: char| c.is_ascii_digit());
                if !name.is_empty() && !names.iter().any(|n| n == name) {
                    names.push(name.to_string());
                }
            }
        }
        let lines = reactions.iter().map(|r| format!("{r} @ {}", if r.contains("<->") { "1, 1" } else { "1" }));
        let text = format!("species {}\n{}", names.join(", "), lines.collect::<Vec<_>>().join("\n"));
        match crn::parse(&text, "zoo") {
            Ok((network, _)) => network,
            Err(problems) => panic!("{text}\n{problems}"),
        }
    }

    pub(crate) fn michaelis_menten() -> Network {
        network(&["E + S <-> ES", "ES -> E + P"])
    }

    pub(crate) fn brusselator() -> Network {
        network(&["0 <-> X", "2 X + Y -> 3 X", "X -> Y"])
    }

    pub(crate) fn epidermis() -> Network {
        network(&["A -> 2 A", "A -> A + B", "A -> 2 B", "B -> 0"])
    }

    pub(crate) fn closed_cycle() -> Network {
        network(&["A <-> B", "B <-> C", "C <-> A"])
    }

    pub(crate) fn edelstein() -> Network {
        network(&["A <-> 2 A", "A + B <-> C", "C <-> B"])
    }

    pub(crate) fn futile_cycle() -> Network {
        network(&["S + K <-> SK", "SK -> P + K", "P + F <-> PF", "PF -> S + F"])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stoichiometry_counts_molecules_made() {
        let network = zoo::brusselator();
        // 0 -> X, X -> 0, 2X + Y -> 3X, X -> Y
        assert_eq!(network.stoichiometry().entries(), [1, -1, 1, -1, 0, 0, -1, 1]);
        assert_eq!(network.rank(), 2);
    }

    #[test]
    fn a_rank_that_would_take_long_is_given_up() {
        // Partners are strewn over 60 species.
        let reaction = |i: usize| format!("A{} + A{} -> A{}", i % 60, (7 * i + 5) % 60, (i * i + 3) % 60);
        let reactions: Vec<String> = (0..120).map(reaction).collect();
        let reactions: Vec<&str> = reactions.iter().map(String::as_str).collect();
        let network = zoo::network(&reactions);
        assert_eq!(network.rank_within(1_000), None);
        assert_eq!(network.rank_within(10_000_000), Some(network.rank()));
        assert_eq!(network.complexes_of_rank(network.rank()), network.complexes());
    }

    #[test]
    fn clamped_species_do_not_change() {
        let mut network = zoo::michaelis_menten();
        let s = network.species_named("S").expect("it is there");
        network.species[s.index()].clamped = true;
        let matrix = network.stoichiometry();
        assert!((0..3).all(|r| matrix.get(s, ReactionId(r)) == 0));
        assert_eq!(network.rank(), 2);
    }
}
