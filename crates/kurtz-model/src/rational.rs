//! Exact rational numbers of any size.

use num_bigint::BigInt;
use num_rational::Ratio;
use num_traits::{One, Signed, ToPrimitive, Zero};
use std::cmp::Ordering;
use std::fmt;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

/// An exact rational number of any size, in lowest terms.
///
/// Numbers whose numerator and denominator fit 64 bits, that is nearly all, cost no allocation.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Rational(Repr);

/// Unique: a number is `Small` whenever it can be.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Repr {
    /// Numerator and denominator > 0, coprime; the numerator is not `i64::MIN`.
    Small(i64, i64),
    Big(Box<Ratio<BigInt>>),
}

impl Rational {
    /// 0.
    pub fn zero() -> Self {
        Rational(Repr::Small(0, 1))
    }

    /// 1.
    pub fn one() -> Self {
        Rational(Repr::Small(1, 1))
    }

    /// `numerator / denominator`, or `None` if the denominator is 0.
    pub fn ratio(numerator: i64, denominator: i64) -> Option<Self> {
        (denominator != 0).then(|| Self::reduced(numerator.into(), denominator.into()))
    }

    /// The number a person meant who wrote `x` in decimal: the shortest decimal that reads back as `x`
    /// (0.1 becomes 1/10). `None` if `x` is not finite.
    pub fn from_decimal(x: f64) -> Option<Self> {
        if !x.is_finite() {
            return None;
        }
        let text = format!("{x:e}");
        let (digits, exponent) = text.split_once('e')?;
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let number: BigInt = format!("{whole}{fraction}").parse().ok()?;
        let exponent: i32 = exponent.parse::<i32>().ok()? - i32::try_from(fraction.len()).ok()?;
        let power = BigInt::from(10).pow(exponent.unsigned_abs());
        let (numerator, denominator) = if exponent < 0 { (number, power) } else { (number * power, BigInt::one()) };
        Some(Self::from_big(Ratio::new(numerator, denominator)))
    }

    /// From a fraction with a denominator that is not 0, nor `i128::MIN`; the numerator neither.
    fn reduced(numerator: i128, denominator: i128) -> Self {
        let divisor = greatest_common_divisor(numerator.unsigned_abs(), denominator.unsigned_abs());
        let divisor = if denominator < 0 { -(divisor as i128) } else { divisor as i128 };
        let (n, d) = (numerator / divisor, denominator / divisor);
        match (i64::try_from(n), i64::try_from(d)) {
            (Ok(n), Ok(d)) if n != i64::MIN => Rational(Repr::Small(n, d)),
            _ => Rational(Repr::Big(Box::new(Ratio::new_raw(n.into(), d.into())))),
        }
    }

    fn from_big(ratio: Ratio<BigInt>) -> Self {
        match (ratio.numer().to_i64(), ratio.denom().to_i64()) {
            (Some(n), Some(d)) if n != i64::MIN => Rational(Repr::Small(n, d)),
            _ => Rational(Repr::Big(Box::new(ratio))),
        }
    }

    fn to_big(&self) -> Ratio<BigInt> {
        match &self.0 {
            Repr::Small(n, d) => Ratio::new_raw((*n).into(), (*d).into()),
            Repr::Big(ratio) => (**ratio).clone(),
        }
    }

    /// The nearest `f64`.
    pub fn to_f64(&self) -> f64 {
        /// Whole numbers up to this are exact in an `f64`, and the quotient of two is rounded once.
        const EXACT: i64 = 1 << 53;
        match &self.0 {
            Repr::Small(n, d) if n.abs() <= EXACT && *d <= EXACT => *n as f64 / *d as f64,
            _ => nearest(&self.to_big()),
        }
    }

    /// The number as an `i64`, if it is a whole number in its range.
    pub fn to_i64(&self) -> Option<i64> {
        match &self.0 {
            Repr::Small(n, 1) => Some(*n),
            Repr::Small(..) => None,
            Repr::Big(ratio) => {
                if ratio.is_integer() {
                    ratio.numer().to_i64()
                } else {
                    None
                }
            }
        }
    }

    /// Machine words that it takes, 1 at least.
    pub(crate) fn words(&self) -> usize {
        match &self.0 {
            Repr::Small(..) => 1,
            Repr::Big(ratio) => ((ratio.numer().bits() + ratio.denom().bits()) / 64) as usize + 1,
        }
    }

    /// Whether it is 0.
    pub fn is_zero(&self) -> bool {
        self.0 == Repr::Small(0, 1)
    }

