//! The mass-action equations of a network as a family of vector fields along one of its quantities.

use super::BifurcationError;
use super::control::{Numbers, control_named, describe_control};
use crate::moments::program::with_scratch;
use kurtz_model::expression::Program;
use kurtz_model::{Expression, Kinetics, Network, ReactionId, SpeciesId, Symbol, Variable};
use kurtz_ode::continuation::Family;

/// The deterministic equations dc_i/dt = sum_j u_ij phi_j V_j / V_i (see [`crate::MassAction`]) on the stoichiometric
/// compatibility class of the initial state, with one quantity of the network varied.
///
/// Each conservation law sum_i a_i c_i V_i = T takes the place of one equation: a species of the law, the most abundant
/// at the start, follows from the others. What is left are independent variables, the concentrations of the other free
/// species, so that a steady state is regular and its eigenvalues are those within the class.
///
/// The varied quantity is in the unit in which the network gives it. It may be a parameter, the size of a compartment, a
/// clamped species, or the initial amount of a free one, which changes the totals T. All that is defined by it moves
/// along, initial concentrations of other species and their totals included.
#[derive(Clone, Debug)]
pub struct NetworkFamily {
    control: Variable,
    name: String,
    unit: String,
    species: Vec<String>,
    /// Independent species: their positions in the network.
    independent: Vec<usize>,
    laws: Vec<Law>,
    reactions: Vec<Vec<(usize, f64)>>,
    /// Events per time of each reaction, phi_j V_j. All programs are of the concentrations of all species (those of
    /// clamped ones are replaced by what they are) and the varied quantity.
    events: Program,
    /// Derivatives of events by the varied quantity.
    event_slopes: Program,
    /// Derivatives of events by concentrations: (reaction, species) of each output.
    gradient: Program,
    places: Vec<(usize, usize)>,
    /// What does not depend on free concentrations: the size around each species, each total T of [`Law`], and the initial
    /// concentration of each species.
    fixed: Program,
    /// Its derivatives by the varied quantity.
    fixed_slopes: Program,
    clamped: Vec<bool>,
    sizes: Vec<f64>,
}

/// A species that follows from others: c_d = (T - sum r_s c_s V_s) / V_d.
#[derive(Clone, Debug)]
struct Law {
    dependent: usize,
    others: Vec<(usize, f64)>,
}

