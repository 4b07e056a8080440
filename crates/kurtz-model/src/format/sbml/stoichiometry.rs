//! Which changes are whole numbers of molecules, and which have to be written as yields.

use super::document::Reading;
use super::problem::SbmlProblem;
use super::xml::Finding;
use crate::expression::{Expression, Symbol};
use crate::network::{SpeciesId, Variable};
use std::collections::HashSet;

/// More molecules of one species in one reaction are a mistake.
const MOST_MOLECULES: u32 = 1_000_000;

/// The change of species in a reaction.
#[derive(Default)]
pub(super) struct Change {
    pub reactants: Vec<(SpeciesId, u32)>,
    pub products: Vec<(SpeciesId, u32)>,
    pub yields: Vec<(SpeciesId, Expression)>,
}

impl Reading<'_, '_> {
    /// The change in one extent of a reaction. `changing` holds what rules and events change.
    pub fn stoichiometry(
        &mut self,
        reaction: usize,
        start: &[f64],
        changing: &HashSet<Variable>,
    ) -> Result<Change, Finding> {
        let mut change = Change::default();
        for i in 0..self.reactions[reaction].terms.len() {
            let (species, at) = {
                let term = &self.reactions[reaction].terms[i];
                (term.species, term.at)
            };
            let amount = self.change(reaction, i)?;
            let constant = self.constant(&amount, start, changing);
            let what = || self.describe(self.reactions[reaction].thing);
            match constant {
                Some(x) if x == x.trunc() && x.abs() <= f64::from(MOST_MOLECULES) => {
                    let side = if x < 0.0 { &mut change.reactants } else { &mut change.products };
                    let count = x.abs() as u32;
                    match side.iter_mut().find(|(s, _)| *s == species) {
                        Some((_, sum)) => *sum += count,
                        None if count > 0 => side.push((species, count)),
                        None => {}
                    }
                    if side.iter().any(|&(_, n)| n > MOST_MOLECULES) {
                        let problem = SbmlProblem::HugeStoichiometry { what: what(), value: x, limit: MOST_MOLECULES };
                        return Err(Finding::new(problem, at));
                    }
                }
                Some(x) if x == x.trunc() || x.abs() > f64::from(MOST_MOLECULES) => {
                    let problem = SbmlProblem::HugeStoichiometry { what: what(), value: x, limit: MOST_MOLECULES };
                    return Err(Finding::new(problem, at));
                }
                // Boundary species keep their amounts.
                _ if self.species[species.index()].fixed => {}
                _ => {
                    let amount = constant.filter(|_| amount.is_constant()).map_or(amount, Expression::number);
                    match change.yields.iter_mut().find(|(s, _)| *s == species) {
                        Some((_, sum)) => *sum = &*sum + amount,
                        None => change.yields.push((species, amount)),
                    }
                }
            }
        }
        Ok(change)
    }

    /// The value of a change that nothing alters after the start, from the values of all quantities there.
    fn constant(&self, amount: &Expression, start: &[f64], changing: &HashSet<Variable>) -> Option<f64> {
        let is_constant = |symbol: Symbol| match symbol {
            Symbol::Parameter(p) => !changing.contains(&Variable::Parameter(p)),
            Symbol::Compartment(c) => !changing.contains(&Variable::Compartment(c)),
            Symbol::Species(_) | Symbol::Time => false,
        };
        if !amount.symbols().into_iter().all(is_constant) {
            return None;
        }
        let value = |symbol| Variable::of(symbol).map_or(0.0, |v| start[self.network.variable_index(v)]);
        Some(amount.evaluate(&value))
    }
}
