//! Networks as SBML Level 3 Version 2.
//!
//! Every species is written with `hasOnlySubstanceUnits`, so that its id stands for its amount there as it does here,
//! and every kinetic law is the exact propensity a(n) in terms of amounts. For `rate(...)` and `propensity(...)` that
//! is the law of the deterministic model too. Mass action is written as k V prod V^-nu n (n-1) ... / nu!, because a
//! stochastic simulation elsewhere must get the right law; a deterministic one elsewhere then differs from
//! k V prod (n/V)^nu / nu! by terms of the order of one molecule, for reactions in which a species meets itself and for
//! no others. [`Network`]s that are read back can be told that such laws are mass action, see
//! [`crate::structure`].
//!
//! Numbers are written in the units of the network, which the model declares.

mod ids;
mod math;
mod units;
mod xml;

use crate::expression::print::shortest;
use crate::expression::{Expression, Symbol};
use crate::kinetics::KineticsError;
use crate::network::*;
use crate::system::initial_values;
use ids::Ids;
use std::collections::{HashMap, HashSet};
use xml::Xml;

/// Why a network cannot be written.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// An expression that shares its parts and stands for a tree too large for a file.
    #[error("{what} has {nodes} parts when written out; the limit is {limit}")]
    TooLarge {
        /// Whose expression it is.
        what: String,
        /// Parts of the tree.
        nodes: u64,
        /// The most that is written.
        limit: u64,
    },
    /// Values that go in circles, or references to what is not there.
    #[error(transparent)]
    Network(#[from] KineticsError),
}

/// Expressions of more parts are not written out.
const MOST_PARTS: u64 = 1_000_000;

/// Writes a network as SBML Level 3 Version 2.
///
/// Names that are no ids of SBML get ids like them and stay as `name`.
///
/// # Errors
/// Expressions too large to be written out, initial values that go in circles.
///
/// # Example
/// ```
/// use kurtz_model::format::{crn, sbml};
/// let (network, _) = crn::parse("species A = 10\ndecay: A -> 0 @ 0.1", "decay.crn")?;
/// let text = sbml::write(&network).expect("a small network");
/// let (read, _) = sbml::read(text.as_bytes(), "decay.xml")?;
/// assert_eq!(read.propensity_expression(kurtz_model::ReactionId(0)).display(&read).to_string(), "0.1*A");
/// # Ok::<(), kurtz_model::Diagnostics>(())
/// ```
pub fn write(network: &Network) -> Result<String, WriteError> {
    crate::kinetics::bind::check_references(network)?;
    let values = initial_values(network)?;
    let set = network.events.iter().flat_map(|event| &event.assignments).map(|&(variable, _)| variable);
    let mut writer = Writer {
        network,
        ids: Ids::new(network),
        values,
        rules: network.rules.iter().map(|rule| (rule.variable, rule.kind)).collect(),
        set: set.collect(),
        xml: Xml::new(),
        assigned_yields: HashMap::new(),
    };
    writer.model()?;
    Ok(writer.xml.finish())
}

struct Writer<'a> {
    network: &'a Network,
    ids: Ids,
    /// Of all quantities at the start.
    values: Vec<f64>,
    /// What rules are about, and what events set.
    rules: HashMap<Variable, RuleKind>,
    set: HashSet<Variable>,
    xml: Xml,
    /// Ids of species references whose stoichiometry an expression gives, by reaction and place among its yields.
    assigned_yields: HashMap<(usize, usize), String>,
}

fn truth(claim: bool) -> &'static str {
    if claim { "true" } else { "false" }
}

