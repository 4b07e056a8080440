//! How species that stand for slow totals move with these.
//!
//! With y = B c the slow variables and c = h(z) the state on the manifold, dy = A dz with A = B Dh, so that dz = A^-1 dy. Of
//! a species that binds to others A is its buffering: by how much the total grows for each free molecule.

use super::ReduceError;
use super::flow::Flow;
use super::plan::Plan;
use super::solve::{Solved, Term};
use kurtz_model::polynomial::Polynomial;
use kurtz_model::quotient::Quotient;

/// An entry of A^-1: how the species for the slow variable `of` moves with the slow variable `with`.
pub(super) struct Share {
    pub of: usize,
    pub with: usize,
    /// The entry.
    pub value: Quotient<Term>,
    /// If it is 1 / (sum of these): the buffering, which reads better.
    pub buffering: Option<Vec<Quotient<Term>>>,
}

/// The rows of A^-1 that belong to totals; those of all others are rows of 1.
///
/// # Errors
/// Solutions with roots, and a matrix that is singular.
pub(super) fn shares(flow: &Flow, plan: &Plan, solution: &[(usize, Solved)]) -> Result<Vec<Share>, ReduceError> {
    let Some(species) = &plan.representatives else { return Ok(Vec::new()) };
    let of_species = |i: usize| -> Result<Quotient<Term>, ReduceError> {
        match solution.iter().find(|(s, _)| *s == i).map(|(_, solved)| solved) {
            Some(Solved::Rational(q)) => Ok(q.clone()),
            Some(Solved::Root(_)) => Err(ReduceError::NotSolvable {
                reason: format!(
                    "`{}` is a root, whose derivative would not be readable",
                    flow.network().species[i].name
                ),
            }),
            None => Ok(Polynomial::symbol(Term::species(i)).into()),
        }
    };
    let m = species.len();
    let totals: Vec<usize> = (0..m).filter(|&k| plan.slow[k].as_single().is_none()).collect();
    // Rows of A for the totals, as lists of summands.
    let mut rows: Vec<Vec<Vec<Quotient<Term>>>> = Vec::new();
    for &t in &totals {
        let mut row = vec![Vec::new(); m];
        for &(i, a) in &plan.slow[t].coefficients {
            let h = of_species(i)?;
            for (k, &z) in species.iter().enumerate() {
                let slope = h.derivative(&Term::species(z));
                if !slope.is_zero() {
                    row[k].push(&slope * &Polynomial::integer(a).into());
                }
            }
        }
        rows.push(row);
    }
    if let ([t], [row]) = (totals.as_slice(), rows.as_slice())
        && (0..m).all(|k| k == *t || row[k].is_empty())
    {
        let sum = row[*t].iter().fold(Quotient::zero(), |sum, q| &sum + q);
        let one: Quotient<Term> = Polynomial::one().into();
        let singular = || ReduceError::Singular { unknowns: flow.names([species[*t]]) };
        let value = (&one / &sum).ok_or_else(singular)?;
        // 1 for the free species itself, and what is bound of it.
        let is_one = |q: &&Quotient<Term>| **q == one;
        let bound = row[*t].iter().filter(|q| !is_one(q)).fold(Quotient::zero(), |sum, q| &sum + q);
        let parts = row[*t].iter().filter(is_one).cloned().chain([bound]).filter(|q| !q.is_zero()).collect();
        return Ok(vec![Share { of: *t, with: *t, value, buffering: Some(parts) }]);
    }
    inverse(flow, species, &totals, &rows)
}

/// Solves A w = e_t for each slow variable t by elimination, for the rows of the totals.
fn inverse(
    flow: &Flow,
    species: &[usize],
    totals: &[usize],
    rows: &[Vec<Vec<Quotient<Term>>>],
) -> Result<Vec<Share>, ReduceError> {
    let (m, q) = (species.len(), totals.len());
    let singular = || ReduceError::Singular { unknowns: flow.names(totals.iter().map(|t| species[*t])) };
    let sum = |parts: &Vec<Quotient<Term>>| parts.iter().fold(Quotient::zero(), |sum, q| &sum + q);
    let one: Quotient<Term> = Polynomial::one().into();
    // [A22 | right sides]: of the totals themselves 1, of the single species t -A_rt.
    let mut table: Vec<Vec<Quotient<Term>>> = Vec::new();
    for (r, row) in rows.iter().enumerate() {
        let left = totals.iter().map(|k| sum(&row[*k]));
        let right = (0..m).map(|t| match totals.iter().position(|k| *k == t) {
            Some(place) if place == r => one.clone(),
            Some(_) => Quotient::zero(),
            None => -&sum(&row[t]),
        });
        table.push(left.chain(right).collect());
    }
    for p in 0..q {
        let pivot = (p..q).find(|&r| !table[r][p].is_zero()).ok_or_else(singular)?;
        table.swap(p, pivot);
        let divisor = table[p][p].clone();
        for entry in &mut table[p] {
            *entry = (&*entry / &divisor).ok_or_else(singular)?;
        }
        let own = table[p].clone();
        for (r, row) in table.iter_mut().enumerate() {
            let factor = row[p].clone();
            if r != p && !factor.is_zero() {
                for (a, b) in row.iter_mut().zip(&own) {
                    *a = &*a - &(&factor * b);
                }
            }
        }
    }
    let mut shares = Vec::new();
    for (row, &of) in table.iter().zip(totals) {
        for (with, value) in row[q..].iter().enumerate().filter(|(_, v)| !v.is_zero()) {
            shares.push(Share { of, with, value: value.clone(), buffering: None });
        }
    }
    Ok(shares)
}
