//! The outermost elements: level and version, packages, the one model; and what is collected while reading it.

use super::graph::{Graph, Id};
use super::mathml::{Definition, MathReader, Scope};
use super::names::{Kind, Names, Thing, is_sid};
use super::problem::SbmlProblem;
use super::xml::{self, Finding};
use super::{declarations, dynamics, functions};
use crate::expression::Expression;
use crate::network::{Network, SpeciesId};
use roxmltree::{Document, Node};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// What a file gives.
pub(super) struct Found {
    pub network: Network,
    pub level: u32,
    pub version: u32,
    pub in_concentration: Vec<bool>,
    pub warnings: Vec<Finding>,
}

/// A compartment beside what the network says of it.
pub(super) struct CompartmentFacts {
    /// Whether it has no dimension, so that there are no concentrations in it.
    pub dimensionless: bool,
    /// Whether the file gives it a size.
    pub sized: bool,
    pub thing: u32,
}

/// A species beside what the network says of it.
pub(super) struct SpeciesFacts {
    /// Whether its name stands for a concentration.
    pub in_concentration: bool,
    /// Whether reactions leave it alone.
    pub fixed: bool,
    /// The parameter that converts extents to its amount.
    pub conversion: Option<u32>,
    pub thing: u32,
}

/// How many of a species a reaction makes in one extent, but for the sign.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stoichiometry<'a, 'i> {
    Number(f64),
    /// `stoichiometryMath` of Level 2 once it has been read.
    Formula(Id),
    /// A species reference with an id.
    Reference(u32),
    /// `stoichiometryMath` of Level 2 before that.
    Math(Node<'a, 'i>),
}

/// A species in a reaction.
pub(super) struct Term<'a, 'i> {
    pub species: SpeciesId,
    pub is_product: bool,
    pub stoichiometry: Stoichiometry<'a, 'i>,
    pub at: usize,
}

/// A reaction before its stoichiometry is known.
pub(super) struct ReactionFacts<'a, 'i> {
    pub node: Node<'a, 'i>,
    pub thing: u32,
    pub terms: Vec<Term<'a, 'i>>,
    pub law: Option<Id>,
}

/// An event as written.
pub(super) struct EventFacts {
    pub name: String,
    pub trigger: Id,
    pub initially_true: bool,
    pub persistent: bool,
    pub delay: Option<Id>,
    pub priority: Option<Id>,
    pub values_from_trigger_time: bool,
    /// What is set, by its place in the list of things, to what, where.
    pub assignments: Vec<(u32, Id, usize)>,
}

/// A formula for something, and where it stands.
#[derive(Clone, Copy)]
pub(super) struct Law {
    pub formula: Id,
    pub at: usize,
}

/// How far a part of the mathematics has been translated.
#[derive(Clone, Default)]
pub(super) enum Progress {
    #[default]
    New,
    Open,
    Done(Arc<Expression>),
}

/// Everything known while a model is read.
pub(super) struct Reading<'a, 'i> {
    pub model: Node<'a, 'i>,
    pub level: u32,
    pub version: u32,
    lines: Vec<usize>,
    pub names: Names,
    pub graph: Graph,
    pub functions: Vec<Definition>,
    pub network: Network,
    pub compartments: Vec<CompartmentFacts>,
    pub species: Vec<SpeciesFacts>,
    pub reactions: Vec<ReactionFacts<'a, 'i>>,
    /// Of each parameter of the network, its place in the list of things.
    pub parameters: Vec<u32>,
    /// Initial assignments, assignment rules and rate rules by the thing they are for.
    pub initial: HashMap<u32, Law>,
    pub assignment: HashMap<u32, Law>,
    pub rate: HashMap<u32, Law>,
    /// The events as they stand in the file, with their places in the list of things.
    pub event_nodes: Vec<(Node<'a, 'i>, u32)>,
    pub events: Vec<EventFacts>,
    /// Things that events set.
    pub set_by_events: HashSet<u32>,
    pub translated: Vec<Progress>,
    /// How many rates of change are being worked out inside each other.
    pub depth: usize,
    /// Those things, the innermost last.
    pub rated: Vec<u32>,
    /// Rates of change worked out so far: of what names stand for, and of amounts.
    pub rates: HashMap<u32, Expression>,
    pub amount_rates: HashMap<SpeciesId, Expression>,
    /// The reactions and terms that change each species.
    pub changes: Vec<Vec<(usize, usize)>>,
    pub faults: Vec<Finding>,
    pub warnings: Vec<Finding>,
}

