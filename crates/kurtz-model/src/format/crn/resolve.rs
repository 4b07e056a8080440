//! Names become symbols: [`ModelText`] in, [`Network`] out.

use super::lexer::{Fault, Span};
use super::syntax::*;
use super::{Lines, dimensions, values};
use crate::diagnostic::{Diagnostics, NameKind, Problem, closest};
use crate::expression::{BinaryOperator, Expression, Symbol};
use crate::network::*;
use crate::rate_law::MassActionConvention;
use crate::units::{Dimension, Unit};
use std::collections::{HashMap, HashSet};
use std::f64::consts::PI;
use std::sync::Arc;

/// More molecules of one species than this in one reaction are a mistake.
const MOST_MOLECULES: u32 = 1_000_000;

/// Faults that prevent a network, and those that do not.
pub(super) struct Found {
    pub network: Network,
    pub warnings: Vec<Fault>,
}

/// What an expression may speak of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// Parameters and compartments.
    Value,
    /// The same, with another message: a constant of mass action.
    Constant,
    /// Species and time too.
    Law,
}

struct Resolver<'a> {
    lines: Lines,
    text: &'a ModelText,
    faults: &'a mut Vec<Fault>,
    network: Network,
    names: HashMap<&'a str, (NameKind, usize, Span)>,
    /// Undeclared names already reported.
    reported: HashSet<String>,
}

/// Builds the network that a text describes; it is of use only if no fault was added.
pub(super) fn resolve(source: &str, text: &ModelText, faults: &mut Vec<Fault>) -> Found {
    let mut resolver = Resolver {
        lines: Lines::new(source),
        text,
        faults,
        network: Network::default(),
        names: HashMap::new(),
        reported: HashSet::new(),
    };
    resolver.header();
    resolver.declare();
    let sizes = resolver.sizes();
    let parameters = resolver.parameters();
    let initials = resolver.initials();
    let (laws, reactions) = resolver.reactions();
    let Resolver { faults, network, .. } = resolver;
    let bound = values::Bound::new(&network, &sizes, &parameters);
    let mut wrong_units = Vec::new();
    dimensions::check(text, &network, &bound.order, &reactions, &mut wrong_units);
    let mut wrong_values = Vec::new();
    values::check(text, &network, &bound, &initials, &laws, &mut wrong_values);
    // A value in a wrong unit is wrong anyway.
    let places: HashSet<Span> = wrong_units.iter().map(|u| u.span.clone()).collect();
    wrong_values.retain(|v| !places.contains(&v.span));
    faults.append(&mut wrong_units);
    faults.append(&mut wrong_values);
    let warnings = warnings(text, &network);
    Found { network, warnings }
}

/// A reaction as far as its units are concerned: which line, which half, and the sum of its reactant orders.
pub(super) struct Half {
    pub line: usize,
    pub backward: bool,
    pub order: u32,
}

impl<'a> Resolver<'a> {
    fn fault(&mut self, problem: Problem, span: &Span, help: Option<String>) {
        self.faults.push(Fault { problem, span: span.clone(), help });
    }

    // Header.

    fn header(&mut self) {
        self.network.name = self.text.title.as_ref().map(|(title, _)| title.clone());
        if let Some(time) = &self.text.time {
            self.expect_dimension("the unit of time", time, Dimension::TIME);
            self.network.time_unit = time.unit.clone();
        }
        let mut chosen: Option<&UnitText> = None;
        for unit in self.text.compartments.iter().filter_map(|c| c.network_unit.as_ref()) {
            self.expect_dimension("the unit of volume", unit, Dimension::VOLUME);
            match chosen {
                Some(first) if first.unit != unit.unit => {
                    let line = self.lines.of(first.span.start);
                    let problem = Problem::TwoVolumeUnits { first: first.unit.text.clone(), line };
                    self.fault(problem, &unit.span, Some("a network has one; say it once".into()));
                }
                Some(_) => {}
                None => chosen = Some(unit),
            }
        }
        let written = self.text.compartments.iter().find_map(|c| match &c.size {
            ValueText::Quantity { unit, .. } if unit.unit.is_specified() => Some(unit),
            _ => None,
        });
        if let Some(unit) = chosen.or(written) {
            self.network.volume_unit = unit.unit.clone();
        }
    }

