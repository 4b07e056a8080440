//! `kurtz check`: a network described, in numbers, formulas and structure, with the methods that apply to it.

use super::{ModelChoice, WholeModel};
use crate::Error;
use kurtz_dynamics::method::methods;
use kurtz_dynamics::moments::{Form, MomentHierarchy};
use kurtz_model::kinetics::{Changes, KineticsError};
use kurtz_model::structure::LawForm;
use kurtz_model::system::Role;
use kurtz_model::{
    Event, Expression, Kinetics, Network, RateLaw, Reaction, ReactionId, RuleKind, SpeciesId, System, Value, Variable,
};
use kurtz_report::{Cell, Table};
use std::collections::HashMap;
use std::fmt::{self, Write};

/// What there is to say about a network.
#[derive(Debug)]
pub struct Description {
    /// The model.
    pub model: WholeModel,
    /// The same in molecules, for methods that count them.
    molecules: System,
    /// Its rate laws in molecules, or why they are not all of it.
    kinetics: Result<Kinetics, KineticsError>,
    /// The rate laws alone, where what else there is only looks at them.
    followed: Option<Kinetics>,
    /// What changes quantities beside reactions.
    changes: HashMap<Variable, &'static str>,
}

/// Describes the network of a model file.
///
/// # Errors
/// Mistakes in the file, and changes to what it does not have.
pub fn run(choice: &ModelChoice) -> Result<Description, Error> {
    let model = choice.read_whole()?;
    let molecules = System::new(&model.system.network().in_molecules(), &Changes::default())?;
    let kinetics = Kinetics::new(molecules.network());
    let followed = match &kinetics {
        Err(KineticsError::NeedsSystem { .. }) => {
            molecules.network().followed().and_then(|(n, _)| Kinetics::new(&n)).ok()
        }
        _ => None,
    };
    let network = model.system.network();
    let set = network.events.iter().flat_map(|e| &e.assignments).map(|&(v, _)| (v, "set by events"));
    let ruled = network.rules.iter().map(|rule| match rule.kind {
        RuleKind::Assignment => (rule.variable, "by its rule"),
        RuleKind::Rate => (rule.variable, "flows by its rule"),
    });
    let changes = set.chain(ruled).collect();
    Ok(Description { model, molecules, kinetics, followed, changes })
}

/// A method, whether it applies, and if not, why.
#[derive(Clone, Debug, PartialEq)]
pub struct Applicability {
    /// The method, with the command that runs it.
    pub method: String,
    /// Why it does not apply; `None` if it does.
    pub obstacle: Option<String>,
    /// What to know when it does.
    pub remark: String,
}

impl Description {
    /// Which methods apply to the network, and why not the others.
    pub fn methods(&self) -> Vec<Applicability> {
        let mut all = Vec::new();
        let mut add = |method: &str, obstacle: Option<String>, remark: &str| {
            all.push(Applicability { method: method.into(), obstacle, remark: remark.into() });
        };
        let exact = match self.positive_without_reactants() {
            Some(name) => {
                format!("exact, but stops where a reactant of `{name}` is missing: its rate is positive there")
            }
            None => "exact".into(),
        };
        for method in methods() {
            let obstacle = match (&self.kinetics, method.name()) {
                (_, "hybrid") => method.system_sampler(&self.molecules, &[]).err().map(|e| e.to_string()),
                (Err(error), _) => Some(obstacle(error)),
                (Ok(kinetics), _) => method.batch_sampler(kinetics).err().map(|e| e.to_string()),
            };
            let remark = match method.name() {
                "hybrid" => "exact, with rules, events and rates that change in time",
                _ => &exact,
            };
            add(&format!("simulate --method {}", method.name()), obstacle, remark);
        }
        let first_order = self.kinetics.as_ref().is_ok_and(|k| k.network().is_first_order());
        let remark = match (first_order, self.model.system.network().is_mass_action()) {
            (true, _) => "exact for the means",
            (false, true) => "the limit of large volume",
            (false, false) => "explicit laws as they are written, mass action in the limit of large volume",
        };
        add("simulate --method ode", None, remark);
        let kinetics = match (&self.kinetics, &self.followed) {
            (Ok(kinetics), _) | (_, Some(kinetics)) => kinetics,
            (Err(error), None) => {
                add("moments", Some(obstacle(error)), "");
                add("solve", Some(obstacle(error)), "");
                return all;
            }
        };
        let hierarchy = MomentHierarchy::derive(kinetics.network(), 2, Form::Central);
        let remark = match &hierarchy {
            Ok(h) if h.closes() => "the equations close: exact",
            _ => "the equations do not close: give a --closure",
        };
        add("moments", hierarchy.err().map(|e| e.to_string()), remark);
        let whole = kinetics.initial_counts().err().map(|e| e.to_string());
        let in_time =
            (0..kinetics.network().reactions.len()).map(ReactionId::from).find(|&r| kinetics.depends_on_time(r));
        let obstacle = whole.or_else(|| {
            let name = &kinetics.network().reactions[in_time?.index()].name;
            Some(format!("the rate of `{name}` depends on time"))
        });
        add("solve", obstacle, "with a bound on the error; the state space must fit into memory");
        all
    }

