//! A whole network in the form that engines run: what is constant, what is computed, what flows and what jumps.

mod check;
mod followed;
mod initial;
mod molecules;
mod observable;

pub(crate) use initial::{initial_values, reads_only};
pub use observable::Observable;

use crate::expression::{Expression, Program, Symbol};
use crate::kinetics::{Changes, KineticsError, bind};
use crate::network::{Network, RateLaw, Reaction, ReactionId, RuleKind, SpeciesId, Variable};
use std::sync::Arc;

/// A [`Network`] with all its rules and events, bound to initial values.
///
/// Where [`crate::Kinetics`] knows rate laws with constant parameters, this knows everything a network can say. Every
/// quantity has a [`Role`]; the *state* consists of those that neither stay constant nor follow from others. All
/// expressions are given in terms of the state and the time ([`System::resolve`]).
///
/// Values may be missing (not a number) as long as nobody uses them: a program shows them as they are.
///
/// What a reaction does is described in two ways that agree in large volumes. [`System::propensity`] is its number of
/// events per time where it happens molecule by molecule, [`System::flow`] its extent per time where it flows. They
/// differ only for mass action of higher order: a pair of n molecules gives k n (n-1) / (2 V) and k n^2 / (2 V).
#[derive(Clone, Debug)]
pub struct System {
    network: Arc<Network>,
    roles: Vec<Role>,
    state: Vec<Variable>,
    /// Initial values of all quantities, and of the state.
    values: Vec<f64>,
    initial: Vec<f64>,
}

/// What becomes of a quantity.
#[derive(Clone, Debug, PartialEq)]
pub enum Role {
    /// It keeps this value.
    Constant(f64),
    /// It is that position of the state.
    State(usize),
    /// An assignment rule gives it, here in terms of state and time.
    Assigned(Expression),
}

impl System {
    /// Binds a network to its own values after `changes`.
    ///
    /// # Errors
    /// Names that are not unique or unknown, references to what is not there, definitions that go in circles, and
    /// quantities that two rules, or a rule and a reaction or event, would change.
    pub fn new(network: &Network, changes: &Changes) -> Result<Self, KineticsError> {
        let mut network = network.clone();
        bind::apply_changes(&mut network, changes)?;
        bind::check_references(&network)?;
        check::check_rules(&network)?;
        let values = initial_values(&network)?;
        let variables: Vec<Variable> = network.variables().collect();
        let is_changing = check::changing(&network);
        let mut roles: Vec<Role> = values.iter().map(|&x| Role::Constant(x)).collect();
        let mut state = Vec::new();
        for (i, &variable) in variables.iter().enumerate() {
            if is_changing[i] {
                roles[i] = Role::State(state.len());
                state.push(variable);
            }
        }
        let mut system = System {
            initial: state.iter().map(|&v| values[network.variable_index(v)]).collect(),
            network: Arc::new(network),
            roles,
            state,
            values,
        };
        system.resolve_assignments();
        Ok(system)
    }

    /// Puts every assignment rule in terms of state and time.
    fn resolve_assignments(&mut self) {
        let network = Arc::clone(&self.network);
        let rules: Vec<_> = network.rules.iter().filter(|r| r.kind == RuleKind::Assignment).collect();
        let mut rule_of = vec![None; self.roles.len()];
        for (i, rule) in rules.iter().enumerate() {
            rule_of[network.variable_index(rule.variable)] = Some(i);
        }
        let needs = |i: usize| {
            let read = rules[i].expression.symbols().into_iter().filter_map(Variable::of);
            read.filter_map(|v| rule_of[network.variable_index(v)]).collect()
        };
        // The initial values exist, so there is no cycle.
        for i in initial::sorted(rules.len(), needs).unwrap_or_default() {
            let expression = self.resolve(&rules[i].expression);
            self.roles[network.variable_index(rules[i].variable)] = Role::Assigned(expression);
        }
    }

    /// The network, with the changes.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The quantities that make up the state: species, then parameters, then compartments.
    pub fn state(&self) -> &[Variable] {
        &self.state
    }

    /// Names of the state's quantities, `[state]`.
    pub fn state_names(&self) -> Vec<String> {
        self.state.iter().map(|&v| self.network.variable_name(v).to_owned()).collect()
    }

    /// The state at the start, `[state]`, in the network's own units; amounts are not rounded.
    pub fn initial(&self) -> &[f64] {
        &self.initial
    }

    /// The value of a quantity at the start.
    pub fn initial_value(&self, variable: Variable) -> f64 {
        self.values[self.network.variable_index(variable)]
    }

    /// What becomes of a quantity.
    pub fn role(&self, variable: Variable) -> &Role {
        &self.roles[self.network.variable_index(variable)]
    }