    fn expect_dimension(&mut self, what: &str, unit: &UnitText, expected: Dimension) -> bool {
        let wrong = unit.unit.dimension.filter(|&d| d != expected);
        if let Some(found) = wrong {
            self.fault(Problem::WrongDimension { what: what.into(), found, expected }, &unit.span, None);
        }
        wrong.is_none()
    }

    // Names.

    fn declare(&mut self) {
        let text = self.text;
        if text.compartments.iter().any(|c| c.name.is_none()) || text.compartments.is_empty() {
            self.names.insert("volume", (NameKind::Compartment, 0, 0..0));
        }
        // The compartment `volume` comes first, wherever its line stands.
        self.network.compartments.clear();
        let ordered = self.ordered_compartments();
        for (i, compartment) in ordered.iter().enumerate() {
            if let Some(name) = &compartment.name {
                self.declare_one(name, NameKind::Compartment, i);
            }
        }
        for (i, species) in text.species.iter().enumerate() {
            self.declare_one(&species.name, NameKind::Species, i);
        }
        for (i, parameter) in text.parameters.iter().enumerate() {
            self.declare_one(&parameter.name, NameKind::Parameter, i);
        }
        for (i, reaction) in text.reactions.iter().enumerate() {
            for name in [&reaction.name, &reaction.backward_name].into_iter().flatten() {
                self.declare_one(name, NameKind::Reaction, i);
            }
        }
    }