/// Reads the tree of a whole file.
pub(super) fn read(tree: &Document, text: &str) -> Result<Found, Vec<Finding>> {
    let root = tree.root_element();
    let (level, version) = level(root).map_err(|finding| vec![finding])?;
    let mut faults = packages(root);
    let core = root.tag_name().namespace();
    let mut models = Vec::new();
    for element in xml::elements(root) {
        match element.tag_name().name() {
            "model" if element.tag_name().namespace() == core => models.push(element),
            "notes" | "annotation" => {}
            _ if element.tag_name().namespace() != core => {}
            name => faults.push(Finding::new(SbmlProblem::UnknownElement { name: name.into() }, xml::at(element))),
        }
    }
    let model = match models[..] {
        [model] => model,
        [] => {
            faults.push(Finding::new(SbmlProblem::NoModel, xml::at(root)));
            return Err(faults);
        }
        [_, second, ..] => {
            faults.push(Finding::new(SbmlProblem::SeveralModels, xml::at(second)));
            return Err(faults);
        }
    };
    let mut reading = Reading {
        model,
        level,
        version,
        lines: text.bytes().enumerate().filter(|&(_, b)| b == b'\n').map(|(i, _)| i).collect(),
        names: Names::default(),
        graph: Graph::default(),
        functions: Vec::new(),
        network: Network { compartments: Vec::new(), ..Network::default() },
        compartments: Vec::new(),
        species: Vec::new(),
        reactions: Vec::new(),
        parameters: Vec::new(),
        initial: HashMap::new(),
        assignment: HashMap::new(),
        rate: HashMap::new(),
        event_nodes: Vec::new(),
        events: Vec::new(),
        set_by_events: HashSet::new(),
        translated: Vec::new(),
        depth: 0,
        rated: Vec::new(),
        rates: HashMap::new(),
        amount_rates: HashMap::new(),
        changes: Vec::new(),
        faults,
        warnings: Vec::new(),
    };
    reading.read_model();
    if !reading.faults.is_empty() {
        return Err(reading.faults);
    }
    reading.assemble();
    if !reading.faults.is_empty() {
        return Err(reading.faults);
    }
    Ok(Found {
        network: reading.network,
        level,
        version,
        in_concentration: reading.species.iter().map(|s| s.in_concentration).collect(),
        warnings: reading.warnings,
    })
}

/// Level and version by the namespace of the outermost element.
fn level(root: Node) -> Result<(u32, u32), Finding> {
    let fail = |problem| Err(Finding::new(problem, xml::at(root)));
    let (name, uri) = (root.tag_name().name(), root.tag_name().namespace().unwrap_or(""));
    if name != "sbml" {
        return fail(SbmlProblem::NotSbml { name: name.into() });
    }
    let found = match uri {
        "http://www.sbml.org/sbml/level1" if root.attribute("version").map(str::trim) == Some("1") => (1, 1),
        "http://www.sbml.org/sbml/level1" => (1, 2),
        "http://www.sbml.org/sbml/level2" => (2, 1),
        "http://www.sbml.org/sbml/level2/version2" => (2, 2),
        "http://www.sbml.org/sbml/level2/version3" => (2, 3),
        "http://www.sbml.org/sbml/level2/version4" => (2, 4),
        "http://www.sbml.org/sbml/level2/version5" => (2, 5),
        "http://www.sbml.org/sbml/level3/version1/core" => (3, 1),
        "http://www.sbml.org/sbml/level3/version2/core" => (3, 2),
        _ => {
            let finding = Finding::new(SbmlProblem::UnknownNamespace { uri: uri.into() }, xml::at(root));
            return Err(finding.help("Levels 1 and 2 and Level 3 Versions 1 and 2 are read"));
        }
    };
    for (attribute, expected) in [("level", found.0), ("version", found.1)] {
        let text = root.attribute(attribute).unwrap_or("").trim();
        if text != expected.to_string() {
            let expected = format!("{} Version {}", found.0, found.1);
            return fail(SbmlProblem::LevelMismatch { expected, attribute, found: text.into() });
        }
    }
    Ok(found)
}

/// The name of the package that a namespace belongs to, and whether it can be passed over: it describes how a model
/// looks, or adds mathematics that is read anyway.
pub(super) fn package(namespace: &str) -> Option<(&str, bool)> {
    let rest = namespace.strip_prefix("http://www.sbml.org/sbml/level3/version")?;
    let name = rest.split('/').nth(1)?;
    let harmless = matches!(name, "core" | "layout" | "render" | "groups" | "l3v2extendedmath");
    Some((name, harmless))
}

