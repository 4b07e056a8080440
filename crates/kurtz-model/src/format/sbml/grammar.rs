//! Which elements and attributes SBML has, of all its levels together: what nobody knows is refused, not passed over,
//! since a word that is misspelled is one that is missing.

use super::document::Reading;
use super::names::Kind;
use super::problem::SbmlProblem;
use super::xml::{self, Finding};
use roxmltree::Node;

/// What may stand in an element, and whether more than once.
struct Entry {
    /// Elements that come once.
    children: &'static [&'static str],
    /// Elements that come any number of times.
    lists: &'static [&'static str],
    attributes: &'static [&'static str],
}

const NOTHING: &[&str] = &[];
/// What is declared elsewhere, or has ids of its own; the ids of all others share the one name space since Level 3
/// Version 2.
const HAVE_NAMES: [&str; 12] = [
    "model",
    "functionDefinition",
    "unitDefinition",
    "unit",
    "compartment",
    "species",
    "parameter",
    "localParameter",
    "reaction",
    "speciesReference",
    "modifierSpeciesReference",
    "event",
];
/// What all elements have.
const ANY_ATTRIBUTES: &[&str] = &["id", "name", "metaid", "sboTerm"];

fn entry(element: &str) -> Option<Entry> {
    let list = |lists| Some(Entry { children: NOTHING, lists, attributes: NOTHING });
    let leaf = |attributes| Some(Entry { children: NOTHING, lists: NOTHING, attributes });
    let with = |children, attributes| Some(Entry { children, lists: NOTHING, attributes });
    match element {
        "model" => with(
            &[
                "listOfFunctionDefinitions",
                "listOfUnitDefinitions",
                "listOfCompartmentTypes",
                "listOfSpeciesTypes",
                "listOfCompartments",
                "listOfSpecies",
                "listOfParameters",
                "listOfInitialAssignments",
                "listOfRules",
                "listOfConstraints",
                "listOfReactions",
                "listOfEvents",
            ],
            &[
                "substanceUnits",
                "timeUnits",
                "volumeUnits",
                "areaUnits",
                "lengthUnits",
                "extentUnits",
                "conversionFactor",
            ],
        ),
        "listOfFunctionDefinitions" => list(&["functionDefinition"]),
        "functionDefinition" => with(&["math"], NOTHING),
        "listOfUnitDefinitions" => list(&["unitDefinition"]),
        "unitDefinition" => with(&["listOfUnits"], NOTHING),
        "listOfUnits" => list(&["unit"]),
        "unit" => leaf(&["kind", "exponent", "scale", "multiplier", "offset"]),
        "listOfCompartmentTypes" => list(&["compartmentType"]),
        "listOfSpeciesTypes" => list(&["speciesType"]),
        "compartmentType" | "speciesType" => leaf(NOTHING),
        "listOfCompartments" => list(&["compartment"]),
        "compartment" => {
            leaf(&["spatialDimensions", "size", "volume", "units", "outside", "constant", "compartmentType"])
        }
        "listOfSpecies" => list(&["species", "specie"]),
        "species" | "specie" => leaf(&[
            "compartment",
            "initialAmount",
            "initialConcentration",
            "substanceUnits",
            "spatialSizeUnits",
            "units",
            "hasOnlySubstanceUnits",
            "boundaryCondition",
            "charge",
            "constant",
            "speciesType",
            "conversionFactor",
        ]),
        "listOfParameters" | "listOfLocalParameters" => list(&["parameter", "localParameter"]),
        "parameter" | "localParameter" => leaf(&["value", "units", "constant"]),
        "listOfInitialAssignments" => list(&["initialAssignment"]),
        "initialAssignment" => with(&["math"], &["symbol"]),
        "listOfRules" => list(&[
            "assignmentRule",
            "rateRule",
            "algebraicRule",
            "compartmentVolumeRule",
            "speciesConcentrationRule",
            "specieConcentrationRule",
            "parameterRule",
        ]),
        "assignmentRule"
        | "rateRule"
        | "algebraicRule"
        | "compartmentVolumeRule"
        | "speciesConcentrationRule"
        | "specieConcentrationRule"
        | "parameterRule" => {
            with(&["math"], &["variable", "formula", "type", "compartment", "species", "specie", "units"])
        }
        "listOfConstraints" => list(&["constraint"]),
        "constraint" => with(&["math", "message"], NOTHING),
        "listOfReactions" => list(&["reaction"]),
        "reaction" => with(
            &["listOfReactants", "listOfProducts", "listOfModifiers", "kineticLaw"],
            &["reversible", "fast", "compartment"],
        ),
        "listOfReactants" | "listOfProducts" => list(&["speciesReference", "specieReference"]),
        "speciesReference" | "specieReference" => {
            with(&["stoichiometryMath"], &["species", "specie", "stoichiometry", "denominator", "constant"])
        }
        "stoichiometryMath" => with(&["math"], NOTHING),
        "listOfModifiers" => list(&["modifierSpeciesReference"]),
        "modifierSpeciesReference" => leaf(&["species"]),
        "kineticLaw" => {
            with(&["math", "listOfParameters", "listOfLocalParameters"], &["formula", "timeUnits", "substanceUnits"])
        }
        "listOfEvents" => list(&["event"]),
        "event" => with(
            &["trigger", "delay", "priority", "listOfEventAssignments"],
            &["useValuesFromTriggerTime", "timeUnits"],
        ),
        "trigger" => with(&["math"], &["initialValue", "persistent"]),
        "delay" | "priority" => with(&["math"], NOTHING),
        "listOfEventAssignments" => list(&["eventAssignment"]),
        "eventAssignment" => with(&["math"], &["variable"]),
        _ => None,
    }
}

