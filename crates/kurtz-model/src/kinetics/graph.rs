//! What happens in an event, and whom it concerns.

use crate::expression::Symbol;
use crate::network::{Network, RateLaw, Reaction, ReactionId, SpeciesId};

/// Lists of different lengths in one array.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rows<T> {
    starts: Vec<u32>,
    items: Vec<T>,
}

impl<T> Rows<T> {
    fn new(rows: impl IntoIterator<Item = Vec<T>>) -> Self {
        let mut starts = vec![0];
        let mut items = Vec::new();
        for row in rows {
            items.extend(row);
            starts.push(items.len() as u32);
        }
        Rows { starts, items }
    }

    pub(super) fn row(&self, i: usize) -> &[T] {
        &self.items[self.starts[i] as usize..self.starts[i + 1] as usize]
    }
}

/// Net changes, dependencies, clamped species.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Graph {
    pub changes: Rows<(SpeciesId, i64)>,
    pub dependents: Rows<ReactionId>,
    pub depends_on: Rows<SpeciesId>,
    pub depends_on_time: Vec<bool>,
}

impl Graph {
    pub(super) fn new(network: &Network) -> Self {
        let free = |s: SpeciesId| !network.species[s.index()].clamped;
        let changes = Rows::new(network.reactions.iter().map(|reaction| {
            let mut change = reaction.net_change();
            change.retain(|&(s, _)| free(s));
            change
        }));
        let depends_on = Rows::new(network.reactions.iter().map(species_of));
        let mut readers: Vec<Vec<ReactionId>> = vec![Vec::new(); network.species.len()];
        for i in 0..network.reactions.len() {
            for s in depends_on.row(i) {
                readers[s.index()].push(ReactionId::from(i));
            }
        }
        let dependents = Rows::new((0..network.reactions.len()).map(|i| {
            let mut dependents: Vec<ReactionId> =
                changes.row(i).iter().flat_map(|&(s, _)| &readers[s.index()]).copied().collect();
            dependents.sort_unstable();
            dependents.dedup();
            dependents
        }));
        let depends_on_time = network
            .reactions
            .iter()
            .map(|reaction| match &reaction.rate {
                RateLaw::MassAction(_) => false,
                RateLaw::Rate(e) | RateLaw::Propensity(e) => e.depends_on(Symbol::Time),
            })
            .collect();
        Graph { changes, dependents, depends_on, depends_on_time }
    }
}

/// The species that the propensity of a reaction depends on, sorted.
fn species_of(reaction: &Reaction) -> Vec<SpeciesId> {
    let mut species: Vec<SpeciesId> = match &reaction.rate {
        RateLaw::MassAction(_) => reaction.reactants.iter().filter(|&&(_, nu)| nu > 0).map(|&(s, _)| s).collect(),
        RateLaw::Rate(e) | RateLaw::Propensity(e) => e
            .symbols()
            .into_iter()
            .filter_map(|s| match s {
                Symbol::Species(s) => Some(s),
                _ => None,
            })
            .collect(),
    };
    species.sort_unstable();
    species.dedup();
    species
}
