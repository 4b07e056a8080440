//! Quotients of polynomials in lowest terms: what rate laws and the solutions of linear equations in them are.

use crate::expression::{BinaryOperator, Expression, UnaryOperator, graph};
use crate::polynomial::{Atom, Monomial, Polynomial};
use crate::rational::Rational;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// A quotient of two polynomials without negative exponents.
///
/// Common factors are divided out (unless that would take too much work), and the first coefficient of the denominator
/// is 1, or the smallest number up to 60 that makes all coefficients whole, so that equal quotients look equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quotient<S> {
    numerator: Polynomial<S>,
    denominator: Polynomial<S>,
}

/// Products of more terms are not multiplied out: the expression is then refused.
const MOST_TERMS: usize = 20_000;
/// Largest whole power that is multiplied out.
const LARGEST_POWER: f64 = 24.0;

impl<S: Ord + Clone> Quotient<S> {
    /// `numerator / denominator` in lowest terms; `None` if the denominator is 0. Negative exponents are allowed.
    pub fn new(numerator: Polynomial<S>, denominator: Polynomial<S>) -> Option<Self> {
        if denominator.is_zero() {
            return None;
        }
        if numerator.is_zero() {
            return Some(Quotient { numerator, denominator: Polynomial::one() });
        }
        // The common monomial, which may have negative exponents, first: it is most of what is common, and cheap.
        let (above, size, numerator) = numerator.factored();
        let (below, divisor, denominator) = denominator.factored();
        let (above, below) = split(&above.times(&below.power(-1)));
        let (mut numerator, mut denominator) = match numerator.common_divisor(&denominator) {
            Some(common) if common.as_constant().is_none() => {
                (numerator.exact_quotient(&common)?, denominator.exact_quotient(&common)?)
            }
            _ => (numerator, denominator),
        };
        numerator = numerator.times_monomial(&above).scaled(&size);
        denominator = denominator.times_monomial(&below).scaled(&divisor);
        Some(Quotient { numerator, denominator }.normal())
    }

    /// Makes the first coefficient of the denominator 1, or all coefficients whole.
    fn normal(self) -> Self {
        let first = self.denominator.terms().next().and_then(|(_, c)| c.reciprocal()).unwrap_or_else(Rational::one);
        let coefficients = || self.numerator.terms().chain(self.denominator.terms()).map(|(_, c)| c * &first);
        let is_whole = |n: i64| coefficients().all(|c| (&c * &Rational::from(n)).is_integer());
        let factor = (1..=60).find(|n| is_whole(*n)).unwrap_or(1);
        let first = &first * &Rational::from(factor);
        Quotient { numerator: self.numerator.scaled(&first), denominator: self.denominator.scaled(&first) }
    }

    /// 0.
    pub fn zero() -> Self {
        Polynomial::zero().into()
    }

    /// What stands above.
    pub fn numerator(&self) -> &Polynomial<S> {
        &self.numerator
    }

    /// What stands below; never 0.
    pub fn denominator(&self) -> &Polynomial<S> {
        &self.denominator
    }

    /// Whether it is 0.
    pub fn is_zero(&self) -> bool {
        self.numerator.is_zero()
    }

    /// Whether a symbol occurs.
    pub fn depends_on(&self, symbol: &S) -> bool {
        self.numerator.symbols().contains(symbol) || self.denominator.symbols().contains(symbol)
    }

    /// A whole power; `None` of 0 to a negative one.
    pub fn power(&self, exponent: i32) -> Option<Self> {
        let (n, d) =
            if exponent < 0 { (&self.denominator, &self.numerator) } else { (&self.numerator, &self.denominator) };
        let size = i32::try_from(exponent.unsigned_abs()).ok()?;
        // No new common factor can arise.
        let (numerator, denominator) = (n.power(size)?, d.power(size)?);
        (!denominator.is_zero()).then(|| Quotient { numerator, denominator }.normal())
    }

    /// The partial derivative by a symbol.
    pub fn derivative(&self, symbol: &S) -> Self {
        let (n, d) = (&self.numerator, &self.denominator);
        let mut above = &n.derivative(symbol) * d;
        above.add_scaled(&(n * &d.derivative(symbol)), &Rational::from(-1));
        Self::reduced(above, d * d)
    }

    /// Puts `replacement(s)`, where it is given, in the place of symbols; replacements must not contain symbols that are
    /// replaced. `None` if a denominator becomes 0, or if there would be too many terms.
    pub fn substitute(&self, replacement: &impl Fn(&S) -> Option<Quotient<S>>) -> Option<Self> {
        let symbols: Vec<S> =
            self.numerator.symbols().union(&self.denominator.symbols()).map(|s| (**s).clone()).collect();
        let (mut above, mut below) = (self.numerator.clone(), self.denominator.clone());
        for symbol in symbols {
            let Some(by) = replacement(&symbol) else { continue };
            let (up, down) = (above.degree_of(&symbol), below.degree_of(&symbol));
            above = replaced(&above, &symbol, &by)?;
            below = replaced(&below, &symbol, &by)?;
            // Each was multiplied by its own power of the denominator.
            if up < down {
                above = &above * &by.denominator.power(down - up)?;
            } else {
                below = &below * &by.denominator.power(up - down)?;
            }
        }
        Quotient::new(above, below)
    }