impl NetworkFamily {
    /// The equations of a network along one of its quantities, given by name.
    ///
    /// # Errors
    /// Names that the network does not have; quantities without effect; rates that depend on time; networks with rules,
    /// events or variable yields.
    pub fn new(kinetics: &Kinetics, name: &str) -> Result<Self, BifurcationError> {
        let network = kinetics.network();
        let control = control_named(network, name)?;
        refuse(network, kinetics)?;
        let numbers = Numbers::new(kinetics, control);
        let n = network.species.len();
        let ids = || (0..n).map(SpeciesId::from);
        let clamped: Vec<bool> = network.species.iter().map(|s| s.clamped).collect();
        let (laws, combinations) = eliminate(network, kinetics.initial());
        let is_dependent = |s: usize| laws.iter().any(|law| law.dependent == s);
        let independent: Vec<usize> = (0..n).filter(|&s| !clamped[s] && !is_dependent(s)).collect();
        if independent.is_empty() {
            return Err(BifurcationError::NothingChanges);
        }

        let events: Vec<Expression> = (0..network.reactions.len())
            .map(|j| {
                let size = numbers.size(network.reactions[j].compartment);
                (numbers.over_concentrations(&network.rate_expression(ReactionId::from(j))) * size).simplify()
            })
            .collect();
        let initial_counts: Vec<Expression> = ids().map(|s| numbers.initial_count(s)).collect();
        let totals = combinations.iter().map(|combination| {
            let terms = combination.iter().map(|&(s, a)| a * initial_counts[s].clone());
            terms.fold(Expression::number(0.0), |sum, term| sum + term).simplify()
        });
        let initial: Vec<Expression> =
            ids().map(|s| (initial_counts[s.index()].clone() / numbers.size_around(s)).simplify()).collect();
        let fixed: Vec<Expression> = ids().map(|s| numbers.size_around(s)).chain(totals).chain(initial).collect();
        let is_varied = |e: &Expression| e.depends_on(numbers.symbol);
        // Initial concentrations matter through the totals alone, and where species are clamped, through the events.
        if !events.iter().chain(&fixed[..n + laws.len()]).any(is_varied) {
            return Err(BifurcationError::NoEffect { name: name.into() });
        }
        let slopes = |list: &[Expression]| -> Vec<Expression> {
            list.iter().map(|e| e.derivative(numbers.symbol).simplify()).collect()
        };
        let mut places = Vec::new();
        let mut gradient = Vec::new();
        for (j, event) in events.iter().enumerate() {
            for s in ids().filter(|&s| event.depends_on(Symbol::Species(s))) {
                places.push((j, s.index()));
                gradient.push(event.derivative(Symbol::Species(s)).simplify());
            }
        }
        let inputs: Vec<Symbol> = ids().map(Symbol::Species).chain([numbers.symbol]).collect();
        let compile = |expressions: &[Expression]| {
            Program::compile(expressions, &inputs, |_| None).expect("all else has been replaced by its definition")
        };
        let reactions = (0..network.reactions.len()).map(|j| {
            let effect = network.effect(ReactionId::from(j));
            effect.into_iter().map(|(s, u)| (s.index(), u as f64)).collect()
        });
        let (name, unit) = describe_control(network, control);
        let mut family = NetworkFamily {
            control,
            name,
            unit,
            species: network.species.iter().map(|s| s.name.clone()).collect(),
            sizes: vec![1.0; independent.len()],
            independent,
            laws,
            reactions: reactions.collect(),
            events: compile(&events),
            event_slopes: compile(&slopes(&events)),
            gradient: compile(&gradient),
            places,
            fixed: compile(&fixed),
            fixed_slopes: compile(&slopes(&fixed)),
            clamped,
        };
        family.sizes = family.sizes_from(kinetics);
        Ok(family)
    }

    /// What is varied.
    pub fn control(&self) -> Variable {
        self.control
    }

    /// Its name.
    pub fn control_name(&self) -> &str {
        &self.name
    }

    /// The unit in which it is given; empty if it has none.
    pub fn control_unit(&self) -> &str {
        &self.unit
    }

    /// Names of all species, which are what is observed.
    pub fn species(&self) -> &[String] {
        &self.species
    }

    /// The species that are variables; the others are clamped or follow from conservation laws.
    pub fn independent(&self) -> impl Iterator<Item = SpeciesId> + '_ {
        self.independent.iter().map(|&s| SpeciesId::from(s))
    }

    /// The initial state of the network at one value of the varied quantity, `[variables]`.
    pub fn initial_state(&self, parameter: f64) -> Vec<f64> {
        let fixed = evaluate(&self.fixed, &[], parameter);
        self.independent.iter().map(|&s| self.initial_at(&fixed, s)).collect()
    }

    /// Changes the typical sizes of the variables, `[variables]`.
    pub fn set_sizes(&mut self, sizes: Vec<f64>) {
        self.sizes = sizes;
    }

    /// Sizes before anything is known of the solutions: what is there at the start, or can be made of what is there; not
    /// less than a thousandth of the largest such, nor than one molecule.
    fn sizes_from(&self, kinetics: &Kinetics) -> Vec<f64> {
        let network = kinetics.network();
        let initial = kinetics.initial();
        let mut bound: Vec<f64> = initial.to_vec();
        for law in network.conservation_laws().iter().filter(|law| law.is_non_negative()) {
            for &(s, a) in &law.coefficients {
                let most = law.total(initial) / a as f64;
                let known = &mut bound[s.index()];
                *known = if initial[s.index()] == 0.0 && *known == 0.0 { most } else { known.max(0.0) };
            }
        }
        let volume = |s: usize| kinetics.volume_of(SpeciesId::from(s));
        let largest = (0..bound.len()).map(|s| bound[s] / volume(s)).fold(0.0, f64::max);
        let size = |&s: &usize| (bound[s] / volume(s)).max(1e-3 * largest).max(1.0 / volume(s));
        self.independent.iter().map(size).collect()
    }

    /// Concentrations of all species at a state, and all that does not depend on it.
    fn complete(&self, parameter: f64, x: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let fixed = evaluate(&self.fixed, &[], parameter);
        let clamped = self.clamped.iter().enumerate();
        let mut c: Vec<f64> =
            clamped.map(|(s, &is_clamped)| if is_clamped { self.initial_at(&fixed, s) } else { 0.0 }).collect();
        for (&s, x) in self.independent.iter().zip(x) {
            c[s] = *x;
        }
        for (k, law) in self.laws.iter().enumerate() {
            let others: f64 = law.others.iter().map(|&(s, r)| r * c[s] * fixed[s]).sum();
            c[law.dependent] = (self.total_at(&fixed, k) - others) / fixed[law.dependent];
        }
        (c, fixed)
    }

    fn total_at(&self, fixed: &[f64], law: usize) -> f64 {
        fixed[self.species.len() + law]
    }

    fn initial_at(&self, fixed: &[f64], species: usize) -> f64 {
        fixed[self.species.len() + self.laws.len() + species]
    }
}