    /// A reaction whose propensity is positive in a state near the initial one in which it lacks a reactant.
    fn positive_without_reactants(&self) -> Option<&str> {
        let kinetics = self.kinetics.as_ref().ok()?;
        let network = kinetics.network();
        let positive = |(r, reaction): (usize, &Reaction)| {
            let needs = |&&(s, _): &&(SpeciesId, u32)| !network.species[s.index()].clamped;
            reaction.reactants.iter().filter(needs).any(|&(missing, order)| {
                let mut counts: Vec<f64> = kinetics.initial().iter().map(|n| n.max(1.0)).collect();
                reaction.reactants.iter().for_each(|&(s, n)| counts[s.index()] = counts[s.index()].max(f64::from(n)));
                counts[missing.index()] = f64::from(order) - 1.0;
                kinetics.propensity(ReactionId::from(r), 0.0, &counts) > 0.0
            })
        };
        let general = network.reactions.iter().enumerate().filter(|(_, r)| !matches!(r.rate, RateLaw::MassAction(_)));
        general.into_iter().find(|&(r, reaction)| positive((r, reaction))).map(|(_, r)| r.name.as_str())
    }

    fn species_table(&self, network: &Network) -> Table {
        let unit = if network.amount_unit.is_specified() { &network.amount_unit.text } else { "molecules" };
        let mut table = Table::new(["species", &format!("initial {unit}"), "in", ""]);
        for (i, species) in network.species.iter().enumerate() {
            let variable = Variable::Species(SpeciesId::from(i));
            table.push([
                Cell::text(species.name.clone()),
                shortest(self.model.system.initial_value(variable)),
                Cell::text(network.compartments[species.compartment.index()].name.clone()),
                Cell::text(match (self.changes(variable), species.clamped) {
                    ("", true) => "clamped",
                    (change, _) => change,
                }),
            ]);
        }
        table
    }

