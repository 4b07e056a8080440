//! Which species a rate reads, and which species influence which. ([`crate::Kinetics::dependents`] says which propensities
//! an event changes.)

use crate::expression::Symbol;
use crate::network::{Network, RateLaw, ReactionId, SpeciesId};

impl Network {
    /// The species that the rate of a reaction depends on, by increasing species, clamped ones left out.
    pub fn reads(&self, reaction: ReactionId) -> Vec<SpeciesId> {
        let reaction = &self.reactions[reaction.index()];
        let mut read = Vec::new();
        match &reaction.rate {
            RateLaw::MassAction(_) => read.extend(reaction.reactants.iter().map(|&(s, _)| s)),
            RateLaw::Rate(e) | RateLaw::Propensity(e) => e.for_each_symbol(&mut |symbol| {
                if let Symbol::Species(s) = symbol {
                    read.push(s);
                }
            }),
        }
        read.retain(|s| !self.species[s.index()].clamped);
        read.sort_unstable();
        read.dedup();
        read
    }

    /// For each species those whose rate of change depends on it, by increasing species, `[species]`.
    pub fn influences(&self) -> Vec<Vec<SpeciesId>> {
        let mut influences: Vec<Vec<SpeciesId>> = vec![Vec::new(); self.species.len()];
        for r in (0..self.reactions.len()).map(ReactionId::from) {
            let changed = self.effect(r);
            for s in self.reads(r) {
                influences[s.index()].extend(changed.iter().map(|&(t, _)| t));
            }
        }
        for list in &mut influences {
            list.sort_unstable();
            list.dedup();
        }
        influences
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::crn;
    use crate::structure::zoo;

    #[test]
    fn a_species_influences_what_its_reactions_change() {
        // A -> 2A, A -> A + B, A -> 2B, B -> 0
        let influences = zoo::epidermis().influences();
        assert_eq!(influences[0], [SpeciesId(0), SpeciesId(1)]);
        assert_eq!(influences[1], [SpeciesId(1)]);
    }

    #[test]
    fn rates_read_what_their_expressions_name() {
        let text = "species A, B, C\nclamped species D = 1\nparameter k = 1\n\
            A -> B @ rate(k*C*D)\nB -> C @ propensity(k*B + time)\nD -> A @ k";
        let (network, _) = crn::parse(text, "test").expect("a good network");
        assert_eq!(network.reads(ReactionId(0)), [SpeciesId(2)]);
        assert!(network.reads(ReactionId(2)).is_empty());
        // C makes B from A, B makes C from itself.
        let (a, b, c) = (SpeciesId(0), SpeciesId(1), SpeciesId(2));
        assert_eq!(network.influences(), [vec![], vec![b, c], vec![a, b], vec![]]);
    }
}
