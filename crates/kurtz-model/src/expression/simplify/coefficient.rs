//! Numeric coefficients that stay fractions while they can.

use super::super::power;

/// Numbers above this are not all whole.
const WHOLE: f64 = 9_007_199_254_740_992.0;

/// A rational coefficient: whole numbers over each other if they are, else any number over 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Coefficient {
    pub numerator: f64,
    pub denominator: f64,
}

impl Coefficient {
    pub const ZERO: Coefficient = Coefficient { numerator: 0.0, denominator: 1.0 };
    pub const ONE: Coefficient = Coefficient { numerator: 1.0, denominator: 1.0 };
    pub const MINUS_ONE: Coefficient = Coefficient { numerator: -1.0, denominator: 1.0 };

    pub fn new(numerator: f64, denominator: f64) -> Option<Self> {
        let whole = |x: f64| x.abs() <= WHOLE && x == x.trunc();
        if !whole(numerator) || !whole(denominator) {
            return Self::checked(numerator / denominator, numerator == 0.0);
        }
        let (mut a, mut b) = (numerator.abs(), denominator.abs());
        while b != 0.0 {
            (a, b) = (b, a % b);
        }
        let sign = denominator.signum();
        (denominator != 0.0)
            .then_some(Coefficient { numerator: sign * numerator / a + 0.0, denominator: denominator.abs() / a })
    }

    /// A plain number, unless it has overflowed or underflowed.
    pub fn checked(value: f64, zero_is_fine: bool) -> Option<Self> {
        (value.is_normal() || value == 0.0 && zero_is_fine)
            .then_some(Coefficient { numerator: value + 0.0, denominator: 1.0 })
    }

    pub fn value(self) -> f64 {
        self.numerator / self.denominator
    }

    pub fn times(self, other: Self) -> Option<Self> {
        Self::new(self.numerator * other.numerator, self.denominator * other.denominator)
    }

    pub fn plus(self, other: Self) -> Option<Self> {
        if self.denominator == other.denominator && self.denominator == 1.0 {
            let sum = self.numerator + other.numerator;
            return sum.is_finite().then_some(Coefficient { numerator: sum + 0.0, denominator: 1.0 });
        }
        let numerator = self.numerator * other.denominator + other.numerator * self.denominator;
        Self::new(numerator, self.denominator * other.denominator)
    }

    /// This to a whole power.
    pub fn to(self, exponent: f64) -> Option<Self> {
        let size = exponent.abs();
        let (a, b) = (power(self.numerator, size), power(self.denominator, size));
        let result = if exponent < 0.0 { (b, a) } else { (a, b) };
        if a == 0.0 && self.numerator != 0.0 { None } else { Self::new(result.0, result.1) }
    }

    pub fn negated(self) -> Self {
        Coefficient { numerator: 0.0 - self.numerator, ..self }
    }

    pub fn is_one(self) -> bool {
        self == Self::ONE
    }

    pub fn is_unit(self) -> bool {
        self == Self::ONE || self == Self::MINUS_ONE
    }

    pub fn bits(self) -> (u64, u64) {
        (self.numerator.to_bits(), self.denominator.to_bits())
    }
}