    /// What changes a quantity, if no reaction does.
    fn changes(&self, variable: Variable) -> &'static str {
        self.changes.get(&variable).copied().unwrap_or("")
    }

    fn parameter_table(&self, network: &Network) -> Table {
        let mut table = Table::new(["parameter", "value", "unit", "in coherent units", ""]);
        for (i, parameter) in network.parameters.iter().enumerate() {
            let variable = Variable::Parameter(i.into());
            let (value, unit) = match &parameter.value {
                _ if matches!(self.model.system.role(variable), Role::Assigned(_)) => (Cell::text(""), String::new()),
                Value::Quantity(q) => (shortest(q.value), q.unit.text.clone()),
                Value::Expression(e) => (Cell::text(e.display(network).to_string()), String::new()),
            };
            let coherent = shortest(self.model.system.initial_value(variable));
            let name = Cell::text(parameter.name.clone());
            table.push([name, value, Cell::text(unit), coherent, Cell::text(self.changes(variable))]);
        }
        table
    }

    fn reactions(&self, network: &Network) -> String {
        let mut text = String::new();
        let mut work = 3 * kurtz_model::polynomial::MOST_WORK;
        for (i, reaction) in network.reactions.iter().enumerate() {
            let id = ReactionId::from(i);
            // Writing to a string cannot fail.
            let _ = writeln!(text, "  {}: {}", reaction.name, equation(network, id));
            let _ = writeln!(
                text,
                "      propensity (molecules)      {}",
                network.propensity_expression(id).display(network)
            );
            let _ =
                writeln!(text, "      rate (concentrations)       {}", network.rate_expression(id).display(network));
            if !matches!(reaction.rate, RateLaw::MassAction(_)) {
                let _ = writeln!(text, "      recognised as               {}", recognised(network, id, &mut work));
            }
        }
        text
    }

    fn structure(&self, network: &Network) -> String {
        let rank = network.rank_within(MOST_OPERATIONS);
        let size = format!("{} species, {} reactions", network.species.len(), network.reactions.len());
        let graph = network.complexes_of_rank(rank.unwrap_or(0));
        let classes = format!(
            "{} complexes in {} linkage {}",
            graph.complexes.len(),
            graph.linkage_classes.len(),
            if graph.linkage_classes.len() == 1 { "class" } else { "classes" },
        );
        let reversible = if graph.is_weakly_reversible { "" } else { "not " };
        let mut lines = vec![
            match rank {
                Some(rank) => format!("{size}, rank {rank}"),
                None => format!("{size}; rank and conservation laws are not worked out, which would take long"),
            },
            match rank {
                Some(_) => format!("{classes}, deficiency {}, {reversible}weakly reversible", graph.deficiency()),
                None => format!("{classes}, {reversible}weakly reversible"),
            },
            match (network.is_first_order(), network.is_mass_action(), network.is_polynomial()) {
                (true, _, _) => "every propensity is of first order at most".into(),
                (_, true, _) => format!("mass action of order up to {}", network.molecularity()),
                (_, _, true) => "polynomial propensities".into(),
                _ => "propensities that are not all polynomial".into(),
            },
        ];
        let system = &self.model.system;
        let initial: Vec<f64> =
            (0..network.species.len()).map(|s| system.initial_value(Variable::Species(s.into()))).collect();
        let amounts_change = !network.events.is_empty() || network.reactions.iter().any(|r| !r.yields.is_empty());
        let laws = if rank.is_some() && !amounts_change { network.conservation_laws() } else { Vec::new() };
        for law in laws {
            let terms = law.coefficients.iter().map(|&(s, c)| {
                let name = &network.species[s.index()].name;
                let size = if c.abs() == 1 { name.clone() } else { format!("{} {name}", c.abs()) };
                (if c < 0 { " - " } else { " + " }, size)
            });
            let mut text: String = terms.map(|(sign, term)| format!("{sign}{term}")).collect();
            text = text.strip_prefix(" + ").map_or(text.clone(), str::to_string);
            lines.push(format!("conserved: {} = {}", text.trim(), law.total(&initial)));
        }
        lines.iter().map(|line| format!("  {line}\n")).collect()
    }
}

/// The rank of a stoichiometry matrix is worked out with so many operations at most: about a second.
const MOST_OPERATIONS: usize = 8_000_000;

/// A number with as many digits as it needs, at most eight.
fn shortest(value: f64) -> Cell {
    let digits = (1..8).find(|&d| format!("{value:.*e}", d - 1).parse() == Ok(value));
    Cell::digits(value, digits.unwrap_or(8))
}

/// A reaction as one writes it.
fn equation(network: &Network, id: ReactionId) -> String {
    let side = |terms: &[(SpeciesId, u32)]| {
        let parts: Vec<String> = terms
            .iter()
            .map(|&(s, n)| {
                let name = &network.species[s.index()].name;
                if n == 1 { name.clone() } else { format!("{n} {name}") }
            })
            .collect();
        if parts.is_empty() { "0".into() } else { parts.join(" + ") }
    };
    let reaction = &network.reactions[id.index()];
    let mut products = vec![side(&reaction.products)];
    products.retain(|text| text != "0" || reaction.yields.is_empty());
    for (s, e) in &reaction.yields {
        products.push(format!("({}) {}", e.display(network), network.species[s.index()].name));
    }
    format!("{} -> {}", side(&reaction.reactants), products.join(" + "))
}