/// Values of a program at concentrations, `[species]` (missing ones 0), and the varied quantity.
fn evaluate(program: &Program, c: &[f64], parameter: f64) -> Vec<f64> {
    let last = program.input_count() - 1;
    let mut out = vec![0.0; program.output_count()];
    with_scratch(program.register_count(), |registers| {
        let input = |i: usize| if i == last { parameter } else { c.get(i).copied().unwrap_or(0.0) };
        program.evaluate_from(input, registers, &mut out);
    });
    out
}

/// What these equations leave out.
fn refuse(network: &Network, kinetics: &Kinetics) -> Result<(), BifurcationError> {
    let not_followed = |what| Err(BifurcationError::NotFollowed { what });
    if !network.rules.is_empty() {
        return not_followed("rules");
    }
    if !network.events.is_empty() {
        return not_followed("events");
    }
    if network.reactions.iter().any(|r| !r.yields.is_empty()) {
        return not_followed("reactions with variable or fractional yields");
    }
    match (0..network.reactions.len()).find(|&j| kinetics.depends_on_time(ReactionId::from(j))) {
        Some(j) => Err(BifurcationError::TimeDependent { reaction: network.reactions[j].name.clone() }),
        None => Ok(()),
    }
}

/// Conservation laws solved for one species each, the most abundant: the laws, and for each the combination of initial
/// counts that is its total.
fn eliminate(network: &Network, initial: &[f64]) -> (Vec<Law>, Vec<Vec<(usize, f64)>>) {
    let n = network.species.len();
    let mut rows: Vec<Vec<f64>> = network
        .conservation_laws()
        .iter()
        .map(|law| {
            let mut row = vec![0.0; n];
            law.coefficients.iter().for_each(|&(s, a)| row[s.index()] = a as f64);
            row
        })
        .collect();
    let mut dependent: Vec<usize> = Vec::new();
    for k in 0..rows.len() {
        let free = (0..n).filter(|s| rows[k][*s].abs() > 1e-9 && !dependent.contains(s));
        let weight = |s: &usize| rows[k][*s].abs() * (initial[*s] + 1e-9);
        let Some(pivot) = free.max_by(|a, b| weight(a).total_cmp(&weight(b))) else { continue };
        let value = rows[k][pivot];
        rows[k].iter_mut().for_each(|a| *a /= value);
        let row = rows[k].clone();
        for (other, target) in rows.iter_mut().enumerate() {
            let factor = target[pivot];
            if other != k && factor != 0.0 {
                target.iter_mut().zip(&row).for_each(|(t, a)| *t -= factor * a);
            }
        }
        dependent.push(pivot);
    }
    let entries =
        |row: &[f64]| -> Vec<(usize, f64)> { row.iter().copied().enumerate().filter(|e| e.1 != 0.0).collect() };
    let combinations: Vec<Vec<(usize, f64)>> = rows.iter().map(|row| entries(row)).collect();
    let laws = combinations.iter().zip(&dependent).map(|(row, &pivot)| {
        let others = row.iter().copied().filter(|&(s, _)| s != pivot).collect();
        Law { dependent: pivot, others }
    });
    (laws.collect(), combinations)
}

