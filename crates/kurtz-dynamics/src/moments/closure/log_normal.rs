//! The log-normal closure.

use super::{Closure, Form, MomentIndex, MomentPolynomial};
use crate::moments::symbol::{MomentSymbol, unit_index};
use kurtz_model::polynomial::Monomial;
use kurtz_model::rational::Rational;

/// Closes the moment hierarchy by assuming a multivariate log-normal law.
///
/// With logarithms of mean mu and covariance S, ln ⟨n^a⟩ = a.mu + a.S.a / 2, so that
/// ⟨n^a⟩ = prod_i ⟨n_i⟩^(2 a_i - a_i |a|) * prod_i ⟨n_i^2⟩^(a_i (a_i - 1) / 2) * prod_(i<j) ⟨n_i n_j⟩^(a_i a_j),
/// for instance ⟨n^3⟩ = (⟨n^2⟩ / ⟨n⟩)^3.
///
/// For skewed laws of positive counts. It needs means that stay above zero, and moments of order 2 at least;
/// for equations of order 1 the fluctuations are neglected, ⟨n^a⟩ = prod_i ⟨n_i⟩^a_i.
///
/// # References
/// M. J. Keeling, J. Theor. Biol. 205 (2000) 269-281.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogNormal;

impl Closure for LogNormal {
    fn name(&self) -> &'static str {
        "log-normal"
    }

    fn form(&self) -> Form {
        Form::Raw
    }

    fn close(&self, moment: &MomentIndex, order: u32) -> MomentPolynomial {
        let species = moment.0.len();
        let total = i32::try_from(moment.order()).expect("orders are small");
        let powers: Vec<i32> = moment.0.iter().map(|&e| e.into()).collect();
        let mut factors = Vec::new();
        for (i, &a) in powers.iter().enumerate() {
            if order < 2 {
                factors.push((MomentSymbol::Raw(unit_index(i, species)), a));
                continue;
            }
            factors.push((MomentSymbol::Raw(unit_index(i, species)), 2 * a - a * total));
            for (j, &b) in powers.iter().enumerate().skip(i) {
                let mut pair = unit_index(i, species);
                pair.0[j] += 1;
                factors.push((MomentSymbol::Raw(pair), if i == j { a * (a - 1) / 2 } else { a * b }));
            }
        }
        MomentPolynomial::term(Monomial::new(factors), Rational::one())
    }
}
