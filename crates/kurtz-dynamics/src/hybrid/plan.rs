//! A system compiled for simulation: what flows, what jumps, what is watched.

use super::Partition;
use super::discrete::{Discrete, guarded_propensity, state_change};
use super::program::Compiled;
use super::swift::Swift;
use super::switches::{Collected, Switches, is_moving};
use crate::error::DynamicsError;
use kurtz_model::expression::{Expression, Function};
use kurtz_model::kinetics::KineticsError;
use kurtz_model::system::{Observable, Role};
use kurtz_model::{Initial, ReactionId, Symbol, System, Variable};
use kurtz_ode::Sparsity;
use std::sync::OnceLock;

/// Everything about a simulation that does not change while it runs.
#[derive(Debug)]
pub(super) struct Plan {
    pub system: System,
    /// The state at the start, `[state]`; whole where it must be.
    pub initial: Vec<f64>,
    /// Positions of the state that only whole numbers may have.
    pub is_whole: Vec<bool>,
    pub discrete: Discrete,
    pub switches: Switches,
    pub flow: Flow,
    /// The same in the form for many random reactions while something flows slowly, if it has that form.
    pub swift: Option<Swift>,
    /// Reactions of that form, in its order.
    pub swift_reactions: Vec<ReactionId>,
    pub events: Vec<Event>,
    /// Conditions of all events.
    pub triggers: Compiled,
    pub observables: Compiled,
    /// Whether all observables are amounts that are whole.
    pub observes_counts: bool,
}

/// What is integrated: the flowing part of the state, then the total propensity if it varies, then curved arguments.
#[derive(Debug)]
pub(super) struct Flow {
    /// Positions of the state that flow.
    pub positions: Vec<usize>,
    /// Of each input of programs, which variable of the integration it is.
    pub variable: Vec<Option<u32>>,
    /// Whether the total propensity of reactions that vary is integrated too.
    pub has_hazard: bool,
    /// Whether a right-hand side reads the time by itself: then it can change where nothing foretells it.
    pub reads_time: bool,
    /// Arguments that are followed for their step control only.
    pub curved: Compiled,
    /// Right-hand sides, modes held.
    pub field: Compiled,
    rates: Vec<Expression>,
    modes: usize,
    jacobian: OnceLock<Jacobian>,
}

/// The derivatives of the flowing state that are not 0.
#[derive(Debug)]
pub(super) struct Jacobian {
    pub sparsity: Sparsity,
    /// Of the entries of the sparsity.
    pub values: Compiled,
}

/// An event, compiled.
#[derive(Debug)]
pub(super) struct Event {
    pub initially_true: bool,
    pub is_persistent: bool,
    pub values_from_trigger_time: bool,
    pub delay: Option<Compiled>,
    pub priority: Option<Compiled>,
    /// Positions that it sets, and the new values.
    pub targets: Vec<usize>,
    pub values: Compiled,
}

