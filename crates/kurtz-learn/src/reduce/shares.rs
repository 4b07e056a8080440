//! How species that stand for slow totals move with these.
//!
//! With y = B c the slow variables and c = h(z) the state on the manifold, dy = A dz with A = B Dh, so that dz = A^-1 dy. Of
//! a species that binds to others A is its buffering: by how much the total grows for each free molecule. Rows of A of
//! slow variables that are species themselves are rows of 1.

use super::ReduceError;
use super::flow::Flow;
use super::plan::Plan;
use super::solve::{Solved, Term};
use kurtz_model::polynomial::Polynomial;
use kurtz_model::quotient::Quotient;
use kurtz_model::rational::Rational;
use kurtz_model::{Expression, expression::Names};
use kurtz_ode::spectrum::solve_linear;

/// The rows of A that belong to totals.
pub(super) struct Buffering {
    /// The slow variables that are totals.
    pub totals: Vec<usize>,
    /// Of each of them how it moves with each species that stands for a slow variable, `[totals][slow]`.
    pub entries: Vec<Vec<Quotient<Term>>>,
}

/// Inverses of larger matrices would not be readable.
const MOST_TOTALS: usize = 3;
/// Nor would slopes of formulas with more products of terms.
const MOST_PRODUCTS: usize = 60;

impl Buffering {
    /// Of a plan with its solution; none if all slow variables are used themselves.
    ///
    /// # Errors
    /// Solutions with roots, and more totals than can be written down.
    pub fn of(flow: &Flow, plan: &Plan, solution: &[(usize, Solved)]) -> Result<Option<Self>, ReduceError> {
        let Some(species) = &plan.representatives else { return Ok(None) };
        let totals: Vec<usize> = (0..species.len()).filter(|&k| plan.slow[k].as_single().is_none()).collect();
        if totals.len() > MOST_TOTALS {
            let reason =
                format!("{} totals move together, and at most {MOST_TOTALS} can be written down", totals.len());
            return Err(ReduceError::NotSolvable { reason });
        }
        let of_species = |i: usize| -> Result<Quotient<Term>, ReduceError> {
            match solution.iter().find(|(s, _)| *s == i).map(|(_, solved)| solved) {
                Some(Solved::Rational(q)) => Ok(q.clone()),
                Some(Solved::Root(_)) => Err(ReduceError::NotSolvable {
                    reason: format!(
                        "`{}` is a root, whose slope would not be readable",
                        flow.network().species[i].name
                    ),
                }),
                None => Ok(Polynomial::symbol(Term::species(i)).into()),
            }
        };
        let mut entries = Vec::new();
        for &t in &totals {
            let mut row = vec![Quotient::zero(); species.len()];
            for &(i, a) in &plan.slow[t].coefficients {
                let h = of_species(i)?;
                let size = h.numerator().terms().len() * h.denominator().terms().len();
                if size > MOST_PRODUCTS {
                    let name = &flow.network().species[i].name;
                    let reason =
                        format!("how `{name}` moves with the free species would have more than {MOST_PRODUCTS} terms");
                    return Err(ReduceError::NotSolvable { reason });
                }
                for (k, &z) in species.iter().enumerate() {
                    let slope = h.derivative(&Term::species(z));
                    row[k] = &row[k] + &(&slope * &Polynomial::integer(a).into());
                }
            }
            entries.push(row);
        }
        Ok(Some(Buffering { totals, entries }))
    }

    /// What a reaction that changes the slow variables does to the species that stand for totals, `[totals]`, at values of
    /// the terms; none if A is singular there.
    pub fn changes(&self, change: &[(usize, Rational)], value: &impl Fn(&Term) -> f64) -> Option<Vec<f64>> {
        let q = self.totals.len();
        let at = |x: &Quotient<Term>| x.numerator().evaluate(value) / x.denominator().evaluate(value);
        let of = |t: usize| change.iter().find(|(k, _)| *k == t).map_or(0.0, |(_, u)| u.to_f64());
        let mut matrix = vec![0.0; q * q];
        let mut right = vec![0.0; q];
        for (r, row) in self.entries.iter().enumerate() {
            right[r] = of(self.totals[r]);
            for (t, entry) in row.iter().enumerate().filter(|(_, e)| !e.is_zero()) {
                match self.totals.iter().position(|k| *k == t) {
                    Some(column) => matrix[r * q + column] = at(entry),
                    None => right[r] -= at(entry) * of(t),
                }
            }
        }
        solve_linear(&matrix, q, &mut right).then_some(right)
    }
}

/// A matrix of expressions and its inverse as cofactors over a determinant.
pub(super) struct Inverse {
    /// The determinant.
    pub determinant: Expression,
    /// Cofactors, transposed: what the inverse is times the determinant, `[q][q]`.
    pub adjugate: Vec<Vec<Expression>>,
}

impl Inverse {
    /// Of a matrix of at most three rows.
    pub fn of(matrix: &[Vec<Expression>]) -> Inverse {
        let q = matrix.len();
        let minor = |row: usize, column: usize| -> Vec<Vec<Expression>> {
            let rows = (0..q).filter(|r| *r != row);
            rows.map(|r| (0..q).filter(|c| *c != column).map(|c| matrix[r][c].clone()).collect()).collect()
        };
        let sign = |r: usize, c: usize| if (r + c).is_multiple_of(2) { 1.0 } else { -1.0 };
        let cofactor = |r: usize, c: usize| (sign(r, c) * determinant(&minor(r, c))).simplify();
        let adjugate = (0..q).map(|r| (0..q).map(|c| cofactor(c, r)).collect()).collect();
        Inverse { determinant: determinant(matrix).simplify(), adjugate }
    }
}

fn determinant(matrix: &[Vec<Expression>]) -> Expression {
    match matrix {
        [] => Expression::number(1.0),
        [row] => row[0].clone(),
        [first, rest @ ..] => {
            let term = |c: usize| {
                let others = |row: &Vec<Expression>| -> Vec<Expression> {
                    row.iter().enumerate().filter(|(i, _)| *i != c).map(|(_, e)| e.clone()).collect()
                };
                let minor: Vec<Vec<Expression>> = rest.iter().map(others).collect();
                let sign = if c.is_multiple_of(2) { 1.0 } else { -1.0 };
                sign * first[c].clone() * determinant(&minor)
            };
            (0..first.len()).map(term).reduce(|a, b| a + b).unwrap_or(Expression::number(0.0))
        }
    }
}

/// Whether an expression is written with few enough names to stand in a law.
pub(super) fn is_short(expression: &Expression, names: &dyn Names) -> bool {
    expression.display(names).to_string().len() <= 40
}
