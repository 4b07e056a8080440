//! Division of polynomials without negative exponents: exact quotients and greatest common divisors.
//!
//! Which symbols a common divisor contains shows at a random place modulo a prime, where all but one symbol are numbers. It
//! divides the coefficients of all products of the other symbols, which are far smaller than the polynomials. Where it
//! contains all of them it comes from the primitive remainder sequence (W. S. Brown, J. ACM 18 (1971) 478-504,
//! doi:10.1145/321662.321664). An unlucky place can hide a divisor, which leaves a quotient unreduced but right.

use super::{Monomial, Polynomial};
use crate::rational::Rational;
use std::collections::BTreeMap;

/// Polynomials of more terms are not divided.
const MOST_TERMS: usize = 600;
/// Nor are polynomials with more products of terms compared.
const MOST_PRODUCTS: usize = 60_000;
/// 2^61 - 1.
const PRIME: u64 = (1 << 61) - 1;

impl<S: Ord + Clone> Polynomial<S> {
    /// The largest exponent of a symbol; 0 for the zero polynomial.
    pub fn degree_of(&self, symbol: &S) -> i32 {
        self.terms.keys().map(|m| m.exponent(symbol)).max().unwrap_or(0)
    }

    /// The coefficients of the powers of a symbol that occur, each a polynomial in the other symbols.
    pub fn coefficients_of(&self, symbol: &S) -> BTreeMap<i32, Polynomial<S>> {
        let mut coefficients: BTreeMap<i32, Polynomial<S>> = BTreeMap::new();
        for (monomial, coefficient) in &self.terms {
            let exponent = monomial.exponent(symbol);
            let rest = monomial.0.iter().filter(|(s, _)| s != symbol).cloned().collect();
            coefficients.entry(exponent).or_default().add_term(Monomial(rest), coefficient);
        }
        coefficients
    }

    /// The polynomial q with q `divisor` = self. `None` if there is none, or if it would take too much work.
    pub fn exact_quotient(&self, divisor: &Self) -> Option<Self> {
        if let Some(number) = divisor.as_constant() {
            return Some(self.scaled(&number.reciprocal()?));
        }
        let symbol = (*divisor.symbols().last()?).clone();
        let below = divisor.coefficients_of(&symbol);
        let (&degree, leading) = below.last_key_value()?;
        let (mut rest, mut quotient) = (self.clone(), Self::zero());
        while !rest.is_zero() {
            let above = rest.coefficients_of(&symbol);
            let (&top, first) = above.last_key_value()?;
            if top < degree || rest.terms.len() > MOST_TERMS {
                return None;
            }
            let part = first.exact_quotient(leading)?.times_monomial(&Monomial::new([(symbol.clone(), top - degree)]));
            rest.add_scaled(&(&part * divisor), &Rational::from(-1));
            quotient += &part;
        }
        Some(quotient)
    }

    /// The greatest common divisor of two polynomials without negative exponents, its first coefficient 1; a number
    /// becomes 1. `None` if it would take too much work.
    pub fn common_divisor(&self, other: &Self) -> Option<Self> {
        if self.is_zero() || other.is_zero() {
            let one = if self.is_zero() { other } else { self };
            return Some(one.monic());
        }
        if self.terms.len().max(other.terms.len()) > MOST_TERMS || self.terms.len() * other.terms.len() > MOST_PRODUCTS
        {
            return None;
        }
        let (ours, theirs) = (self.symbols(), other.symbols());
        let common: Vec<S> = ours.intersection(&theirs).map(|s| (**s).clone()).collect();
        let involved: Vec<S> = common.into_iter().filter(|s| self.shares(other, s)).collect();
        let Some(symbol) = involved.last().cloned() else {
            return Some(Self::one());
        };
        let outside = |s: &S| !involved.contains(s);
        if ours.iter().chain(&theirs).any(|s| outside(s)) {
            let parts = self.collected(outside).into_iter().chain(other.collected(outside));
            let mut parts: Vec<Self> = parts.map(|(_, part)| part).collect();
            parts.sort_by_key(|part| part.terms.len());
            let mut divisor = Self::zero();
            for part in parts {
                divisor = divisor.common_divisor(&part)?;
                if divisor.as_constant().is_some() {
                    break;
                }
            }
            return Some(divisor.monic());
        }
        let (a, b) = (self.content(&symbol)?, other.content(&symbol)?);
        let content = a.common_divisor(&b)?;
        let (mut p, mut q) = (self.exact_quotient(&a)?, other.exact_quotient(&b)?);
        if p.degree_of(&symbol) < q.degree_of(&symbol) {
            std::mem::swap(&mut p, &mut q);
        }
        while q.degree_of(&symbol) > 0 {
            let rest = p.pseudo_remainder(&q, &symbol)?;
            if rest.is_zero() {
                return Some((&content * &q).monic());
            }
            p = std::mem::replace(&mut q, rest.exact_quotient(&rest.content(&symbol)?)?);
        }
        Some(content.monic())
    }

    /// Whether the two can have a common divisor in which a symbol occurs: not if they have none at a random place.
    fn shares(&self, other: &Self, symbol: &S) -> bool {
        // Any numbers do that have no structure.
        let place = |index: usize| (index as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23) % PRIME;
        let (ours, theirs) = (self.symbols(), other.symbols());
        let all: Vec<&S> = ours.union(&theirs).copied().collect();
        let value = |s: &S| all.iter().position(|t| *t == s).map_or(1, place);
        match (self.image(symbol, &value), other.image(symbol, &value)) {
            (Some(a), Some(b)) => common_degree(a, b) > 0,
            // Nothing is known: perhaps.
            _ => true,
        }
    }