/// What the law of a reaction is, in words.
fn recognised(network: &Network, id: ReactionId, work: &mut usize) -> String {
    let found = network.recognise_within(id, work);
    let term = |&(s, nu): &(SpeciesId, u32)| {
        let name = &network.species[s.index()].name;
        if nu == 1 { name.clone() } else { format!("{nu} {name}") }
    };
    let of: Vec<String> = found.orders.iter().map(term).collect();
    let of = if of.is_empty() { "nothing".to_string() } else { of.join(" + ") };
    let constant = |k: &Expression| k.simplify().display(network).to_string();
    match (&found.discrete, &found.continuous, found.form) {
        (Some(k), Some(_), _) => format!("mass action of {of} with the constant {}", constant(k)),
        (Some(k), None, _) => format!("mass action of molecules of {of} with the constant {}", constant(k)),
        (None, Some(k), _) => {
            format!("mass action of concentrations of {of} with the constant {} (not of molecules)", constant(k))
        }
        (None, None, _) if found.too_large => "not recognised: too large to be written out".into(),
        (None, None, LawForm::Polynomial(degree)) => format!("a polynomial of degree {degree}"),
        (None, None, LawForm::Rational) => "a rational function".into(),
        (None, None, LawForm::TimeDependent) => "a function of time".into(),
        (None, None, LawForm::General) => "no mass action".into(),
    }
}

/// Why rate laws are not all of a network, without advice.
fn obstacle(error: &KineticsError) -> String {
    match error {
        KineticsError::NeedsSystem { what } => format!("{what} is more than rate laws"),
        other => other.to_string(),
    }
}

/// An event in words.
fn event(network: &Network, event: &Event) -> String {
    let text = |e: &Expression| e.display(network).to_string();
    let delay = event.delay.as_ref().map_or(String::new(), |e| format!(", after {}", text(e)));
    let priority = event.priority.as_ref().map_or(String::new(), |e| format!(", priority {}", text(e)));
    let assignments = event.assignments.iter().map(|(v, e)| format!("{} = {}", network.variable_name(*v), text(e)));
    let assignments = assignments.collect::<Vec<_>>().join(", ");
    format!("{}: when {}{delay}{priority}: {assignments}", event.name, text(&event.trigger))
}

impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let network = self.model.system.network();
        if let Some(name) = &network.name {
            writeln!(f, "{name}")?;
        }
        writeln!(f, "model {}  sha-256 {}\n", self.model.name, network.hash())?;
        for (i, compartment) in network.compartments.iter().enumerate() {
            let variable = Variable::Compartment(i.into());
            let size = shortest(self.model.system.initial_value(variable)).to_text();
            let text = format!(
                "compartment {}: {size} {} {}",
                compartment.name,
                network.volume_unit.text,
                self.changes(variable)
            );
            writeln!(f, "{}", text.trim_end())?;
        }
        if network.time_unit.is_specified() {
            writeln!(f, "time in {}", network.time_unit.text)?;
        }
        writeln!(f, "\n{}", self.species_table(network).to_text())?;
        if !network.parameters.is_empty() {
            writeln!(f, "{}", self.parameter_table(network).to_text())?;
        }
        writeln!(f, "reactions\n{}", self.reactions(network))?;
        if !network.rules.is_empty() {
            writeln!(f, "rules")?;
            for rule in &network.rules {
                let (name, law) = (network.variable_name(rule.variable), rule.expression.display(network));
                match rule.kind {
                    RuleKind::Assignment => writeln!(f, "  {name} := {law}")?,
                    RuleKind::Rate => writeln!(f, "  d{name}/dt = {law}")?,
                }
            }
            writeln!(f)?;
        }
        if !network.events.is_empty() {
            writeln!(f, "events")?;
            for description in &network.events {
                writeln!(f, "  {}", event(network, description))?;
            }
            writeln!(f)?;
        }
        writeln!(f, "structure\n{}", self.structure(network))?;
        writeln!(f, "methods")?;
        for method in self.methods() {
            match method.obstacle {
                None => writeln!(f, "  {:32} applies: {}", method.method, method.remark)?,
                Some(obstacle) => writeln!(f, "  {:32} does not apply: {obstacle}", method.method)?,
            }
        }
        Ok(())
    }
}