    /// Whether it is 1.
    pub fn is_one(&self) -> bool {
        self.0 == Repr::Small(1, 1)
    }

    /// Whether it is a whole number.
    pub fn is_integer(&self) -> bool {
        match &self.0 {
            Repr::Small(_, d) => *d == 1,
            Repr::Big(ratio) => ratio.is_integer(),
        }
    }

    /// Whether it is less than 0.
    pub fn is_negative(&self) -> bool {
        match &self.0 {
            Repr::Small(n, _) => *n < 0,
            Repr::Big(ratio) => ratio.is_negative(),
        }
    }

    /// Its absolute value.
    pub fn abs(&self) -> Self {
        if self.is_negative() { -self.clone() } else { self.clone() }
    }

    /// 1 / self, or `None` of 0.
    pub fn reciprocal(&self) -> Option<Self> {
        match &self.0 {
            Repr::Small(0, _) => None,
            Repr::Small(n, d) => Some(Self::reduced((*d).into(), (*n).into())),
            Repr::Big(ratio) => Some(Self::from_big(ratio.recip())),
        }
    }

    /// `self` to a whole power, or `None` of 0 to a negative power.
    pub fn power(&self, exponent: i32) -> Option<Self> {
        let mut square = if exponent < 0 { self.reciprocal()? } else { self.clone() };
        let (mut result, mut left) = (Self::one(), exponent.unsigned_abs());
        while left > 0 {
            if left & 1 == 1 {
                result = &result * &square;
            }
            left >>= 1;
            if left > 0 {
                square = &square * &square;
            }
        }
        Some(result)
    }

    /// The residue modulo a prime below 2^63; `None` of numbers beyond 64 bits, and if the denominator is 0 there.
    pub(crate) fn modulo(&self, prime: u64) -> Option<u64> {
        let Repr::Small(n, d) = &self.0 else { return None };
        let residue = |x: i64| i128::from(x).rem_euclid(i128::from(prime)) as u64;
        let (n, d) = (residue(*n), residue(*d));
        if d == 0 {
            return None;
        }
        let times = |a: u64, b: u64| (u128::from(a) * u128::from(b) % u128::from(prime)) as u64;
        // d^(p-2) is 1/d by Fermat.
        let (mut inverse, mut square, mut left) = (1, d, prime - 2);
        while left > 0 {
            if left & 1 == 1 {
                inverse = times(inverse, square);
            }
            square = times(square, square);
            left >>= 1;
        }
        Some(times(n, inverse))
    }

    /// Numerator and denominator in decimal.
    pub(crate) fn parts(&self) -> (String, String) {
        match &self.0 {
            Repr::Small(n, d) => (n.to_string(), d.to_string()),
            Repr::Big(ratio) => (ratio.numer().to_string(), ratio.denom().to_string()),
        }
    }
}

fn greatest_common_divisor(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        // Most numbers are small, and division of 64 bits is many times faster.
        (a, b) = match (u64::try_from(a), u64::try_from(b)) {
            (Ok(x), Ok(y)) => (y.into(), (x % y).into()),
            _ => (b, a % b),
        };
    }
    a
}

/// The nearest `f64` of a fraction: a quotient of at least 66 bits, its last one set if the division left a rest.
fn nearest(ratio: &Ratio<BigInt>) -> f64 {
    let bits = |x: &BigInt| i64::try_from(x.bits()).unwrap_or(i64::MAX);
    let shift = 66 - bits(ratio.numer()) + bits(ratio.denom());
    let (mut numerator, mut denominator) = (ratio.numer().abs(), ratio.denom().clone());
    if shift > 0 {
        numerator <<= shift.unsigned_abs();
    } else {
        denominator <<= shift.unsigned_abs();
    }
    let mut quotient = &numerator / &denominator;
    if !(&numerator % &denominator).is_zero() {
        quotient |= BigInt::one();
    }
    let scale = i32::try_from(-shift).unwrap_or(if shift > 0 { -4000 } else { 4000 });
    // In two factors, since 2^scale alone can leave the range although the product does not.
    let value = quotient.to_f64().unwrap_or(f64::INFINITY) * 2f64.powi(scale / 2) * 2f64.powi(scale - scale / 2);
    if ratio.is_negative() { -value } else { value }
}

impl From<i64> for Rational {
    fn from(n: i64) -> Self {
        Self::reduced(n.into(), 1)
    }
}

impl fmt::Display for Rational {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parts() {
            (numerator, denominator) if denominator == "1" => f.write_str(&numerator),
            (numerator, denominator) => write!(f, "{numerator}/{denominator}"),
        }
    }
}