    /// Coefficients of the powers of a symbol, from the lowest, with numbers for all other symbols, modulo the prime.
    fn image(&self, symbol: &S, value: &impl Fn(&S) -> u64) -> Option<Vec<u64>> {
        let mut image = vec![0u64; usize::try_from(self.degree_of(symbol)).ok()? + 1];
        for (monomial, coefficient) in &self.terms {
            let mut product = coefficient.modulo(PRIME)?;
            for (s, e) in monomial.0.iter().filter(|(s, _)| s != symbol) {
                let x = value(s);
                for _ in 0..*e {
                    product = times(product, x);
                }
            }
            let place = &mut image[usize::try_from(monomial.exponent(symbol)).ok()?];
            *place = (*place + product) % PRIME;
        }
        Some(image)
    }

    /// The common divisor of the coefficients of a symbol.
    fn content(&self, symbol: &S) -> Option<Self> {
        let mut content = Self::zero();
        for coefficient in self.coefficients_of(symbol).values() {
            content = content.common_divisor(coefficient)?;
            if content.as_constant().is_some() {
                break;
            }
        }
        Some(content)
    }

    /// What remains of a multiple of self on division by `divisor` in one symbol.
    fn pseudo_remainder(&self, divisor: &Self, symbol: &S) -> Option<Self> {
        let below = divisor.coefficients_of(symbol);
        let (&degree, leading) = below.last_key_value()?;
        let mut rest = self.clone();
        loop {
            let above = rest.coefficients_of(symbol);
            let Some((&top, first)) = above.last_key_value() else { return Some(rest) };
            if top < degree {
                return Some(rest);
            }
            if rest.terms.len() > MOST_TERMS {
                return None;
            }
            let lift = first.times_monomial(&Monomial::new([(symbol.clone(), top - degree)]));
            let mut next = &rest * leading;
            next.add_scaled(&(&lift * divisor), &Rational::from(-1));
            rest = next;
        }
    }

    /// Divided by its first coefficient.
    fn monic(&self) -> Self {
        match self.terms.values().next().and_then(Rational::reciprocal) {
            Some(inverse) => self.scaled(&inverse),
            None => Self::zero(),
        }
    }
}

fn times(a: u64, b: u64) -> u64 {
    (u128::from(a) * u128::from(b) % u128::from(PRIME)) as u64
}

/// Degree of the common divisor of two polynomials in one symbol modulo the prime.
fn common_degree(mut a: Vec<u64>, mut b: Vec<u64>) -> usize {
    let trim = |p: &mut Vec<u64>| {
        while p.last() == Some(&0) {
            p.pop();
        }
    };
    trim(&mut a);
    trim(&mut b);
    while !b.is_empty() {
        // a becomes a multiple of itself minus multiples of b.
        while a.len() >= b.len() {
            let (top, lead, shift) = (a[a.len() - 1], b[b.len() - 1], a.len() - b.len());
            a.iter_mut().for_each(|x| *x = times(*x, lead));
            for (i, &y) in b.iter().enumerate() {
                a[i + shift] = (a[i + shift] + PRIME - times(y, top)) % PRIME;
            }
            trim(&mut a);
        }
        std::mem::swap(&mut a, &mut b);
    }
    a.len().saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Text = Polynomial<&'static str>;

    fn x() -> Text {
        Text::symbol("x")
    }

    fn y() -> Text {
        Text::symbol("y")
    }

    fn z() -> Text {
        Text::symbol("z")
    }

    #[test]
    fn quotients_are_exact_or_none() {
        let (a, b) = (&(&x() * &y()) + &Text::one(), &(&x() - &z()) + &y().scaled(&Rational::from(3)));
        let product = &a * &b;
        assert_eq!(product.exact_quotient(&a), Some(b.clone()));
        assert_eq!(product.exact_quotient(&b), Some(a.clone()));
        assert_eq!((&product + &Text::one()).exact_quotient(&a), None);
        assert_eq!(x().exact_quotient(&Text::zero()), None);
    }

    #[test]
    fn products_have_the_common_divisor_they_were_made_with() {
        // Divisors that share no factor, and what they are multiplied with.
        let parts = [
            &(&x() * &x()) + &y(),
            &(&x() - &y()) + &Text::integer(2),
            &(&z() * &y()) + &x().scaled(&Rational::from(5)),
            &z() + &Text::one(),
        ];
        for i in 0..4 {
            for j in 0..4 {
                let common = &parts[i] * &parts[j];
                let (a, b) = (&common * &parts[(i + 1) % 4], &common * &parts[(i + 2) % 4]);
                let found = a.common_divisor(&b).unwrap();
                let (p, q) = (a.exact_quotient(&found).unwrap(), b.exact_quotient(&found).unwrap());
                assert_eq!(found, common.monic(), "{i} {j}");
                assert_eq!(p.common_divisor(&q), Some(Text::one()), "{i} {j}");
            }
        }
        assert_eq!(x().common_divisor(&y()), Some(Text::one()));
        assert_eq!(Text::zero().common_divisor(&x()), Some(x()));
    }
}