impl Family for NetworkFamily {
    fn dimension(&self) -> usize {
        self.independent.len()
    }

    fn evaluate(&self, parameter: f64, x: &[f64], dx: &mut [f64]) {
        let (c, fixed) = self.complete(parameter, x);
        let mut counts = vec![0.0; self.species.len()];
        for (changes, events) in self.reactions.iter().zip(evaluate(&self.events, &c, parameter)) {
            changes.iter().for_each(|&(s, u)| counts[s] += u * events);
        }
        for (d, &s) in dx.iter_mut().zip(&self.independent) {
            *d = counts[s] / fixed[s];
        }
    }

    fn jacobian(&self, parameter: f64, x: &[f64], jacobian: &mut [f64]) {
        let (c, fixed) = self.complete(parameter, x);
        let (n, m) = (self.species.len(), self.independent.len());
        let gradient = evaluate(&self.gradient, &c, parameter);
        // By all species first, `[independent x species]`.
        let mut row_of = vec![usize::MAX; n];
        self.independent.iter().enumerate().for_each(|(row, &s)| row_of[s] = row);
        let mut full = vec![0.0; m * n];
        for (&(j, l), slope) in self.places.iter().zip(&gradient) {
            for &(s, u) in &self.reactions[j] {
                if row_of[s] != usize::MAX {
                    full[row_of[s] * n + l] += u * slope / fixed[s];
                }
            }
        }
        for i in 0..m {
            for (column, &s) in self.independent.iter().enumerate() {
                jacobian[i * m + column] = full[i * n + s];
            }
            for law in &self.laws {
                let by_dependent = full[i * n + law.dependent] / fixed[law.dependent];
                for &(s, r) in &law.others {
                    if row_of[s] != usize::MAX {
                        jacobian[i * m + row_of[s]] -= by_dependent * r * fixed[s];
                    }
                }
            }
        }
    }

    fn parameter_derivative(&self, parameter: f64, x: &[f64], out: &mut [f64]) {
        let (c, fixed) = self.complete(parameter, x);
        let fixed_slopes = evaluate(&self.fixed_slopes, &[], parameter);
        // How the dependent species move at fixed independent ones.
        let mut moves = vec![0.0; self.species.len()];
        for (k, law) in self.laws.iter().enumerate() {
            let d = law.dependent;
            let others: f64 = law.others.iter().map(|&(s, r)| r * c[s] * fixed_slopes[s]).sum();
            moves[d] = (self.total_at(&fixed_slopes, k) - others - c[d] * fixed_slopes[d]) / fixed[d];
        }
        let mut slopes = evaluate(&self.event_slopes, &c, parameter);
        for (&(j, l), slope) in self.places.iter().zip(evaluate(&self.gradient, &c, parameter)) {
            slopes[j] += slope * moves[l];
        }
        let events = evaluate(&self.events, &c, parameter);
        let (mut change, mut rate) = (vec![0.0; self.species.len()], vec![0.0; self.species.len()]);
        for (j, changes) in self.reactions.iter().enumerate() {
            for &(s, u) in changes {
                change[s] += u * slopes[j];
                rate[s] += u * events[j];
            }
        }
        for (out, &s) in out.iter_mut().zip(&self.independent) {
            *out = (change[s] - rate[s] * fixed_slopes[s] / fixed[s]) / fixed[s];
        }
    }

    fn sizes(&self) -> Vec<f64> {
        self.sizes.clone()
    }

    fn observed_count(&self) -> usize {
        self.species.len()
    }

    fn observe(&self, parameter: f64, x: &[f64], out: &mut [f64]) {
        out.copy_from_slice(&self.complete(parameter, x).0);
    }

    /// No concentration is negative, but for rounding.
    fn is_admissible(&self, parameter: f64, x: &[f64]) -> bool {
        let (c, _) = self.complete(parameter, x);
        let rounding = 1e-12 * self.sizes.iter().copied().fold(0.0, f64::max);
        c.iter().all(|c| *c >= -rounding)
    }
}
