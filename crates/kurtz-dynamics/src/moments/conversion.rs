//! Raw moments in terms of central ones, and back.

use super::symbol::{MomentPolynomial, MomentSymbol, below, unit_index};
use crate::moment_series::MomentIndex;
use kurtz_model::polynomial::Monomial;
use kurtz_model::rational::Rational;

/// ⟨n^a⟩ = sum over d <= a of C(a, d) ⟨n⟩^(a - d) ⟨x^d⟩, with x = n - ⟨n⟩.
pub fn raw_in_central(index: &MomentIndex) -> MomentPolynomial {
    expand(index, 1, MomentSymbol::Central, true)
}

/// ⟨x^a⟩ = sum over d <= a of C(a, d) (-⟨n⟩)^(a - d) ⟨n^d⟩, with x = n - ⟨n⟩; 0 of order 1.
pub fn central_in_raw(index: &MomentIndex) -> MomentPolynomial {
    if index.order() == 1 {
        return MomentPolynomial::zero();
    }
    expand(index, -1, MomentSymbol::Raw, false)
}

fn expand(
    index: &MomentIndex,
    sign: i64,
    moment: impl Fn(MomentIndex) -> MomentSymbol,
    first_order_vanishes: bool,
) -> MomentPolynomial {
    let species = index.0.len();
    let mut sum = MomentPolynomial::zero();
    for (lower, binomials) in below(index) {
        let order = lower.order();
        if order == 1 && first_order_vanishes {
            continue;
        }
        let missing = index.order() - order;
        let means = index.0.iter().zip(&lower.0).enumerate();
        let mut factors: Vec<_> =
            means.map(|(i, (&a, &d))| (MomentSymbol::Raw(unit_index(i, species)), i32::from(a - d))).collect();
        if order > 0 {
            factors.push((moment(lower), 1));
        }
        let coefficient = if sign < 0 && missing % 2 == 1 { -binomials } else { binomials };
        sum.add_term(Monomial::new(factors), &Rational::from(coefficient));
    }
    sum
}