impl Writer<'_> {
    fn model(&mut self) -> Result<(), WriteError> {
        self.name_yields();
        let namespace = "http://www.sbml.org/sbml/level3/version2/core";
        self.xml.open("sbml", &[("xmlns", namespace), ("level", "3"), ("version", "2")]);
        let units = units::Units::of(self.network);
        let mut attributes = units.attributes();
        if let Some(name) = &self.network.name {
            attributes.push(("name", name));
        }
        self.xml.open("model", &attributes);
        units.definitions(&mut self.xml);
        self.compartments();
        self.species();
        self.parameters();
        self.initial_assignments()?;
        self.rules()?;
        self.reactions()?;
        self.events()
    }

    fn value(&self, variable: Variable) -> f64 {
        self.values[self.network.variable_index(variable)]
    }

    /// Whether rules or events change a quantity.
    fn changes(&self, variable: Variable) -> bool {
        self.rules.contains_key(&variable) || self.set.contains(&variable)
    }

    fn is_assigned(&self, variable: Variable) -> bool {
        self.rules.get(&variable) == Some(&RuleKind::Assignment)
    }

    /// Attributes `id` and, where that is not the id, `name`.
    fn identity<'b>(id: &'b str, name: &'b str) -> Vec<(&'static str, &'b str)> {
        let mut attributes = vec![("id", id)];
        if id != name {
            attributes.push(("name", name));
        }
        attributes
    }

    fn compartments(&mut self) {
        self.xml.open("listOfCompartments", &[]);
        for (i, compartment) in self.network.compartments.iter().enumerate() {
            let variable = Variable::Compartment(i.into());
            let constant = truth(!self.changes(variable));
            let size = xsd_double(self.value(variable));
            let mut attributes = Self::identity(&self.ids.compartments[i], &compartment.name);
            attributes.push(("spatialDimensions", "3"));
            if matches!(compartment.size, Value::Quantity(_)) && !self.is_assigned(variable) {
                attributes.push(("size", &size));
            }
            attributes.push(("constant", constant));
            self.xml.empty("compartment", &attributes);
        }
        self.xml.close();
    }

    fn species(&mut self) {
        if self.network.species.is_empty() {
            return;
        }
        self.xml.open("listOfSpecies", &[]);
        for (i, species) in self.network.species.iter().enumerate() {
            let variable = Variable::Species(i.into());
            let mut attributes = Self::identity(&self.ids.species[i], &species.name);
            attributes.push(("compartment", &self.ids.compartments[species.compartment.index()]));
            let amount = self.value(variable);
            let (key, number) = match &species.initial {
                Initial::Count(_) => ("initialAmount", xsd_double(amount)),
                Initial::Concentration(Value::Quantity(q)) if !q.unit.is_specified() => {
                    ("initialConcentration", shortest(q.value))
                }
                Initial::Concentration(_) => {
                    let size = self.value(Variable::Compartment(species.compartment));
                    ("initialConcentration", shortest(amount / size))
                }
            };
            let (Initial::Count(value) | Initial::Concentration(value)) = &species.initial;
            let given = matches!(value, Value::Quantity(q) if !q.value.is_nan());
            if given && !self.is_assigned(variable) {
                attributes.push((key, &number));
            }
            attributes.push(("hasOnlySubstanceUnits", "true"));
            attributes.push(("boundaryCondition", truth(species.clamped)));
            attributes.push(("constant", truth(species.clamped && !self.changes(variable))));
            self.xml.empty("species", &attributes);
        }
        self.xml.close();
    }

    fn parameters(&mut self) {
        if self.network.parameters.is_empty() {
            return;
        }
        self.xml.open("listOfParameters", &[]);
        for (i, parameter) in self.network.parameters.iter().enumerate() {
            let variable = Variable::Parameter(i.into());
            let value = self.value(variable);
            let number = xsd_double(value);
            let mut attributes = Self::identity(&self.ids.parameters[i], &parameter.name);
            let given = matches!(parameter.value, Value::Quantity(_)) && !value.is_nan();
            if given && !self.is_assigned(variable) {
                attributes.push(("value", &number));
            }
            attributes.push(("constant", truth(!self.changes(variable))));
            self.xml.empty("parameter", &attributes);
        }
        self.xml.close();
    }

    /// Values given by expressions, of whatever no rule gives.
    fn initial_assignments(&mut self) -> Result<(), WriteError> {
        let network = self.network;
        let mut all: Vec<(Variable, Expression)> = Vec::new();
        for variable in network.variables() {
            let (value, size) = match variable {
                Variable::Compartment(c) => (&network.compartments[c.index()].size, None),
                Variable::Parameter(p) => (&network.parameters[p.index()].value, None),
                Variable::Species(s) => match &network.species[s.index()].initial {
                    Initial::Count(value) => (value, None),
                    Initial::Concentration(value) => (value, Some(network.species[s.index()].compartment)),
                },
            };
            if let Value::Expression(e) = value
                && !self.is_assigned(variable)
            {
                let amount = size.map_or_else(|| e.clone(), |size| e * Expression::from(size));
                all.push((variable, amount));
            }
        }
        if all.is_empty() {
            return Ok(());
        }
        self.xml.open("listOfInitialAssignments", &[]);
        for (variable, expression) in &all {
            let id = self.id_of(*variable);
            self.xml.open("initialAssignment", &[("symbol", &id)]);
            self.math(expression, &format!("the initial value of `{id}`"))?;
            self.xml.close();
        }
        self.xml.close();
        Ok(())
    }

    fn id_of(&self, variable: Variable) -> String {
        self.ids.of(variable.into()).unwrap_or_default().to_string()
    }

    fn math(&mut self, expression: &Expression, what: &str) -> Result<(), WriteError> {
        let nodes = expression.node_count();
        if nodes > MOST_PARTS {
            return Err(WriteError::TooLarge { what: what.into(), nodes, limit: MOST_PARTS });
        }
        math::math(&mut self.xml, expression, &self.ids);
        Ok(())
    }

    /// Gives ids to species references whose stoichiometry is no number.
    fn name_yields(&mut self) {
        for (i, reaction) in self.network.reactions.iter().enumerate() {
            for (j, (species, amount)) in reaction.yields.iter().enumerate() {
                if amount.as_number().is_none() {
                    let id = format!("{}_{}", self.ids.reactions[i], self.ids.species[species.index()]);
                    let id = self.ids.new_id(&id);
                    self.assigned_yields.insert((i, j), id);
                }
            }
        }
    }

    fn rules(&mut self) -> Result<(), WriteError> {
        let network = self.network;
        if network.rules.is_empty() && self.assigned_yields.is_empty() {
            return Ok(());
        }
        self.xml.open("listOfRules", &[]);
        for rule in &network.rules {
            let id = self.id_of(rule.variable);
            let element = match rule.kind {
                RuleKind::Assignment => "assignmentRule",
                RuleKind::Rate => "rateRule",
            };
            self.xml.open(element, &[("variable", &id)]);
            self.math(&rule.expression, &format!("the rule for `{id}`"))?;
            self.xml.close();
        }
        let mut assigned: Vec<_> = self.assigned_yields.iter().map(|(&place, id)| (place, id.clone())).collect();
        assigned.sort_unstable();
        for ((i, j), id) in assigned {
            self.xml.open("assignmentRule", &[("variable", &id)]);
            self.math(&network.reactions[i].yields[j].1, &format!("the stoichiometry `{id}`"))?;
            self.xml.close();
        }
        self.xml.close();
        Ok(())
    }

    fn reactions(&mut self) -> Result<(), WriteError> {
        let network = self.network;
        if network.reactions.is_empty() {
            return Ok(());
        }
        self.xml.open("listOfReactions", &[]);
        for (i, reaction) in network.reactions.iter().enumerate() {
            let law = network.propensity_expression(ReactionId::from(i));
            let id = self.ids.reactions[i].clone();
            let mut attributes = Self::identity(&id, &reaction.name);
            attributes.push(("reversible", "false"));
            let compartment = self.ids.compartments[reaction.compartment.index()].clone();
            attributes.push(("compartment", &compartment));
            self.xml.open("reaction", &attributes);
            let negative = |(_, amount): &&(SpeciesId, Expression)| amount.as_number().is_some_and(|x| x < 0.0);
            let (consumed, made): (Vec<_>, Vec<_>) = reaction.yields.iter().enumerate().partition(|(_, y)| negative(y));
            self.side("listOfReactants", i, &reaction.reactants, &consumed);
            self.side("listOfProducts", i, &reaction.products, &made);
            let sides = reaction.reactants.iter().chain(&reaction.products).map(|&(s, _)| s);
            let taking_part: HashSet<SpeciesId> = sides.chain(reaction.yields.iter().map(|&(s, _)| s)).collect();
            let modifiers: Vec<SpeciesId> = law
                .symbols()
                .into_iter()
                .filter_map(|symbol| match symbol {
                    Symbol::Species(s) if !taking_part.contains(&s) => Some(s),
                    _ => None,
                })
                .collect();
            if !modifiers.is_empty() {
                self.xml.open("listOfModifiers", &[]);
                for s in modifiers {
                    self.xml.empty("modifierSpeciesReference", &[("species", &self.ids.species[s.index()])]);
                }
                self.xml.close();
            }
            self.xml.open("kineticLaw", &[]);
            self.math(&law, &format!("the law of reaction `{}`", reaction.name))?;
            self.xml.close();
            self.xml.close();
        }
        self.xml.close();
        Ok(())
    }

    /// Reactants or products: whole numbers, then yields, by their places among the yields of the reaction.
    fn side(
        &mut self,
        list: &'static str,
        reaction: usize,
        whole: &[(SpeciesId, u32)],
        yields: &[(usize, &(SpeciesId, Expression))],
    ) {
        if whole.is_empty() && yields.is_empty() {
            return;
        }
        self.xml.open(list, &[]);
        for (species, count) in whole {
            let species = &self.ids.species[species.index()];
            let count = count.to_string();
            let attributes = [("species", species.as_str()), ("stoichiometry", &count), ("constant", "true")];
            self.xml.empty("speciesReference", &attributes);
        }
        for &(place, (species, amount)) in yields {
            let species = &self.ids.species[species.index()];
            let assigned = self.assigned_yields.get(&(reaction, place));
            match (amount.as_number(), assigned) {
                (None, Some(id)) => {
                    let attributes = [("id", id.as_str()), ("species", species), ("constant", "false")];
                    self.xml.empty("speciesReference", &attributes);
                }
                (number, _) => {
                    let number = xsd_double(number.unwrap_or(f64::NAN).abs());
                    let attributes = [("species", species.as_str()), ("stoichiometry", &number), ("constant", "true")];
                    self.xml.empty("speciesReference", &attributes);
                }
            }
        }
        self.xml.close();
    }

    fn events(&mut self) -> Result<(), WriteError> {
        let network = self.network;
        if network.events.is_empty() {
            return Ok(());
        }
        self.xml.open("listOfEvents", &[]);
        for (i, event) in network.events.iter().enumerate() {
            let id = self.ids.events[i].clone();
            let what = format!("event `{}`", event.name);
            let mut attributes = Self::identity(&id, &event.name);
            attributes.push(("useValuesFromTriggerTime", truth(event.values_from_trigger_time)));
            self.xml.open("event", &attributes);
            let attributes = [("initialValue", truth(event.initially_true)), ("persistent", truth(event.persistent))];
            self.xml.open("trigger", &attributes);
            self.math(&event.trigger, &what)?;
            self.xml.close();
            for (element, expression) in [("priority", &event.priority), ("delay", &event.delay)] {
                if let Some(expression) = expression {
                    self.xml.open(element, &[]);
                    self.math(expression, &what)?;
                    self.xml.close();
                }
            }
            if !event.assignments.is_empty() {
                self.xml.open("listOfEventAssignments", &[]);
                for (variable, expression) in &event.assignments {
                    let id = self.id_of(*variable);
                    self.xml.open("eventAssignment", &[("variable", &id)]);
                    self.math(expression, &what)?;
                    self.xml.close();
                }
                self.xml.close();
            }
            self.xml.close();
        }
        self.xml.close();
        Ok(())
    }
}

/// A number as XML schema writes it.
fn xsd_double(x: f64) -> String {
    if x.is_nan() {
        "NaN".into()
    } else if x.is_infinite() {
        if x > 0.0 { "INF".into() } else { "-INF".into() }
    } else {
        shortest(x)
    }
}