    /// Reads an expression as a quotient, with each number taken as the decimal that was written.
    ///
    /// `name` turns an [`Atom`] into a symbol, or refuses it by `None`: each symbol, and each sub-expression that is no
    /// rational function of its parts, such as exp(x) or x^n. The result is `None` if anything was refused, if something
    /// is divided by 0, or if the quotient has too many terms.
    pub fn from_expression(expression: &Expression, name: &mut impl FnMut(Atom<'_>) -> Option<S>) -> Option<Self> {
        graph::fold(expression, |node, children: &mut [Option<Self>]| Self::read_node(node, children, name))
    }

    fn read_node(
        node: &Expression,
        children: &mut [Option<Self>],
        name: &mut impl FnMut(Atom<'_>) -> Option<S>,
    ) -> Option<Self> {
        let mut opaque = || name(Atom::Opaque(node)).map(|s| Polynomial::symbol(s).into());
        match node {
            Expression::Number(x) => Some(Polynomial::constant(Rational::from_decimal(*x)?).into()),
            Expression::Symbol(s) => name(Atom::Symbol(*s)).map(|s| Polynomial::symbol(s).into()),
            Expression::Unary(UnaryOperator::Negate, _) => children[0].take().map(|a| -&a),
            Expression::Binary(BinaryOperator::Power, _, exponent) => match exponent.as_number() {
                Some(n) if n == n.trunc() && n.abs() <= LARGEST_POWER => children[0].take()?.power(n as i32),
                _ => opaque(),
            },
            Expression::Binary(operator, ..) => {
                use BinaryOperator::{Add, Divide, Multiply, Subtract};
                if !matches!(operator, Add | Subtract | Multiply | Divide) {
                    return opaque();
                }
                let (a, b) = (children[0].take()?, children[1].take()?);
                if a.terms() * b.terms() > MOST_TERMS {
                    return None;
                }
                match operator {
                    Add => Some(&a + &b),
                    Subtract => Some(&a - &b),
                    Multiply => Some(&a * &b),
                    _ => &a / &b,
                }
            }
            _ => opaque(),
        }
    }

    fn terms(&self) -> usize {
        self.numerator.terms().len().max(self.denominator.terms().len())
    }

    /// The quotient as an expression, given one for each symbol; common factors of the terms stand before the sums.
    pub fn to_expression(&self, symbol: &impl Fn(&S) -> Expression) -> Expression {
        if !self.is_zero() && self.numerator.terms().all(|(_, c)| c.is_negative()) {
            return -(-self).to_expression(symbol);
        }
        let above = factored(&self.numerator, symbol);
        if self.denominator.as_constant().is_some_and(|c| c.is_one()) {
            return above;
        }
        above / factored(&self.denominator, symbol)
    }
}

/// The monomial of the positive exponents, and that of the negative ones, inverted.
fn split<S: Ord + Clone>(monomial: &Monomial<S>) -> (Monomial<S>, Monomial<S>) {
    let part = |sign: i32| Monomial::new(monomial.factors().iter().filter(|f| f.1 * sign > 0).cloned());
    (part(1), part(-1).power(-1))
}

fn factored<S: Ord + Clone>(polynomial: &Polynomial<S>, symbol: &impl Fn(&S) -> Expression) -> Expression {
    let (monomial, number, rest) = polynomial.factored();
    let factor = Polynomial::term(monomial, number);
    if rest.terms().len() < 2 || factor.as_constant().is_some_and(|c| c.is_one()) {
        return polynomial.to_expression(symbol);
    }
    factor.to_expression(symbol) * rest.to_expression(symbol)
}

/// The polynomial at symbol = N / D, times D to its degree in the symbol.
fn replaced<S: Ord + Clone>(polynomial: &Polynomial<S>, symbol: &S, by: &Quotient<S>) -> Option<Polynomial<S>> {
    let degree = polynomial.degree_of(symbol);
    let mut sum = Polynomial::zero();
    for (exponent, coefficient) in polynomial.coefficients_of(symbol) {
        let (above, below) = (by.numerator.power(exponent)?, by.denominator.power(degree - exponent)?);
        let size = above.terms().len().saturating_mul(below.terms().len());
        if size.saturating_mul(coefficient.terms().len()) > MOST_TERMS {
            return None;
        }
        sum += &(&coefficient * &(&above * &below));
    }
    Some(sum)
}

impl<S: Ord + Clone> Quotient<S> {
    /// The zeros of a polynomial at symbol = self, as those of a polynomial; factors of the denominator are divided out.
    /// `None` if it would take too much work.
    pub fn put_into(&self, polynomial: &Polynomial<S>, symbol: &S) -> Option<Polynomial<S>> {
        let mut result = replaced(polynomial, symbol, self)?;
        if self.denominator.as_constant().is_none() {
            while !result.is_zero()
                && let Some(less) = result.exact_quotient(&self.denominator)
            {
                result = less;
            }
        }
        Some(result)
    }
}

impl<S: Ord + Clone> From<Polynomial<S>> for Quotient<S> {
    fn from(polynomial: Polynomial<S>) -> Self {
        Quotient::new(polynomial, Polynomial::one()).expect("1 is not 0")
    }
}

impl<S: Ord + Clone> Quotient<S> {
    fn reduced(numerator: Polynomial<S>, denominator: Polynomial<S>) -> Self {
        Quotient::new(numerator, denominator).expect("products of what is not 0 are not 0")
    }

    fn sum(&self, other: &Self, sign: i64) -> Self {
        let sign = Rational::from(sign);
        if self.denominator == other.denominator {
            let mut numerator = self.numerator.clone();
            numerator.add_scaled(&other.numerator, &sign);
            return Self::reduced(numerator, self.denominator.clone());
        }
        let mut numerator = &self.numerator * &other.denominator;
        numerator.add_scaled(&(&other.numerator * &self.denominator), &sign);
        Self::reduced(numerator, &self.denominator * &other.denominator)
    }
}

impl<S: Ord + Clone> Add for &Quotient<S> {
    type Output = Quotient<S>;
    fn add(self, other: Self) -> Quotient<S> {
        self.sum(other, 1)
    }
}

impl<S: Ord + Clone> Sub for &Quotient<S> {
    type Output = Quotient<S>;
    fn sub(self, other: Self) -> Quotient<S> {
        self.sum(other, -1)
    }
}

impl<S: Ord + Clone> Mul for &Quotient<S> {
    type Output = Quotient<S>;
    fn mul(self, other: Self) -> Quotient<S> {
        Quotient::reduced(&self.numerator * &other.numerator, &self.denominator * &other.denominator)
    }
}

impl<S: Ord + Clone> Div for &Quotient<S> {
    /// `None` on division by 0.
    type Output = Option<Quotient<S>>;
    fn div(self, other: Self) -> Option<Quotient<S>> {
        Quotient::new(&self.numerator * &other.denominator, &self.denominator * &other.numerator)
    }
}

impl<S: Ord + Clone> Neg for &Quotient<S> {
    type Output = Quotient<S>;
    fn neg(self) -> Quotient<S> {
        Quotient { numerator: -self.numerator.clone(), denominator: self.denominator.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expression::Symbol;
    use crate::format::crn;
    use crate::network::{Network, RateLaw};

    fn law(text: &str) -> (Network, Option<Quotient<Symbol>>) {
        let text = format!("species A = 1, B = 1\nparameter k = 2, K = 3, n = 2\nA -> 0 @ rate({text})");
        let network = crn::parse(&text, "test").unwrap_or_else(|e| panic!("{e}")).0;
        let RateLaw::Rate(law) = &network.reactions[0].rate else { panic!("a rate") };
        let quotient = Quotient::from_expression(law, &mut |atom| match atom {
            Atom::Symbol(s) => Some(s),
            Atom::Opaque(_) => None,
        });
        (network, quotient)
    }

    /// As text, in lowest terms.
    fn reduced(text: &str) -> String {
        let (network, quotient) = law(text);
        let quotient = quotient.unwrap_or_else(|| panic!("{text} is rational"));
        quotient.to_expression(&|s| Expression::Symbol(*s)).display(&network).to_string()
    }

    #[test]
    fn quotients_are_in_lowest_terms() {
        for (text, expected) in [
            ("k*A/(K + A)", "k*A/(A + K)"),
            ("k*A*(K + B)/((K + A)*(K + B))", "k*A/(A + K)"),
            ("(A^2 - B^2)/(A - B)", "A + B"),
            ("k/(1 + K/A)", "k*A/(A + K)"),
            ("1/(1/A + 1/B)", "A*B/(A + B)"),
            ("A - A", "0"),
            ("-(k*A/B)", "-k*A/B"),
            ("0.5*A/(0.25*B)", "2*A/B"),
            ("k*A^2/(K^2 + A^2) + k*B/(K^2 + A^2)", "k*(B + A^2)/(A^2 + K^2)"),
        ] {
            let found = reduced(text);
            // The order of terms is that of symbols; what counts is the value and the size.
            let value = |text: &str| {
                let (_, q) = law(text);
                let q = q.expect("rational");
                q.to_expression(&|s| Expression::Symbol(*s)).evaluate(&|s| match s {
                    Symbol::Species(i) => 1.7 + 0.6 * f64::from(i.0),
                    Symbol::Parameter(i) => 0.9 + 0.4 * f64::from(i.0),
                    _ => f64::NAN,
                })
            };
            assert!((value(&found) - value(text)).abs() < 1e-12, "{text}: {found}");
            let length = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).count();
            assert_eq!(length(&found), length(expected), "{text}: {found} {expected}");
        }
    }

    #[test]
    fn what_is_not_rational_is_refused() {
        assert!(law("k*A^n").1.is_none() && law("exp(A)").1.is_none() && law("k/(A - A)").1.is_none());
    }
}
