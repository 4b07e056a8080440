//! A reaction network as described: compartments, species, parameters, reactions, rules, events.

mod control;

pub use control::{Event, Rule, RuleKind, Variable};

use crate::expression::Expression;
use crate::units::Unit;
use serde::{Deserialize, Serialize};

macro_rules! index {
    ($(#[$doc:meta] $name:ident),* $(,)?) => {$(
        #[$doc]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub struct $name(pub u32);
        impl $name {
            /// The position in the network's list.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
        impl From<usize> for $name {
            fn from(index: usize) -> Self {
                $name(u32::try_from(index).expect("a network has fewer than 2^32 parts of a kind"))
            }
        }
    )*};
}

index!(
    /// Position of a compartment in [`Network::compartments`].
    CompartmentId,
    /// Position of a species in [`Network::species`].
    SpeciesId,
    /// Position of a parameter in [`Network::parameters`].
    ParameterId,
    /// Position of a reaction in [`Network::reactions`].
    ReactionId,
    /// Position of an event in [`Network::events`].
    EventId,
);

/// A number with the unit it was written in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Quantity {
    /// The number as written; not a number if the value is missing.
    pub value: f64,
    /// The unit as written.
    pub unit: Unit,
}

/// Missing values are equal to each other.
impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        let same = self.value == other.value || self.value.is_nan() && other.value.is_nan();
        same && self.unit == other.unit
    }
}

/// What a parameter, size or initial amount is set to: a number with a unit, or an expression over parameters.
///
/// An expression is evaluated over values already in the network's own units, so it carries no unit of its own. In it a
/// species stands for its initial number of molecules, and time is 0.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A plain number, possibly with a unit.
    Quantity(Quantity),
    /// An expression over parameters, compartment sizes and initial amounts, which must not go in circles.
    Expression(Expression),
}

/// A well-mixed volume.
#[derive(Clone, Debug, PartialEq)]
pub struct Compartment {
    /// Unique name. The compartment of a network that names none is `volume`.
    pub name: String,
    /// Size, at the start if it changes; 1 without unit if the author gave none.
    pub size: Value,
}

/// How much of a species there is at the start.
#[derive(Clone, Debug, PartialEq)]
pub enum Initial {
    /// A number of molecules.
    Count(Value),
    /// A concentration, to be multiplied by the size of the compartment.
    Concentration(Value),
}

/// A chemical species.
#[derive(Clone, Debug, PartialEq)]
pub struct Species {
    /// Unique name.
    pub name: String,
    /// Where it is.
    pub compartment: CompartmentId,
    /// How much there is at the start.
    pub initial: Initial,
    /// Reactions see it but do not change it (a boundary species): it keeps its initial amount unless a rule or an event
    /// changes it.
    pub clamped: bool,
}

/// A named number, constant unless a rule or an event changes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Unique name.
    pub name: String,
    /// Its value, at the start if it changes.
    pub value: Value,
}

/// The three ways to give the rate of a reaction; they are never confused.
#[derive(Clone, Debug, PartialEq)]
pub enum RateLaw {
    /// `@ k`: mass action. With reactant orders nu_l the propensity is
    /// k V prod_l V^(-nu_l) C(n_l, nu_l), the concentration rate k prod_l c_l^nu_l / nu_l!
    /// (Yang, Peng, Zhu, Hong 2020, eq. 5 and 8).
    MassAction(Expression),
    /// `@ rate(phi)`: a concentration rate phi(c), in which a species stands for its concentration;
    /// the propensity is V phi(n / V).
    Rate(Expression),
    /// `@ propensity(a)`: events per time, used verbatim; a species stands for its number of molecules.
    Propensity(Expression),
}