impl Plan {
    /// Compiles a system for a partition.
    pub fn new(system: &System, partition: &Partition, observables: &[Observable]) -> Result<Self, DynamicsError> {
        let network = system.network();
        let continuous = partition.continuous(network)?;
        let derivatives = system.derivatives(|id| continuous[id.index()]);
        let is_flowing_at: Vec<bool> = derivatives.iter().map(Option::is_some).collect();
        let is_flowing =
            |symbol: Symbol| Variable::of(symbol).and_then(|v| system.position(v)).is_some_and(|i| is_flowing_at[i]);
        let mut reactions = Vec::new();
        for (j, reaction) in network.reactions.iter().enumerate() {
            if continuous[j] {
                continue;
            }
            if let Some(&(s, _)) = reaction.yields.first() {
                return Err(DynamicsError::NotCounted {
                    reaction: reaction.name.clone(),
                    species: network.species[s.index()].name.clone(),
                });
            }
            let id = ReactionId::from(j);
            reactions.push((id, guarded_propensity(system, id, &is_flowing_at)));
        }
        let mut is_whole = vec![false; system.state().len()];
        for (id, _) in &reactions {
            state_change(system, *id).into_iter().for_each(|(i, _)| is_whole[i] = !is_flowing_at[i]);
        }

        let mut collected = Collected::default();
        let mut freeze = |e: &Expression| collected.freeze(system, e, &is_flowing);
        let positions: Vec<usize> = (0..derivatives.len()).filter(|&i| is_flowing_at[i]).collect();
        let mut rates: Vec<Expression> = derivatives.iter().flatten().map(&mut freeze).collect();
        let varying = reactions.iter().filter(|(_, a)| is_moving(a, &is_flowing));
        // Slightly negative propensities, of amounts that an integration left slightly negative, do not count.
        let varying: Vec<Expression> =
            varying.map(|(_, a)| Expression::call(Function::Max, [freeze(a), Expression::Number(0.0)])).collect();
        let has_hazard = !varying.is_empty();
        let hazard = varying.into_iter().reduce(|a, b| a + b);
        let modes = collected.count();
        collected.watch_inside(&is_flowing);
        let triggers: Vec<Expression> = network.events.iter().map(|e| system.resolve(&e.trigger)).collect();
        triggers.iter().for_each(|e| collected.watch(e, &is_flowing));
        let flowing_symbols: Vec<Symbol> = positions.iter().map(|&i| system.state()[i].into()).collect();
        let switches = Switches::new(system, &collected, modes, &is_flowing, &flowing_symbols);

        let mut watched = vec![false; system.state().len()];
        let mut watch = |e: &Expression| {
            for variable in e.symbols().into_iter().filter_map(Variable::of) {
                if let Some(i) = system.position(variable) {
                    watched[i] = true;
                }
            }
        };
        triggers.iter().for_each(&mut watch);

        let mut in_triggers = Collected::default();
        triggers.iter().for_each(|e| in_triggers.watch(e, &is_flowing));
        let by_clock = Switches::new(system, &in_triggers, 0, &is_flowing, &flowing_symbols).dense.is_mode.is_empty();
        let ids: Vec<ReactionId> = reactions.iter().map(|&(id, _)| id).collect();
        let swift = by_clock.then(|| Swift::new(system, &ids, &positions, &rates, |i| watched[i])).flatten();
        let compile = |e: &[Expression]| Compiled::new(system, modes, e);
        let mut all = rates.clone();
        all.extend(hazard);
        all.extend(switches.dense.curved.iter().map(|a| total_derivative(a, &flowing_symbols, &rates)));
        rates.truncate(positions.len());
        let mut variable = vec![None; system.state().len() + 1 + modes];
        for (k, &i) in (0..).zip(&positions) {
            variable[i] = Some(k);
        }
        let flow = Flow {
            variable,
            has_hazard,
            reads_time: all.iter().any(|e| e.depends_on(Symbol::Time)),
            curved: compile(&switches.dense.curved),
            field: compile(&all),
            rates,
            modes,
            jacobian: OnceLock::new(),
            positions,
        };
        let observed: Vec<Expression> = observables.iter().map(|o| system.resolve(&o.expression)).collect();
        let is_count = |e: &Expression| match e {
            Expression::Symbol(symbol) => {
                Variable::of(*symbol).and_then(|v| system.position(v)).is_some_and(|i| is_whole[i])
            }
            Expression::Number(x) => x.fract() == 0.0,
            _ => false,
        };
        Ok(Plan {
            initial: initial_state(system, &is_whole)?,
            discrete: Discrete::new(system, modes, &reactions, &watched, &is_flowing),
            events: network.events.iter().map(|e| Event::new(system, modes, e)).collect(),
            triggers: compile(&triggers),
            observes_counts: observed.iter().all(is_count),
            observables: compile(&observed),
            swift_reactions: ids,
            swift,
            is_whole,
            switches,
            flow,
            system: system.clone(),
        })
    }