    /// The place of a quantity in the state, if it is part of it.
    pub fn position(&self, variable: Variable) -> Option<usize> {
        match self.role(variable) {
            Role::State(i) => Some(*i),
            _ => None,
        }
    }

    /// An expression in which only quantities of the state and time are left: constants by value, assignment rules
    /// written out.
    pub fn resolve(&self, expression: &Expression) -> Expression {
        expression.substitute(|symbol| match self.role(Variable::of(symbol)?) {
            Role::Constant(x) => Some(Expression::Number(*x)),
            Role::State(_) => None,
            Role::Assigned(e) => Some(e.clone()),
        })
    }

    /// Expressions as a program whose inputs are the state, then the time.
    pub fn program(&self, expressions: &[Expression]) -> Program {
        let resolved: Vec<Expression> = expressions.iter().map(|e| self.resolve(e)).collect();
        let inputs: Vec<Symbol> = self.state.iter().map(|&v| v.into()).chain([Symbol::Time]).collect();
        Program::compile(&resolved, &inputs, |_| None).expect("every quantity has a role")
    }

    /// Events per time of a reaction that happens molecule by molecule, in terms of the state, with the sizes that
    /// compartments have then.
    pub fn propensity(&self, reaction: ReactionId) -> Expression {
        let network = &self.network;
        let description = &network.reactions[reaction.index()];
        self.resolve(&match &description.rate {
            RateLaw::MassAction(k) => {
                let mut product = k * Expression::from(description.compartment);
                let mut divisor = 1.0;
                for &(species, order) in &description.reactants {
                    for i in 0..order {
                        let n = Expression::from(species);
                        product = product * if i == 0 { n } else { n - f64::from(i) } / size_around(network, species);
                        divisor *= f64::from(i + 1);
                    }
                }
                if divisor == 1.0 { product } else { product / divisor }
            }
            _ => verbatim(network, description),
        })
    }

    /// Extent per time of a reaction that flows, in amounts, in terms of the state: the concentration rate times the
    /// size of its compartment.
    pub fn flow(&self, reaction: ReactionId) -> Expression {
        let network = &self.network;
        let description = &network.reactions[reaction.index()];
        self.resolve(&match &description.rate {
            RateLaw::MassAction(k) => {
                let mut product = k * Expression::from(description.compartment);
                let mut divisor = 1.0;
                for &(species, order) in &description.reactants {
                    for i in 0..order {
                        product = product * Expression::from(species) / size_around(network, species);
                        divisor *= f64::from(i + 1);
                    }
                }
                if divisor == 1.0 { product } else { product / divisor }
            }
            _ => verbatim(network, description),
        })
    }

    /// How fast each position of the state changes while nothing jumps, in terms of the state, `[state]`: by its rate
    /// rule, or by the reactions of which `flows` holds. `None` of one that stays.
    pub fn derivatives(&self, flows: impl Fn(ReactionId) -> bool) -> Vec<Option<Expression>> {
        let network = &self.network;
        let mut derivatives: Vec<Option<Expression>> = vec![None; self.state.len()];
        let mut add = |species: SpeciesId, sign: f64, term: Expression| {
            let free = !network.species[species.index()].clamped;
            let Some(i) = self.position(Variable::Species(species)).filter(|_| free) else { return };
            let sum = &mut derivatives[i];
            *sum = Some(match sum.take() {
                None if sign < 0.0 => -term,
                None => term,
                Some(sum) if sign < 0.0 => sum - term,
                Some(sum) => sum + term,
            });
        };
        for (j, reaction) in network.reactions.iter().enumerate() {
            if !flows(ReactionId::from(j)) {
                continue;
            }
            let flow = self.flow(ReactionId::from(j));
            for (s, n) in reaction.net_change() {
                let size = n.unsigned_abs() as f64;
                add(s, n.signum() as f64, if size == 1.0 { flow.clone() } else { size * &flow });
            }
            for (s, e) in &reaction.yields {
                add(*s, 1.0, self.resolve(e) * &flow);
            }
        }
        for rule in network.rules.iter().filter(|rule| rule.kind == RuleKind::Rate) {
            if let Some(i) = self.position(rule.variable) {
                derivatives[i] = Some(self.resolve(&rule.expression));
            }
        }
        derivatives
    }
}

/// A law that is no mass action, as events or extent per time.
fn verbatim(network: &Network, reaction: &Reaction) -> Expression {
    match &reaction.rate {
        RateLaw::MassAction(k) => k.clone(),
        RateLaw::Rate(phi) => {
            Expression::from(reaction.compartment)
                * crate::kinetics::each_species(phi, |s| Expression::from(s) / size_around(network, s))
        }
        RateLaw::Propensity(a) => a.clone(),
    }
}

/// The size of the compartment of a species.
fn size_around(network: &Network, species: SpeciesId) -> Expression {
    network.species[species.index()].compartment.into()
}

#[cfg(test)]
mod tests;
