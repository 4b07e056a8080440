//! `kurtz check`: a network described, in numbers, formulas and structure, with the methods that apply to it.

use super::{ModelChoice, ModelFile};
use crate::Error;
use kurtz_dynamics::method::methods;
use kurtz_dynamics::moments::{Form, MomentHierarchy};
use kurtz_model::{Network, RateLaw, Reaction, ReactionId, SpeciesId, Value};
use kurtz_report::{Cell, Table};
use std::fmt::{self, Write};

/// What there is to say about a network.
#[derive(Debug)]
pub struct Description {
    /// The model.
    pub model: ModelFile,
}

/// Describes the network of a model file.
///
/// # Errors
/// Mistakes in the file, and changes to what it does not have.
pub fn run(choice: &ModelChoice) -> Result<Description, Error> {
    Ok(Description { model: choice.read()? })
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
        let kinetics = &self.model.kinetics;
        let network = kinetics.network();
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
            let obstacle = kinetics.initial_counts().err().map(|e| e.to_string());
            let obstacle = obstacle.or_else(|| method.batch_sampler(kinetics).err().map(|e| e.to_string()));
            add(&format!("simulate --method {}", method.name()), obstacle, &exact);
        }
        let first_order = network.is_first_order();
        let remark = if first_order { "exact for the means" } else { "the limit of large volume" };
        add("simulate --method ode", None, remark);
        let hierarchy = MomentHierarchy::derive(network, 2, Form::Central);
        let remark = match &hierarchy {
            Ok(h) if h.closes() => "the equations close: exact",
            _ => "the equations do not close: give a --closure",
        };
        add("moments", hierarchy.err().map(|e| e.to_string()), remark);
        let whole = kinetics.initial_counts().err().map(|e| e.to_string());
        let in_time = (0..network.reactions.len()).map(ReactionId::from).find(|&r| kinetics.depends_on_time(r));
        let obstacle = whole.or_else(|| {
            let name = &network.reactions[in_time?.index()].name;
            Some(format!("the rate of `{name}` depends on time"))
        });
        add("solve", obstacle, "with a bound on the error; the state space must fit into memory");
        all
    }

    /// A reaction whose propensity is positive in a state near the initial one in which it lacks a reactant.
    fn positive_without_reactants(&self) -> Option<&str> {
        let kinetics = &self.model.kinetics;
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
        let mut table = Table::new(["species", "initial molecules", "in", ""]);
        for (species, n) in network.species.iter().zip(self.model.kinetics.initial()) {
            table.push([
                Cell::text(species.name.clone()),
                shortest(*n),
                Cell::text(network.compartments[species.compartment.index()].name.clone()),
                Cell::text(if species.clamped { "clamped" } else { "" }),
            ]);
        }
        table
    }

    fn parameter_table(&self, network: &Network) -> Table {
        let mut table = Table::new(["parameter", "value", "unit", "in coherent units"]);
        for (parameter, coherent) in network.parameters.iter().zip(self.model.kinetics.parameters()) {
            let (value, unit) = match &parameter.value {
                Value::Quantity(q) => (shortest(q.value), q.unit.text.clone()),
                Value::Expression(e) => (Cell::text(e.display(network).to_string()), String::new()),
            };
            table.push([Cell::text(parameter.name.clone()), value, Cell::text(unit), shortest(*coherent)]);
        }
        table
    }

    fn reactions(&self, network: &Network) -> String {
        let mut text = String::new();
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
        }
        text
    }

    fn structure(&self, network: &Network) -> String {
        let graph = network.complexes();
        let mut lines = vec![
            format!(
                "{} species, {} reactions, rank {}",
                network.species.len(),
                network.reactions.len(),
                network.rank()
            ),
            format!(
                "{} complexes in {} linkage {}, deficiency {}, {}weakly reversible",
                graph.complexes.len(),
                graph.linkage_classes.len(),
                if graph.linkage_classes.len() == 1 { "class" } else { "classes" },
                graph.deficiency(),
                if graph.is_weakly_reversible { "" } else { "not " }
            ),
            match (network.is_first_order(), network.is_mass_action(), network.is_polynomial()) {
                (true, _, _) => "every propensity is of first order at most".into(),
                (_, true, _) => format!("mass action of order up to {}", network.molecularity()),
                (_, _, true) => "polynomial propensities".into(),
                _ => "propensities that are not all polynomial".into(),
            },
        ];
        let initial = self.model.kinetics.initial();
        for law in network.conservation_laws() {
            let terms = law.coefficients.iter().map(|&(s, c)| {
                let name = &network.species[s.index()].name;
                let size = if c.abs() == 1 { name.clone() } else { format!("{} {name}", c.abs()) };
                (if c < 0 { " - " } else { " + " }, size)
            });
            let mut text: String = terms.map(|(sign, term)| format!("{sign}{term}")).collect();
            text = text.strip_prefix(" + ").map_or(text.clone(), str::to_string);
            lines.push(format!("conserved: {} = {}", text.trim(), law.total(initial)));
        }
        lines.iter().map(|line| format!("  {line}\n")).collect()
    }
}

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
    format!("{} -> {}", side(&reaction.reactants), side(&reaction.products))
}

impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let network = self.model.kinetics.network();
        if let Some(name) = &network.name {
            writeln!(f, "{name}")?;
        }
        writeln!(f, "model {}  sha-256 {}\n", self.model.name, network.hash())?;
        for (compartment, size) in network.compartments.iter().zip(self.model.kinetics.volumes()) {
            let size = shortest(*size).to_text();
            writeln!(f, "compartment {}: {size} {}", compartment.name, network.volume_unit.text)?;
        }
        if network.time_unit.is_specified() {
            writeln!(f, "time in {}", network.time_unit.text)?;
        }
        writeln!(f, "\n{}", self.species_table(network).to_text())?;
        if !network.parameters.is_empty() {
            writeln!(f, "{}", self.parameter_table(network).to_text())?;
        }
        writeln!(f, "reactions\n{}", self.reactions(network))?;
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
