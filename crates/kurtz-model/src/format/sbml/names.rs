//! What has an id in an SBML file: all of one name space.

use super::problem::SbmlProblem;
use super::xml::Finding;
use crate::diagnostic::{Diagnostics, closest};
use crate::network::{CompartmentId, ParameterId, ReactionId, SpeciesId};
use std::cell::Cell;
use std::collections::HashMap;

/// What an id stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Compartment(CompartmentId),
    Species(SpeciesId),
    Parameter(ParameterId),
    Reaction(ReactionId),
    /// A species reference: its stoichiometry, which the network has as a parameter.
    Reference(ParameterId),
    /// A function definition, by its place in the list.
    Function(usize),
    Event,
    /// Something that has an id but no value.
    Other,
}

impl Kind {
    /// In words.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Compartment(_) => "compartment",
            Kind::Species(_) => "species",
            Kind::Parameter(_) => "parameter",
            Kind::Reaction(_) => "reaction",
            Kind::Reference(_) => "species reference",
            Kind::Function(_) => "function definition",
            Kind::Event => "event",
            Kind::Other => "element",
        }
    }
}

impl Kind {
    /// In words, as one of them.
    pub fn with_article(self) -> String {
        let word = self.word();
        format!("{} {word}", if word.starts_with(['e', 'a', 'i', 'o']) { "an" } else { "a" })
    }
}

/// Something with an id.
#[derive(Clone, Debug)]
pub(super) struct Thing {
    pub id: String,
    pub kind: Kind,
    pub at: usize,
    pub line: usize,
    pub constant: bool,
}

/// All that has an id.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub things: Vec<Thing>,
    by_id: HashMap<String, u32>,
    /// How many suggestions have been made.
    suggestions: Cell<usize>,
}

impl Names {
    /// Adds a thing. An id that is taken is a finding; the thing is added nevertheless, without a name.
    pub fn add(&mut self, thing: Thing) -> (u32, Option<Finding>) {
        let index = self.things.len() as u32;
        let finding = match self.by_id.get(&thing.id) {
            None | Some(&u32::MAX) => {
                self.by_id.insert(thing.id.clone(), index);
                None
            }
            Some(&first) => {
                let first = &self.things[first as usize];
                let problem =
                    SbmlProblem::DuplicateId { id: thing.id.clone(), first: first.kind.word(), line: first.line };
                Some(Finding::new(problem, thing.at))
            }
        };
        self.things.push(thing);
        (index, finding)
    }

    /// Adds a thing that cannot be named, such as a local parameter, which has names only where it stands.
    pub fn add_hidden(&mut self, thing: Thing) -> u32 {
        self.things.push(thing);
        self.things.len() as u32 - 1
    }

    pub fn find(&self, id: &str) -> Option<u32> {
        self.by_id.get(id).copied().filter(|&index| index != u32::MAX)
    }

    pub fn get(&self, index: u32) -> &Thing {
        &self.things[index as usize]
    }

    /// The id most like one that is not there. Looking takes as long as there are ids, so that only the first few
    /// mistakes are looked at: nobody is shown more.
    pub fn near(&self, id: &str) -> Option<&str> {
        self.suggestions.set(self.suggestions.get() + 1);
        let few = self.suggestions.get() <= Diagnostics::MOST;
        let ids = few.then(|| self.by_id.keys().map(String::as_str));
        ids.and_then(|ids| closest(id, ids)).filter(|near| *near != id)
    }

    /// An id like this one that nothing has.
    pub fn unused(&self, id: &str) -> String {
        let free = |id: &String| !self.by_id.contains_key(id);
        let numbered = (2..).map(|i| format!("{id}_{i}"));
        std::iter::once(id.to_string()).chain(numbered).find(free).unwrap_or_default()
    }

    /// Takes a name that no element of the file has, for something that the network must name.
    pub fn reserve(&mut self, id: &str) -> String {
        let id = self.unused(id);
        self.by_id.insert(id.clone(), u32::MAX);
        id
    }
}

/// Whether a text can be an id (`SId`): letters, digits, underscores, no digit first.
pub(super) fn is_sid(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