    /// Position of the time among the inputs of programs.
    pub fn time(&self) -> usize {
        self.system.state().len()
    }

    /// Number of inputs of programs: state, time, modes.
    pub fn inputs(&self) -> usize {
        self.time() + 1 + self.switches.modes
    }

    /// Whether anything is to be integrated.
    pub fn flows(&self) -> bool {
        self.flow.field.count() > 0 || !self.switches.dense.is_mode.is_empty()
    }

    /// The Jacobian of the flowing state, compiled when it is first needed.
    pub fn jacobian(&self) -> &Jacobian {
        self.flow.jacobian.get_or_init(|| {
            let (mut entries, mut values) = (Vec::new(), Vec::new());
            let place: std::collections::HashMap<Symbol, usize> =
                (0..).zip(&self.flow.positions).map(|(k, &i)| (self.system.state()[i].into(), k)).collect();
            for (row, rate) in (0..).zip(&self.flow.rates) {
                for symbol in rate.symbols() {
                    if let Some(&column) = place.get(&symbol) {
                        entries.push((row, column));
                        values.push(rate.derivative(symbol));
                    }
                }
            }
            let sparsity = Sparsity::new(self.flow.field.count(), entries);
            Jacobian { sparsity, values: Compiled::new(&self.system, self.flow.modes, &values) }
        })
    }
}

/// d/dt of an argument along the flow.
fn total_derivative(argument: &Expression, flowing: &[Symbol], rates: &[Expression]) -> Expression {
    let along = flowing.iter().zip(rates).filter(|(s, _)| argument.depends_on(**s));
    along.fold(argument.derivative(Symbol::Time), |sum, (&s, rate)| sum + argument.derivative(s) * rate)
}

/// The state at the start; where it must be whole, counts are checked and concentrations rounded.
fn initial_state(system: &System, is_whole: &[bool]) -> Result<Vec<f64>, DynamicsError> {
    let whole = |((&variable, &value), &whole): ((&Variable, &f64), &bool)| {
        let Variable::Species(s) = variable else { return Ok(value) };
        if !whole {
            return Ok(value);
        }
        let species = &system.network().species[s.index()];
        let count = value.round();
        let given_as_count = matches!(species.initial, Initial::Count(_));
        if value.is_nan() || given_as_count && (value - count).abs() > 1e-9 * value.abs().max(1.0) {
            return Err(KineticsError::FractionalCount { species: species.name.clone(), value }.into());
        }
        if count < 0.0 {
            let (what, expected) = (format!("the initial amount of `{}`", species.name), "it must be >= 0");
            return Err(KineticsError::BadValue { what, value, expected }.into());
        }
        if count > (1u64 << 52) as f64 {
            return Err(KineticsError::HugeCount { species: species.name.clone(), value }.into());
        }
        Ok(count)
    };
    system.state().iter().zip(system.initial()).zip(is_whole).map(whole).collect()
}

impl Event {
    fn new(system: &System, modes: usize, event: &kurtz_model::Event) -> Self {
        let one = |e: &Expression| Compiled::new(system, modes, &[system.resolve(e)]);
        let set: Vec<(usize, Expression)> = event
            .assignments
            .iter()
            .filter_map(|(variable, e)| match system.role(*variable) {
                Role::State(i) => Some((*i, system.resolve(e))),
                _ => None,
            })
            .collect();
        let values: Vec<Expression> = set.iter().map(|(_, e)| e.clone()).collect();
        Event {
            initially_true: event.initially_true,
            is_persistent: event.persistent,
            values_from_trigger_time: event.values_from_trigger_time,
            delay: event.delay.as_ref().map(one),
            priority: event.priority.as_ref().map(one),
            targets: set.iter().map(|&(i, _)| i).collect(),
            values: Compiled::new(system, modes, &values),
        }
    }
}
