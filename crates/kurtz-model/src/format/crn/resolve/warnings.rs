//! What is probably not meant, though it is a network.

use crate::diagnostic::Problem;
use crate::expression::{Expression, Symbol};
use crate::format::crn::lexer::Fault;
use crate::format::crn::syntax::ModelText;
use crate::network::*;

pub(super) fn warnings(text: &ModelText, network: &Network) -> Vec<Fault> {
    let mut found = Vec::new();
    let mut used_parameters = vec![false; network.parameters.len()];
    let mut used_species = vec![false; network.species.len()];
    let mut mark = |e: &Expression| {
        e.for_each_symbol(&mut |s| match s {
            Symbol::Parameter(p) => used_parameters[p.index()] = true,
            Symbol::Species(s) => used_species[s.index()] = true,
            Symbol::Compartment(_) | Symbol::Time => {}
        });
    };
    let sizes = network.compartments.iter().map(|c| &c.size);
    let parameters = network.parameters.iter().map(|p| &p.value);
    let initials = network.species.iter().map(|s| match &s.initial {
        Initial::Count(value) | Initial::Concentration(value) => value,
    });
    for value in sizes.chain(parameters).chain(initials) {
        if let Value::Expression(e) = value {
            mark(e);
        }
    }
    for reaction in &network.reactions {
        match &reaction.rate {
            RateLaw::MassAction(e) | RateLaw::Rate(e) | RateLaw::Propensity(e) => mark(e),
        }
    }
    network.rules.iter().for_each(|rule| mark(&rule.expression));
    network.events.iter().flat_map(Event::expressions).for_each(&mut mark);
    network.reactions.iter().flat_map(|r| &r.yields).for_each(|(_, e)| mark(e));
    for (species, _) in network.reactions.iter().flat_map(|r| r.reactants.iter().chain(&r.products)) {
        used_species[species.index()] = true;
    }
    for &(species, _) in network.reactions.iter().flat_map(|r| &r.yields) {
        used_species[species.index()] = true;
    }
    // What a rule or an event sets is to be seen.
    let set = network.events.iter().flat_map(|e| e.assignments.iter().map(|(variable, _)| *variable));
    for variable in network.rules.iter().map(|rule| rule.variable).chain(set) {
        match variable {
            Variable::Species(s) => used_species[s.index()] = true,
            Variable::Parameter(p) => used_parameters[p.index()] = true,
            Variable::Compartment(_) => {}
        }
    }
    if network.reactions.is_empty() && network.rules.is_empty() && network.events.is_empty() {
        let end = text.species.last().map_or(0..0, |s| s.name.span.clone());
        found.push(Fault::new(Problem::NoReactions, end).help("a reaction is written `A -> B @ k`"));
        return found;
    }
    for (parameter, _) in text.parameters.iter().zip(&used_parameters).filter(|(_, used)| !**used) {
        let name = parameter.name.text.clone();
        found.push(Fault::new(Problem::UnusedParameter { name }, parameter.name.span.clone()));
    }
    for (species, _) in text.species.iter().zip(&used_species).filter(|(_, used)| !**used) {
        let name = species.name.text.clone();
        found.push(Fault::new(Problem::UnusedSpecies { name }, species.name.span.clone()));
    }
    let forward = network.reactions.iter().filter(|r| r.reverse_of.is_none());
    for (reaction, line) in forward.zip(&text.reactions) {
        let change = reaction.net_change();
        if reaction.yields.is_empty() && change.iter().all(|&(s, _)| network.species[s.index()].clamped) {
            let name = reaction.name.clone();
            found.push(Fault::new(Problem::NoChange { name }, line.span.clone()));
        }
    }
    found.sort_by_key(|f| f.span.start);
    found
}
