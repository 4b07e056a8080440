//! Rate laws given by expressions, compiled.

use super::Law;
use crate::expression::{Expression, Program, Symbol, UnboundSymbol};
use crate::network::{Network, ReactionId, SpeciesId};

/// The reactions whose laws are expressions, compiled together and one by one. The inputs of all programs are the
/// species and, last, the time.
#[derive(Clone, Debug)]
pub(super) struct General {
    pub reactions: Vec<ReactionId>,
    pub propensities: Program,
    pub propensity: Vec<Program>,
    pub rates: Program,
    pub rate: Vec<Program>,
}

impl General {
    /// `known` gives the values of parameters and compartments.
    pub(super) fn new(
        network: &Network,
        volumes: &[f64],
        laws: &[Law],
        known: &impl Fn(Symbol) -> Option<f64>,
    ) -> Result<Self, UnboundSymbol> {
        let volume_of = |s: SpeciesId| volumes[network.species[s.index()].compartment.index()];
        let mut reactions = Vec::new();
        let mut in_counts = Vec::new();
        let mut in_concentrations = Vec::new();
        for (i, law) in laws.iter().enumerate() {
            match law {
                Law::MassAction { .. } => continue,
                // a(n) = V phi(n / V)
                Law::Rate { phi, volume } => {
                    in_counts.push(*volume * each_species(phi, |s| Expression::from(s) / volume_of(s)));
                    in_concentrations.push(phi.clone());
                }
                // phi(c) = a(c V) / V
                Law::Propensity(a) => {
                    let volume = volumes[network.reactions[i].compartment.index()];
                    in_counts.push(a.clone());
                    in_concentrations.push(each_species(a, |s| Expression::from(s) * volume_of(s)) / volume);
                }
            }
            reactions.push(ReactionId::from(i));
        }
        let place = |symbol| match symbol {
            Symbol::Species(s) => Some(s.0),
            Symbol::Time => u32::try_from(network.species.len()).ok(),
            _ => None,
        };
        let together = |laws: &[Expression]| Program::compile_at(laws, network.species.len() + 1, place, known);
        let alone = |laws: &[Expression]| {
            laws.iter().map(|law| together(std::slice::from_ref(law))).collect::<Result<Vec<_>, _>>()
        };
        Ok(General {
            reactions,
            propensities: together(&in_counts)?,
            propensity: alone(&in_counts)?,
            rates: together(&in_concentrations)?,
            rate: alone(&in_concentrations)?,
        })
    }
}

/// Replaces each species by an expression.
pub(crate) fn each_species(e: &Expression, replacement: impl Fn(SpeciesId) -> Expression) -> Expression {
    e.substitute(|s| match s {
        Symbol::Species(i) => Some(replacement(i)),
        _ => None,
    })
}

/// Calls `work` with room for `count` registers: on the stack unless there are many.
pub(super) fn with_registers<R>(count: usize, work: impl FnOnce(&mut [f64]) -> R) -> R {
    match count {
        0..=16 => work(&mut [0.0; 16]),
        17..=512 => work(&mut [0.0; 512]),
        _ => work(&mut vec![0.0; count]),
    }
}