/// Whether some level has the element in this list.
pub(super) fn is_in(list: Node, element: &str) -> bool {
    entry(list.tag_name().name()).is_some_and(|entry| entry.lists.contains(&element))
}

impl Reading<'_, '_> {
    /// Finds elements and attributes that SBML does not have where they stand, and elements that come twice.
    pub fn check_grammar(&mut self) {
        let core = self.model.tag_name().namespace();
        let in_core = |n: &Node| n.tag_name().namespace() == core;
        let mut open = vec![self.model];
        while let Some(node) = open.pop() {
            let name = node.tag_name().name();
            let Some(entry) = entry(name) else { continue };
            if (self.level, self.version) == (3, 2) && !HAVE_NAMES.contains(&name) && !self.id(node).is_empty() {
                self.declare(node, Kind::Other, true);
            }
            let known = |attribute: &str| ANY_ATTRIBUTES.contains(&attribute) || entry.attributes.contains(&attribute);
            let attributes = node.attributes().filter(|a| a.namespace().is_none_or(|uri| Some(uri) == core));
            if let Some(attribute) = attributes.map(|a| a.name().to_string()).find(|a| !known(a)) {
                let what = format!("{name}{}", self.in_words(node));
                self.faults.push(Finding::new(SbmlProblem::UnknownAttribute { what, attribute }, xml::at(node)));
            }
            let mut seen: Vec<&str> = Vec::new();
            for child in xml::elements(node) {
                let inner = child.tag_name().name();
                // The same names in the namespace of a package are its own matter.
                if inner == "math" && child.tag_name().namespace() == Some(xml::MATHML) {
                } else if !in_core(&child) || matches!(inner, "notes" | "annotation") {
                    continue;
                } else if entry.lists.contains(&inner) {
                    open.push(child);
                    continue;
                } else if !entry.children.contains(&inner) {
                    let problem = SbmlProblem::UnknownElement { name: inner.into() };
                    self.faults.push(Finding::new(problem, xml::at(child)));
                    continue;
                }
                if seen.contains(&inner) {
                    let what = format!("{name}{}", self.in_words(node));
                    self.faults.push(Finding::new(SbmlProblem::Twice { what, name: inner.into() }, xml::at(child)));
                } else {
                    seen.push(inner);
                    open.push(child);
                }
            }
        }
    }

    fn in_words(&self, node: Node) -> String {
        let id = self.id(node);
        if id.is_empty() { String::new() } else { format!(" `{id}`") }
    }
}
