//! What rules, events and reactions may change.

use crate::kinetics::KineticsError;
use crate::network::{Network, RuleKind, Variable};

/// Checks that no quantity has two masters.
pub(super) fn check_rules(network: &Network) -> Result<(), KineticsError> {
    let name = |v: Variable| network.variable_name(v).to_owned();
    let mut ruled = vec![None; network.variables().count()];
    for rule in &network.rules {
        let place = &mut ruled[network.variable_index(rule.variable)];
        if place.is_some() {
            return Err(KineticsError::Overdetermined { name: name(rule.variable), other: "another rule".into() });
        }
        *place = Some(rule.kind);
        let Variable::Species(s) = rule.variable else { continue };
        let species = &network.species[s.index()];
        let changes = network.reactions.iter().find(|r| {
            r.net_change().iter().any(|&(changed, _)| changed == s) || r.yields.iter().any(|&(changed, _)| changed == s)
        });
        if let Some(reaction) = changes.filter(|_| !species.clamped) {
            let other = format!("reaction `{}` (clamp the species)", reaction.name);
            return Err(KineticsError::Overdetermined { name: name(rule.variable), other });
        }
    }
    for event in &network.events {
        for &(variable, _) in &event.assignments {
            if ruled[network.variable_index(variable)] == Some(RuleKind::Assignment) {
                let other = format!("event `{}`", event.name);
                return Err(KineticsError::Overdetermined { name: name(variable), other });
            }
        }
    }
    Ok(())
}

/// Which quantities reactions, rate rules and events change, in the order of [`Network::variables`].
pub(super) fn changing(network: &Network) -> Vec<bool> {
    let mut changing = vec![false; network.variables().count()];
    let mut mark = |v: Variable| changing[network.variable_index(v)] = true;
    for reaction in &network.reactions {
        let whole = reaction.net_change().into_iter().map(|(s, _)| s);
        let changed = whole.chain(reaction.yields.iter().map(|&(s, _)| s));
        changed.filter(|s| !network.species[s.index()].clamped).for_each(|s| mark(Variable::Species(s)));
    }
    for rule in network.rules.iter().filter(|rule| rule.kind == RuleKind::Rate) {
        mark(rule.variable);
    }
    for event in &network.events {
        event.assignments.iter().for_each(|&(variable, _)| mark(variable));
    }
    for rule in network.rules.iter().filter(|rule| rule.kind == RuleKind::Assignment) {
        changing[network.variable_index(rule.variable)] = false;
    }
    changing
}
