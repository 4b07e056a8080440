//! Networks with rules, brought to the form that rate laws alone describe.

use super::KineticsError;
use crate::expression::{Expression, Symbol};
use crate::network::{Initial, Network, Quantity, RateLaw, ReactionId, RuleKind, SpeciesId, Value, Variable};
use crate::system::{Role, System, initial_values, reads_only};
use crate::units::Unit;

/// The same dynamics in molecules and without rules: what assignment rules say of parameters is written out where it is
/// read, and initial values that depend on species or on such parameters become numbers.
///
/// # Errors
/// Events, rate rules, rules for species or compartments, and yields: these need a [`System`].
pub(super) fn algebraic(network: Network) -> Result<Network, KineticsError> {
    refuse(&network)?;
    let mut network = if network.amount_unit.is_specified() { network.in_molecules() } else { network };
    settle_initial_values(&mut network)?;
    if network.rules.is_empty() {
        return Ok(network);
    }
    let system = System::new(&network, &super::Changes::default())?;
    network.rules.clear();
    // What a rule gives in terms of species and time; of all else the parameter's value at the start is right.
    let written_out = |p| match system.role(Variable::Parameter(p)) {
        Role::Assigned(e) if !e.is_constant() => Some(e.clone()),
        _ => None,
    };
    let in_amounts = |e: &Expression| {
        e.substitute(|symbol| match symbol {
            Symbol::Parameter(p) => written_out(p),
            _ => None,
        })
    };
    let size = |s: SpeciesId| Expression::from(system.network().species[s.index()].compartment);
    for i in 0..network.reactions.len() {
        let is_read =
            |e: &Expression| e.symbols().iter().any(|s| matches!(s, Symbol::Parameter(p) if written_out(*p).is_some()));
        let new = match &network.reactions[i].rate {
            RateLaw::MassAction(k) if is_read(k) => {
                RateLaw::Propensity(in_amounts(&network.propensity_expression(ReactionId::from(i))))
            }
            RateLaw::Rate(phi) if is_read(phi) => RateLaw::Rate(phi.substitute(|symbol| match symbol {
                // In the rule a species stands for its amount, in phi for its concentration.
                Symbol::Parameter(p) => Some(super::each_species(&written_out(p)?, |s| Expression::from(s) * size(s))),
                _ => None,
            })),
            RateLaw::Propensity(a) if is_read(a) => RateLaw::Propensity(in_amounts(a)),
            _ => continue,
        };
        network.reactions[i].rate = new;
    }
    Ok(network)
}

fn refuse(network: &Network) -> Result<(), KineticsError> {
    let needs = |what: String| Err(KineticsError::NeedsSystem { what });
    if let Some(event) = network.events.first() {
        return needs(format!("event `{}`", event.name));
    }
    for rule in &network.rules {
        let name = network.variable_name(rule.variable);
        match (rule.kind, rule.variable) {
            (RuleKind::Assignment, Variable::Parameter(_)) => {}
            (RuleKind::Assignment, _) => return needs(format!("the assignment rule for `{name}`")),
            (RuleKind::Rate, _) => return needs(format!("the rate rule for `{name}`")),
        }
    }
    for reaction in &network.reactions {
        if let Some(&(species, _)) = reaction.yields.first() {
            let species = &network.species[species.index()].name;
            return needs(format!("the changing or fractional stoichiometry of `{species}` in `{}`", reaction.name));
        }
    }
    Ok(())
}

/// Replaces initial values by numbers where they are not functions of constant parameters and compartments alone.
fn settle_initial_values(network: &mut Network) -> Result<(), KineticsError> {
    let mut is_fixed: Vec<bool> = network.variables().map(|v| !matches!(v, Variable::Species(_))).collect();
    for rule in &network.rules {
        is_fixed[network.variable_index(rule.variable)] = false;
    }
    let reads_fixed = |network: &Network, value: &Value| match value {
        Value::Quantity(_) => true,
        Value::Expression(e) => reads_only(e, |v| is_fixed[network.variable_index(v)]),
    };
    let parameters: Vec<usize> = (0..network.parameters.len())
        .filter(|&i| {
            let ruled = !is_fixed[network.species.len() + i];
            ruled || !reads_fixed(network, &network.parameters[i].value)
        })
        .collect();
    let compartments: Vec<usize> =
        (0..network.compartments.len()).filter(|&i| !reads_fixed(network, &network.compartments[i].size)).collect();
    let species: Vec<usize> = (0..network.species.len())
        .filter(|&i| {
            let (Initial::Count(value) | Initial::Concentration(value)) = &network.species[i].initial;
            !reads_fixed(network, value)
        })
        .collect();
    if parameters.is_empty() && compartments.is_empty() && species.is_empty() {
        return Ok(());
    }
    let values = initial_values(network)?;
    let number = |value| Value::Quantity(Quantity { value, unit: Unit::unspecified() });
    let index = |network: &Network, v| network.variable_index(v);
    for i in parameters {
        network.parameters[i].value = number(values[index(network, Variable::Parameter(i.into()))]);
    }
    for i in compartments {
        network.compartments[i].size = number(values[index(network, Variable::Compartment(i.into()))]);
    }
    for i in species {
        let amount = values[index(network, Variable::Species(i.into()))];
        let size = values[index(network, Variable::Compartment(network.species[i].compartment))];
        match &mut network.species[i].initial {
            Initial::Count(value) => *value = number(amount),
            Initial::Concentration(value) => *value = number(amount / size),
        }
    }
    Ok(())
}
