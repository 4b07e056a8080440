//! Names of a network as ids of SBML: letters, digits and underscores, each used once in the whole file.

use crate::expression::Symbol;
use crate::network::Network;
use std::collections::HashSet;

/// The ids of all parts of a network.
pub(super) struct Ids {
    taken: HashSet<String>,
    pub compartments: Vec<String>,
    pub species: Vec<String>,
    pub parameters: Vec<String>,
    pub reactions: Vec<String>,
    pub events: Vec<String>,
}

impl Ids {
    pub fn new(network: &Network) -> Ids {
        let mut ids = Ids {
            taken: HashSet::new(),
            compartments: Vec::new(),
            species: Vec::new(),
            parameters: Vec::new(),
            reactions: Vec::new(),
            events: Vec::new(),
        };
        // Names that are ids already come first, so that they stay what they are.
        let all: Vec<&str> = names(network).collect();
        let mut given: Vec<Option<String>> = vec![None; all.len()];
        for fits in [true, false] {
            for (name, id) in all.iter().zip(&mut given) {
                if id.is_none() && (super::super::names::is_sid(name) == fits) {
                    *id = Some(ids.new_id(name));
                }
            }
        }
        let mut given = given.into_iter().flatten();
        let mut take = |count: usize| given.by_ref().take(count).collect::<Vec<String>>();
        ids.compartments = take(network.compartments.len());
        ids.species = take(network.species.len());
        ids.parameters = take(network.parameters.len());
        ids.reactions = take(network.reactions.len());
        ids.events = take(network.events.len());
        ids
    }

    /// An id like this name that nothing has yet.
    pub fn new_id(&mut self, name: &str) -> String {
        let mut id: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        if id.starts_with(|c: char| c.is_ascii_digit()) || id.is_empty() {
            id.insert(0, '_');
        }
        let base = id.clone();
        let mut number = 2;
        while !self.taken.insert(id.clone()) {
            id = format!("{base}_{number}");
            number += 1;
        }
        id
    }

    /// The id of what a symbol stands for; time has none.
    pub fn of(&self, symbol: Symbol) -> Option<&str> {
        match symbol {
            Symbol::Compartment(c) => self.compartments.get(c.index()),
            Symbol::Species(s) => self.species.get(s.index()),
            Symbol::Parameter(p) => self.parameters.get(p.index()),
            Symbol::Time => None,
        }
        .map(String::as_str)
    }
}

fn names(network: &Network) -> impl Iterator<Item = &str> {
    let compartments = network.compartments.iter().map(|c| c.name.as_str());
    let species = network.species.iter().map(|s| s.name.as_str());
    let parameters = network.parameters.iter().map(|p| p.name.as_str());
    let reactions = network.reactions.iter().map(|r| r.name.as_str());
    let events = network.events.iter().map(|e| e.name.as_str());
    compartments.chain(species).chain(parameters).chain(reactions).chain(events)
}