/// Packages that a reader must understand and we do not.
fn packages(root: Node) -> Vec<Finding> {
    let mut found = Vec::new();
    for attribute in root.attributes() {
        let Some(namespace) = attribute.namespace() else {
            continue;
        };
        let (package, harmless) = package(namespace).unwrap_or((namespace, false));
        if !harmless && attribute.name() == "required" && matches!(attribute.value().trim(), "true" | "1") {
            let problem = SbmlProblem::Package { package: package.into(), what: String::new() };
            found.push(Finding::new(problem, xml::at(root)));
        }
    }
    found
}

impl<'a, 'i> Reading<'a, 'i> {
    fn read_model(&mut self) {
        self.package_elements();
        self.network.name = self.model.attribute("name").or(self.model.attribute("id")).map(str::to_string);
        let functions = self.list("listOfFunctionDefinitions", "functionDefinition");
        for (i, &node) in functions.iter().enumerate() {
            self.declare(node, Kind::Function(i), true);
        }
        self.read_units();
        declarations::compartments(self);
        declarations::parameters(self);
        declarations::species(self);
        declarations::reactions(self);
        declarations::events(self);
        self.check_grammar();
        self.functions = functions::read(&functions, &self.names, &mut self.graph, &mut self.faults);
        if self.graph.is_full() {
            return;
        }
        dynamics::rules(self);
        dynamics::initial_assignments(self);
        dynamics::constraints(self);
        dynamics::laws(self);
        dynamics::events(self);
    }

    /// Refuses elements of packages that change the meaning.
    fn package_elements(&mut self) {
        let core = self.model.tag_name().namespace();
        for element in self.model.descendants().filter(Node::is_element) {
            if let Some((package, false)) = element.tag_name().namespace().and_then(package) {
                let id = element.attributes().find(|a| a.name() == "id").map(|a| format!(" `{}`", a.value()));
                let what = format!("element `{}`{}", element.tag_name().name(), id.unwrap_or_default());
                let annotated = |n: Node| n.tag_name().namespace() == core && n.tag_name().name() == "annotation";
                if !element.ancestors().any(annotated) {
                    let problem = SbmlProblem::Package { package: package.into(), what };
                    self.faults.push(Finding::new(problem, xml::at(element)));
                    break;
                }
            }
        }
    }

    /// The elements of a list of the model.
    pub fn list(&mut self, list: &str, element: &str) -> Vec<Node<'a, 'i>> {
        self.list_in(self.model, list, element)
    }

    /// As [`Self::list`], of another element. Others in it, but for notes and packages, are faults.
    pub fn list_in(&mut self, parent: Node<'a, 'i>, list: &str, element: &str) -> Vec<Node<'a, 'i>> {
        let core = self.model.tag_name().namespace();
        let in_core = |n: &Node| n.tag_name().namespace() == core;
        let mut found = Vec::new();
        for list in xml::elements(parent).filter(|n| in_core(n) && n.tag_name().name() == list) {
            for node in xml::elements(list).filter(in_core) {
                match node.tag_name().name() {
                    name if name == element => found.push(node),
                    "notes" | "annotation" => {}
                    // The list knows it, but this level does not.
                    name if super::grammar::is_in(list, name) => {
                        let problem = SbmlProblem::UnknownElement { name: name.into() };
                        self.faults.push(Finding::new(problem, xml::at(node)));
                    }
                    _ => {}
                }
            }
        }
        found
    }

    /// The line, from 1, of a place.
    pub fn line(&self, at: usize) -> usize {
        self.lines.partition_point(|&end| end < at) + 1
    }