/// A reaction in one direction.
#[derive(Clone, Debug, PartialEq)]
pub struct Reaction {
    /// Unique name.
    pub name: String,
    /// Reactants and their orders; a species appears at most once.
    pub reactants: Vec<(SpeciesId, u32)>,
    /// Products and their numbers; a species appears at most once.
    pub products: Vec<(SpeciesId, u32)>,
    /// Changes per event that are no constant whole number (fractional or variable stoichiometry, conversion factors),
    /// beside those of reactants and products. Counts stand for species. Methods that count molecules refuse them.
    pub yields: Vec<(SpeciesId, Expression)>,
    /// Its rate.
    pub rate: RateLaw,
    /// The volume V in its rate law: that of its first reactant, else of its first product.
    pub compartment: CompartmentId,
    /// If this is the backward half of a reversible reaction, its forward half.
    pub reverse_of: Option<ReactionId>,
}

impl Reaction {
    /// Sum of the orders of its reactants.
    pub fn order(&self) -> u32 {
        self.reactants.iter().map(|&(_, nu)| nu).sum()
    }

    /// Net change of each species in one event, sorted by species, zeros left out (clamped species included).
    pub fn net_change(&self) -> Vec<(SpeciesId, i64)> {
        let taken = self.reactants.iter().map(|&(s, n)| (s, -i64::from(n)));
        let mut change: Vec<(SpeciesId, i64)> =
            taken.chain(self.products.iter().map(|&(s, n)| (s, i64::from(n)))).collect();
        change.sort_by_key(|&(s, _)| s);
        change.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            kept.1 += if same { next.1 } else { 0 };
            same
        });
        change.retain(|&(_, n)| n != 0);
        change
    }
}

/// A reaction network as described by its author.
///
/// It is plain data; [`crate::Kinetics`] binds it to numbers and validates it.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// Title, if the author gave one.
    pub name: Option<String>,
    /// Unit of time of every rate; results are reported in it.
    pub time_unit: Unit,
    /// Unit of volume of every compartment; unspecified in a network that counts in bare numbers.
    pub volume_unit: Unit,
    /// Unit of amounts of species: unspecified for molecules, else e.g. mol, and then "counts" are amounts in it.
    /// Methods that count molecules convert such a network first.
    pub amount_unit: Unit,
    /// Compartments; never empty, the first is the default.
    pub compartments: Vec<Compartment>,
    /// Species, in order of declaration.
    pub species: Vec<Species>,
    /// Parameters, in order of declaration.
    pub parameters: Vec<Parameter>,
    /// Reactions, in order of declaration; a reversible one gives two.
    pub reactions: Vec<Reaction>,
    /// Rules, in order of declaration; at most one for a variable.
    pub rules: Vec<Rule>,
    /// Events, in order of declaration.
    pub events: Vec<Event>,
}

impl Default for Network {
    fn default() -> Self {
        let one = Quantity { value: 1.0, unit: Unit::unspecified() };
        Network {
            name: None,
            time_unit: Unit::unspecified(),
            volume_unit: Unit::unspecified(),
            amount_unit: Unit::unspecified(),
            compartments: vec![Compartment { name: "volume".into(), size: Value::Quantity(one) }],
            species: Vec::new(),
            parameters: Vec::new(),
            reactions: Vec::new(),
            rules: Vec::new(),
            events: Vec::new(),
        }
    }
}

impl Network {
    /// How many of the network's own units (of amount, volume and time) one of this unit is; 1 if no unit was written.
    pub fn own_units_in(&self, unit: &Unit) -> f64 {
        let amount = unit.dimension.map_or(0, |d| i32::from(d.amount));
        unit.coherent_scale(&self.volume_unit, &self.time_unit) / self.amount_unit.scale.powi(amount)
    }

    /// The species of this name.
    pub fn species_named(&self, name: &str) -> Option<SpeciesId> {
        self.species.iter().position(|s| s.name == name).map(SpeciesId::from)
    }

    /// The parameter of this name.
    pub fn parameter_named(&self, name: &str) -> Option<ParameterId> {
        self.parameters.iter().position(|p| p.name == name).map(ParameterId::from)
    }

    /// The reaction of this name.
    pub fn reaction_named(&self, name: &str) -> Option<ReactionId> {
        self.reactions.iter().position(|r| r.name == name).map(ReactionId::from)
    }

    /// The compartment of this name.
    pub fn compartment_named(&self, name: &str) -> Option<CompartmentId> {
        self.compartments.iter().position(|c| c.name == name).map(CompartmentId::from)
    }
}
