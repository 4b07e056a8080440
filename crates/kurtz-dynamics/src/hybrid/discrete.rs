//! Reactions that happen one by one.

use super::product::Product;
use super::program::Compiled;
use super::switches::is_moving;
use kurtz_model::expression::{BinaryOperator, Expression};
use kurtz_model::{ReactionId, Symbol, System, Variable};

/// The discrete reactions of a system.
#[derive(Clone, Debug)]
pub(super) struct Discrete {
    /// Which reactions: first those whose propensity stays between jumps, then those whose propensity varies.
    pub reactions: Vec<ReactionId>,
    /// Number of those that stay.
    pub steady: usize,
    kernels: Vec<Kernel>,
    /// Propensities of those that vary.
    pub varying: Compiled,
    /// Changes of the state, `[reactions]`.
    pub changes: Vec<Vec<(usize, f64)>>,
    /// Steady reactions to be renewed after a reaction, `[reactions]`.
    pub dependents: Vec<Vec<u32>>,
    /// Steady reactions that read a position of the state, `[state]`.
    pub readers: Vec<Vec<u32>>,
    /// Whether a reaction changes what a trigger or a clock reads, `[reactions]`.
    pub is_watched: Vec<bool>,
}

/// How a steady propensity is computed.
#[derive(Clone, Debug)]
enum Kernel {
    Product(Product),
    General(Compiled),
}

impl Discrete {
    /// Compiles `reactions`; `watched` are the positions of the state that triggers and clocks read.
    pub fn new(
        system: &System,
        modes: usize,
        reactions: &[(ReactionId, Expression)],
        watched: &[bool],
        is_flowing: &impl Fn(Symbol) -> bool,
    ) -> Self {
        let (steady, varying): (Vec<_>, Vec<_>) = reactions.iter().partition(|(_, a)| !is_moving(a, is_flowing));
        let mut readers = vec![Vec::new(); system.state().len()];
        let mut kernels = Vec::new();
        for (j, (_, propensity)) in (0..).zip(&steady) {
            kernels.push(match Product::of(system, propensity) {
                Some(product) => Kernel::Product(product),
                None => Kernel::General(Compiled::new(system, modes, std::slice::from_ref(propensity))),
            });
            for variable in propensity.symbols().into_iter().filter_map(Variable::of) {
                if let Some(i) = system.position(variable) {
                    readers[i].push(j);
                }
            }
        }
        let all: Vec<ReactionId> = steady.iter().chain(&varying).map(|(id, _)| *id).collect();
        let changes: Vec<Vec<(usize, f64)>> = all.iter().map(|&id| state_change(system, id)).collect();
        let dependents = changes.iter().map(|change| {
            let mut list: Vec<u32> = change.iter().flat_map(|&(i, _)| &readers[i]).copied().collect();
            list.sort_unstable();
            list.dedup();
            list
        });
        let propensities: Vec<Expression> = varying.iter().map(|(_, a)| a.clone()).collect();
        Discrete {
            steady: steady.len(),
            kernels,
            varying: Compiled::new(system, modes, &propensities),
            dependents: dependents.collect(),
            readers,
            is_watched: changes.iter().map(|change| change.iter().any(|&(i, _)| watched[i])).collect(),
            changes,
            reactions: all,
        }
    }

    /// The propensity of a steady reaction; NaN if it is negative.
    #[inline]
    pub fn propensity(&self, j: usize, inputs: &[f64]) -> f64 {
        let a = match &self.kernels[j] {
            Kernel::Product(product) => product.value(inputs),
            Kernel::General(law) => law.one(inputs),
        };
        // A product of amounts and offsets can be -0.
        if a >= 0.0 { a } else { f64::NAN }
    }
}

/// What a reaction does to the state.
pub(super) fn state_change(system: &System, reaction: ReactionId) -> Vec<(usize, f64)> {
    let network = system.network();
    let changes = network.reactions[reaction.index()].net_change().into_iter();
    let free = changes.filter(|(s, _)| !network.species[s.index()].clamped);
    free.filter_map(|(s, n)| Some((system.position(Variable::Species(s))?, n as f64))).collect()
}

/// The propensity of a reaction as it is to be used: that of a reaction that takes molecules of an amount that also flows
/// is 0 where there are fewer than it takes.
pub(super) fn guarded_propensity(system: &System, reaction: ReactionId, is_flowing: &[bool]) -> Expression {
    let propensity = system.propensity(reaction);
    let taken = state_change(system, reaction).into_iter().filter(|&(i, change)| change < 0.0 && is_flowing[i]);
    let enough = taken.map(|(i, change)| {
        let amount = Expression::Symbol(system.state()[i].into());
        Expression::binary(BinaryOperator::GreaterEqual, amount, -change)
    });
    match enough.reduce(|a, b| Expression::binary(BinaryOperator::And, a, b)) {
        None => propensity,
        Some(condition) => Expression::piecewise([(propensity, condition)], 0.0),
    }
}
