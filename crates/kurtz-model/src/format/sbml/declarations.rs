//! What a model declares: compartments, species, parameters, and the ids of reactions and events.

use super::document::{CompartmentFacts, ReactionFacts, Reading, SpeciesFacts, Stoichiometry, Term};
use super::names::Kind;
use super::problem::SbmlProblem;
use super::units::Units;
use super::xml::{self, Finding};
use crate::network::*;
use crate::units::Unit;
use roxmltree::Node;

/// A number as SBML gives it: in the units of the model, whatever these are.
pub(super) fn plain(value: f64) -> Value {
    Value::Quantity(Quantity { value, unit: Unit::unspecified() })
}

impl Reading<'_, '_> {
    /// Units of time, volume and amounts (section 4.2.3; Level 2 has defaults).
    pub fn read_units(&mut self) {
        let (model, level) = (self.model, self.level);
        let units = Units::new(model);
        let built_in = |name: &'static str| (level < 3).then_some(name);
        let at = xml::at(model);
        let mut unit = |name: Option<&str>, what: &'static str| match name.map(|name| units.named(name, what, at)) {
            None => Unit::unspecified(),
            Some(Ok(unit)) => unit,
            Some(Err(warning)) => {
                self.warnings.push(warning);
                Unit::unspecified()
            }
        };
        let time = unit(model.attribute("timeUnits").or(built_in("time")), "time");
        let amount = unit(model.attribute("substanceUnits").or(built_in("substance")), "amounts");
        let volume = unit(model.attribute("volumeUnits").or(built_in("volume")), "volumes");
        self.network.time_unit = time;
        self.network.amount_unit = amount;
        self.network.volume_unit = volume;
    }
}

/// Section 4.5.
pub(super) fn compartments(reading: &mut Reading) {
    for node in reading.list("listOfCompartments", "compartment") {
        let what = format!("compartment `{}`", reading.id(node));
        // In Level 1 rules may change anything, and the volume is 1 if none is given.
        let constant = reading.truth(node, "constant", reading.level > 1, &what);
        let size = match reading.level {
            1 => Some(reading.number(node, "volume", &what).unwrap_or(1.0)),
            _ => reading.number(node, "size", &what),
        };
        let dimensions = reading.number(node, "spatialDimensions", &what);
        let id = CompartmentId::from(reading.network.compartments.len());
        let thing = reading.declare_named(node, Kind::Compartment(id), constant);
        let name = reading.names.get(thing).id.clone();
        reading.network.compartments.push(Compartment { name, size: plain(size.unwrap_or(1.0)) });
        let facts = CompartmentFacts { dimensionless: dimensions == Some(0.0), sized: size.is_some(), thing };
        reading.compartments.push(facts);
    }
}

/// Section 4.7.
pub(super) fn parameters(reading: &mut Reading) {
    for node in reading.list("listOfParameters", "parameter") {
        let what = format!("parameter `{}`", reading.id(node));
        let constant = reading.truth(node, "constant", reading.level > 1, &what);
        let value = reading.number(node, "value", &what);
        let id = ParameterId::from(reading.network.parameters.len());
        let thing = reading.declare_named(node, Kind::Parameter(id), constant);
        let name = reading.names.get(thing).id.clone();
        reading.network.parameters.push(Parameter { name, value: plain(value.unwrap_or(f64::NAN)) });
        reading.parameters.push(thing);
    }
}

/// Section 4.6. Compartments and parameters have been read.
pub(super) fn species(reading: &mut Reading) {
    let is_parameter = |kind| matches!(kind, Kind::Parameter(_));
    let is_compartment = |kind| matches!(kind, Kind::Compartment(_));
    let model = reading.model;
    let common = model
        .attribute("conversionFactor")
        .and_then(|_| reading.reference(model, "conversionFactor", "parameter", is_parameter, "the model"));
    let element = reading.species_word();
    for node in reading.list("listOfSpecies", element) {
        let what = format!("species `{}`", reading.id(node));
        let constant = reading.truth(node, "constant", false, &what);
        let boundary = reading.truth(node, "boundaryCondition", false, &what);
        let in_amounts = reading.truth(node, "hasOnlySubstanceUnits", false, &what);
        let amount = reading.number(node, "initialAmount", &what);
        let concentration = reading.number(node, "initialConcentration", &what);
        if amount.is_some() && concentration.is_some() {
            let problem = SbmlProblem::TwoInitialValues { what: what.clone() };
            reading.faults.push(Finding::new(problem, xml::at(node)));
        }
        let found = reading.reference(node, "compartment", "compartment", is_compartment, &what);
        let compartment = match found.map(|thing| reading.names.get(thing).kind) {
            Some(Kind::Compartment(id)) => id,
            _ => CompartmentId(0),
        };
        let conversion = match node.attribute("conversionFactor") {
            None => common,
            Some(_) => reading.reference(node, "conversionFactor", "parameter", is_parameter, &what),
        };
        let dimensionless = reading.compartments.get(compartment.index()).is_some_and(|c| c.dimensionless);
        let initial = match (amount, concentration) {
            (None, Some(concentration)) if !dimensionless => Initial::Concentration(plain(concentration)),
            // Nothing given: the value is undefined.
            (amount, concentration) => Initial::Count(plain(amount.or(concentration).unwrap_or(f64::NAN))),
        };
        let id = SpeciesId::from(reading.network.species.len());
        let thing = reading.declare_named(node, Kind::Species(id), constant);
        let name = reading.names.get(thing).id.clone();
        let fixed = boundary || constant;
        reading.network.species.push(Species { name, compartment, initial, clamped: fixed });
        let in_concentration = !in_amounts && !dimensionless;
        reading.species.push(SpeciesFacts { in_concentration, fixed, conversion, thing });
    }
}

