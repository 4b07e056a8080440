//! The mathematics of a model: rules, initial assignments, constraints, kinetic laws, events.

use super::declarations::plain;
use super::document::{EventFacts, Law, Reading, Stoichiometry};
use super::mathml::Scope;
use super::names::{Kind, Thing};
use super::problem::SbmlProblem;
use super::units::Units;
use super::xml::{self, Finding};
use crate::network::{Parameter, ParameterId};
use roxmltree::Node;
use std::collections::HashMap;

/// Whether rules and assignments can be about it.
fn is_variable(kind: Kind) -> bool {
    matches!(kind, Kind::Species(_) | Kind::Parameter(_) | Kind::Compartment(_) | Kind::Reference(_))
}

const VARIABLE: &str = "species, compartment, parameter or species reference";

/// What a rule says by its element, and in Level 1 by its `type`: whether it is a rate, and the attribute that names
/// its variable. None of an algebraic rule.
fn rule_of<'a>(node: Node<'a, '_>) -> Option<Option<(bool, &'static str)>> {
    let is_rate = node.attribute("type").map(str::trim) == Some("rate");
    match node.tag_name().name() {
        "assignmentRule" => Some(Some((false, "variable"))),
        "rateRule" => Some(Some((true, "variable"))),
        "compartmentVolumeRule" => Some(Some((is_rate, "compartment"))),
        "speciesConcentrationRule" => Some(Some((is_rate, "species"))),
        "specieConcentrationRule" => Some(Some((is_rate, "specie"))),
        "parameterRule" => Some(Some((is_rate, "name"))),
        "algebraicRule" => Some(None),
        _ => None,
    }
}

/// Section 4.9.
pub(super) fn rules(reading: &mut Reading) {
    let core = reading.model.tag_name().namespace();
    let Some(list) = xml::child(reading.model, "listOfRules") else {
        return;
    };
    for node in xml::elements(list).filter(|n| n.tag_name().namespace() == core) {
        let (is_rate, attribute) = match rule_of(node) {
            Some(Some(rule)) => rule,
            // One without mathematics says nothing.
            Some(None) if !reading.has_formula(node) => continue,
            Some(None) => {
                let id = node.attribute("id").or(node.attribute("metaid")).unwrap_or("without id");
                let what = format!("algebraic rule `{id}`");
                let problem = SbmlProblem::Unsupported { feature: "algebraic rules", what };
                reading.faults.push(Finding::new(problem, xml::at(node)));
                continue;
            }
            // Notes and the like.
            None => continue,
        };
        let words = if is_rate { "rate rule" } else { "assignment rule" };
        let what = format!("{words} for `{}`", node.attribute(attribute).unwrap_or(""));
        let Some(thing) = reading.reference(node, attribute, VARIABLE, is_variable, &what) else {
            continue;
        };
        let formula = reading.formula(node, &Scope::Model, &what);
        let (at, id) = (xml::at(node), reading.names.get(thing).id.clone());
        if reading.names.get(thing).constant {
            reading.faults.push(Finding::new(SbmlProblem::Constant { what, id }, at));
            continue;
        }
        let first = reading.assignment.get(&thing).or(reading.rate.get(&thing));
        if let Some(first) = first {
            let line = reading.line(first.at);
            reading.faults.push(Finding::new(SbmlProblem::TwoLaws { what, id, other: "a rule", line }, at));
            continue;
        }
        // A rule without mathematics (Level 3 Version 2) says nothing.
        if let Some(formula) = formula {
            let laws = if is_rate { &mut reading.rate } else { &mut reading.assignment };
            laws.insert(thing, Law { formula, at });
        }
    }
}

