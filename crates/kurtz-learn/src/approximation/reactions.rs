//! The effect of reactions on standard parameters, from the chemical master equation.

use super::graph::Node;
use super::motif::{CandidateSet, Motif};
use crate::error::LearnError;
use crate::frame::{JointMoments, Latent, Standard};
use kurtz_dynamics::MomentIndex;
use kurtz_dynamics::moments::closure::Closure;
use kurtz_dynamics::moments::{MomentPolynomial, MomentSymbol, ReactionContributions, Stoichiometry};
use std::collections::HashMap;

/// What each motif, at unit rate constant, does to the standard parameters, `[motifs][standard parameters]`.
///
/// At each time the model is a normal law with the moments of [`Standard::joint_moments`]. A reaction changes mean and
/// covariance by the equations of [`ReactionContributions`], exact up to moments above the second, which `closure`
/// supplies. Of these changes those of the [`crate::frame::Observables`] and of the latent law are kept and give the change
/// of the standard parameters by [`Standard::change`].
pub(super) fn reaction_inputs<'g>(
    candidates: &CandidateSet,
    closure: &dyn Closure,
    standard: &Standard<Node<'g>>,
    latent: &Latent<Node<'g>>,
) -> Result<Vec<Vec<Node<'g>>>, LearnError> {
    let (visible, species) = (candidates.visible.len(), candidates.species().len());
    check(candidates, species)?;
    let all = candidates.motifs.iter().flat_map(|m| &m.reactions);
    let reactions: Vec<Stoichiometry> =
        all.map(|r| Stoichiometry { reactants: r.reactants.clone(), products: r.products.clone() }).collect();
    let contributions = ReactionContributions::new(species, &reactions, 1.0, 2, 2, Some(closure))?;
    let moments = standard.joint_moments(latent);
    let mut values: HashMap<MomentSymbol, Node<'g>> = HashMap::new();
    for index in contributions.available() {
        let value = match pair(index) {
            (i, None) => moments.mean[i],
            (i, Some(j)) => moments.covariance[i * species + j],
        };
        let form = kurtz_dynamics::moments::Form::Central;
        values.insert(MomentSymbol::moment(index.clone(), form), value);
    }
    for (symbol, rule) in contributions.definitions() {
        let value = value_of(rule, &values);
        values.insert(symbol.clone(), value);
    }
    let mut first = 0;
    let mut effect = |motif: &Motif| {
        let mut change = JointMoments {
            mean: vec![Node::Number(0.0); species],
            covariance: vec![Node::Number(0.0); species * species],
        };
        for (m, index) in contributions.indices().iter().enumerate() {
            let value = motif.reactions.iter().zip(first..).fold(Node::Number(0.0), |sum, (reaction, r)| {
                sum + Node::Number(reaction.weight) * value_of(contributions.polynomial(m, r), &values)
            });
            match pair(index) {
                (i, None) => change.mean[i] = value,
                (i, Some(j)) => {
                    change.covariance[i * species + j] = value;
                    change.covariance[j * species + i] = value;
                }
            }
        }
        first += motif.reactions.len();
        standard.change(latent, &change.observables(visible), &change.latent_change(visible)).to_flat()
    };
    Ok(candidates.motifs.iter().map(&mut effect).collect())
}

fn check(candidates: &CandidateSet, species: usize) -> Result<(), LearnError> {
    for motif in &candidates.motifs {
        for reaction in &motif.reactions {
            for side in [&reaction.reactants, &reaction.products] {
                if side.len() != species {
                    let what = format!("the stoichiometry of candidate `{}`", motif.name);
                    return Err(LearnError::Length { what, expected: species, found: side.len() });
                }
            }
            let order: u32 = reaction.reactants.iter().fold(0, |sum, &n| sum.saturating_add(n));
            if order > 3 {
                return Err(LearnError::BadValue {
                    what: format!("the order of a reaction of candidate `{}`", motif.name),
                    value: order.into(),
                    expected: "candidates are of order 0 to 3",
                });
            }
            if !reaction.weight.is_finite() {
                return Err(LearnError::BadValue {
                    what: format!("the weight of a reaction of candidate `{}`", motif.name),
                    value: reaction.weight,
                    expected: "it must be a finite number",
                });
            }
        }
    }
    Ok(())
}

/// The one or two species of a moment of order 1 or 2.
fn pair(index: &MomentIndex) -> (usize, Option<usize>) {
    let mut species = index.0.iter().enumerate().flat_map(|(i, &e)| std::iter::repeat_n(i, e.into()));
    (species.next().expect("moments are of order 1 at least"), species.next())
}

/// A polynomial in moments with these values, in a volume of size 1.
fn value_of<'g>(polynomial: &MomentPolynomial, values: &HashMap<MomentSymbol, Node<'g>>) -> Node<'g> {
    let mut sum = Node::Number(0.0);
    for (monomial, coefficient) in polynomial.terms() {
        let mut product = Node::Number(1.0);
        for (symbol, exponent) in monomial.factors() {
            let factor = match symbol {
                MomentSymbol::Compartment(_) => Node::Number(1.0),
                other => values[other],
            };
            for _ in 0..exponent.unsigned_abs() {
                product = if *exponent > 0 { product * factor } else { product / factor };
            }
        }
        sum = sum + Node::Number(coefficient.to_f64()) * product;
    }
    sum
}