/// Section 4.11: ids of reactions and species references, and who takes part.
pub(super) fn reactions(reading: &mut Reading) {
    let element = if reading.species_word() == "specie" { "specieReference" } else { "speciesReference" };
    for node in reading.list("listOfReactions", "reaction") {
        let id = ReactionId::from(reading.reactions.len());
        let thing = reading.declare_named(node, Kind::Reaction(id), true);
        let what = reading.describe(thing);
        if reading.truth(node, "fast", false, &what) {
            let problem = SbmlProblem::Unsupported { feature: "fast reactions", what: what.clone() };
            reading.faults.push(Finding::new(problem, xml::at(node)));
        }
        let mut terms = Vec::new();
        for (list, is_product) in [("listOfReactants", false), ("listOfProducts", true)] {
            for term in reading.list_in(node, list, element) {
                terms.extend(term_of(reading, term, is_product, &what));
            }
        }
        for modifier in reading.list_in(node, "listOfModifiers", "modifierSpeciesReference") {
            let is_species = |kind| matches!(kind, Kind::Species(_));
            reading.reference(modifier, "species", "species", is_species, &what);
            reading.declare(modifier, Kind::Other, true);
        }
        reading.reactions.push(ReactionFacts { node, thing, terms, law: None });
    }
}

/// One species in a reaction.
fn term_of<'a, 'i>(
    reading: &mut Reading<'a, 'i>,
    node: Node<'a, 'i>,
    is_product: bool,
    reaction: &str,
) -> Option<Term<'a, 'i>> {
    let is_species = |kind| matches!(kind, Kind::Species(_));
    let word = reading.species_word();
    let what = format!("{reaction}: species reference `{}`", node.attribute(word).unwrap_or(""));
    let species = reading.reference(node, word, "species", is_species, reaction);
    let mut number = reading.number(node, "stoichiometry", &what);
    if reading.level == 1
        && let Some(denominator) = reading.number(node, "denominator", &what)
    {
        number = Some(number.unwrap_or(1.0) / denominator);
    }
    let constant = reading.truth(node, "constant", false, &what);
    let formula = xml::child(node, "stoichiometryMath");
    let named = node.attribute("id").is_some_and(|id| !id.trim().is_empty());
    let stoichiometry = if let Some(formula) = formula {
        Stoichiometry::Math(formula)
    } else if named && reading.level > 2 {
        // Whoever names it may ask for it, or change it: it becomes a parameter.
        let id = ParameterId::from(reading.network.parameters.len());
        let thing = reading.declare(node, Kind::Reference(id), constant);
        let name = reading.names.get(thing).id.clone();
        reading.network.parameters.push(Parameter { name, value: plain(number.unwrap_or(f64::NAN)) });
        reading.parameters.push(thing);
        Stoichiometry::Reference(thing)
    } else {
        if number.is_none() && reading.level > 2 {
            reading.warnings.push(Finding::new(SbmlProblem::NoStoichiometry { what }, xml::at(node)));
        }
        Stoichiometry::Number(number.unwrap_or(1.0))
    };
    match reading.names.get(species?).kind {
        Kind::Species(species) => Some(Term { species, is_product, stoichiometry, at: xml::at(node) }),
        _ => None,
    }
}

/// Section 4.12: ids of events.
pub(super) fn events(reading: &mut Reading) {
    for node in reading.list("listOfEvents", "event") {
        let thing = reading.declare(node, Kind::Event, true);
        reading.event_nodes.push((node, thing));
    }
}