impl fmt::Debug for Rational {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Ord for Rational {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (Repr::Small(a, b), Repr::Small(c, d)) => {
                (i128::from(*a) * i128::from(*d)).cmp(&(i128::from(*c) * i128::from(*b)))
            }
            _ => self.to_big().cmp(&other.to_big()),
        }
    }
}

impl PartialOrd for Rational {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

macro_rules! operator {
    ($($trait:ident $method:ident |$a:ident, $b:ident, $c:ident, $d:ident| $numerator:expr, $denominator:expr;)*) => {$(
        impl $trait<&Rational> for &Rational {
            type Output = Rational;
            fn $method(self, other: &Rational) -> Rational {
                match (&self.0, &other.0) {
                    (Repr::Small(a, b), Repr::Small(c, d)) => {
                        // Products of two, and sums of two such, fit 128 bits.
                        let ($a, $b, $c, $d) = (i128::from(*a), i128::from(*b), i128::from(*c), i128::from(*d));
                        Rational::reduced($numerator, $denominator)
                    }
                    _ => Rational::from_big($trait::$method(self.to_big(), other.to_big())),
                }
            }
        }
    )*};
}
operator! {
    Add add |a, b, c, d| a * d + c * b, b * d;
    Sub sub |a, b, c, d| a * d - c * b, b * d;
    Mul mul |a, b, c, d| a * c, b * d;
}

impl Div<&Rational> for &Rational {
    type Output = Rational;
    /// # Panics
    /// On division by 0, as for integers.
    fn div(self, other: &Rational) -> Rational {
        let inverse = other.reciprocal().expect("division by zero");
        Mul::mul(self, &inverse)
    }
}

impl AddAssign<&Rational> for Rational {
    fn add_assign(&mut self, other: &Rational) {
        *self = &*self + other;
    }
}

impl Neg for Rational {
    type Output = Rational;
    fn neg(self) -> Rational {
        match self.0 {
            Repr::Small(n, d) => Rational(Repr::Small(-n, d)),
            Repr::Big(ratio) => Rational::from_big(-*ratio),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_becomes_the_fraction_that_was_written_and_comes_back_as_the_same_number() {
        for (x, text) in
            [(0.1, "1/10"), (0.0836, "209/2500"), (-2.5, "-5/2"), (3e3, "3000"), (0.0, "0"), (1e-7, "1/10000000")]
        {
            let rational = Rational::from_decimal(x).unwrap();
            assert_eq!(rational.to_string(), text);
            assert_eq!(rational.to_f64(), x);
        }
        for x in [f64::MIN_POSITIVE, f64::MAX, 1.0 / 3.0, 6.022_140_76e23] {
            assert_eq!(Rational::from_decimal(x).unwrap().to_f64(), x);
        }
        assert_eq!(Rational::from_decimal(f64::NAN), None);
    }

    #[test]
    fn arithmetic_beyond_64_bits_is_exact_and_comes_back_small() {
        let big = Rational::from(i64::MAX);
        let square = &big * &big;
        assert_eq!(square.to_string(), "85070591730234615847396907784232501249");
        assert_eq!(&square / &big, big);
        assert_eq!(&(&square + &Rational::one()) - &square, Rational::one());
        assert!(square > big && -square.clone() < big);
        let third = Rational::ratio(1, 3).unwrap();
        assert_eq!(third.power(-50).unwrap().to_string(), "717897987691852588770249");
        assert_eq!(third.power(50).unwrap().power(-1).unwrap().power(-1), third.power(50));
        assert_eq!(Rational::from(i64::MIN).to_string(), "-9223372036854775808");
        assert_eq!(-Rational::from(i64::MIN), &big + &Rational::one());
        assert_eq!(Rational::ratio(6, -4).unwrap().to_string(), "-3/2");
    }

    #[test]
    fn conversion_rounds_once() {
        // (2^53 + 1) / 2^53 lies halfway and rounds to even; a trifle more rounds up.
        let half = Rational::ratio((1 << 53) + 1, 1 << 53).unwrap();
        assert_eq!(half.to_f64(), 1.0);
        let trifle = Rational::from(10).power(-60).unwrap();
        assert_eq!((&half + &trifle).to_f64(), 1.0 + f64::EPSILON);
    }

    #[test]
    fn impossible_operations_give_none() {
        assert_eq!(Rational::ratio(1, 0), None);
        assert_eq!(Rational::zero().reciprocal(), None);
        assert_eq!(Rational::zero().power(-1), None);
        assert_eq!(Rational::from(2).power(-3), Rational::ratio(1, 8));
    }
}