/// Section 4.8.
pub(super) fn initial_assignments(reading: &mut Reading) {
    for node in reading.list("listOfInitialAssignments", "initialAssignment") {
        let what = format!("initial assignment to `{}`", node.attribute("symbol").unwrap_or(""));
        let Some(thing) = reading.reference(node, "symbol", VARIABLE, is_variable, &what) else {
            continue;
        };
        let formula = reading.formula(node, &Scope::Model, &what);
        let (at, id) = (xml::at(node), reading.names.get(thing).id.clone());
        let first = reading.initial.get(&thing).map(|first| ("an initial assignment", first.at));
        let first = first.or(reading.assignment.get(&thing).map(|rule| ("an assignment rule", rule.at)));
        if let Some((other, first)) = first {
            let line = reading.line(first);
            reading.faults.push(Finding::new(SbmlProblem::TwoLaws { what, id, other, line }, at));
        } else if let Some(formula) = formula {
            reading.initial.insert(thing, Law { formula, at });
        }
    }
}

/// Section 4.10: they are read, so that errors are found, and then only mentioned.
pub(super) fn constraints(reading: &mut Reading) {
    for node in reading.list("listOfConstraints", "constraint") {
        reading.formula(node, &Scope::Model, "constraint");
        let message = xml::child(node, "message").map(|message| {
            let text: String = message.descendants().filter_map(|n| n.text().filter(|_| n.is_text())).collect();
            let words: Vec<&str> = text.split_whitespace().take(30).collect();
            words.join(" ")
        });
        let problem = SbmlProblem::Constraint { message: message.unwrap_or_default() };
        reading.warnings.push(Finding::new(problem, xml::at(node)));
    }
}

/// Early versions of Level 2, and Level 1, let a law or a delay be in units of its own; numbers would have to be
/// converted, which we do not.
fn units_of_its_own<'a, 'i>(reading: &mut Reading<'a, 'i>, node: Node<'a, 'i>, what: &str) {
    let units = Units::new(reading.model);
    for (attribute, model) in [("timeUnits", "time"), ("substanceUnits", "substance")] {
        if let Some(unit) = node.attribute(attribute)
            && !units.are_same(unit.trim(), model)
        {
            let what = format!("{what} has {attribute}=\"{unit}\"");
            let problem = SbmlProblem::Unsupported { feature: "units other than those of the model", what };
            reading.faults.push(Finding::new(problem, xml::at(node)));
        }
    }
}

/// Section 4.11.5: kinetic laws with their local parameters, which become parameters with names of their own.
pub(super) fn laws(reading: &mut Reading) {
    for i in 0..reading.reactions.len() {
        let (node, thing) = (reading.reactions[i].node, reading.reactions[i].thing);
        let what = reading.describe(thing);
        for term in 0..reading.reactions[i].terms.len() {
            if let Stoichiometry::Math(node) = reading.reactions[i].terms[term].stoichiometry {
                let formula = reading.formula(node, &Scope::Model, &what);
                reading.reactions[i].terms[term].stoichiometry =
                    formula.map_or(Stoichiometry::Number(1.0), Stoichiometry::Formula);
            }
        }
        let Some(law) = xml::child(node, "kineticLaw") else {
            reading.warnings.push(Finding::new(SbmlProblem::NoLaw { what }, xml::at(node)));
            continue;
        };
        if reading.level < 3 {
            units_of_its_own(reading, law, &what);
        }
        let (list, element) = if reading.level > 2 {
            ("listOfLocalParameters", "localParameter")
        } else {
            ("listOfParameters", "parameter")
        };
        let reaction = reading.names.get(thing).id.clone();
        let mut local: HashMap<String, u32> = HashMap::new();
        for parameter in reading.list_in(law, list, element) {
            let id = reading.id(parameter).to_string();
            let what = format!("{what}: local parameter `{id}`");
            if id.is_empty() {
                let attribute = reading.id_attribute();
                let problem = SbmlProblem::MissingAttribute { what, attribute };
                reading.faults.push(Finding::new(problem, xml::at(parameter)));
                continue;
            }
            let value = reading.number(parameter, "value", &what).unwrap_or(f64::NAN);
            let at = xml::at(parameter);
            let kind = Kind::Parameter(ParameterId::from(reading.network.parameters.len()));
            let name = reading.names.reserve(&format!("{reaction}_{id}"));
            let hidden = Thing { id: name.clone(), kind, at, line: reading.line(at), constant: true };
            let hidden = reading.names.add_hidden(hidden);
            reading.network.parameters.push(Parameter { name, value: plain(value) });
            reading.parameters.push(hidden);
            if let Some(first) = local.insert(id.clone(), hidden) {
                let line = reading.names.get(first).line;
                reading.faults.push(Finding::new(SbmlProblem::DuplicateId { id, first: "local parameter", line }, at));
            }
        }
        let formula = reading.formula(law, &Scope::Local(&local), &what);
        if formula.is_none() && !reading.has_formula(law) {
            reading.warnings.push(Finding::new(SbmlProblem::NoLaw { what }, xml::at(law)));
        }
        reading.reactions[i].law = formula;
    }
}

