//! Central moments of a law whose cumulants above some order vanish.

use crate::moment_series::MomentIndex;
use crate::moments::symbol::{MomentPolynomial, MomentSymbol, below};
use kurtz_model::polynomial::Polynomial;
use kurtz_model::rational::Rational;
use std::collections::HashMap;

/// Central moments and cumulants in terms of the central moments up to `order`, all cumulants above it being 0.
pub(super) struct Truncated {
    order: u32,
    moments: HashMap<MomentIndex, MomentPolynomial>,
    cumulants: HashMap<MomentIndex, MomentPolynomial>,
}

impl Truncated {
    pub(super) fn new(order: u32) -> Self {
        Truncated { order, moments: HashMap::new(), cumulants: HashMap::new() }
    }

    /// M_a, a symbol up to the order and a polynomial above it.
    pub(super) fn central_moment(&mut self, index: &MomentIndex) -> MomentPolynomial {
        match index.order() {
            0 => Polynomial::one(),
            1 => Polynomial::zero(),
            o if o <= self.order => Polynomial::symbol(MomentSymbol::Central(index.clone())),
            _ => {
                if let Some(known) = self.moments.get(index) {
                    return known.clone();
                }
                // Its own cumulant is 0, so that what is left of the recursion is the moment.
                let moment = self.lower_part(index);
                self.moments.insert(index.clone(), moment.clone());
                moment
            }
        }
    }

    /// The joint cumulant; those of order 2 and 3 are the central moments.
    fn cumulant(&mut self, index: &MomentIndex) -> MomentPolynomial {
        match index.order() {
            0 | 1 => Polynomial::zero(),
            o if o > self.order => Polynomial::zero(),
            2 | 3 => Polynomial::symbol(MomentSymbol::Central(index.clone())),
            _ => {
                if let Some(known) = self.cumulants.get(index) {
                    return known.clone();
                }
                let cumulant = &self.central_moment(index) - &self.lower_part(index);
                self.cumulants.insert(index.clone(), cumulant.clone());
                cumulant
            }
        }
    }

    /// M_a - kappa_a = sum over e_i <= b < a of C(a - e_i, b - e_i) kappa_b M_(a - b), with i the first species of a.
    fn lower_part(&mut self, index: &MomentIndex) -> MomentPolynomial {
        let Some(first) = index.0.iter().position(|&e| e > 0) else {
            return Polynomial::zero();
        };
        let mut reduced = index.clone();
        reduced.0[first] -= 1;
        let mut sum = Polynomial::zero();
        for (mut block, binomials) in below(&reduced) {
            block.0[first] += 1;
            let rest = MomentIndex(index.0.iter().zip(&block.0).map(|(a, b)| a - b).collect());
            if rest.order() < 2 || block.order() < 2 {
                continue;
            }
            let product = &self.cumulant(&block) * &self.central_moment(&rest);
            sum.add_scaled(&product, &Rational::from(binomials));
        }
        sum
    }
}