    /// What a species is called: Level 1 Version 1 has a word of its own.
    pub fn species_word(&self) -> &'static str {
        if (self.level, self.version) == (1, 1) { "specie" } else { "species" }
    }

    /// The attribute that identifies an element; in Level 1 it is called `name`.
    pub fn id_attribute(&self) -> &'static str {
        if self.level == 1 { "name" } else { "id" }
    }

    /// The id of an element; empty if it has none.
    pub fn id<'n>(&self, node: Node<'n, '_>) -> &'n str {
        node.attribute(self.id_attribute()).unwrap_or("").trim()
    }

    /// Gives the thing an element declares its name; an element without id gets none.
    pub fn declare(&mut self, node: Node, kind: Kind, constant: bool) -> u32 {
        let id = self.id(node).to_string();
        let at = xml::at(node);
        let thing = Thing { id, kind, at, line: self.line(at), constant };
        if thing.id.is_empty() {
            return self.names.add_hidden(thing);
        }
        if !is_sid(&thing.id) {
            let what = kind.word().to_string();
            let expected = "an id: letters, digits and `_`, no digit first";
            let attribute = self.id_attribute();
            let problem = SbmlProblem::BadAttribute { what, attribute, text: thing.id.clone(), expected };
            self.faults.push(Finding::new(problem, at));
        }
        let (index, fault) = self.names.add(thing);
        self.faults.extend(fault);
        index
    }

    /// As [`Self::declare`], of an element that must have an id.
    pub fn declare_named(&mut self, node: Node, kind: Kind, constant: bool) -> u32 {
        if self.id(node).is_empty() {
            let attribute = self.id_attribute();
            let problem = SbmlProblem::MissingAttribute { what: kind.word().into(), attribute };
            self.faults.push(Finding::new(problem, xml::at(node)));
        }
        self.declare(node, kind, constant)
    }

    /// Kind and id of a thing, as in ``species `A` ``.
    pub fn describe(&self, thing: u32) -> String {
        let thing = self.names.get(thing);
        if thing.id.is_empty() { thing.kind.word().into() } else { format!("{} `{}`", thing.kind.word(), thing.id) }
    }

    /// A number in an attribute.
    pub fn number(&mut self, node: Node, attribute: &'static str, what: &str) -> Option<f64> {
        let text = node.attribute(attribute)?;
        let number = xml::real(text);
        if number.is_none() {
            let (what, text) = (what.to_string(), text.to_string());
            let problem = SbmlProblem::BadAttribute { what, attribute, text, expected: "a number" };
            self.faults.push(Finding::new(problem, xml::at(node)));
        }
        number
    }

    /// A truth value in an attribute.
    pub fn truth(&mut self, node: Node, attribute: &'static str, default: bool, what: &str) -> bool {
        match node.attribute(attribute).map(str::trim) {
            None => default,
            Some("true" | "1") => true,
            Some("false" | "0") => false,
            Some(text) => {
                let (what, text) = (what.to_string(), text.to_string());
                let problem = SbmlProblem::BadAttribute { what, attribute, text, expected: "`true` or `false`" };
                self.faults.push(Finding::new(problem, xml::at(node)));
                default
            }
        }
    }

    /// Something of the model that an attribute must name, if it is of a kind that is wanted.
    pub fn reference(
        &mut self,
        node: Node,
        attribute: &'static str,
        expected: &'static str,
        wanted: impl Fn(Kind) -> bool,
        what: &str,
    ) -> Option<u32> {
        let Some(id) = node.attribute(attribute).map(str::trim) else {
            let problem = SbmlProblem::MissingAttribute { what: what.into(), attribute };
            self.faults.push(Finding::new(problem, xml::at(node)));
            return None;
        };
        let found = self.names.find(id).filter(|&thing| wanted(self.names.get(thing).kind));
        if found.is_none() {
            let problem = SbmlProblem::Dangling { what: what.into(), expected, id: id.into() };
            let finding = Finding::new(problem, xml::at(node));
            self.faults.push(match self.names.near(id) {
                Some(near) => finding.help(format!("did you mean `{near}`?")),
                None => finding,
            });
        }
        found
    }

    /// Whether an element has a formula.
    pub fn has_formula(&self, node: Node) -> bool {
        if self.level == 1 { node.attribute("formula").is_some() } else { xml::math(node).is_some() }
    }

    /// The formula in the `math` of an element, in Level 1 its attribute; none if it has none (allowed since Level 3
    /// Version 2) or is faulty.
    pub fn formula(&mut self, node: Node, scope: &Scope, what: &str) -> Option<Id> {
        if self.level == 1 {
            return self.formula_text(node, scope, what);
        }
        let math = xml::math(node)?;
        if xml::elements(math).next().is_none() {
            if !xml::content(math).is_empty() {
                let problem = SbmlProblem::Math { what: what.into(), reason: "its mathematics is no MathML".into() };
                self.faults.push(Finding::new(problem, xml::at(math)));
            }
            return None;
        }
        if self.graph.is_full() {
            return None;
        }
        let mut reader = MathReader { graph: &mut self.graph, names: &self.names, functions: &self.functions };
        match reader.read(math, scope, what) {
            Ok(formula) => Some(formula),
            Err(finding) => {
                self.faults.push(finding);
                None
            }
        }
    }
    fn formula_text(&mut self, node: Node, scope: &Scope, what: &str) -> Option<Id> {
        let Some(text) = node.attribute("formula") else {
            let problem = SbmlProblem::MissingAttribute { what: what.into(), attribute: "formula" };
            self.faults.push(Finding::new(problem, xml::at(node)));
            return None;
        };
        if self.graph.is_full() {
            return None;
        }
        let mut reader = MathReader { graph: &mut self.graph, names: &self.names, functions: &self.functions };
        match super::formula::read(&mut reader, text, scope, what, xml::at(node)) {
            Ok(formula) => Some(formula),
            Err(finding) => {
                self.faults.push(finding);
                None
            }
        }
    }
}