/// Section 4.12, with what Levels 2 and 3 say by default.
pub(super) fn events(reading: &mut Reading) {
    for (i, (node, thing)) in reading.event_nodes.clone().into_iter().enumerate() {
        let mut name = reading.names.get(thing).id.clone();
        if name.is_empty() {
            name = reading.names.reserve(&format!("event_{}", i + 1));
        }
        let what = format!("event `{name}`");
        let Some(trigger_node) = xml::child(node, "trigger") else {
            if (reading.level, reading.version) < (3, 2) {
                let problem = SbmlProblem::MissingAttribute { what, attribute: "trigger" };
                reading.faults.push(Finding::new(problem, xml::at(node)));
            }
            continue;
        };
        if reading.level < 3 {
            units_of_its_own(reading, node, &what);
        }
        let trigger = reading.formula(trigger_node, &Scope::Model, &what);
        let initially_true = reading.truth(trigger_node, "initialValue", true, &what);
        let persistent = reading.truth(trigger_node, "persistent", true, &what);
        let values_from_trigger_time = reading.truth(node, "useValuesFromTriggerTime", true, &what);
        let mut part = |name: &str| {
            let part = xml::child(node, name)?;
            reading.formula(part, &Scope::Model, &what)
        };
        let (delay, priority) = (part("delay"), part("priority"));
        let mut assignments: Vec<(u32, u32, usize)> = Vec::new();
        for assignment in reading.list_in(node, "listOfEventAssignments", "eventAssignment") {
            assignments.extend(event_assignment(reading, assignment, &what, &assignments));
        }
        // An event without a condition never happens.
        let Some(trigger) = trigger else {
            continue;
        };
        reading.events.push(EventFacts {
            name,
            trigger,
            initially_true,
            persistent,
            delay,
            priority,
            values_from_trigger_time,
            assignments,
        });
    }
}

fn event_assignment(
    reading: &mut Reading,
    node: Node,
    event: &str,
    earlier: &[(u32, u32, usize)],
) -> Option<(u32, u32, usize)> {
    let thing = reading.reference(node, "variable", VARIABLE, is_variable, event)?;
    let at = xml::at(node);
    let id = reading.names.get(thing).id.clone();
    let what = format!("{event}: assignment to `{id}`");
    let formula = reading.formula(node, &Scope::Model, &what);
    let fault = if reading.names.get(thing).constant {
        Some(SbmlProblem::Constant { what, id })
    } else if let Some(rule) = reading.assignment.get(&thing) {
        Some(SbmlProblem::TwoLaws { what, id, other: "an assignment rule", line: reading.line(rule.at) })
    } else {
        let first = earlier.iter().find(|(other, ..)| *other == thing);
        first.map(|&(.., first)| SbmlProblem::TwoLaws { what, id, other: "an assignment", line: reading.line(first) })
    };
    if let Some(fault) = fault {
        reading.faults.push(Finding::new(fault, at));
        return None;
    }
    Some((thing, formula?, at))
}
