//! Derivative matching.

use super::{Closure, Form, MomentIndex, MomentPolynomial};
use crate::moments::symbol::MomentSymbol;
use kurtz_model::polynomial::Monomial;
use kurtz_model::rational::Rational;

/// Closes the moment hierarchy by a product of powers of lower raw moments, chosen so that the first time derivatives
/// of the closed and the exact moment agree from any deterministic initial state.
///
/// ⟨n^a⟩ = prod_p ⟨n^p⟩^g_p over all p of orders 1 to k, where the whole numbers g_p solve
/// sum_p g_p C(p, s) = C(a, s) for every s of orders 1 to k (C: products of binomials).
/// At order 2 it coincides with the log-normal closure; for one species at order 3,
/// ⟨n^4⟩ = ⟨n⟩^4 ⟨n^3⟩^4 / ⟨n^2⟩^6.
///
/// It needs moments that stay above zero.
///
/// # References
/// A. Singh, J. P. Hespanha, IEEE Trans. Autom. Control 56 (2011) 414-418, doi:10.1109/TAC.2010.2088631.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DerivativeMatching;

impl Closure for DerivativeMatching {
    fn name(&self) -> &'static str {
        "derivative-matching"
    }

    fn form(&self) -> Form {
        Form::Raw
    }

    fn close(&self, moment: &MomentIndex, order: u32) -> MomentPolynomial {
        let mut lower = MomentIndex::up_to(moment.0.len(), order);
        lower.reverse();
        // C(p, s) = 0 unless p >= s, so the highest orders are solved first.
        let mut exponents: Vec<(MomentIndex, i64)> = Vec::with_capacity(lower.len());
        for s in lower {
            let solved: i64 = exponents.iter().map(|(p, g)| g * binomials(p, &s)).sum();
            let exponent = binomials(moment, &s) - solved;
            exponents.push((s, exponent));
        }
        let factors = exponents
            .into_iter()
            .map(|(p, g)| (MomentSymbol::Raw(p), i32::try_from(g).expect("exponents are products of small binomials")));
        MomentPolynomial::term(Monomial::new(factors), Rational::one())
    }
}

/// prod_i C(p_i, s_i).
fn binomials(p: &MomentIndex, s: &MomentIndex) -> i64 {
    p.0.iter().zip(&s.0).map(|(&p, &s)| binomial(p.into(), s.into())).product()
}

fn binomial(n: i64, k: i64) -> i64 {
    (0..k).fold(1, |product, i| product * (n - i) / (i + 1))
}
