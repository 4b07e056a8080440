//! What one reaction does to the moments.

use super::symbol::{Form, MomentPolynomial, MomentSymbol, below, unit_index};
use crate::moment_series::MomentIndex;
use kurtz_model::polynomial::{Monomial, Polynomial};
use kurtz_model::rational::Rational;

/// The symbols of a propensity while its expectation is being taken.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Variable {
    /// What does not fluctuate.
    Fixed(MomentSymbol),
    /// The mean of a species.
    Mean(usize),
    /// The count n of a species; in central form its deviation from the mean, x = n - ⟨n⟩.
    Count(usize),
}

/// A jump with its propensity, a polynomial in the counts.
#[derive(Clone, Debug)]
pub(crate) struct Jump {
    /// Net change of each species, `[species]`.
    pub change: Vec<i64>,
    /// Events per time.
    pub propensity: Polynomial<Variable>,
}

/// C(n, order) = n (n-1) ... (n-order+1) / order! of a count.
pub(crate) fn binomial(count: Variable, order: u32) -> Polynomial<Variable> {
    let mut product = Polynomial::one();
    for i in 0..i64::from(order) {
        let mut factor = Polynomial::symbol(count.clone());
        factor.add_term(Monomial::one(), &Rational::from(-i));
        product = (&product * &factor).scaled(&Rational::ratio(1, i + 1).expect("i + 1 > 0"));
    }
    product
}

impl Jump {
    /// The terms of this jump in the equations of the moments `indices`, `[moments]`:
    ///
    /// * raw: ⟨((n + u)^a - n^a) Phi(n)⟩;
    /// * central: ⟨((x + u)^a - x^a) Phi(m + x)⟩ - sum_i a_i u_i ⟨Phi⟩ ⟨x^(a - e_i)⟩, the last sum because the means
    ///   move too.
    pub(crate) fn effects(&self, indices: &[MomentIndex], form: Form) -> Vec<MomentPolynomial> {
        let species = self.change.len();
        let propensity = match form {
            Form::Raw => self.propensity.clone(),
            Form::Central => around_mean(&self.propensity),
        };
        let mean_propensity = expectation(&propensity, species, form);
        let effect = |index: &MomentIndex| {
            if index.0.iter().zip(&self.change).all(|(&e, &u)| e == 0 || u == 0) {
                return MomentPolynomial::zero();
            }
            if index.order() == 1 {
                let change: i64 = index.0.iter().zip(&self.change).map(|(&e, &u)| i64::from(e) * u).sum();
                return mean_propensity.scaled(&change.into());
            }
            let mut effect = expectation(&(&self.difference(index) * &propensity), species, form);
            if form == Form::Central {
                for (i, &change) in self.change.iter().enumerate().filter(|&(i, &u)| u != 0 && index.0[i] > 0) {
                    let mut lower = index.clone();
                    lower.0[i] -= 1;
                    if lower.order() > 1 {
                        let moment = Polynomial::symbol(MomentSymbol::Central(lower));
                        effect.add_scaled(&(&moment * &mean_propensity), &(-i64::from(index.0[i]) * change).into());
                    }
                }
            }
            effect
        };
        indices.iter().map(effect).collect()
    }

    /// (x + u)^a - x^a = sum over d < a of C(a, d) u^(a - d) x^d.
    fn difference(&self, index: &MomentIndex) -> Polynomial<Variable> {
        let mut difference = Polynomial::zero();
        for (lower, binomials) in below(index).into_iter().filter(|(d, _)| d != index) {
            let mut coefficient = Rational::from(binomials);
            for (i, &change) in self.change.iter().enumerate() {
                for _ in lower.0[i]..index.0[i] {
                    coefficient = &coefficient * &Rational::from(change);
                }
            }
            let powers = lower.0.iter().enumerate().map(|(i, &e)| (Variable::Count(i), i32::from(e)));
            difference.add_term(Monomial::new(powers), &coefficient);
        }
        difference
    }
}

/// Phi(m + x) of Phi(n).
fn around_mean(propensity: &Polynomial<Variable>) -> Polynomial<Variable> {
    propensity
        .substitute(|variable| match variable {
            Variable::Count(i) => &Polynomial::symbol(Variable::Mean(*i)) + &Polynomial::symbol(variable.clone()),
            other => Polynomial::symbol(other.clone()),
        })
        .expect("propensities have no negative powers of counts")
}

/// Puts the moment ⟨x^a⟩ in the place of each product x^a of counts (or deviations, whose mean is 0).
fn expectation(polynomial: &Polynomial<Variable>, species: usize, form: Form) -> MomentPolynomial {
    let mut expected = MomentPolynomial::zero();
    for (monomial, coefficient) in polynomial.terms() {
        let mut powers = MomentIndex(vec![0; species]);
        let mut factors = Vec::with_capacity(monomial.factors().len());
        for (variable, exponent) in monomial.factors() {
            match variable {
                Variable::Fixed(symbol) => factors.push((symbol.clone(), *exponent)),
                Variable::Mean(i) => factors.push((MomentSymbol::Raw(unit_index(*i, species)), *exponent)),
                Variable::Count(i) => powers.0[*i] = u8::try_from(*exponent).expect("orders are small"),
            }
        }
        match (powers.order(), form) {
            (0, _) => {}
            (1, Form::Central) => continue,
            _ => factors.push((MomentSymbol::moment(powers, form), 1)),
        }
        expected.add_term(Monomial::new(factors), coefficient);
    }
    expected
}