    fn ordered_compartments(&self) -> Vec<&'a CompartmentText> {
        let (default, named): (Vec<_>, Vec<_>) = self.text.compartments.iter().partition(|c| c.name.is_none());
        default.into_iter().chain(named).collect()
    }

    fn declare_one(&mut self, name: &'a Name, kind: NameKind, index: usize) {
        let Some((other, _, first)) = self.names.get(name.text.as_str()) else {
            self.names.insert(&name.text, (kind, index, name.span.clone()));
            return;
        };
        let line = self.lines.of(first.start);
        let name_text = name.text.clone();
        let problem = if *other == kind {
            Problem::Duplicate { kind, name: name_text, line }
        } else {
            Problem::UsedForTwoThings { name: name_text, kind, other: *other, line }
        };
        self.fault(problem, &name.span, Some("give it another name".into()));
    }

    /// The declared name that may have been meant. Only as many are sought as are shown.
    fn meant(&self, name: &str, kinds: &[NameKind]) -> Option<&'a str> {
        if self.reported.len() > Diagnostics::MOST { None } else { closest(name, self.names_of(kinds)) }
    }

    fn names_of(&self, kinds: &[NameKind]) -> Vec<&'a str> {
        let mut names: Vec<&str> =
            self.names.iter().filter(|(_, (kind, ..))| kinds.contains(kind)).map(|(name, _)| *name).collect();
        names.sort_unstable();
        names
    }

    /// The place in the network of a name that must be a species or compartment.
    fn look_up(&mut self, name: &Name, kind: NameKind, expected: &'static str) -> Option<usize> {
        match self.names.get(name.text.as_str()) {
            Some(&(found, index, _)) if found == kind => return Some(index),
            Some(&(found, ..)) => {
                self.fault(Problem::WrongKind { name: name.text.clone(), found, expected }, &name.span, None);
            }
            None if is_reserved(&name.text) => {
                self.fault(Problem::Reserved { name: name.text.clone() }, &name.span, None);
            }
            None if self.reported.insert(name.text.clone()) => {
                let help = match self.meant(&name.text, &[kind]) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None if kind == NameKind::Species => format!("declare it, as in `species {} = 0`", name.text),
                    None => format!("declare it, as in `compartment {} = 1e-15 L`", name.text),
                };
                self.fault(Problem::Undeclared { kind, name: name.text.clone() }, &name.span, Some(help));
            }
            None => {}
        }
        None
    }

    // Values.

    fn sizes(&mut self) -> Vec<Option<Value>> {
        let mut sizes = Vec::new();
        for compartment in self.ordered_compartments() {
            let what = compartment.name.as_ref().map_or("the volume".into(), |n| format!("the size of `{}`", n.text));
            let fits = match &compartment.size {
                ValueText::Quantity { unit, .. } => self.expect_dimension(&what, unit, Dimension::VOLUME),
                ValueText::Expression(_) => true,
            };
            let size = if fits { self.value(&compartment.size) } else { None };
            let name = compartment.name.as_ref().map_or("volume", |n| &n.text).to_string();
            self.network.compartments.push(Compartment { name, size: size.clone().unwrap_or(ABSENT) });
            sizes.push(size);
        }
        if sizes.is_empty() {
            self.network.compartments = Network::default().compartments;
            sizes.push(Some(self.network.compartments[0].size.clone()));
        }
        sizes
    }

    fn parameters(&mut self) -> Vec<Option<Value>> {
        let mut values = Vec::new();
        for parameter in &self.text.parameters {
            let value = self.value(&parameter.value);
            let name = parameter.name.text.clone();
            self.network.parameters.push(Parameter { name, value: value.clone().unwrap_or(ABSENT) });
            values.push(value);
        }
        values
    }

    fn initials(&mut self) -> Vec<Option<Initial>> {
        let mut initials = Vec::new();
        for species in &self.text.species {
            let compartment = self.compartment_of(species);
            let initial = match &species.initial {
                None => Some(Initial::Count(bare(0.0))),
                Some((form, text)) => self.value(text).map(|value| match (form, text) {
                    (InitialForm::Concentration, _) => Initial::Concentration(value),
                    (InitialForm::Plain, ValueText::Quantity { unit, .. })
                        if unit.unit.dimension == Some(Dimension::CONCENTRATION) =>
                    {
                        Initial::Concentration(value)
                    }
                    (InitialForm::Plain, _) => Initial::Count(value),
                }),
            };
            let stored = initial.clone().unwrap_or(Initial::Count(bare(0.0)));
            let name = species.name.text.clone();
            self.network.species.push(Species { name, compartment, initial: stored, clamped: species.clamped });
            initials.push(initial);
        }
        initials
    }

    fn compartment_of(&mut self, species: &SpeciesText) -> CompartmentId {
        if let Some(name) = &species.compartment {
            let index = self.look_up(name, NameKind::Compartment, "a compartment").unwrap_or(0);
            return CompartmentId::from(index);
        }
        let named = self.text.compartments.iter().filter(|c| c.name.is_some()).count();
        if named > 1 && named == self.text.compartments.len() {
            let name = &species.name;
            let help = format!("name one, as in `{} in {}`", name.text, self.network.compartments[0].name);
            self.fault(Problem::NoCompartment { name: name.text.clone() }, &name.span, Some(help));
        }
        CompartmentId(0)
    }

    /// A value; `None` if something in it has been reported.
    fn value(&mut self, text: &ValueText) -> Option<Value> {
        match text {
            ValueText::Quantity { value, unit, .. } => {
                self.check_reference(unit).then(|| Value::Quantity(Quantity { value: *value, unit: unit.unit.clone() }))
            }
            ValueText::Expression(node) => self.lower(node, Scope::Value).map(Value::Expression),
        }
    }

    /// Whether the network says the units that this one is to be converted to.
    fn check_reference(&mut self, unit: &UnitText) -> bool {
        let Some(dimension) = unit.unit.dimension else {
            return true;
        };
        let without_time = dimension.time != 0 && !self.network.time_unit.is_specified();
        let without_volume = dimension.volume != 0 && !self.network.volume_unit.is_specified();
        if without_time {
            let problem = Problem::NoReferenceUnit { unit: unit.unit.text.clone(), what: "time" };
            self.fault(problem, &unit.span, Some("begin with a line such as `time s`".into()));
        }
        if without_volume {
            let problem = Problem::NoReferenceUnit { unit: unit.unit.text.clone(), what: "volume" };
            self.fault(problem, &unit.span, Some("begin with a line such as `volume 1e-14 L`".into()));
        }
        !without_time && !without_volume
    }

    /// An expression with its names resolved; `None` if something in it has been reported.
    fn lower(&mut self, node: &Node, scope: Scope) -> Option<Expression> {
        Some(match &node.kind {
            NodeKind::Number(value) => Expression::Number(*value),
            NodeKind::Name(name) => return self.lower_name(name, &node.span, scope),
            NodeKind::Unary(operator, a) => Expression::Unary(*operator, Arc::new(self.lower(a, scope)?)),
            NodeKind::Binary(operator, a, b) => {
                // Both sides are looked at, so that all problems are found.
                let (a, b) = (self.lower(a, scope), self.lower(b, scope));
                Expression::Binary(*operator, Arc::new(a?), Arc::new(b?))
            }
            NodeKind::Call(function, arguments) => {
                let arguments: Vec<_> = arguments.iter().map(|a| self.lower(a, scope)).collect();
                Expression::Call(*function, arguments.into_iter().collect::<Option<Vec<_>>>()?.into())
            }
            NodeKind::Piecewise(pieces, otherwise) => {
                let pieces: Vec<_> = pieces.iter().map(|(v, c)| (self.lower(v, scope), self.lower(c, scope))).collect();
                let otherwise = self.lower(otherwise, scope);
                let pieces = pieces.into_iter().map(|(v, c)| Some((v?, c?))).collect::<Option<Vec<_>>>()?;
                Expression::Piecewise(pieces.into(), Arc::new(otherwise?))
            }
        })
    }

    fn lower_name(&mut self, name: &str, span: &Span, scope: Scope) -> Option<Expression> {
        let declared = self.names.get(name).map(|&(kind, index, _)| (kind, index));
        let symbol = match (name, declared) {
            (_, Some((NameKind::Parameter, i))) => Symbol::Parameter(ParameterId::from(i)),
            (_, Some((NameKind::Compartment, i))) => Symbol::Compartment(CompartmentId::from(i)),
            (_, Some((NameKind::Species, i))) => Symbol::Species(SpeciesId::from(i)),
            (_, Some((found @ NameKind::Reaction, _))) => {
                let problem = Problem::WrongKind { name: name.into(), found, expected: "a value" };
                self.fault(problem, span, None);
                return None;
            }
            ("time", None) => Symbol::Time,
            ("pi", None) => return Some(Expression::Number(PI)),
            _ => {
                self.unknown_name(name, span, scope);
                return None;
            }
        };
        match (symbol, scope) {
            (Symbol::Species(_) | Symbol::Time, Scope::Constant) => {
                let on = if symbol == Symbol::Time { "time".into() } else { format!("species `{name}`") };
                let help = "write the whole rate in `rate(...)` (concentrations) or `propensity(...)` (counts)";
                self.fault(Problem::ConstantDepends { on }, span, Some(help.into()));
                None
            }
            (Symbol::Species(_), Scope::Value) => {
                let expected = "a parameter or a number";
                self.fault(Problem::WrongKind { name: name.into(), found: NameKind::Species, expected }, span, None);
                None
            }
            (Symbol::Time, Scope::Value) => {
                let expected = "a parameter or a number".into();
                self.fault(Problem::Unexpected { expected, found: "`time`".into() }, span, None);
                None
            }
            _ => Some(Expression::Symbol(symbol)),
        }
    }

    fn unknown_name(&mut self, name: &str, span: &Span, scope: Scope) {
        if matches!(name.to_ascii_lowercase().as_str(), "nan" | "inf" | "infinity") {
            self.fault(Problem::NotFinite { name: name.into() }, span, None);
            return;
        }
        if name == "volume" {
            let names = self.names_of(&[NameKind::Compartment]).join("`, `");
            let help = format!("the compartments are `{names}`");
            self.fault(Problem::UnknownName { name: name.into() }, span, Some(help));
            return;
        }
        if is_reserved(name) {
            self.fault(Problem::Reserved { name: name.into() }, span, None);
            return;
        }
        if !self.reported.insert(name.to_string()) {
            return;
        }
        let mut kinds = vec![NameKind::Parameter, NameKind::Compartment];
        if scope == Scope::Law {
            kinds.push(NameKind::Species);
        }
        let help = match self.meant(name, &kinds) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("declare it, as in `parameter {name} = 1`"),
        };
        self.fault(Problem::UnknownName { name: name.into() }, span, Some(help));
    }

    // Reactions.

    /// The rate laws of all reactions as values to be checked, and what their units are checked against.
    fn reactions(&mut self) -> (Vec<Option<RateLaw>>, Vec<Half>) {
        let (mut laws, mut halves) = (Vec::new(), Vec::new());
        for (line, text) in self.text.reactions.iter().enumerate() {
            let name = text.name.as_ref().map_or_else(|| format!("reaction_{}", line + 1), |n| n.text.clone());
            let left = self.side(&text.left, &name);
            let right = self.side(&text.right, &name);
            let forward = self.law(&text.forward, &left);
            let forward_id = ReactionId::from(self.network.reactions.len());
            self.automatic_name(&name, text.name.is_some(), &text.span);
            self.push_reaction(name.clone(), &left, &right, &forward, None);
            halves.push(Half { line, backward: false, order: order(&left) });
            laws.push(forward);
            if let Some(backward) = &text.backward {
                let given = text.backward_name.as_ref().map(|n| n.text.clone());
                let law = self.law(backward, &right);
                let back_name = given.clone().unwrap_or_else(|| format!("{name}_reverse"));
                self.automatic_name(&back_name, given.is_some(), &text.span);
                self.push_reaction(back_name, &right, &left, &law, Some(forward_id));
                halves.push(Half { line, backward: true, order: order(&right) });
                laws.push(law);
            }
        }
        (laws, halves)
    }

    /// A name that nobody wrote can still be one that somebody wrote elsewhere.
    fn automatic_name(&mut self, name: &str, given: bool, span: &Span) {
        if given {
            return;
        }
        if let Some((other, _, first)) = self.names.get(name) {
            let (other, line) = (*other, self.lines.of(first.start));
            let kind = NameKind::Reaction;
            let problem = if other == kind {
                Problem::Duplicate { kind, name: name.into(), line }
            } else {
                Problem::UsedForTwoThings { name: name.into(), kind, other, line }
            };
            self.fault(
                problem,
                span,
                Some("this is the automatic name of this reaction; give it one: `name: ...`".to_string()),
            );
        }
    }

    fn push_reaction(
        &mut self,
        name: String,
        reactants: &[(SpeciesId, u32)],
        products: &[(SpeciesId, u32)],
        rate: &Option<RateLaw>,
        reverse_of: Option<ReactionId>,
    ) {
        let first = reactants.first().or(products.first());
        let compartment = first.map_or(CompartmentId(0), |(s, _)| self.network.species[s.index()].compartment);
        self.network.reactions.push(Reaction {
            name,
            reactants: reactants.to_vec(),
            products: products.to_vec(),
            rate: rate.clone().unwrap_or(RateLaw::MassAction(Expression::Number(0.0))),
            compartment,
            reverse_of,
            yields: Vec::new(),
        });
    }

    /// The species of one side; each once.
    fn side(&mut self, terms: &[Term], reaction: &str) -> Vec<(SpeciesId, u32)> {
        let mut side: Vec<(SpeciesId, u64, &Term)> = Vec::new();
        let mut places: HashMap<SpeciesId, usize> = HashMap::new();
        for term in terms {
            let Some(index) = self.look_up(&term.species, NameKind::Species, "a species") else {
                continue;
            };
            let species = SpeciesId::from(index);
            match places.get(&species) {
                Some(&i) => side[i] = (species, side[i].1.saturating_add(term.count), term),
                None => {
                    places.insert(species, side.len());
                    side.push((species, term.count, term));
                }
            }
        }
        let mut counts = Vec::new();
        for (species, count, term) in side {
            match u32::try_from(count).ok().filter(|&c| c <= MOST_MOLECULES) {
                Some(count) => counts.push((species, count)),
                None => {
                    let (reaction, species) = (reaction.to_string(), term.species.text.clone());
                    let problem = Problem::HugeStoichiometry { reaction, species, count, limit: MOST_MOLECULES };
                    self.fault(problem, &term.span, None);
                }
            }
        }
        counts
    }

    fn law(&mut self, text: &RateText, reactants: &[(SpeciesId, u32)]) -> Option<RateLaw> {
        let scope = if text.form == RateForm::MassAction { Scope::Constant } else { Scope::Law };
        let expression = match &text.value {
            ValueText::Expression(node) => self.lower(node, scope)?,
            ValueText::Quantity { value, unit, .. } => {
                if !self.check_reference(unit) {
                    return None;
                }
                let scale = unit.unit.coherent_scale(&self.network.volume_unit, &self.network.time_unit);
                Expression::Number(value * scale)
            }
        };
        Some(match text.form {
            RateForm::MassAction => RateLaw::MassAction(self.as_binomial(expression, reactants, &text.span)?),
            RateForm::Rate => RateLaw::Rate(expression),
            RateForm::Propensity => RateLaw::Propensity(expression),
        })
    }

    /// The constant in our convention. Under `convention power` it was meant for phi = k prod c^nu.
    fn as_binomial(&mut self, k: Expression, reactants: &[(SpeciesId, u32)], span: &Span) -> Option<Expression> {
        let written = self.text.convention.as_ref().map_or(MassActionConvention::Binomial, |(c, _)| *c);
        let factor = written.factor_to(MassActionConvention::Binomial, reactants.iter().map(|&(_, nu)| nu));
        if !factor.is_finite() {
            let text = "the factorial of a stoichiometric coefficient".into();
            self.fault(Problem::NumberTooLarge { text }, span, None);
            return None;
        }
        Some(match k {
            k if factor == 1.0 => k,
            Expression::Number(k) => Expression::Number(factor * k),
            k => Expression::Binary(BinaryOperator::Multiply, Arc::new(Expression::Number(factor)), Arc::new(k)),
        })
    }
}

fn order(side: &[(SpeciesId, u32)]) -> u32 {
    side.iter().map(|&(_, nu)| nu).fold(0, u32::saturating_add)
}

fn bare(value: f64) -> Value {
    Value::Quantity(Quantity { value, unit: Unit::unspecified() })
}

/// Stands where a value could not be read; the network is then not handed out.
const ABSENT: Value = Value::Expression(Expression::Number(1.0));

/// What is probably not meant, though it is a network.
fn warnings(text: &ModelText, network: &Network) -> Vec<Fault> {
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
    for (species, _) in network.reactions.iter().flat_map(|r| r.reactants.iter().chain(&r.products)) {
        used_species[species.index()] = true;
    }
    if network.reactions.is_empty() {
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
        if change.iter().all(|&(s, _)| network.species[s.index()].clamped) {
            let name = reaction.name.clone();
            found.push(Fault::new(Problem::NoChange { name }, line.span.clone()));
        }
    }
    found.sort_by_key(|f| f.span.start);
    found
}
